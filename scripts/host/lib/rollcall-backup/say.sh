# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # used by the commands and the other files next to this one
# How the commands of the host kit speak, where their files are, and how they write one.
#
# ROLLCALL_ROOT, when set, stands before every path of the kit's own (/etc/rollcall-backup,
# /etc/backup-targets, /var/lib/rollcall-backup, the schedule). Then root is not asked for and
# systemctl is not called: for tests and for looking at an installation that is mounted elsewhere.
# The paths that are listed in backup-targets stay what they are.

name=${0##*/}
root=${ROLLCALL_ROOT:-}
etc=$root/etc/rollcall-backup
config=$etc/config
credentials=$etc/credentials
public_key=$etc/pub.gpg
targets=$root/etc/backup-targets
state=$root/var/lib/rollcall-backup

# Exit statuses; the table in each header.
FAILED=1 USAGE=2 NOT_SET_UP=3 BUSY=4 NO_SPACE=5 NOT_WHOLE=6 NO_S3=7 NOT_INSTALLED=8

# A text with whatever could harm a terminal or a log line made visible.
safe() { printf '%s' "$1" | tr '[:cntrl:]' '?'; }

# With log_too=yes whatever goes wrong is said to the system log as well, unless standard error is
# the journal already.
said_aloud() {
  printf '%s: %s: %s\n' "$name" "$2" "$3" >&2
  [ "${log_too:-no}" = yes ] || return 0
  [ -z "${JOURNAL_STREAM:-}" ] || [ "$JOURNAL_STREAM" != "$(stat -L -c %d:%i /dev/stderr)" ] || return 0
  to_syslog "$1" "$2: $3"
}

# to_syslog PRIORITY TEXT
to_syslog() {
  printf '%s\n' "$2" | logger -t rollcall-backup -p "user.$1" 2>/dev/null || :
}

note() { printf '%s: %s\n' "$name" "$*"; }
warn() { said_aloud warning warning "$*"; }
error() { said_aloud err error "$*"; }
hint() { said_aloud notice hint "$*"; }

# die STATUS MESSAGE HINT: what is wrong, and what to do next
die() {
  error "$2"
  hint "$3"
  exit "$1"
}

usage_error() { die "$USAGE" "$1" "see: $name --help"; }

# Prints the header comment of the command as its help.
help() { sed -n '2,/^[^#]/{/^#/!q;s/^# \{0,1\}//;p;}' "$command_file"; }

need() { command -v "$1" >/dev/null 2>&1 || die "$NOT_INSTALLED" "$1 is not installed" "run: apt install $2"; }

require_root() {
  case $root in
    '') [ "$(id -u)" = 0 ] || die "$NOT_SET_UP" "only root can do this" "run it with sudo" ;;
    *[!A-Za-z0-9/._+@-]* | [!/]*) die "$USAGE" "ROLLCALL_ROOT must be a plain absolute path" "or unset it" ;;
  esac
}

# write_file MODE PATH: standard input becomes PATH, whole or not at all; with telling=yes it says
# whether that was created, changed or unchanged. The directory of PATH exists.
write_file() {
  [ ! -L "$2" ] || die "$FAILED" "$2 is a symbolic link" "remove it, and run this again"
  if ! new=$(mktemp "$2.new.XXXXXX") || ! cat >"$new"; then
    [ -z "$new" ] || rm -f "$new"
    die "$FAILED" "cannot write $2" "is the disk full, or read-only?"
  fi
  written=created
  [ ! -f "$2" ] || written=changed
  if [ "$written" = changed ] && cmp -s "$2" "$new"; then
    rm -f "$new"
    written=unchanged
    [ "$(stat -c %a "$2")" = "${1#0}" ] || written=changed
    chmod "$1" "$2"
  else
    chmod "$1" "$new" && mv -f "$new" "$2"
  fi
  [ "${telling:-no}" = no ] || note "$(printf '%-9s %s' "$written" "$2")"
}

# mode_ok PATH [private]: it belongs to who runs this, and nobody else can write (or read) it
mode_ok() {
  mode_of=$(stat -L -c '%u %a' "$1") || return 1
  owner_of=${mode_of% *} mode_of=${mode_of#* }
  [ "$owner_of" = 0 ] || [ "$owner_of" = "$(id -u)" ] || return 1
  case ${2:-}:$mode_of in
    private:?00 | private:00 | private:0) return 0 ;;
    private:*) return 1 ;;
    :*[2367]? | :*[2367]) return 1 ;;
  esac
}
