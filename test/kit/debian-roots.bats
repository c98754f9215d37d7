#!/usr/bin/env bats
# The kit as installed in Debian 11, 12 and 13, each in a clean root of its own: a backup, and all of it back.
#
# Needs root, debootstrap and ten minutes: ROLLCALL_KIT_ROOTS=1 npm run test:kit. Roots are made below
# ROLLCALL_ROOTS (/var/tmp/rollcall-roots) and kept there for the next time.

setup_file() {
  if [ -n "${ROLLCALL_KIT_ROOTS:-}" ]; then
    load host-world
    host_world
  fi
}

teardown_file() {
  if [ -n "${ROLLCALL_KIT_ROOTS:-}" ]; then
    load host-world
    end_of_host_world
  fi
}

setup() {
  [ -n "${ROLLCALL_KIT_ROOTS:-}" ] || skip 'opt-in: ROLLCALL_KIT_ROOTS=1'
  load host-world
  endpoint=$(sed -n 1p "$WORLD/s3") control=$(sed -n 2p "$WORLD/s3")
  place=${ROLLCALL_ROOTS:-/var/tmp/rollcall-roots}
}

# in_root SUITE: makes the root if it is not there, installs the kit, backs up and restores in it
in_root() {
  local root=$place/$1
  mkdir -p "$place"
  [ -e "$root/.rollcall-made" ] || debootstrap --variant=minbase "$1" "$root" >"$BATS_TEST_TMPDIR/debootstrap" 2>&1 || {
    tail -n 3 "$BATS_TEST_TMPDIR/debootstrap"
    return 1
  }
  touch "$root/.rollcall-made"
  rm -rf "$root/kit" "$root/tree" "$root/back" "$root/etc/rollcall-backup" "$root/var/lib/rollcall-backup" "$root/root/.config" "$root/etc/backup-targets"
  mkdir -p "$root/kit/docs" "$root/srv"
  cp -r "$scripts" "$root/kit/scripts"
  cp -a "$WORLD/tree" "$root/tree"
  cp "$WORLD/key/web.key" "$WORLD/key/web.passphrase" "$WORLD/key/web.pub.gpg" "$WORLD/web.aws" "$root/kit/"
  cat >"$root/kit/play" <<SH
set -eux
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 HOME=/root
apt-get update -qq
kit/scripts/host/install --packages --cron
kit/scripts/restore/install --packages --cron
duplicity --version
rollcall-backup-setup --id web --bucket backups --region eu-west-1 --prefix web/$1 --endpoint-url $endpoint --public-key kit/web.pub.gpg \
  --fingerprint $(cat "$WORLD/fingerprint") --credentials kit/web.aws --wait 0 --no-schedule
printf '+ /tree\n- /\n' >/etc/backup-targets
echo VOLSIZE_MB=2 >>/etc/rollcall-backup/config
rollcall-backup check
rollcall-backup run
restore-add-host web --bucket backups --region eu-west-1 --prefix web/$1 --key kit/web.key --endpoint-url $endpoint --no-look \
  --credentials - <<'END'
AKIALOCALADMIN
x
END
set-passphrase web <kit/web.passphrase
restore web status
restore web all /back
remove-passphrase web
SH
  run timeout 900 unshare -m --propagation private bash -c '
    mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" && mount -t sysfs sysfs "$1/sys"
    cp /etc/resolv.conf "$1/etc/resolv.conf" 2>/dev/null || true
    cd "$1" && exec chroot . bash -c "cd / && sh kit/play"' root "$root"
  expect 0 'OK code=0' 'entries of the backup are there'
  same_tree "$root/tree" "$root/back/tree" times
}

@test "Debian 11" {
  in_root bullseye
}

@test "Debian 12" {
  in_root bookworm
}

@test "Debian 13" {
  in_root trixie
}
