#!/usr/bin/env bats
# lib/rollcall-restore/archive: names, ages, text and checksums, each on its own.

load restore-stubs

python() { PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$kit/lib/rollcall-restore/archive /usr/bin/python3 "$@"; }

@test "only the spellings that duplicity writes count" {
  python - <<'PY'
from names import is_tolerated, parse_name
t = "20261123T031502Z"
assert parse_name(f"duplicity-full.{t}.vol12.difftar.gpg").volume == 12
assert parse_name(f"duplicity-full.{t}.manifest.gpg").kind == "manifest"
assert parse_name(f"duplicity-full-signatures.{t}.sigtar.gpg").kind == "signatures"
assert parse_name(f"duplicity-full.{t}.vol1.difftar.gz").encrypted is False
assert parse_name(f"duplicity-inc.{t}.to.20261124T031502Z.vol1.difftar.gpg").start is not None
for odd in ("vol0.difftar.gpg", "vol01.difftar.gpg", "vol1.difftar.gpg.bak", "vol1.difftar.zst", "manifest.gpg.old"):
    assert parse_name(f"duplicity-full.{t}.{odd}") is None and is_tolerated(f"duplicity-full.{t}.{odd}"), odd
for foreign in ("x", "duplicity-full.20261345T996199Z.manifest.gpg", f"duplicity-full.{t}.vol-1.difftar.gpg", f"duplicity-full.{t}.manifest.gpg\n", f"xduplicity-full.{t}.manifest.gpg"):
    assert parse_name(foreign) is None, foreign
PY
}

@test "no name is read otherwise than duplicity 0.8.22 read it" {
  python - "$BATS_TEST_DIRNAME/../fixtures/names/duplicity-0.8.22.jsonl" <<'PY'
import json, sys
from names import parse_name
kinds = {"full": "volume", "inc": "volume", "full-sig": "signatures", "new-sig": "signatures"}
read = 0
for line in open(sys.argv[1]):
    key, theirs = json.loads(line)
    ours = parse_name(key)
    if ours is None:
        continue
    kind, manifest, volume, time, start, end, encrypted = theirs[:7]
    assert ours.kind == ("manifest" if manifest else kinds[kind]), key
    assert (ours.volume, ours.start, ours.time, ours.encrypted) == (volume, start, time or end, encrypted), key
    read += 1
assert read > 60, read
PY
}

@test "ages count from now, days end at midnight of the reader's clock" {
  python - <<'PY'
import os, time
from ages import parse_age, parse_set_time, set_time
from show import Stop
os.environ["TZ"] = "Europe/Amsterdam"; time.tzset()
now = parse_set_time("20261123T120000Z")
assert parse_age("3D", now) == now - 3 * 86400
assert parse_age("1h30m", now) == now - 5400
assert parse_age("2W", now) == now - 14 * 86400
assert parse_age("now", now) == now
assert set_time(parse_age("2026-11-20", now)) == "20261120T225959Z"
assert set_time(parse_age("2026-07-20", now)) == "20260720T215959Z"
assert set_time(parse_age("2026-10-25", now)) == "20261025T225959Z"   # a day of 25 hours
assert set_time(parse_age("2026-11-20T10:00:00+00:00", now)) == "20261120T100000Z"
assert set_time(parse_age("20261120T021402Z", now)) == "20261120T021402Z"
for wrong in ("", "3", "D", "3d", "3 D", "20261345T996199Z", "2026-02-30", "9999-12-31", "-1D"):
    try:
        parse_age(wrong, now)
    except Stop as stop:
        assert stop.status == 2
    else:
        raise AssertionError(wrong)
PY
}

