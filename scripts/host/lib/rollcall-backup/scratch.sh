# shellcheck shell=sh
# shellcheck disable=SC2154 # shared with the commands and the other files next to this one
# Scratch: TEMP_DIR/rollcall-backup.XXXXXX (0700) with a mark in it. Name, mark and owner together say that this
# kit made a directory; no other is ever removed, or left out of the backup.

# open_work: makes work, a directory in TEMP_DIR for this run alone, and removes what killed runs left there
open_work() {
  [ -d "$TEMP_DIR" ] || die "$NOT_SET_UP" "$TEMP_DIR does not exist" "run: mkdir -p $TEMP_DIR"
  for scratch in $(own_scratch); do
    # one that is locked is at work: of another installation with the same TEMP_DIR
    ! flock -n "$scratch/$scratch_mark" true || remove_scratch "$scratch"
  done
  make_work "$TEMP_DIR"
}

# open_work_in_memory: the same where nothing on the disk may change
open_work_in_memory() {
  if [ -d /dev/shm ] && [ -w /dev/shm ]; then make_work /dev/shm; else make_work "${TMPDIR:-/tmp}"; fi
}

scratch_mark=.rollcall-backup-scratch

# make_work DIR: the lock on the mark is held until this shell and its duplicity have ended
make_work() {
  work=$(mktemp -d "${1%/}/rollcall-backup.XXXXXX") || die "$NO_SPACE" "cannot make a directory in $1" "is the disk full, or read-only?"
  exec 8>"$work/$scratch_mark"
  echo 'Scratch of rollcall-backup. The next run removes it when this one is over.' >&8
  flock -n 8 2>/dev/null || :
  (umask 077 && mkdir "$work/gpg" "$work/arch" "$work/arch/s" "$work/t" "$work/empty" && : >"$work/room" && : >"$work/sent")
}

# own_scratch: the directories in TEMP_DIR that this kit made, one a line; their names have no blanks
own_scratch() {
  for scratch in "${TEMP_DIR%/}"/rollcall-backup.??????; do
    if is_own_scratch "$scratch"; then printf '%s\n' "$scratch"; fi
  done
}

# is_own_scratch PATH: by its name, its owner and the mark in it; a link is never ours
is_own_scratch() {
  case ${1##*/rollcall-backup.} in *[!A-Za-z0-9]*) return 1 ;; esac
  [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/$scratch_mark" ] && [ ! -L "$1/$scratch_mark" ] || return 1
  for one in "$1" "$1/$scratch_mark"; do
    [ "$(stat -c %u "$one")" = "$(id -u)" ] || return 1
  done
}

# remove_scratch PATH: the mark last, so that what is cut off here is still known as ours
remove_scratch() {
  find "$1" -xdev -mindepth 1 ! -path "$1/$scratch_mark" -delete 2>/dev/null && rm -f "$1/$scratch_mark" && rmdir "$1" && return 0
  warn "$1 cannot be removed"
  hint "see what is in it: ls -lA $1"
}
