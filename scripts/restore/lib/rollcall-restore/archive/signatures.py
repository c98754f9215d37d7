"""Signature archives -> the entries of a backup, and whether a restored file matches its signature."""

import hashlib
import os
import struct
import tarfile
import zlib
from collections import namedtuple

from show import DAMAGED, Stop

Entry = namedtuple("Entry", "path kind mtime mode link signature_bytes")

KIND = {tarfile.REGTYPE: "file", tarfile.AREGTYPE: "file", tarfile.DIRTYPE: "dir", tarfile.SYMTYPE: "link"}


def read_entries(streams, keep_signature_of=None):
    """Streams of the full's archive and then of each incremental's -> ({path: Entry}, signature or None).

    Paths are str with undecodable bytes as surrogates (os.fsencode gives the bytes back).
    """
    entries, signature = {}, None
    for stream in streams:
        try:
            signature = read_archive(stream, entries, keep_signature_of) or signature
        except (tarfile.TarError, zlib.error):
            stream.close()  # gpg's own words are better, where it has some
            raise Stop(
                DAMAGED,
                f"{stream.label} is empty or damaged",
                f"its oldest version may be whole: restore-set {stream.host} SETTIME DIR; fetch and all still work: they do not need it",
            )
        stream.close()
    return entries, signature


def read_archive(stream, entries, keep_signature_of):
    """Brings `entries` to the state after this archive; answers the signature of that file, if it has one."""
    signature = None
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
    return signature


def matches(signature, path):
    """How the file at `path` compares with its librsync signature: signature, signature-sample, mismatch or none.

    The signature was made on the host while it was backed up and holds a hash for each block, so a
    match says that the restored bytes are those that the host read. Of a large file some blocks
    spread over it are compared, always with the first, the last and the length.
    """
    magic, block, width = struct.unpack(">III", signature[:12])
    strong = STRONG.get(magic)
    if strong is None:
        return "none"
    sums = [signature[at : at + 4 + width] for at in range(12, len(signature), 4 + width)]
    with open(path, "rb") as source:
        length = os.fstat(source.fileno()).st_size
        if len(sums) != -(-length // block):
            return "mismatch"
        step = max(1, length // SAMPLED_BYTES)
        for number in sorted({*range(0, len(sums), step), max(len(sums) - 1, 0)} if sums else ()):
            source.seek(number * block)
            if strong(source.read(block))[:width] != sums[number][4:]:
                return "mismatch"
    return "signature" if step == 1 else "signature-sample"


# A megabyte of MD4 takes about a second in Python.
SAMPLED_BYTES = 4 << 20


def md4(data):
    """RFC 1320; the hash of librsync's classic signatures, which OpenSSL 3 no longer offers."""
    mask = 0xFFFFFFFF
    a, b, c, d = 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476
    data += b"\x80" + b"\0" * ((55 - len(data)) % 64) + struct.pack("<Q", len(data) * 8)
    for at in range(0, len(data), 64):
        x = struct.unpack_from("<16I", data, at)
        before = a, b, c, d
        for turn, shifts, add, order in MD4_ROUNDS:
            for step, k in enumerate(order):
                if turn == 0:
                    mixed = (b & c) | (~b & d)
                elif turn == 1:
                    mixed = (b & c) | (b & d) | (c & d)
                else:
                    mixed = b ^ c ^ d
                t = (a + (mixed & mask) + x[k] + add) & mask
                s = shifts[step & 3]
                a, d, c, b = d, c, b, ((t << s) | (t >> (32 - s))) & mask
        a, b, c, d = (a + before[0]) & mask, (b + before[1]) & mask, (c + before[2]) & mask, (d + before[3]) & mask
    return struct.pack("<4I", a, b, c, d)


MD4_ROUNDS = (
    (0, (3, 7, 11, 19), 0, range(16)),
    (1, (3, 5, 9, 13), 0x5A827999, (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)),
    (2, (3, 9, 11, 15), 0x6ED9EBA1, (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15)),
)


def blake2(data):
    return hashlib.blake2b(data, digest_size=32).digest()


# librsync's signature formats (librsync.h)
STRONG = {0x72730136: md4, 0x72730146: md4, 0x72730137: blake2, 0x72730147: blake2}


def compare_tree(entries, top):
    """Entries of the backup that are not at `top` with the same kind, and those that nobody but root may look at.

    `top` stands for the backup's root.
    """
    import stat

    def kind_of(path):
        try:
            mode = os.lstat(path).st_mode
        except PermissionError:
            return "unseen"
        except OSError:
            return None
        if stat.S_ISREG(mode):
            return "file"
        if stat.S_ISDIR(mode):
            return "dir"
        return "link" if stat.S_ISLNK(mode) else "special"

    kinds = {e: kind_of(os.path.join(top, e.path) if e.path else top) for e in entries.values()}
    return [e for e, kind in kinds.items() if kind not in (e.kind, "unseen")], [e for e, kind in kinds.items() if kind == "unseen"]
