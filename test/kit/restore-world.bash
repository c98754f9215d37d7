# shellcheck shell=bash
# shellcheck disable=SC2016,SC2119,SC2120,SC2154 # bats sets status and output; the texts are for other shells
# A fleet of one host with real programs: a local S3, a key, a nasty tree, backups of several days.

load ../support/expect

kit=$(cd "$BATS_TEST_DIRNAME/../../scripts/restore" && pwd)
repository=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

# world: everything below $BATS_FILE_TMPDIR; call it in setup_file
world() {
  export WORLD=$BATS_FILE_TMPDIR
  export HOME=$WORLD/home TMPDIR=$WORLD/tmp ROLLCALL_RESTORE_SYSTEM=$WORLD/etc TZ=UTC LC_ALL=C.UTF-8
  unset XDG_CONFIG_HOME XDG_CACHE_HOME XDG_STATE_HOME SUDO_USER GNUPGHOME AWS_PROFILE AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3
  mkdir -p "$HOME" "$TMPDIR"
  export PATH=$kit/bin:/usr/bin:$PATH PASS='correct horse battery staple'
  node=$(PATH=$repository/node_modules/.bin:$PATH command -v node)
  "$node" "$BATS_TEST_DIRNAME/restore-local-aws.ts" "$WORLD/endpoint" "$WORLD/clock" >"$WORLD/aws.log" 2>&1 3>&- &
  echo $! >"$WORLD/aws.pid"
  wait_for test -s "$WORLD/endpoint"
  # without it the real S3 would be asked
  ENDPOINT=$(cat "$WORLD/endpoint")
  [[ $ENDPOINT == http://127.0.0.1:* ]] || return 1
  # the start of a minute, so that no test straddles one
  NOW=$(($(date +%s) / 60 * 60))
  export ENDPOINT NOW
  printf '[default]\naws_access_key_id = AKIARESTORE\naws_secret_access_key = S3cr3tOfTheRestorer\n' >"$WORLD/web.aws"
  s3 <<'PY'
for bucket in "acme-backups", "acme-ledger":
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
s3.put_bucket_versioning(Bucket="acme-backups", VersioningConfiguration={"Status": "Enabled"})
PY
  make_key web
}

end_of_world() {
  [ ! -s "$WORLD/aws.pid" ] || kill "$(cat "$WORLD/aws.pid")" 2>/dev/null || true
  for home in "$WORLD"/home/.config/rollcall-restore/*/gnupg "$WORLD"/keys/*; do
    [ ! -d "$home" ] || GNUPGHOME=$home gpgconf --kill gpg-agent 2>/dev/null || true
  done
}

# as each file has it, if it says nothing else
teardown_file() { end_of_world; }

setup() { cd "$BATS_TEST_TMPDIR" || return; }

# s3: Python with a client `s3`, from standard input
s3() {
  AWS_ACCESS_KEY_ID=TEST AWS_SECRET_ACCESS_KEY=x AWS_DEFAULT_REGION=eu-west-1 /usr/bin/python3 -c "
import boto3, os, sys
s3 = boto3.client('s3', endpoint_url=os.environ['ENDPOINT'])
$(cat)" "$@"
}

# make_key NAME: an encrypted key in $WORLD/NAME.key, its fingerprint in $WORLD/NAME.fpr
make_key() {
  local home=$WORLD/keys/$1 fpr
  mkdir -p "$home"
  chmod 700 "$home"
  printf '%s' "$PASS" >"$WORLD/pass"
  GNUPGHOME=$home gpg --batch --quiet --pinentry-mode loopback --passphrase-file "$WORLD/pass" --quick-generate-key "backup of $1" rsa3072 cert never 2>/dev/null
  fpr=$(GNUPGHOME=$home gpg --batch --with-colons --list-keys 2>/dev/null | awk -F: '$1 == "fpr" { print $10; exit }')
  GNUPGHOME=$home gpg --batch --quiet --pinentry-mode loopback --passphrase-file "$WORLD/pass" --quick-add-key "$fpr" rsa3072 encr never
  GNUPGHOME=$home gpg --batch --quiet --pinentry-mode loopback --passphrase-file "$WORLD/pass" --armor --export-secret-keys "$fpr" >"$WORLD/$1.key"
  GNUPGHOME=$home gpgconf --kill gpg-agent
  echo "$fpr" >"$WORLD/$1.fpr"
}

# nasty_tree DIR: names and kinds that break careless programs
nasty_tree() {
  local i
  mkdir -p "$1" && cd "$1" || return
  mkdir -p etc/nginx empty 'dir with space' many 1/1 locked closed/deep
  echo 'root:x:0:0' >etc/passwd
  echo 'worker 1;' >etc/nginx/nginx.conf
  echo dash >-rf
  echo dashes >--help
  echo unicode >'grün 日本.txt'
  echo newline >$'new\nline'
  echo escape >$'esc\e[31mape'
  echo tab >$'tab\there'
  echo quote >"it's \"quoted\" \$HOME \`id\`"
  echo latin >$'latin-\xe9\xff'
  : >zero
  head -c 65536 /dev/urandom >just-64k
  head -c 65537 /dev/urandom >over-64k
  head -c 3500000 /dev/urandom >many-volumes
  head -c 200000 /dev/urandom >1/1/1
  truncate -s 2M sparse
  printf end >>sparse
  ln many-volumes hard
  ln -s etc/passwd link
  ln -s /nowhere/at/all dangling
  ln -s 'grün 日本.txt' $'link\nwith newline'
  mkfifo fifo
  for ((i = 0; i < 300; i++)); do echo "$i" >"many/$i"; done
  printf x >"$(printf 'l%.0s' {1..240})"
  echo s >setuid
  echo n >nobody
  echo no >locked/inside
  echo no >closed/deep/inside
  chown 1234:4321 nobody
  chmod 4755 setuid
  chmod 000 etc/nginx/nginx.conf
  chmod 0555 locked
  chmod 1777 empty
  find . -depth -exec touch -h -d '2026-01-02 03:04:05' {} +
  chmod 000 closed/deep closed
}

# describe DIR: a line for each entry: kind, mode, owner, size, time, target, content, name
describe() (
  cd "$1" || exit
  find . -mindepth 1 ! -type d ! -type f ! -type l -printf '%y %m %U:%G %Ts - - %P\0'
  find . -mindepth 1 -type d -printf "%y %m %U:%G ${2:-%Ts} - - %P\0"
  find . -mindepth 1 -type l -printf '%y - %U:%G - %l - %P\0'
  while IFS= read -r -d '' file; do
    find "./$file" -printf '%y %m %U:%G %Ts %s '
    sha256sum <"$file" | cut -c1-64 | tr '\n' ' '
    printf '%s\0' "$file"
  done < <(find . -mindepth 1 -type f -printf '%P\0')
)

same_tree() {
  # with a third word, times of directories do not count
  cmp <(describe "$1" "${3:-}" | sort -z) <(describe "$2" "${3:-}" | sort -z)
}

# backup EPOCH DIR [URL [ACTION [OPTION...]]]: as the host does, with S3's clock set to a minute later
backup() {
  local home=$WORLD/host
  mkdir -p "$home/gnupg"
  chmod 700 "$home/gnupg"
  GNUPGHOME=$WORLD/keys/web gpg --batch --quiet --export "$(cat "$WORLD/web.fpr")" >"$home/pub.gpg"
  echo "$(($1 + 60))" >"$WORLD/clock"
  AWS_ACCESS_KEY_ID=AKIAHOST AWS_SECRET_ACCESS_KEY=x GNUPGHOME=$home/gnupg /usr/bin/duplicity "${4:-full}" --current-time "$1" "${@:5}" \
    --archive-dir "$home/archive" --name "${3##*/}" --encrypt-key "$(cat "$WORLD/web.fpr")" --volsize 1 --no-print-statistics --allow-source-mismatch \
    --gpg-options="--no-default-keyring --keyring $home/pub.gpg --trust-model=always" \
    --s3-endpoint-url="$ENDPOINT" --s3-region-name=eu-west-1 "$2" "${3:-boto3+s3://acme-backups/web}" >"$WORLD/backup.log" 2>&1 || {
    tail -5 "$WORLD/backup.log"
    return 1
  }
  rm -f "$WORLD/clock"
}

set_time() { date -ud "@$1" +%Y%m%dT%H%M%SZ; }

add_web() {
  restore-add-host web --bucket acme-backups --region eu-west-1 --key "$WORLD/web.key" --credentials "$WORLD/web.aws" \
    --endpoint-url "$ENDPOINT" --fingerprint "$(cat "$WORLD/web.fpr")" --no-look "$@"
}

unlock() { set-passphrase web <<<"$PASS" 2>/dev/null; }

# for_nobody: a directory `nobody` of that user, with the profile of web; as_nobody COMMAND... runs there
for_nobody() {
  [ "$(id -u)" -eq 0 ] || skip "needs root, to become somebody else"
  local up=$BATS_TEST_TMPDIR
  mkdir "$up/nobody"
  cp -a "$HOME/.config" "$up/nobody/"
  rm -f "$up"/nobody/.config/rollcall-restore/web/gnupg/S.*
  chown -R nobody "$up/nobody"
  while [ "$up" != /tmp ] && [ "$up" != / ]; do
    chmod o+x "$up"
    up=$(dirname "$up")
  done
}
as_nobody() { (cd "$BATS_TEST_TMPDIR/nobody" && runuser -u nobody -- env -u GNUPGHOME HOME="$BATS_TEST_TMPDIR/nobody" TMPDIR=/tmp PATH="$PATH" "$@"); }

# sandbox FILE: runs it with bash as root, where /etc, /home, /root and /usr/local are copies that
# vanish, so that users can be made and programs installed
sandbox() {
  [ "$(id -u)" -eq 0 ] || skip "needs root"
  mkdir -p "$WORLD/layers"
  # shellcheck disable=SC2016
  unshare -m --propagation private bash -euo pipefail -c '
    layers=$1
    mount -t tmpfs -o mode=755 tmpfs "$layers"
    for place in /etc /usr/local; do
      mkdir -p "$layers/up$place" "$layers/work$place"
      mount -t overlay overlay -o "lowerdir=$place,upperdir=$layers/up$place,workdir=$layers/work$place" "$place"
    done
    mount -t tmpfs -o mode=755 tmpfs /home
    mount -t tmpfs -o mode=700 tmpfs /root
    mkdir -m 1777 "$layers/tmp"
    export HOME=/root TMPDIR="$layers/tmp" PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    unset ROLLCALL_RESTORE_SYSTEM
    cp "$WORLD/web.key" "$WORLD/web.aws" /root/
    cd /root
    status=0
    bash -euo pipefail "$2" || status=$?
    # agents of users that are gone with this sandbox
    for pid in $(pgrep -x gpg-agent || true); do
      [[ $(readlink "/proc/$pid/ns/mnt") != "$(readlink /proc/self/ns/mnt)" ]] || kill "$pid" 2>/dev/null || true
    done
    exit "$status"
  ' sandbox "$WORLD/layers" "$(readlink -f "$1")" 3>&-
}

can_sandbox() {
  [ "$(id -u)" -eq 0 ] && unshare -m --propagation private bash -c '
    mkdir -p "$1" && mount -t tmpfs tmpfs "$1" && mkdir "$1/u" "$1/w" && mount -t overlay o -o "lowerdir=/etc,upperdir=$1/u,workdir=$1/w" /etc
  ' sandbox "$WORLD/layers" 2>/dev/null
}
