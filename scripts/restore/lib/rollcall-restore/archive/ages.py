"""AGE as a person writes it -> the instant before which a backup must have begun."""

import re
import time
from datetime import date, datetime, timedelta, timezone

from show import USAGE, Stop

INTERVAL = re.compile(r"(?:\d+[smhDWMY])+\Z")
UNITS = {"s": 1, "m": 60, "h": 3600, "D": 86400, "W": 7 * 86400, "M": 30 * 86400, "Y": 365 * 86400}
SET_TIME = re.compile(r"\d{8}T\d{6}Z\Z")


def parse_set_time(text):
    """The time in a set's name (UTC) as seconds since 1970, or None; duplicity takes 1970 to 2099."""
    if not SET_TIME.match(text):
        return None
    try:
        when = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return int(when.timestamp()) if when.timestamp() > 0 and when.year < 2100 else None


def set_time(epoch):
    return datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def parse_age(text, now=None):
    """Seconds since 1970 that AGE means, counted from now.

    Intervals are duplicity's own (3D, 2W, 1h30m; M = 30 days). A bare date means the END of that
    day by the reader's clock, so it picks the backup made on that day; duplicity alone would take
    midnight, and so the backup of the day before.
    """
    now = time.time() if now is None else now
    if text in ("now", "latest"):
        return int(now)
    if INTERVAL.match(text):
        return int(now - sum(int(n) * UNITS[u] for n, u in re.findall(r"(\d+)([smhDWMY])", text)))
    exact = parse_set_time(text)
    if exact is not None:
        return exact
    if re.match(r"\d{9,11}\Z", text):
        return int(text)
    try:
        if re.match(r"\d{4}-\d\d-\d\d\Z", text):
            day = date.fromisoformat(text) + timedelta(days=1)
            return int(datetime(day.year, day.month, day.day).timestamp()) - 1
        if re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", text):
            return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())
    except (ValueError, OverflowError):
        pass
    raise Stop(
        USAGE,
        f"cannot read the age {text!r}",
        "write 3D (3 days ago), 12h, 2W, a date such as 2026-11-20, or a set such as 20261120T021402Z",
    )
