#!/usr/bin/env bats
# rollcall-backup-setup: what it writes, with which modes, and what it refuses.

load host-web

setup() {
  stage
  fingerprint=$(cat "$key/fingerprint")
  aws=$BATS_TEST_TMPDIR/web.aws
  printf '[default]\naws_access_key_id = AKIAWEB\naws_secret_access_key = S3cr3t/Of+Web=\n' >"$aws"
  mkdir -p "$etc"
  echo "DUPLICITY=$stubs/duplicity" >"$etc/config"
  first=(--id web --bucket acme-backups --region eu-west-1 --public-key "$key/pub.gpg" --fingerprint "$fingerprint" --credentials "$aws" --wait 0)
}

# give OPTION...: the credentials come from standard input
give() { run rollcall-backup-setup "${first[@]}" --credentials - "$@"; }

the_credentials='[default]
aws_access_key_id = AKIAWEB
aws_secret_access_key = S3cr3t/Of+Web='

@test "writes config, key, credentials, a first list and the schedule" {
  run rollcall-backup-setup "${first[@]}"
  expect 0 "key $fingerprint" 'a probe was encrypted to subkey' 'hosts.yml: recipients: [' 'can be listed' 'first guess: read it'
  same "$(stat -c '%a %n' "$etc"/* "$targets" | sed "s|$ROLLCALL_ROOT||")" '644 /etc/rollcall-backup/config
600 /etc/rollcall-backup/credentials
644 /etc/rollcall-backup/pub.gpg
644 /etc/backup-targets'
  same "$(cat "$etc/credentials")" "$the_credentials"
  same "$(tail -n 1 "$targets")" '- /'
  grep -q 'run --if-due' "$ROLLCALL_ROOT/etc/cron.d/rollcall-backup"
  not grep -r S3cr3t "$stubs/argv" "$stubs/environment" "$syslog"
  run rollcall-backup run
  expect 0
}

@test "shows the subkey that gpg encrypts to, not the primary key" {
  run rollcall-backup-setup "${first[@]}"
  subkey=$(gpg --homedir "$key/home" --batch --with-colons --list-keys 2>/dev/null | awk -F: '$1 == "sub" { print $5 }')
  expect 0 "recipients: [$subkey]"
}

@test "a second time says unchanged" {
  rollcall-backup-setup "${first[@]}"
  before=$(find "$ROLLCALL_ROOT" -type f -printf '%p %Ts %m\n' | sort)
  run rollcall-backup-setup "${first[@]}"
  expect 0 'unchanged'
  [[ $output != *created* && $output != *"changed   "[!u]*changed\ * ]]
  same "$(find "$ROLLCALL_ROOT" -type f -printf '%p %Ts %m\n' | sort)" "$before"
}

@test "changes what is named and keeps the rest" {
  rollcall-backup-setup "${first[@]}"
  sed -i 's/^/  /' "$etc/config"
  printf '# because of the small disk\nVOLSIZE_MB=50\n' >>"$etc/config"
  echo '# mine' >>"$targets"
  run rollcall-backup-setup --bucket other-backups --hour 4 --wait 0
  expect 0
  rollcall-backup status >/dev/null || [ $? = 1 ]
  grep -qx 'BUCKET=other-backups' "$etc/config"
  grep -qx 'HOUR=4' "$etc/config"
  grep -qx '# because of the small disk' "$etc/config"
  grep -qx 'VOLSIZE_MB=50' "$etc/config"
  grep -qx 'HOST=web' "$etc/config"
  grep -qx '# mine' "$targets"
  same "$(cat "$etc/credentials")" "$the_credentials"
}

