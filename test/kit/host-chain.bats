#!/usr/bin/env bats
# Chains (FULL_EVERY) with the real duplicity and gpg against a local S3 that refuses all but list and put.
#
# ROLLCALL_TEST_DUPLICITY names another duplicity, for instance what test/kit/duplicity3-venv prints.

load host-world

setup() {
  host_stage
  archive=$state/archive
  data=$BATS_TEST_TMPDIR/data
  mkdir "$data"
  echo first >"$data/file"
  head -c 1000000 /dev/urandom >"$data/large"
  lists "+ $data" '- /'
  echo FULL_EVERY=31d >>"$etc/config"
}

# night TYPE: a run that writes a whole set of this type
night() {
  run rollcall-backup run
  expect 0 ' code=0' " type=$1 "
}

fulls() { keys | grep -c 'duplicity-full\..*manifest' || true; }
increments() { keys | grep -c 'duplicity-inc.*manifest' || true; }

# comes_back SET TEXT: the file as it was in this set, restored with duplicity itself
comes_back() {
  duplicity_restores --time "$(date -u -d "$(sed 's/\(....\)\(..\)\(..\)T\(..\)\(..\)\(..\)Z/\1-\2-\3 \4:\5:\6/' <<<"$1")" +%s)"
  same "$(cat "$BATS_TEST_TMPDIR/back$data/file")" "$2"
  cmp "$BATS_TEST_TMPDIR/back$data/large" "$data/large"
}

# killed_at NTH: an increment whose NTH object hangs is killed with kill -9, with its duplicity
killed_at() {
  hangs_at "$1"
  wait_for pgrep -f "duplicity incremental .*--archive-dir $state"
  sleep 2
  kill -KILL "$runner"
  kill_group "$(pgrep -f "duplicity incremental .*--archive-dir $state" | head -n 1)"
  wait "$runner" || true
  s3_say clear
}

@test "a full, then increments of it, each whole on S3, and each comes back as it was" {
  night full
  full=$(set_of "$output")
  echo second >"$data/file"
  night inc
  second=$(set_of "$output")
  [[ $output == *"an increment of the full $full"* ]]
  echo third >"$data/file"
  night inc
  third=$(set_of "$output")
  same "$(fulls) $(increments)" '1 2'
  keys | grep -q "duplicity-inc.$full.to.$second.vol1.difftar.gpg"
  keys | grep -q "duplicity-inc.$second.to.$third.vol1.difftar.gpg"
  # an increment holds what changed, not the megabyte that did not
  [ "$(sed -n 's/^bytes=//p' "$state/last-success")" -lt 100000 ]
  same "$(sed -n 's/^full=//p' "$state/last-success")" "$full"
  comes_back "$full" first
  comes_back "$second" second
  comes_back "$third" third
  no_key_twice
  nothing_left
}

@test "an increment asks S3 for nothing but list and put" {
  night full
  s3_say clear
  night inc
  s3_say requests >"$BATS_TEST_TMPDIR/requests"
  same "$(awk '$1 < 300 { print $2 }' "$BATS_TEST_TMPDIR/requests" | sort -u | grep -vx 'HeadBucket\|ListObjects\|ListObjectsV2\|PutObject\|CreateMultipartUpload\|UploadPart\|CompleteMultipartUpload')" ''
  same "$(awk '$1 >= 300 { print $1, $2 }' "$BATS_TEST_TMPDIR/requests" | sort -u | grep -v '^403 HeadObject$')" ''
}

