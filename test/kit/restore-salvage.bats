#!/usr/bin/env bats
# A damaged backup: what can be had comes back as it was, and what cannot is listed, file by file.

load restore-world

setup_file() {
  world
  mkdir -p "$WORLD/tree/many" "$WORLD/tree/z"
  head -c 1500000 /dev/urandom >"$WORLD/tree/large"
  # a multiple of a part of duplicity's, twice the size of a volume
  head -c 2097152 /dev/urandom >"$WORLD/tree/many/b-even"
  for i in {1..60}; do head -c 20000 /dev/urandom >"$WORLD/tree/many/$i"; done
  echo odd >"$WORLD/tree/z/"$'new\nline'
  head -c 100000 /dev/urandom >"$WORLD/tree/z/it's \"\$HOME\""
  head -c 900000 /dev/urandom >"$WORLD/tree/z/last"
  ln -s ../large "$WORLD/tree/z/link"
  mkdir -p "$WORLD/tree/closed/deep"
  echo inside >"$WORLD/tree/closed/deep/file"
  chmod 000 "$WORLD/tree/closed/deep" "$WORLD/tree/closed"
  chmod 555 "$WORLD/tree"
  export FULL=$((NOW - 86400 - 7200))
  backup "$FULL" "$WORLD/tree" boto3+s3://acme-backups/web
  SET=$(set_time "$FULL")
  export SET
  cp -a "$WORLD/tree" "$WORLD/tree1"
  echo changed >"$WORLD/tree/many/1"
  backup $((NOW - 86400)) "$WORLD/tree" boto3+s3://acme-backups/web incremental
  INC=$(set_time $((NOW - 86400)))
  export INC
  add_web
  unlock
  s3 "$SET" <<'PY'
keys = [o["Key"] for o in s3.list_objects_v2(Bucket="acme-backups", Prefix="web/")["Contents"]]
os.makedirs(os.environ["WORLD"] + "/set")
for key in keys:
    s3.download_file("acme-backups", key, os.environ["WORLD"] + "/set/" + key[4:])
PY
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  export GNUPGHOME=$HOME/.config/rollcall-restore/web/gnupg
  cp -r "$WORLD/set" set
}

volume() { echo "set/duplicity-full.$SET.vol$1.difftar.gpg"; }

# flip N: one bit in the middle of volume N
flip() { printf 'x' | dd of="$(volume "$1")" bs=1 seek=5000 conv=notrunc status=none; }

# all_or_listed TREE: each file of it is in ./out as it was, or in out.lost; never both, never otherwise
all_or_listed() {
  /usr/bin/python3 - "$1" <<'PY'
import os, subprocess, sys
tree = sys.argv[1]
lines = open("out.lost").read().splitlines()
listed = {subprocess.run(["bash", "-c", "printf %s " + line], capture_output=True).stdout.decode() for line in lines if " " not in line.replace("\\ ", "") or line.startswith("$'")}
good = lost = 0
for folder, folders, files in os.walk(tree):
    for one in files:
        path = os.path.relpath(os.path.join(folder, one), tree)
        there = os.path.join("out", path)
        if os.path.lexists(there):
            assert path not in listed, f"{path} is there and listed"
            same = os.readlink(there) == os.readlink(os.path.join(tree, path)) if os.path.islink(there) else open(there, "rb").read() == open(os.path.join(tree, path), "rb").read()
            assert same, f"{path} is not as it was"
            good += 1
        else:
            assert path in listed, f"{path} is neither there nor listed"
            lost += 1
print(f"{good} there, {lost} lost")
assert good and lost
PY
}

@test "each volume in turn damaged: all the others' files come back, and the lost ones are listed" {
  count=$(find set -name "duplicity-full.$SET.vol*" | wc -l)
  [ "$count" -ge 5 ]
  for ((n = 1; n <= count; n++)); do
    rm -rf set out out.lost
    cp -r "$WORLD/set" set
    if ((n % 2)); then flip "$n"; else rm "$(volume "$n")"; fi
    run restore-plain --keep-going set "$SET" out
    expect 9 "1 of $count volumes are lost" 'out.lost'
    all_or_listed "$WORLD/tree1"
  done
}

@test "an ordinary user: what lies in directories that nobody may enter is there, and not listed as lost" {
  flip 2
  for_nobody
  cp -r set nobody/set
  chown -R nobody nobody/set
  as_nobody set-passphrase web <<<"$PASS"
  run as_nobody env GNUPGHOME="$BATS_TEST_TMPDIR/nobody/.config/rollcall-restore/web/gnupg" restore-plain --keep-going set "$SET" out
  expect 9 '1 of ' 'out.lost'
  [[ $output != *'find: '* ]]
  [ "$(stat -c %a nobody/out nobody/out/closed nobody/out/closed/deep | paste -sd ' ')" = '555 0 0' ]
  run as_nobody restore web --from set all out2 "$SET" --keep-going
  as_nobody remove-passphrase web
  expect 9 'out2.lost'
  [ "$(stat -c %a nobody/out2 nobody/out2/closed | paste -sd ' ')" = '555 0' ]
  cd nobody
  all_or_listed "$WORLD/tree1"
}

