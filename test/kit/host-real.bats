#!/usr/bin/env bats
# The host kit with the real duplicity and gpg against a local S3 that refuses all but list and put.
#
# ROLLCALL_TEST_DUPLICITY names another duplicity, for instance what test/kit/duplicity3-venv prints.

load host-world

@test "backs up a nasty tree, and the set is whole and encrypted to the subkey" {
  run rollcall-backup run
  expect 0 'OK code=0' 'unreadable=0'
  set=$(set_of "$output")
  keys >"$BATS_TEST_TMPDIR/keys"
  volumes=$(grep -c "duplicity-full.$set.vol[0-9]*.difftar.gpg" "$BATS_TEST_TMPDIR/keys")
  [ "$volumes" -ge 2 ]
  same "$(wc -l <"$BATS_TEST_TMPDIR/keys")" $((volumes + 2))
  same "$(awk '{ sum += $1 } END { print sum }' "$BATS_TEST_TMPDIR/keys")" "$(sed -n 's/^bytes=//p' "$state/last-success")"
  same "$(sed -n 's/^volumes=//p' "$state/last-success")" "$volumes"
  nothing_left
}

@test "what it wrote comes back as it was" {
  run rollcall-backup run
  expect 0
  duplicity_restores
  if [ "$(id -u)" = 0 ]; then
    same_tree "$WORLD/tree" "$BATS_TEST_TMPDIR/back$WORLD/tree" times
  else
    [ -f "$BATS_TEST_TMPDIR/back$WORLD/tree/grün 日本.txt" ]
  fi
}

@test "asks S3 for nothing but list and put, and is refused nothing that matters" {
  # the setup has tried what the key must not do
  s3_say clear
  run rollcall-backup run
  expect 0
  s3_say requests >"$BATS_TEST_TMPDIR/requests"
  same "$(awk '$1 < 300 { print $2 }' "$BATS_TEST_TMPDIR/requests" | sort -u | grep -vx 'HeadBucket\|ListObjects\|ListObjectsV2\|PutObject\|CreateMultipartUpload\|UploadPart\|CompleteMultipartUpload')" ''
  same "$(awk '$1 >= 300 { print $1, $2 }' "$BATS_TEST_TMPDIR/requests" | sort -u | grep -v '^403 \(HeadObject\|GetObject\)$')" ''
}

@test "runs a second time without a cache, a passphrase or a question" {
  run rollcall-backup run
  expect 0
  first=$(set_of "$output")
  run rollcall-backup run
  expect 0 'OK code=0'
  [ "$(set_of "$output")" != "$first" ]
  same "$(keys | grep -c manifest)" 2
  same "$(keys | grep -c 'duplicity-inc\|new-signatures')" 0
  # every key was written once
  no_key_twice
}

@test "does not mind what else is there: other people's sets, incrementals, orphans, junk" {
  for name in duplicity-full.20990101T000000Z.manifest.gpg duplicity-full.20990101T000000Z.vol1.difftar.gpg \
    duplicity-full-signatures.20990101T000000Z.sigtar.gpg duplicity-inc.20260101T000000Z.to.20260102T000000Z.manifest.gpg \
    duplicity-new-signatures.20260101T000000Z.to.20260102T000000Z.sigtar.gpg duplicity-full.20260103T000000Z.vol3.difftar.gpg junk; do
    s3_say "put?$prefix/$name" 'not a real one' >/dev/null
  done
  run rollcall-backup run
  expect 0 'OK code=0'
}

@test "killed in mid-upload, and run again: a new set of its own, whole" {
  hangs_at 3
  kill -KILL "$runner"
  # duplicity is in a group of its own
  kill_group "$(pgrep -f "duplicity full .*--archive-dir $state" | head -n 1)"
  wait "$runner" || true
  same "$(keys | grep -c manifest)" 0
  [ -n "$(find "$state" -name 'rollcall-backup.*')" ]
  s3_say clear
  sleep 1
  run rollcall-backup run
  expect 0 'OK code=0'
  same "$(keys | grep -c manifest)" 1
  no_key_twice
  nothing_left
}

