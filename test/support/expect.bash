# shellcheck shell=bash
# shellcheck disable=SC2154 # bats sets status and output
# What the suites of the shell kit say of the last `run`.

# expect STATUS TEXT...: it ended so, and said all of that
expect() {
  local text wanted=$1
  shift
  [ "$status" -eq "$wanted" ] || {
    echo "status $status, not $wanted: $output"
    return 1
  }
  for text in "$@"; do
    [[ $output == *"$text"* ]] || {
      echo "not said: $text"
      echo "$output"
      return 1
    }
  done
}

# not COMMAND...: it fails. A `!` alone, in the middle of a test, is no check: nothing ends there.
not() { ! "$@"; }
