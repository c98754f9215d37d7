#!/usr/bin/env bats
# restore: what it asks of duplicity, and what it does when something is wrong.

load restore-stubs
bats_require_minimum_version 1.5.0

@test "every command explains itself, worked examples first, and names every exit status" {
  for command in "$kit"/bin/* "$kit/install"; do
    run "$command" --help
    expect 0 "${command##*/} - " "Exit status"
    [[ ${lines[1]} == "  "* ]]
    [[ $output != *shellcheck* ]]
    (($(wc -l <<<"$output") <= 50)) # a page
  done
}

@test "duplicity before 2.0 gets the old names of its options" {
  a_set 20261120T021402Z
  for version in 0.8.17 0.8.22 1.2.2; do
    duplicity_is "$version"
    run restore web --from sets fetch etc/passwd "out-$version" --no-owner
    expect 0
    asked --file-to-restore=etc/passwd
    asked --do-not-restore-ownership
    not grep -q 'path-to-restore\|no-restore-ownership$' <(grep -v do-not "$STAGE/asked")
  done
}

@test "duplicity from 2.0 on gets the new names" {
  a_set 20261120T021402Z
  for version in 2.0.0 2.1.4 "3.0.6.3 December 05, 2025"; do
    duplicity_is "$version"
    rm -rf out
    run restore web --from sets fetch etc/passwd out --no-owner
    expect 0
    asked --path-to-restore=etc/passwd
    asked --no-restore-ownership
    not grep -q 'file-to-restore\|do-not-restore' "$STAGE/asked"
  done
}

@test "gpg's options are one word with =, and gpg may never ask" {
  a_set 20261120T021402Z
  run restore web --from sets fetch etc out
  expect 0
  asked --gpg-options=--pinentry-mode=error
  asked --use-agent
}

@test "a duplicity that cannot speak to S3 is refused" {
  a_set 20261120T021402Z
  duplicity_is 0.7.19
  run restore web --from sets fetch etc out
  expect 8 "too old" "hint:"
}

@test "a duplicity that ends well without writing anything has failed" {
  a_set 20261120T021402Z
  duplicity_does 'echo "something about the parent directory"; exit 0'
  run restore web --from sets fetch etc/passwd out
  expect 1 "error:" "hint:"
  nothing_left
}

@test "nothing that exists is overwritten" {
  a_set 20261120T021402Z
  echo precious >file
  mkdir directory
  ln -s nowhere link
  mkdir half.partial
  for out in file directory directory/ link half; do
    run restore web --from sets fetch etc "$out"
    expect 5 "hint:"
  done
  [ "$(cat file)" = precious ]
  [ ! -e "$STAGE/asked" ]
}

@test "a parent that does not exist is named, with the command that makes it" {
  a_set 20261120T021402Z
  run restore web --from sets fetch etc "no such/out"
  expect 5 "no such does not exist" 'mkdir -p'
  [ ! -e "$STAGE/asked" ]
}

@test "an age older than all backups restores nothing, and says what there is" {
  a_set 20261120T021402Z
  run restore web --from sets fetch etc out 2026-11-19
  expect 3 "no backup of web is that old" "20261120T021402Z"
  [ ! -e "$STAGE/asked" ]
  nothing_left
}

@test "a day means the last backup of that day" {
  a_set 20261119T021402Z
  a_set 20261120T021402Z
  a_set 20261121T021402Z
  run restore web --from sets fetch etc out 2026-11-20
  expect 0 "from the set 20261120T021402Z"
  asked "--time=$(date -ud '2026-11-20 02:14:02' +%s)"
}

@test "an age that nobody can read is refused with examples" {
  a_set 20261120T021402Z
  for age in yesterday 3d 2026-13-01 20261120T99999Z -3D; do
    run restore web --from sets list -- "$age"
    expect 2 "hint:" "3D"
  done
}

@test "a run that never finished is passed over, and that is said" {
  a_set 20261120T021402Z
  echo x >sets/duplicity-full.20261121T021402Z.vol1.difftar.gpg
  run restore web --from sets fetch etc out
  expect 0 "from the set 20261120T021402Z" "passed over 20261121T021402Z"
}