@test "ended in mid-upload: nothing is left behind, and it says so" {
  hangs_at 2
  kill -TERM "$runner"
  ends 143
  grep -q 'FAIL code=143 .*reason=interrupted' "$BATS_TEST_TMPDIR/said"
  same "$(pgrep -f "$state" || true)" ''
  nothing_left
}

@test "two at once: one backs up, the other says so" {
  s3_say fault '{"operation":"PutObject","first":1,"fault":{"latencyMs":3000}}' >/dev/null
  begun rollcall-backup run
  wait_for test -e "$state/running"
  run rollcall-backup run
  expect 4 'another run is at work'
  wait "$runner"
  grep -q 'OK code=0' "$BATS_TEST_TMPDIR/said"
  same "$(keys | grep -c manifest)" 1
}

@test "a volume that S3 lost is not believed, whatever duplicity says" {
  s3_say fault '{"operation":"ListObjectsV2","prefix":"'"$prefix"'/duplicity-full-sig","fault":{"truncate":0}}' >/dev/null
  stub sleep <<<'#!/bin/sh'
  run rollcall-backup run
  [ "$status" -ne 0 ]
  [ ! -e "$state/last-success" ]
}

@test "S3 refuses the upload: AccessDenied by name, before an hour is lost" {
  s3_say fault '{"operation":["PutObject","CreateMultipartUpload"],"fault":{"error":"AccessDenied"}}' >/dev/null
  run rollcall-backup run
  expect 7 'may this host'
  # from 3.0.6 on duplicity swallows the cause
  [[ $output == *reason=AccessDenied* || $output == *reason=upload* ]]
  nothing_left
}

@test 'a key that may not list this bucket, or is not known, is reported in plain words' {
  sed -i 's/AKIAWEB/AKIANOBODY/' "$etc/credentials"
  run rollcall-backup run
  expect 7 'S3 says AccessDenied for s3://backups/' 'reason=AccessDenied'
  s3_say fault '{"operation":"ListObjectsV2","fault":{"error":"InvalidAccessKeyId"}}' >/dev/null
  run rollcall-backup check
  expect 7 'InvalidAccessKeyId' 'the store does not know this key'
}

@test "the other host's prefix, a wrong bucket, a clock that is off, no network: each has a name" {
  sed -i "s|^PREFIX=.*|PREFIX=db|" "$etc/config"
  run rollcall-backup check
  expect 7 'AccessDenied'
  sed -i "s|^PREFIX=.*|PREFIX=$prefix|" "$etc/config"
  s3_say fault '{"operation":"ListObjectsV2","first":1,"fault":{"error":"NoSuchBucket"}}' >/dev/null
  run rollcall-backup check
  expect 7 'NoSuchBucket' 'correct BUCKET'
  s3_say fault '{"operation":"ListObjectsV2","first":1,"fault":{"error":"RequestTimeTooSkewed"}}' >/dev/null
  run rollcall-backup check
  expect 7 'timedatectl'
  s3_say clear
  sed -i 's|^ENDPOINT_URL=.*|ENDPOINT_URL=http://127.0.0.1:9|' "$etc/config"
  run rollcall-backup check
  expect 7 'does the network work'
}

@test "an upload that fails now and then is tried again within the run" {
  s3_say fault '{"operation":"PutObject","nth":[1,4],"fault":{"error":"InternalError"}}' >/dev/null
  s3_say fault '{"operation":"PutObject","nth":[6],"fault":{"reset":"before"}}' >/dev/null
  run rollcall-backup run
  expect 0 'OK code=0'
}

@test "no temporary space: duplicity is not even started" {
  sed -i 's/^VOLSIZE_MB=.*/VOLSIZE_MB=9999/' "$etc/config"
  stub df <<'STUB'
#!/bin/sh
printf 'Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 1 1 1000 1%% /\n'
STUB
  run rollcall-backup run
  expect 5 'reason=space'
}

