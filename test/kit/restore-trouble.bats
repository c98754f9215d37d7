#!/usr/bin/env bats
# A restore in trouble: a disk that fills up, and names that duplicity would read as something else.

load restore-world

setup_file() {
  world
  mkdir -p "$WORLD/tree/s"
  for one in '$USER' root '${USER}' '$ROLLCALL_DOLLAR' '$$' 'a$HOME b' '$'; do echo "$one" >"$WORLD/tree/s/$one"; done
  ln -s root "$WORLD/tree/s/link"
  touch -h -d '2001-02-03 04:05:06.125' "$WORLD/tree/s/link"
  mkdir -p "$WORLD/tree/var/lib/rollcall-backup/metadata"
  (cd "$WORLD/tree" && find s -printf '%T@ /%p\0') >"$WORLD/times"
  cp "$WORLD/times" "$WORLD/tree/var/lib/rollcall-backup/metadata/times"
  head -c 9000000 /dev/urandom >"$WORLD/tree/large"
  backup $((NOW - 1800)) "$WORLD/tree"
  add_web
  unlock
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  export GNUPGHOME=$HOME/.config/rollcall-restore/web/gnupg
}

@test "a name with a dollar is that name, for the path and for OUT" {
  export USER=root
  for one in '$USER' '${USER}' '$ROLLCALL_DOLLAR' '$$' 'a$HOME b' '$'; do
    run restore web fetch "s/$one" "out-$one"
    expect 0
    [ "$(cat "out-$one")" = "$one" ]
  done
  run restore web fetch s 'all of $USER'
  expect 0
  diff -r "$WORLD/tree/s" 'all of $USER'
}

@test "a name at the top that duplicity would take for a home is refused, and not another one delivered" {
  run restore web fetch '~root/x' out
  expect 2 'begins with ~' 'restore web all OUT'
}

@test "what cannot fit is refused at the start; a disk that fills up ends it within seconds" {
  can_sandbox || skip 'needs root and mounts'
  cat >script <<SH
mkdir small && mount -t tmpfs -o size=6m tmpfs small
export HOME=$HOME PATH=$PATH
cd small
status=0
restore web all out >../said 2>&1 || status=\$?
[[ \$status == 1 ]] && grep -q 'packed, and only .* are free' ../said && grep -q -- --anyway ../said
[[ -z \$(ls) ]]
SECONDS=0 status=0
timeout 120 restore web all out --anyway >../said 2>&1 || status=\$?
cat ../said
[[ \$status == 1 && \$SECONDS -lt 40 ]]
grep -q 'the disk is full' ../said
SH
  run sandbox script
  expect 0
}

@test "a terminal sees volume, bytes, rate and time left; a log does not" {
  run script -qec 'restore web all out' /dev/null
  expect 0 'entries of the backup are there'
  [[ $output =~ volume\ [1-9]\ of\ [0-9]+\ done,\ [0-9.]+\ [KM]iB\ of\ [0-9.]+\ MiB,\ [0-9.]+\ [KM]iB/s,\ about\ [0-9]+\ min\ left ]]
  rm -r out
  run restore web all out
  expect 0
  [[ $output != *' done, '* && $output != *$'\r'* ]]
}

@test "two restores to one OUT at once: one does it, the other is refused, and nothing of either is left" {
  for words in 'all out' 'all out --keep-going' 'fetch large out'; do
    rm -rf out
    for one in 1 2; do
      (
        status=0
        # shellcheck disable=SC2086
        restore web $words >"said$one" 2>&1 3>&- || status=$?
        echo "$status" >"status$one"
      ) &
    done
    wait
    [ "$(sort status1 status2 | paste -sd ' ')" = '0 5' ] || {
      cat said1 said2
      return 1
    }
    cat said1 said2 >said
    grep -q 'another restore to .*/out is running\|out exists' said
    [ ! -f out ] || cmp out "$WORLD/tree/large"
    [ ! -d out ] || diff -r --no-dereference "$WORLD/tree" out
    [ ! -e out.partial ]
  done
}

@test "restore all --metadata brings exact times back, and says what the host did not write" {
  run restore web all out --metadata
  expect 0 'times: ' 'the host wrote no acl' 'entries of the backup are there'
  [ "$(find out/s/link -printf %T@)" = "$(find "$WORLD/tree/s/link" -printf %T@)" ]
  [ "$(find out/s/root -printf %T@)" = "$(find "$WORLD/tree/s/root" -printf %T@)" ]
  run restore web fetch s out2 --metadata
  expect 2 '--metadata go with all'
}

@test "status with an age says which backup answers, or that none does" {
  run restore web status 10m
  expect 0 "$(set_time $((NOW - 1800)))"
  run restore web status 3D
  expect 3 'no backup of web is that old'
}

@test "OUT on another filesystem than the temporary directory: all of it works" {
  can_sandbox || skip 'needs root and mounts'
  cat >script <<SH
mkdir other small
mount -t tmpfs -o size=80m tmpfs other
mount -t tmpfs -o size=400m tmpfs small
export HOME=$HOME PATH=$PATH GNUPGHOME=$GNUPGHOME TMPDIR=\$PWD/small
cd other
for words in 'all out' 'all out --keep-going' 'fetch s out'; do
  restore web \$words
  diff -r --no-dereference "$WORLD/tree\$([[ \$words != fetch* ]] || echo /s)" out
  rm -r out
done
restore-set web $(set_time $((NOW - 1800))) set
restore-plain set $(set_time $((NOW - 1800))) out
diff -r --no-dereference "$WORLD/tree" out
rm -r out
printf x | dd of="\$(ls set/*vol3.*)" bs=1 seek=5000 conv=notrunc status=none
status=0
restore web --from set all out --keep-going || status=\$?
[[ \$status == 9 && -s out.lost && -e out/s/root ]]
rm -r out out.lost
restore-plain --keep-going set $(set_time $((NOW - 1800))) out || status=\$?
[[ \$status == 9 && -s out.lost && -e out/s/root ]]
[[ \$(ls | paste -sd ' ') == 'out out.lost set' && -z \$(ls -A "\$TMPDIR") ]]
SH
  run sandbox script
  expect 0
}
