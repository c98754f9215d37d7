#!/usr/bin/python3
"""Looks into S3 with the host's own credentials: can it be listed, and is a set or a chain whole there?

s3.py look  BUCKET PREFIX FILE_PREFIX ENDPOINT CREDENTIALS
    prints skew=SECONDS, how far this host's clock is ahead of S3's
s3.py limits BUCKET PREFIX FILE_PREFIX ENDPOINT CREDENTIALS
    prints allowed=ACTION for what a host's key should be refused, and is not; untold=ACTION CODE where
    the store does not know the question
s3.py whole BUCKET PREFIX FILE_PREFIX ENDPOINT CREDENTIALS MANIFEST SENT
    compares the objects of a set with MANIFEST, the plain one that duplicity wrote here under the
    set's name, and with SENT, a line of sent.py for each object; prints volumes=N, bytes=N, and
    unproved=N: so many have the right size, but an ETag that is not made of MD5
s3.py chain BUCKET PREFIX FILE_PREFIX ENDPOINT CREDENTIALS ARCHIVE
    can an increment be added to the chain that is kept in ARCHIVE? Prints full=TIME, increments=N
    and a file= for each one kept

Listing is all that comes of it on S3. ENDPOINT "-" is Amazon's own. Exit status: 0 yes; 6 no, 7 S3 refused
or could not be reached, both with reason=, error= and do= on standard error.
"""

import hashlib
import os
import re
import sys
from collections import namedtuple
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from time import time

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    SSLError,
)
from botocore.exceptions import ConnectionError as NoConnection
from refusals import is_amazons, meaning, other_region
from refusals import said as word_of


class Trouble(Exception):
    def __init__(self, status, reason, error, do):
        super().__init__(error)
        self.status, self.reason, self.do = status, reason, do


def main():
    task, bucket, prefix, file_prefix, endpoint, credentials = sys.argv[1:7]
    endpoint = "" if endpoint == "-" else endpoint
    client = boto3.client(
        "s3",
        endpoint_url=endpoint or None,
        config=Config(
            connect_timeout=15, read_timeout=60, retries={"mode": "standard", "max_attempts": 4}
        ),
    )
    try:
        if task == "look":
            look(client, bucket, prefix)
        elif task == "limits":
            limits(client, bucket, prefix)
        elif task == "whole":
            whole(client, bucket, prefix, file_prefix, *sys.argv[7:9])
        else:
            chain(client, bucket, prefix, file_prefix, sys.argv[7])
    except Trouble as trouble:
        return tell(trouble)
    except (BotoCoreError, ClientError) as cause:
        return tell(explain(cause, bucket, prefix, credentials, endpoint))
    return 0


def look(client, bucket, prefix):
    answers = []
    region = other_region(
        client, bucket, lambda: answers.append(client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1))
    )
    if region is not None:
        said = f"the store does not know s3://{bucket} in the region {client.meta.region_name}"
        raise Trouble(7, "region", said, f"set REGION={plain(region, '-') if region else '(that of the store)'} in the config")
    date = answers[0]["ResponseMetadata"]["HTTPHeaders"].get("date")
    if date:
        print(f"skew={round(time() - parsedate_to_datetime(date).timestamp())}")


def limits(client, bucket, prefix):
    asked = {
        "s3:GetBucketPolicy": lambda: client.get_bucket_policy(Bucket=bucket),
        "s3:ListBucketVersions": lambda: client.list_object_versions(Bucket=bucket, Prefix=prefix, MaxKeys=1),
    }
    for action, ask in asked.items():
        try:
            ask()
        except ClientError as cause:
            if meaning(cause) == "AccessDenied":
                continue
            # allowed to ask, and there is none
            if meaning(cause) != "NoSuchBucketPolicy":
                print(f"untold={action} {plain(word_of(cause))}")
                continue
        print(f"allowed={action}")


