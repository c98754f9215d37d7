#!/usr/bin/python3
"""The way of the nearest peer: list the whole bucket, the newest manifest's name below a prefix is the last backup, and
alarm by its age. Prints a JSON object: for each host, ok or missing.

    peer.py BUCKET NOW HOURS HOST...        NOW in seconds since 1970

Source of the way: backup-monitor of rhasselbaum/duplicity-unattended.
"""

import json
import os
import re
import sys
from datetime import datetime, timezone

import boto3
from botocore.config import Config

bucket, now, hours, *hosts = sys.argv[1:]
MANIFEST = re.compile(r"^(.*)/duplicity-(?:full|inc\..*\.to)\.(\d{8}T\d{6}Z)\.manifest")
newest = {}
client = boto3.client(
    "s3",
    # Debian's boto3 does not read it from the environment.
    endpoint_url=os.environ.get("AWS_ENDPOINT_URL"),
    config=Config(s3={"addressing_style": "path"}),
)
for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
    for item in page.get("Contents", []):
        found = MANIFEST.match(item["Key"])
        if found and found.group(2) > newest.get(found.group(1), ""):
            newest[found.group(1)] = found.group(2)


def is_young(time):
    begun = datetime.strptime(time, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    return float(now) - begun.timestamp() < float(hours) * 3600


names = json.load(sys.stdin) if hosts == ["-"] else hosts
print(json.dumps({name: "ok" if name in newest and is_young(newest[name]) else "missing" for name in names}))
