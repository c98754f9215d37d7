#!/usr/bin/env bats
# The kit as installed in Debian 11, 12 and 13 and Ubuntu 22.04, 24.04 and 26.04, each in a clean root of its own with its
# own duplicity: a backup, and all of it back.
#
# Needs root, debootstrap and half an hour: ROLLCALL_KIT_ROOTS=1 npm run test:kit. Roots are made below
# ROLLCALL_ROOTS (/var/tmp/rollcall-roots) and kept there for the next time.

load host-world

setup_file() { [ -z "${ROLLCALL_KIT_ROOTS:-}" ] || host_world; }

setup() {
  [ -n "${ROLLCALL_KIT_ROOTS:-}" ] || skip 'opt-in: ROLLCALL_KIT_ROOTS=1'
  endpoint=$(sed -n 1p "$WORLD/s3") control=$(sed -n 2p "$WORLD/s3")
  place=${ROLLCALL_ROOTS:-/var/tmp/rollcall-roots}
}

ubuntu=http://archive.ubuntu.com/ubuntu
# "Ubuntu Archive Automatic Signing Key (2018)"
ubuntu_key=F6ECB3762474EDA9D21B7022871920D1991BC93C

# root SUITE [MIRROR]: sets root, and makes it if it is not there
root() {
  local script=/usr/share/debootstrap/scripts/$1 keyring=()
  root=$place/$1
  mkdir -p "$place"
  [ ! -e "$root/.rollcall-made" ] || return 0
  if [ $# = 2 ]; then
    # a newer suite than debootstrap here knows is made as all of Ubuntu's
    [ -e "$script" ] || script=${script%/*}/gutsy
    ubuntu_keyring
    keyring=(--keyring="$place/ubuntu.gpg" --components=main,universe)
  fi
  debootstrap --variant=minbase "${keyring[@]}" "$1" "$root" ${2:+"$2" "$script"} >"$BATS_TEST_TMPDIR/debootstrap" 2>&1 || {
    tail -n 3 "$BATS_TEST_TMPDIR/debootstrap"
    return 1
  }
  touch "$root/.rollcall-made"
}

# ubuntu_keyring: the one key that signs Ubuntu's archive, out of its own package
ubuntu_keyring() {
  local deb=$BATS_TEST_TMPDIR/ubuntu-keyring
  [ ! -s "$place/ubuntu.gpg" ] || return 0
  /usr/bin/python3 -c 'import sys, urllib.request as u; u.urlretrieve(sys.argv[1], sys.argv[2])' \
    "$ubuntu/pool/main/u/ubuntu-keyring/ubuntu-keyring_2023.11.28.1_all.deb" "$deb.deb"
  dpkg-deb -x "$deb.deb" "$deb"
  gpg --no-default-keyring --keyring "$deb/usr/share/keyrings/ubuntu-archive-keyring.gpg" --export "$ubuntu_key" >"$place/ubuntu.gpg"
  [ -s "$place/ubuntu.gpg" ]
}

# in_root: as root of it, with standard input as a script; the kit and the keys are in /kit
in_root() {
  rm -rf "$root/kit" "$root/tree" "$root/back" "$root/etc/rollcall-backup" "$root/var/lib/rollcall-backup" "$root/root/.config" "$root/etc/backup-targets"
  mkdir -p "$root/kit/docs" "$root/srv"
  cp -r "$scripts" "$root/kit/scripts"
  cp -a "$WORLD/tree" "$root/tree"
  cp "$WORLD/key/web.key" "$WORLD/key/web.passphrase" "$WORLD/key/web.pub.gpg" "$WORLD/web.aws" "$root/kit/"
  printf '%s\n' 'set -eux' "endpoint=$endpoint fingerprint=$(cat "$WORLD/fingerprint") prefix=web/$BATS_TEST_NUMBER" \
    'export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 HOME=/root' >"$root/kit/play"
  cat >>"$root/kit/play"
  run timeout 900 unshare -m -p --fork --kill-child --propagation private bash -c '
    mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" && mount -t sysfs sysfs "$1/sys"
    cp /etc/resolv.conf "$1/etc/resolv.conf" 2>/dev/null || true
    cd "$1" && exec chroot . bash -c "cd / && sh kit/play"' root "$root"
}

# there_and_back SUITE [MIRROR]
there_and_back() {
  root "$@"
  in_root <<'SH'
apt-get update -qq
kit/scripts/host/install --packages --cron
kit/scripts/restore/install --packages --cron
duplicity --version; gpg --version; mv --version; python3 -c 'import boto3; print("boto3", boto3.__version__)'
rollcall-backup-setup --id web --bucket backups --region eu-west-1 --prefix $prefix --endpoint-url $endpoint --public-key kit/web.pub.gpg \
  --fingerprint $fingerprint --credentials kit/web.aws --wait 0 --no-schedule
printf '+ /tree\n- /\n' >/etc/backup-targets
echo VOLSIZE_MB=2 >>/etc/rollcall-backup/config
rollcall-backup check
rollcall-backup run
restore-add-host web --bucket backups --region eu-west-1 --prefix $prefix --key kit/web.key --endpoint-url $endpoint --no-look \
  --credentials - <<'END'
AKIALOCALADMIN
x
END
set-passphrase web <kit/web.passphrase
restore web status
restore web list | tail -n 3
restore web all /back
mkdir /back/once
! restore web fetch tree/etc/passwd /back/once
restore web fetch tree/etc/passwd /back/passwd
remove-passphrase web
SH
  sed -n 's/^\(duplicity [0-9].*\|gpg (GnuPG).*\|mv (GNU.*\|boto3 .*\)/# \1/p' <<<"$output" >&3
  expect 0 'OK code=0' 'entries of the backup are there'
  same_tree "$root/tree" "$root/back/tree" times
  cmp "$root/tree/etc/passwd" "$root/back/passwd"
}

@test "Debian 11" { there_and_back bullseye; }

@test "Debian 12" { there_and_back bookworm; }

@test "Debian 13" { there_and_back trixie; }

@test "Ubuntu 22.04" { there_and_back jammy "$ubuntu"; }

@test "Ubuntu 24.04" { there_and_back noble "$ubuntu"; }

@test "Ubuntu 26.04" { there_and_back resolute "$ubuntu"; }

@test "Debian 13 with all keys in keyboxd: named on the host, and two users restore all the same" {
  root trixie
  in_root <<'SH'
trap 'rm -rf /etc/gnupg /home/alice /home/bob; userdel alice; userdel bob' EXIT
apt-get update -qq
kit/scripts/host/install --packages --cron
kit/scripts/restore/install --packages --cron
setup() {
  rollcall-backup-setup --id web --bucket backups --region eu-west-1 --prefix $prefix --endpoint-url $endpoint \
    --public-key kit/web.pub.gpg --fingerprint $fingerprint --credentials kit/web.aws --wait 0 --no-schedule
}
setup
printf '+ /tree\n- /\n' >/etc/backup-targets
echo VOLSIZE_MB=2 >>/etc/rollcall-backup/config
rollcall-backup run
mkdir -p /etc/gnupg
echo use-keyboxd >/etc/gnupg/common.conf
rollcall-backup check || echo "check: $?"
rm -r /etc/rollcall-backup
setup || echo "setup: $?"
for user in alice bob; do
  useradd -m $user
  install -o $user -m 600 kit/web.key kit/web.passphrase /home/$user/
  cat >/home/$user/play <<END
set -eux
cd
printf 'AKIALOCALADMIN\\nx\\n' | restore-add-host web --bucket backups --region eu-west-1 --prefix $prefix --key web.key \
  --endpoint-url $endpoint --no-look --credentials -
set-passphrase web <web.passphrase
restore web all ./back
END
  runuser -l $user -c 'bash ./play'
  cmp /tree/etc/passwd /home/$user/back/tree/etc/passwd
done
pgrep -c -x keyboxd
runuser -l alice -c 'remove-passphrase web'
# bob's stays open
runuser -l bob -c 'restore web fetch tree/etc/passwd ./passwd'
runuser -l bob -c 'restore-remove-host web'
# they end a moment after they are told to
for _ in 1 2 3 4 5 6 7 8 9 10; do pgrep -x 'keyboxd|gpg-agent' || break; sleep 1; done
! pgrep -x -l 'keyboxd|gpg-agent'
SH
  expect 0 'OK code=0' 'check: 3' 'setup: 3' 'rollcall-backup-setup: error: /etc/gnupg/common.conf has use-keyboxd' "sed -i '/use-keyboxd/d' /etc/gnupg/common.conf"
}
