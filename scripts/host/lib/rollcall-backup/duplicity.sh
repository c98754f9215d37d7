# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # shared with the commands and the other files next to this one
# Runs duplicity so that it never needs a secret key, a passphrase or what a past run left behind.
#
# `full` itself only encrypts. What asks for a passphrase is duplicity's wish to know every set
# that is on S3 in its cache: it fetches and decrypts what the cache lacks. So each run has an
# empty archive directory of its own, asks duplicity which names it would fetch (a dry run of an
# empty directory needs no key), and lays an empty file under each name; only names are compared.
# With no cache there is nothing to resume either: every set begins when its name says. From 3.1 on
# there is an option for all that. An increment needs a cache of its chain: chain.sh lays that.

# Its environment is the same by hand, from cron and from systemd, whatever HOME, directory,
# AWS profile or proxy the caller has. In a session of its own, so that end_child ends all of it.
in_clean_environment() {
  # for the style there is no variable
  sdk_config=/dev/null
  [ "$ENDPOINT_STYLE" != virtual ] || sdk_config=$libdir/virtual-style.conf
  set -- PATH="$PATH" HOME="$work" LC_ALL=C TMPDIR="$work/t" GNUPGHOME="$work/gpg" \
    AWS_SHARED_CREDENTIALS_FILE="$credentials" AWS_CONFIG_FILE="$sdk_config" AWS_EC2_METADATA_DISABLED=true \
    AWS_DEFAULT_REGION="$REGION" AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=20 PYTHONDONTWRITEBYTECODE=1 "$@"
  [ -z "$HTTPS_PROXY" ] || set -- HTTPS_PROXY="$HTTPS_PROXY" "$@"
  [ -z "$CA_BUNDLE" ] || set -- AWS_CA_BUNDLE="$CA_BUNDLE" "$@"
  # newer boto3 adds checksums that some services other than Amazon's refuse
  [ -z "$ENDPOINT_URL" ] || set -- AWS_REQUEST_CHECKSUM_CALCULATION=when_required AWS_RESPONSE_CHECKSUM_VALIDATION=when_required "$@"
  cd / && exec setsid env -i "$@" </dev/null
}

# keyring FILE: gpg_of_run sees this key and no other, and starts no agent
keyring() { cp "$1" "$work/gpg/rollcall.gpg" && chmod 600 "$work/gpg/rollcall.gpg"; }

keyring_options='--no-default-keyring --keyring rollcall.gpg --trust-model=always --no-autostart'

gpg_of_run() {
  # shellcheck disable=SC2086 # several options
  GNUPGHOME=$work/gpg gpg --batch --no-tty --quiet $keyring_options "$@"
}

# probe_recipient: prints the id of the subkey that gpg encrypts to
probe_recipient() {
  printf 'probe\n' | gpg_of_run --encrypt --recipient "$FINGERPRINT" >"$work/probe" 2>/dev/null || return 1
  gpg_of_run --list-only --list-packets "$work/probe" 2>/dev/null |
    sed -n 's/^:pubkey enc packet:.* keyid \([0-9A-F]\{16\}\).*/\1/p' | grep . || return 1
}

duplicity_version() {
  (in_clean_environment "$DUPLICITY" --version) 2>/dev/null </dev/null | sed -n 's/^duplicity \([0-9][0-9A-Za-z.+~-]*\).*/\1/p' | head -n 1
}

# The Python that duplicity runs on is the one that needs boto3: by its first line.
duplicity_python() {
  first_line=$(head -c 200 "$DUPLICITY" | head -n 1 | tr -d '\000')
  case $first_line in
    '#!'*python*) ;;
    '#!/bin/sh')
      # how pip writes a path that is too long for a first line
      first_line=$(sed -n "2s/^'''exec' *\"*\([^\" ]*python[^\" ]*\).*/\1/p" "$DUPLICITY")
      echo "${first_line:-/usr/bin/python3}" && return 0
      ;;
    *) echo /usr/bin/python3 && return 0 ;;
  esac
  first_line=${first_line#'#!'}
  first_line=${first_line#"${first_line%%[! ]*}"}
  case $first_line in
    */env\ *) command -v "${first_line##* }" || echo /usr/bin/python3 ;;
    *) echo "${first_line%% *}" ;;
  esac
}

# look_s3 look|whole ...: asks S3 with the host's own credentials; answers to work/looked, work/trouble
look_s3() {
  look_for=$1
  shift
  in_background "$work/looked" "$work/trouble" in_clean_environment "$(duplicity_python)" "$libdir/s3.py" \
    "$look_for" "$BUCKET" "$PREFIX/" "$FILE_PREFIX" "${ENDPOINT_URL:--}" "$credentials" "$@"
}

# duplicity_of_targets ARGUMENT...: a set of what is listed, by action. The scratch of this kit and the
# files of its chain are left out.
duplicity_of_targets() {
  for scratch in "$work" $(own_scratch); do set -- --exclude "$scratch" "$@"; done
  # by the name that duplicity meets it by
  [ ! -d "$archive" ] || set -- --exclude "$(readlink -f -- "$archive")" "$@"
  run_duplicity "$action" --allow-source-mismatch "$@" --include-filelist "$targets" / "$url"
}

