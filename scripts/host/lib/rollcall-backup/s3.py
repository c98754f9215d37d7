#!/usr/bin/python3
"""Looks into S3 with the host's own credentials: can it be listed, and is a set whole there?

s3.py look  BUCKET PREFIX FILE_PREFIX ENDPOINT CREDENTIALS
    prints skew=SECONDS, how far this host's clock is ahead of S3's
s3.py whole BUCKET PREFIX FILE_PREFIX ENDPOINT CREDENTIALS TIME MANIFEST
    compares the objects of the full set TIME with MANIFEST, the plain one that duplicity wrote
    here; prints volumes=N and bytes=N

Listing is all it does. ENDPOINT "-" is Amazon's own. Exit status: 0 yes; 6 not whole, 7 S3 refused
or could not be reached, both with reason=, error= and do= on standard error.
"""

import re
import sys
from email.utils import parsedate_to_datetime
from time import time

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    SSLError,
)


class Trouble(Exception):
    def __init__(self, status, reason, error, do):
        super().__init__(error)
        self.status, self.reason, self.do = status, reason, do


def main():
    task, bucket, prefix, file_prefix, endpoint, credentials = sys.argv[1:7]
    client = boto3.client(
        "s3",
        endpoint_url=None if endpoint == "-" else endpoint,
        config=Config(
            connect_timeout=15, read_timeout=60, retries={"mode": "standard", "max_attempts": 4}
        ),
    )
    try:
        if task == "look":
            look(client, bucket, prefix)
        else:
            whole(client, bucket, prefix + file_prefix, *sys.argv[7:9])
    except Trouble as trouble:
        return tell(trouble)
    except (BotoCoreError, ClientError) as cause:
        return tell(explain(cause, bucket, prefix, credentials, endpoint))
    return 0


def look(client, bucket, prefix):
    answer = client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if date:
        print(f"skew={round(time() - parsedate_to_datetime(date).timestamp())}")


def whole(client, bucket, prefix, set_time, manifest):
    volumes = volumes_of(manifest)
    sizes = {}
    for beginning in (
        f"{prefix}duplicity-full.{set_time}.",
        f"{prefix}duplicity-full-signatures.{set_time}.",
    ):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=beginning)
        for page in pages:
            for entry in page.get("Contents", ()):
                sizes[entry["Key"][len(prefix) :]] = entry["Size"]
    wanted = [f"duplicity-full.{set_time}.vol{number}.difftar.gpg" for number in volumes]
    wanted += [
        f"duplicity-full-signatures.{set_time}.sigtar.gpg",
        f"duplicity-full.{set_time}.manifest.gpg",
    ]
    lacking = [name for name in wanted if not sizes.get(name)]
    if not volumes or volumes != list(range(1, len(volumes) + 1)):
        raise Trouble(6, "manifest", f"duplicity's own manifest lists the volumes {volumes[:9]}", again)
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise Trouble(6, "notwhole", f"{lacking[0]}{more} is not in s3://{bucket}/{prefix}", again)
    print(f"volumes={len(volumes)}")
    print(f"bytes={sum(sizes[name] for name in wanted)}")


again = "run: rollcall-backup run"


def volumes_of(manifest):
    with open(manifest, "rb") as lines:
        found = (re.match(rb"Volume (\d+):", line) for line in lines)
        return sorted(int(match[1]) for match in found if match)


def explain(cause, bucket, prefix, credentials, endpoint):
    """What S3 or the way to it said, and what to do about it."""
    if isinstance(cause, ClientError):
        code = cause.response.get("Error", {}).get("Code", "")
        where = cause.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        where = where.get("x-amz-bucket-region") or cause.response["Error"].get("Region")
        said = f"S3 says {code} for s3://{bucket}/{prefix}"
        advice = {
            "AccessDenied": "look whether the user of this key is in the bucket's group of hosts, "
            "and is named like this host; then: rollcall doctor",
            "InvalidAccessKeyId": "a new key takes seconds to be known; an old one was deleted: "
            "run rollcall add-host again and give its key to rollcall-backup-setup",
            "SignatureDoesNotMatch": f"the secret in {credentials} is mistyped: give it again to rollcall-backup-setup",
            "NoSuchBucket": "correct BUCKET in the config; or deploy the stack first",
            "RequestTimeTooSkewed": "set this host's clock: timedatectl set-ntp true",
        }
        if code in ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"):
            return Trouble(7, "region", said, f"set REGION={where or '(that of the bucket)'} in the config")
        code = re.sub(r"[^A-Za-z0-9]", "", code) or "refused"
        return Trouble(7, code, said, advice.get(code, "look at the status page of the service, then run it again"))
    if isinstance(cause, NoCredentialsError):
        return Trouble(7, "NoCredentials", f"there is no key in {credentials}", "run rollcall-backup-setup with --credentials")
    said = " ".join(str(cause).split())
    if isinstance(cause, SSLError):
        return Trouble(7, "tls", said, "install ca-certificates, or set CA_BUNDLE in the config; is the clock right?")
    if isinstance(cause, (EndpointConnectionError, ConnectTimeoutError, ReadTimeoutError)):
        own = "" if endpoint == "-" else f" or is ENDPOINT_URL={endpoint} wrong?"
        return Trouble(7, "network", said, f"does the network work, and does a proxy stand between?{own}")
    return Trouble(7, type(cause).__name__, said, "run: rollcall-backup check")


def tell(trouble):
    error = "".join(c if c.isprintable() else "?" for c in str(trouble))
    print(f"reason={trouble.reason}\nerror={error}\ndo={trouble.do}", file=sys.stderr)
    return trouble.status


if __name__ == "__main__":
    sys.exit(main())