def whole(client, bucket, prefix, file_prefix, manifest, sent):
    name = os.path.basename(manifest)[len(file_prefix) : -len(".manifest")]
    beginnings = [f"{prefix}{file_prefix}{one}." for one in (name, signatures_of(name))]
    objects = list_objects(client, bucket, beginnings)
    wanted = check_whole(objects, bucket, prefix + file_prefix, manifest, name)
    unproved = compare(objects, wanted, read_sent(sent, manifest), len(prefix))
    print(f"volumes={len(wanted) - 2}")
    print(f"bytes={sum(objects[key][0] for key in wanted)}")
    print(f"unproved={unproved}")


def read_sent(sent, manifest):
    """[(ETag, size) or None] of each volume that the manifest lists, then of signatures and manifest."""
    with open(sent, encoding="ascii") as lines:
        measured = [line.split() for line in lines]
    by_sha1 = {sha1: (etag, int(size)) for sha1, etag, size in measured}
    with open(manifest, "rb") as lines:
        hashes = re.findall(rb"^Volume (\d+):\n(?:    .*\n)*?    Hash SHA1 ([0-9a-f]{40})$", lines.read(), re.M)
    volumes = [by_sha1.get(sha1.decode()) for _, sha1 in sorted(hashes, key=lambda one: int(one[0]))]
    # signatures and manifest are the last ones that duplicity encrypts, in this order
    return volumes + [(etag, int(size)) for _, etag, size in measured[-2:]]


def compare(objects, wanted, sent, cut):
    """How many of `wanted` have an ETag that says nothing of what was sent; one that is not what was sent ends it."""
    if len(sent) != len(wanted) or None in sent:
        raise Trouble(6, "unmeasured", "what duplicity sent was not measured wholly, so it cannot be compared", again)
    unproved, proved = [], set()
    for key, (etag, size) in zip(wanted, sent):
        there, etag_there = objects[key]
        if there != size:
            raise Trouble(6, "altered", f"{key[cut:]} has {there} bytes on S3, and {size} were sent", again)
        if etag_there == etag:
            proved.add("-" in etag)
        else:
            unproved.append((key, etag_there))
    for key, etag_there in unproved:
        # where the store makes the ETags of others of this set from MD5, it does so of all
        if ("-" in etag_there) in proved:
            raise Trouble(6, "altered", f"{key[cut:]} has another checksum on S3 than what was sent", again)
    return len(unproved)


def chain(client, bucket, prefix, file_prefix, archive):
    kept = read_archive(archive)
    manifests = [name for name in kept if name.endswith(".manifest")]
    sets = [parse(name[len(file_prefix) :]) for name in manifests]
    sets = sorted(filter(None, sets), key=lambda one: one.end)
    starts = [None] + [one.end for one in sets[:-1]]
    if not sets or [one.start for one in sets] != starts or len(kept) != 2 * len(sets):
        raise Trouble(6, "chain", f"{archive} does not hold one chain", again)
    if sets[-1].end >= datetime.fromtimestamp(time(), timezone.utc).strftime(TIME_FORMAT):
        raise Trouble(6, "chain", f"the last set, {sets[-1].end}, lies in the future of this host's clock", again)
    objects = list_objects(client, bucket, [f"{prefix}{file_prefix}d"])
    for one in sets:
        check_whole(objects, bucket, prefix + file_prefix, os.path.join(archive, file_prefix + one.name + ".manifest"), one.name)
    own = {one.name for one in sets} | {signatures_of(one.name) for one in sets}
    for key in sorted(objects):
        other = parse(key[len(prefix + file_prefix) :])
        # duplicity would want to read it, and its restore would go by it
        if other and other.end >= sets[0].end and other.name not in own:
            raise Trouble(6, "chain", f"{key[len(prefix) :]} is on S3, and not in {archive}", again)
    print(f"full={sets[0].end}")
    print(f"increments={len(sets) - 1}")
    for name in kept:
        print(f"file={name}")


