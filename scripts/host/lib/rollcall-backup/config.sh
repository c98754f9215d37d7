# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # shared with the commands and the other files next to this one
# Reads /etc/rollcall-backup/config: KEY=VALUE, parsed and never run.

known_keys='HOST BUCKET REGION FINGERPRINT PREFIX FILE_PREFIX ENDPOINT_URL ENDPOINT_STYLE HOUR FULL_EVERY VOLSIZE_MB TEMP_DIR DUPLICITY HTTPS_PROXY CA_BUNDLE REQUIRE_MOUNTED CHECKSUMS STRONG_KEY'

# config_problem TEXT: one mistake; all of them are told before the command stops
config_problem() {
  error "$1"
  config_problems=$((config_problems + 1))
}

default_config() {
  HOST='' BUCKET='' REGION='' FINGERPRINT='' PREFIX='' FILE_PREFIX='' ENDPOINT_URL='' ENDPOINT_STYLE='' HOUR=2 FULL_EVERY='' VOLSIZE_MB=200
  TEMP_DIR=$state DUPLICITY='' HTTPS_PROXY='' CA_BUNDLE='' REQUIRE_MOUNTED='' CHECKSUMS='' STRONG_KEY=''
}

# read_config: sets one variable per key, and url and target
read_config() {
  default_config
  [ -e "$config" ] || die "$NOT_SET_UP" "$config does not exist" "run rollcall-backup-setup first; on AWS, rollcall add-host prints the line"
  [ -r "$config" ] || die "$NOT_SET_UP" "cannot read $config" "run it with sudo"
  config_problems=0
  parse_config
  check_config
  [ "$config_problems" = 0 ] ||
    die "$NOT_SET_UP" "$config has $config_problems mistake(s)" "correct it: each mistake is named above; what is absent, rollcall-backup-setup writes"
}

parse_config() {
  config_line=0 config_seen=' '
  while IFS= read -r line || [ -n "$line" ]; do
    config_line=$((config_line + 1))
    line=${line#"${line%%[![:space:]]*}"} line=${line%"${line##*[![:space:]]}"}
    case $line in
      '' | '#'*) continue ;;
      *=*) read_config_line "${line%%=*}" "${line#*=}" ;;
      *) config_problem "$config:$config_line: not KEY=VALUE" ;;
    esac
  done <"$config"
}

read_config_line() {
  case $known_keys in
    "$1" | "$1 "* | *" $1" | *" $1 "*) ;;
    *)
      config_problem "$config:$config_line: unknown key $(safe "$1")"
      hint "the keys are: $known_keys"
      return 0
      ;;
  esac
  case $1 in *' '* | '') config_problem "$config:$config_line: not KEY=VALUE" && return 0 ;; esac
  case $config_seen in *" $1 "*) config_problem "$config:$config_line: $1 is there twice" ;; esac
  config_seen="$config_seen$1 "
  value=$2
  case $value in
    \"*\" | \'*\') value=${value#?} value=${value%?} ;;
  esac
  # the key is one of known_keys, so this can set nothing else
  eval "$1=\$value"
}

