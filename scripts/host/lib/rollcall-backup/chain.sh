# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # shared with the commands and the other files next to this one
# Chains: with FULL_EVERY in the config a run adds an increment to the last full, until that is too old.
#
# duplicity needs the manifests and signatures of a chain to add to it, and cannot read those on S3
# without the secret key. So they are kept here, as they were when a set was done, with one file
# `chain` that lists them: whose chain it is, and the SHA-256 of each. duplicity itself never works in
# this directory, only on links to it in the scratch of a run. So nothing of a killed run is ever in
# it: duplicity would go on with that one under its old time, and write one of its volumes anew.
#
# Whatever is not as it was (lost, damaged, of another target or key, not whole on S3, older than
# what is there) makes the next run a full. s3.py decides that, for a run and for `check`.

archive=$state/archive

# continue_chain: sets action; an increment has links to the chain's files in work/arch/s
continue_chain() {
  action=full keeps=no
  if [ -z "$FULL_EVERY" ]; then
    [ "$dry_run" = yes ] || [ ! -d "$archive" ] || drop_chain "FULL_EVERY is not set"
    return 0
  fi
  if ! own_archive; then
    warning chain "$archive is not a directory of $(id -un)'s, so no chain can be kept; this run is a full" \
      "move it away; the next run makes it anew"
    return 0
  fi
  keeps=yes
  [ "$full_wanted" = no ] || return 0
  look_at_chain || return 0
  if [ "$chain_reason" = lost ]; then
    warning chain "no increment can be made: $chain_trouble; this run is a full" "$(chain_hint)"
  elif [ -n "$chain_reason" ] || [ "$chain_left" -le 0 ]; then
    note "this run is a full: ${chain_trouble:-the last one is $chain_age days old}"
  else
    action=incremental
    for file in $chain_files; do ln -s "$archive/$file" "$work/arch/s/$file"; done
    note "this run is an increment of the full $chain_full, of $chain_age days ago"
  fi
}

chain_hint() {
  echo "nothing, if it happens once; else: is keepDays in hosts.yml $((${FULL_EVERY%d} + 5)) or more? Who changes $archive or $target?"
}

# own_archive: there is none yet, or it is a directory of who runs this, for nobody else
own_archive() {
  [ ! -L "$archive" ] || return 1
  [ -e "$archive" ] || return 0
  [ -d "$archive" ] && [ "$(stat -c %u "$archive")" = "$(id -u)" ]
}

# look_at_chain: can the next run add to the chain? chain_reason is empty if so; `new` when no chain
# is expected, `lost` when one is. 1: S3 did not tell, which is a problem that was told.
look_at_chain() {
  chain_reason='' chain_trouble='' chain_full='' chain_age=0 chain_left=0
  if [ ! -e "$archive/chain" ]; then
    chain_reason=new chain_trouble="no chain is kept in $archive"
    [ -z "$(read_state last-success full)" ] || chain_reason=lost
    return 0
  fi
  case $(head -n 1 "$archive/chain" 2>/dev/null | tr -d '\000') in
    "of=$(chain_of)") ;;
    of=s3://*) chain_reason=new chain_trouble="the chain in $archive is of another target or key" && return 0 ;;
    *) chain_reason=lost chain_trouble="$archive/chain is damaged" && return 0 ;;
  esac
  look_status=0
  look_s3 chain "$archive" || look_status=$?
  if [ "$look_status" = 0 ]; then
    chain_full=$(sed -n 's/^full=//p' "$work/looked")
    chain_increments=$(sed -n 's/^increments=//p' "$work/looked")
    chain_files=$(sed -n 's/^file=//p' "$work/looked")
    chain_age=$(days_between "$(seconds_of "$chain_full")" "$(date +%s)")
    chain_left=$((${FULL_EVERY%d} - chain_age))
    return 0
  fi
  chain_reason=lost chain_trouble=$(s3_trouble)
  [ "$look_status" = "$NOT_WHOLE" ] && return 0
  s3_problem
  return 1
}

# Whose chain it is: another target, store, prefix or key begins another one.
chain_of() { printf '%s %s %s %s' "$target" "${ENDPOINT_URL:--}" "${FILE_PREFIX:--}" "$FINGERPRINT"; }

# days_between FROM TO: in backup days, of two instants. In seconds, a run that begins a minute
# earlier than the full did would put the next full off by a day.
days_between() {
  from=$(date -d "$(backup_day "$1")" -u +%s)
  echo $((($(date -d "$(backup_day "$2")" -u +%s) - from) / 86400))
}

