# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # shared with the commands and the other files next to this one
# What can be known before a backup begins. `check` prints every line, `run` only what is wrong.

problems=0 warnings=0 first_status=0 first_reason=''

# said ok TEXT
said() { [ "${talkative:-no}" = no ] || printf '%-8s %s\n' "$1" "$2"; }

# problem STATUS REASON TEXT HINT: no backup can be made; REASON is one word for the outcome line
problem() {
  problems=$((problems + 1))
  if [ "$problems" = 1 ]; then first_status=$1 first_reason=$2; fi
  if [ "${talkative:-no}" = yes ]; then
    printf '%-8s %s\n         do: %s\n' error "$3" "$4"
  else
    error "$3"
    hint "$4"
  fi
}

# warning REASON TEXT HINT: the backup is made all the same, and its outcome is WARN
warning() {
  warnings=$((warnings + 1))
  [ -n "${warned_of:-}" ] || warned_of=$1
  if [ "${talkative:-no}" = yes ]; then
    printf '%-8s %s\n         do: %s\n' warning "$2" "$3"
  else
    warn "$2"
    hint "$3"
  fi
}

# preflight list|check: all checks but S3; needs work, a directory of this run. With `check` the disk is looked
# at too, for each line of the targets
preflight() {
  said ok "$config: $HOST backs up to $target in $REGION"
  check_programs
  [ "$problems" != 0 ] || check_targets "$1"
  check_mounts
  check_key
  check_credentials
  check_space
  check_hooks
}

check_programs() {
  if [ -z "$DUPLICITY" ] || [ ! -x "$DUPLICITY" ]; then
    problem "$NOT_INSTALLED" duplicity "${DUPLICITY:-duplicity} is not installed" "run: apt install duplicity python3-boto3 gnupg"
    return 0
  fi
  for program in gpg:gnupg gzip:gzip flock:util-linux setsid:util-linux; do
    command -v "${program%:*}" >/dev/null 2>&1 ||
      problem "$NOT_INSTALLED" "${program%:*}" "${program%:*} is not installed" "run: apt install ${program#*:}"
  done
  version=$(duplicity_version)
  case $version in
    '') problem "$NOT_INSTALLED" duplicity "$DUPLICITY --version says nothing that can be read" "run: $DUPLICITY --version" && return 0 ;;
    0.[0-7].* | 0.8.[0-9] | 0.8.1[0-6] | 0.8.[0-9][!0-9]* | 0.8.1[0-6][!0-9]*)
      problem "$NOT_INSTALLED" duplicity "duplicity $version is too old; 0.8.17 is the first that works" "upgrade the system, or install a newer duplicity and name it in $config: DUPLICITY=/path"
      return 0
      ;;
  esac
  python=$(duplicity_python)
  if boto3=$(in_clean_environment "$python" -c 'import boto3; print(boto3.__version__)' 2>/dev/null); then
    said ok "duplicity $version ($DUPLICITY), boto3 $boto3"
  else
    problem "$NOT_INSTALLED" boto3 "duplicity runs on $python, and there is no boto3 for it" "run: apt install python3-boto3"
  fi
}

