# The launcher: from any directory, through a link, without a word on the error stream; exit codes.
set -euo pipefail

root=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

./sluice --version
ln -s "$root/sluice" "$work/sluice"
cd "$work"
./sluice --version >out 2>err
grep -q '^sluice [0-9]' out
[ ! -s err ] || { cat err; echo "the launcher wrote to the error stream"; exit 1; }

code=0
./sluice demo --port 70000 >out 2>err || code=$?
[ "$code" = 2 ] && [ "$(wc -l <err)" = 1 ] || { cat out err; echo "exit code $code, expected 2"; exit 1; }
