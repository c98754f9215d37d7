#!/usr/bin/env bats
# rollcall-backup check and status: what they find in config and targets, and how they say it.

load host-web

@test "check looks at everything and changes nothing" {
  before=$(find "$ROLLCALL_ROOT" -type f -exec sha256sum {} + | sort)
  run rollcall-backup check
  expect 0 'ok       duplicity 0.8.22' 'boto3 1.26.27' "ok       key $(cat "$key/fingerprint"), encrypting to subkey" \
    'can be listed' 'A backup can be made; 1 warning(s)' 'nothing calls it by itself' 'do: run: rollcall-backup schedule'
  same "$(find "$ROLLCALL_ROOT" -type f -exec sha256sum {} + | sort)" "$before"
  nothing_left
  same "$(cat "$syslog")" ''
}

@test "check says all that is wrong, each with what to do" {
  lists '+ /sys/class'
  chmod 666 "$etc/credentials"
  rm "$etc/pub.gpg"
  run rollcall-backup check
  expect 3 'reaches /sys' 'all of /' 'chmod 600' 'pub.gpg does not exist' 'No backup can be made: 4 error(s).'
  same "$(grep -c '^ *do: ' <<<"$output")" 5
}

@test "check tells a clock that is off" {
  does look 'echo skew=-400'
  run rollcall-backup check
  expect 0 "warning  this host's clock is -400 s off" 'timedatectl'
}

