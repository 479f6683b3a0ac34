# Sourced by the scripts beside it: builds what they run, and gives `battery PART ARGUMENTS...`.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
root=$here/../..
# shellcheck source=build/jdk.sh
. "$root/build/jdk.sh"
jdk_require

# fail SENTENCE: says it and ends.
fail() {
  echo "${0##*/}: $1" >&2
  exit 2
}

# number NAME VALUE: ends unless VALUE is a number from 1 to 1000000.
number() {
  case $2 in
    '' | *[!0-9]* | ????????*) fail "$1: '$2' must be a number from 1 to 1000000." ;;
  esac
  [ "$2" -ge 1 ] && [ "$2" -le 1000000 ] || fail "$1: '$2' must be a number from 1 to 1000000."
}

# needs COMMAND PACKAGE: ends unless there is COMMAND.
needs() {
  command -v "$1" >/dev/null || fail "$1 is missing: install the package $2."
}

linux_root() {
  [ "$(uname -s)" = Linux ] || fail "this works on Linux only."
  [ "$(id -u)" = 0 ] || fail "this must run as root: it $1."
}

build() {
  needs mvn maven
  mkdir -p "$here/target"
  if ! mvn -q -B -f "$root/pom.xml" -pl verification/battery -am package \
    -Dmaven.test.skip=true >"$here/target/build.log" 2>&1 </dev/null; then
    cat "$here/target/build.log" >&2
    fail "the build failed."
  fi
  # Where the oracle's log and the victims' words are kept; the scripts delete it when all held.
  work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-battery.XXXXXX")
}

battery() {
  "$JAVA_HOME/bin/java" -Xmx768m --enable-native-access=ALL-UNNAMED \
    -cp "$here/target/sluice-battery.jar:$here/target/lib/*" dev.sluice.battery.Battery "$@"
}
