#!/usr/bin/env bats
# After a break-in: the oldest versions restore what the host had, and what was altered is named.

load restore-world

setup_file() {
  world
  nasty_tree "$WORLD/tree"
  good=$((NOW - 86400 - 3600))
  backup "$good" "$WORLD/tree"
  GOOD=$(set_time "$good")
  FORGED=$(set_time $((NOW - 1800)))
  RESUMED=$(set_time $((NOW - 3 * 86400 - 3600)))
  export GOOD FORGED RESUMED
  # a run that was killed and went on later writes its last volume twice; only the second one counts
  backup $((NOW - 3 * 86400 - 3600)) "$WORLD/tree/etc"
  s3 "$RESUMED" <<'PY'
key = f"web/duplicity-full.{sys.argv[1]}.vol1.difftar.gpg"
whole = s3.get_object(Bucket="acme-backups", Key=key)["Body"].read()
versions = s3.list_object_versions(Bucket="acme-backups", Prefix=key)["Versions"]
for one in versions:
    s3.delete_object(Bucket="acme-backups", Key=key, VersionId=one["VersionId"])
clock = os.environ["WORLD"] + "/clock"
for seconds, body in ((0, whole[:100]), (60, whole)):
    open(clock, "w").write(str(int(os.environ["NOW"]) - 3 * 86400 - 3590 + seconds))
    s3.put_object(Bucket="acme-backups", Key=key, Body=body)
os.remove(clock)
PY
  # the intruder has the host, so the host's public key and its upload rights
  mkdir "$WORLD/evil"
  echo owned >"$WORLD/evil/passwd"
  backup $((NOW - 1800)) "$WORLD/evil" "file://$WORLD/forged"
  s3 "$GOOD" "$FORGED" <<'PY'
import glob
good, forged = sys.argv[1:]
put = lambda name, body: s3.put_object(Bucket="acme-backups", Key="web/" + name, Body=body)
for path in glob.glob(os.environ["WORLD"] + "/forged/*"):
    body, name = open(path, "rb").read(), os.path.basename(path)
    put(name, body)                          # a newer set that looks like the host's own
    put(name.replace(forged, good), body)    # and the genuine one, overwritten whole
put(f"duplicity-full.{good}.vol3.difftar.gpg", b"rubbish")
put(f"duplicity-full.{good}.vol2.difftar.gz", b"second spelling")
s3.delete_object(Bucket="acme-backups", Key=f"web/duplicity-full.{good}.vol4.difftar.gpg")
PY
  add_web
  unlock
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  export GNUPGHOME=$HOME/.config/rollcall-restore/web/gnupg
}

@test "status sees that duplicity would die here, without duplicity" {
  run restore web status
  expect 0 "$GOOD" "vol2.difftar.gz" "make duplicity itself stop"
}

@test "restore does not start on such a place, and says what to do" {
  run restore web fetch etc/passwd out
  expect 6 "make duplicity stop" "restore-set web"
  [ ! -e out ]
}

@test "restore-set --list tells the touched sets from the untouched" {
  run restore-set web --list
  expect 0
  grep -q "^$GOOD .*OVERWRITTEN, 1 hidden" <<<"$output"
  grep -q "^$FORGED .*untouched" <<<"$output"
}

@test "restore-set takes the oldest versions, names what was changed, and the restore is genuine" {
  run restore-set web "$GOOD" set
  expect 0 "overwritten" "vol3.difftar.gpg" "hidden" "vol4.difftar.gpg" "match the manifest's checksums"
  run restore web --from set all out
  expect 0
  same_tree "$WORLD/tree" out
}

@test "restore-plain gives the same bytes without duplicity or Python" {
  restore-set web "$GOOD" set
  mkdir only
  for program in bash sh env gpg gpg-agent gpgconf tar awk grep sed cat ls find sort sha1sum mkdir mv rm chmod chown touch dirname cut wc id readlink stat; do
    ln -s "$(command -v "$program")" only/
  done
  PATH=$PWD/only run "$kit/bin/restore-plain" set "$GOOD" plain
  expect 0 "all checksums right"
  same_tree "$WORLD/tree" plain no-times-of-directories
}