@test "takes credentials in every form that people have" {
  forms=(
    '[default]\naws_access_key_id=AKIAWEB\naws_secret_access_key=S3cr3t/Of+Web=\n'
    '[default]\r\naws_access_key_id = AKIAWEB\r\naws_secret_access_key = S3cr3t/Of+Web=\r\n'
    'AWS_ACCESS_KEY_ID=AKIAWEB\nAWS_SECRET_ACCESS_KEY=S3cr3t/Of+Web=\n'
    'export AWS_ACCESS_KEY_ID="AKIAWEB"\nexport AWS_SECRET_ACCESS_KEY="S3cr3t/Of+Web="\n'
    'AKIAWEB\nS3cr3t/Of+Web=\n'
    'Access key ID,Secret access key\nAKIAWEB,S3cr3t/Of+Web=\n'
    '\xef\xbb\xbfAccess key ID,Secret access key\r\nAKIAWEB,S3cr3t/Of+Web=\r\n'
    '{"AccessKey":{"UserName":"web","AccessKeyId":"AKIAWEB","Status":"Active","SecretAccessKey":"S3cr3t/Of+Web=","CreateDate":"2026-11-23T00:00:00Z"}}'
    '{\n    "AccessKey": {\n        "UserName": "web",\n        "AccessKeyId": "AKIAWEB",\n        "Status": "Active",\n        "SecretAccessKey": "S3cr3t/Of+Web=",\n        "CreateDate": "x"\n    }\n}\n'
  )
  for form in "${forms[@]}"; do
    rm -f "$etc/credentials"
    give < <(printf '%b' "$form")
    expect 0 || {
      echo "form: $form"
      return 1
    }
    same "$(cat "$etc/credentials")" "$the_credentials"
  done
}

@test "takes key and credentials together from standard input" {
  run rollcall-backup-setup "${first[@]}" --public-key - --credentials - < <(cat "$aws" "$key/pub.asc")
  expect 0
  same "$(cat "$etc/credentials")" "$the_credentials"
  run rollcall-backup-setup "${first[@]}" --public-key - --credentials - < <(cat "$key/pub.asc" "$aws")
  expect 0
  same "$(cat "$etc/credentials")" "$the_credentials"
}

@test "takes a fingerprint as people print it" {
  spaced=$(sed 's/..../& /g' "$key/fingerprint" | tr 'A-F' 'a-f')
  run rollcall-backup-setup "${first[@]}" --public-key "$key/pub.asc" --fingerprint "$spaced"
  expect 0
  grep -qx "FINGERPRINT=$fingerprint" "$etc/config"
}

@test "refuses the secret key, and leaves nothing of it" {
  run rollcall-backup-setup "${first[@]}" --public-key "$key/secret.asc"
  expect 3 'that is the SECRET key; it must not be on this host' 'delete it here'
  [ ! -e "$etc/pub.gpg" ]
  [ ! -e "$etc/credentials" ]
}

@test "refuses another key than the fingerprint says, and tells which it is" {
  other=0123456789ABCDEF0123456789ABCDEF01234567
  run rollcall-backup-setup "${first[@]}" --fingerprint "$other"
  expect 3 "does not hold the key $other" "it holds: $fingerprint"
  [ ! -e "$etc/credentials" ]
}

@test "refuses what is no key" {
  run rollcall-backup-setup "${first[@]}" --public-key "$aws"
  expect 3 'no key that gpg can read'
}

@test "refuses a key that cannot encrypt" {
  make_home=$BATS_TEST_TMPDIR/signing
  mkdir -m 700 "$make_home"
  gpg --homedir "$make_home" --batch --quiet --passphrase '' --quick-generate-key signer ed25519 sign never 2>/dev/null
  gpg --homedir "$make_home" --batch --export >"$BATS_TEST_TMPDIR/signer.gpg"
  only=$(gpg --homedir "$make_home" --batch --with-colons --list-keys 2>/dev/null | awk -F: '$1 == "fpr" { print $10; exit }')
  gpgconf --homedir "$make_home" --kill gpg-agent
  run rollcall-backup-setup "${first[@]}" --public-key "$BATS_TEST_TMPDIR/signer.gpg" --fingerprint "$only"
  expect 3 'no encryption subkey that works'
}

