#!/usr/bin/python3
"""Says what a list of targets selects, by duplicity's own selection, and what was saved, by its own signatures.

selection.py list TARGETS              mistakes that no backup may begin with
selection.py check TARGETS             also each line that would save nothing, and why
selection.py paths TARGETS             all that would be saved, each path ended by a NUL, and nothing else
selection.py saved TARGETS SIGTAR...   what a set has: of a full its archive of signatures, of an
                                       increment those of its chain in order; prints files=N too

Prints one line each, separated by tabs: error|warning|note TEXT DO; and inclusions=N. Needs the Python
that duplicity runs on, and reads names only. Exit status: 0 done, 3 this duplicity cannot be asked.
"""

import os
import re
import sys
import tarfile
from collections import namedtuple

NEVER_SAVED = ("/proc", "/sys", "/dev", "/run")


def main():
    task, targets, *archives = sys.argv[1:]
    saved = Saved(archives) if task == "saved" else None
    try:
        selection = Selection(targets, tell=task == "list")
        if task == "list":
            selection.find_mistakes()
        if task == "check":
            selection.find_useless_exclusions()
        if task == "paths":
            selection.write_paths()
        elif task != "list":
            for rule in selection.inclusions():
                selection.judge(rule, saved or OnDisk(selection))
    except (ImportError, AttributeError, TypeError) as cause:
        print(f"cannot ask this duplicity what it selects: {cause}", file=sys.stderr)
        return 3
    finally:
        if saved:
            print(f"files={len(saved.files)}")
    return 0


def say(kind, text, do):
    print("\t".join("".join(c if c.isprintable() else "?" for c in part) for part in (kind, text, do)))


def is_pattern(text):
    return bool(re.search(r"[*?\[]", text)) or text.startswith("ignorecase:")


class Rule(namedtuple("Rule", "line text include matches")):
    name = property(lambda self: self.text.rstrip("/") or "/")


