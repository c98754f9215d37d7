"""Objects -> backup sets, and the one choice that a restore makes: which set answers for an AGE."""

from ages import set_time
from names import is_tolerated, parse_name
from show import DAMAGED, NOT_FOUND, Stop, age, moment

# The slowest first. Source: Amazon S3 User Guide, "Archive retrieval options".
WAITS = {"DEEP_ARCHIVE": "12 to 48 hours", "GLACIER": "some minutes to 12 hours"}


class BackupSet:
    """What one duplicity run wrote."""

    def __init__(self, time, start=None):
        self.time, self.start = time, start
        self.volumes, self.manifest, self.signatures = {}, None, None

    @property
    def name(self):
        return set_time(self.time)

    @property
    def bytes(self):
        return sum(v.size for v in self.volumes.values())

    @property
    def fault(self):
        """Why this set cannot be restored as it lies there, or None."""
        if self.manifest is None:
            return "never finished (no manifest)"
        if self.manifest.size == 0:
            return "its manifest is empty"
        top = max(self.volumes, default=0)
        gone = [n for n in range(1, max(top, 1) + 1) if n not in self.volumes]
        if gone:
            return f"volume {gone[0]} is missing" + (f" and {len(gone) - 1} more" if len(gone) > 1 else "")
        empty = [n for n, v in self.volumes.items() if v.size == 0]
        return f"volume {min(empty)} is empty" if empty else None

    @property
    def cold(self):
        """What a restore has to wait for, by the listing, or None; it does not show what was thawed."""
        classes = {o.storage for o in self.objects()}
        return next((f"in {c}: thaw it first, {wait}" for c, wait in WAITS.items() if c in classes), None)

    def objects(self):
        parts = [self.volumes[n] for n in sorted(self.volumes)]
        return parts + [o for o in (self.signatures, self.manifest) if o]


def collect(objects):
    """Objects (each with name and size) -> (fulls, incrementals, trouble), oldest first.

    trouble: names that make duplicity itself stop on this place.
    """
    fulls, incs, trouble = {}, {}, []
    for obj in objects:
        parsed = parse_name(obj.name)
        if parsed is None:
            if is_tolerated(obj.name):
                trouble.append(obj.name)
            continue
        if parsed.start is None:
            one = fulls.setdefault(parsed.time, BackupSet(parsed.time))
        else:
            one = incs.setdefault((parsed.start, parsed.time), BackupSet(parsed.time, parsed.start))
        if parsed.kind == "volume":
            before = one.volumes.get(parsed.volume)
        else:
            before = getattr(one, parsed.kind)
        if before is not None:
            trouble.append(obj.name if not obj.name.endswith(".gpg") else before.name)
            if not obj.name.endswith(".gpg"):
                continue
        if parsed.kind == "volume":
            one.volumes[parsed.volume] = obj
        else:
            setattr(one, parsed.kind, obj)
    return sorted(fulls.values(), key=lambda s: s.time), sorted(incs.values(), key=lambda s: s.time), trouble


def choose(fulls, incs, wanted, now, host):
    """The chain [full, incremental...] that answers for the instant `wanted`; the last one names the time.

    Unlike duplicity it never falls back to a set that is younger than what was asked, and never
    takes a set with a hole in it.
    """
    finished = [s for s in fulls if s.manifest is not None]
    if not finished:
        raise Stop(NOT_FOUND, f"no finished full backup of {host} is there", f"look with: restore {host} status")
    older = [s for s in finished if s.time <= wanted]
    if not older:
        first = finished[0]
        raise Stop(
            NOT_FOUND,
            f"no backup of {host} is that old: the oldest began {moment(first.time)} ({age(now - first.time)} ago)",
            f"to take that one, write {first.name} as the AGE; older ones may still be there as hidden"
            f" versions: restore-set {host} --list",
        )
    full = older[-1]
    if full.fault:
        good = [s for s in finished if not s.fault]
        other = f"write {good[-1].name} as the AGE for the newest whole one, or t" if good else "t"
        raise Stop(
            DAMAGED,
            f"the set {full.name} is damaged: {full.fault}",
            f"{other}ry older versions of its objects: restore-set {host} {full.name} DIR",
        )
    chain = [full]
    for inc in incs:
        if inc.start == chain[-1].time and inc.time <= wanted and not inc.fault:
            chain.append(inc)
    return chain
