"""Decrypted bytes of an object, by gpg and its agent; it never asks anybody anything."""

import os
import shlex
import subprocess
import zlib

from show import DAMAGED, FAILED, LOCKED, Stop

GPG = [os.environ.get("ROLLCALL_GPG", "gpg"), "--batch", "--quiet", "--no-tty", "--pinentry-mode", "error", "--decrypt"]


class Decrypted:
    """A readable stream of the plain bytes of `source` (an open binary file)."""

    def __init__(self, source, label, encrypted, host):
        self.label, self.host, self.gpg = label, host, None
        if not encrypted:
            self.stream = Gunzip(source) if label.endswith(".gz") else source
            return
        self.gpg = subprocess.Popen(GPG, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.stream = self.gpg.stdout

    def read(self, count=-1):
        return self.stream.read(count)

    def close(self):
        """Reads to the end, so that gpg can judge the whole message, and stops if gpg was not content."""
        if self.gpg is None:
            return
        while self.stream.read(1 << 20):
            pass
        complaint = self.gpg.stderr.read().decode("utf-8", "replace")
        if self.gpg.wait() == 0:
            return
        # gpg says so too where it could not ask its agent whether it has one
        if "connect to the agent" in complaint:
            raise Stop(
                FAILED,
                f"gpg-agent, which holds the key of {self.host}, cannot be reached",
                "try again; if it stays so: gpg-agent --homedir "
                + shlex.quote(os.environ.get("GNUPGHOME", "~/.gnupg"))
                + " --daemon says why",
            )
        if "No secret key" in complaint and "No pinentry" not in complaint:
            raise Stop(
                FAILED,
                f"{self.label} is not encrypted to the key of {self.host}",
                f"the backup may belong to an older key: add it with restore-add-host {self.host} ... --key FILE",
            )
        if "inentry" in complaint or "canceled" in complaint:
            raise Stop(LOCKED, f"the key of {self.host} is locked", f"run: set-passphrase {self.host}")
        last = [line for line in complaint.splitlines() if line.strip()][-1:] or ["gpg failed"]
        raise Stop(
            DAMAGED,
            f"{self.label} cannot be decrypted: {last[0].removeprefix('gpg: ')}",
            f"it may have been overwritten: restore-set {self.host} SETTIME DIR takes the oldest version"
            + ("; fetch and all still work: they do not need it" if "signatures" in self.label else ""),
        )


class Gunzip:
    def __init__(self, source):
        self.source, self.engine, self.rest = source, zlib.decompressobj(31), b""

    def read(self, count=-1):
        while count < 0 or len(self.rest) < count:
            block = self.source.read(1 << 16)
            if not block:
                break
            self.rest += self.engine.decompress(block)
        if count < 0:
            count = len(self.rest)
        out, self.rest = self.rest[:count], self.rest[count:]
        return out
