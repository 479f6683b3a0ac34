# Sourced by the scripts in the root: sets and exports JAVA_HOME to a JDK of at least version 25,
# or says in one sentence what to install and ends with 1.

jdk_least=25

# Whether $1 is the home of a JDK (a compiler is part of it) that is new enough.
jdk_suits() {
  local major
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
  major=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")
  [ -n "$major" ] && [ "$major" -ge "$jdk_least" ]
}

# Prints homes that may be a JDK, best first.
jdk_candidates() {
  local javac
  printf '%s\n' "${JAVA_HOME:-}"
  if javac=$(command -v javac) && javac=$(readlink -f "$javac" 2>/dev/null); then
    printf '%s\n' "${javac%/bin/javac}"
  fi
  if [ -x /usr/libexec/java_home ]; then
    /usr/libexec/java_home -v "$jdk_least+" 2>/dev/null || true
  fi
  printf '%s\n' /usr/lib/jvm/* /opt/* "${HOME:-/nonexistent}"/.sdkman/candidates/java/* \
    "${HOME:-/nonexistent}"/.jdks/* /Library/Java/JavaVirtualMachines/*/Contents/Home
}

jdk_require() {
  local home
  while IFS= read -r home; do
    if [ -n "$home" ] && jdk_suits "$home"; then
      export JAVA_HOME=$home
      return 0
    fi
    # Without the complaint of the one that goes on where nobody reads, if it outlives SIGPIPE.
  done < <(jdk_candidates 2>/dev/null)
  echo "Sluice needs a JDK of version $jdk_least or newer: install one (https://adoptium.net) or point JAVA_HOME at it." >&2
  exit 1
}
