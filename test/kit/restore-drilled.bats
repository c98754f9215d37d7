#!/usr/bin/env bats
# restore-drill: a receipt for every outcome, and a lie is found.

load restore-world

setup_file() {
  world
  mkdir -p "$WORLD/tree/etc"
  echo "the canary sings" >"$WORLD/tree/etc/canary"
  echo private >"$WORLD/tree/etc/payroll-of-the-boss"
  ln -s canary "$WORLD/tree/etc/link"
  backup $((NOW - 3600)) "$WORLD/tree"
  CANARY=$(sha256sum <"$WORLD/tree/etc/canary" | cut -c1-64)
  export CANARY
  add_web
  unlock
}

field() { python3 -c 'import json, sys; print(json.loads(sys.stdin.read())[sys.argv[1]])' "$1"; }

@test "a random file is restored and compared with what the host signed" {
  restore-drill web >receipt
  [ "$(field result <receipt)" = restored ]
  [ "$(field compared <receipt)" = signature ]
  [ "$(field set <receipt)" = "$(set_time $((NOW - 3600)))" ]
  [ "$(field bytes <receipt)" -gt 0 ]
  cmp receipt "$HOME"/.local/state/rollcall-restore/drills/web/"$(field at <receipt | tr -d ':-')".json
}

@test "a canary is compared with the hash that one knows" {
  restore-drill web etc/canary --sha256 "$CANARY" >receipt
  [ "$(field compared <receipt)" = sha256 ]
  [ "$(field sha256 <receipt)" = "$CANARY" ]
  run restore-drill web etc/canary --sha256 "${CANARY//[0-9]/0}"
  expect 6 "is not what it should be" '"result": "mismatch"'
}

@test "a drill that cannot restore leaves a receipt that says so" {
  run restore-drill web etc/missing
  expect 3 '"result": "failed"' "hint:"
  remove-passphrase web
  run restore-drill web etc/canary </dev/null
  unlock
  expect 4 "the key of web is locked"
}

@test "a link or a directory is restored, and honestly not compared" {
  restore-drill web etc >receipt
  [ "$(field compared <receipt)" = none ]
  [ "$(field result <receipt)" = restored ]
}

@test "the state bucket gets the receipt, but not the name of a random file" {
  restore-drill web --ledger s3://acme-ledger >receipt
  sleep 1
  restore-drill web etc/canary --sha256 "$CANARY" --ledger s3://acme-ledger --ledger-credentials "$WORLD/web.aws"
  s3 <<'PY' >ledger
import json
keys = [o["Key"] for o in s3.list_objects_v2(Bucket="acme-ledger")["Contents"]]
assert all(k.startswith("drills/web/2") and k.endswith("Z.json") for k in keys), keys
rows = [json.loads(s3.get_object(Bucket="acme-ledger", Key=k)["Body"].read()) for k in sorted(keys)]
assert [r["path"] for r in rows] == [None, "etc/canary"], rows
assert all(r["host"] == "web" and r["version"] == 1 and r["result"] == "restored" for r in rows), rows
PY
  [ "$(field path <receipt)" != None ]
}

@test "a drill that proves nothing has another name in the state bucket" {
  run restore-drill web etc/canary --sha256 "${CANARY//[0-9]/0}" --ledger s3://acme-ledger
  expect 6
  run restore-drill web etc/missing --ledger s3://acme-ledger
  expect 3
  restore-drill web etc --ledger s3://acme-ledger
  s3 <<'PY'
keys = [o["Key"] for o in s3.list_objects_v2(Bucket="acme-ledger")["Contents"]]
words = sorted(k.split(".")[1] for k in keys if k.count(".") == 2)
assert words == ["failed", "mismatch", "uncompared"], keys
PY
}

@test "a state bucket that refuses does not fail the drill" {
  run restore-drill web etc/canary --ledger s3://no-such-bucket
  expect 0 "the receipt is not in the state bucket" '"result": "restored"'
}

# receipt_of HOST DAYS-AGO [RESULT [COMPARED]]
receipt_of() {
  local at dir=$XDG_STATE_HOME/rollcall-restore/drills/$1
  at=$(date -u -d "$2 days ago" +%Y%m%dT%H%M%SZ)
  mkdir -p "$dir"
  printf '{"version": 1, "host": "%s", "result": "%s", "compared": "%s"}\n' "$1" "${3:-restored}" "${4:-signature}" >"$dir/$at.json"
}