TIME_FORMAT = "%Y%m%dT%H%M%SZ"
Set = namedtuple("Set", "name start end")
LONG = re.compile(
    r"(duplicity-(?:full|inc|full-signatures|new-signatures)\.(?:(\d{8}T\d{6}Z)\.to\.)?(\d{8}T\d{6}Z))\.(?:manifest|sigtar)(?:\.|\Z)"
)
SHORT = re.compile(r"(d(?:f|i|fs|ns)\.(?:[0-9a-z]+\.)?([0-9a-z]+))\.(?:m|st)(?:\.|\Z)")


def parse(name):
    """The set of a manifest or signatures, in each spelling that duplicity reads; None for any other name."""
    match = LONG.match(name)
    if match:
        return Set(*match.groups()) if is_time(match[3]) else None
    match = SHORT.match(name)
    try:
        return match and Set(match[1], None, datetime.fromtimestamp(int(match[2], 36), timezone.utc).strftime(TIME_FORMAT))
    except (OverflowError, OSError, ValueError):
        return None


def is_time(text):
    try:
        return bool(datetime.strptime(text, TIME_FORMAT))
    except ValueError:
        return False


LISTED = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9._-]+)\Z")


def read_archive(archive):
    """The names that the file `chain` lists below its first line, each of them there and as it was."""
    try:
        with open(os.path.join(archive, "chain"), encoding="ascii", errors="replace") as lines:
            listed = [LISTED.match(line) for line in lines.read().splitlines()[1:]]
    except OSError as cause:
        raise Trouble(6, "chain", f"{archive} cannot be read: {cause.strerror}", again) from None
    if None in listed:
        raise Trouble(6, "chain", f"{archive}/chain is damaged", again)
    for match in listed:
        if digest(os.path.join(archive, match[2])) != match[1]:
            raise Trouble(6, "chain", f"{archive}/{match[2]} is lost or damaged", again)
    return [match[2] for match in listed]


def digest(path):
    found = hashlib.sha256()
    try:
        with open(path, "rb") as source:
            for block in iter(lambda: source.read(1 << 20), b""):
                found.update(block)
    except OSError:
        return None
    return found.hexdigest()


def signatures_of(name):
    return name.replace("duplicity-full", "duplicity-full-signatures").replace("duplicity-inc", "duplicity-new-signatures")


def list_objects(client, bucket, beginnings):
    """{key: (size, ETag)}"""
    objects = {}
    for beginning in beginnings:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=beginning)
        for page in pages:
            for entry in page.get("Contents", ()):
                objects[entry["Key"]] = entry["Size"], entry["ETag"].strip('"').lower()
    return objects


def check_whole(objects, bucket, prefix, manifest, name):
    """The keys of the set `name`, which is whole: all that its manifest lists is on S3, and not empty."""
    volumes = volumes_of(manifest)
    if not volumes or volumes != list(range(1, len(volumes) + 1)):
        raise Trouble(6, "manifest", f"duplicity's own manifest lists the volumes {volumes[:9]}", again)
    wanted = [f"{prefix}{name}.vol{number}.difftar.gpg" for number in volumes]
    wanted += [f"{prefix}{signatures_of(name)}.sigtar.gpg", f"{prefix}{name}.manifest.gpg"]
    lacking = [key[len(prefix) :] for key in wanted if not objects.get(key, (0,))[0]]
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise Trouble(6, "notwhole", f"{lacking[0]}{more} is not in s3://{bucket}/{prefix}", again)
    return wanted


again = "run: rollcall-backup run"


def volumes_of(manifest):
    with open(manifest, "rb") as lines:
        found = (re.match(rb"Volume (\d+):", line) for line in lines)
        return sorted(int(match[1]) for match in found if match)


