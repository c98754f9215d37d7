#!/usr/bin/env bats
# The scratch of rollcall-backup: it removes and leaves out what it made itself, and a dry run changes nothing.

load host-web

setup() {
  stage
  set_up
  scratch=$BATS_TEST_TMPDIR/scratch
  mkdir -p "$scratch" "$BATS_TEST_TMPDIR/tmp"
  export TMPDIR=$BATS_TEST_TMPDIR/tmp
  echo "TEMP_DIR=$scratch" >>"$etc/config"
}

# listing: every file, directory and link of this host, with its times, owner, mode and content
listing() {
  local at=("$ROLLCALL_ROOT" "$scratch" "$TMPDIR" "$BATS_TEST_TMPDIR/data" "$syslog")
  find "${at[@]}" -printf '%p %y %m %U:%G %s %T@ %C@ %l\n' | sort
  find "${at[@]}" -type f -exec sha256sum {} + | sort
}

# leftover NAME: the scratch of a run that was killed
leftover() {
  mkdir -m 700 "$scratch/$1"
  mkdir "$scratch/$1/arch" "$scratch/$1/t"
  echo names >"$scratch/$1/arch/manifest"
  echo 'scratch of rollcall-backup' >"$scratch/$1/.rollcall-backup-scratch"
}

# neighbours: directories, files and links of others, whose names begin or end as ours do
neighbours() {
  local name
  for name in work.202401 work.abcdef check.abcdef rollcall-backup rollcall-backup. rollcall-backup.abcdef \
    rollcall-backup.ABC123 rollcall-backup.old 'rollcall-backup.a b cd' 'rollcall-backup.******' \
    $'rollcall-backup.ab\ncde' 'rollcall-backup.[a-z]x' .rollcall-backup.abcdef rollcall-backup.abcdefg; do
    mkdir "$scratch/$name"
    echo 'of somebody' >"$scratch/$name/data"
  done
  echo 'a file' >"$scratch/rollcall-backup.afile1"
  # the name is ours, the mark is not
  mkdir -p "$scratch/rollcall-backup.markd1/.rollcall-backup-scratch" "$scratch/rollcall-backup.markl1"
  echo 'of somebody' >"$scratch/rollcall-backup.markl1/data"
  ln -s "$etc/config" "$scratch/rollcall-backup.markl1/.rollcall-backup-scratch"
  # the mark is ours, the name is not
  for name in rollcall-backup.longer1 rollcall-backup.a-b-c- work.zzzzzz $'rollcall-backup.x\nyzzy' 'rollcall-backup.  a b '; do
    leftover "$name"
  done
  # a link to a directory that has both
  mkdir "$BATS_TEST_TMPDIR/elsewhere"
  (scratch=$BATS_TEST_TMPDIR/elsewhere && leftover rollcall-backup.linked)
  ln -s "$BATS_TEST_TMPDIR/elsewhere/rollcall-backup.linked" "$scratch/rollcall-backup.linked"
  ln -s /nowhere "$scratch/rollcall-backup.broken"
  # all of it right, but it belongs to somebody else
  leftover rollcall-backup.theirs
  leftover rollcall-backup.theirm
  if [ "$(id -u)" = 0 ]; then
    chown -R 65534 "$scratch/rollcall-backup.theirs"
    chown 65534 "$scratch/rollcall-backup.theirm/.rollcall-backup-scratch"
  else
    rm -r "$scratch/rollcall-backup.theirs" "$scratch/rollcall-backup.theirm"
  fi
}

@test "a run removes what a killed run of the kit left, and no neighbour of any name" {
  neighbours
  before=$(cd "$scratch" && find . "$BATS_TEST_TMPDIR/elsewhere" -mindepth 1 -printf '%p %y %m %U %s %l\n' | sort)
  leftover rollcall-backup.Ab1Cd2
  leftover rollcall-backup.999999
  mkdir "$scratch/rollcall-backup.999999/t/deep"
  ln -s "$BATS_TEST_TMPDIR/data" "$scratch/rollcall-backup.999999/t/link"
  echo precious >"$BATS_TEST_TMPDIR/data/file"
  run rollcall-backup run
  expect 0 'OK code=0'
  same "$(cd "$scratch" && find . "$BATS_TEST_TMPDIR/elsewhere" -mindepth 1 -printf '%p %y %m %U %s %l\n' | sort)" "$before"
  same "$(cat "$BATS_TEST_TMPDIR/data/file")" precious
}

@test "what really was left by a killed run is removed by the next one" {
  does full 'echo $$ >"$here/pid"; echo "$archive" >"$here/archive"; sleep 60 & wait'
  begun rollcall-backup run
  wait_for test -s "$stubs/archive"
  left=$(dirname "$(cat "$stubs/archive")")
  [[ $left =~ ^$scratch/rollcall-backup\.[A-Za-z0-9]{6}$ ]]
  same "$(stat -c %a "$left")" 700
  [ -f "$left/.rollcall-backup-scratch" ]
  kill -KILL "$runner"
  wait "$runner" || true
  kill_group "$(cat "$stubs/pid")"
  [ -d "$left" ]
  does full 'printf "Volume 1:\n" >"$archive/s/duplicity-full.20261123T031502Z.manifest"'
  sleep 0.3
  run rollcall-backup run
  expect 0 'OK code=0'
  [ ! -e "$left" ]
  same "$(ls -A "$scratch")" ''
}

