#!/usr/bin/env bats
# The installer: the same twice, nothing lost, everything out again.

load restore-stubs

setup() {
  stage
  install=$kit/install
  root=$BATS_TEST_TMPDIR/root
}

@test "installs commands that run from where they are" {
  run "$install" --destdir "$root"
  expect 0
  [ "$(stat -c %a "$root/usr/local/bin/restore")" = 755 ]
  [ "$(stat -c %a "$root/usr/local/lib/rollcall-restore/say.bash")" = 644 ]
  a_set 20261120T021402Z
  run "$root/usr/local/bin/restore" web --from sets status
  expect 0 "20261120T021402Z" "complete"
}

@test "says changed once and unchanged after, and repairs what was altered" {
  run "$install" --destdir "$root"
  [[ $output != *unchanged* ]]
  run "$install" --destdir "$root"
  expect 0
  not grep -q '^changed' <<<"$output"
  echo '# local edit' >>"$root/usr/local/bin/restore"
  chmod 600 "$root/usr/local/bin/set-passphrase"
  run "$install" --destdir "$root"
  [ "$(grep -c '^changed' <<<"$output")" -eq 2 ]
}

@test "the timer is cron's or systemd's, never both, and closes keys at 8:17" {
  "$install" --destdir "$root" --cron >/dev/null
  grep -q '^17 8 \* \* \* root /usr/local/bin/remove-passphrase --all --unless-busy' "$root/etc/cron.d/rollcall-restore-lock"
  "$install" --destdir "$root" --systemd --prefix /opt/kit >/dev/null
  [ ! -e "$root/etc/cron.d/rollcall-restore-lock" ]
  grep -qx 'OnCalendar=\*-\*-\* 08:17:00' "$root/etc/systemd/system/rollcall-restore-lock.timer"
  grep -qx 'ExecStart=/opt/kit/bin/remove-passphrase --all --unless-busy' "$root/etc/systemd/system/rollcall-restore-lock.service"
  grep -qx 'ExecStart=/opt/kit/bin/restore-drill --next' "$root/etc/systemd/system/rollcall-restore-drill.service"
  not grep -r '@PREFIX@' "$root"
  "$install" --destdir "$root" --cron >/dev/null
  [ ! -e "$root/etc/systemd/system/rollcall-restore-lock.timer" ]
  [ ! -e "$root/etc/systemd/system/rollcall-restore-drill.timer" ]
}

@test "systemd finds no fault with the units" {
  "$install" --destdir "$root" --systemd >/dev/null
  sed -i "s#^ExecStart=#&$root#" "$root"/etc/systemd/system/rollcall-restore-*.service
  run systemd-analyze verify --man=no "$root"/etc/systemd/system/rollcall-restore-{lock,drill}.{timer,service}
  expect 0
  [[ $output != *rollcall-restore* ]]
}

@test "uninstall takes out all files and leaves the profiles; --purge takes those of the system" {
  "$install" --destdir "$root" >/dev/null
  mkdir -p "$root$ROLLCALL_RESTORE_SYSTEM/hosts/db"
  echo secret >"$root$ROLLCALL_RESTORE_SYSTEM/hosts/db/profile"
  run "$install" --destdir "$root" --uninstall
  expect 0 "profiles and keys stay"
  [ "$(find "$root" -type f)" = "$root$ROLLCALL_RESTORE_SYSTEM/hosts/db/profile" ]
  run "$install" --destdir "$root" --uninstall --purge
  expect 0
  [ -z "$(find "$root" -type f)" ]
}

@test "a command of others with the name of ours is neither replaced nor removed" {
  mkdir -p "$root/usr/local/bin" "$root/usr/local/lib/rollcall-restore"
  printf '#!/bin/sh\n# restore - of a tape\n' >"$root/usr/local/bin/restore"
  run "$install" --destdir "$root"
  expect 1 "$root/usr/local/bin/restore is there already" "hint:" "--prefix"
  [ "$(find "$root" -type f)" = "$root/usr/local/bin/restore" ]
  run "$install" --destdir "$root" --uninstall
  expect 0 "kept      $root/usr/local/bin/restore"
  [ "$(sed -n 2p "$root/usr/local/bin/restore")" = '# restore - of a tape' ]
}

@test "uninstall and purge remove what the kit wrote, and name what it does not know" {
  "$install" --destdir "$root" >/dev/null
  touch "$root/usr/local/lib/rollcall-restore/mine.py"
  hosts=$root$ROLLCALL_RESTORE_SYSTEM/hosts
  mkdir -p "$hosts/db/gnupg" "$hosts/not-a-profile"
  touch "$hosts/db/profile" "$hosts/db/gnupg/pubring.kbx" "$hosts/not-a-profile/data" "$hosts/../notes"
  run "$install" --destdir "$root" --uninstall --purge
  expect 0 "removed   $hosts/db" "kept      $hosts/not-a-profile" "kept      $root$ROLLCALL_RESTORE_SYSTEM/notes" \
    "kept      $root/usr/local/lib/rollcall-restore/mine.py"
  [ "$(cd "$root" && find . -type f | sort)" = ".$ROLLCALL_RESTORE_SYSTEM/hosts/not-a-profile/data
.$ROLLCALL_RESTORE_SYSTEM/notes
./usr/local/lib/rollcall-restore/mine.py" ]
}

@test "packages are asked for by name, and a failing apt-get stops it" {
  stand_in apt-get <<'STUB'
#!/bin/sh
echo "$*" >"$STAGE/apt"
exit "${APT_STATUS:-0}"
STUB
  APT_STATUS=100 run "$install" --prefix "$root" --no-timer --packages
  expect 1 "apt-get update"
  [ ! -e "$root" ]
  run "$install" --prefix "$root" --no-timer --packages
  expect 0
  for package in duplicity python3-boto3 gnupg duply; do grep -qw "$package" "$STAGE/apt"; done
  not grep -qw python3-boto "$STAGE/apt"
}

@test "what cron or systemd would misread is refused, like words that do not go together" {
  run "$install" --prefix "/opt/my kit" --destdir "$root"
  expect 2 "hint:"
  run "$install" --purge
  expect 2 "hint:"
  run "$install" --packages --destdir "$root"
  expect 2 "hint:"
  run "$install" --prefx /x
  expect 2 "hint:"
  [ -z "$(find "$root" -type f 2>/dev/null)" ]
}
