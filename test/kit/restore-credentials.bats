#!/usr/bin/env bats
# restore-add-host tries credentials before it keeps them: they read one backup, and write none.

load restore-world
load server

setup_file() {
  world
  mkdir -p "$WORLD/tree"
  echo x >"$WORLD/tree/file"
  backup $((NOW - 3600)) "$WORLD/tree"
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  printf 'AKIAWRITER\nS3cr3tOfTheWriter\n' >writer.aws
}

teardown() {
  rm -rf "$HOME/.config/rollcall-restore"
}

# add OPTION...: web for the first time, with a look into the bucket
add() {
  run restore-add-host web --bucket acme-backups --region eu-west-1 --key "$WORLD/web.key" --endpoint-url "$ENDPOINT" "$@"
}

profile() { echo "$HOME/.config/rollcall-restore/web"; }

# in_bucket: what is in the bucket, versions and unfinished uploads too
in_bucket() {
  s3 <<'PY'
print(sorted(v["VersionId"] for v in s3.list_object_versions(Bucket="acme-backups").get("Versions", [])))
print(s3.list_multipart_uploads(Bucket="acme-backups").get("Uploads", []))
PY
}

# a_store ANSWER: a store on a free port that lists one object and gives it, and answers a write with STATUS CODE
a_store() {
  a_server "$@" <<'PY'
    status, code, reading = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    def do_HEAD(self):
        self.send(200, b"")
    def do_GET(self):
        if "list-type" in self.path:
            row = "" if self.reading == "empty" else "<Contents><Key>web/duplicity-full.20261120T021402Z.manifest.gpg</Key><LastModified>2026-11-20T02:14:02Z</LastModified><ETag>x</ETag><Size>1</Size></Contents>"
            self.send(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{row}</ListBucketResult>".encode())
        elif self.reading == "cold":
            self.send(403, b"<Error><Code>InvalidObjectState</Code><Message>cold</Message></Error>")
        else:
            self.send(206, b"x")
    def do_PUT(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send(self.status, f"<Error><Code>{self.code}</Code><Message>m</Message></Error>".encode())
PY
}

@test "the key of a reader is kept" {
  add --credentials "$WORLD/web.aws"
  expect 0 "the credentials read the backups, and cannot write there" "complete"
  grep -q AKIARESTORE "$(profile)/credentials"
  [ "$(stat -c %a "$(profile)/credentials")" = 600 ]
}

@test "credentials that can write are refused, and nothing is left of them, neither here nor in the bucket" {
  before=$(in_bucket)
  add --credentials writer.aws
  expect 1 "these credentials can write to s3://acme-backups/web, so they are not kept" "by the store's own tools" "--any-credentials"
  [ ! -e "$(profile)" ]
  [ "$(in_bucket)" = "$before" ]
}

@test "a known host keeps the credentials that it had" {
  add --credentials "$WORLD/web.aws"
  run restore-add-host web --credentials writer.aws
  expect 1 "so they are not kept"
  grep -q AKIARESTORE "$(profile)/credentials"
  [ ! -e "$(profile)/credentials.new" ]
  run restore web status
  expect 0 "complete"
}

@test "who says so may keep credentials that can write" {
  add --credentials writer.aws --any-credentials
  expect 0 "warning: these credentials can write to s3://acme-backups/web" "complete"
  grep -q AKIAWRITER "$(profile)/credentials"
}

@test "credentials that cannot read are refused, with what makes others" {
  add --credentials "$WORLD/web.aws" --prefix mail
  expect 7 "cannot read s3://acme-backups/mail" "with the store's own tools"
  [ ! -e "$(profile)" ]
}

@test "without a backup there is nothing to read, and that is said" {
  a_store 403 AccessDenied empty
  add --credentials writer.aws --endpoint-url "http://127.0.0.1:$(cat port)"
  kill "$server"
  expect 0 "there is no backup in s3://acme-backups/web yet, so that reading one could not be tried" "the credentials cannot write there"
}

@test "a store that does not tell who may write is no proof" {
  for answer in "501 NotImplemented" "400 InvalidArgument" "405 MethodNotAllowed"; do
    # shellcheck disable=SC2086 # two words
    a_store $answer full
    add --credentials writer.aws --endpoint-url "http://127.0.0.1:$(cat port)"
    expect 1 "S3 does not tell (${answer#* }) whether these credentials can write" "--any-credentials"
    [ ! -e "$(profile)" ]
    add --credentials writer.aws --endpoint-url "http://127.0.0.1:$(cat port)" --any-credentials
    kill "$server"
    expect 0 "warning: S3 does not tell"
    teardown
    rm port
  done
}

@test "a backup in cold storage is no proof of reading" {
  a_store 403 AccessDenied cold
  add --credentials writer.aws --endpoint-url "http://127.0.0.1:$(cat port)"
  kill "$server"
  expect 7 "InvalidObjectState" "bring it back there"
}

@test "where S3 cannot be reached, --no-look keeps them untried" {
  add --credentials "$WORLD/web.aws" --endpoint-url http://127.0.0.1:1
  expect 7 "cannot read s3://acme-backups/web" "hint:"
  [ ! -e "$(profile)" ]
  add --credentials "$WORLD/web.aws" --endpoint-url http://127.0.0.1:1 --no-look
  expect 0 "web is known here"
}

@test "the answer of aws sts get-session-token is taken as it is" {
  cat >session.json <<'JSON'
{
    "Credentials": {
        "AccessKeyId": "AKIARESTORE",
        "SecretAccessKey": "S3cr3t/Of+TheSession",
        "SessionToken": "IQoJb3JpZ2luX2VjEXAMPLE==",
        "Expiration": "2026-11-29T00:00:00+00:00"
    }
}
JSON
  add --credentials session.json
  expect 0 "cannot write there"
  [ "$(cat "$(profile)/credentials")" = $'[default]\naws_access_key_id = AKIARESTORE\naws_secret_access_key = S3cr3t/Of+TheSession\naws_session_token = IQoJb3JpZ2luX2VjEXAMPLE==' ]
}

@test "Ctrl-C while S3 is asked leaves nothing" {
  a_server <<<'    do_GET = do_HEAD = lambda self: __import__("time").sleep(120)'
  # what a shell starts in the background ignores Ctrl-C, unless told otherwise
  begun /usr/bin/python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.setsid()
os.execvp(sys.argv[1], sys.argv[1:])' restore-add-host web --bucket acme-backups --region eu-west-1 --key "$WORLD/web.key" \
    --credentials writer.aws --endpoint-url "http://127.0.0.1:$(cat port)"
  wait_for test -e "$(profile)/credentials.new"
  sleep 1
  kill -INT -- "-$runner"
  ends 130
  kill "$server"
  [ ! -e "$(profile)" ]
  [ -z "$(ls "$TMPDIR")" ]
}

@test "a profile that gets its key from elsewhere is not kept, and a restore uses it where it stays" {
  printf '[web]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = base\n[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = x\n' >some.aws
  add --credentials some.aws --profile web
  expect 2 "the profile 'web' gets its key by role_arn and source_profile" 'leave --credentials out' 'AWS_PROFILE=NAME'
  [ ! -e "$(profile)" ]
  add --no-look
  expect 0
  echo '{"Version":1,"AccessKeyId":"AKIARESTORE","SecretAccessKey":"S3cr3tOfTheRestorer"}' >key
  printf '[profile web]\ncredential_process = cat %s/key\n' "$PWD" >config
  AWS_CONFIG_FILE=$PWD/config AWS_PROFILE=web run restore web status
  expect 0 complete
}

@test "credentials that read no older versions are kept, and what will not work with them is said at once" {
  printf 'AKIANOVERSIONS\nx\n' >some.aws
  add --credentials some.aws
  expect 0 'read no older versions (AccessDenied)' 'restore-set and restore --keep-going cannot work' 's3:ListBucketVersions' 'cannot write there'
  add --credentials "$WORLD/web.aws"
  expect 0 'cannot write there'
  [[ $output != *'older versions'* ]]
}
