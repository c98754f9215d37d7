#!/usr/bin/env bats
# rollcall-keygen with the real gpg: what it exports opens, and nothing else of the secret is left.

load host-stage

setup() {
  export LC_ALL=C HOME=$BATS_TEST_TMPDIR/home
  unset GNUPGHOME
  mkdir -p "$HOME"
  keygen=$scripts/keys/rollcall-keygen
  out=$BATS_TEST_TMPDIR/keys
  memory=''
}

teardown() {
  [ -z "$memory" ] || rm -rf "$memory"
}

# in_memory: a directory below /dev/shm of this test alone
in_memory() {
  [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] || skip 'no /dev/shm'
  memory=$(mktemp -d /dev/shm/rollcall-test.XXXXXX)
}

scratch_of_keygen() { find /dev/shm "${TMPDIR:-/tmp}" -maxdepth 1 -name 'rckeygen.*' 2>/dev/null | sort; }

# opens KEY PASSPHRASE-FILE PUBLIC: in a keyring of its own
opens() {
  local home
  home=$(mktemp -d "$BATS_TEST_TMPDIR/gXXXX")
  local gpg=(gpg --homedir "$home" --batch --quiet --no-tty)
  "${gpg[@]}" --import "$1" 2>/dev/null
  echo probe | "${gpg[@]}" --trust-model always --encrypt --recipient-file "$3" >"$home/probe"
  "${gpg[@]}" --pinentry-mode loopback --passphrase-file "$2" --decrypt "$home/probe" 2>/dev/null
  local ended=$?
  gpgconf --homedir "$home" --kill gpg-agent
  return "$ended"
}

@test "writes four files for the owner alone, and tells what hosts.yml and the host need" {
  before=$(scratch_of_keygen)
  run "$keygen" web --algo cv25519 --out "$out"
  expect 0 'fingerprint  ' 'web: { recipients: [' 'rollcall-backup-setup --id web --public-key web.pub.gpg --fingerprint ' 'a wrong and an empty passphrase were refused'
  same "$(cd "$out" && stat -c '%a %n' . web* | sort -k 2)" '700 .
600 web.key
600 web.passphrase
600 web.pub.asc
600 web.pub.gpg'
  same "$(ls -A "$out" | wc -l)" 4
  same "$(scratch_of_keygen)" "$before"
  [ ! -e "$HOME/.gnupg" ]
}

@test "what it exported opens with its passphrase, and with no other" {
  run "$keygen" web --algo cv25519 --out "$out"
  expect 0
  same "$(opens "$out/web.key" "$out/web.passphrase" "$out/web.pub.gpg")" probe
  echo wrong >"$BATS_TEST_TMPDIR/wrong"
  not opens "$out/web.key" "$BATS_TEST_TMPDIR/wrong" "$out/web.pub.asc"
}

@test "shows the fingerprint of the primary key and the id of the subkey" {
  run "$keygen" web --algo cv25519 --out "$out"
  colons=$(gpg --homedir "$(mktemp -d "$BATS_TEST_TMPDIR/gXXXX")" --batch --quiet --with-colons --show-keys "$out/web.pub.gpg" 2>/dev/null)
  expect 0 "fingerprint  $(awk -F: '$1 == "fpr" { print $10; exit }' <<<"$colons")" "subkey       $(awk -F: '$1 == "sub" { print $5 }' <<<"$colons")"
  same "$(awk -F: '$1 == "pub" { print $12 }' <<<"$colons" | tr -d 'A-Z')" c
  same "$(awk -F: '$1 == "sub" { print $12 }' <<<"$colons")" e
  same "$(awk -F: '$1 == "pub" || $1 == "sub" { print $7 }' <<<"$colons" | tr -d '\n')" ''
}

@test "makes RSA of 3072 bits unless told" {
  run "$keygen" web --out "$out"
  expect 0
  gpg --homedir "$(mktemp -d "$BATS_TEST_TMPDIR/gXXXX")" --batch --quiet --with-colons --show-keys "$out/web.pub.gpg" 2>/dev/null |
    awk -F: '($1 == "pub" || $1 == "sub") && !($3 == 3072 && $4 == 1) { bad = 1 } END { exit bad }'
}

