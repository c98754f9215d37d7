# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with the commands and the other files next to this one
# Where a host's backups are and which key opens them.
#
# A profile is a directory of mode 0700: `profile` (KEY=VALUE, never run as shell), `credentials`
# (an AWS credentials file, 0600), `gnupg` (a keyring for this host alone, so that locking one
# host's key touches no other). A user's own profiles come first, then those of the system.

override='' # the endpoint that the command line names

user_profiles=${XDG_CONFIG_HOME:-$HOME/.config}/rollcall-restore
system_profiles=${ROLLCALL_RESTORE_SYSTEM:-/etc/rollcall-restore}/hosts

valid_host() { [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._+=,@-]*$ && $1 != *..* ]]; }

# Names of all hosts that this user can restore, one a line.
known_hosts() {
  local file theirs=''
  [[ -z $(sudo_home) ]] || theirs=$(sudo_home)/.config/rollcall-restore
  for file in "$user_profiles"/*/profile "$system_profiles"/*/profile ${theirs:+"$theirs"/*/profile}; do
    [[ ! -f $file ]] || basename -- "$(dirname -- "$file")"
  done | sort -u
}

home_of() { getent passwd "$1" | cut -d: -f6 || true; }

# Who says `sudo restore ...` means his own profiles, although root's home is another one.
sudo_home() { [[ $EUID -ne 0 || ${SUDO_USER:-root} == root ]] || home_of "$SUDO_USER"; }

# read_value KEY: the value of KEY in the profile
read_value() { sed -n "s/^$1=//p" "$profile_dir/profile" | tail -n 1; }

# find_profile HOST: sets host, profile_dir, and key_user when profile and key belong to another user
find_profile() {
  local known
  host=$1 key_user='' key_home=''
  valid_host "$host" || usage_error "$(safe "$host") is no host name"
  profile_dir=$user_profiles/$host
  [[ ! -f $profile_dir/profile ]] || return 0
  profile_dir=$system_profiles/$host
  if [[ -f $profile_dir/profile ]]; then
    key_user=$(read_value user)
    [[ -n $key_user || -r $profile_dir/profile ]] || die "$NOT_FOUND" "$profile_dir/profile is not for $(id -un) to read" "run it with sudo"
  elif [[ -n $(sudo_home) && -f $(sudo_home)/.config/rollcall-restore/$host/profile ]]; then
    key_user=$SUDO_USER
  else
    known=$(known_hosts | paste -sd ' ')
    die "$NOT_FOUND" "no profile of a host $host" \
      "${known:+known hosts: $known; }add one with: restore-add-host $host --bucket B --region R --key FILE"
  fi
  [[ -n $key_user ]] || return 0
  ((EUID == 0)) || die "$FAILED" "the profile of $host belongs to the user $key_user" "run: sudo $name $host ..., or sudo -iu $key_user"
  key_home=$(home_of "$key_user")
  [[ -n $key_home ]] || die "$FAILED" "the user $key_user of host $host does not exist" \
    "run: restore-remove-host $host, then restore-add-host $host ... --front-desk"
  profile_dir=$key_home/.config/rollcall-restore/$host
  [[ -f $profile_dir/profile ]] || die "$NOT_FOUND" "the user $key_user has no profile of $host" "run: restore-add-host $host ... --front-desk"
}

# open_profile HOST ARGUMENTS...: for what changes a key; runs the command again with ARGUMENTS as the key's user
open_profile() {
  find_profile "$1"
  shift
  [[ -z $key_user ]] || as_user "$key_user" "$@"
  load_profile
}

# use_profile HOST: for what reads backups; root stays root, and only gpg runs as the key's user
use_profile() {
  find_profile "$1"
  load_profile
  [[ -z $key_user ]] || wrap_gpg
}

# Sets bucket, region, prefix, endpoint, file_prefix and fingerprint, and exports what gpg and S3 need.
load_profile() {
  local credentials=$profile_dir/credentials
  bucket=$(read_value bucket) region=$(read_value region) prefix=$(read_value prefix)
  endpoint=${override:-$(read_value endpoint)} file_prefix=$(read_value file_prefix)
  endpoint_style=$(read_value endpoint_style) ca_bundle=$(read_value ca_bundle)
  fingerprint=$(read_value fingerprint)
  GNUPGHOME=$(read_value gnupghome)
  export GNUPGHOME=${GNUPGHOME:-$profile_dir/gnupg}
  [[ -n $bucket && -n $fingerprint ]] ||
    die "$NOT_FOUND" "$profile_dir/profile has no bucket= or no fingerprint=" "make it again with: restore-add-host $host ..."
  gpg=(gpg) gpg_program=gpg
  [[ -z $key_user ]] || gpg=(env -C / runuser -u "$key_user" -- env -i HOME="$key_home" USER="$key_user" LOGNAME="$key_user"
    PATH="$PATH" LC_ALL=C GNUPGHOME="$GNUPGHOME" gpg)
  if [[ -e $credentials ]]; then
    [[ $(stat -c %a -- "$credentials") == ?00 ]] || die "$FAILED" "$credentials can be read by others" "run: chmod 600 $credentials"
    use_credentials "$credentials"
  fi
  reach_store
  # newer boto3 asks for checksums that some services other than Amazon's do not have
  [[ -z $endpoint ]] || export AWS_REQUEST_CHECKSUM_CALCULATION=when_required AWS_RESPONSE_CHECKSUM_VALIDATION=when_required
  [[ -z $region ]] || export AWS_DEFAULT_REGION=$region AWS_REGION=$region
}

# reach_store: how the SDK comes to a store that is not Amazon's
reach_store() {
  [[ -z $ca_bundle ]] || export AWS_CA_BUNDLE=$ca_bundle
  # there is no variable for it
  [[ $endpoint_style != virtual ]] || export AWS_CONFIG_FILE=$virtual_style
}

virtual_style=$lib/virtual-style.conf
# in a clone the host kit has it; the installer puts it here
[[ -f $virtual_style ]] || virtual_style=$lib/../../../host/lib/rollcall-backup/virtual-style.conf

# use_credentials FILE: S3 is asked with these, and with no others
use_credentials() {
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE AWS_DEFAULT_PROFILE || true
  export AWS_SHARED_CREDENTIALS_FILE=$1 AWS_EC2_METADATA_DISABLED=true
}

# For programs that call gpg themselves it has to be one word.
wrap_gpg() {
  scratch
  gpg_program=$run_dir/gpg
  {
    printf '#!/bin/sh\nexec'
    printf ' %q' "${gpg[@]}"
    printf ' "$@"\n'
  } >"$gpg_program"
  chmod 700 "$gpg_program"
}

# as_user USER ARGUMENTS...: this command again, as USER with USER's home and a clean environment
as_user() {
  local owner=$1 home
  shift
  home=$(home_of "$owner")
  trap - EXIT
  exec runuser -u "$owner" -- env -i HOME="$home" USER="$owner" LOGNAME="$owner" SHELL=/bin/bash \
    PATH="$PATH" TERM="${TERM:-dumb}" LANG="${LANG:-C.UTF-8}" ${LC_ALL:+LC_ALL="$LC_ALL"} ${TZ:+TZ="$TZ"} \
    ROLLCALL_RESTORE_SYSTEM="${system_profiles%/hosts}" "$(readlink -f -- "$0")" "$@"
}
