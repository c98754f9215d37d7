#!/usr/bin/env bats
# rollcall-backup run: what it refuses, what it believes, and the one line it ends with.

load host-web

@test "says OK when S3 lists the whole set, and stamps it" {
  run rollcall-backup run
  expect 0 'OK code=0 set=20261123T031502Z' 'bytes=6549825126 unreadable=0'
  [[ $(outcome) =~ ^OK\ code=0\ set=20261123T031502Z\ seconds=[0-9]+\ bytes=6549825126\ unreadable=0$ ]]
  grep -qx 'volumes=31' "$state/last-success"
  grep -q '^outcome=OK' "$state/last-run"
  nothing_left
}

@test "encrypts to the fingerprint in full, with no way to sign, decrypt or ask" {
  run rollcall-backup run
  expect 0
  grep -A1 -x -- --encrypt-key "$stubs/argv" | grep -qx "$(cat "$key/fingerprint")"
  grep -qx -- '--gpg-options=--no-default-keyring --keyring rollcall.gpg --trust-model=always --no-autostart' "$stubs/argv"
  not grep -q -e '--sign' "$stubs/argv"
  grep -qx 'boto3+s3://acme-backups/web' "$stubs/argv"
}

@test "gives duplicity the same environment whatever the caller has" {
  mkdir "$BATS_TEST_TMPDIR/gone" && cd "$BATS_TEST_TMPDIR/gone" && rmdir "$BATS_TEST_TMPDIR/gone"
  HOME=/elsewhere AWS_PROFILE=mine AWS_ACCESS_KEY_ID=mine PASSPHRASE=mine https_proxy=http://mine run rollcall-backup run
  expect 0
  not grep -q mine "$stubs/environment"
  not grep -q PASSPHRASE "$stubs/environment"
  grep -qx "AWS_SHARED_CREDENTIALS_FILE=$etc/credentials" "$stubs/environment"
  grep -qx 'AWS_EC2_METADATA_DISABLED=true' "$stubs/environment"
  same "$(sort -u "$stubs/directories")" /
}

@test "lays an empty stand-in for each name that duplicity would fetch" {
  does ask 'cat <<END
Sync would copy the following from remote to local:
duplicity-full-signatures.20261122T031502Z.sigtar.gpg
duplicity-full.20261122T031502Z.manifest.gpg
duplicity-inc.20261122T031502Z.to.20261122T041502Z.manifest.gpg
duplicity-new-signatures.20261122T031502Z.to.20261122T041502Z.sigtar.gz
duplicity-full.20261121T031502Z.manifest
df.abc123.m.g
dfs.abc123.st.g
duplicity-full.../../../../tmp/evil.manifest
END'
  does full 'ls "$archive/s" >"$here/laid"; printf "Volume 1:\n" >"$archive/s/duplicity-full.20261123T031502Z.manifest"'
  run rollcall-backup run
  expect 0
  same "$(cat "$stubs/laid")" 'df.abc123.m
dfs.abc123.st.gz
duplicity-full-signatures.20261122T031502Z.sigtar.gz
duplicity-full.20261121T031502Z.manifest
duplicity-full.20261122T031502Z.manifest
duplicity-inc.20261122T031502Z.to.20261122T041502Z.manifest
duplicity-new-signatures.20261122T031502Z.to.20261122T041502Z.sigtar.gz'
}

@test "does not believe duplicity's 0 when a volume is not listed" {
  does whole 'printf "reason=notwhole\nerror=duplicity-full.20261123T031502Z.vol2.difftar.gpg is not in s3://x/\ndo=run: rollcall-backup run\n" >&2; exit 6'
  stub sleep <<<'#!/bin/sh'
  run rollcall-backup run
  expect 6 'vol2.difftar.gpg is not in' 'FAIL code=6 set=20261123T031502Z' 'reason=notwhole'
  [ ! -e "$state/last-success" ]
  nothing_left
}

@test "does not believe duplicity's 0 when it wrote no full set" {
  does full ':'
  run rollcall-backup run
  expect 6 'wrote no full set' 'reason=noset'
}

