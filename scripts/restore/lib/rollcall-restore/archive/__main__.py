"""What the restore commands need to know about an archive: sets, names, versions.

Called by the commands in bin/, never by hand. It is Python with boto3 and not the aws command line:
python3 and boto3 are there wherever duplicity can reach S3 at all (duplicity is a Python program
and uses boto3 itself), while the aws command line would be one more thing to install in a crisis;
and file names, versions and signature archives need exact bytes, which a shell cannot hold.
"""

import argparse
import gzip
import json
import os
import random
import signal
import sys
import time

from ages import parse_age, parse_set_time, set_time
from backup_sets import choose, collect, hindrances, newest
from metadata import bring_back
from openpgp import Decrypted
from oldest_versions import describe_all, download_chain
from show import DAMAGED, FAILED, NOT_FOUND, PROGRESS, USAGE, Stop, age, moment, name, say, size
from signatures import compare_tree, matches, read_entries
from stores import Bucket, Directory, free_bytes


def open_store(args):
    return Directory(args.dir) if args.dir else Bucket(args.bucket, args.prefix, args.region, args.endpoint, args.file_prefix)


def sets_in(store):
    fulls, incs, trouble = collect(store.objects())
    for one in fulls + incs:
        one.stands_in = isinstance(store, Directory)
    return fulls, incs, trouble


def chosen(args, store):
    fulls, incs, trouble = sets_in(store)
    now = time.time()
    where = " --from DIR" if args.dir else ""
    return choose(fulls, incs, parse_age(args.age, now), now, args.host, where), fulls + incs, trouble


def name_newest(args):
    """The name of the newest finished set of AGE, whole or not."""
    fulls, incs, _ = sets_in(open_store(args))
    now = time.time()
    print(newest(fulls, incs, parse_age(args.age, now), now, args.host).name)


def status(args):
    """All sets, and whether each can be restored. Needs no key."""
    store = open_store(args)
    fulls, incs, trouble = sets_in(store)
    now = time.time()
    print(f"{args.host}: {store.place}")
    if not fulls and not incs:
        raise Stop(NOT_FOUND, f"no backup of {args.host} is in {store.place}", "check bucket= and prefix= in the profile; "
                   f"hidden versions: restore-set {args.host} --list")
    print(f"{'SET':<17}  {'BEGAN':<25}  {'AGE':<10}  {'VOLUMES':>7}  {'SIZE':>9}  STATE")
    why = hindrances(fulls, incs)
    for one in sorted(fulls + incs, key=lambda s: s.time):
        state = why[one] or "complete"
        if one.start is not None:
            state += f", increment of {set_time(one.start)}"
        elif not why[one] and one.signatures is None:
            state += ", cannot be listed (no signatures)"
        if one.cold:
            state += f", {one.cold}"
        print(f"{one.name:<17}  {moment(one.time):<25}  {age(now - one.time):<10}  {len(one.volumes):>7}  {size(one.bytes):>9}  {state}")
    if trouble:
        say("warning", f"{len(trouble)} object(s) make duplicity itself stop here, so list and status work but fetch and all do not: "
            + ", ".join(name(t) for t in trouble[:3]))
        say("hint", f"take the set out first: restore-set {args.host} SETTIME DIR, then restore {args.host} --from DIR ...")
    if not any(not s.fault for s in fulls):
        raise Stop(DAMAGED, f"no whole full backup of {args.host} is left here", f"look for hidden ones: restore-set {args.host} --list")


def pick(args):
    """Chooses the set for AGE and prints what a restore of it needs, as KEY=VALUE lines."""
    store = open_store(args)
    store.prove_for_duplicity()
    chain, sets, trouble = chosen(args, store)
    last = chain[-1]
    now = time.time()
    PROGRESS.clear()
    for one in sets:
        if one.time > last.time and one.fault and one.time <= parse_age(args.age, now):
            say("note", f"passed over {one.name}: {one.fault}")
    if trouble:
        raise Stop(
            DAMAGED,
            f"{store.place} holds objects that make duplicity stop: " + ", ".join(name(t) for t in trouble[:3]),
            f"take the set out first: restore-set {args.host} {last.name} DIR, then restore {args.host} --from DIR ...",
        )
    for one in chain:
        if one.cold:
            say("warning", f"the set {one.name} is {one.cold} (docs/runbook.md#cold); it fails where that was not done")
    total = sum(s.bytes for s in chain)
    if args.room and free_bytes(args.room) < chain[0].bytes:
        text = f"the backup is {size(chain[0].bytes)} packed, and only {size(free_bytes(args.room))} are free at {name(args.room)}"
        if not args.anyway:
            raise Stop(FAILED, text, "choose a place with more room; or, if you know that it fits: --anyway")
        say("warning", text)
    if args.stand_ins:
        # duplicity would fetch the signatures of the whole chain first, often gigabytes; a restore does not read them
        for one in sets:
            if one.signatures or (one.stands_in and one.manifest):
                base = one.signatures.name.removesuffix(".gpg").removesuffix(".gz") if one.signatures else one.signatures_name
                with gzip.open(os.path.join(args.stand_ins, ("" if args.dir else args.file_prefix) + base + ".gz"), "wb"):
                    pass
                if not one.signatures:
                    print(f"stand_in={base}.gz")
    print(f"set={last.name}\nepoch={last.time}\nbegan={moment(last.time)}\nage={age(now - last.time)}")
    print(f"volumes={sum(len(s.volumes) for s in chain)}\nbytes={total}\nsize={size(total)}")


