#!/usr/bin/env bats
# The restore commands with real duplicity, gpg and S3: what comes back is what was there.

load restore-world
load server

setup_file() {
  world
  nasty_tree "$WORLD/tree"
  cp -a "$WORLD/tree" "$WORLD/newest"
  for days in 4 2 0; do
    echo "as of $days days ago" >"$WORLD/tree/etc/passwd"
    backup $((NOW - days * 86400 - 3600)) "$WORLD/tree"
  done
  # what a tree looks like when it is restored: hard links apart, sparse files full
  cp -a "$WORLD/tree/etc/passwd" "$WORLD/newest/etc/passwd"
  touch -r "$WORLD/tree/etc" "$WORLD/newest/etc"
  add_web
  unlock
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  unset ROLLCALL_DUPLICITY
}

teardown() { end_relays; }

with_duplicity_3() {
  ROLLCALL_DUPLICITY=$("$BATS_TEST_DIRNAME/duplicity3-venv" 2>/dev/null) || skip "no duplicity 3 here (test/kit/duplicity3-venv)"
  export ROLLCALL_DUPLICITY
}

all_is_as_it_was() {
  run restore web all all
  expect 0 "entries of the backup are there"
  same_tree "$WORLD/newest" all
  [ ! all/hard -ef all/many-volumes ]
}

files_and_ages() {
  run restore web fetch etc/passwd today
  expect 0
  [ "$(cat today)" = "as of 0 days ago" ]
  run restore web fetch /etc/passwd before 3D
  expect 0 "from the set $(set_time $((NOW - 4 * 86400 - 3600)))"
  [ "$(cat before)" = "as of 4 days ago" ]
  run restore web fetch etc dir 2D
  expect 0
  [ "$(cat dir/passwd)" = "as of 2 days ago" ]
  run restore web fetch etc/passwd exact "$(set_time $((NOW - 2 * 86400 - 3600)))"
  expect 0
  [ "$(cat exact)" = "as of 2 days ago" ]
  run restore web fetch many-volumes big
  cmp big "$WORLD/tree/many-volumes"
  run restore web fetch etc/missing no
  expect 3 "is not in this backup"
  run restore web fetch etc/passwd no 5D
  expect 3 "no backup of web is that old"
  [ ! -e no ]
}

odd_names() {
  run restore web fetch -- --help out1
  expect 0
  [ "$(cat out1)" = dashes ]
  run restore web fetch $'new\nline' out2
  expect 0
  [ "$(cat out2)" = newline ]
  run restore web fetch $'latin-\xe9\xff' out3
  expect 0
  [ "$(cat out3)" = latin ]
  run restore web fetch 'grün 日本.txt' -- '-out 4'
  expect 0
  [ "$(cat ./'-out 4')" = unicode ]
  run restore web fetch dangling out5
  expect 0 "a symbolic link, to /nowhere/at/all"
  [ "$(readlink out5)" = /nowhere/at/all ]
  run restore web fetch fifo out6
  expect 0
  [ -p out6 ]
}

@test "status needs no key and names every set" {
  run restore web status
  expect 0 "$(set_time $((NOW - 3600)))" "$(set_time $((NOW - 4 * 86400 - 3600)))"
  [ "$(grep -c ' complete$' <<<"$output")" -eq 3 ]
}

@test "status says what must be thawed, and that parity of signatures alone stops duplicity" {
  old=$(set_time $((NOW - 6 * 86400)))
  s3 "$(set_time $((NOW - 3600)))" "$old" <<'PY'
new, old = sys.argv[1:]
for one in s3.list_objects_v2(Bucket="acme-backups", Prefix="web/")["Contents"]:
    if new in one["Key"]:
        body = s3.get_object(Bucket="acme-backups", Key=one["Key"])["Body"].read()
        cold = "DEEP_ARCHIVE" if ".vol" in one["Key"] else "STANDARD"
        s3.put_object(Bucket="acme-backups", Key=one["Key"].replace(new, old), Body=body, StorageClass=cold)
s3.put_object(Bucket="acme-backups", Key=f"web/duplicity-full-signatures.{new}.sigtar.gpg.par2", Body=b"parity")
PY
  run restore web status
  expect 0 "make duplicity itself stop" "sigtar.gpg.par2"
  grep -q "^$old .* complete, in DEEP_ARCHIVE: thaw it first, 12 to 48 hours$" <<<"$output"
  run restore web fetch etc/passwd out
  expect 6 "make duplicity stop"
  s3 "$old" <<'PY'
for one in s3.list_objects_v2(Bucket="acme-backups", Prefix="web/")["Contents"]:
    if sys.argv[1] in one["Key"] or one["Key"].endswith(".par2"):
        s3.delete_object(Bucket="acme-backups", Key=one["Key"])
PY
}

@test "list prints every name so that it can be pasted back" {
  run restore web list
  expect 0 "etc/nginx/nginx.conf" "link -> etc/passwd" 'new\nline' 'esc\033[31mape' 'latin-\351\377' 'grün 日本.txt'
  [[ $output != *$'\e'* ]]
  [ "$(grep -c '  many/[0-9][0-9]*$' <<<"$output")" -eq 300 ]
  # as many names as there are, one a line; the last line may be a note
  [ "$(restore web list 2>/dev/null | wc -l)" -eq "$(find "$WORLD/tree" -mindepth 1 -printf x | wc -c)" ]
}

