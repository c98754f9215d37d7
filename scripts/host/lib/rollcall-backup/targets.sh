# shellcheck shell=sh
# shellcheck disable=SC2154 # shared with the commands and the other files next to this one
# Reads /etc/backup-targets as duplicity will, and finds what duplicity keeps silent about.
#
# Rules, in duplicity's order: the first that matches a path decides. A line is "+ PATH" or a bare
# PATH (saved), or "- PATH" (left out); "#" begins a comment line. A list whose last rule is not
# "- /" saves all of /; a path that does not exist is passed over without a word; an exclusion
# after the inclusion of its parent has no effect; a relative path ends the run.

never_saved='/proc /sys /dev /run'

# check_targets: tells every problem by problem and warning of preflight.sh
check_targets() {
  if [ ! -r "$targets" ]; then
    problem "$NOT_SET_UP" targets "$targets does not exist" "rollcall-backup-setup writes a first one; or list what to save there, and end it with: - /"
    return 0
  fi
  mode_ok "$targets" || problem "$NOT_SET_UP" targets "others than root can change $targets" "run: chown root: $targets && chmod 644 $targets"
  target_line=0 inclusions=0 included='' last_rule='' left_out=' '
  while IFS= read -r line || [ -n "$line" ]; do
    target_line=$((target_line + 1))
    line=${line#"${line%%[![:space:]]*}"} line=${line%"${line##*[![:space:]]}"}
    sign=+ rule=$line
    case $line in
      '' | '#'*) continue ;;
      '+ '*) rule=${line#'+ '} ;;
      '- '*) sign=- rule=${line#'- '} ;;
    esac
    case $rule in
      \"*\" | \'*\') rule=${rule#?} rule=${rule%?} ;;
    esac
    rule=${rule#ignorecase:}
    case $rule in /?*/) rule=${rule%/} ;; esac
    last_rule="$sign $rule"
    case $rule in
      /* | '**'*) check_target ;;
      *)
        problem "$NOT_SET_UP" targets "$targets:$target_line: $(safe "$rule") is no absolute path, and duplicity stops at it" \
          "write the whole path, from the first /"
        ;;
    esac
  done <"$targets"
  [ "$inclusions" -gt 0 ] ||
    problem "$NOT_SET_UP" targets "$targets lists nothing to save" "add a line such as: + /home"
  case $last_rule in
    '- /' | '- **' | '- /**') said ok "$targets: $inclusions paths to save, everything else left out" ;;
    *)
      problem "$NOT_SET_UP" targets "the last rule of $targets is not \"- /\": duplicity would save all of /" \
        "run: echo '- /' | sudo tee -a $targets"
      ;;
  esac
}

check_target() {
  if [ "$sign" = - ]; then
    check_exclusion
  else
    inclusions=$((inclusions + 1))
    check_inclusion
    included="$included$rule
"
  fi
}

check_exclusion() {
  for tree in $never_saved; do
    # shellcheck disable=SC2254 # the rule is a pattern
    case $tree in
      $rule | "${rule%'/**'}") left_out="$left_out$tree " ;;
      *) [ "$rule" != / ] || left_out="$left_out$tree " ;;
    esac
  done
  while IFS= read -r parent; do
    case $rule in
      "${parent:-/dev/null}" | "${parent:-/dev/null}"/*)
        warning targets "$targets:$target_line: \"- $(safe "$rule")\" has no effect, $(safe "$parent") was listed before it" \
          "move it above that line"
        return 0
        ;;
    esac
  done <<END
$included
END
}

check_inclusion() {
  for tree in $never_saved; do
    case $left_out in *" $tree "*) continue ;; esac
    # shellcheck disable=SC2254 # the rule is a pattern
    case $tree in
      $rule) reaches=yes ;;
      *) case $rule in / | '**'* | "$tree"/*) reaches=yes ;; *) reaches=no ;; esac ;;
    esac
    [ "$reaches" = no ] && continue
    problem "$NOT_SET_UP" targets "$targets:$target_line: \"$(safe "$rule")\" reaches $tree, which the kernel makes up and nobody can restore" \
      "put this above it: - $tree"
    return 0
  done
  case $rule in
    *'**'*) ;; # across directories: only a walk could tell
    *[*?[]*)
      # the same meaning as in the shell: within one directory
      IFS='
'
      # shellcheck disable=SC2086 # expanded on purpose
      set -- $rule
      unset IFS
      [ -e "$1" ] || [ -L "$1" ] ||
        warning targets "$targets:$target_line: $(safe "$rule") matches nothing" "is that what you want?"
      ;;
    *)
      [ -e "$rule" ] || [ -L "$rule" ] ||
        warning targets "$targets:$target_line: $(safe "$rule") does not exist, so it is not saved" "correct the path, or remove the line"
      ;;
  esac
}