@test "names are printed so that no terminal is harmed and bash can take them back" {
  python - >names <<'PY'
import os, sys
from show import name
for raw in (b"plain name", "gr\u00fcn \u65e5\u672c".encode(), b"new\nline", b"esc\x1b[31m", b"\xff\xfe", b"back\\slash", b"it's\n", b"$'x'", "rtl\u202etxt".encode(), b" edge ", b"tab\there"):
    text = name(raw)
    assert text.isprintable(), text
    sys.stdout.write(text + "\n"); open("raw", "ab").write(raw + b"\0")
PY
  [ "$(sed -n 1p names)" = "plain name" ]
  [ "$(sed -n 2p names)" = "grün 日本" ]
  while IFS= read -r -d '' raw && IFS= read -r text <&5; do
    if [[ $text == "\$'"* ]]; then eval "back=$text"; else back=$text; fi
    [ "$back" = "$raw" ]
  done <raw 5<names
}

@test "MD4 and signatures agree with librsync's" {
  python - <<'PY'
import struct
from signatures import matches, md4
assert md4(b"").hex() == "31d6cfe0d16ae931b73c59d7e0c089c0"
assert md4(b"message digest").hex() == "d9130a8164549fe818874806e1c7014b"
assert md4(b"1234567890" * 8).hex() == "e33b4ddc9c38f2199c3e7b164fcc0536"
data = bytes(range(256)) * 40
open("file", "wb").write(data)
head = struct.pack(">III", 0x72730136, 512, 8)
good = head + b"".join(b"\0\0\0\0" + md4(data[at:at + 512])[:8] for at in range(0, len(data), 512))
assert matches(good, "file") == "signature"
assert matches(good[:-1] + b"x", "file") == "mismatch"
assert matches(good + b"\0" * 12, "file") == "mismatch"
assert matches(struct.pack(">III", 1, 512, 8), "file") == "none"
open("empty", "wb").close()
assert matches(head, "empty") == "signature"
assert matches(head, "file") == "mismatch"
PY
}

@test "the sources hold to the house's style" {
  command -v shellcheck >/dev/null && command -v shfmt >/dev/null || skip "needs shellcheck and shfmt"
  shellcheck -x -P "$kit/lib/rollcall-restore" "$kit"/lib/rollcall-restore/*.bash
  shfmt -d -i 2 -ci "$kit"/lib/rollcall-restore/*.bash
  [ -z "$(find "$kit" -name __pycache__)" ]
}

# plain_set TAR-ARGUMENT...: a set of one volume that is not encrypted, with these members
plain_set() {
  rm -rf plain && mkdir plain
  tar -cf plain/duplicity-full.20261120T021402Z.vol1.difftar "$@"
  printf 'Hostname web\nLocaldir /\nVolume 1:\n    Hash SHA1 %s\n' "$(sha1sum <plain/duplicity-full.20261120T021402Z.vol1.difftar | cut -d' ' -f1)" \
    >plain/duplicity-full.20261120T021402Z.manifest
}

@test "restore-plain takes any name for OUT" {
  mkdir -p snapshot
  echo x >snapshot/file
  plain_set snapshot
  for out in -odd $'new\nline' '$HOME' "it's" 'grün 日本' '*' "$(printf 'l%.0s' {1..240})"; do
    run restore-plain plain 20261120T021402Z "$out"
    expect 0 '1 entries from 1 volumes'
    [ "$(cat "./$out/file")" = x ]
    [ ! -e "./$out.partial" ]
  done
  ln -s nowhere link
  run restore-plain plain 20261120T021402Z link
  expect 5 'link exists'
}

@test "restore-plain follows no link of a forged set out of OUT" {
  mkdir -p outside snapshot multivol_snapshot/x/evil
  ln -s "$PWD/outside" snapshot/x
  echo evil >multivol_snapshot/x/evil/1
  plain_set snapshot multivol_snapshot
  run restore-plain plain 20261120T021402Z out
  expect 6 'may be forged'
  [ -z "$(ls outside)" ]
  rm -r snapshot
  ln -s "$PWD/outside" snapshot
  plain_set snapshot multivol_snapshot
  run restore-plain plain 20261120T021402Z out2
  expect 6 'may be forged'
  [ -z "$(ls outside)" ]
}
