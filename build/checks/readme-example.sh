# The README quotes an example: the quoted block equals the file.
set -euo pipefail

file=examples/src/main/java/dev/sluice/examples/SmallestUse.java

# A block follows its marker, so that other Java blocks may stand in the README as well.
quoted=$(awk -v marker="<!-- quoted: $file -->" '
  $0 == marker { wanted = 1; next }
  wanted && $0 == "```java" { inside = 1; next }
  inside && $0 == "```" { exit }
  inside' README.md)

[ -r "$file" ] || { echo "$file, which README.md quotes, cannot be read."; exit 1; }
[ -n "$quoted" ] || { echo "README.md has no Java block after the marker of $file."; exit 1; }
if ! diff <(printf '%s\n' "$quoted") "$file"; then
  echo "README.md quotes $file, but the two differ: copy the file into the block."
  exit 1
fi
echo "README.md quotes $file word for word."