@test "duplicity 0.8: files, directories and ages" { files_and_ages; }

@test "duplicity 0.8: everything, byte for byte" { all_is_as_it_was; }

@test "duplicity 0.8: names that break careless programs" { odd_names; }

@test "duplicity 3: files, directories and ages" {
  with_duplicity_3
  files_and_ages
}

@test "duplicity 3: a store that knows no checksums is asked for none" {
  with_duplicity_3
  relay tape "$ENDPOINT"
  run restore web --endpoint-url="http://127.0.0.1:$port" fetch etc/passwd out
  expect 0
  grep -aq '^GET /acme-backups/web/' "$BATS_TEST_TMPDIR/tape.said"
  not grep -aiq '^x-amz-.*checksum' "$BATS_TEST_TMPDIR/tape.said"
  # the tape would have had it
  AWS_ACCESS_KEY_ID=AKIARESTORE AWS_SECRET_ACCESS_KEY=x "${ROLLCALL_DUPLICITY%/*}/python3" -c "
import boto3
s3 = boto3.client('s3', region_name='eu-west-1', endpoint_url='http://127.0.0.1:$port')
one = s3.list_objects_v2(Bucket='acme-backups', Prefix='web/')['Contents'][0]
s3.get_object(Bucket='acme-backups', Key=one['Key'])"
  grep -aiq '^x-amz-.*checksum' "$BATS_TEST_TMPDIR/tape.said"
}

@test "duplicity 3: everything, byte for byte" {
  with_duplicity_3
  all_is_as_it_was
}

@test "duplicity 3: names that break careless programs" {
  with_duplicity_3
  odd_names
}

@test "nothing is left in the temporary directory or the home" {
  restore web fetch etc/passwd out
  [ -z "$(ls -A "$TMPDIR")" ]
  [ ! -e "$HOME/.cache/duplicity" ]
  not grep -rlq 'as of' "$HOME"
}

@test "an ordinary user gets everything but owners, with modes and times" {
  for_nobody
  as_nobody set-passphrase web <<<"$PASS"
  run as_nobody restore web all all
  as_nobody remove-passphrase web
  expect 0 "the files belong to nobody" "2 entries lie in directories that you may not enter, such as that of closed/deep" \
    "entries that could be looked at are there" "$BATS_TEST_TMPDIR/nobody/all: a directory with "
  [[ $output != *'find: '* ]]
  # root sees that they are there all the same
  [ "$(cat nobody/all/closed/deep/inside)" = no ]
  [ "$(stat -c %a nobody/all/closed nobody/all/closed/deep | paste -sd ' ')" = '0 0' ]
  [ "$(stat -c '%a %U %Y' nobody/all/many/7)" = "644 nobody $(date -d '2026-01-02 03:04:05' +%s)" ]
  [ "$(stat -c %a nobody/all/locked)" = 555 ]
  as_nobody set-passphrase web <<<"$PASS"
  for one in closed locked; do
    run as_nobody restore web fetch "$one" "$one"
    expect 0 "nobody/$one: a directory with "
    [[ $output != *'find: '* ]]
    [ "$(stat -c '%a %U' "nobody/$one")" = "$(stat -c '%a nobody' "$WORLD/tree/$one")" ]
  done
  as_nobody remove-passphrase web
  run as_nobody restore web all all2 --numeric-owner
  expect 2 "only root"
}

@test "a file prefix, and increments that should not be there" {
  mkdir tree
  echo one >tree/file
  # Two files of one size and one second are the same file to duplicity.
  touch -d '1 hour ago' tree/file
  echo gone >tree/gone
  backup $((NOW - 7200)) tree boto3+s3://acme-backups/office/nas full --file-prefix=nas-
  echo two >tree/file
  rm tree/gone
  backup $((NOW - 3600)) tree boto3+s3://acme-backups/office/nas incremental --file-prefix=nas-
  restore-add-host nas --bucket acme-backups --region eu-west-1 --prefix office/nas --file-prefix nas- --key "$WORLD/web.key" \
    --credentials "$WORLD/web.aws" --endpoint-url "$ENDPOINT" --no-look
  set-passphrase nas <<<"$PASS"
  run restore nas status
  expect 0 "increment of $(set_time $((NOW - 7200)))"
  run restore nas list
  expect 0 "  file"
  [[ $output != *"  gone"* ]]
  restore nas fetch file new
  restore nas fetch file old 90m
  [ "$(cat new old)" = $'two\none' ]
  run restore nas all all
  expect 0 "all 2 entries"
  run restore-set nas "$(set_time $((NOW - 7200)))" set
  expect 0
  run restore nas --from set fetch gone gone
  expect 0
  remove-passphrase nas
}

@test "a whole set in a directory restores without S3" {
  restore-set web "$(set_time $((NOW - 2 * 86400 - 3600)))" set
  kill "$(cat "$WORLD/aws.pid")"
  run restore web --from set fetch etc/passwd out
  expect 0
  [ "$(cat out)" = "as of 2 days ago" ]
  run restore web fetch etc/passwd out2
  expect 7 "cannot read s3://acme-backups/web" "network"
}