@test "what is kept here is for root alone, is one chain, and is not in the backup" {
  lists "+ $data" "+ $state" '- /'
  night full
  night inc
  same "$(stat -c %a "$archive")" 700
  same "$(find "$archive" -type f -perm /077)" ''
  same "$(find "$archive" -type f ! -name '*.manifest' ! -name '*.sigtar.gz' ! -name chain)" ''
  same "$(find "$archive" -type f | wc -l)" 5
  not zgrep -qa var/lib/rollcall-backup/archive "$archive"/*.sigtar.gz
  zgrep -qa var/lib/rollcall-backup/last-success "$archive"/*.sigtar.gz
}

@test "a full that is too old is followed by a full, and only its chain is kept" {
  night full
  night inc
  # on the day, though the run begins a minute earlier in the night than the full did
  at "+31 days -1 minute" night full
  rm "$stubs/date"
  same "$(fulls) $(increments)" '2 1'
  same "$(find "$archive" -type f | wc -l)" 3
  night inc
  keys | grep -q "duplicity-inc.$(sed -n 's/^full=//p' "$state/last-success").to"
}

@test "a full that is asked for begins a new chain" {
  night full
  run rollcall-backup run --full
  expect 0 'OK code=0' type=full
  night inc
  same "$(fulls) $(increments)" '2 1'
}

@test "one day less than that, it is still an increment" {
  night full
  at '+30 days' night inc
}

@test "check and status say the mode, the age of the full and when the next one is due" {
  run rollcall-backup check
  expect 0 'a full every 31 days; the next run is a full: no chain is kept' \
    'hosts.yml must say: web: { chain: { fullEvery: 31d } }, and keepDays: 36 or more'
  [[ $output != *warning*chain* ]]
  night full
  due=$(date -d "$(date -d '-2 hours' +%Y%m%d) + 31 days" +%Y-%m-%d)
  night inc
  run rollcall-backup check
  expect 0 'chains: a full every 31 days; the last began' "the next is due on $due" 'the chain has 1 increment(s), and is whole on S3'
  run rollcall-backup status
  expect 0 'web: last increment' "the next is due on $due"
  at '+40 days' run rollcall-backup check
  expect 0 'the next is due now'
}

@test "an archive that is lost, damaged, cut, or lacks a file makes a full, and says so once" {
  night full
  rm -r "$archive"
  night full
  expect 0 'no chain is kept in' WARN reason=chain
  night inc
  [[ $output != *reason=chain* ]]
  printf x >>"$(ls "$archive"/duplicity-new-signatures*)"
  run rollcall-backup check
  expect 0 'the next run is a full' 'is lost or damaged'
  night full
  expect 0 'is lost or damaged' reason=chain
  rm "$archive"/duplicity-full-signatures*
  night full
  expect 0 reason=chain
  : >"$archive/chain"
  night full
  expect 0 reason=chain
  echo "$(cat "$archive/chain" | tr a b)" >"$archive/chain"
  night full
  night inc
  same "$(grep -c 'passphrase' "$syslog")" 0
}

@test "an archive that is a link, a file or somebody else's is not used, and the backup is made" {
  mkdir "$BATS_TEST_TMPDIR/elsewhere"
  ln -s "$BATS_TEST_TMPDIR/elsewhere" "$archive"
  night_without_chain
  same "$(ls -A "$BATS_TEST_TMPDIR/elsewhere")" ''
  rm "$archive"
  : >"$archive"
  night_without_chain
  rm "$archive"
  if [ "$(id -u)" = 0 ]; then
    mkdir "$archive"
    chown nobody "$archive"
    night_without_chain
  fi
}

night_without_chain() {
  run rollcall-backup run
  expect 0 'WARN code=0' 'no chain can be kept' reason=chain
}

@test "another target or another key begins a chain of its own" {
  night full
  "$scripts/keys/rollcall-keygen" other --algo cv25519 --out "$BATS_TEST_TMPDIR/other" >"$BATS_TEST_TMPDIR/other.said"
  rollcall-backup-setup --id web --bucket backups --region eu-west-1 --public-key "$BATS_TEST_TMPDIR/other/other.pub.gpg" \
    --fingerprint "$(sed -n 's/^fingerprint  //p' "$BATS_TEST_TMPDIR/other.said")" --wait 0 >/dev/null
  night full
  expect 0 'OK code=0' 'is of another target or key'
  sed -i "s|^PREFIX=.*|PREFIX=$prefix/moved|" "$etc/config"
  night full
  expect 0 'OK code=0' 'is of another target or key'
  echo FILE_PREFIX=nas- >>"$etc/config"
  night full
  night inc
  keys | grep -q 'moved/nas-duplicity-inc'
}

@test "a chain that is not whole on S3, or older than what is there, is not added to" {
  night full
  night inc
  first=$(keys | awk '/duplicity-full.*vol1/ { print $2 }')
  s3_say "put?$prefix/$first" '' >/dev/null
  run rollcall-backup check
  expect 0 'the next run is a full' "$first is not in s3://"
  night full
  expect 0 "$first is not in s3://" reason=chain
  # another machine, or a run that was killed before it could write down its set
  s3_say "put?$prefix/duplicity-inc.$(set_of "$output").to.20990101T000000Z.manifest.gpg" 'not a real one' >/dev/null
  night full
  expect 0 'is on S3, and not in' reason=chain
}

@test "old sets, orphans and junk in the bucket do not end a chain" {
  for name in duplicity-full.20200101T000000Z.manifest.gpg duplicity-full.20200101T000000Z.vol1.difftar.gpg \
    duplicity-full-signatures.20200101T000000Z.sigtar.gpg duplicity-inc.20200101T000000Z.to.20200102T000000Z.manifest.gpg \
    duplicity-new-signatures.20200101T000000Z.to.20200102T000000Z.sigtar.gpg duplicity-full.20990103T000000Z.vol3.difftar.gpg \
    duplicity-full.20991345T000000Z.manifest.gpg df.z.m junk; do
    s3_say "put?$prefix/$name" 'not a real one' >/dev/null
  done
  night full
  night inc
  night inc
}

@test "killed in mid-upload: the next increment begins anew, under its own time, and all points come back" {
  night full
  full=$(set_of "$output")
  echo second >"$data/file"
  cp "$data/large" "$data/larger"
  head -c 6000000 /dev/urandom >>"$data/larger"
  killed_at 3
  dead=$(keys | sed -n 's/.*duplicity-inc.*\.to\.\([0-9TZ]*\)\.vol2.*/\1/p')
  [ -n "$dead" ]
  same "$(find "$archive" -type f | wc -l)" 3
  echo third >"$data/file"
  night inc
  expect 0 'OK code=0'
  third=$(set_of "$output")
  [ "$third" != "$dead" ]
  same "$(keys | grep -c "inc.$full.to.$dead.*manifest" || true)" 0
  no_key_twice
  s3_say requests | { not grep Delete; }
  echo fourth >"$data/file"
  night inc
  comes_back "$full" first
  comes_back "$third" third
  comes_back "$(set_of "$output")" fourth
  nothing_left
}