@test "reads a credentials file as the SDK does: comments, several profiles, tokens" {
  give < <(printf '# aws_access_key_id = AKIAOLD\n; aws_secret_access_key = old\n[default]\n#aws_access_key_id = AKIAOLDER\naws_access_key_id = AKIAWEB\naws_secret_access_key = S3cr3t/Of+Web=\n')
  expect 0
  same "$(cat "$etc/credentials")" "$the_credentials"
  two='[admin]\naws_access_key_id = AKIAADMIN\naws_secret_access_key = Adm1n\n[web]\naws_access_key_id = AKIAWEB\naws_secret_access_key = S3cr3t/Of+Web=\n[sso]\nsso_start_url = x\n'
  rm "$etc/credentials"
  give < <(printf "$two")
  expect 3 'have several profiles: admin web' '--profile NAME'
  [ ! -e "$etc/credentials" ]
  give --profile web < <(printf "$two")
  expect 0
  same "$(cat "$etc/credentials")" "$the_credentials"
  give --profile nobody < <(printf "$two")
  expect 3 'no profile'
  give < <(printf '{"Credentials":{"AccessKeyId":"ASIAWEB","SecretAccessKey":"S3cr3t","SessionToken":"T0k/en=","Expiration":"2026-11-23T00:00:00Z"}}')
  expect 0 'have a session token: they expire' 'rollcall add-host web'
  grep -qx 'aws_session_token = T0k/en=' "$etc/credentials"
  run rollcall-backup check
  [[ $output == *'has a session token: it expires'* ]]
}

@test "asks on a terminal which profile is this host's, and says what to do where none is named" {
  printf '[admin]\naws_access_key_id = AKIAADMIN\naws_secret_access_key = Adm1n\n[web]\n%s\n' "${the_credentials#*]?}" >"$aws"
  ask() { run script -qec "$(printf '%q ' rollcall-backup-setup "${first[@]}")" /dev/null; }
  ask <<<web
  expect 0 'Which profile is of web? admin web: '
  same "$(cat "$etc/credentials")" "$the_credentials"
  rm "$etc/credentials"
  ask <<<''
  expect 3 'the credentials have several profiles: admin web' '--profile NAME'
  ask <<<nobody
  expect 3 "there is no profile 'nobody' in it; there are: admin, web"
  [ ! -e "$etc/credentials" ]
}

@test "refuses a profile that gets its key from elsewhere, with what to do next" {
  own='aws_access_key_id = AKIAWEB\naws_secret_access_key = S3cr3t/Of+Web=\n'
  role='role_arn = arn:aws:iam::123456789012:role/x\nsource_profile = base\n'
  while IFS='|' read -r by values; do
    give --profile web < <(printf '%b' "[base]\n$own[web]\n${values//@/$own}")
    expect 3 "the profile 'web' gets its key by $by, so there is none to keep" 'rollcall add-host web' || {
      echo "values: $values"
      return 1
    }
    [ ! -e "$etc/credentials" ]
  done <<END
role_arn and source_profile|$role
role_arn and source_profile|@$role
role_arn and credential_source|role_arn = x\ncredential_source = Environment\n
role_arn and web_identity_token_file|role_arn = x\nweb_identity_token_file = /run/token\n
sso_account_id and sso_role_name and sso_session|sso_session = my\nsso_account_id = 1\nsso_role_name = r\n
sso_account_id and sso_role_name and sso_start_url|@sso_start_url = x\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = r\n
credential_process|credential_process = /usr/local/bin/key-of web\n
source_profile|source_profile = base\n
END
  # what the SDK would take where none is named
  give < <(printf "[default]\n$role[base]\n$own")
  expect 3 "the profile 'default' gets its key by role_arn and source_profile"
  give < <(printf "[profile web]\n$role[sso-session my]\nsso_start_url = x\n")
  expect 3 "the profile 'web' gets its key by role_arn and source_profile"
  [ ! -e "$etc/credentials" ]
  # a key goes before a program, and others may get theirs as they like
  give --profile web < <(printf "[default]\n$role[web]\n${own}credential_process = /bin/false\n")
  expect 0
  same "$(cat "$etc/credentials")" "$the_credentials"
  rm "$etc/credentials"
  give < <(printf "[default]\n$own[deploy]\n$role")
  expect 0
  same "$(cat "$etc/credentials")" "$the_credentials"
}