@test "restore-plain as an ordinary user gives modes, times and content" {
  [ "$(id -u)" -eq 0 ] || skip "needs root, to become somebody else"
  restore-set web "$GOOD" set
  local up=$BATS_TEST_TMPDIR
  while [ "$up" != /tmp ] && [ "$up" != / ]; do
    chmod o+x "$up"
    up=$(dirname "$up")
  done
  mkdir -m 700 theirs
  cp -a "$GNUPGHOME" theirs/gnupg
  rm -f theirs/gnupg/S.*
  mv set theirs/
  cp "$kit/bin/restore-plain" theirs/
  chown -R nobody theirs
  run runuser -u nobody -- env -C "$PWD/theirs" HOME="$PWD/theirs" GNUPGHOME="$PWD/theirs/gnupg" ./restore-plain set "$GOOD" out <<<"$PASS"
  expect 0 "all checksums right"
  [ "$(stat -c '%a %U' theirs/out/locked)" = "555 nobody" ]
  [ -z "$(pgrep -u nobody -x gpg-agent -r S,R)" ]
  chmod -R u+rwX theirs/out
  diff -r --no-dereference -x fifo "$WORLD/tree" theirs/out
}

@test "a damaged volume is found before anything is unpacked" {
  restore-set web "$GOOD" set
  printf damaged! | dd of="set/duplicity-full.$GOOD.vol2.difftar.gpg" bs=1 seek=500 conv=notrunc status=none
  run restore-plain set "$GOOD" out
  expect 6 "volume 2 does not match its checksum" "restore-set"
  [ ! -e out ] && [ ! -e out.partial ]
  run restore web --from set all half
  expect 6 "does not match its checksum" "half.partial"
  [ ! -e half ] && [ -d half.partial ]
  rm "set/duplicity-full.$GOOD.vol2.difftar.gpg"
  run restore-plain set "$GOOD" out
  expect 6 "volume 2 is missing"
}

@test "a volume that a resumed run wrote again is found by its checksum" {
  run restore-set web "$RESUMED" set
  expect 0 "its version 2 of 2 is the one that the manifest lists"
  run restore web --from set fetch passwd out
  expect 0
}

@test "--before leaves out what is younger" {
  run restore-set web --list --before "$(set_time $((NOW - 2 * 86400)))"
  expect 0 "$RESUMED"
  [[ $output != *"$GOOD"* ]]
  run restore-set web "$FORGED" set --before 1h
  expect 3 "no object of the set $FORGED"
}

@test "a whole set uploaded long after its name is doubted, and kept" {
  old=$(set_time $((NOW - 9 * 86400)))
  s3 "$old" "$FORGED" <<'PY'
import glob
old, forged = sys.argv[1:]
for path in glob.glob(os.environ["WORLD"] + "/forged/*"):
    s3.put_object(Bucket="acme-backups", Key="web/" + os.path.basename(path).replace(forged, old), Body=open(path, "rb").read())
PY
  run restore-set web "$old" set
  expect 6 "after the set began" "do not trust it blindly"
  [ -e "set/duplicity-full.$old.manifest.gpg" ]
}

@test "nothing is overwritten, and a set that is not there leaves nothing" {
  mkdir there
  run restore-set web "$GOOD" there
  expect 5
  run restore-set web 20200101T000000Z gone
  expect 3 "restore-set web --list"
  [ ! -e gone ] && [ ! -e gone.partial ]
  run restore-set web yesterday gone
  expect 2
  for words in "there $GOOD there" "nowhere $GOOD out" "there nonsense out" "there $GOOD no/such/out"; do
    # shellcheck disable=SC2086
    run restore-plain $words
    [ "$status" -ne 0 ]
    [[ $output == *hint:* ]]
  done
  [ -z "$(ls -A there)" ]
}