@test "a set with a hole is not begun, and the newest whole one is named" {
  a_set 20261120T021402Z
  a_set 20261121T021402Z 4
  rm sets/duplicity-full.20261121T021402Z.vol3.difftar.gpg
  run restore web --from sets fetch etc out
  expect 6 "volume 3 is missing" "20261120T021402Z"
  [ ! -e "$STAGE/asked" ]
}

@test "objects that crash duplicity are found before duplicity starts" {
  for poison in vol0.difftar.gpg vol01.difftar.gpg vol1.difftar.gz manifest.gpg.bak; do
    rm -rf sets
    a_set 20261120T021402Z
    echo x >"sets/duplicity-full.20261120T021402Z.$poison"
    run restore web --from sets fetch etc out
    expect 6 "$poison" "restore-set web"
    [ ! -e "$STAGE/asked" ]
  done
}

@test "a locked key without a terminal: says set-passphrase, and waits for nobody" {
  a_set 20261120T021402Z
  rm "$STAGE/key-is-open"
  run timeout 20 restore web --from sets fetch etc out </dev/zero
  expect 4 "the key of web is locked" "set-passphrase web"
  nothing_left
}

@test "an agent that does not answer is not called another key" {
  a_set 20261120T021402Z
  echo x >sets/duplicity-full-signatures.20261120T021402Z.sigtar.gpg
  stand_in gpg <<'STUB'
#!/bin/sh
case "$*" in *probe*) exit 0 ;; esac
cat >/dev/null
echo "gpg: can't connect to the agent: General error" >&2
echo 'gpg: decryption failed: No secret key' >&2
exit 2
STUB
  run restore web --from sets list
  expect 1 "gpg-agent, which holds the key of web, cannot be reached" "try again"
  [[ $output != *'is not encrypted to'* ]]
}

@test "what duplicity's statuses mean" {
  a_set 20261120T021402Z
  while read -r theirs ours words; do
    duplicity_does "echo 'ERROR from duplicity'; exit $theirs"
    run restore web --from sets fetch etc/passwd out
    expect "$ours" "$words" "hint:"
    nothing_left
  done <<'TABLE'
19 3 is not in this backup
21 6 does not match its checksum
35 1 TMPDIR
50 7 network
31 6 older key
30 1 without duplicity
TABLE
  duplicity_does 'echo "KeyError: 1"; exit 30'
  run restore web --from sets fetch etc/passwd out
  expect 6 "--keep-going"
}

@test "a key that closes in mid-restore is told from a wrong key" {
  a_set 20261120T021402Z
  duplicity_does 'rm "$STAGE/key-is-open"; exit 31'
  run restore web --from sets all out
  expect 4 "closed while it was in use" "--ttl"
}

@test "interrupted: duplicity ends, and nothing is left" {
  a_set 20261120T021402Z
  duplicity_does 'mkdir "$out"; echo half >"$out/file"; echo $$ >"$STAGE/pid"; exec sleep 30'
  for words in "fetch etc" all; do
    rm -f "$STAGE/pid"
    # shellcheck disable=SC2086
    begun restore web --from sets $words out
    wait_for test -s "$STAGE/pid"
    kill -TERM "$runner"
    ends 143
    not kill -0 "$(cat "$STAGE/pid")" 2>/dev/null
    [ ! -e out ]
    [ -z "$(ls -A "$TMPDIR")" ]
    [ ! -e out.partial ]
    grep -q 'interrupted' "$BATS_TEST_TMPDIR/said"
  done
}