check_config() {
  valid_host "$HOST" || config_problem "HOST must be the host's name in the config, as in hosts.yml"
  valid_bucket "$BUCKET" || config_problem "BUCKET must be the bucket's name alone"
  valid_region "$REGION" "$ENDPOINT_URL" || config_problem "REGION must look like eu-west-1; with ENDPOINT_URL it has letters, digits and -, as the store calls it"
  valid_fingerprint "$FINGERPRINT" || config_problem "FINGERPRINT must be the 40 hex digits of the public key"
  [ -n "$PREFIX" ] || PREFIX=$HOST
  [ "$PREFIX" = "$HOST" ] || valid_prefix "$PREFIX" || config_problem "PREFIX must be a path in the bucket without leading or trailing slash"
  case $FILE_PREFIX in *[!A-Za-z0-9._-]*) config_problem "FILE_PREFIX may have letters, digits and . _ - only" ;; esac
  valid_url "$ENDPOINT_URL" || config_problem "ENDPOINT_URL must begin with https:// or http://"
  case $ENDPOINT_STYLE in '' | path | virtual) ;; *) config_problem "ENDPOINT_STYLE can be path or virtual: the bucket is a part of the store's name" ;; esac
  case $HOUR in
    [0-9] | 1[0-9] | 2[0-3]) ;;
    0[0-9]) HOUR=${HOUR#0} ;;
    *)
      config_problem "HOUR must be 0 to 23: nightly runs begin at this hour"
      HOUR=2
      ;;
  esac
  if ! valid_full_every "$FULL_EVERY"; then
    config_problem "FULL_EVERY=$(safe "$FULL_EVERY") must be 2d to 366d: so many days after a full the next one is made"
    hint "write FULL_EVERY=31d, and in hosts.yml $(safe "$HOST"): { chain: { fullEvery: 31d } }; without the line every run is a full"
    FULL_EVERY=''
  fi
  case $VOLSIZE_MB in
    [1-9] | [1-9][0-9] | [1-9][0-9][0-9] | [1-9][0-9][0-9][0-9]) ;;
    *) config_problem "VOLSIZE_MB must be 1 to 9999" ;;
  esac
  # duplicity meets it by its real name, so that is what it must be left out by
  value=$(readlink -f -- "$TEMP_DIR") || value=''
  case $TEMP_DIR:$value in [!/]* | *:) ;; *) TEMP_DIR=$value ;; esac
  case $CHECKSUMS in '' | sizes) ;; *) config_problem "CHECKSUMS can be \"sizes\" alone: what S3 says of contents is then not compared" ;; esac
  case $STRONG_KEY in '' | accepted) ;; *) config_problem "STRONG_KEY can be \"accepted\" alone: the key may do more than append" ;; esac
  # a pattern would require what is there alone
  case $REQUIRE_MOUNTED in *[*?[]*) config_problem "REQUIRE_MOUNTED takes no patterns: name each mount point" && REQUIRE_MOUNTED='' ;; esac
  # REQUIRE_MOUNTED is a list, split at blanks
  # shellcheck disable=SC2086
  for value in "$TEMP_DIR" "${DUPLICITY:-/}" "${CA_BUNDLE:-/}" $REQUIRE_MOUNTED; do
    case $value in
      *[!A-Za-z0-9/._+@-]* | [!/]*) config_problem "$(safe "$value") must be a plain absolute path" ;;
    esac
  done
  valid_url "$HTTPS_PROXY" || config_problem "HTTPS_PROXY must begin with http:// or https://"
  # config can be read by everybody
  case $HTTPS_PROXY in *@*) config_problem "HTTPS_PROXY must not hold a password: everybody can read $config" ;; esac
  # boto3+s3:// is what every version since 0.8.11 understands
  url=boto3+s3://$BUCKET/$PREFIX
  target=s3://$BUCKET/$PREFIX/
  [ -n "$DUPLICITY" ] || DUPLICITY=$(find_duplicity)
}

# make_key: what makes a key for this host, in a hint
make_key() {
  # python3 is there wherever duplicity is
  if python3 -I "$libdir/refusals.py" "$ENDPOINT_URL"; then
    printf 'rollcall add-host %s' "$HOST"
  else
    printf 'by the tools of the store, one that may list s3://%s and put objects below %s/, and not delete' "$BUCKET" "$PREFIX"
  fi
}

# The rules of hosts.yml for a name; a slash is allowed as there.
valid_host() {
  case $1 in
    '' | *[!A-Za-z0-9_+=,.@/-]* | [!A-Za-z0-9]* | */ | */[!A-Za-z0-9]*) return 1 ;;
  esac
  [ "${#1}" -le 64 ]
}
valid_bucket() {
  case $1 in *[!a-z0-9.-]* | [!a-z0-9]* | *[!a-z0-9]) return 1 ;; esac
  [ "${#1}" -ge 3 ] && [ "${#1}" -le 63 ]
}
# valid_region REGION ENDPOINT: of another store than Amazon's whatever the SDK takes
valid_region() {
  case $1 in '' | *[!A-Za-z0-9-]* | -* | *-) return 1 ;; *[!0-9]*) ;; *) return 1 ;; esac
  case $2:$1 in :*[!a-z0-9-]*) return 1 ;; esac
}
valid_fingerprint() {
  case $1 in *[!0-9A-F]*) return 1 ;; esac
  [ "${#1}" = 40 ] || [ "${#1}" = 64 ]
}
# The words and the bounds of fullEvery in hosts.yml, and no other of duplicity's.
valid_full_every() {
  case $1 in
    '') ;;
    [1-9]d | [1-9][0-9]d | [1-9][0-9][0-9]d) [ "${1%d}" -ge 2 ] && [ "${1%d}" -le 366 ] ;;
    *) return 1 ;;
  esac
}
valid_prefix() {
  case $1 in '' | /* | */ | *//* | *[!A-Za-z0-9_+=,.@/-]* | . | .. | ./* | ../* | */. | */.. | */./* | */../*) return 1 ;; esac
}
valid_url() {
  case $1 in
    '') ;;
    *[[:space:][:cntrl:]]*) return 1 ;;
    https://?* | http://?*) ;;
    *) return 1 ;;
  esac
}

# /usr/bin/duplicity, whatever else is earlier in PATH: that is the one python3-boto3 belongs to.
find_duplicity() {
  if [ -x /usr/bin/duplicity ]; then
    echo /usr/bin/duplicity
  else
    command -v duplicity || :
  fi
}
