#!/usr/bin/python3
"""Standard input, an object about to be sent -> one line: its SHA-1, the ETag that S3 gives it, and its size."""

import hashlib
import os
import sys

# as --s3-multipart-chunk-size says: from this size on duplicity uploads in parts of it
PART = 20 << 20


def main():
    source = sys.stdin.buffer
    whole, parts, size = hashlib.sha1(), [], 0
    for part in iter(lambda: source.read(PART), b""):
        whole.update(part)
        parts.append(hashlib.md5(part))
        size += len(part)
    if size < PART:
        etag = (parts or [hashlib.md5()])[0].hexdigest()
    else:
        etag = f"{hashlib.md5(b''.join(part.digest() for part in parts)).hexdigest()}-{len(parts)}"
    os.write(1, f"{whole.hexdigest()} {etag} {size}\n".encode())


main()
