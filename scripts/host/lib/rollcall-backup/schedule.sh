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
  read_config
  telling=yes
  if [ "$mode" = auto ]; then
    # as installed: the installer leaves one of the two
    mode=cron
    ! timer_unit >/dev/null || mode=systemd
  fi
  case $mode in
    off) schedule_off && note "it is called by nobody now" && return 0 ;;
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