@test "targets are read as duplicity reads them" {
  mkdir -p "$BATS_TEST_TMPDIR/data/a b" "$BATS_TEST_TMPDIR/data/-x"
  touch "$BATS_TEST_TMPDIR/data/a b/file" "$BATS_TEST_TMPDIR/data/-x/file" "$BATS_TEST_TMPDIR/data/a b/keep"
  data=$BATS_TEST_TMPDIR/data
  while IFS='|' read -r wanted list; do
    printf '%b' "${list//@/$data}" >"$targets"
    run rollcall-backup check
    expect 0 "$wanted" || {
      echo "list: $list"
      return 1
    }
  done <<'END'
1 paths to save|@\n- /
1 paths to save|+ @\n- /
2 paths to save|# a comment\n\n  + @/a b  \r\n@/-x/\r\n- /\r\n
1 paths to save|"@/a b"\n- /
1 paths to save|+ @\n- **
1 paths to save|+ @\n- /**
1 paths to save|- @/a b\n+ @\n- /
1 paths to save|+ @/*\n- /
1 paths to save|- /proc\n- /sys\n- /dev\n- /run\n+ /\n- /
1 paths to save|- **/proc\n- /{sys}\n+ @/**/keep\n- /
does not exist, so it is not saved|+ @/gone\n+ @\n- /
matches nothing|+ @/*.none\n+ @\n- /
has no effect|+ @\n- @/a b\n- /
END
}

@test "targets that would save too much, nothing, or what the kernel makes up are refused" {
  data=$BATS_TEST_TMPDIR/data
  while IFS='|' read -r wanted list; do
    printf '%b' "${list//@/$data}" >"$targets"
    run rollcall-backup check
    expect 3 "$wanted" || {
      echo "list: $list"
      return 1
    }
  done <<'END'
is not "- /"|+ @\n
is not "- /"|+ @\n- /home\n
is not "- /"|- /\n+ @\n
is not "- /"|+ @\n-/\n
is not "- /"|+ @\n# - /\n
lists nothing to save|- /
lists nothing to save|
is no absolute path|+ data\n- /
is no absolute path|+ ./@\n- /
reaches /proc|+ /\n- /
reaches /proc|+ /*\n- /
reaches /proc|+ **\n- /
reaches /proc|+ **.conf\n- /
reaches /proc|+ /pro?\n- /
reaches /proc|+ /proc/cpuinfo\n- /
reaches /proc|+ /proc/\n- /
reaches /sys|- /proc\n+ /\n- /
reaches /dev|+ /dev/shm\n- /
reaches /run|+ /run/lock\n- /
reaches /run|- /proc\n- /sys\n- /dev\n- /run/user\n+ /\n- /
END
}

@test "of a line that duplicity stops at it says the one to write, once" {
  data=$BATS_TEST_TMPDIR/data
  while IFS='|' read -r wanted list; do
    printf '%b' "${list//@/$data}" >"$targets"
    run rollcall-backup check
    expect 3 "do: ${wanted//@/$data}" || {
      echo "list: $list"
      return 1
    }
    same "$(grep -c 'duplicity stops at' <<<"$output")" 1
  done <<'END'
write: + @|+@\n- /
write: + @|+\t@\n- /
write: + @|+  @\n- /
write: - /|+ @\n-/
save the list without a byte order mark: sed -i|\xef\xbb\xbf+ @\n- /
write the whole path, from the first /; a comment begins with #|+ ~/x\n+ @\n- /
write the whole path, from the first /; a comment begins with #|; x\n+ @\n- /
write a ? for each of them: + @/lat?n|+ @/lat\xe9n\n+ @\n- /
END
}

@test "targets that others can change are refused" {
  chmod 666 "$targets"
  run rollcall-backup check
  expect 3 'others than root can change'
}

@test "a hook that is not executable is reported, never passed over in silence" {
  echo 'dump the database' >"$etc/pre-backup"
  run rollcall-backup check
  expect 0 "warning  $etc/pre-backup is not executable, so it is not run" "chmod 755 $etc/pre-backup"
}

@test "a hook that is a link to nothing is reported" {
  ln -s /opt/kit/lib/rollcall-backup/save-metadata "$etc/pre-backup"
  run rollcall-backup check
  expect 0 "warning  $etc/pre-backup is a link to /opt/kit/lib/rollcall-backup/save-metadata, which is not there"
}

@test "another job that calls duplicity is named, with the command that removes it" {
  mkdir -p "$ROLLCALL_ROOT"/etc/cron.d "$ROLLCALL_ROOT"/etc/cron.daily "$ROLLCALL_ROOT"/var/spool/cron/crontabs "$ROLLCALL_ROOT/root/bin"
  run rollcall-backup check
  [[ $output != *'calls duplicity too'* ]]
  printf '# duplicity is below\n17 * * * * root run-parts\n15 2 * * * root duplicity full / s3://acme\n' >"$ROLLCALL_ROOT/etc/crontab"
  printf '#!/bin/sh\nduply backup full\n' >"$ROLLCALL_ROOT/etc/cron.daily/backup"
  printf '#!/bin/sh\nexport PASSPHRASE=\n/usr/bin/duplicity full / x\n' >"$ROLLCALL_ROOT/root/bin/to-backup"
  echo '15 2 * * * /root/bin/to-backup >/dev/null' >"$ROLLCALL_ROOT/var/spool/cron/crontabs/root"
  echo '15 2 * * * root /usr/bin/true' >"$ROLLCALL_ROOT/etc/cron.d/other"
  run rollcall-backup check
  expect 0 "etc/crontab:3 calls duplicity too" "sed -i 3d $ROLLCALL_ROOT/etc/crontab" "rm $ROLLCALL_ROOT/etc/cron.daily/backup" \
    "sed -i 1d $ROLLCALL_ROOT/var/spool/cron/crontabs/root"
  same "$(grep -c 'calls duplicity too' <<<"$output")" 3
}

@test "keyboxd, which reads no key file, is named" {
  make_key "$BATS_TEST_TMPDIR/other"
  cp "$BATS_TEST_TMPDIR/other/pub.gpg" "$etc/pub.gpg"
  mkdir "$BATS_TEST_TMPDIR/gnupg"
  echo use-keyboxd >"$BATS_TEST_TMPDIR/gnupg/common.conf"
  stub gpgconf <<<"#!/bin/sh
echo $BATS_TEST_TMPDIR/gnupg"
  run rollcall-backup check
  expect 3 'has use-keyboxd' "sed -i '/use-keyboxd/d' $BATS_TEST_TMPDIR/gnupg/common.conf"
  rm "$BATS_TEST_TMPDIR/gnupg/common.conf"
  run rollcall-backup check
  expect 3 "is not $(cat "$key/fingerprint")"
}

@test "the space that a run needs counts the signatures of the last one" {
  run rollcall-backup check
  expect 0 'MiB free, 260 needed'
  printf 'began=1795832000\nended=1795832100\nbytes=1\nvolumes=1\nset=20261123T021502Z\nsignatures=419430400\n' >"$state/last-success"
  run rollcall-backup check
  expect 0 'MiB free, 1260 needed'
}

@test "a key is made by rollcall add-host where the store is Amazon's, however that is written, and else by the store's tools" {
  does limits 'echo allowed=s3:GetBucketPolicy'
  while read -r maker endpoint; do
    { grep -v ENDPOINT_URL "$etc/config" && echo "ENDPOINT_URL=$endpoint"; } >"$BATS_TEST_TMPDIR/config"
    cp "$BATS_TEST_TMPDIR/config" "$etc/config"
    run rollcall-backup check
    expect 0 "give the host one of its own: $([ "$maker" = amazon ] && echo 'rollcall add-host web' || echo 'by the tools of the store')" || {
      echo "endpoint: $endpoint"
      return 1
    }
  done <<'END'
amazon
amazon https://s3.eu-central-1.amazonaws.com
amazon https://s3.eu-central-1.amazonaws.com/
amazon https://s3.eu-central-1.amazonaws.com:443
amazon https://s3.cn-north-1.amazonaws.com.cn
amazon https://s3.eusc-de-east-1.amazonaws.eu
amazon https://bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com
other https://amazonaws.com.evil.example
other https://minio.example/amazonaws.com
other https://minio.example/s3.amazonaws.com
other https://notamazonaws.com
other http://127.0.0.1:9000
END
}

@test "a config with mistakes does not keep the schedule alive" {
  rollcall-backup schedule
  echo nonsense >>"$etc/config"
  run rollcall-backup schedule --off
  expect 0 'removed'
  [ ! -e "$ROLLCALL_ROOT/etc/cron.d/rollcall-backup" ]
}

@test "the Python of a duplicity whose first line is too long is found" {
  long=$BATS_TEST_TMPDIR/$(printf 'd%.0s' {1..130})
  mkdir "$long"
  cp "$stubs"/* "$long/"
  mv "$long/python-for-duplicity" "$long/python3"
  printf "#!/bin/sh\n'''exec' %s \"\$0\" \"\$@\"\n' '''\nimport sys\n" "$long/python3" >"$long/duplicity"
  sed -i "s|^DUPLICITY=.*|DUPLICITY=$long/duplicity|" "$etc/config"
  touch "$long/no-boto3"
  run rollcall-backup check
  expect 8 "duplicity runs on $long/python3, and there is no boto3 for it"
}

@test "config tells every mistake at once, with its line" {
  printf 'HOST=web\nBUCKET=Acme\nREGION=eu west\nFINGERPRINT=0123\nHOUR=24\nVOLSIZE_MB=0\nHOST=db\nnonsense\nFINGERPINT=x\nTEMP_DIR=tmp\nENDPOINT_URL=s3.example\n' >"$etc/config"
  run rollcall-backup check
  expect 3 'config:7: HOST is there twice' 'config:8: not KEY=VALUE' 'config:9: unknown key FINGERPINT' 'BUCKET must' \
    'REGION must' 'FINGERPRINT must' 'HOUR must' 'VOLSIZE_MB must' 'tmp must be' 'ENDPOINT_URL must' 'has 10 mistake(s)'
}

@test "config is data: nothing in it is run" {
  printf 'HTTPS_PROXY=http://$(touch %s/ran)`touch %s/ran`\nHOST$(touch %s/ran)=x\n' "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR" >>"$etc/config"
  run rollcall-backup check
  [ "$status" -ne 0 ]
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "config may have blanks, comments, quotes and Windows line ends" {
  printf '# mine\r\n  HOST="web"  \r\nBUCKET='\''acme-backups'\''\r\n\r\nREGION=eu-west-1\r\nFINGERPRINT=%s\r\nHOUR=03\nDUPLICITY=%s' "$(cat "$key/fingerprint")" "$stubs/duplicity" >"$etc/config"
  run rollcall-backup check
  expect 0 'web backs up to s3://acme-backups/web/'
}

@test "config refuses a proxy with a password, since everybody can read it" {
  echo 'HTTPS_PROXY=http://me:secret@proxy' >>"$etc/config"
  run rollcall-backup check
  expect 3 'must not hold a password'
  [[ $output != *secret@* ]]
}

@test "without config it names the command that writes one" {
  rm "$etc/config"
  run rollcall-backup check
  expect 3 'run rollcall-backup-setup first'
}

@test "status says that there was no backup yet, and what to do" {
  run rollcall-backup status
  expect 1 'web: no full backup from this host yet' 'OVERDUE; do: rollcall-backup run'
}

@test "status tells the last full and the last run" {
  at '2026-11-23 02:14' run rollcall-backup run
  at '2026-11-23 12:14' run rollcall-backup status
  expect 0 'web: last full 2026-11-23 02:14 (10 h ago): 31 volumes, 6.1 GiB' 'the next run is due after 2:00'
  at '2026-11-24 02:10' run rollcall-backup status
  expect 0 'the next run is due'
  at '2026-11-26 09:00' run rollcall-backup status
  expect 1 '(3 days ago)' 'OVERDUE'
}

@test "status fails after a failed run, though an older set is there" {
  run rollcall-backup run
  does look 'printf "reason=AccessDenied\nerror=no\ndo=look\n" >&2; exit 7'
  run rollcall-backup run
  run rollcall-backup status
  expect 1 'last full' 'FAIL code=7' 'reason=AccessDenied'
}

@test "status can be asked by any user, and shows no secret" {
  [ "$(id -u)" = 0 ] || skip 'needs root to become somebody else'
  rollcall-backup run >/dev/null
  chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/.." "$BATS_TEST_TMPDIR/../.."
  run setpriv --reuid=65534 --regid=65534 --clear-groups rollcall-backup status
  expect 0 'web: last full'
}

# --- schedule ---

@test "schedule gives each host a minute of its own, always the same" {
  minutes=()
  for host in web db mail nas lab; do
    sed -i "s|^HOST=.*|HOST=$host|" "$etc/config"
    run rollcall-backup schedule
    expect 0
    minutes+=("$(sed -n 's/^\([0-9]*\) \* \* \* \* root .*run --if-due.*/\1/p' "$ROLLCALL_ROOT/etc/cron.d/rollcall-backup")")
    same "${minutes[-1]}" "$(($(printf '%s' "$host" | cksum | cut -d ' ' -f 1) % 60))"
  done
  [ "$(printf '%s\n' "${minutes[@]}" | sort -u | wc -l)" -gt 2 ]
  run rollcall-backup schedule
  expect 0 'unchanged'
}