def entries_of(args, store, chain, keep=None):
    lacking = [s for s in chain if s.signatures is None]
    if lacking:
        raise Stop(
            DAMAGED,
            f"the set {lacking[0].name} has no signatures, so its files cannot be listed",
            "fetch and all still work: they do not need the list",
        )

    def streams():
        for one in chain:
            raw = store.open(one.signatures)
            PROGRESS.clear()
            yield Decrypted(raw, one.signatures.name, one.signatures.name.endswith(".gpg"), args.host)

    return read_entries(streams(), keep)


def list_files(args):
    store = open_store(args)
    chain, _, _ = chosen(args, store)
    entries, _ = entries_of(args, store, chain)
    say("note", f"files in the set {chain[-1].name}, begun {moment(chain[-1].time)} ({age(time.time() - chain[-1].time)} ago)")
    for one in entries.values():
        if not one.path:
            continue
        text = name(one.path)
        if one.kind == "dir":
            text += "/"
        elif one.kind == "link":
            text += f" -> {name(one.link)}"
        print(f"{time.strftime('%Y-%m-%d %H:%M %Z', time.localtime(one.mtime))}  {text}")


def check_tree(args):
    """Compares what was restored with what the set holds, by name and kind."""
    store = open_store(args)
    chain, _, _ = chosen(args, store)
    entries, _ = entries_of(args, store, chain)
    missing, unseen = compare_tree(entries, os.fsencode(args.tree).decode("utf-8", "surrogateescape"))
    PROGRESS.clear()
    if unseen:
        say("note", f"{len(unseen)} entries lie in directories that you may not enter, such as that of {name(unseen[0].path)}: not looked at")
    if not missing and unseen:
        print(f"all {len(entries) - len(unseen)} entries that could be looked at are there")
        return
    if not missing:
        print(f"all {len(entries)} entries of the backup are there")
        return
    print(f"{len(entries) - len(missing)} of {len(entries)} entries of the backup are there")
    for one in missing[:5]:
        say("warning", f"not restored: {one.kind} {name(one.path)}")
    special = all(e.kind == "special" for e in missing)
    raise Stop(
        FAILED,
        f"{len(missing)} entries were not restored",
        "only root can make device nodes: run it as root if they matter" if special else "read the warnings above, then try again as root",
    )


def metadata(args):
    """ACLs, attributes, hard links and times of a restored tree, as the host wrote them down."""
    bring_back(args.tree)


def pick_file(args):
    """A random file of the chosen set, as a raw name ended by NUL; not empty, and small unless all are large."""
    store = open_store(args)
    chain, _, _ = chosen(args, store)
    entries, _ = entries_of(args, store, chain)
    files = [e for e in entries.values() if e.kind == "file" and e.signature_bytes > 12]
    # 12 bytes of signature for each block; a thousand blocks is about half a megabyte
    files = [e for e in files if e.signature_bytes <= 12_000] or files
    if not files:
        raise Stop(NOT_FOUND, f"the set {chain[-1].name} holds no file with content", "give the PATH of something to fetch")
    sys.stdout.buffer.write(os.fsencode(random.choice(files).path) + b"\0")


def compare(args):
    """Prints what the signature archive says about a restored file, in the words of `matches`."""
    store = open_store(args)
    chain, _, _ = chosen(args, store)
    path = os.fsencode(args.path).decode("utf-8", "surrogateescape").strip("/")
    try:
        _, signature = entries_of(args, store, chain, keep=path)
    except Stop as stop:
        say("note", f"no comparison: {stop}")
        signature = None
    print("none" if signature is None else matches(signature, args.file))


def versions(args):
    store = open_store(args)
    before = parse_age(args.before) if args.before else None
    describe_all(store, args.host, before, time.time())


def take_oldest(args):
    store = open_store(args)
    before = parse_age(args.before) if args.before else None
    wanted = parse_set_time(args.set)
    if wanted is None:
        raise Stop(USAGE, f"{name(args.set)} is not the time of a set", f"copy it from: restore-set {args.host} --list")
    count, sets, doubts = download_chain(store, args.host, wanted, args.out, before)
    for doubt in doubts:
        say("warning", doubt)
    if doubts:
        hint = f"compare with an earlier one: restore-set {args.host} --list"
        if not store.keeps_versions:
            hint = (f"there are no older versions: take an earlier set; or what can be had of this one: "
                    f"restore {args.host} --from {name(args.final)} all OUT {args.set} --keep-going")
        raise Stop(DAMAGED, f"the set {args.set} is kept in {name(args.final)}, but do not trust it blindly", hint)
    of = f"a chain of {sets} sets, " if sets > 1 else ""
    print(f"{args.set}: {of}{count} of {count} volumes match the manifest's checksums")