@test "two restores to one OUT: the second is refused, and the first one's data stays" {
  a_set 20261120T021402Z
  duplicity_does 'mkdir "$out"; echo first >"$out/file"; touch "$STAGE/at-work"; until [ -e "$STAGE/go" ]; do sleep 0.05; done'
  restore web --from sets all out >first 2>&1 3>&- &
  until [ -e "$STAGE/at-work" ]; do sleep 0.05; done
  for words in "all out" "fetch etc out" "all out 20261120T021402Z --keep-going"; do
    # shellcheck disable=SC2086
    run restore web --from sets $words
    expect 5 "another restore to $PWD/out is running" "hint: wait for it"
  done
  run restore-plain sets 20261120T021402Z out
  expect 5 "out.partial is there"
  touch "$STAGE/go"
  wait $!
  [ "$(cat out/file)" = first ]
  [ ! -e out.partial ]
}

@test "one that has made OUT.partial a moment ago is not taken for a dead one, and keeps its lock" {
  a_set 20261120T021402Z
  duplicity_does "mkdir \"\$out\"; echo first >\"\$out/file\"; touch $STAGE/at-work; until [ -e $STAGE/go ]; do sleep 0.1; done"
  # slow between its two steps
  printf '#!/bin/sh\n[ "$*" != "-n 8" ] || { touch %s/between; sleep 1; }\nexec /usr/bin/flock "$@"\n' "$STAGE" | stand_in flock
  restore web --from sets all out >first 2>&1 3>&- &
  until [ -e "$STAGE/between" ]; do sleep 0.05; done
  for when in between at-work; do
    until [ -e "$STAGE/$when" ]; do sleep 0.05; done
    run restore web --from sets all out
    expect 5 "another restore to $PWD/out is running" "hint: wait for it"
  done
  touch "$STAGE/go"
  wait $!
  [ "$(cat out/file)" = first ]
}

@test "one that ended a moment ago is said as that, and nothing is left of the second" {
  a_set 20261120T021402Z
  # OUT comes after it was looked for, before OUT.partial is made, or when that of the first is being moved
  for command in 'restore web --from sets all out' 'restore-plain sets 20261120T021402Z out'; do
    for made in 'exec /bin/mkdir "$@"' 'case $* in *.partial) exit 1 ;; esac; exec /bin/mkdir "$@"'; do
      rm -rf out
      printf '#!/bin/bash\ncase $* in *.partial) touch %q/out ;; esac\n%s\n' "$PWD" "$made" | stand_in mkdir
      # shellcheck disable=SC2086
      run $command
      expect 5 "out exists, and nothing is ever overwritten"
      [ ! -e out.partial ]
    done
  done
}

@test "what a restore that was killed left behind is not touched, and the hint removes it" {
  a_set 20261120T021402Z
  duplicity_does 'mkdir "$out"; echo half >"$out/file"; kill -KILL $PPID; exit 1'
  restore web --from sets all out >/dev/null 2>&1 3>&- || true
  duplicity_does 'mkdir "$out"; echo whole >"$out/file"'
  run restore web --from sets all out
  expect 5 "out.partial is there from an earlier try" "rm -r $PWD/out.partial"
  [ "$(cat out.partial/out/file)" = half ]
  eval "$(sed -n 's/.*(\(rm -r .*\)).*/\1/p' <<<"$output")"
  run restore web --from sets all out
  [ "$(cat out/file)" = whole ]
}

@test "a name for OUT that has no room for .partial is refused in words" {
  a_set 20261120T021402Z
  run restore web --from sets fetch etc "$(printf 'n%.0s' {1..250})"
  expect 5 "File name too long" "choose a shorter name"
  nothing_left
}

@test "an OUT that appears meanwhile is not touched" {
  a_set 20261120T021402Z
  duplicity_does 'echo mine >"${out%.partial/out}"; echo theirs >"$out"'
  for old in yes no; do
    # 9.2 to 9.4 of coreutils call it a failure, and are silent
    [ "$old" = yes ] || printf '#!/bin/sh\n/bin/mv "$@"\nexit 1\n' | stand_in mv
    run restore web --from sets fetch etc/passwd out
    expect 5 "appeared meanwhile" "out.partial/out"
    [ "$(cat out)" = mine ]
    [ "$(cat out.partial/out)" = theirs ]
    rm -r out out.partial
  done
}