# run_duplicity full|incremental ARGUMENT...: never returns. It keeps the lock, so that a run whose shell was
# killed still counts as one at work.
run_duplicity() {
  act=$1
  shift
  [ -z "$FILE_PREFIX" ] || set -- --file-prefix "$FILE_PREFIX" "$@"
  [ -z "$ENDPOINT_URL" ] || set -- --s3-endpoint-url "$ENDPOINT_URL" "$@"
  if ignores_the_past || { [ "$act" = incremental ] && knows_no_check_remote; }; then
    # and without --use-agent it begins by a symmetric encryption through an agent, which there is none of
    set -- --use-agent --no-check-remote "$@"
  fi
  # with no permission to read, the check of a volume's size is refused: do not wait 2 minutes for each
  set -- "$act" --archive-dir "$work/arch" --name s --tempdir "$work/t" --encrypt-key "$FINGERPRINT" \
    --gpg-options="$keyring_options" --num-retries 2 --backend-retry-delay 1 --volsize "$VOLSIZE_MB" \
    --gpg-binary "$libdir/sending-gpg" --s3-multipart-chunk-size 20 "$@"
  set -- env ROLLCALL_SENT="$work/sent" ROLLCALL_PYTHON="$(duplicity_python)" "$DUPLICITY" "$@"
  # empty, and there for 3.0.6, which asks for a passphrase before an increment though it needs none
  [ "$act" = full ] || set -- env PASSPHRASE= "$@"
  # it keeps a file open for each set of a chain, and more
  files=$(prlimit --noheadings --raw --output HARD --nofile 2>/dev/null) || files=''
  case $files in '' | unlimited | ????*) files=4096 ;; esac
  if prlimit --nofile="$files:" true 2>/dev/null; then set -- prlimit --nofile="$files:" "$@"; fi
  if ionice -c 3 true 2>/dev/null; then set -- ionice -c 3 "$@"; fi
  # one that hangs would hold the lock, and every later call would think it at work
  in_clean_environment timeout -k 60 20h nice -n 10 "$@"
}

# From 3.1 on duplicity can be told not to look at what is in the bucket. From 3.2 on it must be: it
# deletes what a killed run left behind, and when that is refused it tries again without end.
ignores_the_past() {
  case $version in
    0.* | 1.* | 2.* | 3.0.*) return 1 ;;
  esac
}

# 3.0.6 reads the last manifest on S3 before an increment, if it is not told to leave that. Earlier
# ones do so only with a passphrase.
knows_no_check_remote() { (in_clean_environment "$DUPLICITY" --help) 2>/dev/null | grep -q -- --no-check-remote; }

# lay_stand_ins: an empty file for each name that duplicity would fetch; 0, or duplicity's status
lay_stand_ins() {
  ! ignores_the_past || return 0
  status=0
  in_background "$work/dry" "$work/dry" run_duplicity full --dry-run --no-print-statistics "$work/empty" "$url" || status=$?
  [ "$status" = 0 ] || return "$status"
  prefix_pattern=$(printf '%s' "$FILE_PREFIX" | sed 's/\./\\./g')
  grep -Eax "$prefix_pattern(duplicity-(full|inc)\.[0-9A-Za-z.]+\.manifest|duplicity-(full|new)-signatures\.[0-9A-Za-z.]+\.sigtar|d[fi]\.[0-9a-z.]+\.m|d(fs|ns)\.[0-9a-z.]+\.st)(\.[0-9A-Za-z._~-]*)?" \
    "$work/dry" | sort -u >"$work/need" || :
  while IFS= read -r file; do
    case $file in
      *.gpg | *.gz | *.part) base=${file%.*} ;;
      *.g | *.z) base=${file%.*} ;;
      *) base=$file ;;
    esac
    case $file in
      *.manifest* | *.m | *.m.*) : >"$work/arch/s/$base" ;;
      *) gzip -nc </dev/null >"$work/arch/s/$base.gz" ;;
    esac
  done <"$work/need"
}

# in_background OUT ERR COMMAND...: waits for COMMAND so that a signal to this shell is heard at once.
# The files are for COMMAND alone: a trap of this shell speaks where the shell does.
in_background() {
  out_file=$1 err_file=$2
  shift 2
  if [ "$out_file" = "$err_file" ]; then
    "$@" >"$out_file" 2>&1 &
  else
    "$@" >"$out_file" 2>"$err_file" &
  fi
  child=$!
  child_status=0
  wait "$child" || child_status=$?
  child=''
  return "$child_status"
}

# end_child: TERM, ten seconds, KILL
end_child() {
  [ -n "${child:-}" ] || return 0
  kill -TERM "-$child" 2>/dev/null || kill -TERM "$child" 2>/dev/null || :
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    kill -0 "-$child" 2>/dev/null || break
    sleep 0.5
  done
  kill -KILL "-$child" 2>/dev/null || :
  wait "$child" 2>/dev/null || :
  child=''
}

# The manifest of the set that this run wrote: the one in the archive directory that is no stand-in,
# and no link to a kept one.
written_manifest() {
  for file in "$work/arch/s/${FILE_PREFIX}duplicity-full."*.manifest "$work/arch/s/${FILE_PREFIX}duplicity-inc."*.manifest; do
    if [ -s "$file" ] && [ ! -L "$file" ]; then
      printf '%s' "${file##*/}"
      return 0
    fi
  done
  return 1
}
