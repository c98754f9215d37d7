#!/usr/bin/env bats
# What holds for every command of the host kit and of the keys: one shell, one style, one way to help.

load host-stage

setup() {
  commands=("$scripts/host/install" "$scripts/host/sbin/rollcall-backup" "$scripts/host/sbin/rollcall-backup-setup"
    "$scripts/host/lib/rollcall-backup/save-metadata" "$scripts/keys/rollcall-keygen")
}

@test "ShellCheck finds nothing" {
  command -v shellcheck >/dev/null || skip 'shellcheck is not installed'
  shellcheck "${commands[@]}" "$scripts"/host/lib/rollcall-backup/*.sh "$scripts"/host/lib/rollcall-backup/sending-gpg
}

@test "shfmt finds nothing" {
  command -v shfmt >/dev/null || skip 'shfmt is not installed'
  shfmt -i 2 -ci -d "${commands[@]}" "$scripts"/host/lib/rollcall-backup/*.sh "$scripts"/../test/scripts/host-*.bash
}

@test "every shell of the hosts can read it" {
  for shell in dash bash 'busybox sh' mksh; do
    command -v "${shell%% *}" >/dev/null || continue
    for file in "${commands[@]}" "$scripts"/host/lib/rollcall-backup/*.sh; do
      # shellcheck disable=SC2086
      $shell -n "$file"
    done
  done
}

@test "help is the header: examples first, one table of statuses" {
  for command in "${commands[@]}"; do
    run "$command" --help
    expect 0 "${command##*/} - " 'xit status'
    [ "${#lines[@]}" -ge 10 ]
    same "$(sed -n 's/^# //p' "$command" | sed -n 1p)" "${lines[0]}"
    # an example comes before any option
    [[ ${output#*$'\n\n'} == "  "* ]]
    same "$(grep -c 'xit status' <<<"$output")" 1
    (($(wc -l <<<"$output") <= 50)) # a page
    [ -z "$(grep ".\{121,\}" <<<"$output")" ]
  done
}

@test "the copied commands need no more than the kit's own files" {
  run grep -rnE '\b(local|declare|\[\[|pipefail|source|mapfile|read -[ads])\b' "$scripts/host/sbin" "$scripts/host/install" "$scripts/keys" --include='*'
  same "$(grep -v ':#\|^[^:]*:[0-9]*: *#' <<<"$output" | grep -v '"\|usr/local' || true)" ''
}

@test "the Python of the kit compiles with what Debian 11 has" {
  /usr/bin/python3 - "$scripts"/host/lib/rollcall-backup/*.py <<'PY'
import ast, sys
for file in sys.argv[1:]:
    ast.parse(open(file).read(), feature_version=(3, 9))
PY
}

@test "the kit ends a run that hangs, and says so, before systemd does" {
  own=$(sed -n 's/.* timeout -k 60 \([0-9]*\)h .*/\1/p' "$scripts/host/lib/rollcall-backup/duplicity.sh")
  systemd=$(sed -n 's/^TimeoutStartSec=\([0-9]*\)h$/\1/p' "$scripts/host/lib/systemd/system/rollcall-backup.service")
  # what comes before duplicity and after it has its time too
  [ "$own" -ge 12 ] && [ "$systemd" -gt "$own" ] && [ "$systemd" -lt 24 ]
}

@test "the runbook has a line for every reason that a run can end with" {
  cd "$scripts/host"
  {
    sed -n 's/.*reason=\([A-Za-z0-9]*\)[ ;].*/\1/p' sbin/rollcall-backup
    sed -n 's/.*finish "\$[A-Z_]*" \([a-z]*\)$/\1/p' sbin/rollcall-backup
    sed -n 's/.*problem "\$[A-Z0-9_]*" \([a-z]*\) .*/\1/p; s/.*warning \([a-z]*\) ".*/\1/p' lib/rollcall-backup/[!s]*.sh lib/rollcall-backup/schedule.sh sbin/rollcall-backup
    grep -oE 'Trouble\([67], "[A-Za-z]+"' lib/rollcall-backup/s3.py | cut -d '"' -f 2
    sed -n '/advice = {/,/}/s/^ *"\([A-Za-z]*\)":.*/\1/p' lib/rollcall-backup/s3.py
  } | grep . | sort -u >"$BATS_TEST_TMPDIR/reasons"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/reasons")" -ge 25 ]
  while IFS= read -r reason; do
    grep -q "^| .*\`$reason\`" "$scripts/../docs/runbook.md" || {
      echo "no line for $reason"
      return 1
    }
  done <"$BATS_TEST_TMPDIR/reasons"
}