# seconds_of SET: the time in a set's name as seconds since 1970
seconds_of() {
  date -d "$(printf '%s' "$1" | sed 's/^\(....\)\(..\)\(..\)T\(..\)\(..\)\(..\)Z$/\1-\2-\3 \4:\5:\6/')" -u +%s
}

# full_due SET: the day of the next full, as 2026-12-24
full_due() { date -d "$(backup_day "$(seconds_of "$1")") + ${FULL_EVERY%d} days" -u +%Y-%m-%d; }

# keep_chain MANIFEST: duplicity has written this set; the next run can add to it
keep_chain() {
  [ "$keeps" = yes ] || return 0
  (store_chain "$1") ||
    warning chain "the set is on S3, but $archive could not be written; the next run is a full" "is the disk full, or read-only?"
}

store_chain() {
  if [ ! -d "$archive" ]; then mkdir -m 700 "$archive" || return 1; fi
  chmod 700 "$archive"
  signatures=$(signatures_of "$1")
  for file in "$1" "$signatures"; do write_file 0600 "$archive/$file" <"$work/arch/s/$file" || return 1; done
  {
    printf 'of=%s\n' "$(chain_of)"
    case $1 in "${FILE_PREFIX}duplicity-inc."*) sed -n '/^[0-9a-f]\{64\}  /p' "$archive/chain" ;; esac
    (cd "$work/arch/s" && sha256sum -- "$1" "$signatures")
  } | write_file 0600 "$archive/chain" || return 1
  for file in "$archive"/*; do
    grep -q -- "  ${file##*/}\$" "$archive/chain" || ! is_of_chain "$file" || rm -f -- "$file"
  done
}

# signatures_of MANIFEST: the name of its archive of signatures here
signatures_of() {
  printf '%s.sigtar.gz' "$(printf '%s' "${1%.manifest}" | sed 's/duplicity-full\./duplicity-full-signatures./; s/duplicity-inc\./duplicity-new-signatures./')"
}

# is_of_chain FILE: by its name; nothing else in the directory is ever removed
is_of_chain() {
  case ${1##*/} in
    *duplicity-full.*.manifest | *duplicity-inc.*.manifest | *duplicity-full-signatures.*.sigtar.gz | *duplicity-new-signatures.*.sigtar.gz) ;;
    *duplicity-*.manifest.new.?????? | *duplicity-*.sigtar.gz.new.?????? | chain.new.??????) ;;
    *) return 1 ;;
  esac
}

# drop_chain WHY: removes the kept chain; what is on S3 stays, and restores without it
drop_chain() {
  [ ! -L "$archive" ] || return 0
  rm -f -- "$archive/chain"
  for file in "$archive"/*; do
    if is_of_chain "$file"; then rm -f -- "$file"; fi
  done
  if rmdir "$archive" 2>/dev/null; then
    note "removed   $archive: $1"
  else
    note "kept      $archive: something in it is not of this kit; look at it, and remove it by hand"
  fi
}

# check_chain: what mode this host is in, and what the next run will be
check_chain() {
  if [ -z "$FULL_EVERY" ]; then
    said ok "every run makes a full (no FULL_EVERY in $config)"
    [ ! -d "$archive" ] || said note "$archive is of a chain; the next run removes it"
    return 0
  fi
  look_at_chain || return 0
  if ! own_archive; then
    warning chain "$archive is not a directory of $(id -un)'s, so every run is a full" "move it away; the next run makes it anew"
  elif [ "$chain_reason" = lost ]; then
    warning chain "the next run is a full: $chain_trouble" "$(chain_hint)"
  elif [ -n "$chain_reason" ]; then
    said ok "chains: a full every ${FULL_EVERY%d} days; the next run is a full: $chain_trouble"
  else
    said ok "$(chain_words "$chain_full")"
    said ok "the chain has $chain_increments increment(s), and is whole on S3 and in $archive"
  fi
  said ok "hosts.yml must say: $HOST: { chain: { fullEvery: $FULL_EVERY } }, and keepDays: $((${FULL_EVERY%d} + 5)) or more"
}

# chain_words SET: the age of this full, and when the next one is due
chain_words() {
  due=$(full_due "$1")
  printf 'chains: a full every %s days; the last began %s (%s ago); ' "${FULL_EVERY%d}" \
    "$(date -d "@$(seconds_of "$1")" '+%Y-%m-%d %H:%M')" "$(duration $(($(date +%s) - $(seconds_of "$1"))))"
  if [ "$(days_between "$(seconds_of "$1")" "$(date +%s)")" -ge "${FULL_EVERY%d}" ]; then
    printf 'the next is due now'
  else
    printf 'the next is due on %s' "$due"
  fi
}
