#!/usr/bin/env bats
# A chain restores to each of its points, and never to another one than was asked for.

load restore-world

setup_file() {
  world
  export DAY=86400
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  host=chain$BATS_TEST_NUMBER
  target=office/nas/$host
  restore-add-host "$host" --bucket acme-backups --region eu-west-1 --prefix "$target" --key "$WORLD/web.key" --credentials "$WORLD/web.aws" \
    --endpoint-url "$ENDPOINT" --no-look
  set-passphrase "$host" <<<"$PASS"
  mkdir tree
  head -c 2500000 /dev/urandom >tree/large
  full=$((NOW - 4 * DAY)) first=$((NOW - 3 * DAY)) second=$((NOW - 2 * DAY)) third=$((NOW - DAY))
  FULL=$(set_time "$full") FIRST=$(set_time "$first") SECOND=$(set_time "$second") THIRD=$(set_time "$third")
  saved full "$full" full
  saved first "$first" incremental
  saved second "$second" incremental
  saved third "$third" incremental
}

teardown() { remove-passphrase "$host"; }

# saved TEXT EPOCH ACTION: a set in which tree/file has this text, the large file is longer, and one more file is there
saved() {
  echo "$1" >tree/file
  echo "$1" >"tree/only-$1"
  head -c 100000 /dev/urandom >>tree/large
  touch -d "@$(($2 - 60))" tree/*
  sha256sum <tree/large >"large-$1"
  backup "$2" tree "boto3+s3://acme-backups/$target" "$3"
}

# brings TEXT [AGE]: all and fetch at this age bring what was saved as TEXT
brings() {
  local text=$1
  shift
  rm -rf out all
  restore "$host" fetch file out "$@"
  [ "$(cat out)" = "$text" ]
  restore "$host" all all "$@"
  [ "$(cat all/file)" = "$text" ]
  cmp "large-$text" <(sha256sum <all/large)
}

# remove PATTERN: the objects of this host whose name has it
remove() {
  s3 "$target/" "$1" <<'PY'
prefix, part = sys.argv[1:]
for one in s3.list_objects_v2(Bucket="acme-backups", Prefix=prefix)["Contents"]:
    if part in one["Key"]:
        s3.delete_object(Bucket="acme-backups", Key=one["Key"])
PY
}

@test "each point of a chain comes back: by set, by age, by day, and without an age" {
  brings full "$FULL"
  brings first "$FIRST"
  brings second 36h
  brings third
  [ ! -e all/only-later ] && [ -e all/only-full ] && [ -e all/only-third ]
  restore "$host" fetch only-first it "$FIRST"
  run restore "$host" fetch only-third it2 "$SECOND"
  expect 3 "is not in this backup"
  run restore "$host" status
  expect 0 "complete, increment of $FULL" "complete, increment of $SECOND"
  run restore "$host" list "$SECOND"
  expect 0 only-second
  [[ $output != *only-third* ]]
}

@test "a hole in an increment: what builds on it is refused, and the point before it is named and comes back" {
  remove "to.$SECOND.vol1"
  run restore "$host" status
  expect 0 "$SECOND" "volume 1 is missing" "needs $SECOND"
  for age in now "$SECOND" "$THIRD"; do
    run restore "$host" fetch file no "$age"
    expect 6 "$SECOND" "volume 1 is missing" "write $FIRST as the AGE"
    [ ! -e no ]
  done
  brings first "$FIRST"
}

@test "an increment that is gone: what was built on it is refused, not replaced by an older point" {
  remove "to.$SECOND."
  run restore "$host" status
  expect 0 "needs $SECOND, which is not there"
  run restore "$host" fetch file no
  expect 6 "needs $SECOND, which is not there" "write $FIRST as the AGE"
  brings first 36h
}

@test "the newest increment without signatures: duplicity would bring the one before it without a word" {
  remove "new-signatures.$SECOND.to.$THIRD"
  run restore "$host" status
  expect 0 "it has no signatures, and duplicity passes over it"
  run restore "$host" all no
  expect 6 "it has no signatures" "write $SECOND as the AGE"
  brings second "$SECOND"
}

@test "the only increment of a full comes back without its signatures" {
  remove "to.$THIRD."
  remove "to.$SECOND."
  remove "new-signatures.$FULL.to.$FIRST"
  brings first
  brings first "$FIRST"
}

@test "an increment that was killed is passed over, and said" {
  remove "to.$THIRD.manifest"
  run restore "$host" fetch file out
  expect 0 "passed over $THIRD: never finished"
  [ "$(cat out)" = second ]
}

@test "two increments of one set: duplicity would bring the full in place of the first one" {
  # what a machine writes that went back to an older state
  rm -rf "$WORLD/host/archive/$host"
  remove "$THIRD"
  remove "$SECOND"
  mkdir -p moved
  s3 "$target/" "$FIRST" moved <<'PY'
prefix, part, into = sys.argv[1:]
for one in s3.list_objects_v2(Bucket="acme-backups", Prefix=prefix)["Contents"]:
    if part in one["Key"]:
        open(os.path.join(into, os.path.basename(one["Key"])), "wb").write(s3.get_object(Bucket="acme-backups", Key=one["Key"])["Body"].read())
        for version in s3.list_object_versions(Bucket="acme-backups", Prefix=one["Key"])["Versions"]:
            s3.delete_object(Bucket="acme-backups", Key=one["Key"], VersionId=version["VersionId"])
PY
  full=$((NOW - 4 * DAY))
  # the reader's key stands for the host's archive directory, which is gone here
  GNUPGHOME=$HOME/.config/rollcall-restore/$host/gnupg AWS_ACCESS_KEY_ID=AKIAHOST AWS_SECRET_ACCESS_KEY=x PASSPHRASE='' \
    /usr/bin/duplicity incremental --use-agent --current-time "$second" --archive-dir "$WORLD/host/archive" --name "$host" \
    --encrypt-key "$(cat "$WORLD/web.fpr")" --no-print-statistics --allow-source-mismatch --gpg-options=--trust-model=always \
    --s3-endpoint-url="$ENDPOINT" --s3-region-name=eu-west-1 tree "boto3+s3://acme-backups/$target" >said 2>&1 || { tail said && false; }
  s3 "$target/" moved "$((first + 60))" <<'PY'
prefix, source, then = sys.argv[1:]
clock = os.environ["WORLD"] + "/clock"
open(clock, "w").write(then)
for name in os.listdir(source):
    s3.put_object(Bucket="acme-backups", Key=prefix + name, Body=open(os.path.join(source, name), "rb").read())
os.remove(clock)
PY
  run restore "$host" status
  expect 0 "$FIRST" "duplicity takes $SECOND in its place"
  run restore "$host" fetch file no "$FIRST"
  expect 6 "duplicity takes $SECOND in its place" "restore-set $host $FIRST DIR"
  brings third "$SECOND"
  restore-set "$host" "$FIRST" set
  restore "$host" --from set fetch file out-first
  [ "$(cat out-first)" = first ]
}

@test "restore-set brings the chain of an increment, by the oldest version of each object" {
  s3 "$target/" "$FIRST" <<'PY'
prefix, part = sys.argv[1:]
for one in s3.list_objects_v2(Bucket="acme-backups", Prefix=prefix)["Contents"]:
    if f"to.{part}.vol" in one["Key"]:
        s3.put_object(Bucket="acme-backups", Key=one["Key"], Body=b"rubbish")
PY
  remove "to.$SECOND.manifest"
  run restore-set "$host" --list
  expect 0 "$FULL" "$FIRST" "1 OVERWRITTEN" "increment of $FIRST" "1 hidden"
  run restore-set "$host" "$SECOND" set
  expect 0 "overwritten" "$SECOND: a chain of 3 sets"
  [[ $output != *restore-plain* ]]
  [ -z "$(ls set | grep "$THIRD")" ]
  restore "$host" --from set all all
  [ "$(cat all/file)" = second ]
  cmp large-second <(sha256sum <all/large)
  restore "$host" --from set fetch file out "$FIRST"
  [ "$(cat out)" = first ]
}

@test "restore-plain says of an increment what does restore it" {
  restore-set "$host" "$FIRST" set
  run restore-plain set "$FIRST" out
  expect 3 "is an increment" "restore HOST --from"
}

# brings_all COMMAND...: everything as of the third increment, although the list could not be compared
brings_all() {
  rm -rf all
  run "$@"
  expect 0 'all: a directory with'
  [[ $output != *Traceback* ]]
  diff -r tree all
  [ ! -e all.lost ]
}

@test "damaged signatures of an increment: all comes back, and --keep-going loses nothing" {
  restore-set "$host" "$THIRD" set
  d3=$("$BATS_TEST_DIRNAME/duplicity3-venv" 2>/dev/null) || d3=''
  for program in '' ${d3:+"$d3"}; do
    export ROLLCALL_DUPLICITY=$program
    for one in "$FIRST.to.$SECOND" "$SECOND.to.$THIRD"; do
      for how in flipped half empty absent; do
        rm -rf bad && cp -r set bad
        signatures=bad/duplicity-new-signatures.$one.sigtar.gpg
        case $how in
          flipped) printf x | dd of="$signatures" bs=1 seek=$(($(stat -c %s "$signatures") / 2)) conv=notrunc status=none ;;
          half) truncate -s $(($(stat -c %s "$signatures") / 2)) "$signatures" ;;
          empty) : >"$signatures" ;;
          absent) rm "$signatures" ;;
        esac
        brings_all restore "$host" --from bad all all
        [[ $output == *'could not be compared'* ]]
        run restore "$host" --from bad list
        expect 6 'fetch and all still work'
        [[ $one == *"$THIRD" && $how == [ea]* ]] || continue
        brings_all restore "$host" --from bad all all --keep-going
        rm -f out
        run restore "$host" --from bad fetch file out
        expect 0
        [ "$(cat out)" = third ]
      done
    done
  done
  unset ROLLCALL_DUPLICITY
  # in S3 nothing can stand in for what is not there
  remove "new-signatures.$SECOND.to.$THIRD"
  run restore "$host" all no
  expect 6 'it has no signatures' "restore $host all OUT $THIRD --keep-going"
  brings_all restore "$host" all all "$THIRD" --keep-going
}

@test "what lacks a volume in a directory: the hint does not lead back to the download" {
  restore-set "$host" "$THIRD" set
  rm set/*"to.$THIRD.vol1"*
  run restore "$host" --from set all no
  expect 6 "restore $host --from DIR all OUT $THIRD --keep-going"
  [[ $output != *restore-set* ]]
}
