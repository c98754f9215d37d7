"""A decrypted manifest -> the SHA-1 of every volume."""

import re


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
