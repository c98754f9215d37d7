#!/usr/bin/env bats
# Ctrl-C and SIGTERM at each step: it ends at once, nothing is left, OUT is whole or not there, and the command works again.

load restore-world

setup_file() {
  world
  mkdir -p "$WORLD/tree/z" "$WORLD/bin"
  head -c 1500000 /dev/urandom >"$WORLD/tree/large"
  echo text >"$WORLD/tree/z/file"
  ln -s file "$WORLD/tree/z/link"
  chmod 555 "$WORLD/tree/z"
  backup $((NOW - 86400)) "$WORLD/tree"
  SET=$(set_time $((NOW - 86400)))
  export SET
  add_web
  unlock
  restore-set web "$SET" "$WORLD/set"
  cp -r "$WORLD/set" "$WORLD/bad"
  printf x | dd of="$WORLD/bad/duplicity-full.$SET.vol1.difftar.gpg" bs=1 seek=5000 conv=notrunc status=none
  # programs of which the call with the number HOLD_AT stands still; of a move just long enough
  cat >"$WORLD/bin/gpg" <<'SH'
#!/bin/bash
name=${0##*/}
[ "$1" != --version ] || exec "/usr/bin/$name" "$@"
echo >>"$HELD/count"
if [ "$(wc -l <"$HELD/count")" -eq "$HOLD_AT" ]; then
  echo "$name" >"$HELD/held"
  [ "$name" = mv ] || exec /usr/bin/sleep 100
  /usr/bin/sleep 2
fi
exec "/usr/bin/$name" "$@"
SH
  chmod +x "$WORLD/bin/gpg"
  for one in mv tar sha1sum; do ln "$WORLD/bin/gpg" "$WORLD/bin/$one"; done
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/work"
  cd "$BATS_TEST_TMPDIR/work" || return
  export HELD=$BATS_TEST_TMPDIR MARK=$BATS_TEST_TMPDIR GNUPGHOME=$HOME/.config/rollcall-restore/web/gnupg
  PATH=$WORLD/bin:$PATH
}

# as from a terminal, in a session of its own; what a shell starts in the background ignores Ctrl-C, unless told otherwise
in_session() {
  exec /usr/bin/python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.setsid()
os.execvp(sys.argv[1], sys.argv[1:])' "$@"
}

# begin COMMAND...: in the background, as `command`; returns when a program stands still or it is over
begin() {
  rm -f "$HELD/held" "$HELD/count"
  in_session "$@" >"$HELD/said" 2>&1 </dev/null 3>&- &
  command=$!
  until [ -e "$HELD/held" ] || ! kill -0 "$command" 2>/dev/null; do sleep 0.1; done
}

# interrupt SIGNAL: Ctrl-C goes to all of them, SIGTERM to the command alone; sets status
interrupt() {
  SECONDS=0 status=0
  if [ "$1" = INT ]; then kill -INT -- "-$command"; else kill -TERM "$command"; fi
  wait "$command" || status=$?
  ((SECONDS < 15)) || { echo "it took $SECONDS s" && return 1; }
}

nothing_left() {
  local left
  left=$(ls -A "$TMPDIR" . | grep -v '^\.:$\|:$\|^$' | grep -vx 'out\|out.lost' || true)
  left+=$(find "$GNUPGHOME" -name '.#lk*')
  left+=$(grep -lzsx "MARK=$MARK" /proc/[0-9]*/environ | grep -v "^/proc/\($$\|$BASHPID\)/" | while IFS=/ read -r _ _ pid _; do
    # of this test itself, and gone by now, do not count
    [ "$(ps -o sid= -p "$pid" | tr -d ' ')" = "$(ps -o sid= -p $$ | tr -d ' ')" ] || ps -o stat=,args= -p "$pid" | grep -v '^Z' || true
  done)
  [ -z "$left" ] || {
    echo "left: $left"
    cat "$HELD/said"
    return 1
  }
}

# each_step STATUS COMMAND...: OUT is ./out; STATUS is that of the whole command
each_step() {
  local done_with=$1 wanted signal at=0 held
  shift
  while at=$((at + 1)); do
    signal=INT wanted=130
    ((at % 2 == ${odd:-1})) || signal=TERM wanted=143
    export HOLD_AT=$at
    begin "$@"
    [ -e "$HELD/held" ] || break
    held=$(cat "$HELD/held")
    interrupt "$signal"
    nothing_left
    if [ -e out ] && [ "$held" = mv ] && [ "$status" -eq "$done_with" ]; then
      [ "$done_with" -ne 0 ] || diff -r --no-dereference "$WORLD/tree" out || [ "$1" != restore-plain ]
    else
      [ "$status" -eq "$wanted" ] && [ ! -e out ] && [ ! -e out.lost ] || {
        echo "step $at, $held, $signal: status $status, $(ls)"
        cat "$HELD/said"
        return 1
      }
    fi
    rm -rf out out.lost
  done
  status=0
  wait "$command" || status=$?
  [ "$status" -eq "$done_with" ] || { cat "$HELD/said" && return 1; }
  # it did stand still
  [ "$at" -gt 4 ]
  echo "$at steps" >&3
}

@test "all" { each_step 0 restore web all out; }
@test "fetch" { each_step 0 restore web fetch z out; }
@test "all --keep-going of a damaged set" { odd=0 each_step 9 restore web --from "$WORLD/bad" all out "$SET" --keep-going; }
@test "restore-plain" { each_step 0 restore-plain "$WORLD/set" "$SET" out; }
@test "restore-plain --keep-going" { odd=0 each_step 9 restore-plain --keep-going "$WORLD/bad" "$SET" out; }

@test "a drill" {
  # it has no OUT
  each_step 0 restore-drill web z/file
  [ -z "$(find "$HOME/.local/state/rollcall-restore" -name '*.new')" ]
}

@test "restore-plain with a passphrase that was typed leaves no agent" {
  remove-passphrase web
  for signal in INT TERM; do
    for HOLD_AT in 2 4; do
      export HOLD_AT
      rm -f "$HELD/held" "$HELD/count"
      in_session bash -c 'exec restore-plain "$@" <<<"$PASS"' x "$WORLD/set" "$SET" out >"$HELD/said" 2>&1 3>&- &
      command=$!
      until [ -e "$HELD/held" ] || ! kill -0 "$command" 2>/dev/null; do sleep 0.1; done
      [ -e "$HELD/held" ]
      interrupt "$signal"
      [ "$status" -gt 128 ]
      nothing_left
      [ ! -e out ]
    done
  done
  export HOLD_AT=0
  unlock
}

@test "while S3 is asked" {
  /usr/bin/python3 -c '
import socket, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
print(s.getsockname()[1], flush=True)
while True:
    kept = s.accept()
    open(__import__("os").environ["HELD"] + "/held", "w").close()
    time.sleep(0.5)' >"$HELD/port" 3>&- &
  store=$!
  until [ -s "$HELD/port" ]; do sleep 0.1; done
  for words in 'restore web all out' 'restore web fetch z out' 'restore web all out --keep-going' 'restore web list' 'restore web status' \
    "restore-set web $SET out" 'restore-set web --list' 'restore-drill web'; do
    for signal in INT TERM; do
      # shellcheck disable=SC2086
      HOLD_AT=0 begin $words --endpoint-url "http://127.0.0.1:$(cat "$HELD/port")"
      interrupt "$signal"
      [ "$status" -gt 128 ]
      nothing_left
    done
  done
  kill "$store"
}
