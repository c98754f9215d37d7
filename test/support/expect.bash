# shellcheck shell=bash
# shellcheck disable=SC2154 # bats sets status and output
# What the suites of the shell kit say of the last `run`, and how they wait.

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
not() {
  ! "$@" || {
    echo "should have failed: $*"
    return 1
  }
}

# wait_for COMMAND...: until it succeeds, a minute at most
wait_for() {
  local i
  for ((i = 0; i < 600; i++)); do
    ! "$@" >/dev/null 2>&1 || return 0
    sleep 0.1
  done
  echo "waited in vain for: $*"
  return 1
}

# begun COMMAND...: it runs on as $runner; what it says goes to $BATS_TEST_TMPDIR/said
begun() {
  "$@" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
  runner=$!
}

# ends STATUS: so what was begun ended
ends() {
  ended=0
  wait "$runner" || ended=$?
  [ "$ended" -eq "$1" ] || {
    echo "ended with $ended, not $1: $(cat "$BATS_TEST_TMPDIR/said")"
    return 1
  }
}

# kill_group PID: kill -9 for all of its group
kill_group() {
  local group
  group=$(ps -o pgid= -p "$1")
  kill -KILL -- "-${group// /}"
}