@test "does not take a stand-in for the set of this run" {
  does ask 'echo duplicity-full.20261122T031502Z.manifest.gpg'
  does full ':'
  run rollcall-backup run
  expect 6 'reason=noset'
}

@test "fails when S3 cannot be asked afterwards" {
  does whole 'printf "reason=network\nerror=no way\ndo=look\n" >&2; exit 7'
  stub sleep <<<'#!/bin/sh'
  run rollcall-backup run
  expect 7 'cannot be seen to be whole' 'reason=network'
  [ ! -e "$state/last-success" ]
}

@test "says before uploading that S3 refuses" {
  does look 'printf "reason=AccessDenied\nerror=S3 says AccessDenied\ndo=look at the group\n" >&2; exit 7'
  run rollcall-backup run
  expect 7 'error: S3 says AccessDenied' 'hint: look at the group' 'FAIL code=7 set=- ' 'reason=AccessDenied'
  not grep -qx full "$stubs/argv"
}

@test "tells an unreadable file as WARN, counts it, and succeeds" {
  does full 'printf "NOTICE 1\n. fine\n\nWARNING 10 '\''/srv/a'\''\n. Error accessing\n\nWARNING 12 '\''/srv/b'\''\n. x\n" >"$log"
printf "Volume 1:\n" >"$archive/s/duplicity-full.20261123T031502Z.manifest"'
  run rollcall-backup run
  expect 0 "2 files could not be read; the first: '/srv/a' '/srv/b'"
  [[ $(outcome) == 'WARN code=0 set=20261123T031502Z '*' unreadable=2 reason=unreadable' ]]
}

@test "tells a listed path that is not there as WARN, and saves the rest" {
  does saved 'printf "warning\\t/etc/backup-targets:2: /nowhere/at/all does not exist\\tcorrect it\\nfiles=9\\n"'
  run rollcall-backup run
  expect 0 'warning: /etc/backup-targets:2: /nowhere/at/all does not exist' 'hint: correct it'
  [[ $(outcome) == WARN*reason=targets ]]
}

@test "a set without a file is a failure, and the next hour tries again" {
  does saved 'echo files=0'
  at '2026-11-23 02:01' run rollcall-backup run --if-due
  expect 1 'no file was saved' 'FAIL code=1 set=20261123T031502Z' 'reason=nothing'
  [ ! -e "$state/last-success" ]
  does saved 'echo files=1'
  at '2026-11-23 03:01' run rollcall-backup run --if-due
  expect 0 'OK code=0'
}

@test "less than half of the last files or bytes is a WARN with both figures" {
  does full 'echo "SourceFileSize 4000000 (3.81 MB)"; printf "Volume 1:\n" >"$archive/s/duplicity-full.20261123T031502Z.manifest"'
  does saved 'echo files=100'
  run rollcall-backup run
  expect 0 'OK code=0'
  does saved 'echo files=50'
  run rollcall-backup run
  expect 0 'OK code=0'
  does saved 'echo files=24'
  run rollcall-backup run
  expect 0 'this set has 24 files of 3.8 MiB; the last one had 50 of 3.8 MiB'
  [[ $(outcome) == WARN*reason=shrunk ]]
  does full 'echo "SourceFileSize 1999999 (1.9 MB)"; printf "Volume 1:\n" >"$archive/s/duplicity-full.20261123T031502Z.manifest"'
  run rollcall-backup run
  expect 0 'this set has 24 files of 1.9 MiB; the last one had 24 of 3.8 MiB'
  run rollcall-backup run
  expect 0 'OK code=0'
}

@test "checksums that cannot be compared are a WARN, until the config says that sizes will do" {
  does whole 'printf "volumes=1\nbytes=9\nunproved=3\n"'
  run rollcall-backup run
  expect 0 'all sizes are right, but what S3 keeps of 3 of 3 files cannot be compared' 'CHECKSUMS=sizes'
  [[ $(outcome) == WARN*reason=checksums ]]
  echo CHECKSUMS=sizes >>"$etc/config"
  run rollcall-backup run
  expect 0 'OK code=0'
  echo CHECKSUMS=none >"$BATS_TEST_TMPDIR/line"
  sed -i '/CHECKSUMS/d' "$etc/config" && cat "$BATS_TEST_TMPDIR/line" >>"$etc/config"
  run rollcall-backup run
  expect 3 'CHECKSUMS can be "sizes" alone'
}

