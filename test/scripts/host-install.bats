#!/usr/bin/env bats
# scripts/host/install: the same again changes nothing, and what it takes away is only its own.

load host-stage

setup() {
  export LC_ALL=C
  unset DESTDIR PREFIX ROLLCALL_ROOT
  install=$scripts/host/install
  dest=$BATS_TEST_TMPDIR/dest
  mkdir "$dest"
}

files() { (cd "$dest" && find . -type f | sort); }

@test "installs programs and nothing in /etc" {
  run "$install" --destdir "$dest" --systemd
  expect 0 'created'
  same "$(files)" './usr/local/lib/rollcall-backup/chain.sh
./usr/local/lib/rollcall-backup/config.sh
./usr/local/lib/rollcall-backup/credentials.py
./usr/local/lib/rollcall-backup/cron
./usr/local/lib/rollcall-backup/duplicity.sh
./usr/local/lib/rollcall-backup/outcome.sh
./usr/local/lib/rollcall-backup/preflight.sh
./usr/local/lib/rollcall-backup/refusals.py
./usr/local/lib/rollcall-backup/s3.py
./usr/local/lib/rollcall-backup/save-metadata
./usr/local/lib/rollcall-backup/say.sh
./usr/local/lib/rollcall-backup/schedule.sh
./usr/local/lib/rollcall-backup/scratch.sh
./usr/local/lib/rollcall-backup/selection.py
./usr/local/lib/rollcall-backup/sending-gpg
./usr/local/lib/rollcall-backup/sent.py
./usr/local/lib/rollcall-backup/targets.sh
./usr/local/lib/rollcall-backup/virtual-style.conf
./usr/local/lib/systemd/system/rollcall-backup.service
./usr/local/lib/systemd/system/rollcall-backup.timer
./usr/local/sbin/rollcall-backup
./usr/local/sbin/rollcall-backup-setup'
  same "$(find "$dest" -type f -perm /022)" ''
  "$dest/usr/local/sbin/rollcall-backup" --help >/dev/null
}

@test "says of each file whether it changed, and writes only what did" {
  "$install" --destdir "$dest" --cron
  before=$(find "$dest" -type f -printf '%p %T@\n' | sort)
  run "$install" --destdir "$dest" --cron
  expect 0
  same "$(grep -vc 'unchanged ' <<<"$output")" 0
  same "$(find "$dest" -type f -printf '%p %T@\n' | sort)" "$before"
  echo '# old' >>"$dest/usr/local/lib/rollcall-backup/say.sh"
  chmod 600 "$dest/usr/local/sbin/rollcall-backup"
  run "$install" --destdir "$dest" --cron
  expect 0 "changed   $dest/usr/local/lib/rollcall-backup/say.sh" "changed   $dest/usr/local/sbin/rollcall-backup"
  same "$(grep -c ' changed ' <<<"$output")" 2
  same "$(stat -c %a "$dest/usr/local/sbin/rollcall-backup")" 755
}

@test "writes the prefix into what names it" {
  DESTDIR=$dest PREFIX=/opt/rollcall run "$install" --systemd
  expect 0
  grep -qx 'ExecStart=/opt/rollcall/sbin/rollcall-backup run --if-due' "$dest/etc/systemd/system/rollcall-backup.service"
  not grep -r /usr/local/sbin/ "$dest/etc/systemd" "$dest/opt/rollcall/lib/rollcall-backup/cron"
}

@test "changes from one scheduler to the other" {
  "$install" --destdir "$dest" --systemd
  run "$install" --destdir "$dest" --cron
  expect 0 'removed'
  [ ! -e "$dest/usr/local/lib/systemd/system/rollcall-backup.timer" ]
}

@test "the units are what systemd understands" {
  "$install" --destdir "$dest" --systemd
  run systemd-analyze verify --root="$dest" --man=no "$dest/usr/local/lib/systemd/system/rollcall-backup.service" "$dest/usr/local/lib/systemd/system/rollcall-backup.timer"
  # a bare tree has none of the targets that units wait for
  left=$(grep -v 'multi-user.target\|sysinit.target\|Failed to .*target\|not found' <<<"$output" || true)
  same "$left" ''
  sed "s|/usr/local/sbin/rollcall-backup|$dest&|" -i "$dest/usr/local/lib/systemd/system/rollcall-backup.service"
  run systemd-analyze verify --man=no "$dest/usr/local/lib/systemd/system/rollcall-backup.service" "$dest/usr/local/lib/systemd/system/rollcall-backup.timer"
  expect 0
  [[ $output != *rollcall-backup* ]]
}

@test "uninstall takes its own files and keeps what was set up" {
  "$install" --destdir "$dest" --systemd
  mkdir -p "$dest/etc/rollcall-backup" "$dest/var/lib/rollcall-backup"
  touch "$dest/etc/rollcall-backup/config" "$dest/etc/backup-targets" "$dest/var/lib/rollcall-backup/last-success" "$dest/usr/local/lib/rollcall-backup/mine"
  run "$install" --destdir "$dest" --uninstall
  expect 0 'removed' "kept      $dest/etc/rollcall-backup" "kept      $dest/etc/backup-targets"
  same "$(files)" './etc/backup-targets
./etc/rollcall-backup/config
./usr/local/lib/rollcall-backup/mine
./var/lib/rollcall-backup/last-success'
}

