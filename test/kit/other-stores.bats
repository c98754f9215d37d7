#!/usr/bin/env bats
# What stores that are not Amazon's refuse, in their words or by a status alone: both kits say what to do, and none of it is Amazon's.

load server

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  a_server <<'PY'
    def answer(self):
        status, code, *lists = open("answer").read().split()
        text = "<Message>m</Message><Region>ru-1</Region>"
        body = f"<Error><Code>{code}</Code>{text}</Error>".encode() if code != "-" else b""
        if lists and "list-type" in self.path:
            names = "manifest.gpg", "vol1.difftar.gpg"
            rows = (f"<Contents><Key>web/duplicity-full.20261120T021402Z.{one}</Key><LastModified>2026-11-20T02:15:02Z</LastModified>"
                    "<ETag>x</ETag><Size>9</Size></Contents>" for one in names)
            status, body = 200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{''.join(rows)}</ListBucketResult>".encode()
        self.send(int(status), body)
    do_GET = do_HEAD = do_PUT = answer
PY
  echo "$server" >pid
}

teardown_file() { kill "$(cat "$BATS_FILE_TMPDIR/pid")"; }

setup() {
  cd "$BATS_FILE_TMPDIR" || return
  scripts=$BATS_TEST_DIRNAME/../../scripts
  endpoint=http://127.0.0.1:$(cat port)
  export AWS_ACCESS_KEY_ID=web AWS_SECRET_ACCESS_KEY=x AWS_DEFAULT_REGION=fsn1 AWS_CONFIG_FILE=/dev/null PYTHONDONTWRITEBYTECODE=1
}

host() { /usr/bin/python3 "$scripts/host/lib/rollcall-backup/s3.py" "$1" acme-backups web/ '' "$endpoint" /etc/credentials; }

restores() { /usr/bin/python3 -I -B "$scripts/restore/lib/rollcall-restore/archive" "$@" --host=web --bucket=acme-backups --prefix=web --region=fsn1 --endpoint="$endpoint"; }

# answers STATUS CODE [lists]: the store, from now on; CODE - is no body, and what is there now it may list all the same
answers() { echo "$*" >answer; }

# none_of_amazons: no cure that only Amazon's customers have
none_of_amazons() {
  if grep -E '(hint:|do=).*(rollcall add-|IAM|ssm|console|aws|AWS|Glacier|the stack)' <<<"$output"; then return 1; fi
}

@test "each refusal has its cure, on a host and where one restores" {
  while read -r answer reason cure; do
    # shellcheck disable=SC2086 # two words
    answers ${answer/:/ }
    run host look
    expect 7 "reason=$reason" "${cure%%|*}" || { echo "a host: $answer" && return 1; }
    none_of_amazons
    run restores prove
    expect 7 "cannot read s3://acme-backups/web" "${cure##*|}" || { echo "a restore: $answer" && return 1; }
    none_of_amazons
  done <<'END'
403:AccessDenied AccessDenied with the store's own tools let this key list s3://acme-backups|with the store's own tools let these credentials list
403:AccountSuspended AccessDenied with the store's own tools
403:- AccessDenied with the store's own tools
403:InvalidAccessKeyId InvalidAccessKeyId the store does not know this key
404:XAdminUserNotFound InvalidAccessKeyId the store does not know this key
401:Unauthorized InvalidAccessKeyId the store does not know this key
403:InvalidSecurity InvalidAccessKeyId the store does not know this key
403:SignatureDoesNotMatch SignatureDoesNotMatch the secret in /etc/credentials is mistyped|the secret access key is wrong
400:ExpiredToken ExpiredToken give a key without one|the session token has expired
404:NoSuchBucket NoSuchBucket correct BUCKET in the config|check bucket= and endpoint=
403:RequestTimeTooSkewed RequestTimeTooSkewed timedatectl set-ntp true
400:AuthorizationHeaderMalformed region set REGION=ru-1|region=
403:SecondLevelDomainForbidden VirtualStyleOnly ENDPOINT_STYLE=virtual|--endpoint-style virtual
501:NotImplemented NotImplemented its address for S3
405:MethodNotAllowed NotImplemented its address for S3
400:InvalidArgument InvalidArgument then run it again
503:ServiceUnavailable SlowDown the store is busy
END
}

@test "a store that does not know a question leaves it open what a host's key may do" {
  answers 501 NotImplemented
  run host limits
  expect 0 'untold=s3:GetBucketPolicy NotImplemented' 'untold=s3:ListBucketVersions NotImplemented'
  answers 403 AccessDenied
  run host limits
  expect 0
  [ "$output" = '' ]
}

@test "of a store that does not know versions, what is there now is all there is, and that is said" {
  for answer in "501 NotImplemented" "405 MethodNotAllowed"; do
    # shellcheck disable=SC2086 # two words
    answers $answer lists
    run restores versions
    expect 0 "note: the store does not know versions (${answer#* }): each is taken as it is now" '20261120T021402Z' 'as it is now'
  done
  answers 403 AccessDenied lists
  run restores versions
  expect 7 'list and get versions'
}

# cures ENDPOINT: of a refusal, where one restores and on a host
cures() {
  /usr/bin/python3 - "$scripts" "$1" <<'PY'
import sys
from botocore.exceptions import ClientError
scripts, endpoint = sys.argv[1:]
sys.path[:0] = [f"{scripts}/restore/lib/rollcall-restore/archive", f"{scripts}/host/lib/rollcall-backup"]
from s3 import explain
from stores import Bucket
refusal = ClientError({"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}, "ListObjectsV2")
print(Bucket("acme-backups", "web", "eu-west-1", endpoint).explain(refusal).hint)
print(explain(refusal, "acme-backups", "web/", "/etc/credentials", endpoint).do)
PY
}

@test "on Amazon's own, by its name or by an endpoint of it, the cures are Amazon's" {
  for endpoint in '' https://s3.eu-west-1.amazonaws.com https://bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com/ \
    https://s3.cn-north-1.amazonaws.com.cn https://s3.eu-central-1.amazonaws.com:443 https://s3.eusc-de-east-1.amazonaws.eu; do
    run cures "$endpoint"
    expect 0 'rollcall add-reader' 'rollcall doctor'
  done
}

@test "an endpoint with Amazon's name in the wrong place is another store" {
  for endpoint in https://amazonaws.com.evil.example https://minio.example/amazonaws.com https://notamazonaws.com; do
    run cures "$endpoint"
    expect 0 "with the store's own tools"
    [[ $output != *rollcall\ * ]]
  done
}