# check_key: the public key is the one in config, and gpg will encrypt to it
check_key() {
  if [ ! -r "$public_key" ]; then
    problem "$NOT_SET_UP" key "$public_key does not exist" "run rollcall-backup-setup with --public-key FILE"
    return 0
  fi
  mode_ok "$public_key" || problem "$NOT_SET_UP" key "others than root can change $public_key" "run: chown root: $public_key && chmod 644 $public_key"
  keyring "$public_key"
  if ! gpg_of_run --with-colons --fingerprint --list-keys "$FINGERPRINT" >"$work/key" 2>/dev/null ||
    ! awk -F: -v want="$FINGERPRINT" '$1 == "pub" { p = 1 } $1 == "fpr" && p { p = 0; if ($10 == want) ok = 1 } END { exit !ok }' "$work/key"; then
    ! keyboxd_is_why || return 0
    problem "$NOT_SET_UP" key "the key in $public_key is not $FINGERPRINT" "run rollcall-backup-setup again with the right --public-key and --fingerprint"
    return 0
  fi
  if ! recipient=$(probe_recipient); then
    problem "$NOT_SET_UP" key "gpg will not encrypt to $FINGERPRINT: $(key_trouble)" \
      "is this host's clock right? It says $(date +%Y-%m-%d). Else make a new key with rollcall-keygen and run rollcall-backup-setup"
    return 0
  fi
  said ok "key $FINGERPRINT, encrypting to subkey $recipient"
  # not of a subkey that gpg does not encrypt to, such as one that was replaced
  expires=$(awk -F: -v used="$recipient" '($1 == "pub" || ($1 == "sub" && $5 == used)) && $7 > 0 { if (!m || $7 < m) m = $7 } END { print m }' "$work/key")
  if [ -n "$expires" ] && [ "$expires" -lt $(($(date +%s) + 30 * 86400)) ]; then
    warning key "the key expires in $(((expires - $(date +%s)) / 86400)) days, and backups end with it" "extend it where the secret key is, and run rollcall-backup-setup again"
  fi
}

# keyboxd_is_why: whether the reason is gpg 2.4 with keys in a service
keyboxd_is_why() {
  common=$(gpgconf --list-dirs sysconfdir 2>/dev/null)/common.conf
  grep -qs '^[[:space:]]*use-keyboxd' "$common" || return 1
  problem "$NOT_SET_UP" key "$common has use-keyboxd, so gpg keeps keys in a service and reads none from a file" \
    "take that line out: sed -i '/use-keyboxd/d' $common; keys that the service holds: gpg --export first"
}

key_trouble() {
  case $(awk -F: '$1 == "pub" || ($1 == "sub" && $12 ~ /e/) { print $2 }' "$work/key" | tr -d '\n') in
    *e*) echo "it has expired" ;;
    *r*) echo "it has been revoked" ;;
    *) echo "it has no encryption subkey that works" ;;
  esac
}

check_credentials() {
  if [ ! -r "$credentials" ]; then
    problem "$NOT_SET_UP" credentials "$credentials does not exist" "run rollcall-backup-setup with --credentials"
  elif ! mode_ok "$credentials" private; then
    problem "$NOT_SET_UP" credentials "others than root can read or change $credentials" "run: chown root: $credentials && chmod 600 $credentials"
  else
    said ok "$credentials: for root alone"
    ! grep -q '^aws_session_token' "$credentials" ||
      warning credentials "$credentials has a session token: it expires, and no backup is made from then on" "make a key for the host: $(make_key)"
  fi
}

