#!/usr/bin/env bats
# What a list brings, what a set has, and what S3 keeps of it: with the real duplicity and gpg, and a store that lies.

load host-world

setup() {
  host_stage
  data=$BATS_TEST_TMPDIR/data
  mkdir -p "$data"/{www,db,real,empty} "$data/odd[1]"
  for one in www db real 'odd[1]'; do echo "$one" >"$data/$one/file"; done
  echo x >"$data/www/only"
  rm "$data/www/file"
  ln -s real "$data/link"
}

# told TEXT LINE...: a run with this list ends well, and is WARN with TEXT; check says the same before it
told() {
  local text=$1
  shift
  lists "$@"
  run rollcall-backup check
  expect 0 "$text"
  run rollcall-backup run
  expect 0 "$text" 'WARN code=0' 'reason=targets'
}

# quiet LINE...: a run with this list is OK, and check warns of nothing in it
quiet() {
  lists "$@"
  # another list is another set: nothing to compare with
  rm -f "$state/last-success"
  run rollcall-backup check
  expect 0
  [[ $output != *"warning  $targets"* ]]
  run rollcall-backup run
  expect 0 'OK code=0'
}

@test "a line that another one hides is reported with that line, before and after a run" {
  told "$data/www is not saved: \"- $data\" in line 1 hides it" "- $data" "+ $data/www" "+ $WORLD/tree/etc" '- /'
  told "$data/www is not saved: \"- /\" in line 2 hides it" "+ $data/db" '- /' "+ $data/www" '- /'
  told "all of $data/www is not saved: \"- **/only\" in line 1 hides it" '- **/only' "+ $data/www" "+ $WORLD/tree/etc" '- /'
  told "$data/www is not saved: \"- $data/w*\" in line 1 hides it" "- $data/w*" "+ $data/www" "+ $data/db" '- /'
}

@test "an exception that leaves something of its line is no fault" {
  quiet "- $data/www/only2" "- **/*.tmp" "+ $data/www" '- /'
  quiet "- $data/db" "+ $data" '- /'
  quiet "+ $data/www" "+ $data/empty" '- /'
  quiet "+ $data/link" "+ $data/real" '- /'
  quiet "+ $data/*/file" '- /'
  quiet "+ $data/odd[[]1]" '- /'
}

@test "a target that is a link, or lies below one, is reported with the line to write" {
  told "write: + $data/real" "+ $data/link" "+ $data/db" '- /'
  told "write: + $data/real/file" "+ $data/link/file" "+ $data/db" '- /'
}

@test "a spelling that duplicity does not match is reported with the one that it does" {
  told "write: + $data/odd[[]1]" "+ $data/odd[1]" "+ $data/db" '- /'
  told "write: + $data/www" "+ $data/db/../www" "+ $data/db" '- /'
  told "matches nothing" "+ $data/*.none" "+ $data/db" '- /'
  told "$data/gone does not exist" "+ $data/gone" "+ $data/db" '- /'
  lists "+ ${data%/*}//data/www" '- /'
  run rollcall-backup run
  expect 3 "duplicity stops at" "write: + $data/www" 'reason=targets'
}

@test "when nothing that is listed can be saved, nothing is uploaded" {
  for list in "$data/gone" "$data/empty" "$data/link/file" "$data/*.none"; do
    lists "+ $list" '- /'
    run rollcall-backup run
    expect 3 'nothing that' 'FAIL code=3' 'reason=targets'
    [ ! -e "$state/last-success" ]
  done
  same "$(keys)" ''
}

@test "a set without one file is a failure, though it is whole on S3" {
  mkdir "$data/empty/below"
  lists "+ $data/empty" '- /'
  run rollcall-backup run
  expect 1 'no file was saved' 'reason=nothing'
  [ ! -e "$state/last-success" ]
}

@test "an increment is judged by all that its chain saved" {
  echo FULL_EVERY=31d >>"$etc/config"
  quiet "+ $data/www" "+ $data/db" '- /'
  # nothing changed: the increment itself has no file
  run rollcall-backup run
  expect 0 'OK code=0' 'type=inc'
  same "$(sed -n 's/^files=//p' "$state/last-success")" 2
  rm -r "$data/db"
  run rollcall-backup run
  expect 0 'type=inc' "$data/db does not exist" 'reason=targets'
  same "$(sed -n 's/^files=//p' "$state/last-success")" 1
}