@test "what must be mounted and is not ends the run before it uploads" {
  echo "REQUIRE_MOUNTED=/proc $BATS_TEST_TMPDIR/data" >>"$etc/config"
  run rollcall-backup run
  expect 3 "$BATS_TEST_TMPDIR/data is not mounted" 'FAIL code=3' 'reason=mount'
  not grep -qx full "$stubs/argv"
  sed -i 's|^REQUIRE_MOUNTED=.*|REQUIRE_MOUNTED=/proc|' "$etc/config"
  run rollcall-backup run
  expect 0 'OK code=0'
  sed -i 's|^REQUIRE_MOUNTED=.*|REQUIRE_MOUNTED=srv|' "$etc/config"
  run rollcall-backup run
  expect 3 'srv must be a plain absolute path'
  sed -i 's|^REQUIRE_MOUNTED=.*|REQUIRE_MOUNTED=/pro*|' "$etc/config"
  run rollcall-backup run
  expect 3 'REQUIRE_MOUNTED takes no patterns'
}

@test "refuses a list without the final exclusion, and says the command that adds it, also behind a line without an end" {
  printf '+ %s' "$BATS_TEST_TMPDIR/data" >"$targets"
  run rollcall-backup run
  expect 3 'would save all of /' "hint: run: printf '\n- /\n' | sudo tee -a $targets" 'FAIL code=3' 'reason=targets'
  not grep -qx full "$stubs/argv"
  printf '\n- /\n' | tee -a "$targets"
  run rollcall-backup run
  expect 0 'OK code=0'
}

@test "refuses credentials that others can read" {
  chmod 640 "$etc/credentials"
  run rollcall-backup run
  expect 3 'others than root can read' 'chmod 600' 'reason=credentials'
}

@test "refuses a key that is not the one in config" {
  make_key "$BATS_TEST_TMPDIR/other"
  cp "$BATS_TEST_TMPDIR/other/pub.gpg" "$etc/pub.gpg"
  run rollcall-backup run
  expect 3 "is not $(cat "$key/fingerprint")" 'reason=key'
}

@test "refuses a key that has expired" {
  make_key "$BATS_TEST_TMPDIR/old" seconds=1
  cp "$BATS_TEST_TMPDIR/old/pub.gpg" "$etc/pub.gpg"
  sed -i "s/^FINGERPRINT=.*/FINGERPRINT=$(cat "$BATS_TEST_TMPDIR/old/fingerprint")/" "$etc/config"
  sleep 2
  run rollcall-backup run
  expect 3 'it has expired' 'reason=key'
}

@test "warns of a key that will expire within a month" {
  make_key "$BATS_TEST_TMPDIR/old" 10d
  cp "$BATS_TEST_TMPDIR/old/pub.gpg" "$etc/pub.gpg"
  sed -i "s/^FINGERPRINT=.*/FINGERPRINT=$(cat "$BATS_TEST_TMPDIR/old/fingerprint")/" "$etc/config"
  run rollcall-backup run
  expect 0 'the key expires in '
  [[ $(outcome) == WARN*reason=key ]]
}

@test "a subkey that was replaced may expire: backups are not encrypted to it" {
  mkdir "$BATS_TEST_TMPDIR/two"
  make_key "$BATS_TEST_TMPDIR/two" 10d
  gpg=(gpg --homedir "$BATS_TEST_TMPDIR/two/home" --batch --quiet --passphrase '')
  fingerprint=$(cat "$BATS_TEST_TMPDIR/two/fingerprint")
  "${gpg[@]}" --quick-set-expire "$fingerprint" 0 2>/dev/null
  sleep 1 # of two of the same second gpg takes any
  "${gpg[@]}" --quick-add-key "$fingerprint" cv25519 encr never 2>/dev/null
  "${gpg[@]}" --export >"$etc/pub.gpg"
  gpgconf --homedir "$BATS_TEST_TMPDIR/two/home" --kill gpg-agent
  sed -i "s/^FINGERPRINT=.*/FINGERPRINT=$fingerprint/" "$etc/config"
  run rollcall-backup run
  expect 0 'OK code=0'
}