@test "schedule --off takes the cron file away" {
  rollcall-backup schedule
  run rollcall-backup schedule --off
  expect 0 'removed'
  [ ! -e "$ROLLCALL_ROOT/etc/cron.d/rollcall-backup" ]
}

@test "schedule by systemd writes the minute next to the timer, and never both" {
  rollcall-backup schedule
  "$scripts/host/install" --systemd >/dev/null
  run rollcall-backup schedule
  expect 0 'created' 'removed'
  [ ! -e "$ROLLCALL_ROOT/etc/cron.d/rollcall-backup" ]
  grep -q '^OnCalendar=\*-\*-\* \*:[0-5][0-9]:00$' "$ROLLCALL_ROOT/etc/systemd/system/rollcall-backup.timer.d/minute.conf"
  systemd-analyze calendar "$(sed -n 's/^OnCalendar=\(..*\)/\1/p' "$ROLLCALL_ROOT/etc/systemd/system/rollcall-backup.timer.d/minute.conf")" >/dev/null
}

@test "FULL_EVERY is 2d to 366d, in the words of hosts.yml, and for another value the help says what to write" {
  cp "$etc/config" "$BATS_TEST_TMPDIR/config"
  for wrong in 31 31D 1M 4W 1d 367d 0d 031d 7.5d -7d '31 d' 31d12h d 1000d; do
    { cat "$BATS_TEST_TMPDIR/config" && echo "FULL_EVERY=$wrong"; } >"$etc/config"
    run rollcall-backup check
    expect 3 "FULL_EVERY=$wrong must be 2d to 366d" 'write FULL_EVERY=31d, and in hosts.yml web: { chain: { fullEvery: 31d } }' 'has 1 mistake(s)'
  done
  for right in 2d 31d 99d 366d; do
    { cat "$BATS_TEST_TMPDIR/config" && echo "FULL_EVERY=$right"; } >"$etc/config"
    run rollcall-backup check
    expect 0 "chains: a full every ${right%d} days" "hosts.yml must say: web: { chain: { fullEvery: $right } }, and keepDays: $((${right%d} + 5)) or more"
    run rollcall-backup status
    expect 1 "chains: a full every ${right%d} days; the next run is the first"
  done
}

