# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with the commands and the other files next to this one
# duplicity 0.8.17 to 3.x behind one call. Needs profile.bash.

# find_duplicity: sets duplicity (the program) and duplicity_major
find_duplicity() {
  local version answer
  duplicity=${ROLLCALL_DUPLICITY:-}
  if [[ -z $duplicity ]]; then
    # the distribution's own has its S3 library next to it; another one earlier in PATH may not
    if [[ -x /usr/bin/duplicity ]]; then duplicity=/usr/bin/duplicity; else duplicity=$(command -v duplicity || true); fi
  fi
  [[ -n $duplicity ]] || die "$NOT_INSTALLED" "duplicity is not installed" \
    "run: apt install duplicity python3-boto3; without it: restore-set, then restore-plain"
  scratch
  # it makes a temporary directory even for this
  answer_of guarded '' env TMPDIR="$run_dir" "$duplicity" --version 2>/dev/null || true
  version=$(sed -n 's/^duplicity *//p' <<<"$answer" | tail -n 1)
  [[ $version =~ ^([0-9]+)\.([0-9]+) ]] || die "$NOT_INSTALLED" "$duplicity does not tell its version" "run: $duplicity --version"
  duplicity_version=${version%% *} duplicity_major=${BASH_REMATCH[1]}
  if ((duplicity_major == 0 && BASH_REMATCH[2] < 8)); then
    die "$NOT_INSTALLED" "duplicity $version is too old for S3 (0.8.17 or later is needed)" "install a newer one, or use restore-set and restore-plain"
  fi
}

# guarded OUT COMMAND...: where a forged set would lead duplicity out of OUT by a link, it ends with 78
guarded() {
  export ROLLCALL_OUT=$1 ROLLCALL_GUARD=$run_dir/guarded PYTHONDONTWRITEBYTECODE=1
  export PYTHONPATH=$lib/guard${PYTHONPATH:+:$PYTHONPATH}
  shift
  exec "$@"
}

