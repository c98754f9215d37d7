import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey } from 'openpgp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyFilesNextTo } from '../../scripts/public-key-file.ts';
import { fixturePath, readFixture } from '../support/recorded.ts';
import { runAlone } from './run-rollcall.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-keys-'));
const configText = join(folder, 'hosts.yml');
const put = (path: string, content: string | Uint8Array) =>
  writeFileSync(join(folder, path), content);
const curve = readFixture('keys/curve.pub.asc');
const CURVE = 'B95D68253E90E86D';

beforeAll(async () => {
  mkdirSync(join(folder, 'keys/folder.asc'), { recursive: true });
  const any = { userIDs: [{ name: 'Web' }], format: 'object' as const };
  const { privateKey, publicKey } = await generateKey(any);
  put('keys/web.asc', curve);
  put('keys/web.gpg', publicKey.write());
  put('keys/secret.asc', privateKey.armor());
  put('keys/secret.gpg', privateKey.write());
  const { publicKey: bare } = await generateKey({ ...any, subkeys: [] });
  put('keys/bare.asc', bare.armor());
  put('keys/cut.asc', curve.slice(0, 300));
  put('keys/ssh.asc', 'ssh-ed25519 AAAA');
  put('keys/empty.gpg', '');
  const [one] = privateKey.subkeys;
  if (one === undefined) throw new Error('no subkey');
  privateKey.subkeys[0] = await one.revoke(privateKey.keyPacket as never);
  put('keys/revoked.asc', privateKey.toPublic().armor());
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a key file next to the config', () => {
  it('is found from where the config is, armoured or binary', () => {
    const read = keyFilesNextTo(configText);
    expect(read('keys/web.asc')).toEqual({ fingerprints: [expect.stringMatching(`${CURVE}$`)] });
    expect(read('./keys/web.gpg')).toEqual({
      fingerprints: [expect.stringMatching(/^[0-9A-F]{40}$/)],
    });
  });

  it.each([
    ['secret.asc', 'is the SECRET key, which belongs on no host and in no config: keep it where'],
    ['secret.gpg', 'is the SECRET key, which belongs on no host and in no config: keep it where'],
    ['bare.asc', 'holds no key to encrypt to: export the key together with its encryption subkey'],
    ['revoked.asc', 'holds no key to encrypt to, but a revoked one: export'],
    ['cut.asc', 'is cut off, damaged or of an unknown version: export it again'],
    ['ssh.asc', 'is no OpenPGP public key: give the .pub.asc file'],
    ['empty.gpg', 'is no OpenPGP public key'],
    ['folder.asc', 'cannot be read (EISDIR)'],
    ['wep.asc', 'is not there, did you mean "web.asc"?'],
    ['wordpress.asc', 'is not there; known here: bare.asc, cut.asc'],
    ['nowhere/web.asc', 'is not there'],
  ])('named %s is a mistake: %s', (file, words) => {
    expect(keyFilesNextTo(configText)(`keys/${file}`)).toEqual({
      problem: expect.stringContaining(words),
    });
  });
});

describe('rollcall check of a config with key files', () => {
  const listing = fixturePath('listings/full-curve25519.json');
  const check = (recipients: string) => {
    writeFileSync(
      configText,
      `bucket: backups\nalerts: none\nrecipients: [${recipients}]\nhosts:\n  web-04: {}\n`,
    );
    const at = ['--at', '2026-11-23T12:00:00Z'];
    return runAlone(['check', '--hosts', configText, '--listing', listing, ...at], {
      PATH: process.env.PATH,
      HOME: folder,
    });
  };

  it('takes one that is right', async () => {
    const { status, stdout, stderr } = await check('keys/web.asc');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('web-04');
  });

  it('exits 3 with the line of one that is not', async () => {
    const { status, stdout, stderr } = await check('keys/web.asc, keys/secret.asc, keys/wep.asc');
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toContain('hosts.yml:3: recipients: keys/secret.asc is the SECRET key');
    expect(stderr).toContain('hosts.yml:3: recipients: keys/wep.asc is not there, did you mean');
  });
});