def receipt(args):
    """
    One line of JSON from key=value words; with --ledger it goes to drills/HOST/ there too. The digest knows a receipt by its
    name alone: <time>.json is a restore that was compared and right, <time>.WORD.json any other.
    """
    fields = {"version": 1, "host": args.host}
    for word in args.fields:
        key, _, value = word.partition("=")
        if key in ("seconds", "bytes", "volumes"):
            fields[key] = int(value)
        elif value == "":
            fields[key] = None
        else:
            fields[key] = os.fsencode(value).decode("utf-8", "backslashreplace")
    text = json.dumps(fields, ensure_ascii=True)
    print(text)
    if args.ledger:
        rest = args.ledger.removeprefix("s3://")
        bucket, _, prefix = rest.partition("/")
        if args.private:
            fields["path"] = None
        word = fields["result"] if fields["result"] != "restored" else "uncompared" if fields.get("compared") == "none" else ""
        name = fields["at"].replace("-", "").replace(":", "") + (f".{word}" if word else "") + ".json"
        key = "/".join(p for p in (prefix.strip("/"), "drills", args.host, name) if p)
        Bucket(bucket, "", args.region, args.endpoint).put(key, json.dumps(fields, ensure_ascii=True).encode() + b"\n")
        say("note", f"receipt written to s3://{bucket}/{key}")


def prove(args):
    """That the credentials in use can read the backups of this host, and cannot write there. Needs no key."""
    store = open_store(args)
    store.prove_for_duplicity()
    read = store.prove_reading()
    if read is None:
        say("warning", f"there is no backup in {store.place} yet, so that reading one could not be tried")
    refusal = store.prove_versions()
    if refusal:
        say("warning", f"the credentials read no older versions ({refusal}), so restore-set and restore --keep-going cannot work:"
            " they need s3:ListBucketVersions and s3:GetObjectVersion" + (", as rollcall add-reader gives them" if store.is_amazons else ""))
    answer = store.prove_no_writing(read or "duplicity-full.19700101T000000Z.vol1.difftar.gpg")
    PROGRESS.clear()
    if answer is None:
        say("note", "the credentials read the backups, and cannot write there" if read else "the credentials cannot write there")
        return
    can = "these credentials can write to" if answer in ("OK", "NoSuchUpload", "404") else f"S3 does not tell ({answer}) whether these credentials can write to"
    if args.any:
        say("warning", f"{can} {store.place}")
        return
    maker = f"rollcall add-reader NAME --host {args.host}" if store.is_amazons else "by the store's own tools"
    raise Stop(
        FAILED,
        f"{can} {store.place}, so they are not kept",
        f"make some that only read: {maker}; or keep these all the same: --any-credentials",
    )


def progress(args):
    """Reads duplicity's --log-fd output and keeps one line on the terminal up to date."""
    volume, began, total = "opening the backup", time.monotonic(), int(args.bytes or 0)
    for line in sys.stdin.buffer:
        words = line.split()
        if len(words) == 4 and words[:2] == [b"INFO", b"2"]:
            done, of = int(words[2]), int(words[3])
            volume = f"volume {done} of {of} done"
            if total and of:
                seconds = max(time.monotonic() - began, 1)
                volume += f", {size(total * done // of)} of {size(total)}, {size(int(total * done / of / seconds))}/s"
                if 0 < done < of:
                    volume += f", about {age(seconds / done * (of - done))} left"
        PROGRESS.show(volume)
    PROGRESS.clear()


def read_arguments(argv):
    parser = argparse.ArgumentParser(prog="archive", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(run, title, *positional, **options):
        sub = commands.add_parser(title)
        for word in ("host", "dir", "bucket", "prefix", "file-prefix", "region", "endpoint"):
            sub.add_argument(f"--{word}", default="")
        for word in positional:
            sub.add_argument(word)
        for word, default in options.items():
            sub.add_argument(f"--{word.replace('_', '-')}", default=default)
        sub.set_defaults(run=run)
        return sub

    command(status, "status")
    command(pick, "pick", "age", room="", stand_ins="").add_argument("--anyway", action="store_true")
    command(list_files, "list", "age")
    command(check_tree, "check-tree", "age", "tree")
    command(metadata, "metadata", "tree")
    command(name_newest, "newest", "age")
    command(pick_file, "pick-file", "age")
    command(compare, "compare", "age", "path", "file")
    command(versions, "versions", before="")
    command(take_oldest, "take-oldest", "set", "out", "final", before="")
    sub = command(receipt, "receipt", ledger="")
    sub.add_argument("--private", action="store_true")
    sub.add_argument("fields", nargs="*")
    command(prove, "prove").add_argument("--any", action="store_true")
    command(progress, "progress", bytes="")
    return parser.parse_args(argv)


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    args = read_arguments(sys.argv[1:])
    try:
        args.run(args)
    except Stop as stop:
        say("error", str(stop))
        say("hint", stop.hint)
        return stop.status
    except KeyboardInterrupt:
        return 130
    finally:
        PROGRESS.clear()
    return 0


if __name__ == "__main__":
    sys.exit(main())