@test "where nothing can be written it says so, and fails for want of space" {
  mkdir "$state/lock"
  run rollcall-backup run --if-due
  expect 5 "cannot write to $state" 'FAIL code=5' 'reason=space'
}

@test "refuses when there is too little space, before anything is uploaded" {
  stub df <<'STUB'
#!/bin/sh
echo 'Filesystem 1024-blocks Used Available Capacity Mounted on'
echo '/dev/vda 1000000 900000 100000 90% /'
STUB
  run rollcall-backup run
  expect 5 'has 97 MiB free; a run needs 260 MiB' 'TEMP_DIR' 'reason=space'
}

@test "says which program is missing" {
  sed -i 's|^DUPLICITY=.*|DUPLICITY=/nowhere/duplicity|' "$etc/config"
  run rollcall-backup run
  expect 8 '/nowhere/duplicity is not installed' 'apt install duplicity'
}

@test "says that duplicity's own Python has no boto3" {
  touch "$stubs/no-boto3"
  run rollcall-backup run
  expect 8 "duplicity runs on $stubs/python-for-duplicity, and there is no boto3 for it"
}

@test "refuses a duplicity before 0.8.17 and takes all after" {
  for old in 0.6.24 0.7.19 0.8.9 0.8.16; do
    echo "$old" >"$stubs/version"
    run rollcall-backup check
    expect 8 "duplicity $old is too old"
  done
  for new in 0.8.17 0.8.21 0.8.22 0.8.23 1.2.2 2.1.4 3.0.4 3.0.6.3 3.2.1 4.0.0; do
    echo "$new" >"$stubs/version"
    run rollcall-backup check
    expect 0 "duplicity $new"
  done
}

@test "keeps a newer duplicity from looking at the past and at an agent; an older one knows no such option" {
  for old in 0.8.17 0.8.22 1.2.3 2.1.4 3.0.4 3.0.7; do
    echo "$old" >"$stubs/version"
    run rollcall-backup run
    expect 0
  done
  not grep -qx -- '--use-agent\|--no-check-remote' "$stubs/argv"
  same "$(grep -cx -- --no-print-statistics "$stubs/argv")" 6
  for new in 3.1.0 3.2.1 4.0.0; do
    : >"$stubs/argv"
    echo "$new" >"$stubs/version"
    run rollcall-backup run
    expect 0
    grep -qx -- --use-agent "$stubs/argv"
    grep -qx -- --no-check-remote "$stubs/argv"
    not grep -qx -- --no-print-statistics "$stubs/argv"
  done
}

@test "names the cause when duplicity fails" {
  while IFS='|' read -r duplicity words status_wanted reason; do
    : >"$syslog"
    does full "echo \"$words\"; exit $duplicity"
    run rollcall-backup run
    [[ $output != *'pip3 install'* ]]
    expect "$status_wanted" "duplicity ended with $duplicity: " "reason=$reason" "duplicity=$duplicity"
    [[ $(outcome) == "FAIL code=$status_wanted set=- "*" reason=$reason duplicity=$duplicity" ]]
    nothing_left
  done <<'END'
50|BackendException: AccessDenied: An error occurred (AccessDenied) when calling the PutObject operation|7|AccessDenied
50|An error occurred (RequestTimeTooSkewed)|7|RequestTimeTooSkewed
50|Could not connect to the endpoint URL|7|network
50|something new|7|s3
1|Failed to upload file x, got S3UploadFailedError\nQuick fix is: [sudo] pip3 install boto3<1.36.0|7|upload
35|Temp space has 1 available, backup needs approx 2.|5|space
30|OSError: [Errno 28] No space left on device|5|space
30|AssertionError: ({1: b'duplicity-full.vol1'}, b'x')|1|poisoned
31|GPGError: GPG Failed|1|gpg
137|Killed|1|killed
124|still at it|1|toolong
23|usage|1|duplicity
END
}

