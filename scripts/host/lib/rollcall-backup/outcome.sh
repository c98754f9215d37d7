# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # shared with the commands and the other files next to this one
# What a run leaves behind: one line in the system log, and a few lines under /var/lib/rollcall-backup.
#
#   last-success   the newest set that is whole on S3 (KEY=VALUE)
#   last-run       the outcome line of the newest run, whatever it was (KEY=VALUE)
#   tries          how often a run began to upload on this backup day

# read_state FILE KEY: one value, or nothing
read_state() {
  [ ! -r "$state/$1" ] || sed -n "s/^$2=//p" "$state/$1" | tail -n 1
}

# backup_day SECONDS: the backup day that an instant belongs to; it begins at HOUR, local time.
# By calendar days, not by "23 hours since the last one": with an hourly clock that would begin each
# night's run an hour before the last one's, until one falls out of the window it answers for.
backup_day() { date -d "@$(($1 - ${HOUR:-2} * 3600))" +%Y%m%d; }

# is_due: no set of this backup day is on S3 yet
is_due() {
  today=$(backup_day "$(date +%s)")
  last_began=$(read_state last-success began)
  case $last_began in '' | *[!0-9]*) return 0 ;; esac
  [ "$(backup_day "$last_began")" != "$today" ]
}

tries_today() {
  if [ "$(read_state tries day)" = "$(backup_day "$(date +%s)")" ]; then read_state tries count; else echo 0; fi
}

count_try() {
  tries=$(tries_today)
  printf 'day=%s\ncount=%s\n' "$(backup_day "$(date +%s)")" "$((${tries:-0} + 1))" | write_file 0644 "$state/tries"
}

# finish STATUS REASON: tells how the run ended, and ends it
finish() {
  status=$1 reason=$2
  finished=yes
  # a dry run has said what is wrong, and is no run to remember
  [ "${dry_run:-no}" = no ] || exit "$status"
  outcome=FAIL priority=err
  if [ "$status" = 0 ]; then
    outcome=OK priority=notice
    if [ -n "${warned_of:-}" ]; then outcome=WARN priority=warning reason=$warned_of; fi
  fi
  outcome_line="$outcome code=$status set=${set_time:--}${set_type:+ type=$set_type} seconds=$(($(date +%s) - began)) bytes=${bytes:-0} unreadable=${unreadable:-0}"
  [ -z "$reason" ] || outcome_line="$outcome_line reason=$reason"
  [ "${duplicity_status:-0}" = 0 ] || outcome_line="$outcome_line duplicity=$duplicity_status"
  to_syslog "$priority" "$outcome_line"
  # in the journal that line is already
  [ -n "${JOURNAL_STREAM:-}" ] || printf '%s: %s\n' "$name" "$outcome_line"
  before=$(read_state last-run told)
  told="$(backup_day "$began") $reason"
  if [ -d "$state" ]; then
    printf 'at=%s\noutcome=%s\ntold=%s\n' "$(date +%s)" "$outcome_line" "$told" | write_file 0644 "$state/last-run" || :
    if [ "$status" = 0 ]; then
      {
        printf 'began=%s\nset=%s\nended=%s\nbytes=%s\nvolumes=%s\nunreadable=%s\n' "$began_set" "$set_time" "$(date +%s)" \
          "$bytes" "$volumes" "${unreadable:-0}"
        printf 'files=%s\nsource=%s\n' "${files:-0}" "${source_bytes:-0}"
        printf 'signatures=%s\n' "$(stat -c %s "$work/arch/s/$signatures" 2>/dev/null || echo 0)"
        [ -z "$set_full" ] || printf 'full=%s\n' "$set_full"
      } | write_file 0644 "$state/last-success" || :
    fi
  fi
  # once a backup day for each reason: an hourly schedule must not send an hourly mail
  if [ "$status" != 0 ] && { [ "${if_due:-no}" = no ] || [ "$told" != "$before" ]; }; then
    hook on-failure ROLLCALL_OUTCOME="$outcome_line" ROLLCALL_HOST="${HOST:-}" || :
  fi
  exit "$status"
}

# hook NAME [VARIABLE=VALUE...]: runs /etc/rollcall-backup/NAME if it is there; 0, or its status.
# It speaks to a file: what it starts may outlive it, and would keep a pipe open.
hook() {
  hook_file=$etc/$1
  hook_name=$1
  shift
  [ -x "$hook_file" ] || return 0
  mode_ok "$hook_file" || return 126
  hook_status=0
  hook_said=/dev/null
  [ -z "$work" ] || hook_said=$work/hook-said
  in_background "$hook_said" "$hook_said" run_hook "$@" || hook_status=$?
  show "$hook_said"
  [ "$hook_status" = 0 ] || to_syslog warning "hook $hook_name ended with $hook_status"
  return "$hook_status"
}

# An hour at most, and without the locks: what a hook starts may stay.
run_hook() {
  set -- ROLLCALL_TARGETS="$targets" ROLLCALL_STATE="$state" ROLLCALL_PYTHON="$(duplicity_python)" "$@"
  exec setsid timeout -k 60 3600 env "$@" "$hook_file" </dev/null 8>&- 9>&-
}
