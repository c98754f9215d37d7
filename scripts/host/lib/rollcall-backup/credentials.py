#!/usr/bin/python3
"""AWS credentials in any form that people have (standard input) -> an AWS credentials file with one profile.

credentials.py [PROFILE]: an AWS credentials file, NAME=VALUE lines, the answer of `aws iam create-access-key`
or `aws sts ...` (JSON), the console's CSV, or two lines: key id and secret. Exit status: 0 printed; 3 there
are none, the reason on standard error; 4 there are several, and the names of their profiles are printed; 5 the
profile gets its key from elsewhere, as the reason says.
"""

import configparser
import csv
import json
import re
import sys

NAMES = {"accesskeyid": "aws_access_key_id", "secretaccesskey": "aws_secret_access_key", "sessiontoken": "aws_session_token"}
KEY_ID, SECRET, TOKEN = NAMES.values()
# what boto3 gets a key by: the first ones before a key that is next to them, the others where there is none
FIRST = "role_arn sso_account_id sso_role_name".split()
WAYS = FIRST + "source_profile credential_source web_identity_token_file sso_session sso_start_url credential_process login_session".split()


def main():
    wanted = sys.argv[1] if sys.argv[1:] else ""
    text = sys.stdin.buffer.read().decode("utf-8-sig", errors="replace").replace("\r", "")
    try:
        profiles, elsewhere = read_profiles(text)
    except (configparser.Error, ValueError):
        return refuse("these are no AWS credentials in a form that is known")
    # which is boto3's choice where there is a default
    first = wanted or ("default" if profiles else next(iter(elsewhere), ""))
    if first in elsewhere:
        return refuse(f"the profile {first!r} gets its key by {' and '.join(elsewhere[first])}, so there is none to keep", 5)
    if wanted and wanted not in profiles:
        return refuse(f"there is no profile {wanted!r} in it; there are: {', '.join(profiles)}")
    if not wanted and len(profiles) > 1:
        print("\n".join(profiles))
        return 4
    found = profiles[wanted] if wanted else next(iter(profiles.values()), {})
    # other stores than Amazon's take any characters, and the SDK's parser all of these
    if not re.fullmatch(r"[!-~]+", found.get(KEY_ID, "")):
        return refuse("there is no key id in what was given, or it has blanks")
    if not re.fullmatch(r"[!-~]+", found.get(SECRET, "")):
        return refuse("there is no secret in what was given, or it has blanks")
    if not re.fullmatch(r"[!-~]*", found.get(TOKEN, "")):
        return refuse("the session token in what was given is none")
    print("[default]")
    for name in NAMES.values():
        if found.get(name):
            print(f"{name} = {found[name]}")
    return 0


def refuse(text, status=3):
    print(text, file=sys.stderr)
    return status


def read_profiles(text):
    """{profile: {name: value}} of all that have a key id, and {profile: [name]} of those that get theirs from elsewhere."""
    elsewhere = {}
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith(("#", ";"))]
    if text.lstrip().startswith("{"):
        answer = json.loads(text)
        profiles = {"default": named(answer.get("AccessKey") or answer.get("Credentials") or answer)}
    elif lines and re.match(r"(user name,.*)?access key id,", lines[0], re.I):
        profiles = {row.get("User name") or str(number): named(row) for number, row in enumerate(csv.DictReader(lines), 1)}
    elif len(lines) == 2 and not re.match(r"\[|(export\s+)?(aws_?)?(access|secret|session)_?\w+\s*[=:]\s*\S", lines[0], re.I):
        profiles = {"default": {KEY_ID: lines[0], SECRET: lines[1]}}
    else:
        parser = configparser.RawConfigParser(strict=False, default_section=None)
        lines = [re.sub(r"^export\s+", "", line) for line in lines]
        if lines and not lines[0].startswith("["):
            lines.insert(0, "[default]")
        parser.read_string("\n".join(lines))
        sections = {re.sub(r"^profile\s+", "", one): parser[one] for one in parser.sections() if not one.startswith("sso-session ")}
        profiles = {name: named(section) for name, section in sections.items()}
        for name, section in sections.items():
            if any(way in section for way in (FIRST if KEY_ID in profiles[name] else WAYS)):
                elsewhere[name] = [way for way in WAYS if way in section]
    return {name: values for name, values in profiles.items() if KEY_ID in values and name not in elsewhere}, elsewhere


def named(values):
    """Those that credentials have, by the names of an AWS credentials file, without quotes."""
    found = {}
    for name, value in values.items():
        plain = NAMES.get(re.sub(r"^aws_?|[^a-z]", "", str(name).lower()))
        if plain and isinstance(value, str):
            found[plain] = value.strip().strip("\"'")
    return found


if __name__ == "__main__":
    sys.exit(main())
