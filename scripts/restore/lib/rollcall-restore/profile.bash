# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with the commands and the other files beside this one
# Where a host's backups are and which key opens them.
#
# A profile is a directory of mode 0700: `profile` (KEY=VALUE, never run as shell), `credentials`
# (an AWS credentials file, 0600), `gnupg` (a keyring for this host alone, so that locking one
# host's key touches no other). A user's own profiles come first, then those of the system.

user_profiles=${XDG_CONFIG_HOME:-$HOME/.config}/rollcall-restore
system_profiles=${ROLLCALL_RESTORE_SYSTEM:-/etc/rollcall-restore}/hosts

valid_host() { [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._+=,@-]*$ && $1 != *..* ]]; }

# Names of all hosts that this user can restore, one a line.
known_hosts() {
  local file
  for file in "$user_profiles"/*/profile "$system_profiles"/*/profile; do
    [[ ! -f $file ]] || basename -- "$(dirname -- "$file")"
  done | sort -u
}

# read_value KEY: the value of KEY in the profile
read_value() { sed -n "s/^$1=//p" "$profile_dir/profile" | tail -n 1; }

# open_profile HOST ARGUMENTS...: sets host, bucket, ... and GNUPGHOME, or runs the command again
# with ARGUMENTS as the Unix user that the host's profile belongs to
open_profile() {
  local known owner credentials
  host=$1
  shift
  valid_host "$host" || usage_error "$(safe "$host") is no host name"
  profile_dir=$user_profiles/$host
  [[ -f $profile_dir/profile ]] || profile_dir=$system_profiles/$host
  if [[ ! -f $profile_dir/profile ]]; then
    known=$(known_hosts | paste -sd ' ')
    die "$NOT_FOUND" "no profile of a host $host" \
      "${known:+known hosts: $known; }add one with: restore-add-host $host --bucket B --region R --key FILE"
  fi
  [[ -r $profile_dir/profile ]] || die "$NOT_FOUND" "$profile_dir/profile is not for $(id -un) to read" "run it with sudo"
  owner=$(read_value user)
  [[ -z $owner || $owner == "$(id -un)" ]] || as_user "$owner" "$@"

  bucket=$(read_value bucket) region=$(read_value region) prefix=$(read_value prefix)
  endpoint=$(read_value endpoint) file_prefix=$(read_value file_prefix)
  fingerprint=$(read_value fingerprint)
  GNUPGHOME=$(read_value gnupghome)
  export GNUPGHOME=${GNUPGHOME:-$profile_dir/gnupg}
  [[ -n $bucket && -n $fingerprint ]] ||
    die "$NOT_FOUND" "$profile_dir/profile has no bucket= or no fingerprint=" "make it again with: restore-add-host $host ..."
  credentials=$profile_dir/credentials
  if [[ -e $credentials ]]; then
    [[ $(stat -c %a -- "$credentials") == ?00 ]] || die "$FAILED" "$credentials can be read by others" "run: chmod 600 $credentials"
    unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE AWS_DEFAULT_PROFILE || true
    export AWS_SHARED_CREDENTIALS_FILE=$credentials AWS_EC2_METADATA_DISABLED=true
  fi
  [[ -z $region ]] || export AWS_DEFAULT_REGION=$region AWS_REGION=$region
}

# as_user USER ARGUMENTS...: this command again, as USER with USER's home and a clean environment
as_user() {
  local owner=$1 home
  shift
  [[ $EUID -eq 0 ]] || die "$FAILED" "the profile of $host belongs to the user $owner" "run: sudo $name $host ..., or sudo -iu $owner"
  home=$(getent passwd "$owner" | cut -d: -f6) || true
  [[ -n $home ]] || die "$FAILED" "the user $owner of host $host does not exist" "run: restore-remove-host $host, then restore-add-host $host ... --front-desk"
  trap - EXIT
  exec runuser -u "$owner" -- env -i HOME="$home" USER="$owner" LOGNAME="$owner" SHELL=/bin/bash \
    PATH="$PATH" TERM="${TERM:-dumb}" LANG="${LANG:-C.UTF-8}" ${LC_ALL:+LC_ALL="$LC_ALL"} ${TZ:+TZ="$TZ"} \
    ROLLCALL_RESTORE_SYSTEM="${system_profiles%/hosts}" "$(readlink -f -- "$0")" "$@"
}
