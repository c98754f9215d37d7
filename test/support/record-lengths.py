#!/usr/bin/env python3
"""Records where real gpg writes the lengths of its messages: test/fixtures/message-lengths.json.

    python3 test/support/record-lengths.py > test/fixtures/message-lengths.json

Random bytes of many sizes, most of them around the edges of gpg's chunks, go through a pipe into gpg, as duplicity
hands them over, or are read by it from a file, of which it knows the size. Of each message only the lengths are
kept, with their places: what lies between them is encrypted, and any bytes will do in a test. The keys are those of
test/fixtures/keys. It takes about a minute.
"""
import json, os, subprocess, sys, tempfile

KEYS = os.path.join(os.path.dirname(__file__), '..', 'fixtures', 'keys')
SHAPES = {
    'curve25519': ['--recipient', '599555D74793BD4F'],
    'two RSA keys': ['--recipient', '1A167F94A9502CDA', '--recipient', '320B6FB980F62B07'],
    'passphrase': None,
}


def edges():
    yield from range(0, 24)
    for chunk in (192, 512, 1024, 2048, 4096):
        yield from range(chunk - 60, chunk + 8)
    yield from range(7600, 8100, 31)
    yield from range(8100, 8200)
    yield from range(16250, 16390)
    yield from range(24450, 24580, 2)
    yield from (65_400, 65_500, 65_536, 131_072, 500_000, 1_048_576, 1_048_576 + 8_140, 3_000_017)


def walk(message):
    """By RFC 9580, section 4.2: (bytes before the first length of the data, its lengths as [at, hex, how many])."""
    at = 0
    while True:
        first = message[at]
        new, tag = first & 0x40, (first & 0x3F if first & 0x40 else (first >> 2) & 0xF)
        if tag in (9, 18, 20):
            break
        if new:
            assert message[at + 1] < 192
            at += 2 + message[at + 1]
        else:
            octets = [1, 2, 4][first & 3]
            at += 1 + octets + int.from_bytes(message[at + 1:at + 1 + octets], 'big')
    assert message[at] & 0x40, 'an old data packet'
    start, at, lengths = message[:at + 1], at + 1, []
    while True:
        first = message[at]
        if 224 <= first < 255:
            octets, size, last = 1, 1 << (first & 31), False
        elif first < 192:
            octets, size, last = 1, first, True
        elif first < 224:
            octets, size, last = 2, ((first - 192) << 8) + message[at + 1] + 192, True
        else:
            octets, size, last = 5, int.from_bytes(message[at + 1:at + 5], 'big'), True
        text = message[at:at + octets].hex()
        known = lengths[-1] if lengths else None
        if known and known[1] == text and not last:
            known[2] += 1
        else:
            lengths.append([at, text, 1])
        at += octets + size
        if last:
            assert at == len(message), (at, len(message))
            return start, lengths


def main():
    home = tempfile.mkdtemp()
    os.chmod(home, 0o700)
    gpg = ['gpg', '--homedir', home, '--batch', '--yes', '--quiet', '--trust-model', 'always', '--no-secmem-warning']
    for name in os.listdir(KEYS):
        if name.endswith('.asc'):
            subprocess.run(gpg + ['--import', os.path.join(KEYS, name)], check=True)
    version = subprocess.run(['gpg', '--version'], capture_output=True, text=True, check=True).stdout.split('\n')[0]
    plain_file = os.path.join(home, 'plain')

    def encrypt(shape, size, piped):
        data = os.urandom(size)
        say = ['--encrypt'] + SHAPES[shape] if SHAPES[shape] else ['--symmetric', '--pinentry-mode', 'loopback', '--passphrase', 'x']
        if piped:
            return subprocess.run(gpg + say, input=data, capture_output=True, check=True).stdout
        with open(plain_file, 'wb') as file:
            file.write(data)
        return subprocess.run(gpg + ['--compress-algo', 'none', '--output', '-'] + say + [plain_file], capture_output=True, check=True).stdout

    messages, starts = [], {}
    plan = [('curve25519', size, True) for size in edges()]
    plan += [(shape, size, True) for shape in ('two RSA keys', 'passphrase') for size in (0, 300, 3000, 8150, 8160, 30_000, 700_001)]
    plan += [('curve25519', size, False) for size in (0, 100, 180, 500, 5000, 8300, 8400, 70_000, 700_001)]
    for shape, size, piped in plan:
        for _ in range(20):
            message = encrypt(shape, size, piped)
            start, lengths = walk(message)
            # An RSA number is a byte shorter now and then: one start for each shape is enough.
            if len(start) == len(bytes.fromhex(starts.setdefault(shape, start.hex()))):
                break
        messages.append({'to': shape, 'plain': size, 'piped': piped, 'size': len(message), 'lengths': lengths})
    lines = ',\n'.join(json.dumps(one, separators=(',', ':')) for one in messages)
    print('{"by": %s,\n"starts": %s,\n"messages": [\n%s\n]}' % (json.dumps(version), json.dumps(starts), lines))


main()
