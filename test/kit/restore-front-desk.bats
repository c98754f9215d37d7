#!/usr/bin/env bats
# One Unix user per host, duply next to the kit, and root for both. Everything happens in a sandbox.

load restore-world

setup_file() {
  world
  nasty_tree "$WORLD/tree"
  for days in 4 0; do
    echo "as of $days days ago" >"$WORLD/tree/etc/passwd"
    backup $((NOW - days * 86400 - 3600)) "$WORLD/tree"
  done
  cat >"$WORLD/desk" <<'SH'
"$kit/install" --no-timer >/dev/null
restore-add-host web --bucket acme-backups --region eu-west-1 --key web.key --credentials web.aws --endpoint-url "$ENDPOINT" --front-desk
fail() { echo "FAILED: $*"; exit 1; }
as_web() { (cd /home/web && runuser -u web -- env -i HOME=/home/web USER=web PATH=/usr/local/bin:/usr/bin:/bin LC_ALL=C.UTF-8 "$@" </dev/null); }
SH
  export kit
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  can_sandbox || skip "needs root and a mount namespace"
}

@test "the user, its home, its key and its profile are as they should be" {
  cat "$WORLD/desk" - >script <<'SH'
[[ $(id -nG web) == *to-backup* ]] || fail group
[[ $(stat -c '%a %U' /home/web) == "700 web" ]] || fail home
[[ -z $(find /home/web -user root) ]] || fail "files of root in the home"
[[ -z $(find /home/web/.config /home/web/.gnupg /home/web/.duply ! -type s -perm /077) ]] || fail "readable by others"
as_web gpg --batch --with-colons --list-keys | grep -q '^pub:u' || fail trust
! grep -q 'S3cr3t' /home/web/.duply/backup/conf || fail "a second copy of the secret"
[[ $(getent shadow web | cut -d: -f2) == '!'* ]] || fail "a password that lets in"
restore-add-host web --region eu-west-1 --front-desk >/dev/null || fail "a second time"
SH
  run sandbox script
  expect 0 "web is known here"
}

