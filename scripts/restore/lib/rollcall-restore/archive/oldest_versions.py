"""One set as it was first written: the oldest version of each object, checked against the manifest.

A host's key can only add versions, so whatever an intruder uploads over a finished backup is
younger than the genuine object. The oldest version of each key is therefore taken; a volume whose
bytes do not match the manifest is tried in its other versions, oldest first (a resumed run writes
its last volume twice).
"""

import hashlib
import os
import re

from ages import set_time
from names import parse_name
from openpgp import Decrypted
from show import DAMAGED, NOT_FOUND, PROGRESS, Stop, age, moment, name, say, size

# Within one run the manifest is written last and nothing is written after it.
AFTER_MANIFEST = 5 * 60
# A name later than its own upload by more than this is no honest clock.
CLOCK_SLACK = 5 * 60
# A full that took longer than this from its name to its manifest was resumed or forged.
LONGEST_RUN = 36 * 3600


def versions_by_name(versions, before=None):
    """{name: [real versions, oldest first]} of what duplicity wrote, and {name: [delete markers]}."""
    real, markers = {}, {}
    for one in versions:
        if parse_name(one.name) is None or (before is not None and one.modified > before):
            continue
        (markers if one.size is None else real).setdefault(one.name, []).append(one)
    for found in real.values():
        # S3 lists versions newest first; the reversal keeps that order among equal times
        found.reverse()
        found.sort(key=lambda v: v.modified)
    return real, markers


def without_strangers(real):
    """Where a name exists with .gpg, its other spellings are not what the host wrote."""
    return {t: v for t, v in real.items() if t.endswith(".gpg") or f"{t.removesuffix('.gz')}.gpg" not in real}


def describe_all(store, host, before, now):
    """One line for each set that ever had an object here, hidden ones too."""
    real, markers = versions_by_name(store.versions("duplicity-"), before)
    real = without_strangers(real)
    sets = {}
    for text, found in real.items():
        parsed = parse_name(text)
        sets.setdefault((parsed.time, parsed.start), {})[text] = found
    if not sets:
        raise Stop(NOT_FOUND, f"no version of any backup of {host} is in {store.place}", "check bucket and prefix in the profile")
    print(f"{'SET':<17}  {'AGE':<12}  {'VOLUMES':>7}  {'SIZE':>9}  NOTES")
    for time, start in sorted(sets, key=lambda one: (one[0], one[1] or 0)):
        objects = sets[time, start]
        oldest = {t: found[0] for t, found in objects.items()}
        volumes = [o for t, o in oldest.items() if parse_name(t).kind == "volume"]
        manifest = next((o for t, o in oldest.items() if parse_name(t).kind == "manifest"), None)
        kind = [] if start is None else [f"increment of {set_time(start)}"]
        notes = []
        if manifest is None:
            notes.append("no manifest")
        elif manifest.modified - time > LONGEST_RUN or time - manifest.modified > CLOCK_SLACK:
            notes.append(f"MANIFEST WRITTEN {moment(manifest.modified)}")
        changed = [t for t, found in objects.items() if len({v.etag for v in found}) > 1]
        if changed:
            notes.append(f"{len(changed)} OVERWRITTEN")
        gone = [t for t in objects if any(not m.hidden for m in markers.get(t, ()))]
        if gone:
            notes.append(f"{len(gone)} hidden")
        total = sum(v.size for v in volumes)
        print(f"{set_time(time):<17}  {age(now - time):<12}  {len(volumes):>7}  {size(total):>9}  {', '.join(kind + (notes or ['untouched' if store.keeps_versions else 'as it is now']))}")


def download_chain(store, host, time, out, before=None):
    """Fills the new directory `out` with the set and all that it builds on; returns the numbers of volumes and of
    sets, and the doubts that remain (empty: every byte is vouched for)."""
    wanted = set_time(time)
    versions = store.versions(f"duplicity-full.{wanted}.") + store.versions(f"duplicity-full-signatures.{wanted}.")
    # not a full: then which other sets it builds on, the names of all tell
    versions = versions or store.versions("duplicity-")
    real, markers = versions_by_name(versions, before)
    sets = {}
    for text, found in without_strangers(real).items():
        parsed = parse_name(text)
        sets.setdefault(parsed.time, {}).setdefault(parsed.start, {})[text] = found
    chain, link = [], time
    while True:
        if link not in sets:
            raise Stop(NOT_FOUND, f"no object of the set {set_time(link)} is in {store.place}", f"see what is there: restore-set {host} --list")
        # of several sets of one time the one that was there first is the genuine one
        start = min(sets[link], key=lambda one: min(found[0].modified for found in sets[link][one].values()))
        chain.insert(0, (link, sets[link][start]))
        if start is None:
            break
        if start >= link:
            raise Stop(DAMAGED, f"the set {set_time(link)} claims to build on a later one", "choose another set")
        link = start
    count, doubts = 0, []
    for link, objects in chain:
        volumes, found = download_set(store, host, link, objects, markers, out)
        count += volumes
        doubts += found
    return count, len(chain), doubts


