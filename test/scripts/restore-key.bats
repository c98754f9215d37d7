#!/usr/bin/env bats
# set-passphrase and remove-passphrase, with gpg played by a stand-in.

load restore-stubs

@test "a wrong passphrase: status 4, and the key id to look for" {
  run set-passphrase web <<<"wrong"
  expect 4 "not the passphrase of the key of web" "0000000000000007"
  [ ! -e "$STAGE/key-is-open" ]
}

@test "no passphrase at all says how to give one" {
  run set-passphrase web </dev/null
  expect 4 "no passphrase was given" "hint:"
}

@test "the right one opens the key, and says for how long" {
  run set-passphrase web --ttl 90m <<<"right"
  expect 0 "open" "90m"
  grep -qx 'default-cache-ttl 5400' "$profile/gnupg/gpg-agent.conf"
  grep -qx 'max-cache-ttl 86400' "$profile/gnupg/gpg-agent.conf"
}

@test "a longer time than a day is kept, and other lines of gpg-agent.conf too" {
  echo 'pinentry-program /usr/bin/pinentry-curses' >"$profile/gnupg/gpg-agent.conf"
  run set-passphrase web --ttl 3d <<<"right"
  expect 0
  run set-passphrase web --ttl 2d <<<"right"
  expect 0
  [ "$(sort "$profile/gnupg/gpg-agent.conf")" = $'default-cache-ttl 172800\nmax-cache-ttl 172800\npinentry-program /usr/bin/pinentry-curses' ]
}

@test "the timer of systemd, which has no HOME, closes the keys of who it runs as" {
  stand_in getent <<STUB
#!/bin/sh
[ "\$*" != "passwd \$(id -u)" ] || echo "someone:x:\$(id -u):0::$HOME:/bin/bash"
STUB
  run env -u HOME remove-passphrase --all --unless-busy
  expect 0 "web: closed"
  [ ! -e "$STAGE/key-is-open" ]
}

@test "times that make no sense are refused" {
  for time in 0 0h -1h 1x "" 1.5h; do
    run set-passphrase web --ttl "$time" <<<"right"
    expect 2 "hint:"
  done
}

@test "the passphrase is in no file of the home" {
  run set-passphrase web <<<"right"
  expect 0
  not grep -rqx right "$HOME" "$TMPDIR"
}

@test "passphrases that somebody wrote into duply profiles of this host are taken out" {
  mkdir -p "$HOME/.duply/web" "$HOME/.duply/other"
  printf '%s\n' "TARGET='boto3+s3://acme/web'" "GPG_PW='geheim'" "  export PASSPHRASE=geheim" "# GPG_PW=x stays" "GPG_KEY='1'" >"$HOME/.duply/web/conf"
  printf '%s\n' "TARGET='s3://elsewhere/other'" "GPG_PW='mine'" >"$HOME/.duply/other/conf"
  chmod 640 "$HOME/.duply/web/conf"
  run remove-passphrase web
  expect 0 "took a passphrase out of $HOME/.duply/web/conf" "consider it known"
  [ "$(cat "$HOME/.duply/web/conf")" = "$(printf '%s\n' "TARGET='boto3+s3://acme/web'" "# GPG_PW=x stays" "GPG_KEY='1'")" ]
  [ "$(stat -c %a "$HOME/.duply/web/conf")" = 640 ]
  grep -q mine "$HOME/.duply/other/conf"
  run remove-passphrase web
  expect 0
  [[ $output != *"took a passphrase"* ]]
}

@test "a key that was kept stays when the next restore-add-host fails" {
  rm "$profile/profile"
  echo nonsense >not-a-key
  stand_in gpg <<'STUB'
#!/bin/sh
exit 0
STUB
  run restore-add-host web --bucket acme --region eu-west-1 --key not-a-key
  expect 2 "there is no secret key"
  [ -f "$profile/gnupg/rollcall-probe-0123456789ABCDEF.gpg" ]
  run restore-add-host new --bucket acme --region eu-west-1 --key not-a-key
  expect 2 "there is no secret key"
  [ ! -e "$HOME/.config/rollcall-restore/new" ]
}

@test "a duply profile of one's own is not removed with a host" {
  mkdir -p "$HOME/.duply/backup" "$HOME/.gnupg"
  printf 'gnupghome=%s\n' "$HOME/.gnupg" >>"$profile/profile"
  printf "TARGET='s3://elsewhere/other'\n" >"$HOME/.duply/backup/conf"
  run restore-remove-host web --keep-key
  expect 0
  [ -f "$HOME/.duply/backup/conf" ]
}

@test "the duply profile that restore-add-host made is removed, and a file of one's own in it is not" {
  mkdir -p "$HOME/.duply/backup" "$HOME/.gnupg"
  printf 'gnupghome=%s\n' "$HOME/.gnupg" >>"$profile/profile"
  printf '# Made by restore-add-host: status, list, fetch and restore of web. It makes no backups.\n' >"$HOME/.duply/backup/conf"
  touch "$HOME/.duply/backup/exclude"
  run restore-remove-host web --keep-key
  expect 0
  [ ! -e "$HOME/.duply/backup/conf" ]
  [ -f "$HOME/.duply/backup/exclude" ]
}

@test "a directory that another restore made first is not removed" {
  a_set 20261120T021402Z
  stand_in gpg <<'STUB'
#!/bin/sh
exit 0
STUB
  stand_in mkdir <<'STUB'
#!/bin/sh
for last; do :; done
case $last in
  *.partial) /bin/mkdir "$last" && echo theirs >"$last/file"; exit 1 ;;
esac
exec /bin/mkdir "$@"
STUB
  run restore-plain sets 20261120T021402Z out
  expect 5 "cannot make"
  [ "$(cat out.partial/file)" = theirs ]
  rm -r out.partial
  run restore-set web 20261120T021402Z out
  [ "$status" != 0 ]
  [ "$(cat out.partial/file)" = theirs ]
}

@test "a key that a restore is using stays open for the timer, not for a person" {
  exec 8<"$profile/profile"
  flock -s 8
  run remove-passphrase --all --unless-busy 8<&-
  expect 0 "its key stays open"
  [ -e "$STAGE/key-is-open" ]
  run remove-passphrase web 8<&-
  expect 0 "closed"
  [ ! -e "$STAGE/key-is-open" ]
}

@test "one bad profile does not spare the others" {
  mkdir -p "$HOME/.config/rollcall-restore/bad"
  echo nonsense >"$HOME/.config/rollcall-restore/bad/profile"
  run remove-passphrase
  expect 1 "web: closed" "bad"
  [ ! -e "$STAGE/key-is-open" ]
}
