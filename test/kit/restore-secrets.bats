#!/usr/bin/env bats
# The passphrase: in gpg-agent's memory while it is wanted, and nowhere else ever.

load restore-world

setup_file() {
  world
  mkdir -p "$WORLD/tree/etc"
  echo hello >"$WORLD/tree/etc/passwd"
  head -c 3000000 /dev/urandom >"$WORLD/tree/big"
  backup $((NOW - 3600)) "$WORLD/tree"
  add_web
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  remove-passphrase web 2>/dev/null
}

agents() { pgrep -a -x gpg-agent | grep -F "$HOME/" || true; }

@test "without the passphrase nothing can be read, and nobody is asked" {
  for words in list "fetch etc/passwd out" "all out"; do
    # shellcheck disable=SC2086
    run timeout 30 restore web $words </dev/null
    expect 4 "the key of web is locked" "set-passphrase web"
  done
  [ ! -e out ]
}

@test "a wrong passphrase opens nothing" {
  run set-passphrase web <<<"correct horse battery stable"
  expect 4 "not the passphrase of the key of web"
  run restore web fetch etc/passwd out </dev/null
  expect 4
}

@test "after remove-passphrase the agent is gone and fetch fails" {
  unlock
  restore web fetch etc/passwd out
  run remove-passphrase web
  expect 0 "web: closed"
  [ -z "$(agents)" ]
  run restore web fetch etc/passwd out2 </dev/null
  expect 4 "the key of web is locked"
}

@test "a second host keeps its key when the first one is closed" {
  make_key db
  restore-add-host db --bucket acme-backups --region eu-west-1 --key "$WORLD/db.key" --no-look
  set-passphrase db <<<"$PASS"
  unlock
  remove-passphrase web
  [[ $(agents) == *"/db/gnupg"* ]]
  run remove-passphrase --all
  expect 0 "db: closed" "web: closed"
  [ -z "$(agents)" ]
  restore-remove-host db
}

@test "the key closes by itself" {
  # a busy machine takes seconds between two uses of the key
  set-passphrase web --ttl 10 <<<"$PASS"
  restore web fetch etc/passwd out
  sleep 13
  run restore web fetch etc/passwd out2 </dev/null
  expect 4 "the key of web is locked"
}

@test "a key without a passphrase is warned of" {
  local home=$WORLD/keys/bare fpr
  mkdir -m 700 "$home"
  GNUPGHOME=$home gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-generate-key bare default default never 2>/dev/null
  GNUPGHOME=$home gpg --batch --export-secret-keys >bare.key
  restore-add-host bare --bucket acme-backups --region eu-west-1 --key bare.key --no-look
  run set-passphrase bare </dev/null
  expect 0 "has no passphrase"
  restore-remove-host bare
}

@test "an expired key still opens" {
  local home=$WORLD/keys/old
  mkdir -m 700 "$home"
  GNUPGHOME=$home gpg --batch --quiet --pinentry-mode loopback --passphrase "$PASS" --faked-system-time 20200101T000000 \
    --quick-generate-key old default default 1d 2>/dev/null
  GNUPGHOME=$home gpg --batch --quiet --pinentry-mode loopback --passphrase "$PASS" --export-secret-keys >old.key
  run restore-add-host old --bucket acme-backups --region eu-west-1 --key old.key --no-look
  expect 0
  run set-passphrase old <<<"$PASS"
  expect 0 "is open"
  restore-remove-host old
}

