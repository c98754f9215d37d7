# shellcheck shell=bash
# A host `web` that is set up below $ROLLCALL_ROOT, with stand-ins for duplicity and S3 that do as they are told.

load ../support/expect

scripts=$(cd "$BATS_TEST_DIRNAME/../../scripts" && pwd)

# make_key DIR: a small key without passphrase; DIR/pub.gpg, DIR/pub.asc, DIR/secret.asc, DIR/fingerprint
make_key() {
  mkdir -p "$1/home"
  chmod 700 "$1/home"
  local gpg=(gpg --homedir "$1/home" --batch --quiet --passphrase '')
  "${gpg[@]}" --quick-generate-key 'backup of web' ed25519 cert "${2:-never}" 2>/dev/null
  "${gpg[@]}" --with-colons --list-keys 2>/dev/null | awk -F: '$1 == "fpr" { print $10; exit }' >"$1/fingerprint"
  "${gpg[@]}" --quick-add-key "$(cat "$1/fingerprint")" cv25519 encr "${2:-never}" 2>/dev/null
  "${gpg[@]}" --export >"$1/pub.gpg"
  "${gpg[@]}" --armor --export >"$1/pub.asc"
  "${gpg[@]}" --armor --export-secret-keys >"$1/secret.asc"
  gpgconf --homedir "$1/home" --kill gpg-agent
}

# install_kit: below $ROLLCALL_ROOT, with an empty log; $stubs is first in PATH
install_kit() {
  export ROLLCALL_ROOT=$BATS_TEST_TMPDIR/host LC_ALL=C
  unset DESTDIR PREFIX JOURNAL_STREAM PASSPHRASE "${!AWS_@}" || true
  stubs=$BATS_TEST_TMPDIR/stubs
  syslog=$BATS_TEST_TMPDIR/syslog
  etc=$ROLLCALL_ROOT/etc/rollcall-backup
  state=$ROLLCALL_ROOT/var/lib/rollcall-backup
  targets=$ROLLCALL_ROOT/etc/backup-targets
  mkdir -p "$stubs" "$ROLLCALL_ROOT/etc"
  : >"$syslog"
  "$scripts/host/install" --cron >/dev/null
  stub logger <<STUB
#!/bin/sh
while IFS= read -r line; do printf '%s| %s\n' "\$*" "\$line"; done >>"$syslog"
STUB
  PATH=$stubs:$ROLLCALL_ROOT/usr/local/sbin:$PATH
}

# stage: an installed kit, and its duplicity
stage() {
  export TZ=UTC
  key=$BATS_FILE_TMPDIR/key
  install_kit
  stub_duplicity
}

stub() {
  cat >"$stubs/$1"
  chmod 755 "$stubs/$1"
}

# duplicity and the Python it runs on, which is asked about S3; what they do is in $stubs/does-*
stub_duplicity() {
  stub python-for-duplicity <<'STUB'
#!/bin/sh
here=${0%/*}
printf '%s\n' "$@" >>"$here/argv"
env >>"$here/environment"
pwd >>"$here/directories"
case $1 in
  -c) [ ! -e "$here/no-boto3" ] && echo 1.26.27 && exit ;;
  *s3.py)
    task=$2
    shift 7
    . "$here/does-$task"
    exit
    ;;
  *selection.py)
    # duplicity's own, which needs no S3
    [ "$2" = saved ] || exec /usr/bin/python3 "$@"
    . "$here/does-saved"
    exit
    ;;
  */duplicity)
    shift
    [ "$1" != --version ] || { echo "duplicity $(cat "$here/version")" && exit; }
    archive='' log=/dev/null
    all=$*
    while [ $# -gt 0 ]; do
      case $1 in --archive-dir) archive=$2 ;; --log-file) log=$2 ;; esac
      shift
    done
    case $all in
      *--dry-run*--no-print-statistics*) . "$here/does-ask" ;;
      *--dry-run*) echo "SourceFiles 9" ;;
      *) . "$here/does-full" ;;
    esac
    exit
    ;;
esac
exit 1
STUB
  printf '#!%s/python-for-duplicity\n' "$stubs" | stub duplicity
  echo 0.8.22 >"$stubs/version"
  echo 'echo skew=0' >"$stubs/does-look"
  echo ':' >"$stubs/does-limits"
  echo ':' >"$stubs/does-ask"
  echo 'printf "Volume 1:\n" >"$archive/s/duplicity-full.20261123T031502Z.manifest"' >"$stubs/does-full"
  echo 'echo files=9' >"$stubs/does-saved"
  printf 'echo volumes=31\necho bytes=6549825126\n' >"$stubs/does-whole"
}

# does ask|full|look|whole|saved SHELL-TEXT; full and ask see $archive and $log
does() { printf '%s\n' "$2" >"$stubs/does-$1"; }

# set_up: as rollcall-backup-setup leaves it
set_up() {
  mkdir -p "$etc" "$state" "$BATS_TEST_TMPDIR/data"
  echo data >"$BATS_TEST_TMPDIR/data/file"
  printf 'HOST=web\nBUCKET=acme-backups\nREGION=eu-west-1\nFINGERPRINT=%s\nDUPLICITY=%s\n' "$(cat "$key/fingerprint")" "$stubs/duplicity" >"$etc/config"
  cp "$key/pub.gpg" "$etc/pub.gpg"
  printf '[default]\naws_access_key_id = AKIAWEB\naws_secret_access_key = S3cr3tOfWeb\n' >"$etc/credentials"
  chmod 600 "$etc/credentials"
  chmod 644 "$etc/config" "$etc/pub.gpg"
  lists "+ $BATS_TEST_TMPDIR/data" '- /'
}

# lists LINE...: /etc/backup-targets
lists() {
  printf '%s\n' "$@" >"$targets"
  chmod 644 "$targets"
}

# at TIME COMMAND...: with this host's clock there; only `date` asks it
at() {
  local when=$1
  shift
  stub date <<STUB
#!/bin/sh
case \$1 in
  -d) exec /bin/date "\$@" ;;
  *) exec /bin/date -d '$when' "\$@" ;;
esac
STUB
  "$@"
}

# outcome: the line that the run ended with, as in the system log
outcome() { sed -n 's/^-t rollcall-backup -p user\.[a-z]*| \(\(OK\|WARN\|FAIL\) .*\)/\1/p' "$syslog" | tail -n 1; }

same() {
  [ "$1" = "$2" ] || {
    printf 'is:     %s\nwanted: %s\n' "$1" "$2"
    return 1
  }
}

# nothing_left: no scratch, no lock, no mark of a run
nothing_left() {
  local left
  left=$(find "$state" -name 'rollcall-backup.*' -o -name running -o -name '*.new.*')
  same "$left" ''
  flock -n "$state/lock" true
}