@test "the wrong key is refused by gpg's own word" {
  "$scripts/keys/rollcall-keygen" other --algo cv25519 --out "$BATS_TEST_TMPDIR/other" >/dev/null
  cp "$BATS_TEST_TMPDIR/other/other.pub.gpg" "$etc/pub.gpg"
  run rollcall-backup run
  expect 3 'reason=key'
  same "$(keys)" ''
}

@test "files and directories that cannot be read are counted and named, and the rest is saved" {
  [ "$(id -u)" = 0 ] || skip 'needs root to become somebody else'
  mkdir -p "$BATS_TEST_TMPDIR/data/closed/deep"
  echo readable >"$BATS_TEST_TMPDIR/data/readable"
  echo secret >"$BATS_TEST_TMPDIR/data/unreadable"
  echo secret >"$BATS_TEST_TMPDIR/data/closed/deep/file"
  chmod 600 "$BATS_TEST_TMPDIR/data/unreadable"
  chown nobody "$BATS_TEST_TMPDIR/data/closed"
  chmod 000 "$BATS_TEST_TMPDIR/data/closed"
  lists "+ $BATS_TEST_TMPDIR/data" '- /'
  chmod 755 "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/.." "$BATS_TEST_TMPDIR/../.."
  chown -R nobody "$etc" "$state"
  chmod 666 "$syslog"
  run setpriv --reuid=65534 --regid=65534 --clear-groups rollcall-backup run
  expect 0 '2 files could not be read' "$BATS_TEST_TMPDIR/data/unreadable" "$BATS_TEST_TMPDIR/data/closed"
  [[ $(outcome) == 'WARN code=0 '*' unreadable=2 reason=unreadable' ]]
  # root reads them all
  chown -R root "$etc" "$state"
  run rollcall-backup run
  expect 0 'OK code=0' 'unreadable=0'
}

@test "lists that end in - **, - /** or - / save the same" {
  sizes=''
  for last in '- /' '- **' '- /**'; do
    lists "+ $WORLD/tree/etc" "- $WORLD/tree/many" "$last"
    run rollcall-backup run --dry-run
    expect 0
    sizes="$sizes$(sed -n 's/^SourceFiles //p' <<<"$output") "
  done
  read -r one two three <<<"$sizes"
  [ "$one" -gt 3 ]
  same "$one $one" "$two $three"
}

@test "a dry run uploads nothing" {
  run rollcall-backup run --dry-run
  expect 0 'SourceFiles' 'nothing was uploaded'
  same "$(keys)" ''
}

@test "a file prefix and a name with odd characters are kept apart" {
  printf 'FILE_PREFIX=nas-\n' >>"$etc/config"
  sed -i "s|^PREFIX=.*|PREFIX=$prefix/a+b=c,d@e|" "$etc/config"
  prefix="$prefix/a+b=c,d@e"
  run rollcall-backup run
  expect 0 'OK code=0'
  run rollcall-backup run
  expect 0 'OK code=0'
  prefix=web/$BATS_TEST_NUMBER
  same "$(keys | awk '{ print $2 }' | grep -vc '^a+b=c,d@e/nas-duplicity-full')" 0
  same "$(keys | grep -c manifest)" 2
}