def download_set(store, host, time, real, markers, out):
    """One set of it, by the versions of its objects."""
    wanted = set_time(time)
    manifest = next((t for t in real if parse_name(t).kind == "manifest"), None)
    if manifest is None:
        raise Stop(DAMAGED, f"the set {wanted} has no manifest in any version", f"choose another set: restore-set {host} --list")

    doubts = []
    first = real[manifest][0]
    if time - first.modified > CLOCK_SLACK:
        doubts.append(f"the set's name is {age(time - first.modified)} later than its upload: a wrong clock, or a forged set")
    if first.modified - time > LONGEST_RUN:
        doubts.append(
            f"the oldest manifest was written {age(first.modified - time)} after the set began"
            f" ({moment(first.modified)}): the genuine one may be gone, and the whole set forged"
        )

    store.download(first, os.path.join(out, manifest), "manifest")
    with open(os.path.join(out, manifest), "rb") as source:
        plain = Decrypted(source, manifest, manifest.endswith(".gpg"), host)
        text = plain.read()
        plain.close()
    hashes = volume_hashes(text)
    if not hashes:
        raise Stop(DAMAGED, f"the oldest manifest of {wanted} lists no volume", "choose another set")
    report_changes(real, markers, first)

    by_volume = {parse_name(t).volume: t for t in real if parse_name(t).kind == "volume"}
    for number in sorted(hashes):
        if number not in by_volume:
            doubts.append(f"volume {number} is in the manifest, but in no version in the bucket")
            continue
        text = by_volume[number]
        path = os.path.join(out, text)
        if not fetch_matching(store, real[text], path, hashes[number], f"volume {number} of {len(hashes)}", number):
            doubts.append(f"volume {number} matches the manifest in none of its {len(real[text])} versions: the oldest one was kept")
    for number in sorted(set(by_volume) - set(hashes)):
        say("note", f"volume {number} is not in the manifest and was left out")
    signatures = next((t for t in real if parse_name(t).kind == "signatures"), None)
    if signatures:
        store.download(real[signatures][0], os.path.join(out, signatures), "signatures")
        if real[signatures][0].modified > first.modified + AFTER_MANIFEST:
            doubts.append("the signatures were written after the manifest: do not trust the list of files (a restore does not need it)")
    PROGRESS.clear()
    return len(hashes), doubts


def volume_hashes(text):
    """{volume number: SHA-1 in hex}. Names in the manifest are quoted by duplicity, so no line can be forged by one."""
    hashes, number = {}, None
    for line in text.decode("utf-8", "replace").split("\n"):
        head = re.match(r"Volume (\d+):\Z", line)
        if head:
            number = int(head.group(1))
            hashes[number] = None
        found = re.match(r"    Hash SHA1 ([0-9a-f]{40})\Z", line)
        if found and number is not None:
            hashes[number] = found.group(1)
    return hashes


def report_changes(real, markers, manifest):
    """Tells which objects were touched after the set was finished."""
    for text in sorted(real, key=lambda t: (parse_name(t).volume or 0, t)):
        found = real[text]
        late = [v for v in found if v.modified > manifest.modified + AFTER_MANIFEST]
        if late and late[0] is found[0]:
            say("warning", f"late: {name(text)} was first written {moment(late[0].modified)}, after the set was finished")
        elif late:
            say("warning", f"overwritten {moment(late[-1].modified)}: {name(text)}; its oldest version is used")
        for marker in markers.get(text, ()):
            if not marker.hidden:
                say("note", f"hidden {moment(marker.modified)} by a delete marker: {name(text)}; its oldest version is used")


def fetch_matching(store, versions, path, wanted, label, number):
    """Leaves the first version with this SHA-1 at path (or, if none has it, the oldest) and says which it was."""
    for index, version in enumerate(versions):
        attempt = f"{path}.{index}"
        store.download(version, attempt, label)
        if sha1(attempt) == wanted:
            os.replace(attempt, path)
            if index:
                say("note", f"volume {number}: its version {index + 1} of {len(versions)} is the one that the manifest lists")
                for other in range(index):
                    os.unlink(f"{path}.{other}")
            return True
    os.replace(f"{path}.0", path)
    for other in range(1, len(versions)):
        os.unlink(f"{path}.{other}")
    return False


def sha1(path):
    digest = hashlib.sha1()
    with open(path, "rb") as source:
        for block in iter(lambda: source.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
