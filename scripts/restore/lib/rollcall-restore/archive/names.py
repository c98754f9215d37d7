"""duplicity's object names -> what they are. Only the spellings that duplicity writes count."""

import re
from collections import namedtuple

from ages import parse_set_time

TIME = r"(\d{8}T\d{6}Z)"
END = r"(?:\.(?:gpg|gz))?"
KINDS = (
    ("volume", re.compile(rf"duplicity-full\.{TIME}\.vol([1-9]\d*)\.difftar{END}\Z")),
    ("manifest", re.compile(rf"duplicity-full\.{TIME}\.manifest(?:\.gpg)?\Z")),
    ("signatures", re.compile(rf"duplicity-full-signatures\.{TIME}\.sigtar{END}\Z")),
    ("inc-volume", re.compile(rf"duplicity-inc\.{TIME}\.to\.{TIME}\.vol([1-9]\d*)\.difftar{END}\Z")),
    ("inc-manifest", re.compile(rf"duplicity-inc\.{TIME}\.to\.{TIME}\.manifest(?:\.gpg)?\Z")),
    ("inc-signatures", re.compile(rf"duplicity-new-signatures\.{TIME}\.to\.{TIME}\.sigtar{END}\Z")),
)
# What duplicity takes for a volume, manifest or signatures although it never writes it so: vol0, vol01, .gpg.bak,
# and the .par2 that its own par2+ writes. Next to the real one, duplicity crashes on it; of signatures it does
# so once it has them in its cache too.
TOLERATED = re.compile(
    r"duplicity-(?:full|inc|full-signatures|new-signatures)\..*\.(?:vol\d+\.difftar|manifest|sigtar)(?:\.|\Z)"
)

Name = namedtuple("Name", "kind start time volume encrypted")


def parse_name(text):
    """A file name -> Name(kind, start, time, volume, encrypted), or None when duplicity did not write it.

    start is set for incrementals only; both times are seconds since 1970.
    """
    for kind, pattern in KINDS:
        match = pattern.match(text)
        if not match:
            continue
        groups = list(match.groups())
        volume = int(groups.pop()) if kind.endswith("volume") else None
        times = [parse_set_time(t) for t in groups]
        if None in times:
            return None
        return Name(kind.replace("inc-", ""), times[0] if len(times) == 2 else None, times[-1], volume, text.endswith(".gpg"))
    return None


def is_tolerated(text):
    return bool(TOLERATED.match(text))