@test "signatures that are empty, garbage or half there: duplicity alone restores nothing, restore all of it" {
  signatures=$(ls set/*full-signatures*)
  for how in empty garbage half; do
    case $how in
      empty) : >"$signatures" ;;
      garbage) head -c 4000 /dev/urandom >"$signatures" ;;
      half) head -c 3000 "$WORLD/$signatures" >"$signatures" ;;
    esac
    status=0
    PASSPHRASE=$PASS timeout 60 /usr/bin/duplicity restore --archive-dir bare --name "$how" --time "$FULL" "file://$PWD/set" alone >said 2>&1 || status=$?
    [ "$status" = 31 ] && [ ! -e alone ]
    for words in "all out $SET" "all out $INC" "all out $SET --keep-going"; do
      # shellcheck disable=SC2086
      run restore web --from set $words
      expect 0 'out: a directory with'
      [[ $output != *Traceback* && $output != *'not complete'* ]]
      [[ $words == *--keep-going || $output == *'the list of files could not be compared'* ]]
      [[ $words == *"$INC" ]] || same_tree "$WORLD/tree1" out times
      rm -rf out
    done
    run restore web --from set list "$SET"
    expect 6 'hint:'
    [[ $output != *Traceback* ]]
  done
}

@test "two volumes at once, and no signatures: the paths between which things are lost" {
  flip 2
  flip 5
  rm set/*signatures*
  run restore-plain --keep-going set "$SET" out
  expect 9 '2 of ' 'no signatures'
  grep -q 'volume 2: .*StartingPath' out.lost
  grep -q 'volume 5: .*EndingPath' out.lost
}

@test "a whole set with --keep-going is restored as ever" {
  run restore-plain --keep-going set "$SET" out
  expect 0 'all checksums right'
  [ ! -e out.lost ]
  same_tree "$WORLD/tree1" out times
}

@test "without --keep-going nothing is restored, and the hint leads on, from S3 and from a directory alike" {
  flip 2
  run restore-plain set "$SET" out
  expect 6 'nothing was restored' 'restore-plain --keep-going'
  [ ! -e out ]
  run restore web --from set all out "$SET"
  expect 6 'does not match its checksum' "restore web --from DIR all OUT $SET --keep-going"
  rm -rf out out.partial
  run restore web --from set all out "$SET" --keep-going
  expect 9 'volumes are lost'
  all_or_listed "$WORLD/tree1"
}

@test "restore all --keep-going takes what is in S3, in the best versions of it" {
  s3 "$SET" <<'PY'
key = f"web/duplicity-full.{sys.argv[1]}.vol3.difftar.gpg"
for one in s3.list_object_versions(Bucket="acme-backups", Prefix=key)["Versions"]:
    s3.delete_object(Bucket="acme-backups", Key=key, VersionId=one["VersionId"])
s3.put_object(Bucket="acme-backups", Key=key, Body=b"rubbish")
PY
  run restore web all out "$SET" --keep-going
  expect 9 'volumes are lost'
  all_or_listed "$WORLD/tree1"
  # an increment upon it: the same, and what came after is named
  rm -rf out out.lost
  run restore web all out "$INC" --keep-going
  expect 9
  grep -q "after the set $SET, in: $INC" out.lost
  [ -z "$(find . -name '*.partial*')" ]
}

@test "restore all --keep-going as docs/restore.md has it, without an age, where a volume is gone" {
  s3 "$SET" <<'PY'
key = f"web/duplicity-full.{sys.argv[1]}.vol3.difftar.gpg"
for one in s3.list_object_versions(Bucket="acme-backups", Prefix=key)["Versions"]:
    s3.delete_object(Bucket="acme-backups", Key=key, VersionId=one["VersionId"])
PY
  run restore web all out --keep-going
  expect 9 'volumes are lost'
  all_or_listed "$WORLD/tree1"
  grep -q "after the set $SET, in: $INC" out.lost
}

@test "a damaged increment: the state before it" {
  printf 'x' | dd of="$(ls set/duplicity-inc.*vol1*)" bs=1 seek=300 conv=notrunc status=none
  run restore web --from set all out "$INC" --keep-going
  expect 9
  same_tree "$WORLD/tree1" out times
  grep -q "after the set $SET, in: $INC" out.lost
}

@test "root with --no-owner: all that is salvaged belongs to root, in a chain too" {
  [ "$(id -u)" -eq 0 ] || skip "needs root"
  chown -R 1234:4321 "$WORLD/tree1"
  backup $((NOW - 3600)) "$WORLD/tree1" boto3+s3://acme-backups/office/nas/owned full
  s3 office/nas/owned/ <<'PY'
os.makedirs("owned")
for one in s3.list_objects_v2(Bucket="acme-backups", Prefix=sys.argv[1])["Contents"]:
    s3.download_file("acme-backups", one["Key"], "owned/" + one["Key"].rpartition("/")[2])
PY
  one=$(set_time $((NOW - 3600)))
  printf x | dd of="owned/duplicity-full.$one.vol2.difftar.gpg" bs=1 seek=5000 conv=notrunc status=none
  for words in "restore-plain --keep-going owned $one out" "restore web --from owned all out $one --keep-going"; do
    run $words
    expect 9
    [ -n "$(find out -uid 1234)" ]
    rm -rf out out.lost
  done
  for words in "restore-plain --keep-going --no-owner owned $one out" "restore-plain --no-owner --keep-going owned $one out" \
    "restore web --from owned all out $one --keep-going --no-owner"; do
    run $words
    expect 9
    [ -z "$(find out ! -uid 0 -o ! -gid 0)" ] && [ -n "$(find out -type f -size +60k)" ]
    rm -rf out out.lost
  done
  run restore-plain --no-owners owned "$one" out
  expect 2 'unknown option'
}
