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

teardown_file() { end_of_world; }

setup() { cd "$BATS_TEST_TMPDIR" || return; }

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