# find_python: sets python to one that has boto3, by preference the one that duplicity runs on
find_python() {
  local candidate first
  python=''
  for candidate in "${ROLLCALL_PYTHON:-}" "${duplicity:-}" /usr/bin/python3 "$(command -v python3 || true)"; do
    [[ -n $candidate && -x $candidate ]] || continue
    if [[ $candidate == "${duplicity:-}" ]]; then
      IFS= read -r first <"$candidate" || continue
      candidate=${first#\#!}
      candidate=${candidate%% *}
      [[ $candidate == *python* && -x $candidate ]] || continue
    fi
    [[ -n $python ]] || python=$candidate
    if "$candidate" -I -c 'import boto3' 2>/dev/null; then
      python=$candidate
      return
    fi
  done
  [[ -n $python ]] || die "$NOT_INSTALLED" "python3 is not installed" "run: apt install python3 python3-boto3"
}

# archive COMMAND ARGUMENTS...: asks lib/rollcall-restore/archive about this host's backups
archive() {
  local command=$1
  shift
  ROLLCALL_GPG=$gpg_program "$python" -I -B "$lib/archive" "$command" --host="$host" --dir="${from:-}" --bucket="$bucket" --prefix="$prefix" \
    --file-prefix="$file_prefix" --region="$region" --endpoint="$endpoint" "$@"
}

# backup_url: sets url and url_options. A URL has no room for odd names: what is in a local directory goes by links, with
# an empty file for each of stand_ins next to them.
backup_url() {
  local one
  url_options=()
  if [[ -n ${from:-} ]]; then
    mkdir -- "$run_dir/set"
    find "$from" -maxdepth 1 -xtype f -exec ln -s -t "$run_dir/set" -- {} +
    for one in "${stand_ins[@]}"; do : >"$run_dir/set/$one"; done
    url=file://$run_dir/set
    return
  fi
  # every version from 0.8.11 on takes this spelling; plain s3:// is a dead backend before 0.8.23
  url=boto3+s3://$bucket/${prefix#/}
  url=${url%/}
  [[ -z $region ]] || url_options+=("--s3-region-name=$region")
  [[ -z $endpoint ]] || url_options+=("--s3-endpoint-url=$endpoint")
  [[ -z $file_prefix ]] || url_options+=("--file-prefix=$file_prefix")
}

# restore_into OUT EPOCH [PATH]: duplicity's restore; its words go to $run_dir/log
restore_into() {
  local to real epoch=$2 path=${3:-} status=0
  real=$(readlink -f -- "$(dirname -- "$1")")/$(basename -- "$1")
  to=$real
  # duplicity puts the values of variables into names. What stands for a variable is not looked at again.
  local shielded=${path//\$/\$\{ROLLCALL_DOLLAR\}}
  ((duplicity_major >= 2)) || to=${to//\$/\$\{ROLLCALL_DOLLAR\}}
  local options=(--archive-dir="$run_dir/archive" --name=set --tempdir="$run_dir" --time="$epoch" --use-agent
    --gpg-options=--pinentry-mode=error --num-retries=3 "${url_options[@]}")
  [[ $gpg_program == gpg ]] || options+=(--gpg-binary="$gpg_program")
  if ((duplicity_major >= 2)); then
    [[ -z $path ]] || options+=(--path-to-restore="$shielded")
    [[ $ownership != none ]] || options+=(--no-restore-ownership)
  else
    [[ -z $path ]] || options+=(--file-to-restore="$shielded")
    [[ $ownership != none ]] || options+=(--do-not-restore-ownership)
  fi
  [[ $ownership != numeric ]] || options+=(--numeric-owner)
  # empty, and there for 3.0.6, which asks for a passphrase although it is told to use the agent
  # shellcheck disable=SC2016 # the dollar itself
  local program=(guarded "$real" env PASSPHRASE= ROLLCALL_DOLLAR='$' "$duplicity")
  [[ -e $run_dir/guarded ]] ||
    warn "$duplicity cannot be kept from following the links of a forged set: if you do not trust the set, restore it as an ordinary user"
  watch=end_what_hangs
  if [[ -t 2 ]]; then
    run with_progress "${program[@]}" restore "${options[@]}" --verbosity=info --log-fd=3 "$url" "$to" || status=$?
  else
    run "${program[@]}" restore "${options[@]}" "$url" "$to" >"$run_dir/log" 2>&1 || status=$?
  fi
  watch=''
  [[ ! -e $run_dir/mismatch ]] || status=21
  [[ ! -e $run_dir/full ]] || die "$FAILED" "the disk is full, at $(safe "$(dirname -- "$out")") or $(safe "$run_dir")" \
    "choose a place with more room; the backup is ${size:-larger} packed, and more when unpacked"
  return "$status"
}

# end_what_hangs PID: duplicity tries for ten minutes and more to write onto a full disk. Where an increment is damaged
# it says so, and then waits for ever for the gpg that holds the volume of the full.
end_what_hangs() {
  local mark
  while sleep 1 && kill -0 "$1" 2>/dev/null; do
    if grep -aqs 'No space left on device\|Errno 28' "$run_dir/log"; then
      mark=full
    elif grep -aqs '^Invalid data - .* hash mismatch for file' "$run_dir/log"; then
      mark=mismatch
      sleep 3
    else
      continue
    fi
    kill -0 "$1" 2>/dev/null || return 0
    : >"$run_dir/$mark" || true
    end_tree "$1"
  done
}

# At verbosity info duplicity names every file; only what is needed to explain a failure is kept.
with_progress() {
  local status=0
  {
    "$@" 3>&4 4>&- 2>&1 | grep -av '^Writing \|^Deleting /\|^Import of \|^Processed volume ' >"$run_dir/log"
    status=${PIPESTATUS[0]}
  } 4> >(archive progress --bytes="${packed_bytes:-}")
  return "$status"
}

# cure_of_damage: from S3 the oldest versions may be whole; what was taken out already can only be salvaged
cure_of_damage() {
  if [[ -z ${from:-} ]]; then
    printf 'take the oldest versions: restore-set %s %s DIR, then restore %s --from DIR ...; or what can be had of it now: ' "$host" "$set_name" "$host"
  fi
  printf 'restore %s%s all OUT %s --keep-going' "$host" "$from_hint" "$set_name"
}

# explain_failure STATUS WHAT: why duplicity failed, in words, and what to do next
explain_failure() {
  local status=$1 what=$2 log=$run_dir/log
  ((status == 19)) || grep -av '^$\|^Args: ' "$log" 2>/dev/null | tail -n 4 | cut -c1-300 | LC_ALL=C tr -c '\n -~' '?' | sed "s/^/$name: duplicity: /" >&2 || true
  case $status in
    19) die "$NOT_FOUND" "$what is not in this backup" "see the names: restore $host${from_hint} list $set_name | grep NAME" ;;
    21) die "$DAMAGED" "a volume does not match its checksum: it was damaged or overwritten" "$(cure_of_damage)" ;;
    78) die "$DAMAGED" "the set $set_name is forged: a file in it would be written out of OUT, through a link" \
      "take one from before the break-in: restore-set $host --list" ;;
    35) die "$FAILED" "no room for temporary files" "set TMPDIR to a directory with more than 300 MB free" ;;
    50) die "$NO_S3" "S3 did not answer as it should" "check the network, then run it again" ;;
    31) if key_is_open; then
      die "$DAMAGED" "the backup cannot be decrypted with the key of $host" \
        "it may belong to an older key, or be overwritten: restore-set $host $set_name DIR"
    else
      die "$LOCKED" "the key of $host closed while it was in use" "run: set-passphrase $host --ttl 12h"
    fi ;;
    *)
      if grep -aq 'AssertionError\|KeyError' "$log" 2>/dev/null; then
        die "$DAMAGED" "duplicity stumbles over the objects of this backup" "$(cure_of_damage)"
      fi
      key_is_open || die "$LOCKED" "the key of $host is locked" "run: set-passphrase $host"
      die "$FAILED" "duplicity $duplicity_version failed with status $status" \
        "without duplicity: restore-set $host $set_name DIR, then restore-plain DIR $set_name OUT"
      ;;
  esac
}