@test "the scratch of a run that is still at work stays, also one of another installation" {
  leftover rollcall-backup.inuse1
  flock "$scratch/rollcall-backup.inuse1/.rollcall-backup-scratch" sleep 60 3>&- &
  holder=$!
  sleep 0.3
  run rollcall-backup run
  kill "$holder"
  expect 0 'OK code=0'
  [ -f "$scratch/rollcall-backup.inuse1/arch/manifest" ]
}

@test "a clean-up that is cut off leaves a directory that is still known as the kit's" {
  leftover rollcall-backup.Ab1Cd2
  # as a full stop in the middle: the content cannot be removed
  stub find <<'STUB'
#!/bin/sh
exit 1
STUB
  run rollcall-backup run
  expect 0 'OK code=0' 'cannot be removed'
  rm "$stubs/find"
  [ -f "$scratch/rollcall-backup.Ab1Cd2/.rollcall-backup-scratch" ]
  run rollcall-backup run
  expect 0
  [ ! -e "$scratch/rollcall-backup.Ab1Cd2" ]
}

@test "the backup leaves out its own scratch by its whole name, and no directory of others" {
  mkdir "$scratch/work.202401" "$scratch/rollcall-backup.abcdef"
  does full 'echo "$archive" >"$here/archive"; printf "Volume 1:\n" >"$archive/s/duplicity-full.20261123T031502Z.manifest"'
  run rollcall-backup run
  expect 0
  same "$(grep -A1 -x -- --exclude "$stubs/argv" | grep -v '^--' | sort -u)" "$(dirname "$(cat "$stubs/archive")")"
}

@test "TEMP_DIR with a slash at its end, or behind a link, is left out by the name that duplicity meets" {
  ln -s "$scratch" "$BATS_TEST_TMPDIR/link"
  for spelling in "$scratch/" "$scratch//" "$BATS_TEST_TMPDIR/link" "$scratch/../scratch/."; do
    sed -i "s|^TEMP_DIR=.*|TEMP_DIR=$spelling|" "$etc/config"
    : >"$stubs/argv"
    run rollcall-backup run
    expect 0 'OK code=0'
    [[ $(grep -A1 -x -- --exclude "$stubs/argv" | tail -n 1) =~ ^$scratch/rollcall-backup\.[A-Za-z0-9]{6}$ ]]
  done
}

@test "TEMP_DIR that leads to a name with a pattern in it is refused" {
  mkdir "$BATS_TEST_TMPDIR/a*b"
  ln -s "$BATS_TEST_TMPDIR/a*b" "$BATS_TEST_TMPDIR/link"
  sed -i "s|^TEMP_DIR=.*|TEMP_DIR=$BATS_TEST_TMPDIR/link|" "$etc/config"
  run rollcall-backup run
  expect 3 'a*b must be a plain absolute path'
}

# unchanged WANTED-STATUS COMMAND...: it ends so, and not a byte, a time or a name is another one
unchanged() {
  local before wanted=$1
  shift
  before=$(listing)
  run "$@"
  expect "$wanted"
  diff <(echo "$before") <(listing)
}

@test "a dry run changes nothing on the disk, whatever is there and however it ends" {
  does ask 'echo "$archive" >"$here/archive"'
  neighbours
  leftover rollcall-backup.Ab1Cd2
  unchanged 0 rollcall-backup run --dry-run
  # the scratch of its own was in memory, and is gone
  [ -s "$stubs/archive" ]
  [[ $(cat "$stubs/archive") == /dev/shm/rollcall-backup.* ]]
  [ ! -e "$(dirname "$(cat "$stubs/archive")")" ]

  rollcall-backup run >/dev/null
  leftover rollcall-backup.Ab1Cd2
  unchanged 0 rollcall-backup run --dry-run
  unchanged 0 rollcall-backup run --dry-run --if-due

  lists "+ $BATS_TEST_TMPDIR/data"
  unchanged 3 rollcall-backup run --dry-run
  lists "+ $BATS_TEST_TMPDIR/data" '- /'
  does look 'printf "reason=network\nerror=no way\ndo=look\n" >&2; exit 7'
  unchanged 7 rollcall-backup run --dry-run
  does look 'echo skew=0'
  does ask 'echo "AssertionError: vol0"; exit 30'
  unchanged 1 rollcall-backup run --dry-run
  echo nonsense >>"$etc/config"
  unchanged 3 rollcall-backup run --dry-run
}