@test "uninstall takes no file of others, whatever its name ends with" {
  "$install" --destdir "$dest" --systemd
  touch "$dest/usr/local/lib/rollcall-backup/mine.sh" "$dest/usr/local/lib/rollcall-backup/say.sh.old"
  mkdir "$dest/usr/local/lib/rollcall-backup/s3.d"
  run "$install" --destdir "$dest" --uninstall
  expect 0
  same "$(files)" './usr/local/lib/rollcall-backup/mine.sh
./usr/local/lib/rollcall-backup/say.sh.old'
}

@test "purge takes what the kit wrote, and names what it does not know instead of removing it" {
  "$install" --destdir "$dest" --systemd
  etc=$dest/etc/rollcall-backup state=$dest/var/lib/rollcall-backup
  mkdir -p "$etc" "$state/metadata" "$state/dumps" "$state/work.202401" "$state/rollcall-backup.abcdef" "$state/rollcall-backup.Ab1Cd2/arch"
  touch "$etc"/{config,credentials,pub.gpg} "$dest/etc/backup-targets" "$state"/{lock,running,tries,last-run,last-success} \
    "$state/metadata"/{acl,xattr,times,hardlinks,packages,packages-by-hand,disks,partitions,mounts} \
    "$state/rollcall-backup.Ab1Cd2/.rollcall-backup-scratch" "$state/rollcall-backup.Ab1Cd2/arch/names"
  ln -s /usr/local/lib/rollcall-backup/save-metadata "$etc/pre-backup"
  # of the host's administrator
  touch "$etc/on-failure" "$state/dumps/db.sql" "$state/metadata/mine" "$state/work.202401/data" "$state/rollcall-backup.abcdef/data"
  run "$install" --destdir "$dest" --uninstall --purge
  expect 0 "removed   $etc/credentials" "removed   $state/rollcall-backup.Ab1Cd2" "kept      $etc/on-failure" "kept      $state/dumps" \
    "kept      $state/metadata" "kept      $state/work.202401" "kept      $state/rollcall-backup.abcdef" 'not of this kit'
  same "$(files)" './etc/rollcall-backup/on-failure
./var/lib/rollcall-backup/dumps/db.sql
./var/lib/rollcall-backup/metadata/mine
./var/lib/rollcall-backup/rollcall-backup.abcdef/data
./var/lib/rollcall-backup/work.202401/data'
}

@test "purge follows no link" {
  "$install" --destdir "$dest" --systemd
  mkdir -p "$dest/etc" "$dest/var/lib" "$BATS_TEST_TMPDIR/elsewhere/metadata"
  touch "$BATS_TEST_TMPDIR/elsewhere/"{config,lock,metadata/acl}
  ln -s "$BATS_TEST_TMPDIR/elsewhere" "$dest/etc/rollcall-backup"
  ln -s "$BATS_TEST_TMPDIR/elsewhere" "$dest/var/lib/rollcall-backup"
  run "$install" --destdir "$dest" --uninstall --purge
  expect 0 "kept      $dest/etc/rollcall-backup" "kept      $dest/var/lib/rollcall-backup"
  [ -f "$BATS_TEST_TMPDIR/elsewhere/config" ]
  [ -f "$BATS_TEST_TMPDIR/elsewhere/metadata/acl" ]
}

@test "purge takes the credentials too" {
  "$install" --destdir "$dest" --systemd
  mkdir -p "$dest/etc/rollcall-backup" "$dest/var/lib/rollcall-backup"
  touch "$dest/etc/rollcall-backup/credentials" "$dest/etc/backup-targets" "$dest/etc/passwd"
  run "$install" --destdir "$dest" --uninstall --purge
  expect 0 "removed   $dest/etc/rollcall-backup/credentials" "removed   $dest/etc/rollcall-backup"
  same "$(files)" './etc/passwd'
  [ ! -e "$dest/etc/rollcall-backup" ]
  [ ! -e "$dest/var/lib/rollcall-backup" ]
  run "$install" --destdir "$dest" --purge
  expect 2 '--purge goes with --uninstall'
}

@test "looks at the host when it installs on it, and names what is missing" {
  [ "$(id -u)" = 0 ] || skip 'needs root'
  stubs=$BATS_TEST_TMPDIR/stubs
  mkdir "$stubs"
  [ ! -e /etc/rollcall-backup ] || skip 'this host is set up'
  run "$install" --prefix "$dest/opt" --cron
  if /usr/bin/python3 -c 'import boto3' 2>/dev/null && [ -x /usr/bin/duplicity ]; then
    expect 0
  else
    expect 8 'hint: run:' '--packages'
  fi
  run "$install" --prefix "$dest/opt" --cron --uninstall
  expect 0
  same "$(files)" ''
}

@test "refuses what it cannot mean" {
  run "$install" --destdir "$dest" --prefix relative
  expect 2 'plain absolute path'
  run "$install" --destdir "$dest" --cron --systemd
  expect 2 'either'
  run "$install" --frobnicate
  expect 2 'unknown option'
}

@test "installs packages only when asked to, and only these" {
  stubs=$BATS_TEST_TMPDIR/stubs
  mkdir "$stubs"
  stub apt-get <<STUB
#!/bin/sh
echo "\$*" >>"$BATS_TEST_TMPDIR/apt"
STUB
  PATH=$stubs:$PATH run "$install" --destdir "$dest" --cron
  [ ! -e "$BATS_TEST_TMPDIR/apt" ]
  PATH=$stubs:$PATH run "$install" --destdir "$dest" --cron --packages
  same "$(cat "$BATS_TEST_TMPDIR/apt")" 'install --yes --no-install-recommends duplicity python3-boto3 gnupg util-linux ca-certificates'
}
