"""Where a host's objects are: a prefix in S3, or a local directory that restore-set filled."""

import itertools
import os
import shutil
import sys
from collections import namedtuple

from show import FAILED, NO_S3, NOT_FOUND, NOT_INSTALLED, PROGRESS, Stop, name, say, size

# the installer puts it here; in a clone the host kit has it
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../../host/lib/rollcall-backup"))
from refusals import is_amazons, meaning, other_region, said  # noqa: E402

Object = namedtuple("Object", "name size modified version hidden etag storage", defaults=(None, False, None, None))


class Directory:
    """Objects that lie in one directory."""

    def __init__(self, path):
        self.path, self.place = path, name(path)

    def prove_for_duplicity(self):
        pass

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
        self.is_amazons = is_amazons(endpoint)
        bundle = os.environ.get("AWS_CA_BUNDLE", "")
        if bundle and not os.access(bundle, os.R_OK):
            raise Stop(FAILED, f"cannot read the certificate {name(bundle)}", "give it again: restore-add-host HOST --ca-bundle FILE.pem")
        # False once a listing has shown that it does not
        self.keeps_versions = True
        try:
            self.s3 = boto3.client(
                "s3",
                region_name=region or None,
                endpoint_url=endpoint or None,
                config=Config(connect_timeout=10, read_timeout=60, retries={"max_attempts": 4, "mode": "standard"}),
            )
        except Exception as error:
            raise self.explain(error)

    def objects(self):
        return list(self._pages("list_objects_v2", "Contents", self.prefix))

    def versions(self, start=""):
        """Every version of every object whose name begins with `start`, delete markers (size None) too."""
        try:
            found = list(self._pages("list_object_versions", "Versions", self.prefix + start))
            found += self._pages("list_object_versions", "DeleteMarkers", self.prefix + start)
        except Unknown as unknown:
            found = list(self._pages("list_objects_v2", "Contents", self.prefix + start))
            self._keeps_none(f"the store does not know versions ({unknown})", found)
        else:
            if all(one.version in (None, "", "null") for one in found):
                self._keeps_none("the bucket kept no versions of these objects", found)
        return found

    def _keeps_none(self, why, found):
        if found and self.keeps_versions:
            say("note", f"{why}: each is taken as it is now. What was overwritten does not show, and what was removed does not come back")
            self.keeps_versions = False

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
            if call == "list_object_versions" and meaning(error) == "NotImplemented":
                raise Unknown(said(error))
            raise self.explain(error)

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
        version = of_version(obj.version, obj.hidden)
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
            raise self.explain(error)
        except Exception as error:
            raise self.explain(error)
        if obj.size is not None and done != obj.size:
            raise Stop(NO_S3, f"{obj.name} ended after {size(done)} of {size(obj.size)}", "run the command again")

    def prove_for_duplicity(self):
        """That duplicity, too, comes to this bucket in this region."""
        try:
            region = other_region(self.s3, self.bucket, lambda: self.s3.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1))
        except Exception as error:
            raise self.explain(error)
        if region is not None:
            raise Stop(NO_S3, f"{self.place} is not in the region {self.s3.meta.region_name}",
                       f"write it into the host's profile: restore-add-host HOST --region {name(region) or 'REGION'}")

    def prove_reading(self):
        """Reads one byte of one object. Answers its name; None where there is no object yet."""
        cold = None
        for obj in itertools.islice(self._pages("list_objects_v2", "Contents", self.prefix), 20):
            try:
                self.s3.get_object(Bucket=self.bucket, Key=self.prefix + obj.name, Range="bytes=0-0")["Body"].read()
                return obj.name
            except Exception as error:
                code = meaning(error)
                if code == "InvalidRange":
                    return obj.name  # an empty object, which may be read
                if code != "InvalidObjectState":
                    raise self.explain(error)
                cold = error
        if cold is not None:
            raise self.explain(cold)
        return None

    def prove_versions(self):
        """Lists one version of one object, and reads one byte of it. Answers why S3 refuses that, or None."""
        try:
            page = self.s3.list_object_versions(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)
            for one in page.get("Versions", ()):
                version = of_version(one.get("VersionId"), not one.get("IsLatest", True))
                self.s3.get_object(Bucket=self.bucket, Key=one["Key"], Range="bytes=0-0", **version)["Body"].read()
        except Exception as error:
            # a store that does not know versions has none to read
            return said(error) if meaning(error) not in ("InvalidRange", "InvalidObjectState", "NotImplemented") else None
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
            return None if meaning(error) == "AccessDenied" else said(error)
        return "OK"

    def explain(self, error):
        """An error of the S3 library -> a Stop that says what to do."""
        text, code = str(error), meaning(error)
        response = getattr(error, "response", None)
        if response:
            text = f"{said(error)} ({response.get('Error', {}).get('Message') or 'no message'})"
        if code == "SSLError":
            hint = hint_for_certificate(text)
        else:
            hint = {**HINTS, **({} if self.is_amazons else OTHERS)}.get(code, "check the network and the host's profile, then run it again")
        return Stop(NO_S3, f"cannot read {self.place}: {name(text)}", hint)

    def put(self, key, body):
        try:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json")
        except Exception as error:
            raise self.explain(error)


def of_version(version, hidden):
    """What asks for a version. A store without them names each "null" and may not know that name; the newest one needs none."""
    return {"VersionId": version} if version not in (None, "") and (version != "null" or hidden) else {}


class Unknown(Exception):
    """The store does not have this request at all."""


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
    "RequestTimeTooSkewed": "this machine's clock is wrong: timedatectl set-ntp true",
    "SlowDown": "the store is busy or in trouble: run it again in some minutes",
}
# where the store is not Amazon's
OTHERS = {
    "AccessDenied": "with the store's own tools let these credentials list the bucket and get objects (restore-set: also list and get"
    " versions), or make others; then restore-add-host HOST --credentials FILE",
    "NoSuchBucket": "check bucket= and endpoint= in the host's profile; does the store take the bucket as a part of its name? Then"
    " restore-add-host HOST --endpoint-style virtual",
    "InvalidAccessKeyId": "the store does not know this key: make one with its own tools, then restore-add-host HOST --credentials FILE",
    "ExpiredToken": "the session token has expired: restore-add-host HOST --credentials FILE",
    "InvalidObjectState": "the object lies in cold storage: bring it back there with the store's own tools, then run this again",
    "NoCredentialsError": "no credentials: restore-add-host HOST --credentials FILE",
    "NotImplemented": "the store does not know this request: is endpoint= in the host's profile its address for S3?",
    "VirtualStyleOnly": "this store takes the bucket as a part of its name alone: restore-add-host HOST --endpoint-style virtual",
}


def hint_for_certificate(text):
    if "WRONG_VERSION_NUMBER" in text:
        return "the endpoint speaks no TLS: restore-add-host HOST --endpoint-url http://..., if the way there is your own"
    if "expired" in text:
        return "the certificate has expired: renew it on the store; or is this machine's clock wrong?"
    if "doesn't match" in text or "mismatch" in text:
        return "the certificate is for another name: restore-add-host HOST --endpoint-url URL, with a name that is in it"
    return "give the certificate of the authority that signed it: restore-add-host HOST --ca-bundle FILE.pem"


def free_bytes(path):
    return shutil.disk_usage(path).free