@test "a key that can do more than append is not kept, unless that is accepted" {
  does limits 'echo allowed=s3:GetBucketPolicy; echo allowed=s3:ListBucketVersions'
  run rollcall-backup-setup "${first[@]}"
  expect 3 'this key can do more than a host'"'"'s: s3:GetBucketPolicy s3:ListBucketVersions; it is not kept' '--accept-strong-key'
  [ ! -e "$etc/credentials" ]
  run rollcall-backup-setup "${first[@]}" --accept-strong-key
  expect 0
  grep -qx STRONG_KEY=accepted "$etc/config"
  run rollcall-backup check
  [[ $output == *'can do more than append (s3:GetBucketPolicy s3:ListBucketVersions), which'* ]]
  sed -i /STRONG_KEY/d "$etc/config"
  run rollcall-backup check
  [[ $output == *'warning  the key can do more than append'* ]]
  # the key that worked is back when the new one is refused
  run rollcall-backup-setup --credentials - <<<$'AKIAADMIN\nAdm1n'
  expect 3 'it is not kept'
  same "$(cat "$etc/credentials")" "$the_credentials"
}

@test "refuses credentials without a secret, and does not repeat them" {
  give <<<'AWS_ACCESS_KEY_ID=AKIAWEB'
  expect 3 'no secret in what was given'
  give < <(printf 'AKIAWEB\nhal lo S3cr3t\n')
  expect 3 'no secret in what was given, or it has blanks'
  [[ $output != *S3cr3t* ]]
}

@test "does not take the root of a bucket for its own prefix" {
  for nothing in '' /; do
    run rollcall-backup-setup "${first[@]}" --prefix "$nothing"
    expect 2 'a prefix is needed'
  done
}

@test "has no option that takes a secret" {
  run rollcall-backup-setup "${first[@]}" --secret-access-key S3cr3t
  expect 2 'unknown option --secret-access-key'
  [[ $output != *S3cr3t* ]]
}

@test "tells every wrong value at once and writes nothing" {
  run rollcall-backup-setup --id 'we b' --bucket UPPER --region 'x y' --public-key "$key/pub.gpg" --fingerprint 12 --credentials "$aws" --hour 25
  expect 3 'HOST must' 'BUCKET must' 'REGION must' 'FINGERPRINT must' 'HOUR must' '5 value(s) cannot be right; nothing was written'
  same "$(ls "$etc")" config
}

@test "says when S3 refuses, after it has written all" {
  does look 'printf "reason=AccessDenied\nerror=S3 says AccessDenied\ndo=look at the group\n" >&2; exit 7'
  run rollcall-backup-setup "${first[@]}"
  expect 7 'everything is written, but S3 says AccessDenied' 'hint: look at the group'
  [ -e "$etc/credentials" ]
}

@test "waits until a new key is known" {
  does look 'n=$(cat "$here/n" 2>/dev/null || echo 0); echo $((n + 1)) >"$here/n"; [ "$n" -ge 2 ] && echo skew=0 && exit 0
printf "reason=InvalidAccessKeyId\nerror=unknown\ndo=wait\n" >&2; exit 7'
  stub sleep <<<'#!/bin/sh'
  run rollcall-backup-setup "${first[@]}" --wait 20
  expect 0 'can be listed'
  same "$(cat "$stubs/n")" 3
}

@test "does not write through a symbolic link" {
  ln -s "$BATS_TEST_TMPDIR/elsewhere" "$etc/credentials.new"
  echo precious >"$BATS_TEST_TMPDIR/elsewhere"
  ln -s "$BATS_TEST_TMPDIR/elsewhere" "$etc/credentials"
  run rollcall-backup-setup "${first[@]}"
  expect 1 'is a symbolic link'
  same "$(cat "$BATS_TEST_TMPDIR/elsewhere")" precious
}

@test "leaves nothing in TMPDIR, also when ended" {
  export TMPDIR=$BATS_TEST_TMPDIR/tmp
  mkdir -p "$TMPDIR"
  run rollcall-backup-setup "${first[@]}"
  expect 0
  does look 'sleep 60 & echo $! >"$here/pid"; wait'
  begun rollcall-backup-setup "${first[@]}"
  wait_for test -s "$stubs/pid"
  kill "$runner"
  ends 143
  same "$(ls -A "$TMPDIR")" ''
}
