"""Where a host's objects are: a prefix in S3, or a local directory that restore-set filled."""

import itertools
import os
import shutil
from collections import namedtuple

from show import FAILED, NO_S3, NOT_FOUND, NOT_INSTALLED, PROGRESS, Stop, name, size

Object = namedtuple("Object", "name size modified version hidden etag storage", defaults=(None, False, None, None))


class Directory:
    """Objects that lie in one directory."""

    def __init__(self, path):
        self.path, self.place = path, name(path)

    def objects(self):
        try:
            entries = sorted(os.scandir(self.path), key=lambda e: e.name)
        except OSError as error:
            raise Stop(NOT_FOUND, f"cannot read {self.place}: {error.strerror}", "give the directory that restore-set filled")
        return [Object(e.name, e.stat().st_size, e.stat().st_mtime) for e in entries if e.is_file()]

    def open(self, obj):
        return open(os.path.join(self.path, obj.name), "rb")


class Bucket:
    """Objects below s3://bucket/prefix/."""

    def __init__(self, bucket, prefix, region, endpoint, file_prefix=""):
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            raise Stop(NOT_INSTALLED, "python3 has no boto3, so S3 cannot be reached", "run: apt install python3-boto3")
        self.bucket = bucket
        self.prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        self.place = f"s3://{bucket}/{self.prefix}".rstrip("/")
        self.prefix += file_prefix
        try:
            self.s3 = boto3.client(
                "s3",
                region_name=region or None,
                endpoint_url=endpoint or None,
                config=Config(connect_timeout=10, read_timeout=60, retries={"max_attempts": 4, "mode": "standard"}),
            )
        except Exception as error:
            raise explain(error, self.place)

    def objects(self):
        return list(self._pages("list_objects_v2", "Contents", self.prefix))

    def versions(self, start=""):
        """Every version of every object whose name begins with `start`, delete markers (size None) too."""
        found = list(self._pages("list_object_versions", "Versions", self.prefix + start))
        return found + list(self._pages("list_object_versions", "DeleteMarkers", self.prefix + start))

    def _pages(self, call, part, prefix):
        try:
            seen = 0
            for page in self.s3.get_paginator(call).paginate(Bucket=self.bucket, Prefix=prefix):
                for item in page.get(part, ()):
                    text = item["Key"][len(self.prefix) :]
                    if "/" not in text:
                        yield Object(
                            text,
                            item.get("Size"),
                            item["LastModified"].timestamp(),
                            item.get("VersionId"),
                            not item.get("IsLatest", True),
                            item.get("ETag", "").strip('"'),
                            item.get("StorageClass"),
                        )
                seen += len(page.get(part, ()))
                PROGRESS.show(f"listing {self.place}: {seen} objects")
        except Stop:
            raise
        except Exception as error:
            raise explain(error, self.place)

    def open(self, obj):
        """A file that holds the object's bytes; it has no name on disk, so nothing can be left behind."""
        import tempfile

        spool = tempfile.TemporaryFile()
        self._get(obj, spool, obj.name)
        spool.seek(0)
        return spool

    def download(self, obj, path, label):
        with open(path, "xb") as out:
            self._get(obj, out, label)
        os.utime(path, (obj.modified, obj.modified))

    def _get(self, obj, out, label):
        version = {"VersionId": obj.version} if obj.version not in (None, "") else {}
        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=self.prefix + obj.name, **version)["Body"]
            done = 0
            for block in iter(lambda: body.read(1 << 18), b""):
                out.write(block)
                done += len(block)
                PROGRESS.show(f"{label}: {size(done)} of {size(obj.size or 0)}")
        except OSError as error:
            if getattr(error, "errno", None) == 28:
                raise Stop(FAILED, "the disk is full", "choose a place with more room, or set TMPDIR")
            raise explain(error, self.place)
        except Exception as error:
            raise explain(error, self.place)
        if obj.size is not None and done != obj.size:
            raise Stop(NO_S3, f"{obj.name} ended after {size(done)} of {size(obj.size)}", "run the command again")

    def prove_reading(self):
        """Reads one byte of one object. Answers its name; None where there is no object yet."""
        cold = None
        for obj in itertools.islice(self._pages("list_objects_v2", "Contents", self.prefix), 20):
            try:
                self.s3.get_object(Bucket=self.bucket, Key=self.prefix + obj.name, Range="bytes=0-0")["Body"].read()
                return obj.name
            except Exception as error:
                code = code_of(error)
                if code == "InvalidRange":
                    return obj.name  # an empty object, which may be read
                if code != "InvalidObjectState":
                    raise explain(error, self.place)
                cold = error
        if cold is not None:
            raise explain(cold, self.place)
        return None

    def prove_versions(self):
        """Lists one version of one object, and reads one byte of it. Answers why S3 refuses that, or None."""
        try:
            page = self.s3.list_object_versions(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)
            for one in page.get("Versions", ()):
                self.s3.get_object(Bucket=self.bucket, Key=one["Key"], VersionId=one["VersionId"], Range="bytes=0-0")["Body"].read()
        except Exception as error:
            return code_of(error) if code_of(error) not in ("InvalidRange", "InvalidObjectState") else None
        return None

    def prove_no_writing(self, example):
        """None when S3 refuses to take a part of an object; else what it answered instead.

        The part is for an upload that does not exist, so nothing can be left behind, no matter who may write and whatever
        store this is. UploadPart needs s3:PutObject. Source: "UploadPart", Amazon S3 API Reference.
        """
        key = self.prefix + example
        try:
            self.s3.upload_part(Bucket=self.bucket, Key=key, UploadId="rollcall-may-this-key-write", PartNumber=1, Body=b"")
        except Exception as error:
            code = code_of(error)
            return None if code in ("AccessDenied", "AllAccessDisabled", "403") else code
        return "OK"

    def put(self, key, body):
        try:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json")
        except Exception as error:
            raise explain(error, self.place)