@test "without FULL_EVERY check says that every run is a full" {
  run rollcall-backup check
  expect 0 'every run makes a full (no FULL_EVERY in'
}

@test "the next full is due by backup days, whatever hour the last one began at and whatever the clock did" {
  echo FULL_EVERY=31d >>"$etc/config"
  printf 'began=1795832000\nended=1795832100\nbytes=1\nvolumes=1\nset=20261123T021502Z\nfull=20261123T021502Z\n' >"$state/last-success"
  at '2026-12-24 01:59' run rollcall-backup status
  [[ $output == *'the last began 2026-11-23 02:15 ('*'the next is due on 2026-12-24'* ]]
  at '2026-12-24 02:00' run rollcall-backup status
  [[ $output == *'the next is due now'* ]]
  # made up for at 1 in the night: still of the backup day before
  sed -i 's/^full=.*/full=20261124T013000Z/' "$state/last-success"
  at '2026-12-24 02:00' run rollcall-backup status
  [[ $output == *'the next is due now'* ]]
  # the clock of the zone goes forward at 2 o'clock of a night between
  export TZ=Europe/Amsterdam
  sed -i 's/^full=.*/full=20270301T011500Z/' "$state/last-success"
  at '2027-03-31 23:00' run rollcall-backup status
  [[ $output == *'the next is due on 2027-04-01'* ]]
  at '2027-04-01 02:00' run rollcall-backup status
  [[ $output == *'the next is due now'* ]]
}
