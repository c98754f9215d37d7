# shellcheck shell=bash
# A host `web` with real programs: the kit as installed, a key made by rollcall-keygen, and a local S3 that
# lets its key do what the stack's policy does.

load ../scripts/host-stage
load restore-world

# host_world: everything below $BATS_FILE_TMPDIR; call it in setup_file
host_world() {
  export WORLD=$BATS_FILE_TMPDIR
  PATH=$scripts/../node_modules/.bin:$PATH node "$BATS_TEST_DIRNAME/host-s3-server.ts" "$WORLD/s3" >"$WORLD/s3.log" 2>&1 3>&- &
  echo $! >"$WORLD/s3.pid"
  for _ in {1..150}; do
    [ ! -s "$WORLD/s3" ] || break
    sleep 0.1
  done
  [ -s "$WORLD/s3" ] || { cat "$WORLD/s3.log" && return 1; }
  "$scripts/keys/rollcall-keygen" web --algo cv25519 --out "$WORLD/key" >"$WORLD/keygen.said"
  sed -n 's/^fingerprint  //p' "$WORLD/keygen.said" >"$WORLD/fingerprint"
  sed -n 's/^subkey       //p' "$WORLD/keygen.said" >"$WORLD/subkey"
  printf '[default]\naws_access_key_id = AKIAWEB\naws_secret_access_key = %s\n' "$the_secret" >"$WORLD/web.aws"
  (nasty_tree "$WORLD/tree")
  # as the user that the runs are done as
  chmod 755 "$WORLD" "$WORLD/.." "$BATS_RUN_TMPDIR"
}

end_of_host_world() { [ ! -s "$WORLD/s3.pid" ] || kill "$(cat "$WORLD/s3.pid")" 2>/dev/null || true; }

the_secret=S3cr3tOfWebThatNobodyMaySee

# host_stage: an installed and set-up kit of this test's own, an empty log, an S3 without faults
host_stage() {
  export ROLLCALL_ROOT=$BATS_TEST_TMPDIR/host LC_ALL=C
  unset DESTDIR PREFIX JOURNAL_STREAM PASSPHRASE "${!AWS_@}" || true
  endpoint=$(sed -n 1p "$WORLD/s3") control=$(sed -n 2p "$WORLD/s3")
  fingerprint=$(cat "$WORLD/fingerprint")
  etc=$ROLLCALL_ROOT/etc/rollcall-backup state=$ROLLCALL_ROOT/var/lib/rollcall-backup targets=$ROLLCALL_ROOT/etc/backup-targets
  stubs=$BATS_TEST_TMPDIR/stubs syslog=$BATS_TEST_TMPDIR/syslog
  mkdir -p "$stubs" "$ROLLCALL_ROOT/etc"
  : >"$syslog"
  stub logger <<STUB
#!/bin/sh
while IFS= read -r line; do printf '%s| %s\n' "\$*" "\$line"; done >>"$syslog"
STUB
  PATH=$stubs:$ROLLCALL_ROOT/usr/local/sbin:$PATH
  lists "+ $WORLD/tree" '- /'
  s3_say clear
  # a prefix of this test's own: sets of other tests are not seen
  prefix=web/$BATS_TEST_NUMBER
  "$scripts/host/install" --cron >/dev/null
  rollcall-backup-setup --id web --bucket backups --region eu-west-1 --prefix "$prefix" --endpoint-url "$endpoint" \
    --public-key "$WORLD/key/web.pub.gpg" --fingerprint "$fingerprint" --credentials "$WORLD/web.aws" --wait 0 >/dev/null
  printf 'VOLSIZE_MB=2\nDUPLICITY=%s\n' "${ROLLCALL_TEST_DUPLICITY:-/usr/bin/duplicity}" >>"$etc/config"
}

# s3_say PATH [BODY]: to the server, see host-s3-server.ts
s3_say() {
  # in Python, which duplicity brings; curl would be one more package
  /usr/bin/python3 -c 'import sys, urllib.request as u; sys.stdout.write(u.urlopen(sys.argv[1], sys.argv[2].encode()).read().decode())' \
    "$control/$1" "${2:-}"
}

# keys: "SIZE NAME" of every version of every object of this test
keys() { s3_say "keys?$prefix/" | sed "s|$prefix/||"; }

set_of() { sed -n 's/.* set=\([0-9TZ]*\) .*/\1/p' <<<"$1" | tail -n 1; }
