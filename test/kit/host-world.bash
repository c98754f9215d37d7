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
  wait_for test -s "$WORLD/s3" || { cat "$WORLD/s3.log" && return 1; }
  "$scripts/keys/rollcall-keygen" web --algo cv25519 --out "$WORLD/key" >"$WORLD/keygen.said"
  sed -n 's/^fingerprint  //p' "$WORLD/keygen.said" >"$WORLD/fingerprint"
  sed -n 's/^subkey       //p' "$WORLD/keygen.said" >"$WORLD/subkey"
  printf '[default]\naws_access_key_id = AKIAWEB\naws_secret_access_key = %s\n' "$the_secret" >"$WORLD/web.aws"
  (nasty_tree "$WORLD/tree")
  # as the user that the runs are done as
  chmod 755 "$WORLD" "$WORLD/.." "$BATS_RUN_TMPDIR"
}

end_of_host_world() { [ ! -s "$WORLD/s3.pid" ] || kill "$(cat "$WORLD/s3.pid")" 2>/dev/null || true; }

# as each file has it, if it says nothing else
setup_file() {
  [ -x "${ROLLCALL_TEST_DUPLICITY:-/usr/bin/duplicity}" ] || skip 'duplicity is not installed'
  host_world
}

teardown_file() { end_of_host_world; }

setup() { host_stage; }

the_secret=S3cr3tOfWebThatNobodyMaySee

# host_stage: an installed and set-up kit of this test's own, an empty log, an S3 without faults
host_stage() {
  install_kit
  endpoint=$(sed -n 1p "$WORLD/s3") control=$(sed -n 2p "$WORLD/s3")
  fingerprint=$(cat "$WORLD/fingerprint")
  lists "+ $WORLD/tree" '- /'
  s3_say clear
  # a prefix of this test's own: sets of other tests are not seen
  prefix=web/$BATS_TEST_NUMBER
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

no_key_twice() { same "$(keys | awk '{ print $2 }' | sort | uniq -d)" ''; }

set_of() { sed -n 's/.* set=\([0-9TZ]*\) .*/\1/p' <<<"$1" | tail -n 1; }

# hangs_at NTH: a run is begun that hangs at its NTH upload; those before it are done
hangs_at() {
  s3_say clear
  s3_say fault "{\"operation\":\"PutObject\",\"nth\":[$1],\"fault\":{\"hang\":true}}" >/dev/null
  begun rollcall-backup run
  wait_for has_sent $(($1 - 1))
}

has_sent() { [ "$(s3_say requests | grep -c '^200 PutObject')" -ge "$1" ]; }

# duplicity_restores [OPTION...]: by duplicity itself, with the secret key, to $BATS_TEST_TMPDIR/back
duplicity_restores() {
  local home=$BATS_FILE_TMPDIR/gnupg
  if [ ! -d "$home" ]; then
    mkdir -m 700 "$home"
    gpg --homedir "$home" --batch --quiet --import "$WORLD/key/web.key" 2>/dev/null
  fi
  rm -rf "$BATS_TEST_TMPDIR/back" "$BATS_TEST_TMPDIR/archive-of-reader"
  GNUPGHOME=$home PASSPHRASE=$(cat "$WORLD/key/web.passphrase") AWS_ACCESS_KEY_ID=AKIALOCALADMIN AWS_SECRET_ACCESS_KEY=x \
    AWS_DEFAULT_REGION=eu-west-1 "$(sed -n 's/^DUPLICITY=//p' "$etc/config")" restore --archive-dir "$BATS_TEST_TMPDIR/archive-of-reader" "$@" \
    --gpg-options=--trust-model=always --s3-endpoint-url "$endpoint" "boto3+s3://backups/$prefix" "$BATS_TEST_TMPDIR/back" >"$BATS_TEST_TMPDIR/said" 2>&1 ||
    { tail -n 5 "$BATS_TEST_TMPDIR/said" && false; }
  gpgconf --homedir "$home" --kill gpg-agent
}