@test "duply's status, list, fetch, fetch 3D and restore work once the key is open" {
  cat "$WORLD/desk" - >script <<'SH'
as_web duply backup status >said || fail "status needs no key"
grep -q 'Finished state OK' said || fail status
! as_web duply backup fetch etc/passwd /home/web/locked >said 2>&1 || fail "fetch with a locked key"
set-passphrase web <<<"$PASS"
as_web duply backup list >said
grep -q 'etc/nginx/nginx.conf' said || fail list
as_web duply backup fetch etc/passwd /home/web/today >said
! grep -q 'not permitted' said || fail "errors about owners"
[[ $(cat /home/web/today) == "as of 0 days ago" ]] || fail fetch
as_web duply backup fetch etc/passwd /home/web/before 3D >/dev/null
[[ $(cat /home/web/before) == "as of 4 days ago" ]] || fail "fetch 3D"
as_web duply backup fetch etc/nginx /home/web/nginx >/dev/null
as_web duply backup restore /home/web/all >/dev/null
[[ $(stat -c %a /home/web/all/locked) == 555 ]] || fail "modes are lost"
chmod -R u+rX /home/web/all
diff -r --no-dereference -x fifo "$WORLD/tree" /home/web/all || fail restore
[[ ! -e /home/web/.duply/backup/gpgkey.* ]] || fail "the secret key was copied into the profile"
ls /home/web/.duply/backup | grep -q '\.sec\.' && fail "the secret key was copied into the profile"
ls -d /home/web/.cache/duplicity/* >/dev/null
echo "GPG_PW='left by somebody'" >>/home/web/.duply/backup/conf
remove-passphrase --all
[[ ! -e /home/web/.cache/duplicity ]] || fail "plain-text file lists are left"
! grep -q GPG_PW= /home/web/.duply/backup/conf || fail "a passphrase is left"
! as_web duply backup fetch etc/passwd /home/web/late >said 2>&1 || fail "fetch after remove-passphrase"
SH
  run sandbox script
  expect 0 "took a passphrase out of /home/web/.duply/backup/conf"
}

@test "duply does not hand out another day than the one that was asked for" {
  cat "$WORLD/desk" - >script <<'SH'
set-passphrase web <<<"$PASS"
! as_web duply backup fetch etc/passwd /home/web/old 300D >said 2>&1 || fail "a day that there is no backup of"
grep -q 'no backup of web is that old' said || fail "no reason"
[[ ! -e /home/web/old ]] || fail delivered
! as_web duply backup restore /home/web/old 300D >said 2>&1 || fail restore
as_web duply backup fetch etc/passwd /home/web/new 1m >said 2>&1 || fail fetch
SH
  run sandbox script
  expect 0
}

@test "root restores with owners, through the key of the user" {
  cat "$WORLD/desk" - >script <<'SH'
set-passphrase web <<<"$PASS"
restore web all ./all
[[ $(stat -c %u:%g all/nobody) == 1234:4321 ]] || fail owners
restore web list >said
grep -q 'etc/passwd' said || fail list
restore-drill web etc/passwd >said
grep -q '"compared": "signature"' said || fail drill
[[ -z $(find /home/web -user root) ]] || fail "files of root in the home"
as_web restore web fetch etc/passwd mine
[[ $(stat -c %U /home/web/mine) == web ]] || fail "the user's own restore"
useradd other
! runuser -u other -- restore web status >said 2>&1 || fail "others can read it"
grep -q 'sudo restore web' said || fail "others are not told what to do"
SH
  run sandbox script
  expect 0
}

@test "sudo means the profiles of the person who says it" {
  cat >script <<'SH'
"$kit/install" --no-timer >/dev/null
useradd -m alice
runuser -u alice -- env -i HOME=/home/alice PATH=$PATH restore-add-host web --bucket acme-backups --region eu-west-1 --key - --endpoint-url "$ENDPOINT" --no-look <web.key
runuser -u alice -- env -i HOME=/home/alice PATH=$PATH restore-add-host web --credentials - --no-look <web.aws
runuser -u alice -- env -i HOME=/home/alice PATH=$PATH set-passphrase web <<<"$PASS"
export SUDO_USER=alice
restore web fetch nobody ./nobody
[[ $(stat -c %u:%g nobody) == 1234:4321 ]]
[[ -z $(find /home/alice -user root) ]]
remove-passphrase --all
! restore web fetch nobody ./nobody2 </dev/null
SH
  run sandbox script
  expect 0 "web: closed"
}

@test "removing: with --keep-key the user and key stay, without it all goes" {
  cat "$WORLD/desk" - >script <<'SH'
set-passphrase web <<<"$PASS"
restore-remove-host web --keep-key
id web >/dev/null
as_web gpg --batch --list-secret-keys "$(cat "$WORLD/web.fpr")" >/dev/null || fail "the key is gone"
[[ ! -e /home/web/.duply/backup && ! -e /etc/rollcall-restore/hosts/web ]] || fail profile
restore-add-host web --bucket acme-backups --region eu-west-1 --key web.key --credentials web.aws --endpoint-url "$ENDPOINT" --front-desk
set-passphrase web <<<"$PASS"
restore-remove-host web
! id web 2>/dev/null || fail "the user is left"
[[ ! -e /home/web && ! -e /etc/rollcall-restore/hosts/web ]] || fail "something is left"
SH
  run sandbox script
  expect 0 "nothing in S3 was touched"
}

@test "a user who is there already is not taken over" {
  cat >script <<'SH'
"$kit/install" --no-timer >/dev/null
useradd -m web
! restore-add-host web --bucket acme-backups --region eu-west-1 --key web.key --credentials web.aws --front-desk 2>said || exit 1
grep -q -- '--user NAME' said
[[ $(stat -c %a /home/web) != 700 || ! -e /home/web/.duply ]]
restore-add-host web --bucket acme-backups --region eu-west-1 --key web.key --credentials web.aws --endpoint-url "$ENDPOINT" --front-desk --user rc-web
restore web status
SH
  run sandbox script
  expect 0 "complete"
}