@test "a copy of the key without its passphrase, made as docs/restore.md says, is open by itself" {
  cp "$WORLD/web.key" .
  # as the page has it, with the answers from a pipe
  sed -n '/^mkdir -m 700 k/,/^gpg --homedir k --output/p' "$repository/docs/restore.md" |
    sed 's/--pinentry-mode loopback/& --command-fd 0/' >made
  [ "$(wc -l <made)" -eq 3 ]
  printf '%s\n\n\n' "$PASS" | bash -euo pipefail made
  [ ! -e k ] && [ "$(stat -c %a drills.key)" = 600 ]
  export HOME=$PWD/other
  unset GNUPGHOME
  mkdir "$HOME"
  restore-add-host web --bucket acme-backups --region eu-west-1 --key drills.key --credentials "$WORLD/web.aws" \
    --endpoint-url "$ENDPOINT" --fingerprint "$(cat "$WORLD/web.fpr")" --no-look
  restore-drill --next >receipt </dev/null
  [ "$(field result <receipt)" = restored ]
  GNUPGHOME=$HOME/.config/rollcall-restore/web/gnupg gpgconf --kill gpg-agent
}

@test "--next takes the host whose proof is the oldest, and then the other" {
  export XDG_STATE_HOME=$BATS_TEST_TMPDIR/state
  restore-add-host again --bucket acme-backups --region eu-west-1 --prefix web --key "$WORLD/web.key" \
    --credentials "$WORLD/web.aws" --endpoint-url "$ENDPOINT" --no-look
  set-passphrase again <<<"$PASS"
  receipt_of web 40
  restore-drill --next >receipt
  [ "$(field host <receipt)" = again ]
  restore-drill --next >receipt
  [ "$(field host <receipt)" = web ]
  receipt_of again 1 failed
  rm "$XDG_STATE_HOME"/rollcall-restore/drills/*/*.json
  receipt_of web 40
  receipt_of again 60
  receipt_of again 2 failed
  receipt_of again 3 restored none
  restore-drill --next >receipt
  [ "$(field host <receipt)" = web ]
  rm "$XDG_STATE_HOME"/rollcall-restore/drills/again/*.json
  receipt_of again 60
  receipt_of again 8 failed
  restore-drill --next >receipt
  [ "$(field host <receipt)" = again ]
  receipt_of again 60
  remove-passphrase again
  rm "$XDG_STATE_HOME"/rollcall-restore/drills/again/*.json
  run restore-drill --next
  expect 0 "passed over again: its key is locked"
  remove-passphrase web
  run restore-drill --next
  unlock
  expect 4 "the key of no host is open" "hint:"
  restore-remove-host again --yes || restore-remove-host again
}

@test "--next restores the canary of the profile, and a wrong hash is found" {
  export XDG_STATE_HOME=$BATS_TEST_TMPDIR/state
  add_web --canary /etc/canary --canary-sha256 "$CANARY"
  unlock
  restore-drill --next >receipt
  [ "$(field path <receipt)" = etc/canary ]
  [ "$(field compared <receipt)" = sha256 ]
  add_web
  add_web --canary-sha256 "${CANARY//[0-9]/0}"
  unlock
  run restore-drill --next
  expect 6 "is not what it should be"
  run add_web --canary etc/link --canary-sha256 12
  expect 2 "64 hex digits"
  sed -i /canary/d "$HOME"/.config/rollcall-restore/web/profile
}

@test "--next leaves its receipt in the bucket that the environment names, and takes no PATH" {
  export XDG_STATE_HOME=$BATS_TEST_TMPDIR/state
  ROLLCALL_LEDGER=s3://acme-ledger ROLLCALL_LEDGER_CREDENTIALS=$WORLD/web.aws run restore-drill --next
  expect 0 "receipt written to s3://acme-ledger/drills/web/"
  run restore-drill --next web
  expect 2 "--next chooses the host"
  XDG_CONFIG_HOME=$BATS_TEST_TMPDIR run restore-drill --next
  expect 3 "no host is known here"
}
