#!/usr/bin/env bats
# The host kit with newer duplicities than the system's, each in a virtual environment of its own.

load host-world
load server

# it comes with the version
setup() { :; }

# with VERSION: the kit uses it; skipped where it cannot be had
with() {
  ROLLCALL_TEST_DUPLICITY=$("$BATS_TEST_DIRNAME/duplicity3-venv" "$1" 2>"$BATS_TEST_TMPDIR/venv.log") || {
    tail -n 3 "$BATS_TEST_TMPDIR/venv.log"
    return 1
  }
  export ROLLCALL_TEST_DUPLICITY
  host_stage
}

# nights: sets of others in the bucket, two runs, then a run after a newest set that was killed
nights() {
  for name in duplicity-full.20260101T000000Z.manifest.gpg duplicity-full.20260101T000000Z.vol1.difftar.gpg \
    duplicity-full-signatures.20260101T000000Z.sigtar.gpg; do
    s3_say "put?$prefix/$name" 'not a real one' >/dev/null
  done
  run timeout 120 "$(command -v rollcall-backup)" run
  expect 0 'OK code=0'
  run timeout 120 "$(command -v rollcall-backup)" run
  expect 0 'OK code=0'
  s3_say "put?$prefix/duplicity-full.20991231T000000Z.vol1.difftar.gpg" 'left behind' >/dev/null
  run timeout 120 "$(command -v rollcall-backup)" run
  expect 0 'OK code=0'
  same "$(keys | grep -c manifest)" 4
  no_key_twice
  s3_say requests >"$BATS_TEST_TMPDIR/requests"
  not grep -q Delete "$BATS_TEST_TMPDIR/requests"
  nothing_left
}

teardown() { end_relays; }

# chain: a full and two increments of it, a killed one between them; each run by list and put alone
chain() {
  mkdir "$BATS_TEST_TMPDIR/data"
  echo zero >"$BATS_TEST_TMPDIR/data/zero"
  lists "+ $BATS_TEST_TMPDIR/data" '- /'
  echo FULL_EVERY=7d >>"$etc/config"
  run timeout 120 "$(command -v rollcall-backup)" run
  expect 0 'OK code=0' 'type=full'
  echo one >"$BATS_TEST_TMPDIR/data/one"
  run timeout 120 "$(command -v rollcall-backup)" run
  expect 0 'OK code=0' 'type=inc'
  s3_say "put?$prefix/duplicity-inc.$(set_of "$output").to.20991231T000000Z.vol1.difftar.gpg" 'left behind' >/dev/null
  echo two >"$BATS_TEST_TMPDIR/data/two"
  run timeout 120 "$(command -v rollcall-backup)" run
  expect 0 'OK code=0' 'type=inc'
  same "$(keys | grep -c 'duplicity-inc.*manifest')" 2
  s3_say requests >"$BATS_TEST_TMPDIR/requests"
  not grep -q 'Delete\|200 GetObject\|403 GetObject' "$BATS_TEST_TMPDIR/requests"
  nothing_left
}

@test "chains with duplicity 3.0.6.3, which asks for a passphrase and for the last manifest" {
  with 3.0.6.3
  chain
}

@test "chains with duplicity 3.2.1" {
  with 3.2.1
  chain
}

@test "duplicity 2.1.4, as in Ubuntu 24.04" {
  with 2.1.4
  nights
}

@test "chains with duplicity 2.1.4" {
  with 2.1.4
  chain
}

@test "duplicity 3.0.6.3, as in Ubuntu 26.04" {
  with 3.0.6.3
  nights
}

@test "a store that knows no checksums gets none from the boto3 of duplicity 3.0.6.3" {
  with 3.0.6.3
  relay tape "$endpoint"
  sed -i "s|^ENDPOINT_URL=.*|ENDPOINT_URL=http://127.0.0.1:$port|" "$etc/config"
  lists "+ $WORLD/tree" '- /'
  run timeout 120 "$(command -v rollcall-backup)" run
  expect 0 'OK code=0'
  grep -aq '^PUT /backups/' "$BATS_TEST_TMPDIR/tape.said"
  not grep -aiq '^x-amz-.*checksum' "$BATS_TEST_TMPDIR/tape.said"
  # the tape would have had it
  AWS_ACCESS_KEY_ID=AKIAWEB AWS_SECRET_ACCESS_KEY=$the_secret "${ROLLCALL_TEST_DUPLICITY%/*}/python3" -c "
import boto3
s3 = boto3.client('s3', region_name='eu-west-1', endpoint_url='http://127.0.0.1:$port')
s3.put_object(Bucket='backups', Key='$prefix/duplicity-full.20260101T000000Z.vol1.difftar.gpg', Body=b'x')"
  grep -aiq '^x-amz-.*checksum' "$BATS_TEST_TMPDIR/tape.said"
}

@test "duplicity 3.2.1, which deletes what a killed run left unless it is kept from looking" {
  with 3.2.1
  nights
}
