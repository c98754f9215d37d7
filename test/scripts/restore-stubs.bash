# shellcheck shell=bash
# shellcheck disable=SC2016,SC2119,SC2120,SC2154 # bats sets status and output; the texts are for other shells
# A host `web`, a local directory of sets, and stand-ins for duplicity and gpg that do as they are told.

load ../support/expect

kit=$(cd "$BATS_TEST_DIRNAME/../../scripts/restore" && pwd)

# stage: a home with a profile of web and an open key
stage() {
  export HOME=$BATS_TEST_TMPDIR/home ROLLCALL_RESTORE_SYSTEM=$BATS_TEST_TMPDIR/etc TZ=UTC LC_ALL=C.UTF-8
  export TMPDIR=$BATS_TEST_TMPDIR/tmp STAGE=$BATS_TEST_TMPDIR/stage
  unset XDG_CONFIG_HOME XDG_CACHE_HOME XDG_STATE_HOME SUDO_USER AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3
  profile=$HOME/.config/rollcall-restore/web
  mkdir -p "$profile/gnupg" "$STAGE/bin" "$TMPDIR" "$BATS_TEST_TMPDIR/work"
  chmod 700 "$profile" "$profile/gnupg"
  printf 'bucket=acme\nregion=eu-west-1\nprefix=web\nfingerprint=%040d\n' 7 >"$profile/profile"
  printf 'probe' >"$profile/gnupg/rollcall-probe-0123456789ABCDEF.gpg"
  touch "$STAGE/key-is-open"
  stand_in gpg <<'STUB'
#!/bin/sh
case "$*" in *--decrypt*) ;; *) exit 2 ;; esac
case "$*" in *--passphrase-fd*)
  IFS= read -r given <&3
  [ "$given" = "right" ] || exit 2
  touch "$STAGE/key-is-open"
  exit 0 ;;
esac
[ -e "$STAGE/key-is-open" ] || { echo 'gpg: public key decryption failed: No pinentry' >&2; exit 2; }
STUB
  stand_in gpgconf <<'STUB'
#!/bin/sh
rm -f "$STAGE/key-is-open"
STUB
  duplicity_is 0.8.22
  duplicity_does 'mkdir -p "$out" 2>/dev/null; echo restored >"$out/file"'
  export ROLLCALL_DUPLICITY=$STAGE/bin/duplicity
  PATH=$kit/bin:$STAGE/bin:$PATH
  cd "$BATS_TEST_TMPDIR/work" || return
}

setup() { stage; }

stand_in() {
  cat >"$STAGE/bin/$1"
  chmod +x "$STAGE/bin/$1"
}

# duplicity_is VERSION / duplicity_does SHELL-TEXT: it sees $out, the last argument
duplicity_is() {
  printf '%s' "$1" >"$STAGE/version"
  stand_in duplicity <<'STUB'
#!/bin/bash
[[ $1 != --version ]] || { echo "duplicity $(cat "$STAGE/version")"; exit; }
printf '%s\n' "$@" >"$STAGE/asked"
out=${!#}
. "$STAGE/does"
STUB
}

duplicity_does() { printf '%s\n' "$1" >"$STAGE/does"; }

# a_set TIME [VOLUMES]: one whole full backup in ./sets
a_set() {
  local number
  mkdir -p sets
  for ((number = 1; number <= ${2:-2}; number++)); do echo x >"sets/duplicity-full.$1.vol$number.difftar.gpg"; done
  echo x >"sets/duplicity-full.$1.manifest.gpg"
}

asked() { grep -qxF -- "$1" "$STAGE/asked"; }

nothing_left() {
  local left
  left=$(find "$TMPDIR" . -mindepth 1 -maxdepth 1 ! -name sets | sort)
  [ -z "$left" ] || {
    echo "left behind: $left"
    return 1
  }
}
