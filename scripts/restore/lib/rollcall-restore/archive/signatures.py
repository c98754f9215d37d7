"""Signature archives -> the entries of a backup, and whether a restored file matches its signature."""

import os
import struct
import tarfile
from collections import namedtuple

Entry = namedtuple("Entry", "path kind mtime mode link signature_bytes")

KIND = {tarfile.REGTYPE: "file", tarfile.AREGTYPE: "file", tarfile.DIRTYPE: "dir", tarfile.SYMTYPE: "link"}


def read_entries(streams, keep_signature_of=None):
    """Streams of the full's archive and then of each incremental's -> ({path: Entry}, signature or None).

    Paths are str with undecodable bytes as surrogates (os.fsencode gives the bytes back).
    """
    entries, signature = {}, None
    for stream in streams:
        with tarfile.open(fileobj=stream, mode="r|", encoding="utf-8", errors="surrogateescape") as tar:
            for member in tar:
                tar.members = []  # a stream of millions of members must not pile up
                top, _, path = member.name.partition("/")
                path = path.rstrip("/")
                if top == "deleted":
                    entries.pop(path, None)
                    continue
                kind = "file" if top == "signature" else KIND.get(member.type, "special")
                entries[path] = Entry(path, kind, member.mtime, member.mode, member.linkname, member.size)
                if keep_signature_of is not None and path == keep_signature_of and top == "signature":
                    signature = tar.extractfile(member).read()
        stream.close()
    return entries, signature


def matches(signature, path):
    """True or False: the file at `path` has this librsync signature; None when duplicity's library is not to be had.

    The signature was made on the host while it was backed up, and holds a rolling sum and 64 bits
    of MD4 for each block, so a True says that the restored bytes are those the host read.
    """
    try:
        from duplicity import librsync
    except Exception:  # an installation without it still can restore
        return None
    _magic, block, _strong = struct.unpack(">4sII", signature[:12])
    made = librsync.SigFile(open(path, "rb"), block)
    try:
        return made.read() == signature
    finally:
        made.close()


def compare_tree(entries, top):
    """Paths of the backup that are not at `top` with the same kind; `top` stands for the backup's root."""
    import stat

    def kind_of(path):
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            return None
        if stat.S_ISREG(mode):
            return "file"
        if stat.S_ISDIR(mode):
            return "dir"
        return "link" if stat.S_ISLNK(mode) else "special"

    return [e for e in entries.values() if kind_of(os.path.join(top, e.path) if e.path else top) != e.kind]