@test "no secret is in an argument, a log, or a file that others can read" {
  # a secret of this test's own, so that no other test's word is found
  sed -i "s/^aws_secret_access_key.*/aws_secret_access_key = $the_secret/" "$etc/credentials"
  s3_say fault '{"operation":"PutObject","fault":{"latencyMs":300}}' >/dev/null
  begun rollcall-backup run
  samples=0
  while kill -0 "$runner" 2>/dev/null; do
    for process in /proc/[0-9]*; do
      { tr '\0' ' ' <"$process/cmdline" && echo; } 2>/dev/null >>"$BATS_TEST_TMPDIR/arguments" || true
    done
    find "$ROLLCALL_ROOT" -type f -perm /044 -exec grep -l "$the_secret" {} + >>"$BATS_TEST_TMPDIR/readable" 2>/dev/null || true
    find "$state" -mindepth 1 -maxdepth 1 -name 'rollcall-backup.*' -perm /077 >>"$BATS_TEST_TMPDIR/readable" 2>/dev/null || true
    samples=$((samples + 1))
  done
  wait "$runner"
  [ "$samples" -ge 5 ]
  grep -q 'duplicity full' "$BATS_TEST_TMPDIR/arguments"
  not grep -q "$the_secret" "$BATS_TEST_TMPDIR/arguments" "$BATS_TEST_TMPDIR/said" "$syslog"
  not grep -qF -f "$WORLD/key/web.passphrase" "$BATS_TEST_TMPDIR/arguments"
  same "$(cat "$BATS_TEST_TMPDIR/readable")" ''
}

@test "starts no agent and leaves root's own keyring alone" {
  export HOME=$BATS_TEST_TMPDIR/home
  mkdir "$HOME"
  run rollcall-backup run
  expect 0
  same "$(ls -A "$HOME")" ''
  same "$(pgrep -f "gpg-agent.*$state" || true)" ''
}

@test "save-metadata writes down what duplicity does not keep, and it is in the backup" {
  ln -s "$ROLLCALL_ROOT/usr/local/lib/rollcall-backup/save-metadata" "$etc/pre-backup"
  lists "+ $WORLD/tree" "+ $state/metadata" '- /'
  run rollcall-backup run
  expect 0 'OK code=0'
  same "$(stat -c %a "$state/metadata")" 700
  grep -q 'many-volumes$' "$state/metadata/hardlinks"
  grep -q 'hard$' "$state/metadata/hardlinks"
  [ -s "$state/metadata/mounts" ]
  if command -v getcap >/dev/null && command -v getfattr >/dev/null; then [ -e "$state/metadata/xattr" ]; fi
}

@test "of several profiles each is taken as boto3 takes it, and with the right one the host backs up" {
  local some=$BATS_TEST_TMPDIR/some.aws taken one wanted key='aws_access_key_id = AKIAOTHER\naws_secret_access_key = x\n'
  {
    printf "[web]\n# of the host\n%s\n" "$(sed 1d "$WORLD/web.aws")"
    printf "[base]\n$key[both]\n${key}role_arn = arn:aws:iam::1:role/x\nsource_profile = base\n"
    printf "[role]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = base\n[program]\n${key}credential_process = /bin/false\n"
    printf "[sso]\n${key}sso_start_url = x\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = r\n[none]\nregion = eu-west-1\n"
  } >"$some"
  taken=$(AWS_SHARED_CREDENTIALS_FILE=$some AWS_CONFIG_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true /usr/bin/python3 -c '
import boto3
for one in "web base both role program sso none".split():
    found = boto3.Session(profile_name=one, region_name="eu-west-1").get_credentials()
    static = found is not None and found.method == "shared-credentials-file"
    print(one, found.access_key if static else "none" if found is None else "elsewhere")')
  while read -r one wanted; do
    run rollcall-backup-setup --credentials "$some" --profile "$one" --wait 0
    case $wanted in
      none) expect 3 "there is no profile '$one'" ;;
      elsewhere) expect 3 "the profile '$one' gets its key by" ;;
      *) grep -qx "aws_access_key_id = $wanted" "$etc/credentials" ;;
    esac || { echo "$one: $wanted" && return 1; }
  done <<<"$taken"
  same "$(cut -d ' ' -f 2 <<<"$taken" | paste -sd ' ')" 'AKIAWEB AKIAOTHER elsewhere elsewhere AKIAOTHER elsewhere none'
  run rollcall-backup-setup --credentials "$some" --profile web --wait 0
  expect 0 'can be listed'
  run rollcall-backup run
  expect 0 'OK code=0'
}