@test "does not blame the refusals that an append-only key must meet" {
  does full 'echo "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied"
echo "Giving up after 2 attempts. ClientError: An error occurred (403) when calling the HeadObject operation: Forbidden"
echo boom
exit 30'
  run rollcall-backup run
  expect 1 'duplicity ended with 30: boom' 'reason=duplicity'
  not grep -q 'HeadObject\|GetObject' "$syslog"
}

@test "says that a name in the bucket kills duplicity before anything is read" {
  does ask 'echo "AssertionError: vol0"; exit 30'
  run rollcall-backup run
  expect 1 'reason=poisoned' 'rollcall check --host web'
}

@test "shows every mistake before it stops" {
  lists '+ relative' '+ /proc'
  chmod 644 "$etc/credentials"
  run rollcall-backup run
  expect 3 'relative is no absolute path' 'reaches /proc' 'all of /' 'others than root can read'
}

@test "leaves nothing behind when it is ended in mid-upload" {
  does full 'echo $$ >"$here/pid"; sleep 60 & wait'
  for signal in TERM INT HUP; do
    rm -f "$stubs/pid"
    # bats lets background jobs ignore INT; env gives it back
    begun env --default-signal=INT rollcall-backup run
    wait_for test -s "$stubs/pid"
    grep -q "^pid=$runner$" "$state/running"
    kill -"$signal" "$runner"
    case $signal in TERM) ends 143 ;; INT) ends 130 ;; HUP) ends 129 ;; esac
    [[ $(outcome) == "FAIL code=$ended set=- "*reason=interrupted ]]
    not kill -0 "$(cat "$stubs/pid")" 2>/dev/null
    nothing_left
  done
}

@test "runs once at a time, and says which process is at work" {
  does full 'sleep 60 & echo $! >"$here/pid"; wait'
  begun rollcall-backup run
  wait_for test -s "$stubs/pid"
  run rollcall-backup run
  expect 4 'another run is at work' "kill $runner"
  run rollcall-backup run --if-due
  expect 0
  run rollcall-backup status
  [[ $output == *"a run is at work since"*"process $runner"* ]]
  kill "$runner"
  wait "$runner" || true
}

@test "holds the lock while duplicity lives, even if its own shell was killed" {
  does full 'echo $$ >"$here/pid"; sleep 60 & wait'
  begun rollcall-backup run
  wait_for test -s "$stubs/pid"
  kill -KILL "$runner"
  wait "$runner" || true
  run rollcall-backup run
  expect 4 'another run is at work'
  [[ $output =~ 'or end it: '(kill [0-9 ]+)$ ]]
  [[ " ${BASH_REMATCH[1]} " == *" $(cat "$stubs/pid") "* && " ${BASH_REMATCH[1]} " != *" $runner "* ]]
  eval "${BASH_REMATCH[1]}"
  wait_for not kill -0 "$(cat "$stubs/pid")"
  does full 'printf "Volume 1:\n" >"$archive/s/duplicity-full.20261123T031502Z.manifest"'
  sleep 0.3
  run rollcall-backup run
  expect 0
  nothing_left
}

@test "uploads nothing in a dry run" {
  run rollcall-backup run --dry-run
  expect 0 'SourceFiles 9' 'nothing was uploaded'
  [ ! -e "$state/last-success" ]
  same "$(outcome)" ''
  nothing_left
}

@test "a dry run that fails says why, and is not remembered as a run" {
  lists "+ $BATS_TEST_TMPDIR/data"
  run rollcall-backup run --dry-run
  expect 3 'would save all of /'
  [[ $output != *FAIL* ]]
  [ ! -e "$state/last-run" ]
  nothing_left
}

@test "is due once a backup day, which begins at HOUR" {
  at '2026-11-23 01:59' run rollcall-backup run
  expect 0
  at '2026-11-23 02:01' run rollcall-backup run --if-due
  expect 0 'OK code=0'
  for later in '2026-11-23 03:01' '2026-11-23 23:01' '2026-11-24 01:59'; do
    at "$later" run rollcall-backup run --if-due
    expect 0
    same "$output" ''
  done
  at '2026-11-24 02:01' run rollcall-backup run --if-due
  expect 0 'OK code=0'
}