check_space() {
  place=$TEMP_DIR
  # its own directory is made by the first run
  [ -d "$state" ] || [ "$place" != "$(readlink -f -- "$state")" ] || place=${place%/*}
  if [ ! -d "$place" ] || [ ! -w "$place" ]; then
    problem "$NOT_SET_UP" space "$place is no directory that can be written to" \
      "run: mkdir -p $place; if it is there: is its disk read-only? Or name another TEMP_DIR in $config"
    return 0
  fi
  # duplicity asks for one volume and 30 % of one; signatures lie here plain, and once more encrypted
  space_needed=$((VOLSIZE_MB * 1331 + $(signature_bytes) * 5 / 2048))
  space_free=$(df -Pk "$place" 2>/dev/null | awk 'END { print $4 }')
  case $space_free in
    '' | *[!0-9]*) warning space "cannot tell how much space is free in $TEMP_DIR" "look: df $TEMP_DIR" ;;
    *)
      if [ "$space_free" -lt "$space_needed" ]; then
        problem "$NO_SPACE" space "$TEMP_DIR has $((space_free / 1024)) MiB free; a run needs $((space_needed / 1024 + 1)) MiB" \
          "make space, or set TEMP_DIR (another disk) or VOLSIZE_MB (smaller volumes) in $config"
      else
        said ok "$TEMP_DIR has $((space_free / 1024)) MiB free, $((space_needed / 1024 + 1)) needed"
      fi
      ;;
  esac
}

# check_mounts: an empty mount point would be saved as it is, empty
check_mounts() {
  for place in $REQUIRE_MOUNTED; do
    if mountpoint -q "$place"; then
      said ok "$place is mounted"
    else
      problem "$NOT_SET_UP" mount "$place is not mounted, and $config requires it (REQUIRE_MOUNTED)" "run: mount $place; then: rollcall-backup run"
    fi
  done
}

# signature_bytes: those of the last set; not known, half a percent of what is saved
signature_bytes() {
  known=$(read_state last-success signatures)
  if [ -n "$known" ]; then
    echo "$known"
  else
    known=$(read_state last-success source)
    echo $((${known:-0} / 200))
  fi
}

check_hooks() {
  for hook in pre-backup on-failure; do
    if [ ! -e "$etc/$hook" ] && [ -L "$etc/$hook" ]; then
      warning hook "$etc/$hook is a link to $(safe "$(readlink -- "$etc/$hook")"), which is not there, so nothing is run" "make the link anew, or remove it"
    elif [ -e "$etc/$hook" ] && [ ! -x "$etc/$hook" ]; then
      warning hook "$etc/$hook is not executable, so it is not run" "run: chmod 755 $etc/$hook; or move it away"
    fi
    [ -x "$etc/$hook" ] || continue
    if mode_ok "$etc/$hook"; then
      said ok "hook $etc/$hook"
    else
      problem "$NOT_SET_UP" hook "others than root can change $etc/$hook, and root would run it" "run: chown root: $etc/$hook && chmod 755 $etc/$hook"
    fi
  done
}

# check_s3: the bucket can be listed with these credentials, and the clocks agree
check_s3() {
  if [ -n "$CA_BUNDLE" ] && [ ! -r "$CA_BUNDLE" ]; then
    problem "$NOT_SET_UP" tls "cannot read $CA_BUNDLE, which $config names as CA_BUNDLE" "give the certificate again: rollcall-backup-setup --ca-bundle FILE.pem"
    return 0
  fi
  look_s3 look || {
    s3_problem
    return 0
  }
  said ok "$target can be listed"
  skew=$(sed -n 's/^skew=//p' "$work/looked")
  case ${skew#-} in
    '' | *[!0-9]*) ;;
    *)
      if [ "${skew#-}" -gt 60 ]; then
        warning clock "this host's clock is $skew s off" "run: timedatectl set-ntp true; S3 refuses all at 900 s"
      else
        said ok "the clock agrees with S3's to a minute"
      fi
      ;;
  esac
}

# check_limits: what a host's key must not do. `check` alone asks: in a night's run it would look like an attack.
check_limits() {
  look_s3 limits || return 0
  more=$(sed -n 's/^allowed=//p' "$work/looked" | paste -sd ' ')
  untold=$(sed -n 's/^untold=//p' "$work/looked" | paste -sd ',')
  if [ -z "$more$untold" ]; then
    said ok "the key can neither read the bucket's policy nor its old versions"
  elif [ "$STRONG_KEY" = accepted ]; then
    said note "the key can do more than append (${more:-the store does not tell}), which $config accepts (STRONG_KEY)"
  elif [ -z "$more" ]; then
    warning strongkey "the store does not tell whether the key can do more than append ($untold)" \
      "look by its own tools: the key must not delete. Then write STRONG_KEY=accepted into $config"
  else
    warning strongkey "the key can do more than append: $more" "give the host one of its own: $(make_key); or write STRONG_KEY=accepted into $config"
  fi
}

s3_problem() { problem "$NO_S3" "$(sed -n 's/^reason=//p' "$work/trouble")" "$(s3_trouble)" "$(sed -n 's/^do=//p' "$work/trouble")"; }

s3_trouble() {
  trouble=$(sed -n 's/^error=//p' "$work/trouble")
  # the helper itself failed: its last line is all there is
  [ -n "$trouble" ] || trouble="cannot look into S3: $(tail -n 1 "$work/trouble")"
  printf '%s' "$trouble"
}