@test "killed in the first volume, or with its signatures on S3 and no manifest: never a failure, never a question" {
  night full
  killed_at 1
  night inc
  expect 0 'OK code=0'
  # an increment is one volume, the signatures, the manifest
  killed_at 3
  keys | grep -q new-signatures
  night full
  expect 0 'is on S3, and not in' reason=chain
  night inc
  expect 0 'OK code=0'
}

@test "ended in mid-upload: the chain is as it was" {
  night full
  before=$(find "$archive" -type f -exec sha256sum {} + | sort)
  head -c 6000000 /dev/urandom >"$data/larger"
  hangs_at 2
  kill -TERM "$runner"
  ends 143
  same "$(find "$archive" -type f -exec sha256sum {} + | sort)" "$before"
  s3_say clear
  night inc
  nothing_left
}

@test "the set is on S3 but could not be listed: the next run looks anew, and goes on with the chain" {
  night full
  s3_say fault '{"operation":"ListObjectsV2","prefix":"'"$prefix"'/duplicity-new-sig","fault":{"error":"AccessDenied"}}' >/dev/null
  stub sleep <<<'#!/bin/sh'
  run rollcall-backup run
  expect 7 'cannot be seen to be whole'
  s3_say clear
  rm "$stubs/sleep"
  night inc
  same "$(fulls) $(increments)" '1 2'
}

@test "the archive cannot be written: the set counts, it is said, and the next run is a full" {
  night full
  mv "$archive/chain" "$BATS_TEST_TMPDIR/chain"
  ln -s "$BATS_TEST_TMPDIR/chain" "$archive/chain"
  night inc
  expect 0 'WARN code=0' 'could not be written; the next run is a full' reason=chain
  rm "$archive/chain"
  night full
}

@test "a dry run says what the next run is, and changes nothing" {
  night full
  before=$(find "$state" -printf '%p %T@\n' | sort)
  echo second >"$data/file"
  run rollcall-backup run --dry-run
  expect 0 'an increment of the full' 'ChangedFiles 1' 'nothing was uploaded'
  same "$(find "$state" -printf '%p %T@\n' | sort)" "$before"
}

@test "without FULL_EVERY the next run is a full, and removes what was kept, and only that" {
  night full
  touch "$archive/of-somebody"
  sed -i '/^FULL_EVERY/d' "$etc/config"
  run rollcall-backup check
  expect 0 'every run makes a full' "$archive is of a chain; the next run removes it"
  run rollcall-backup run
  expect 0 'OK code=0' "kept      $archive: something in it is not of this kit"
  [[ $output != *type=* ]]
  same "$(ls "$archive")" of-somebody
  rm "$archive/of-somebody"
  run rollcall-backup run
  expect 0 "removed   $archive"
  [ ! -e "$archive" ]
  not grep -q '^full=' "$state/last-success"
}

@test "uninstall removes the archive that the kit made, and says so" {
  night full
  night inc
  run "$scripts/host/install" --destdir "$ROLLCALL_ROOT" --uninstall
  expect 0 "removed   $archive: names of files in clear" "kept      $state"
  [ ! -e "$archive" ]
  [ -e "$state/last-success" ]
  same "$(fulls) $(increments)" '1 1'
}
