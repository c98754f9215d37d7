# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with the commands and the other files next to this one
# The one secret of a restore: opened in gpg-agent's memory, closed by ending that agent.
#
# Needs GNUPGHOME and host (profile.bash). At import a probe is encrypted to each encryption subkey;
# whether the probe can be decrypted without asking says whether the key is open.

gpg=(gpg)
gpg_quietly() { "${gpg[@]}" --batch --quiet --no-tty "$@" 2>/dev/null; }

# key_is_open [GPG-OPTION...]: can a probe be decrypted now? Never asks.
key_is_open() {
  local probe
  for probe in "$GNUPGHOME"/rollcall-probe-*.gpg; do
    [[ -f $probe ]] || continue
    run gpg_quietly --pinentry-mode error --decrypt "$probe" >/dev/null && return 0
  done
  return 1
}

# open_key PASSPHRASE: 0 when it opens at least one probe; the agent then holds it
open_key() {
  local probe status=1
  for probe in "$GNUPGHOME"/rollcall-probe-*.gpg; do
    [[ -f $probe ]] || continue
    # printf is a builtin and <( ) a pipe: the passphrase is in no argument and on no disk
    gpg_quietly --pinentry-mode loopback --passphrase-fd 3 --decrypt "$probe" \
      3< <(printf '%s\n' "$1") >/dev/null && status=0
  done
  return "$status"
}

# The pids of the agents that serve GNUPGHOME; an agent started under another /run/user is seen too.
agents() {
  local pid home line
  [[ -d /proc/self ]] || return 0
  for pid in $(pgrep -x -u "$EUID" gpg-agent || true); do
    home=$HOME/.gnupg
    local words=()
    while IFS= read -r -d '' line; do words+=("$line"); done <"/proc/$pid/cmdline" 2>/dev/null || continue
    ((${#words[@]} > 0)) || continue # already dead
    local i
    for ((i = 0; i < ${#words[@]}; i++)); do
      [[ ${words[i]} != --homedir ]] || home=${words[i + 1]:-}
    done
    [[ $home -ef $GNUPGHOME ]] && printf '%s\n' "$pid"
  done
  return 0
}

# Ends every agent of GNUPGHOME and waits until it is gone.
kill_agent() {
  local pid tries
  gpgconf --kill gpg-agent 2>/dev/null || true
  # of gpg 2.4, where it keeps public keys
  gpgconf --kill keyboxd 2>/dev/null || true
  for pid in $(agents); do kill -TERM "$pid" 2>/dev/null || true; done
  for ((tries = 0; tries < 50; tries++)); do
    [[ -n $(agents) ]] || return 0
    sleep 0.1
  done
  for pid in $(agents); do kill -KILL "$pid" 2>/dev/null || true; done
}

# ask_passphrase PROMPT: sets passphrase, from the terminal or from a line on standard input
ask_passphrase() {
  if on_terminal; then
    IFS= read -rs -p "$1" passphrase </dev/tty || passphrase=''
    printf '\n' >&2
  else
    IFS= read -r passphrase || [[ -n $passphrase ]] || passphrase=''
  fi
}

# require_key: returns when the key is open; on a terminal it asks for the passphrase, else it stops
require_key() {
  key_is_open && return 0
  [[ -n $(compgen -G "$GNUPGHOME/rollcall-probe-*.gpg") ]] ||
    die "$NOT_FOUND" "the key of $host is not here ($GNUPGHOME)" "run: restore-add-host $host --bucket B --region R --key FILE"
  on_terminal || die "$LOCKED" "the key of $host is locked" "run: set-passphrase $host"
  input=0 run "${lib%/lib/*}/bin/set-passphrase" "$host" || exit $?
}