@test "does not creep towards the evening: a late catch-up is followed by the next night" {
  at '2026-11-23 14:01' run rollcall-backup run --if-due
  expect 0 'OK code=0'
  at '2026-11-24 01:01' run rollcall-backup run --if-due
  same "$output" ''
  at '2026-11-24 02:01' run rollcall-backup run --if-due
  expect 0 'OK code=0'
}

@test "is due when the stamp is lost, spoilt or from the future" {
  for stamp in '' 'began=' 'began=soon' 'began=4102444800'; do
    printf '%s\n' "$stamp" >"$state/last-success"
    rm -f "$state/tries"
    at '2026-11-23 04:01' run rollcall-backup run --if-due
    expect 0 'OK code=0'
  done
}

@test "30 nights with a clock that jumps: one backup for each backup day that it shows, and none is kept from running" {
  export TZ=Europe/Amsterdam
  # the time goes forward in the night of 2027-03-28; the clock is set back a day, ahead two months, and right again
  clock=$(date -d '2027-03-10 00:20' +%s)
  for ((night = 1; night <= 30; night++)); do
    case $night in
      7) clock=$((clock - 86400)) ;;
      12) clock=$((clock + 60 * 86400)) ;;
      15) clock=$((clock - 60 * 86400)) ;;
      21) clock=$((clock - 7200)) ;;
    esac
    good=0
    for ((hour = 0; hour < 24; hour += 4)); do
      at "$(date -d "@$((clock + hour * 3600))" '+%F %T')" run rollcall-backup run --if-due
      expect 0
      [[ $output != *'OK code=0'* ]] || good=$((good + 1))
      at "$(date -d "@$((clock + hour * 3600))" '+%F %T')" run rollcall-backup status
      [[ $output != *OVERDUE* ]] || [ "$hour" -lt 4 ]
    done
    # a clock that was set back sees a set of a day that it has not reached, and makes one all the same
    [ "$good" -ge 1 ] && [ "$good" -le 2 ] || {
      echo "night $night: $good backups"
      return 1
    }
    clock=$((clock + 86400))
  done
}

@test "uploads 3 times a day by itself, then says so, and starts again the next day" {
  does full 'exit 50'
  for hour in 02 03 04; do
    at "2026-11-23 $hour:01" run rollcall-backup run --if-due
    expect 7 'reason=s3'
  done
  : >"$stubs/argv"
  at '2026-11-23 05:01' run rollcall-backup run --if-due
  expect 1 '3 uploads of today did not succeed' 'reason=gaveup'
  not grep -qx full "$stubs/argv"
  at '2026-11-24 02:01' run rollcall-backup run --if-due
  expect 7 'reason=s3'
}

@test "does not count what stopped before an upload: an hour without network costs no try" {
  does look 'printf "reason=network\nerror=no way\ndo=look\n" >&2; exit 7'
  for hour in 02 03 04 05 06; do
    at "2026-11-23 $hour:01" run rollcall-backup run --if-due
    expect 7 'reason=network'
  done
  does look 'echo skew=0'
  at '2026-11-23 07:01' run rollcall-backup run --if-due
  expect 0 'OK code=0'
}

@test "runs by hand whatever was tried" {
  printf 'day=%s\ncount=3\n' "$(date -d '-2 hours' +%Y%m%d)" >"$state/tries"
  run rollcall-backup run
  expect 0 'OK code=0'
}

@test "calls on-failure once a day for each reason, by hand every time" {
  printf '#!/bin/sh\necho "$ROLLCALL_HOST $ROLLCALL_OUTCOME" >>%s/mails\n' "$BATS_TEST_TMPDIR" >"$etc/on-failure"
  chmod 755 "$etc/on-failure"
  does look 'printf "reason=network\nerror=no way\ndo=look\n" >&2; exit 7'
  for hour in 02 03 04; do
    at "2026-11-23 $hour:01" run rollcall-backup run --if-due
  done
  same "$(wc -l <"$BATS_TEST_TMPDIR/mails")" 1
  grep -q '^web FAIL code=7 .* reason=network$' "$BATS_TEST_TMPDIR/mails"
  does look 'printf "reason=AccessDenied\nerror=no\ndo=look\n" >&2; exit 7'
  at '2026-11-23 05:01' run rollcall-backup run --if-due
  same "$(wc -l <"$BATS_TEST_TMPDIR/mails")" 2
  at '2026-11-23 06:01' run rollcall-backup run
  same "$(wc -l <"$BATS_TEST_TMPDIR/mails")" 3
}