@test "no secret in any process list, log or file" {
  (
    while [ ! -e stop ]; do
      { for file in /proc/[0-9]*/cmdline; do tr '\0' ' ' <"$file" || true; done; } >>seen 2>/dev/null
      sleep 0.02
    done
  ) 3>&- &
  watcher=$!
  export TMPDIR=$BATS_TEST_TMPDIR/tmp
  mkdir "$TMPDIR"
  {
    restore-add-host again --bucket acme-backups --region eu-west-1 --prefix web --key "$WORLD/web.key" --credentials "$WORLD/web.aws" --endpoint-url "$ENDPOINT"
    set-passphrase again <<<"$PASS"
    restore again list
    restore again all out
    restore-set again "$(set_time $((NOW - 3600)))" set
    GNUPGHOME=$HOME/.config/rollcall-restore/again/gnupg restore-plain set "$(set_time $((NOW - 3600)))" plain
    remove-passphrase again
    restore-plain set "$(set_time $((NOW - 3600)))" plain2 <<<"$PASS" || true
    GNUPGHOME=$HOME/.config/rollcall-restore/again/gnupg restore-plain set "$(set_time $((NOW - 3600)))" plain3 <<<"$PASS"
    restore-drill again </dev/null || true
    restore-remove-host again
  } >said 2>&1
  touch stop
  wait "$watcher"
  grep -aq 'duplicity restore' seen
  grep -aq 'take-oldest' seen
  for secret in "$PASS" S3cr3tOfTheRestorer; do
    not grep -aFq "$secret" seen
    not grep -aFq "$secret" said
  done
  not grep -rFq "$PASS" "$HOME" "$TMPDIR"
  not grep -rFq S3cr3tOfTheRestorer "$TMPDIR" out plain
  [ "$(grep -rFl S3cr3tOfTheRestorer "$HOME")" = "$HOME/.config/rollcall-restore/web/credentials" ]
}

@test "every file of a profile is for its owner alone" {
  [ -z "$(find "$HOME/.config/rollcall-restore" ! -type s -perm /077)" ]
}

@test "credentials come in every usual form" {
  for form in $'[default]\naws_access_key_id=AK1\naws_secret_access_key = s/e+c' $'export AWS_ACCESS_KEY_ID=AK1\nexport AWS_SECRET_ACCESS_KEY="s/e+c"' $'AK1\ns/e+c' $'AK1\r\ns/e+c\r'; do
    add_web --credentials - <<<"$form"
    [ "$(cat "$HOME/.config/rollcall-restore/web/credentials")" = $'[default]\naws_access_key_id = AK1\naws_secret_access_key = s/e+c' ]
  done
  run add_web --credentials - <<<"rubbish"
  expect 2 "no AWS credentials"
  run restore-add-host web --credentials "$WORLD/web.aws" --no-look
  expect 0
}

@test "a key that is none, is public, or is another one is refused and leaves nothing" {
  echo rubbish >none.key
  GNUPGHOME=$WORLD/keys/web gpg --batch --armor --export >public.key
  for key in none.key public.key; do
    run restore-add-host new --bucket acme-backups --region eu-west-1 --key "$key"
    expect 2 "no secret key"
    [ ! -e "$HOME/.config/rollcall-restore/new" ]
  done
  run restore-add-host new --bucket acme-backups --region eu-west-1 --key "$WORLD/web.key" --fingerprint 0123456789ABCDEF
  expect 2 "not 0123456789ABCDEF"
  [ ! -e "$HOME/.config/rollcall-restore/new" ]
}

@test "remove-host leaves S3 alone, and with --keep-key the key" {
  s3 <<'PY' >before
print([v["VersionId"] for v in s3.list_object_versions(Bucket="acme-backups")["Versions"]])
PY
  restore-add-host again --bucket acme-backups --region eu-west-1 --prefix web --key "$WORLD/web.key" --no-look
  run restore-remove-host again --keep-key
  expect 0 "is kept in"
  GNUPGHOME=$HOME/.config/rollcall-restore/again/gnupg gpg --batch --list-secret-keys "$(cat "$WORLD/web.fpr")"
  run restore again status
  expect 3
  restore-add-host again --bucket acme-backups --region eu-west-1 --prefix web --key "$WORLD/web.key" --no-look
  run restore-remove-host again
  expect 0 "nothing in S3 was touched"
  [ ! -e "$HOME/.config/rollcall-restore/again" ]
  s3 <<'PY' >after
print([v["VersionId"] for v in s3.list_object_versions(Bucket="acme-backups")["Versions"]])
PY
  cmp before after
}
