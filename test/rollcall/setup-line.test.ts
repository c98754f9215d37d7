import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkPublicKey } from '../../scripts/rollcall/public-key-file.ts';
import { lineFromHere, lineOnHost, quoteWord } from '../../scripts/rollcall/setup-line.ts';
import { aHost, aRoster } from '../support/builders.ts';

const setup = new URL('../../scripts/host/sbin/rollcall-backup-setup', import.meta.url).pathname;
const nas = aHost({
  name: 'office/nas',
  target: { bucket: 'other', prefix: 'office/nas-1/' },
  filePrefix: { archive: 'nas-', manifest: 'nas-', signature: 'nas-' },
});
const fingerprint = '0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567';

describe('the line for a host', () => {
  it('names what differs from what the host kit takes for granted, and no secret', () => {
    expect(
      lineOnHost(aHost(), aRoster([aHost()]), { file: 'k/web.pub.gpg', fingerprint }, undefined),
    ).toBe(
      'rollcall-backup-setup --id web --bucket backups --region eu-west-1 --public-key web.pub.gpg --fingerprint 0123456789ABCDEF0123456789ABCDEF01234567',
    );
    expect(lineFromHere(nas, aRoster([nas]), {}, 'https://s3.example.net', 'my keys/nas.aws')).toBe(
      "cat 'my keys/nas.aws' office_nas-key/office_nas.pub.asc | ssh office_nas sudo rollcall-backup-setup --id office/nas --bucket other --region eu-west-1 --prefix office/nas-1 --file-prefix nas- --endpoint-url https://s3.example.net --fingerprint FINGERPRINT --public-key - --credentials -",
    );
  });

  it('has only options that the host kit has', () => {
    const help = readFileSync(setup, 'utf8');
    const line = lineFromHere(nas, aRoster([nas]), {}, 'https://s3.example.net', 'f');
    for (const [option = ''] of line.matchAll(/--[a-z-]+/g)) {
      expect(help).toMatch(new RegExp(`^ +${option}\\)|^# +${option} `, 'm'));
    }
  });

  it.each([
    ['web.aws', 'web.aws'],
    ["it's", `'it'\\''s'`],
    ['a b;c', `'a b;c'`],
    ['', `''`],
  ])('quotes %j for a shell', (word, quoted) => {
    expect(quoteWord(word)).toBe(quoted);
  });
});

describe('the public key', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-key-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const given = (bytes: Uint8Array | string) => {
    const file = join(folder, 'key');
    writeFileSync(file, bytes);
    return file;
  };

  it.each([
    ['armoured', '-----BEGIN PGP PUBLIC KEY BLOCK-----\n', true],
    ['binary, to be read on the host', Uint8Array.of(0x99, 1), false],
    ['binary in the new format', Uint8Array.of(0xc6, 1), false],
  ])('is taken %s', async (_, bytes, piped) => {
    await expect(checkPublicKey(given(bytes), fingerprint, { piped })).resolves.toBeUndefined();
  });

  it.each([
    ['a secret one', '-----BEGIN PGP PRIVATE KEY BLOCK-----\n', 'SECRET key'],
    ['a binary secret one', Uint8Array.of(0x95, 1), 'SECRET key'],
    ['a binary secret one in the new format', Uint8Array.of(0xc5, 1), 'SECRET key'],
    ['a binary one in a pipe', Uint8Array.of(0x99, 1), 'is binary'],
    ['something else', 'hello', 'no OpenPGP public key'],
    ['nothing', '', 'no OpenPGP public key'],
  ])('is refused when it is %s', async (_, bytes, words) => {
    await expect(checkPublicKey(given(bytes), undefined, { piped: true })).rejects.toThrow(words);
  });
});