# forge MEMBER...: ./linked, a set of the intruder's own making, encrypted to the host's key: NAME/ or NAME=TEXT or NAME->TARGET
forge() {
  rm -rf linked && mkdir linked
  GNUPGHOME=$WORLD/keys/web /usr/bin/python3 - "$GOOD" "$(cat "$WORLD/web.fpr")" "$@" <<'PY'
import hashlib, io, subprocess, sys, tarfile
stamp, fpr, *members = sys.argv[1:]
def archive(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for one in members:
            name, arrow, target = one.partition("->")
            name, equals, text = name.partition("=")
            info = tarfile.TarInfo("snapshot/" + name.rstrip("/"))
            info.mode, info.mtime, info.linkname, info.size = 0o755, 1700000000, target, len(text)
            info.type = tarfile.SYMTYPE if arrow else tarfile.REGTYPE if equals else tarfile.DIRTYPE
            tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()
def put(name, data):
    subprocess.run(["gpg", "--batch", "--quiet", "--trust-model", "always", "--encrypt", "--recipient", fpr, "--output", f"linked/{name}.gpg"], input=data, check=True)
put(f"duplicity-full.{stamp}.vol1.difftar", archive(members))
sha = hashlib.sha1(open(f"linked/duplicity-full.{stamp}.vol1.difftar.gpg", "rb").read()).hexdigest()
put(f"duplicity-full.{stamp}.manifest", f"Hostname web\nLocaldir /\nVolume 1:\n    StartingPath   .\n    EndingPath   z\n    Hash SHA1 {sha}\n".encode())
put(f"duplicity-full-signatures.{stamp}.sigtar", archive([""]))
PY
}

# stays_inside: duplicity, which follows links, writes nothing out of OUT, and it is said
stays_inside() {
  local outside=$BATS_TEST_TMPDIR/outside words
  mkdir -p "$outside" deep
  # alone it does
  forge / "a->$outside" a/b=evil
  PASSPHRASE=$PASS "${ROLLCALL_DUPLICITY:-/usr/bin/duplicity}" restore --archive-dir "$PWD/bare" "file://$PWD/linked" alone >said 2>&1
  [ "$(cat "$outside/b")" = evil ]
  rm -r "$outside/b" bare alone
  for members in "a->$outside a/b=evil" "a->../../../outside a/c/ a/c/d=evil" "a/ a/b->$outside a/b/c=evil" "a->$outside a/b->/etc/passwd"; do
    # shellcheck disable=SC2086
    forge / $members
    for words in 'all deep/out' 'fetch a deep/out' 'all deep/out --keep-going'; do
      [[ $words == 'all deep/out' || $members == *a/b=evil ]] || continue
      # shellcheck disable=SC2086
      run restore web --from linked $words
      expect 6 'hint:'
      # tar refuses by itself
      [[ $words == *--keep-going || $output == *'is forged'* ]]
      [ -z "$(ls -A "$outside")" ] && [ ! -e deep/out ]
      rm -rf deep/out*
    done
  done
  forge / "a->$outside" b/ b/c=text "b/d->../a"
  run restore web --from linked all deep/out
  expect 0
  [ "$(cat deep/out/b/c)" = text ] && [ "$(readlink deep/out/a)" = "$outside" ]
  rm -r deep/out
  forge / ../../x=evil
  run restore web --from linked all deep/out
  expect 1
  [ -z "$(find . -name x)" ]
  rm -r "$outside" deep
}

@test "a forged set with links leads duplicity nowhere out of OUT" { stays_inside; }

@test "a forged set with links leads duplicity 3 nowhere out of OUT" {
  ROLLCALL_DUPLICITY=$("$BATS_TEST_DIRNAME/duplicity3-venv" 2>/dev/null) || skip "no duplicity 3 here (test/kit/duplicity3-venv)"
  export ROLLCALL_DUPLICITY
  stays_inside
}