class Selection:
    """The rules of a list as duplicity reads them; each has duplicity's own function for a path."""

    def __init__(self, targets, tell):
        from duplicity import log, path, selection

        log.setup()
        log.setverbosity(log.ERROR)
        self.path, self.name, self.rules, self.tell = path.Path, targets, [], tell
        self.select = selection.Select(path.Path(b"/"))
        with open(targets, encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
            for number, line in enumerate(lines.read().split("\n"), 1):
                text, include = self.select.filelist_sanitise_line(line, 1)
                if text:
                    self.add(number, text, bool(include))

    def add(self, number, text, include):
        if any("\udc80" <= c <= "\udcff" for c in text):
            plain = "".join("?" if "\udc80" <= c <= "\udcff" else c for c in text)
            self.mistake(number, f"{plain} has bytes that are no UTF-8, and duplicity stops at them", f"write a ? for each of them: {'+' if include else '-'} {plain}")
            return
        if not text.startswith(("/", "**", "ignorecase:")):
            self.mistake(number, f"{text} is no absolute path, and duplicity stops at it", self.plain_line(text, include))
            return
        try:
            matches = self.select.glob_get_sf(text, int(include))
        except Exception as cause:  # its class differs between versions
            self.mistake(number, f"duplicity stops at {text}: {' '.join(str(cause).split())}", f"write: {'+' if include else '-'} {os.path.normpath(text)}")
            return
        self.rules.append(Rule(number, text, include, matches))
        self.select.selection_functions.append(matches)

    def plain_line(self, text, include):
        if text.startswith("\ufeff"):
            return f"save the list without a byte order mark: sed -i '1s/^\\xef\\xbb\\xbf//' {self.name}"
        line = re.match(r"([+-]?)\s*(/.*)", text)
        if line:
            return f"write: {line[1] or ('+' if include else '-')} {line[2]}"
        return "write the whole path, from the first /; a comment begins with #"

    def mistake(self, number, text, do):
        if self.tell:
            say("error", f"{self.name}:{number}: {text}", do)

    def inclusions(self):
        return [rule for rule in self.rules if rule.include]

    def write_paths(self):
        for path in self.select.Iterate(self.path(b"/")):
            sys.stdout.buffer.write(os.fsencode(path.name) + b"\0")

    def decide(self, name):
        """(0 left out, 1 saved or 2 looked into, the rule that says so) for one path, whatever its parents are."""
        path = self.path(os.fsencode(name))
        answer = self.select.Select(path)
        return answer, next((rule for rule in self.rules if rule.matches(path) == answer), None)

    def find_mistakes(self):
        print(f"inclusions={len(self.inclusions())}")
        if not self.inclusions():
            say("error", f"{self.name} lists nothing to save", "add a line such as: + /home")
        last = self.rules[-1] if self.rules else None
        if not last or last.include or last.text not in ("/", "**", "/**"):
            say("error", f'the last rule of {self.name} is not "- /": duplicity would save all of /', f"run: printf '\\n- /\\n' | sudo tee -a {self.name}")
        for tree in NEVER_SAVED:
            answer, rule = self.decide(tree)
            if answer and rule:
                self.mistake(rule.line, f'"{rule.text}" reaches {tree}, which the kernel makes up and nobody can restore', f"put this above it: - {tree}")
        disk = OnDisk(self)
        if self.inclusions() and not any(disk.has(rule) for rule in self.inclusions()):
            say("error", f"nothing that {self.name} lists can be saved", "is a disk not mounted? Why, for each line: rollcall-backup check")

    def find_useless_exclusions(self):
        for rule in self.rules:
            if rule.include or is_pattern(rule.text):
                continue
            answer, by = self.decide(rule.name)
            if answer == 1 and by and by.line < rule.line:
                say("warning", f'{self.name}:{rule.line}: "- {rule.text}" has no effect, {by.text} was listed before it', "move it above that line")

    def judge(self, rule, found):
        """Says so when `found`, the disk or a set, has nothing by this inclusion."""
        name, where = rule.name, f"{self.name}:{rule.line}: "
        if found.has(rule):
            return
        if is_pattern(name):
            if os.path.lexists(name):
                literal = re.sub(r"([*?\[])", r"[\1]", name)
                say("warning", f"{where}{name} is read as a pattern, and matches nothing", f"for the path of that name write: + {literal}")
            else:
                say("warning", f"{where}{name} matches nothing", "is that what you want?")
            return
        if found.kind_of(name) == "link":
            say("warning", f"{where}{name} is a symbolic link: the link is saved, and not what it points to", f"write: + {os.path.realpath(name)}")
        else:
            text, do = self.explain(name)
            say("note" if text.endswith(EMPTY) else "warning", where + text, do)

    def explain(self, name):
        """Why nothing of this path is saved, and what to do."""
        if not os.path.lexists(name):
            return f"{name} does not exist, so it is not saved", "correct the path, or remove the line"
        if os.path.normpath(name) != name:
            return f"duplicity knows no path of the spelling {name}, so it is not saved", f"write: + {os.path.realpath(name)}"
        at = ""
        for part in name.strip("/").split("/"):
            at += "/" + part
            answer, by = self.decide(at)
            if answer == 0:
                return self.hidden(name, by)
            if os.path.islink(at) and at != name:
                return f"{at} is a symbolic link, and duplicity follows none: {name} is not saved", f"write: + {os.path.realpath(name)}"
        try:
            inside = sorted(os.listdir(name)) if os.path.isdir(name) else None
        except OSError as cause:
            return f"{name} cannot be read: {cause.strerror}", "look at it, or remove the line"
        if inside == []:
            return f"{name}{EMPTY}", f"should a disk be there? Then add to the config: REQUIRE_MOUNTED={name}"
        for one in inside or ():
            answer, by = self.decide(os.path.join(name, one))
            if answer == 0:
                return self.hidden(f"all of {name}", by)
        return f"nothing of {name} was saved", "can it be read? See the messages of duplicity: journalctl -t rollcall-backup"

    def hidden(self, what, by):
        if by is None:
            return f"{what} is not saved: no line includes it", "look at the lines above it"
        return f'{what} is not saved: "- {by.text}" in line {by.line} hides it', "move this line above that one, or remove one of them"


EMPTY = " is empty"


class Found:
    """What a backup has, or would have."""

    def has(self, rule):
        """Does it have anything by this inclusion?"""
        if is_pattern(rule.name):
            return self.has_match(rule)
        kind = self.kind_of(rule.name)
        if kind == "link":
            return self.kind_of(os.path.realpath(rule.name)) is not None
        return kind == "other" or (kind == "dir" and not self.is_empty(rule.name))


class OnDisk(Found):
    """What the next backup would find."""

    def __init__(self, selection):
        self.selection = selection

    def is_selected(self, name):
        at = ""
        for part in name.strip("/").split("/"):
            if at and os.path.islink(at):
                return False
            at += "/" + part
            if self.selection.decide(at)[0] == 0:
                return False
        return True

    def kind_of(self, name):
        if not os.path.lexists(name) or os.path.normpath(name) != name or not self.is_selected(name):
            return None
        return "link" if os.path.islink(name) else "dir" if os.path.isdir(name) else "other"

    def is_empty(self, name):
        walk = self.selection.select.Iterate(self.selection.path(os.fsencode(name)))
        return next((path for path in walk if path.uc_name != name), None) is None

    def has_match(self, rule):
        walk = self.selection.select.Iterate(self.selection.path(b"/"))
        return any(rule.matches(path) == 1 for path in walk)


class Saved(Found):
    """The names in the signatures of a set; of a chain, what is left after its last one."""

    def __init__(self, archives):
        self.kinds, self.files = {}, set()
        for archive in archives:
            with tarfile.open(archive, "r|gz", encoding="utf-8", errors="surrogateescape") as tar:
                for member in tar:
                    tar.members = []
                    top, _, name = member.name.partition("/")
                    name = "/" + name.rstrip("/")
                    if top == "deleted":
                        self.kinds.pop(name, None)
                        self.files.discard(name)
                    else:
                        self.kinds[name] = "dir" if member.isdir() else "link" if member.issym() else "other"
                        self.files.add(name) if top == "signature" else self.files.discard(name)
        self.parents = {os.path.dirname(name) for name in self.kinds}

    def kind_of(self, name):
        return self.kinds.get(name)

    def is_empty(self, name):
        return name not in self.parents

    def has_match(self, rule):
        return any(rule.matches(SavedPath(name, kind)) == 1 for name, kind in self.kinds.items())


class SavedPath(namedtuple("SavedPath", "uc_name kind")):
    def isdir(self):
        return self.kind == "dir"


if __name__ == "__main__":
    sys.exit(main())