@test "the passphrase is 30 characters that cannot be mistaken, never the same" {
  run "$keygen" web --algo cv25519 --out "$out"
  run "$keygen" db --algo cv25519 --out "$out"
  for host in web db; do
    grep -qxE '([A-HJ-NP-Za-km-z2-9]{6}-){4}[A-HJ-NP-Za-km-z2-9]{6}' "$out/$host.passphrase"
  done
  not cmp -s "$out/web.passphrase" "$out/db.passphrase"
}

@test "never overwrites a key" {
  "$keygen" web --algo cv25519 --out "$out"
  before=$(sha256sum "$out"/*)
  run "$keygen" web --algo cv25519 --out "$out"
  expect 5 'exists, and a key is never overwritten'
  same "$(sha256sum "$out"/*)" "$before"
}

@test "no secret is ever an argument of a program" {
  mkdir "$BATS_TEST_TMPDIR/stubs"
  stubs=$BATS_TEST_TMPDIR/stubs
  for program in gpg gpgconf tr head sed grep cat; do
    stub "$program" <<STUB
#!/bin/sh
printf '%s\n' "\$0 \$*" >>"$BATS_TEST_TMPDIR/arguments"
exec $(command -v "$program") "\$@"
STUB
  done
  PATH=$stubs:$PATH run "$keygen" web --algo cv25519 --out "$out"
  expect 0
  grep -q passphrase-file "$BATS_TEST_TMPDIR/arguments"
  not grep -qF "$(cat "$out/web.passphrase")" "$BATS_TEST_TMPDIR/arguments"
  [[ $output != *"$(cat "$out/web.passphrase")"* ]]
}

@test "leaves nothing when gpg exports half a key" {
  before=$(scratch_of_keygen)
  stubs=$BATS_TEST_TMPDIR/stubs
  mkdir "$stubs"
  real=$(command -v gpg)
  stub gpg <<STUB
#!/bin/sh
case "\$*" in *--export-secret-keys*) "$real" "\$@" | /usr/bin/head -c 300; exit 0 ;; esac
exec "$real" "\$@"
STUB
  PATH=$stubs:$PATH run "$keygen" web --algo cv25519 --out "$out"
  expect 1 'was not exported whole'
  [ ! -e "$out" ]
  same "$(scratch_of_keygen)" "$before"
}

@test "refuses an export that opens without the passphrase" {
  stubs=$BATS_TEST_TMPDIR/stubs
  mkdir "$stubs"
  real=$(command -v gpg)
  # a gpg that protects nothing
  stub gpg <<STUB
#!/bin/sh
for argument in "\$@"; do
  shift
  [ "\${last:-}" != --passphrase-file ] || argument=$BATS_TEST_TMPDIR/empty
  set -- "\$@" "\$argument"
  last=\$argument
done
exec "$real" "\$@"
STUB
  echo >"$BATS_TEST_TMPDIR/empty"
  PATH=$stubs:$PATH run "$keygen" web --algo cv25519 --out "$out"
  expect 1 'opens with a wrong passphrase'
  [ ! -e "$out/web.key" ]
}

@test "leaves nothing when it is ended" {
  before=$(scratch_of_keygen)
  stubs=$BATS_TEST_TMPDIR/stubs
  mkdir "$stubs"
  stub gpg <<STUB
#!/bin/sh
touch "$BATS_TEST_TMPDIR/began"
exec /bin/sleep 5
STUB
  begun env PATH="$stubs:$PATH" "$keygen" web --algo cv25519 --out "$out"
  wait_for test -e "$BATS_TEST_TMPDIR/began"
  kill "$runner"
  ends 143
  [ ! -e "$out" ]
  same "$(scratch_of_keygen)" "$before"
}

@test "on the host: waits for the name, then the secret is gone and the public key stays" {
  in_memory
  run "$keygen" web --algo cv25519 --on-host --out "$memory/key" <<<web
  expect 0 'scp -rp root@' 'is gone from this host'
  same "$(ls -A "$memory/key" | sort | tr '\n' ' ')" 'web.pub.asc web.pub.gpg '
}

@test "on the host: without an answer it says that the secret is still there, and --forget removes it" {
  in_memory
  run "$keygen" web --algo cv25519 --on-host --out "$memory/key" </dev/null
  expect 4 'is still on this host' "--on-host --out $memory/key --forget"
  [ -e "$memory/key/web.key" ]
  run "$keygen" web --on-host --out "$memory/key" --forget
  expect 0 'is gone from this host'
  [ ! -e "$memory/key/web.key" ]
  [ ! -e "$memory/key/web.passphrase" ]
}

@test "on the host: finds a copy that somebody made meanwhile" {
  in_memory
  run "$keygen" web --algo cv25519 --on-host --out "$memory/key" </dev/null
  cp "$memory/key/web.key" "$memory/copy"
  run "$keygen" web --on-host --out "$memory/key" --forget
  expect 4 "the secret is still on this host: $memory/copy"
}

@test "on the host: finds the key in the administrator's own keyring" {
  in_memory
  mkdir -m 700 "$HOME/.gnupg"
  run "$keygen" web --algo cv25519 --on-host --out "$memory/key" </dev/null
  gpg --batch --quiet --pinentry-mode loopback --passphrase-file "$memory/key/web.passphrase" --import "$memory/key/web.key" 2>/dev/null
  # opened once, so that the agent knows the passphrase
  echo x | gpg --batch --quiet --trust-model always --encrypt --recipient 'backup of web' | gpg --batch --quiet --pinentry-mode loopback --passphrase-file "$memory/key/web.passphrase" --decrypt >/dev/null 2>&1
  run "$keygen" web --on-host --out "$memory/key" --forget
  gpgconf --kill gpg-agent
  expect 4 'your own keyring'
}

@test "on the host: nothing is written outside memory" {
  run "$keygen" web --on-host --out "$out"
  expect 2 'must be below /dev/shm'
  [ ! -e "$out" ]
}

# a_repository: an empty git work tree, with nothing of the caller's git in it
a_repository() {
  export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
  tree=$BATS_TEST_TMPDIR/tree
  git init -q "$tree"
}

@test "writes no secret into a git work tree that would track it" {
  a_repository
  mkdir "$tree/there"
  ln -s "$tree/there" "$BATS_TEST_TMPDIR/link"
  for out in "$tree/web-key" "$tree/there" "$tree/not/there/yet" "$tree" "$BATS_TEST_TMPDIR/link/key" "$BATS_TEST_TMPDIR/link"; do
    run "$keygen" web --algo cv25519 --out "$out"
    expect 2 "git would track $out/web.key" "hint:" "*.key"
  done
  cd "$tree"
  run "$keygen" web --algo cv25519 --out web-key
  expect 2 'git would track'
  # half of it ignored is not enough
  echo '*.key' >.gitignore
  run "$keygen" web --algo cv25519 --out web-key
  expect 2 'web.passphrase'
  # git is asked for this folder, whatever the caller's git is about
  GIT_DIR=/nowhere run "$keygen" web --algo cv25519 --out web-key
  expect 2 'web.passphrase'
  same "$(find "$tree" -path "$tree/.git" -prune -o -type f -print)" "$tree/.gitignore"
}

@test "writes into a work tree that ignores the secrets, as this project's does" {
  a_repository
  cp "$scripts/../.gitignore" "$tree"
  run "$keygen" web --algo cv25519 --out "$tree/web-key"
  expect 0
  same "$(git -C "$tree" status --porcelain --untracked-files=all)" '?? .gitignore'
}

@test "refuses where git cannot say whether it would track a secret" {
  a_repository
  echo '[broken' >>"$tree/.git/config"
  run "$keygen" web --algo cv25519 --out "$tree/web-key"
  expect 2 'git cannot say whether it would track' 'bad config'
  [ ! -e "$tree/web-key" ]
}

@test "a directory that was there keeps its mode, and stays when no key could be made" {
  mkdir -m 755 "$out"
  stubs=$BATS_TEST_TMPDIR/stubs
  mkdir "$stubs"
  stub gpg <<'STUB'
#!/bin/sh
exit 2
STUB
  PATH=$stubs:$PATH run "$keygen" web --algo cv25519 --out "$out"
  expect 1
  same "$(stat -c %a "$out")" 755
  same "$(ls -A "$out")" ''
}

@test "says what is wrong with the command line" {
  run "$keygen" --out "$out"
  expect 2 "give the host's name"
  run "$keygen" web
  expect 2 '--out DIR'
  run "$keygen" web --algo dsa --out "$out"
  expect 2 'rsa3072, rsa4096 or cv25519'
  run "$keygen" web db --out "$out"
  expect 2 'one host'
  run "$keygen" 'we b' --out "$out"
  expect 2
}
