#!/usr/bin/env bats
# docs/restore.md is read in a crisis: every command in it is run here, in the order of need.

load restore-world

setup_file() {
  world
  mkdir -p "$WORLD/tree/etc/nginx"
  head -c 1500000 /dev/urandom >"$WORLD/tree/data"
  for days in 4 0; do
    echo "as of $days days ago" >"$WORLD/tree/etc/nginx/nginx.conf"
    backup $((NOW - days * 86400 - 3600)) "$WORLD/tree"
  done
  SET=$(set_time $((NOW - 4 * 86400 - 3600)))
  export SET repository AWS_ENDPOINT_URL_S3=$ENDPOINT
  cat >"$WORLD/sudo" <<'SH'
#!/bin/bash
if [[ $1 == -iu ]]; then
  user=$2
  shift 2
  cd "/home/$user" && exec runuser -u "$user" -- env -i HOME="/home/$user" USER="$user" PATH="$PATH" "$@"
fi
exec "$@"
SH
  # the packages are there already
  printf '#!/bin/sh\necho "apt-get $*"\n' >"$WORLD/apt-get"
  cat >"$WORLD/begin" <<'SH'
install -m 755 "$WORLD/sudo" "$WORLD/apt-get" /usr/local/bin/
ln -s "$repository/scripts" scripts
mkdir newdisk
run_block() {
  local line
  while IFS= read -r line; do
    [[ -n $line && $line != '#'* ]] || continue
    line=${line//20261120T021402Z/$SET}
    echo "\$ $line"
    bash -euo pipefail -c "$line" <<<"$PASS" || { echo "FAILED ($?): $line"; exit 1; }
  done <"$1"
}
SH
}

# blocks: writes each shell block of the page to a file named by its number
blocks() {
  awk '/^```sh$/ { n++; on = 1; next } /^```$/ { on = 0 } on { print > "block-" n }' "$repository/docs/restore.md"
  ls block-*
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  blocks >names
}

@test "every command on the page works as written" {
  can_sandbox || skip "needs root and a mount namespace"
  first=$(grep -l 'restore-add-host web' block-* | grep -v "$(grep -l front-desk block-*)")
  desk=$(grep -l front-desk block-*)
  [ "$(wc -l <names)" -ge 7 ]
  {
    cat "$WORLD/begin"
    echo "cp $PWD/block-* ."
    echo "run_block $first"
    while read -r block; do
      [ "$block" = "$first" ] || [ "$block" = "$desk" ] || printf 'set-passphrase web <<<"$PASS"\nrun_block %s\n' "$block"
    done <names
    cat <<'SH'
grep -qx 'as of 0 days ago' nginx.conf
grep -qx 'as of 4 days ago' nginx.conf.old
grep -qx 'as of 0 days ago' nginx/nginx.conf
grep -qx 'as of 4 days ago' nginx-before/nginx.conf
cmp "$WORLD/tree/data" web/data
cmp "$WORLD/tree/data" newdisk/data
cmp "$WORLD/tree/data" web-plain/data
remove-passphrase --all
SH
  } >script
  run sandbox script
  echo "$output"
  expect 0 "apt-get install -y" "restore-drill: note:"
}

@test "the front desk works as written" {
  can_sandbox || skip "needs root and a mount namespace"
  {
    cat "$WORLD/begin"
    echo "cp $PWD/block-* ."
    echo './scripts/restore/install --no-timer >/dev/null'
    echo "run_block $(grep -l front-desk block-*)"
    echo "grep -qx 'as of 4 days ago' /home/web/nginx.conf"
    echo 'remove-passphrase --all'
  } >script
  run sandbox script
  echo "$output"
  expect 0 "Finished state OK" "web: closed"
}

@test "what the page says the commands say, they say" {
  sed -n '/^| `/p' "$repository/docs/restore.md" | cut -d'|' -f2 | grep -o '`[^`]*`' | tr -d '`' | while read -r words; do
    words=${words//web/*}
    words=${words//s3:*/*}
    words=${words//.../*}
    words=${words//s3:*/*}
    grep -rqE -- "$(sed 's/\*/.*/g' <<<"$words")" "$kit" || {
      echo "nowhere said: $words"
      exit 1
    }
  done
}

@test "the page is one page" {
  [ "$(wc -l <"$repository/docs/restore.md")" -le 150 ]
}