def explain(cause, bucket, prefix, credentials, endpoint):
    """What S3 or the way to it said, and what to do about it."""
    amazon = is_amazons(endpoint)
    if isinstance(cause, ClientError):
        where = cause.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        where = where.get("x-amz-bucket-region") or cause.response["Error"].get("Region")
        said = f"S3 says {word_of(cause)} for s3://{bucket}/{prefix}"
        code = plain(meaning(cause))
        if code == "PermanentRedirect":
            return Trouble(7, "region", said, f"set REGION={plain(where, '-') if where else '(that of the bucket)'} in the config")
        advice = {
            "AccessDenied": "look whether the user of this key is in the bucket's group of hosts, "
            "and is named like this host; then: rollcall doctor",
            "InvalidAccessKeyId": "a new key takes seconds to be known; an old one was deleted: "
            "run rollcall add-host again and give its key to rollcall-backup-setup",
            "SignatureDoesNotMatch": f"the secret in {credentials} is mistyped: give it again to rollcall-backup-setup",
            "ExpiredToken": "a session token ends after hours: make a user for this host with rollcall add-host",
            "NoSuchBucket": "correct BUCKET in the config; or deploy the stack first",
            "RequestTimeTooSkewed": "set this host's clock: timedatectl set-ntp true",
            "SlowDown": "the store is busy or in trouble: the next hour tries again",
            "VirtualStyleOnly": "this store takes the bucket as a part of its name alone: set ENDPOINT_STYLE=virtual in the config",
        }
        if not amazon:
            advice.update({
                "AccessDenied": f"with the store's own tools let this key list s3://{bucket}, and put objects below {prefix}",
                "InvalidAccessKeyId": "the store does not know this key: make one with its own tools, then rollcall-backup-setup --credentials FILE",
                "ExpiredToken": "a session token ends after hours: give a key without one to rollcall-backup-setup --credentials FILE",
                "NoSuchBucket": "correct BUCKET in the config, or make the bucket with the store's own tools",
                "NotImplemented": f"the store does not know this request: is ENDPOINT_URL={endpoint} its address for S3?",
            })
        return Trouble(7, code, said, advice.get(code, "look at the status page of the service, then run it again"))
    if isinstance(cause, NoCredentialsError):
        return Trouble(7, "NoCredentials", f"there is no key in {credentials}", "run rollcall-backup-setup with --credentials")
    said = " ".join(str(cause).split())
    if isinstance(cause, SSLError):
        return Trouble(7, "tls", said, cure_of_certificate(said, endpoint))
    if isinstance(cause, (NoConnection, HTTPClientError)):
        own = "" if amazon else f" or is ENDPOINT_URL={endpoint} wrong?"
        return Trouble(7, "network", said, f"does the network work, and does a proxy stand between?{own}")
    return Trouble(7, type(cause).__name__, said, "run: rollcall-backup check")


def cure_of_certificate(said, endpoint):
    if "WRONG_VERSION_NUMBER" in said:
        return f"{endpoint} speaks no TLS: set ENDPOINT_URL=http://... in the config, if the way there is your own"
    if "expired" in said:
        return "the certificate has expired: renew it on the store; or is this host's clock wrong?"
    if "doesn't match" in said or "mismatch" in said:
        return "the certificate is for another name: set ENDPOINT_URL to a name that is in it"
    if is_amazons(endpoint):
        return "install ca-certificates, or set CA_BUNDLE in the config; is the clock right?"
    return "give the certificate of the authority that signed it: rollcall-backup-setup --ca-bundle FILE.pem (CA_BUNDLE in the config)"


def plain(word, more=""):
    return re.sub(f"[^A-Za-z0-9{more}]", "", word) or "refused"


def tell(trouble):
    error = "".join(c if c.isprintable() else "?" for c in str(trouble))
    print(f"reason={trouble.reason}\nerror={error}\ndo={trouble.do}", file=sys.stderr)
    return trouble.status


if __name__ == "__main__":
    sys.exit(main())
