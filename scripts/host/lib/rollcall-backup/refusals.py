"""What a store refused, in Amazon's word for it: other stores have words of their own, or a status alone.

refusals.py ENDPOINT: exit status 0 where the store is Amazon's, 1 where it is another's

For both kits: the installer of the restore kit brings it along.
"""

import re
import sys

WORDS = {
    "AuthorizationHeaderMalformed": "PermanentRedirect",
    "IllegalLocationConstraintException": "PermanentRedirect",
    "InvalidRegionName": "PermanentRedirect",
    "InvalidSecurity": "InvalidAccessKeyId",
    "InvalidToken": "ExpiredToken",
    "PathStyleDomainForbidden": "VirtualStyleOnly",
    "SecondLevelDomainForbidden": "VirtualStyleOnly",
    "XAdminUserNotFound": "InvalidAccessKeyId",
}
STATUSES = {
    "301": "PermanentRedirect",
    "401": "InvalidAccessKeyId",
    "403": "AccessDenied",
    "404": "NoSuchBucket",
    "405": "NotImplemented",
    "429": "SlowDown",
    "501": "NotImplemented",
    "503": "SlowDown",
}
# each of these says more than its status does
AMAZONS = set(
    "AccessDenied ExpiredToken InvalidAccessKeyId InvalidObjectState NoSuchBucket NoSuchBucketPolicy NoSuchKey NoSuchUpload"
    " NoSuchVersion RequestTimeTooSkewed SignatureDoesNotMatch".split()
)


# of its partitions, as in shared/config/aws-names.ts
DOMAINS = r"amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov"


def is_amazons(endpoint):
    """Whether Amazon's own cures help there: by no endpoint, or one of its own."""
    return not endpoint or bool(re.match(rf"https?://([^/:@?#]+\.)?({DOMAINS})(:\d+)?/?\Z", endpoint, re.I))


def said(error):
    """The word of the store itself; for what came to no store, the name of the error."""
    answer = getattr(error, "response", None) or {}
    return str(answer.get("Error", {}).get("Code") or type(error).__name__)


def meaning(error):
    """Amazon's word for it."""
    word = said(error)
    answer = getattr(error, "response", None) or {}
    status = str(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
    if word in AMAZONS:
        return word
    return WORDS.get(word) or STATUSES.get(word) or STATUSES.get(status) or word


def other_region(client, bucket, ask):
    """The region of `bucket`, or "" if the store does not name it, where it is not that of `client`; else None.

    duplicity begins with a HEAD. Its refusal has no words, so the SDK cannot follow it to the right region, as it follows that
    of `ask`, a request that is answered in words and may throw. Throws what duplicity would fail with, too.
    """
    regions = []

    def listen(response=None, **_):
        error = response[1].get("Error", {}) if response else {}
        regions.append(str(error.get("Region") or ""))

    refusal = None
    try:
        client.head_bucket(Bucket=bucket)
    except Exception as error:
        if not getattr(error, "response", None):
            raise
        refusal = error
        client.meta.events.register_first("needs-retry.s3", listen)
    ask()
    if refusal is not None and said(refusal) not in ("301", "400"):
        raise refusal
    return None if refusal is None else next(filter(None, regions), "")


if __name__ == "__main__":
    sys.exit(0 if is_amazons(sys.argv[1]) else 1)