HINTS = {
    "AccessDenied": "the credentials need s3:ListBucket and s3:GetObject here (restore-set: also s3:ListBucketVersions"
    " and s3:GetObjectVersion), as rollcall add-reader gives them; then restore-add-host HOST --credentials FILE",
    "NoSuchBucket": "check bucket= in the host's profile",
    "InvalidAccessKeyId": "the access key is unknown or was deleted: restore-add-host HOST --credentials FILE;"
    " one that was just made is known to S3 after a minute",
    "SignatureDoesNotMatch": "the secret access key is wrong: restore-add-host HOST --credentials FILE",
    "ExpiredToken": "log in to AWS again",
    "InvalidObjectState": "the object lies in Glacier: restore it there first "
    "(aws s3api restore-object; a bucket with Rollcall's policy wants --profile break-glass), then run this again",
    "PermanentRedirect": "the bucket is in another region: correct region= in the host's profile",
    "NoSuchKey": "it was removed meanwhile: run the command again, or see restore-set HOST --list",
    "NoCredentialsError": "no AWS credentials: restore-add-host HOST --credentials FILE, or log in to AWS",
    "EndpointConnectionError": "check the network, and region= and endpoint= in the host's profile",
}
HINTS.update({"403": HINTS["AccessDenied"], "404": HINTS["NoSuchBucket"], "AllAccessDisabled": HINTS["AccessDenied"]})


def code_of(error):
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


def explain(error, place):
    """An error of the S3 library -> a Stop that says what to do."""
    code = code_of(error)
    text = str(error)
    response = getattr(error, "response", None)
    if response:
        text = f"{code} ({response.get('Error', {}).get('Message', 'no message')})"
    return Stop(NO_S3, f"cannot read {place}: {name(text)}", HINTS.get(code, "check the network and the host's profile, then run it again"))


def free_bytes(path):
    return shutil.disk_usage(path).free
