# shellcheck shell=sh
# shellcheck disable=SC2154 # shared with the commands and the other files next to this one
# /etc/backup-targets: what it selects and what of it was saved, by duplicity's own word (selection.py).

# check_targets list|check: tells every problem by problem and warning of preflight.sh
check_targets() {
  if [ ! -r "$targets" ]; then
    problem "$NOT_SET_UP" targets "$targets does not exist" "rollcall-backup-setup writes a first one; or list what to save there, and end it with: - /"
    return 0
  fi
  mode_ok "$targets" || problem "$NOT_SET_UP" targets "others than root can change $targets" "run: chown root: $targets && chmod 644 $targets"
  ask_selection list "$targets"
  said ok "$targets: $(sed -n 's/^inclusions=//p' "$work/selected") paths to save, everything else left out"
  if [ "$1" = check ]; then ask_selection check "$targets"; fi
}

tab=$(printf '\t')

# ask_selection list|check|saved ...: its answer is told, and stays in work/selected
ask_selection() {
  in_background "$work/selected" "$work/selected.err" in_clean_environment "$(duplicity_python)" "$libdir/selection.py" "$@" ||
    warning targets "what $targets selects is not known: $(tail -n 1 "$work/selected.err" | tr '[:cntrl:]' '?')" \
      "is everything there? rollcall-backup run --dry-run; restore a file of each line"
  while IFS=$tab read -r kind text cure; do
    case $kind in
      error) problem "$NOT_SET_UP" targets "$text" "$cure" ;;
      warning) warning targets "$text" "$cure" ;;
      note) said note "$text; $cure" ;;
    esac
  done <"$work/selected"
}

# look_at_saved MANIFEST: fails when nothing was saved; warns of each line that brought nothing, and of a set
# that is less than half of the last one
look_at_saved() {
  signatures=$(signatures_of "$1")
  # of an increment those of its chain, in order
  set --
  if [ "$set_type" = inc ]; then
    for file in $chain_files; do
      case $file in *.sigtar.gz) set -- "$@" "$work/arch/s/$file" ;; esac
    done
  fi
  ask_selection saved "$targets" "$@" "$work/arch/s/$signatures"
  files=$(sed -n 's/^files=//p' "$work/selected")
  source_bytes=$(sed -n 's/^SourceFileSize \([0-9]*\).*/\1/p' "$work/out" | tail -n 1)
  if [ "$files" = 0 ]; then
    error "no file was saved: the set $set_time is empty"
    hint "is a disk not mounted? See what each line of $targets brings: rollcall-backup check"
    finish "$FAILED" nothing
  fi
  files_before=$(read_state last-success files) bytes_before=$(read_state last-success source)
  if [ $((${files:-0} * 2)) -lt "${files_before:-0}" ] || [ $((${source_bytes:-0} * 2)) -lt "${bytes_before:-0}" ]; then
    warning shrunk "this set has ${files:-?} files of $(size "$source_bytes"); the last one had $files_before of $(size "$bytes_before")" \
      "was so much deleted? Is a disk not mounted? See: rollcall-backup check"
  fi
}