@test "a disk that is gone shows as less than half of the last time" {
  for i in {1..20}; do echo "$i" >"$data/www/$i"; done
  quiet "+ $data" '- /'
  rm -r "$data/www"
  run rollcall-backup run
  expect 0 'this set has 3 files of' 'the last one had 24 of' 'reason=shrunk'
}

# lies FAULT: the store does this to volumes; the run must not believe it
lies() {
  s3_say clear
  lists "+ $WORLD/tree" '- /'
  s3_say fault "$1" >/dev/null
  stub sleep <<<'#!/bin/sh'
  run rollcall-backup run
  expect 6 'FAIL code=6' "${2:-reason=altered}"
  [ ! -e "$state/last-success" ]
}

@test "a store that cuts, flips or swallows what it was sent is found out" {
  lies '{"operation":"PutObject","prefix":"'"$prefix"'/duplicity-full.","suffix":"vol1.difftar.gpg","fault":{"store":"half"}}'
  [[ $output == *'vol1.difftar.gpg has '*' bytes on S3, and '*' were sent'* ]]
  lies '{"operation":"PutObject","suffix":"manifest.gpg","fault":{"store":"half"}}'
  lies '{"operation":"PutObject","suffix":"sigtar.gpg","fault":{"store":"half"}}'
  lies '{"operation":"PutObject","suffix":"vol2.difftar.gpg","fault":{"store":"flip"}}'
  [[ $output == *'has another checksum on S3 than what was sent'* ]]
  lies '{"operation":"PutObject","suffix":"manifest.gpg","fault":{"store":"flip"}}'
  lies '{"operation":"PutObject","suffix":"vol1.difftar.gpg","fault":{"store":"nothing"}}' reason=notwhole
}

@test "a store that flips a bit of everything, or has ETags of its own, is a WARN and never OK" {
  lists "+ $WORLD/tree" '- /'
  s3_say fault '{"operation":"PutObject","fault":{"store":"flip"}}' >/dev/null
  run rollcall-backup run
  expect 0 'cannot be compared with what was sent' 'WARN code=0' 'reason=checksums'
}

@test "temporary space that runs out is reason=space, also when gpg is the one that meets it" {
  if ! unshare -m true 2>/dev/null; then skip 'needs root and mounts'; fi
  head -c 12000000 /dev/urandom >"$data/www/large"
  mkdir "$BATS_TEST_TMPDIR/small"
  sed -i 's/^VOLSIZE_MB=.*/VOLSIZE_MB=2/' "$etc/config"
  echo "TEMP_DIR=$BATS_TEST_TMPDIR/small" >>"$etc/config"
  lists "+ $data" '- /'
  for kib in 3000 4000; do
    run unshare -m bash -c "mount -t tmpfs -o size=${kib}k tmpfs '$BATS_TEST_TMPDIR/small' && rollcall-backup run"
    [ "$status" = 0 ] || expect 5 'reason=space'
  done
  run unshare -m bash -c "mount -t tmpfs -o size=2800k tmpfs '$BATS_TEST_TMPDIR/small' && head -c 900000 /dev/zero >'$BATS_TEST_TMPDIR/small/x' && rollcall-backup run"
  expect 5 'reason=space'
}

@test "a terminal sees volume, bytes and rate; a log does not" {
  s3_say fault '{"operation":"PutObject","fault":{"latencyMs":900}}' >/dev/null
  lists "+ $WORLD/tree" '- /'
  run script -qec 'rollcall-backup run' /dev/null
  expect 0 'OK code=0'
  [[ $output =~ volume\ [0-9]+,\ [0-9.]+\ [KM]iB,\ [0-9.]+\ [KM]?i?B/s ]]
  run rollcall-backup run
  expect 0 'OK code=0'
  [[ $output != *'volume 1,'* ]]
}

@test "few open files are no obstacle, where the system allows more" {
  lists "+ $WORLD/tree/etc" '- /'
  run prlimit --nofile=48:4096 "$(command -v rollcall-backup)" run
  expect 0 'OK code=0'
}

@test "volumes that are uploaded in parts are compared by their checksums too" {
  head -c 50000000 /dev/urandom >"$data/www/large"
  sed -i 's/^VOLSIZE_MB=.*/VOLSIZE_MB=45/' "$etc/config"
  quiet "+ $data" '- /'
  s3_say requests >"$BATS_TEST_TMPDIR/requests"
  grep -q '200 UploadPart' "$BATS_TEST_TMPDIR/requests"
  same "$(keys | grep -c 'vol.*difftar')" 2
}

