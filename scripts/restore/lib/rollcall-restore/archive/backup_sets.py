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
        # duplicity is given empty signatures where this set has none
        self.stands_in = False

    @property
    def name(self):
        return set_time(self.time)

    @property
    def signatures_name(self):
        if self.start is None:
            return f"duplicity-full-signatures.{self.name}.sigtar"
        return f"duplicity-new-signatures.{set_time(self.start)}.to.{self.name}.sigtar"

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


def chains_of(fulls, incs):
    """[full, incremental...] for each full, oldest first, as duplicity puts them together.

    Of two incrementals of one set it takes the later one, and then cannot restore the first.
    """
    chains = [[full] for full in fulls if full.manifest is not None]
    for inc in incs:
        if inc.manifest is None:
            continue
        for chain in chains:
            if inc.start == chain[-1].time:
                chain.append(inc)
                break
            if inc.start == chain[-1].start:
                chain[-1] = inc
                break
    return chains


def hindrances(fulls, incs):
    """{set: why duplicity cannot restore to it, or None}, for every set."""
    found = {one: one.fault for one in fulls + incs}
    chains = chains_of(fulls, incs)
    for chain in chains:
        broken = None
        for one in chain:
            if broken and not one.fault:
                found[one] = f"it needs {broken.name}, which is damaged: {broken.fault}"
            broken = broken or (one if one.fault else None)
    # Measured with 0.8.22 and 3.0.6: the last of two increments or more of the newest chain is passed over where it
    # alone has no signatures, and at a time that two chains cover nothing is found.
    newest = max(chains, key=lambda chain: chain[-1].time, default=[])
    bare = [one for one in newest if not one.stands_in and (one.signatures is None or one.signatures.size == 0)]
    if bare and bare[0] is newest[-1] and len(newest) > 2 and not found[bare[0]]:
        found[bare[0]] = "it has no signatures, and duplicity passes over it"
    for chain in chains:
        for other in chains:
            if other is chain:
                continue
            for one in chain:
                if other[0].time <= one.time <= other[-1].time and not found[one]:
                    found[one] = f"two chains cover its time, and duplicity stops: the other one goes on to {other[-1].name}"
    chained = [one for chain in chains for one in chain]
    for inc in incs:
        if inc in chained or inc.fault:
            continue
        other = next((one for one in chained if one.start == inc.start), None)
        base = next((one for one in fulls + incs if one.time == inc.start), None)
        if other:
            found[inc] = f"duplicity takes {other.name} in its place, which begins at the same set"
        else:
            found[inc] = f"it needs {set_time(inc.start)}, which {'cannot be restored itself' if base else 'is not there'}"
    return found


def newest(fulls, incs, wanted, now, host):
    """The newest finished set that is at least so old as `wanted`, whole or not."""
    finished = sorted((s for s in fulls + incs if s.manifest is not None), key=lambda s: s.time)
    if not any(s.start is None for s in finished):
        raise Stop(NOT_FOUND, f"no finished full backup of {host} is there", f"look with: restore {host} status")
    older = [s for s in finished if s.time <= wanted]
    if not older:
        why = hindrances(fulls, incs)
        first = next((s for s in finished if not why[s]), finished[0])
        raise Stop(
            NOT_FOUND,
            f"no backup of {host} is that old: the oldest began {moment(first.time)} ({age(now - first.time)} ago)",
            f"to take that one, write {first.name} as the AGE; older ones may still be there as hidden"
            f" versions: restore-set {host} --list",
        )
    return older[-1]


def choose(fulls, incs, wanted, now, host, where=""):
    """The chain [full, incremental...] that answers for the instant `wanted`; the last one names the time.

    The newest finished set of that age answers, or none. Unlike duplicity it never falls back to
    one that is older or younger than what was asked, and never takes a set with a hole in it.
    """
    last = newest(fulls, incs, wanted, now, host)
    why = hindrances(fulls, incs)
    if why[last]:
        finished = sorted((s for s in fulls + incs if s.manifest is not None and not why[s]), key=lambda s: s.time)
        good = [s for s in finished if s.time <= wanted] or finished
        other = f"write {good[-1].name} as the AGE for the newest whole one; or " if good else ""
        # what lies in a directory was downloaded already
        other += "" if where else f"older versions of its objects: restore-set {host} {last.name} DIR; or "
        raise Stop(
            DAMAGED,
            f"the set {last.name} is damaged: {last.fault}" if last.fault else f"the set {last.name} cannot be restored: {why[last]}",
            f"{other}what can be had: restore {host}{where} all OUT {last.name} --keep-going",
        )
    chain = next(c for c in chains_of(fulls, incs) if last in c)
    return chain[: chain.index(last) + 1]