@test "what was started in the background clears nothing up where a signal meets it before it has begun" {
  # a child that ends at once, so that what watches it is ended as soon as it is forked
  run bash -euo pipefail -c '. "$1/lib/rollcall-restore/say.bash" && scratch && mkdir out.partial && claimed=out.partial
    watch=watches && watches() { sleep 9; }
    for _ in {1..40}; do run true && [ -d "$run_dir" ] && [ -d out.partial ] || exit 9; done
    echo "both stay"' bash "$kit"
  expect 0 "both stay"
  nothing_left
}

@test "a path may begin with / or end with it, but not climb" {
  a_set 20261120T021402Z
  run restore web --from sets fetch /etc/nginx/ out
  expect 0
  asked --file-to-restore=etc/nginx
  for path in .. ../etc etc/../../x /; do
    run restore web --from sets fetch "$path" out2
    expect 2 "hint:"
  done
}

@test "a name that begins with - goes after --" {
  a_set 20261120T021402Z
  run restore web --from sets fetch -odd out
  expect 2 "after --"
  run restore web --from sets fetch -- -odd out
  expect 0
  asked --file-to-restore=-odd
}

@test "control characters of a name never reach the terminal" {
  a_set 20261120T021402Z
  duplicity_does $'printf "bad \\033[31m name\\n"; exit 19'
  run restore web --from sets fetch $'etc/\e]0;owned\a\nname' out
  expect 3
  [[ $output != *$'\e'* && $output != *$'\a'* ]]
  duplicity_does $'printf "bad \\033[31m name\\n"; exit 1'
  run restore web --from sets fetch etc out
  [[ $output != *$'\e'* ]]
}

@test "a profile is read, never run" {
  a_set 20261120T021402Z
  # shellcheck disable=SC2016
  printf 'bucket=$(touch %s/owned)\nregion=`touch %s/owned`\nfingerprint=7\n' "$PWD" "$PWD" >"$profile/profile"
  run restore web --from sets fetch etc out
  expect 0
  [ ! -e owned ]
}

@test "credentials that others can read are not used" {
  a_set 20261120T021402Z
  echo secret >"$profile/credentials"
  chmod 644 "$profile/credentials"
  run restore web --from sets fetch etc out
  expect 1 "can be read by others" "chmod 600"
}

@test "an unknown host: the known ones are named" {
  run restore wbe status
  expect 3 "no profile of a host wbe" "known hosts: web" "restore-add-host wbe"
}

@test "a wrong command line says what is right, and does nothing" {
  while read -r words; do
    # shellcheck disable=SC2086
    run restore $words
    expect 2 "error:" "hint:"
  done <<'TABLE'

web
web everything
web fetch etc
web fetch etc out 3D more
web all
web status now then
web list --numeric-owner
web fetch etc out --force
../web status
web --from
TABLE
}

@test "empty passphrases in the environment do not reach anybody" {
  a_set 20261120T021402Z
  duplicity_does 'env >"$STAGE/environment"; echo x >"$out"'
  PASSPHRASE=geheim run restore web --from sets fetch etc/passwd out
  expect 0
  not grep -q geheim "$STAGE/environment"
  grep -qx 'PASSPHRASE=' "$STAGE/environment"
}

@test "a service that is not Amazon's is asked for the checksums that it must have, and for no others" {
  a_set 20261120T021402Z
  duplicity_does 'env >"$STAGE/environment"; echo x >"$out"'
  run restore web --from sets fetch etc/passwd out1
  expect 0
  not grep -q when_required "$STAGE/environment"
  run restore web --from sets --endpoint-url https://s3.example fetch etc/passwd out2
  expect 0
  grep -qx AWS_REQUEST_CHECKSUM_CALCULATION=when_required "$STAGE/environment"
  echo endpoint=https://s3.example >>"$profile/profile"
  run restore web --from sets fetch etc/passwd out3
  expect 0
  grep -qx AWS_RESPONSE_CHECKSUM_VALIDATION=when_required "$STAGE/environment"
}
