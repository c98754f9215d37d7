"""Brings back what duplicity does not keep, from what save-metadata wrote on the host: links, ACLs, attributes, times.

What it reads came out of a bucket: a path that leads out of the restored tree is passed over.
"""

import filecmp
import os
import re
import shutil
import subprocess

from show import NOT_FOUND, Stop, name, say

PLACE = b"var/lib/rollcall-backup/metadata"


def bring_back(top):
    top = os.path.realpath(os.fsencode(top))
    place = os.path.join(top, PLACE)
    if not os.path.isdir(place):
        raise Stop(NOT_FOUND, "the backup has no metadata", "on the host: save-metadata as pre-backup (docs/setup-host.md); here: without --metadata")
    for kept, act in (("hardlinks", link_again), ("acl", set_acls), ("xattr", set_attributes), ("times", set_times)):
        try:
            with open(os.path.join(place, kept.encode()), "rb") as source:
                text = source.read()
        except FileNotFoundError:
            say("note", f"the host wrote no {kept}")
            continue
        done, not_done = act(top, text)
        print(f"{kept}: {done} brought back" + (f", {not_done} not: they changed, or are not in this backup" if not_done else ""))


def inside(top, path):
    """The place of an absolute path in the tree, without a link on the way; None when it is not there."""
    there = os.path.join(top, path.lstrip(b"/"))
    parent = os.path.realpath(os.path.dirname(there))
    if b".." in path.split(b"/") or os.path.dirname(there) != parent or not (parent + b"/").startswith(top + b"/"):
        return None
    return there if os.path.lexists(there) else None


def link_again(top, text):
    groups, done, not_done = {}, 0, 0
    for line in text.splitlines():
        inode, _, path = line.partition(b" ")
        groups.setdefault(inode, []).append(inside(top, path))
    for paths in groups.values():
        first = next((p for p in paths if p and is_file(p)), None)
        for path in paths:
            if path == first:
                continue
            if not path or not is_file(path) or not filecmp.cmp(first, path, shallow=False):
                not_done += 1
                continue
            os.link(first, path + b".rollcall-link")
            os.replace(path + b".rollcall-link", path)
            done += 1
    return done, not_done


def is_file(path):
    return os.path.isfile(path) and not os.path.islink(path)


def set_acls(top, text):
    return set_by(["setfacl", "--restore=-"], top, text, links=False)


def set_attributes(top, text):
    return set_by(["setfattr", "--no-dereference", "--restore=-"], top, text, links=True)


def set_by(command, top, text, links):
    """Feeds the blocks of a dump whose file is there to `command`, each with a path from the top of the tree."""
    if not shutil.which(command[0]):
        say("warning", f"{command[0]} is not installed, so that is left as it is: apt install acl attr")
        return 0, text.count(b"# file: ")
    blocks, not_done = [], 0
    for block in text.split(b"\n\n"):
        head, _, rest = block.strip(b"\n").partition(b"\n")
        if not head.startswith(b"# file: "):
            continue
        quoted = head[len(b"# file: ") :]
        there = inside(top, re.sub(rb"\\(\d{3})", lambda m: bytes([int(m[1], 8) & 255]), quoted))
        if there is None or (not links and os.path.islink(there)):
            not_done += 1
        else:
            blocks.append(b"# file: " + quoted.lstrip(b"/") + b"\n" + rest + b"\n\n")
    ran = subprocess.run(command, cwd=top, input=b"".join(blocks), stderr=subprocess.PIPE, check=False)
    for line in ran.stderr.decode("utf-8", "surrogateescape").splitlines()[:5]:
        say("warning", name(line))
    failed = len(ran.stderr.splitlines())
    return max(len(blocks) - failed, 0), not_done + failed


def set_times(top, text):
    done = not_done = 0
    for entry in text.split(b"\0"):
        stamp, _, path = entry.partition(b" ")
        there = inside(top, path) if re.fullmatch(rb"-?\d+(\.\d+)?", stamp) else None
        if there is None:
            not_done += bool(entry)
            continue
        whole, _, fraction = stamp.partition(b".")
        part = int(fraction[:9].ljust(9, b"0") or b"0")
        wanted = int(whole) * 10**9 + (-part if whole.startswith(b"-") else part)
        now = os.lstat(there)
        # a file that changed after it was written down keeps the time that duplicity gave it
        if not os.path.islink(there) and wanted >= 0 and now.st_mtime_ns // 10**9 != wanted // 10**9:
            not_done += 1
            continue
        os.utime(there, ns=(now.st_atime_ns, wanted), follow_symlinks=False)
        done += 1
    return done, not_done
