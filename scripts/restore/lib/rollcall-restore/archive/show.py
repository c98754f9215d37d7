"""Text for people: names that cannot harm a terminal, sizes, ages, progress, and the one way to stop."""

import os
import sys
import time
import unicodedata
from datetime import datetime, timezone

# Exit statuses, the same table in every command's header.
FAILED, USAGE, NOT_FOUND, LOCKED, EXISTS, DAMAGED, NO_S3, NOT_INSTALLED = 1, 2, 3, 4, 5, 6, 7, 8

COMMAND = os.environ.get("ROLLCALL_COMMAND", "archive")


class Stop(Exception):
    """Ends the command: what is wrong, what to do next, and the exit status."""

    def __init__(self, status, message, hint):
        super().__init__(message)
        self.status, self.hint = status, hint


def say(kind, text):
    """One line on standard error, in the form that every command of the kit uses."""
    PROGRESS.clear()
    print(f"{COMMAND}: {kind}: {text}", file=sys.stderr)


def name(raw):
    """A file name from the archive as text: plain when harmless, else $'...' as the shell takes it back.

    Control and format characters (line ends, terminal escapes, text direction), bytes that are no
    UTF-8 and backslashes are never printed as they are.
    """
    text = os.fsdecode(raw) if isinstance(raw, bytes) else raw
    encoding = (sys.stdout.encoding or "ascii").lower()
    only_ascii = encoding not in ("utf-8", "utf8")

    def odd(ch):
        return (
            ch in "\\"
            or unicodedata.category(ch) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
            or (only_ascii and ord(ch) > 126)
        )

    if not any(odd(ch) for ch in text) and not text.startswith(("$'", " ")) and not text.endswith(" "):
        return text
    out = []
    for ch in text:
        if ch in "\\'":
            out.append("\\" + ch)
        elif ch == "\n":
            out.append("\\n")
        elif ch == "\t":
            out.append("\\t")
        elif odd(ch):
            out.extend(f"\\{byte:03o}" for byte in os.fsencode(ch))
        else:
            out.append(ch)
    return "$'" + "".join(out) + "'"


def size(count):
    """Bytes as a short number with a binary unit."""
    if count < 1024:
        return f"{count} B"
    value = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        value /= 1024
        if value < 1024 or unit == "TiB":
            return f"{value:.1f} {unit}"
    raise AssertionError


def age(seconds):
    """A length of time in at most two units."""
    seconds = int(seconds)
    if seconds < 0:
        return "in the future"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86400:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 86400} d {seconds % 86400 // 3600} h"


def moment(epoch):
    """An instant as the reader's own clock shows it."""
    return datetime.fromtimestamp(epoch, timezone.utc).astimezone().strftime("%a %d %b %Y %H:%M %Z")


def iso(epoch):
    return datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Progress:
    """One line that is rewritten in place; silent unless standard error is a terminal."""

    def __init__(self):
        self.on = sys.stderr.isatty()
        self.shown = False
        self.last = 0.0
        self.began = time.monotonic()

    def show(self, text, now=False):
        if not self.on or (not now and time.monotonic() - self.last < 0.2):
            return
        self.last, self.shown = time.monotonic(), True
        elapsed = int(self.last - self.began)
        sys.stderr.write(f"\r\033[K{text}, {elapsed // 60}:{elapsed % 60:02d}")
        sys.stderr.flush()

    def clear(self):
        if self.shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
            self.shown = False


PROGRESS = Progress()