@test "runs pre-backup first; when that fails it warns and backs up all the same" {
  printf '#!/bin/sh\necho saved >%s/data/saved\nexit 9\n' "$BATS_TEST_TMPDIR" >"$etc/pre-backup"
  chmod 755 "$etc/pre-backup"
  does full '[ -e '"$BATS_TEST_TMPDIR"'/data/saved ] && printf "Volume 1:\n" >"$archive/s/duplicity-full.20261123T031502Z.manifest"'
  run rollcall-backup run
  expect 0 'pre-backup ended with 9; the backup goes on'
  [[ $(outcome) == WARN*reason=hook ]]
}

@test "a pre-backup that hangs and hears no signal is ended after an hour" {
  stub timeout <<STUB
#!/bin/sh
printf '%s\n' "\$*" >>"$stubs/timeouts"
exit 124
STUB
  printf '#!/bin/sh\n' >"$etc/pre-backup"
  chmod 755 "$etc/pre-backup"
  run rollcall-backup run
  grep -q -- '^-k 60 3600 ' "$stubs/timeouts"
}

@test "does not run a hook that others can change" {
  printf '#!/bin/sh\ntouch %s/ran\n' "$BATS_TEST_TMPDIR" >"$etc/pre-backup"
  chmod 777 "$etc/pre-backup"
  run rollcall-backup run
  expect 3 'others than root can change' 'reason=hook'
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "tells a config with mistakes as loudly as any failure" {
  echo 'REGIN=x' >>"$etc/config"
  run rollcall-backup run --if-due
  expect 3 'unknown key REGIN' 'FAIL code=3' 'reason=config'
  [[ $(outcome) == FAIL*reason=config ]]
}

@test "survives a system without logger" {
  stub logger <<'STUB'
#!/bin/sh
exit 1
STUB
  run rollcall-backup run
  expect 0 'OK code=0'
}

@test "passes file prefix, endpoint, volume size and prefix on" {
  printf 'PREFIX=office/nas\nFILE_PREFIX=nas-\nENDPOINT_URL=https://s3.example\nVOLSIZE_MB=50\n' >>"$etc/config"
  does ask 'echo nas-duplicity-full.20261122T031502Z.manifest.gpg; echo duplicity-full.20261122T031502Z.manifest.gpg'
  does full 'ls "$archive/s" >"$here/laid"; printf "Volume 1:\n" >"$archive/s/nas-duplicity-full.20261123T031502Z.manifest"'
  run rollcall-backup run
  expect 0 'set=20261123T031502Z'
  same "$(cat "$stubs/laid")" nas-duplicity-full.20261122T031502Z.manifest
  grep -qx 'boto3+s3://acme-backups/office/nas' "$stubs/argv"
  grep -A1 -x -- --s3-endpoint-url "$stubs/argv" | grep -qx https://s3.example
  grep -A1 -x -- --volsize "$stubs/argv" | grep -qx 50
  grep -qx AWS_REQUEST_CHECKSUM_CALCULATION=when_required "$stubs/environment"
}

@test "says what is wrong with the command line" {
  run rollcall-backup run --now
  expect 2 'run does not know --now' 'rollcall-backup --help'
  run rollcall-backup backup
  expect 2 'unknown command backup'
}

@test "is for root, unless ROLLCALL_ROOT is set" {
  chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR" 2>/dev/null || true
  [ "$(id -u)" = 0 ] || skip 'needs root to become somebody else'
  run setpriv --reuid=65534 --regid=65534 --clear-groups env -u ROLLCALL_ROOT "$ROLLCALL_ROOT/usr/local/sbin/rollcall-backup" run
  expect 3 'only root can do this' 'sudo'
}
