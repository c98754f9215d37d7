# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with the commands and the other files next to this one
# How every command of the restore kit speaks, and how it leaves nothing behind.

umask 077
unset PASSPHRASE SIGN_PASSPHRASE GPG_PW || true
# a unit of systemd has none
export HOME=${HOME:-$(getent passwd "$EUID" | cut -d: -f6)}

lib=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
name=${0##*/}
export ROLLCALL_COMMAND=$name

# Exit statuses; the table in each header.
readonly FAILED=1 USAGE=2 NOT_FOUND=3 LOCKED=4 EXISTS=5 DAMAGED=6 NO_S3=7 NOT_INSTALLED=8

note() { printf '%s: note: %s\n' "$name" "$*" >&2; }
hint() { printf '%s: hint: %s\n' "$name" "$*" >&2; }
warn() { printf '%s: warning: %s\n' "$name" "$*" >&2; }

# die STATUS MESSAGE HINT: what is wrong, and what to do next
die() {
  printf '%s: error: %s\n' "$name" "$2" >&2
  hint "$3"
  exit "$1"
}

usage_error() { die "$USAGE" "$1" "see: $name --help"; }

# Prints the header comment of the command as its help.
help() { sed -n '2,/^[^#]/{/^#/!q;s/^# \{0,1\}//;p;}' "$(readlink -f -- "$0")"; }

# A text with whatever could harm a terminal made visible.
safe() {
  local text=$1
  if [[ $text == *[[:cntrl:]]* ]]; then printf '%q' "$text"; else printf '%s' "$text"; fi
}

need() { command -v "$1" >/dev/null 2>&1 || die "$NOT_INSTALLED" "$1 is not installed" "run: apt install $2"; }

on_terminal() { [[ -t 0 && -t 2 ]]; }

# --- leaving nothing behind ------------------------------------------------

run_dir='' # scratch of this run, always removed
claimed='' # what this run alone made, and takes with it: OUT.partial
partial='' # unfinished output, in it and by the name of OUT
keep=no    # keep the unfinished output of what failed, if there is any, under its .partial name

scratch() {
  # a signal waits until its name is known
  [[ -n $run_dir ]] || run_dir=$(trap '' INT TERM HUP && mktemp -d "${TMPDIR:-/tmp}/rollcall-restore.XXXXXX") ||
    die "$FAILED" "cannot make a temporary directory" "set TMPDIR to a place that you can write to"
}

# answer_of COMMAND...: sets answer to what it says
answer_of() {
  local status=0
  scratch
  run "$@" >"$run_dir/answer" || status=$?
  answer=$(tr -d '\0' <"$run_dir/answer")
  return "$status"
}

# end_tree PID: ends it and all that it started, and waits until they are gone
end_tree() {
  local tree=() tries
  stop_tree "$1"
  ((${#tree[@]} > 0)) || return 0
  kill -TERM "${tree[@]}" 2>/dev/null || true
  kill -CONT "${tree[@]}" 2>/dev/null || true
  for ((tries = 0; tries < 50; tries++)); do
    any_runs "${tree[@]}" || return 0
    sleep 0.1
  done
}

# any_runs PID...: one of them does, and is no zombie
any_runs() {
  local pids=("${@/#//proc/}")
  grep -qs '^State:.[^XZ]' "${pids[@]/%//status}"
}

# What stands still starts nothing that the list would lack.
stop_tree() {
  local one
  kill -STOP "$1" 2>/dev/null || return 0
  tree+=("$1")
  for one in $(pgrep -P "$1" || true); do stop_tree "$one"; done
}

# gpg leaves a lock in its home when a signal ends it
forget_locks() {
  local lock
  for lock in "${GNUPGHOME:-}"/.#lk0x*."$HOSTNAME".*; do
    [[ ! -f $lock ]] || any_runs "${lock##*.}" || rm -f -- "$lock"
  done
}

exec {stderr}>&2 {nothing}</dev/null

tidy() {
  local status=$? job
  # bash has the traps of this shell, too, in what it has just forked
  [[ $BASHPID == "$$" ]] || exit "$status"
  exec 2>&"$stderr" # a signal may come while it leads into a log
  trap '' INT TERM HUP
  for job in $(jobs -pr); do
    end_tree "$job"
    wait "$job" 2>/dev/null || true
  done
  forget_locks
  [[ -z $run_dir ]] || rm -rf -- "$run_dir"
  if [[ -n $claimed ]]; then
    if [[ $keep == yes && -d $partial && -n $(ls -A -- "$partial" 2>/dev/null) ]]; then
      warn "what was restored so far is kept, unfinished: $(safe "$partial")"
    else
      chmod -R u+rwX -- "$claimed" 2>/dev/null || true
      rm -rf -- "$claimed"
    fi
  fi
  exit "$status"
}
trap tidy EXIT
end_on_signals() {
  trap 'end_by 130' INT
  trap 'end_by 143' TERM
  trap 'end_by 129' HUP
}
end_on_signals

# A restore does not go on where one was ended: what it had so far goes, so that the same command works again.
end_by() {
  [[ $BASHPID == "$$" ]] || exit "$1"
  keep=no
  printf '\n%s: interrupted\n' "$name" >&"$stderr" || true
  exit "$1"
}

watch='' # called with the child's pid while it runs

# Runs a command so that a signal ends it at once, by tidy alone; its standard input is empty, or the descriptor `input`.
run() {
  local status=0 watcher='' child
  { trap '' INT && "$@"; } <&"${input:-$nothing}" &
  child=$!
  if [[ -n $watch ]]; then
    (trap - EXIT && "$watch" "$child") </dev/null >/dev/null 2>&1 8<&- &
    watcher=$!
  fi
  wait "$child" || status=$?
  [[ -z $watcher ]] || { end_tree "$watcher" && wait "$watcher" 2>/dev/null; } || true
  return "$status"
}

# --- output that must not exist yet ----------------------------------------

# claim OUT: sets out, claimed and partial, and refuses whatever would overwrite or get lost
claim() {
  local parent
  [[ -n $1 ]] || usage_error "OUT is empty"
  out=${1%"${1##*[!/]}"}
  [[ -n $out ]] || die "$EXISTS" "will not restore onto /" "name a new directory, for instance /mnt/restored"
  while [[ $out == ./* ]]; do out=${out#./}; done
  [[ $out == /* ]] || out=${PWD%/}/$out
  parent=$(dirname -- "$out")
  needs_no_out
  [[ -d $parent ]] || die "$EXISTS" "the directory $(safe "$parent") does not exist" "run: mkdir -p $(printf '%q' "$parent")"
  [[ -w $parent && -x $parent ]] ||
    die "$EXISTS" "$(id -un) cannot write to $(safe "$parent")" "choose a place that $(id -un) can write to, for instance $HOME"
  reserve "$out.partial" "$parent"
  # of a restore that ended in between
  needs_no_out
}

needs_no_out() {
  [[ ! -e $out && ! -L $out ]] ||
    die "$EXISTS" "$(safe "$out") exists, and nothing is ever overwritten" "choose another name, or move it away first"
}

# reserve DIR PARENT: makes DIR for this run alone, or says who has it. A lock on it lives as long as this run and duplicity
# do; what a dead run left is not removed here, as it may be all that is left of the data. A lock on PARENT while this is
# found out: between the two steps of one run, another would take DIR for a dead one's.
reserve() {
  local said='' status=0 signal=''
  if { exec 7<"$2"; } 2>/dev/null; then flock -w 5 7 || true; fi
  # a signal that comes in between waits until it is known whose the directory is
  trap 'signal=130' INT
  trap 'signal=143' TERM
  trap 'signal=129' HUP
  said=$(trap '' INT TERM HUP && mkdir -- "$1" 2>&1) || status=$?
  ((status != 0)) || claimed=$1 partial=$1/${out##*/}
  end_on_signals
  [[ -z $signal ]] || exit "$signal"
  if ((status == 0)); then
    exec 8<"$claimed"
    flock -n 8 || true
    exec 7<&-
    return
  fi
  needs_no_out
  [[ -e $1 || -L $1 ]] || die "$EXISTS" "cannot make $(safe "$1"):${said##*:}" "choose a shorter name, or another place"
  status=0
  if [[ -d $1 && ! -L $1 ]]; then flock -n "$1" true 2>/dev/null || status=$?; fi
  ((status != 1)) ||
    die "$EXISTS" "another restore to $(safe "$out") is running" "wait for it, or choose another name"
  die "$EXISTS" "$(safe "$1") is there from an earlier try" \
    "look at it; if no restore writes it any more, remove it (rm -r $(printf '%q' "$1")), or choose another name"
}

# The finished partial output gets its real name; an OUT that appeared meanwhile is not touched.
deliver() {
  local mode=''
  # too late: it is done, or not begun
  trap '' INT TERM HUP
  # only root may move a directory that is not for writing
  if [[ -d $partial && ! -L $partial && ! -w $partial ]]; then
    mode=$(stat -c %a -- "$partial")
    chmod u+w -- "$partial"
  fi
  # some versions of mv call it a failure that OUT is there now, some do not
  mv -nT -- "$partial" "$out" || true
  [[ -z $mode ]] || chmod "$mode" -- "$partial" 2>/dev/null || chmod "$mode" -- "$out"
  if [[ -e $partial || -L $partial ]]; then
    claimed=''
    die "$EXISTS" "$(safe "$out") appeared meanwhile" "the restored data is in $(safe "$partial")"
  fi
}
