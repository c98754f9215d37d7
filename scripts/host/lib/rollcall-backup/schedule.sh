# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # shared with the commands and the other files next to this one
# Calls `rollcall-backup run --if-due` every hour, at a minute of the host's own.

cron_file=$root/etc/cron.d/rollcall-backup
dropin=$root/etc/systemd/system/rollcall-backup.timer.d/minute.conf

# The same for ever, and spread over the hour: a hundred hosts do not begin at once.
own_minute() {
  minute=$(printf '%s' "$HOST" | cksum)
  echo $((${minute%% *} % 60))
}

timer_unit() {
  for unit in "$root/etc/systemd/system" "${libdir%/*}/systemd/system"; do
    [ -f "$unit/rollcall-backup.timer" ] && echo "$unit/rollcall-backup.timer" && return 0
  done
  return 1
}

systemctl_if_live() {
  [ -z "$root" ] && [ -d /run/systemd/system ] || return 0
  systemctl "$@"
}

schedule() {
  require_root
  telling=yes
  # no mistake in the config keeps the schedule alive
  if [ "$mode" = off ]; then
    schedule_off
    note "it is called by nobody now"
    return 0
  fi
  read_config
  if [ "$mode" = auto ]; then
    # as installed: the installer leaves one of the two
    mode=cron
    ! timer_unit >/dev/null || mode=systemd
  fi
  case $mode in
    systemd)
      timer_unit >/dev/null || die "$NOT_SET_UP" "rollcall-backup.timer is not installed" "run the installer with --systemd, or use --cron"
      remove_cron
      (umask 022 && mkdir -p "${dropin%/*}")
      printf '# written by rollcall-backup schedule\n[Timer]\nOnCalendar=\nOnCalendar=*-*-* *:%02d:00\n' "$(own_minute)" | write_file 0644 "$dropin"
      systemctl_if_live daemon-reload
      systemctl_if_live enable --quiet rollcall-backup.timer
      systemctl_if_live restart rollcall-backup.timer
      ;;
    cron)
      [ -d "${cron_file%/*}" ] || [ -n "$root" ] || die "$NOT_INSTALLED" "there is no /etc/cron.d" "run: apt install cron"
      remove_timer
      (umask 022 && mkdir -p "${cron_file%/*}")
      sed "s/^0 /$(own_minute) /; s|/usr/local/sbin/rollcall-backup|$command_file|g" "$libdir/cron" | write_file 0644 "$cron_file"
      ;;
  esac
  note "$(printf 'every hour at :%02d; the first from %s:00 on each day makes the backup' "$(own_minute)" "$HOUR")"
}

schedule_off() {
  remove_cron
  remove_timer
}

remove_cron() {
  [ ! -e "$cron_file" ] || { rm -f "$cron_file" && note "removed   $cron_file"; }
}

remove_timer() {
  [ -e "$dropin" ] || return 0
  systemctl_if_live disable --quiet --now rollcall-backup.timer || :
  rm -f "$dropin" && note "removed   $dropin"
  rmdir "${dropin%/*}" 2>/dev/null || :
  systemctl_if_live daemon-reload || :
}

# check_other_jobs: another job that calls duplicity asks for passphrases, and makes sets of its own
check_other_jobs() {
  for job in "$root"/etc/crontab "$root"/etc/cron.*/* "$root"/var/spool/cron/crontabs/* "$root"/var/spool/cron/root; do
    if [ ! -f "$job" ] || [ "$job" = "$cron_file" ]; then continue; fi
    number=0
    while IFS= read -r line || [ -n "$line" ]; do
      number=$((number + 1))
      case $line in \#* | '') continue ;; esac
      calls_duplicity "$line" || continue
      case $job in
        */crontab | */cron.d/* | */crontabs/* | */cron/root) cure="sed -i ${number}d $job" ;;
        *) cure="rm $job" ;;
      esac
      warning job "$job:$number calls duplicity too, without this kit: $(safe "$line" | cut -c 1-100)" "does this kit replace it? Then: $cure"
      break
    done <"$job"
  done
}

# calls_duplicity LINE: by its name, or in a script that the line calls
calls_duplicity() {
  case $1 in *rollcall-backup*) return 1 ;; *duplicity* | *duply*) return 0 ;; esac
  set -f
  # shellcheck disable=SC2086 # words
  set -- $1
  set +f
  for word; do
    case $word in /*) ;; *) continue ;; esac
    [ -f "$root$word" ] && head -c 65536 "$root$word" | grep -aq '^[^#]*\(duplicity\|duply\) ' && return 0
  done
  return 1
}

# check_schedule: is there anything that calls a run?
check_schedule() {
  if [ -e "$dropin" ]; then
    if [ -z "$root" ] && [ -d /run/systemd/system ] && ! systemctl is-active --quiet rollcall-backup.timer; then
      warning schedule "rollcall-backup.timer is not active" "run: systemctl enable --now rollcall-backup.timer"
    else
      said ok "systemd calls it every hour at :$(printf %02d "$(own_minute)")"
    fi
  elif [ -e "$cron_file" ]; then
    said ok "cron calls it every hour at :$(printf %02d "$(own_minute)")"
  else
    warning schedule "nothing calls it by itself" "run: rollcall-backup schedule"
  fi
}