@test "a dry run on a host that never ran makes no directory, lock or log" {
  sed -i /^TEMP_DIR=/d "$etc/config"
  rm -r "$state"
  unchanged 0 rollcall-backup run --dry-run
  unchanged 0 rollcall-backup check
}

@test "what a killed run was writing into the state is removed by the next one, and nothing else" {
  others=(running.new running.new.longer1 mine.new.Ab1Cd2 tries.old.Ab1Cd2)
  for name in "${others[@]}" {running,tries,last-run,last-success}.new.Ab1Cd2; do echo half >"$state/$name"; done
  mkdir "$state/tries.new.folder"
  run rollcall-backup run
  expect 0 'OK code=0'
  for name in "${others[@]}" tries.new.folder; do [ -e "$state/$name" ]; done
  same "$(find "$state" -name '*.new.Ab1Cd2' -printf '%f\n')" mine.new.Ab1Cd2
}

@test "a dry run that is ended leaves nothing" {
  does ask 'echo "$archive" >"$here/archive"; echo $$ >"$here/pid"; sleep 60 & wait'
  before=$(listing)
  for signal in TERM INT HUP; do
    rm -f "$stubs/pid"
    begun env --default-signal=INT rollcall-backup run --dry-run
    wait_for test -s "$stubs/pid"
    kill -"$signal" "$runner"
    wait "$runner" || true
    not kill -0 "$(cat "$stubs/pid")" 2>/dev/null
    [ ! -e "$(dirname "$(cat "$stubs/archive")")" ]
  done
  diff <(echo "$before") <(listing)
}

@test "a dry run says what the next run would really read: what it would remove first is left out" {
  leftover rollcall-backup.Ab1Cd2
  run rollcall-backup run --dry-run
  expect 0
  grep -A1 -x -- --exclude "$stubs/argv" | grep -qx "$scratch/rollcall-backup.Ab1Cd2"
}

@test "a dry run holds no lock: the schedule's own run begins meanwhile" {
  does ask 'case $here in *) [ ! -e "$here/first" ] || exit 0; touch "$here/first"; echo $$ >"$here/pid"; sleep 60 & wait ;; esac'
  begun rollcall-backup run --dry-run
  wait_for test -s "$stubs/pid"
  run rollcall-backup run --if-due
  kill "$runner"
  wait "$runner" || true
  expect 0 'OK code=0'
}

@test "check changes nothing, and removes no neighbour" {
  neighbours
  leftover rollcall-backup.Ab1Cd2
  unchanged 0 rollcall-backup check
  unchanged 0 rollcall-backup check --programs
}

@test "check says which directory an older kit may have left, and the line that removes it; nothing removes it" {
  mkdir -p "$scratch/work.abc123/gpg" "$scratch/work.abc123/arch/s" "$scratch/work.abc123/t" "$scratch/work.abc123/empty"
  mkdir -p "$scratch/work.202401"
  echo precious >"$scratch/work.202401/data"
  run rollcall-backup check
  expect 0 "note     $scratch/work.abc123 may be" "do: look into it, then: rm -r $scratch/work.abc123"
  [[ $output != *work.202401* ]]
  run rollcall-backup run
  expect 0 'OK code=0'
  [ -d "$scratch/work.abc123/arch/s" ]
  [ -f "$scratch/work.202401/data" ]
}

@test "check tells a TEMP_DIR that is not there or cannot be written to" {
  sed -i "s|^TEMP_DIR=.*|TEMP_DIR=$BATS_TEST_TMPDIR/gone|" "$etc/config"
  run rollcall-backup check
  expect 3 "$BATS_TEST_TMPDIR/gone is no directory that can be written to" "mkdir -p $BATS_TEST_TMPDIR/gone"
}

@test "nothing of the caller's environment is ever taken for scratch" {
  export work=$BATS_TEST_TMPDIR/data
  echo precious >"$BATS_TEST_TMPDIR/data/file"
  stub mktemp <<'STUB'
#!/bin/sh
exit 1
STUB
  run rollcall-backup run
  [ "$status" != 0 ]
  run rollcall-backup run --dry-run
  [ "$status" != 0 ]
  run rollcall-backup-setup --id web --bucket acme-backups --region eu-west-1 --fingerprint "$(cat "$key/fingerprint")"
  [ "$status" != 0 ]
  [ -f "$BATS_TEST_TMPDIR/data/file" ]
}

@test "writing a file replaces no other, and leaves no piece of its own" {
  for file in "$state/running" "$state/last-run" "$state/last-success"; do
    for pid in $(seq $(($$ + 1)) $(($$ + 400))); do echo mine >"$file.new.$pid"; done
  done
  before=$(find "$state" -name '*.new.*' | wc -l)
  run rollcall-backup run
  expect 0 'OK code=0'
  same "$(find "$state" -name '*.new.*' | wc -l)" "$before"
  same "$(find "$state" -name '*.new.*' -size -5c -size +0c | wc -l)" 0
  same "$(cat "$state"/*.new.* | sort -u)" mine
}