@test "what save-metadata writes down is what the backup has: by patterns, below mounts, and nothing that is left out" {
  ln "$data/db/file" "$data/db/same"
  echo x >"$data/www/out"
  ln -s "$ROLLCALL_ROOT/usr/local/lib/rollcall-backup/save-metadata" "$etc/pre-backup"
  lists "- $data/www/out" "+ $data/[dw][bw]*" "+ $data/odd[[]1]" "+ $data/empty" "+ $state/metadata" '- /'
  # in a mount of its own, where that may be made
  inner=(bash -c 'mount -t tmpfs none "$1" && echo x >"$1/deep" && exec rollcall-backup run' - "$data/empty")
  unshare -m mount -t tmpfs none "$data/empty" 2>/dev/null && inner=(unshare -m "${inner[@]}") || inner=(rollcall-backup run)
  run "${inner[@]}"
  expect 0 'OK code=0'
  saved=$(tr '\0' '\n' <"$state/metadata/times" | cut -d ' ' -f 2-)
  for one in www/only db/file db/same 'odd[1]/file'; do grep -Fqx "$data/$one" <<<"$saved"; done
  [ "${inner[0]}" != unshare ] || grep -Fqx "$data/empty/deep" <<<"$saved"
  for one in www/out real link; do ! grep -Fqx "$data/$one" <<<"$saved" || { echo "$one" && return 1; }; done
  same "$(cut -d ' ' -f 2 "$state/metadata/hardlinks")" "$data/db/file"$'\n'"$data/db/same"
}

@test "what duplicity does not keep comes back with --metadata, and nothing outside the tree is touched" {
  [ "$(id -u)" = 0 ] || skip 'needs root'
  ln "$data/db/file" "$data/db/same"
  touch -h -d '2001-02-03 04:05:06.123456789' "$data/link"
  touch -d '2026-01-02 03:04:05.987654321' "$data/db/file"
  touch -d '1960-01-02 03:04:05' "$data/real/file"
  tools=yes
  command -v setfacl >/dev/null && command -v setfattr >/dev/null && setfacl -m u:1:r "$data/www/only" 2>/dev/null || tools=no
  ln -s "$ROLLCALL_ROOT/usr/local/lib/rollcall-backup/save-metadata" "$etc/pre-backup"
  lists "+ $data" "+ $state/metadata" '- /'
  run rollcall-backup run
  expect 0 'OK code=0'
  # as the host's own backup has it
  mkdir -p "$BATS_TEST_TMPDIR/back/var/lib/rollcall-backup" "$BATS_TEST_TMPDIR/back$data"
  cp -r "$state/metadata" "$BATS_TEST_TMPDIR/back/var/lib/rollcall-backup/"
  (cd "$data" && cp -r --preserve=mode,ownership --no-dereference . "$BATS_TEST_TMPDIR/back$data/")
  back=$BATS_TEST_TMPDIR/back$data
  rm "$back/db/same" && cp "$back/db/file" "$back/db/same"
  touch -d '2026-01-02 03:04:05' "$back/db/file" "$back/db/same"
  printf '1.5 /etc/../../../../%s/outside\0' "$BATS_TEST_TMPDIR" >>"$BATS_TEST_TMPDIR/back/var/lib/rollcall-backup/metadata/times"
  echo x >"$BATS_TEST_TMPDIR/outside"
  before=$(stat -c %y "$BATS_TEST_TMPDIR/outside")
  run /usr/bin/python3 -I -B "$scripts/restore/lib/rollcall-restore/archive" metadata -- "$BATS_TEST_TMPDIR/back"
  expect 0 'hardlinks: 1 brought back' 'times: '
  same "$(stat -c %i "$back/db/file")" "$(stat -c %i "$back/db/same")"
  for one in link db/file real/file; do same "$(find "$back/$one" -printf %T@)" "$(find "$data/$one" -printf %T@)"; done
  [ "$tools" = no ] || same "$(getfacl -cn "$back/www/only" 2>/dev/null)" "$(getfacl -cn "$data/www/only" 2>/dev/null)"
  same "$(stat -c %y "$BATS_TEST_TMPDIR/outside")" "$before"
}
