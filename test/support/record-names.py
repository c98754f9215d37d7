#!/usr/bin/python3
"""Records how duplicity's own parser reads a few thousand names: canonical, odd and hostile.

    /usr/bin/python3 test/support/record-names.py > test/fixtures/names/duplicity-0.8.22.jsonl

One JSON line a name: [name, null | "dies" | "relative" | [type, manifest, volume, time, start, end,
encrypted, compressed, partial]]; times in seconds since 1970. "relative": the time depends on the
clock or the zone of the reader ("2D", "2026-11-23").
"""

import itertools
import json
import os
import random
import sys
import time

from duplicity import config, dup_time, file_naming

config.file_prefix = config.file_prefix_manifest = b""
config.file_prefix_archive = config.file_prefix_signature = b""
config.short_filenames = False


def reads(name, now, zone):
    os.environ["TZ"] = zone
    time.tzset()
    dup_time.setcurtime(now)
    try:
        pr = file_naming.parse(name.encode())
    except Exception:  # whatever it is, every duplicity command crashes on it
        return "dies"
    if pr is None:
        return None
    return [
        pr.type, bool(pr.manifest), pr.volume_number, pr.time, pr.start_time, pr.end_time,
        bool(pr.encrypted), bool(pr.compressed), bool(pr.partial),
    ]


TIMES = [
    "20261123T031502Z", "20261123T031502z", "20261123t031502Z", "20261123T031502X", "20260231T101010Z",
    "20261123T235961Z", "20261123T235962Z", "20261301T000000Z", "20261123T240000Z", "21000101T000000Z",
    "19000101T000000Z", "19010101T000000Z", "19700101T000000Z", "1563723842", "0", "00", "01", "2D", "1h30m", "2026-11-23",
    "11-23-2026", "20261123Z", "2026-11-22T22:26:02-05:00", "2026-11-22T22:26:02Z", "2026-11-22T22:26:02",
    "2026-11-22T22:26:02-04:30", "2026-11-22T22:26:02+05:30", "2026-11-22T22_26_02Z", "2026-11-23T03%3A15%3A02Z",
    "2026-1-2T3:4:5Z", "2026 1 2T 3 4 5Z", "2026+1+2T+3+4+5Z", "2026112３T031502Z", "", "x", "now", "NOW",
    "20261123T031502ZZ", "20261123T0315Z", "20261123T031502Z.to.20261124T031502Z", "2026\n1123T031502Z",
]
NUMBERS = ["1", "2", "10", "62", "1048", "0", "000", "01", "00010", "-1", "+1", "1.5", " 1", "", "1a", "１", "99999999999999999999"]
ENDS = ["", ".gpg", ".gz", ".g", ".z", ".bak", ".gpg.bak", ".gpg~", "~", ".part", ".part.gpg", ".gpg.part", ".p", ".p.g",
        ".zst", ".GPG", "\n", ".gpg\n", ".", "..", "gpg", "gz", ".xgz", ".tar.gz"]
SHORTS = ["toxqtp", "0", "1", "zzzzzz", "0toxqtp", "TOXQTP", "tox.qtp", "zzzzzzzzzzzzz"]


def names(rng):
    good = "20261123T031502Z"
    later = "20261124T031502Z"
    for end in ENDS:
        for number in NUMBERS:
            yield f"duplicity-full.{good}.vol{number}.difftar{end}"
            yield f"duplicity-inc.{good}.to.{later}.vol{number}.difftar{end}"
            yield f"df.toxqtp.{number}.dt{end}"
            yield f"di.toxqtp.toxqtq.{number}.dt{end}"
        for t in TIMES:
            yield f"duplicity-full.{t}.vol1.difftar{end}"
            yield f"duplicity-full.{t}.manifest{end}"
            yield f"duplicity-full-signatures.{t}.sigtar{end}"
            yield f"duplicity-inc.{good}.to.{t}.manifest{end}"
            yield f"duplicity-inc.{t}.to.{later}.vol3.difftar{end}"
            yield f"duplicity-new-signatures.{t}.to.{later}.sigtar{end}"
        for t in SHORTS:
            yield f"df.{t}.1.dt{end}"
            yield f"df.{t}.m{end}"
            yield f"dfs.{t}.st{end}"
            yield f"di.{t}.toxqtq.m{end}"
            yield f"dns.toxqtp.{t}.st{end}"
    yield from [
        "DUPLICITY-FULL.20261123T031502Z.vol1.difftar.gpg", "Duplicity-full.20261123T031502Z.manifest",
        "xduplicity-full.20261123T031502Z.vol1.difftar.gpg", "duplicity-full.20261123T031502Z.MANIFEST",
        "duplicity-inc.20261123T031502Z.vol1.difftar.gpg", "dir/duplicity-full.20261123T031502Z.vol1.difftar",
        "duplicity-full.20261123T031502Z.vol1.difftargpg", "duplicity-full.20261123T031502Z.vol1..difftar",
        "duplicity-full.a.manifest.vol1.difftar", "duplicity-full.20261123T031502Z.manifest.vol1.difftar",
        "duplicity-full.20261123T031502Z.vol1.difftar.manifest", ".DS_Store", "", "README.txt", "duplicity-full..manifest",
        "duplicity-full.1.to.2.manifest", "duplicity-inc.1.to.2.to.3.manifest", "duplicity-inc..to..to.3.vol1.difftar",
    ]
    alphabet = "0123456789.tovlmanifestdpugyr-TZ\n gz"
    seeds = ["duplicity-full.20261123T031502Z.vol12.difftar.gpg", "duplicity-inc.20261123T031502Z.to.20261124T031502Z.manifest.gpg",
             "duplicity-full-signatures.20261123T031502Z.sigtar.gpg", "df.toxqtp.12.dt.g", "dns.toxqtp.toxqtq.st.g"]
    for _ in range(1500):
        text = list(rng.choice(seeds))
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(text) + 1)
            what = rng.randrange(3)
            if what == 0:
                text.insert(at, rng.choice(alphabet))
            elif at < len(text):
                text[at:at + 1] = [] if what == 1 else [rng.choice(alphabet)]
        yield "".join(text)


ODD_TIMES = [
    "20261123T031502Z", "2026-11-22T22:26:02-05:00", "2026-11-22T22:26:02+05:30", "2026-1-2T03:04:005Z", "2026-11-23",
    "11-23-2026", "20261123Z", "2026/11/23", "1D2W3M4Y", "12D", "1563723842", "2026 1 2T 3 4 5Z", "2026_11_3T0_1_2_3Z",
]


def odd_times(rng):
    """Times one to three letters away from one that duplicity reads."""
    alphabet = "0123456789TZ:-+/_ DWMYdwmyhs.\n\u0663\uff11\U0001d7d7"
    for _ in range(4000):
        text = list(rng.choice(ODD_TIMES))
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(text) + 1)
            what = rng.randrange(3)
            text[at:at + (what != 0)] = [] if what == 1 else [rng.choice(alphabet)]
        yield f"duplicity-full.{''.join(text)}.vol1.difftar"


def main():
    seen = set()
    rng = random.Random(20261123)
    for name in itertools.chain(names(rng), odd_times(rng)):
        if name in seen:
            continue
        seen.add(name)
        first, second = reads(name, 1795405502, "UTC"), reads(name, 1795491903, "Asia/Kolkata")
        print(json.dumps([name, first if first == second else "relative"], separators=(",", ":")))


if __name__ == "__main__":
    sys.exit(main())
