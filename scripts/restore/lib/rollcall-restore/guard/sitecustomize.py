"""Python loads this before duplicity (PYTHONPATH): what duplicity writes below OUT stays below OUT.

A host that was broken into can upload a set with a link, and files "below" the link. duplicity follows it (0.8.22 and
3.0.6 do), for root to any place of the machine that restores. Python tells an audit hook of each file that is opened
or changed, before it is: no matter which duplicity, which is therefore not changed itself.
"""

import os
import sys

PLACE_OF_PATH = {"open": 0, "os.mkdir": 0, "os.chmod": 0, "os.chown": 0, "os.utime": 0, "os.truncate": 0, "os.symlink": 1,
                 "os.link": 1, "os.rename": 1, "os.remove": 0, "os.rmdir": 0, "os.setxattr": 0}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def keep_below(top):
    last = None

    def hook(event, args):
        nonlocal last
        place = PLACE_OF_PATH.get(event)
        if place is None or isinstance(args[place], int) or (event == "open" and not args[2] & WRITES):
            return
        path = os.fsencode(args[place])
        if not path.startswith(top + b"/"):
            return
        parent = os.path.dirname(path)
        # what was a directory does not become a link: duplicity writes no name twice
        if parent != last:
            refuse_unless_below(os.path.realpath(parent), path)
            last = parent
        if event == "open" and os.path.islink(path):
            refuse_unless_below(os.path.realpath(path), path)

    def refuse_unless_below(real, path):
        if real != top and not real.startswith(top + b"/"):
            os.write(2, b"leads out by a link: " + path[len(top) + 1 :].replace(b"\n", b"?") + b"\n")
            os._exit(78)

    sys.addaudithook(hook)


if os.environ.get("ROLLCALL_GUARD"):
    if os.environ.get("ROLLCALL_OUT"):
        keep_below(os.fsencode(os.environ["ROLLCALL_OUT"]))
    open(os.environ["ROLLCALL_GUARD"], "w").close()
