import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkPublicKey } from '../../scripts/public-key-file.ts';
import { lineFromHere, lineOnHost } from '../../scripts/rollcall/hand-over.ts';
import { quoteWord } from '../../shared/messages/plain-text.ts';
import { readArmour } from '../../shared/openpgp/public-key.ts';
import { aConfig, aHost } from '../support/builders.ts';
import { readFixture } from '../support/recorded.ts';

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
      lineOnHost(aHost(), aConfig([aHost()]), { file: 'k/web.pub.gpg', fingerprint }, undefined),
    ).toBe(
      'rollcall-backup-setup --id web --bucket backups --region eu-west-1 --public-key web.pub.gpg --fingerprint 0123456789ABCDEF0123456789ABCDEF01234567',
    );
    expect(lineOnHost(nas, aConfig([nas]), {}, 'https://s3.example.net')).toBe(
      'rollcall-backup-setup --id office/nas --bucket other --region eu-west-1 --prefix office/nas-1 --file-prefix nas- --endpoint-url https://s3.example.net --public-key office_nas.pub.gpg --fingerprint FINGERPRINT',
    );
    expect(lineFromHere(aHost(), aConfig([aHost()]), {}, undefined, 'my keys/web.aws')).toBe(
      "cat 'my keys/web.aws' web-key/web.pub.asc | ssh web sudo rollcall-backup-setup --id web --bucket backups --region eu-west-1 --fingerprint FINGERPRINT --public-key - --credentials -",
    );
  });

  it('has only options that the host kit has', () => {
    const help = readFileSync(setup, 'utf8');
    const lines = [
      lineOnHost(nas, aConfig([nas]), {}, 'https://s3.example.net'),
      lineFromHere(aHost(), aConfig([aHost()]), {}, undefined, 'f'),
    ].join();
    for (const [option = ''] of lines.matchAll(/--[a-z-]+/g)) {
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

  const armoured = readFixture('keys/curve.pub.asc');
  const binary = readArmour(armoured) ?? new Uint8Array();
  const own = 'FF0C D5EC 67A1 3069 05CB FBBF 5995 55D7 4793 BD4F';

  it.each([
    ['armoured', armoured, true],
    ['binary, to be read on the host', binary, false],
  ])('is taken %s', (_, bytes, piped) => {
    expect(() => checkPublicKey(given(bytes), own, { piped })).not.toThrow();
  });

  it.each([
    ['a secret one', '-----BEGIN PGP PRIVATE KEY BLOCK-----\n', 'SECRET key'],
    ['a binary secret one', Uint8Array.of(0x95, 1), 'SECRET key'],
    ['a binary secret one in the new format', Uint8Array.of(0xc5, 1), 'SECRET key'],
    ['a binary one in a pipe', binary, 'is binary'],
    ['cut', armoured.slice(0, 300), 'is cut off, damaged or'],
    ['something else', 'hello', 'no OpenPGP public key'],
    ['nothing', '', 'no OpenPGP public key'],
  ])('is refused when it is %s', (_, bytes, words) => {
    expect(() => checkPublicKey(given(bytes), undefined, { piped: true })).toThrow(words);
  });

  it('is refused when it is not the one of the fingerprint', () => {
    expect(() => checkPublicKey(given(armoured), fingerprint, { piped: true })).toThrow(
      `holds the key ${own.replaceAll(' ', '')}, and not --fingerprint 0123456789ABCDEF`,
    );
  });
});
