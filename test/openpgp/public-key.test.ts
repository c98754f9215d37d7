import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { enums, generateKey, type Key, readKeys, revokeKey } from 'openpgp';
import { describe, expect, it } from 'vitest';
import {
  type Digest,
  encryptionKeysOf,
  isArmoured,
  keyIdOf,
  type PublicKey,
  readArmour,
  readPublicKeys,
} from '../../shared/openpgp/public-key.ts';
import {
  area,
  buildSignature,
  CREATED,
  ISSUER_FINGERPRINT,
  ISSUER_ID,
  KEY_FLAGS,
  number,
  type Subpacket,
} from '../support/key-signature.ts';
import { fixturePath, readFixture } from '../support/recorded.ts';

const digest: Digest = (algorithm, bytes) =>
  new Uint8Array(createHash(algorithm).update(bytes).digest());
const read = (bytes: Uint8Array): PublicKey[] => {
  const keys = readPublicKeys(bytes, digest);
  if (typeof keys === 'string') throw new Error(keys);
  return keys;
};
const armoured = (file: string) => {
  const bytes = readArmour(readFixture(`keys/${file}`));
  if (bytes === undefined) throw new Error(`${file} has no armour`);
  return bytes;
};

type Recorded = { file: string; kind: 'pub' | 'sub'; fingerprint: string; capabilities: string };
const recorded = JSON.parse(readFixture('keys/index.json')) as (Recorded & { validity?: string })[];
const files = [...new Set(recorded.map(({ file }) => file))];

/** A key as another implementation reads it. */
async function byLibrary(key: Key) {
  const encrypts = async (part: Key | Key['subkeys'][number]) =>
    key.getEncryptionKey(part.getKeyID(), null as never).then(
      () => true,
      () => false,
    );
  const parts = await Promise.all(
    [key, ...key.subkeys].map(async (part) => {
      return { fingerprint: part.getFingerprint().toUpperCase(), encrypts: await encrypts(part) };
    }),
  );
  return parts;
}

const summaryOf = ({ primary, subkeys }: PublicKey) =>
  [primary, ...subkeys].map(({ fingerprint, encrypts, revoked }) => ({
    fingerprint,
    encrypts: encrypts && !revoked,
  }));

describe('readPublicKeys', () => {
  it.each(files)('reads %s as gpg does', (file) => {
    const parts = recorded.filter((one) => one.file === file);
    const [key, ...more] = read(armoured(file));
    if (key === undefined) throw new Error('no key');
    expect(more).toEqual([]);
    expect([key.primary, ...key.subkeys].map(({ fingerprint }) => fingerprint)).toEqual(
      parts.map(({ fingerprint }) => fingerprint),
    );
    // gpg's own letters: what this very part is for, in lower case.
    expect(encryptionKeysOf([key])).toEqual(
      parts
        .filter(
          ({ capabilities, validity }) => capabilities.includes('e') && validity !== 'revoked',
        )
        .map(({ fingerprint }) => fingerprint),
    );
  });

  it('keeps an expired subkey, and leaves a revoked one out', () => {
    const [key] = read(armoured('rotated.pub.asc'));
    expect(
      key?.subkeys.map((one) => [keyIdOf(one.fingerprint), one.encrypts, one.revoked]),
    ).toEqual([
      ['C68A7AE202477048', true, false],
      ['7F3238B2CC52BFE6', true, true],
      ['AD01F05218C9958F', false, false],
      ['04EDD72C4B360B09', true, false],
      ['9B90C7E563D7B71A', true, false],
    ]);
    expect(key?.primary.encrypts).toBe(false);
  });

  it('agrees with OpenPGP.js on every recorded key', async () => {
    for (const file of files.filter((one) => one !== 'rotated.pub.asc')) {
      const keys = await readKeys({ armoredKeys: readFixture(`keys/${file}`) });
      expect(read(armoured(file)).map(summaryOf)).toEqual(await Promise.all(keys.map(byLibrary)));
    }
  });

  const userIDs = [{ name: 'Web', email: 'web@example.org' }];
  const any = { userIDs, format: 'object' as const };
  const made: [string, Parameters<typeof generateKey>[0]][] = [
    ['RSA', { ...any, type: 'rsa', rsaBits: 2048 }],
    ['of curves', { ...any, type: 'curve25519' }],
    ['of a NIST curve', { ...any, type: 'ecc', curve: 'nistP256' }],
    ['of curve 448', { ...any, type: 'curve448' }],
    ['that ends', { ...any, type: 'curve25519', keyExpirationTime: 86_400 }],
    ['with a subkey to sign', { ...any, type: 'curve25519', subkeys: [{}, { sign: true }, {}] }],
    ['without subkeys', { ...any, type: 'curve25519', subkeys: [] }],
    ['of version 6', { ...any, type: 'curve25519', config: { v6Keys: true } }],
    [
      'of version 6 that ends',
      { ...any, type: 'curve448', keyExpirationTime: 9, config: { v6Keys: true } },
    ],
  ];

  it.each(made)('agrees with OpenPGP.js on a key %s', async (_, options) => {
    const { publicKey: key } = await generateKey(options);
    expect(read(key.write()).map(summaryOf)).toEqual([await byLibrary(key)]);
    const bytes = readArmour(key.armor());
    expect(bytes).toEqual(key.write());
  });

  it('agrees with OpenPGP.js on what was revoked', async () => {
    const { privateKey } = await generateKey({ ...any, type: 'curve25519', subkeys: [{}, {}] });
    const [one, two] = privateKey.subkeys;
    if (one === undefined || two === undefined) throw new Error('no subkeys');
    const gone = await one.revoke(privateKey.keyPacket as never, {
      flag: enums.reasonForRevocation.keyCompromised,
    });
    privateKey.subkeys[0] = gone;
    const key = privateKey.toPublic();
    expect(encryptionKeysOf(read(key.write()))).toEqual([two.getFingerprint().toUpperCase()]);
    const { publicKey } = await revokeKey({ key: privateKey, format: 'object' });
    expect(encryptionKeysOf(read(publicKey.write()))).toEqual([]);
  });

  it.each([
    ['of version 3', [3, 5, 0x28]],
    ['that is cut', [4, 0x28]],
    ['of somebody else', [4, 0x28, 1, 8, 0, 0, 0, 0]],
  ])('leaves out a subkey with a revocation %s', (_, body) => {
    const key = armoured('curve.pub.asc');
    expect(encryptionKeysOf(read(key))).toHaveLength(1);
    expect(encryptionKeysOf(read(Uint8Array.from([...key, 0x88, body.length, ...body])))).toEqual(
      [],
    );
  });

  it('reads several keys in one file', () => {
    const both = Uint8Array.from([...armoured('backup.pub.asc'), ...armoured('curve.pub.asc')]);
    expect(encryptionKeysOf(read(both)).map(keyIdOf)).toEqual([
      '3C3227771D10B285',
      'B95D68253E90E86D',
    ]);
  });

  it.each([
    ['nothing', [], 'no key'],
    ['a secret key', [0x95, 1, 0], 'secret'],
    ['a secret key in the new format', [0xc5, 1, 0], 'secret'],
    ['a message', [0x85, 1, 0], 'no key'],
    ['text', [0x68, 0x69], 'no key'],
    ['a subkey alone', [0xce, 1, 4], 'no key'],
    ['a key of one byte', [0x98, 1, 4], 'damaged'],
    ['a key of version 3', [0x98, 8, 3, 0, 0, 0, 0, 0, 0, 1], 'damaged'],
    ['a key that is cut', [0x98, 8, 4, 0, 0, 0, 0, 1], 'damaged'],
    ['a key in parts', [0xc6, 0xe3, 4, 0, 0, 0, 0, 1, 0, 0, 0], 'damaged'],
  ])('calls %s what it is', (_, bytes, problem) => {
    expect(readPublicKeys(Uint8Array.from(bytes), digest)).toEqual(problem);
  });

  it('reads a key that is cut inside a packet as damaged', () => {
    const whole = armoured('rotated.pub.asc');
    for (let length = 1; length < whole.length; length += 1) {
      const keys = readPublicKeys(whole.subarray(0, length), digest);
      // Cut between two packets it is a key, of fewer parts: armour has a checksum against that.
      if (typeof keys === 'string') expect(keys).toBe('damaged');
      else expect(keys).toHaveLength(1);
    }
  });
});

describe('readPublicKeys, of what signatures say', () => {
  const RSA = 1;
  const EDDSA = 22;
  const packet = (tag: number, body: readonly number[]) => [0xc0 | tag, ...area(body, 1)];
  const keyBody = (algorithm: number, salt: number) => [4, 0, 0, 0, salt, algorithm, 7, 7];
  const fingerprintOf = (body: readonly number[]) => [
    ...digest('sha1', Uint8Array.from([0x99, ...area(body, 2)])),
  ];
  const primary = keyBody(EDDSA, 1);
  const owner = fingerprintOf(primary);
  const byOwner: Subpacket = [ISSUER_FINGERPRINT, [4, ...owner]];
  const byOwnersId: Subpacket = [ISSUER_ID, owner.slice(-8)];
  const byAnother: Subpacket = [ISSUER_FINGERPRINT, [4, ...Array(20).fill(0xaa)]];
  const flags = (...value: number[]): Subpacket => [KEY_FLAGS, value];
  const at = (createdS: number): Subpacket => [CREATED, number(createdS, 4)];
  const signature = (type: number, ...printed: Subpacket[]) => [
    ...packet(2, [...buildSignature(printed, [], 4, type)]),
  ];
  const bound = (...printed: Subpacket[]) => signature(0x18, byOwner, ...printed);
  /** A subkey of the algorithm with these signatures, behind a primary key with those. */
  const subkeyWith = (
    signatures: readonly number[][],
    { algorithm = RSA, ofPrimary = [] as readonly number[][] } = {},
  ) => {
    const [key] = read(
      Uint8Array.from([
        ...packet(6, primary),
        ...ofPrimary.flat(),
        ...packet(14, keyBody(algorithm, 2)),
        ...signatures.flat(),
      ]),
    );
    const [subkey] = key?.subkeys ?? [];
    if (key === undefined || subkey === undefined) throw new Error('no subkey');
    return { subkey, primary: key.primary };
  };
  const encrypts = (signatures: readonly number[][], algorithm?: number) =>
    subkeyWith(signatures, algorithm === undefined ? {} : { algorithm }).subkey.encrypts;

  it('counts a subkey only when its own primary key signed it as one', () => {
    expect(encrypts([])).toBe(false);
    expect(encrypts([bound()])).toBe(true);
    expect(encrypts([signature(0x18, byOwnersId)])).toBe(true);
    expect(encrypts([signature(0x18, byAnother, byOwnersId)])).toBe(true);
    expect(encrypts([signature(0x18, byAnother)])).toBe(false);
    expect(encrypts([signature(0x18)])).toBe(false);
    for (const type of [0x10, 0x13, 0x19, 0x1f]) {
      expect(encrypts([signature(type, byOwner, flags(0x0c))])).toBe(false);
    }
  });

  it.each([0x10, 0x11, 0x12, 0x13, 0x1f])(
    'takes a signature of type %i for the primary key',
    (type) => {
      const of = (...ofPrimary: number[][]) => subkeyWith([], { ofPrimary }).primary.encrypts;
      expect(of(signature(type, byOwner, flags(0x04)))).toBe(true);
      expect(of(signature(type, byAnother, flags(0x04)))).toBe(false);
      expect(of(signature(0x18, byOwner, flags(0x04)))).toBe(false);
      expect(of(packet(13, [0x57]), signature(type, byOwner, flags(0x04)))).toBe(true);
    },
  );

  it('goes by the flags, and by the algorithm where there are none', () => {
    for (const [flag, is] of [
      ...[[0x04, true] as const, [0x08, true] as const, [0x0c, true] as const],
      ...[[0, false] as const, [0x03, false] as const, [0x20, false] as const],
    ]) {
      expect(encrypts([bound(flags(flag))]), `flags ${flag}`).toBe(is);
      expect(encrypts([bound(flags(flag))], EDDSA), `flags ${flag}`).toBe(is);
    }
    const able = Array.from({ length: 30 }, (_, algorithm) => algorithm).filter((algorithm) =>
      encrypts([bound()], algorithm),
    );
    // RFC 9580, section 9.1: those that encrypt.
    expect(able).toEqual([1, 2, 16, 18, 25, 26]);
  });

  it('uses the latest signature with the purpose of the key, in any order', () => {
    const early = bound(at(100), flags(0x0c));
    const late = bound(at(200), flags(0x02));
    const silent = bound(at(300));
    expect(encrypts([early])).toBe(true);
    expect(encrypts([early, late])).toBe(false);
    expect(encrypts([late, early])).toBe(false);
    expect(encrypts([late, silent])).toBe(false);
    expect(encrypts([silent, late])).toBe(false);
    expect(encrypts([late, bound(at(200), flags(0x04))])).toBe(true);
    expect(encrypts([late, signature(0x18, at(400), byAnother, flags(0x04))])).toBe(false);
  });

  it('counts a revocation no matter who made it, and only of the part behind which it stands', () => {
    const revoked = (signatures: number[][], ofPrimary: number[][] = []) => {
      const { subkey, primary: first } = subkeyWith([bound(), ...signatures], { ofPrimary });
      return [first.revoked, subkey.revoked];
    };
    expect(revoked([])).toEqual([false, false]);
    expect(revoked([signature(0x28, byAnother)])).toEqual([false, true]);
    expect(revoked([signature(0x20, byOwner)])).toEqual([false, false]);
    expect(revoked([], [signature(0x20, byAnother)])).toEqual([true, true]);
    expect(revoked([], [signature(0x28, byOwner)])).toEqual([false, false]);
  });

  it('calls a key damaged behind which something stands that is no whole packet', () => {
    const whole = [...packet(6, primary), ...signature(0x1f, byOwner, flags(0x04))];
    expect(read(Uint8Array.from(whole))).toHaveLength(1);
    for (const tail of [[0x00], [0x7f, 1, 0], [0x80 | (6 << 2) | 3, 4]]) {
      expect(readPublicKeys(Uint8Array.from([...whole, ...tail]), digest)).toBe('damaged');
    }
  });

  it('makes the fingerprint as of a key of any length', () => {
    for (const length of [6, 255, 256, 300, 70_000]) {
      for (const version of [4, 6]) {
        if (version === 4 && length > 0xffff) continue;
        const body = [version, 0, 0, 0, 1, RSA, ...Array(length - 6).fill(5)];
        const [key] = read(Uint8Array.from([0xc6, 0xff, ...area(body, 4)]));
        const hashed =
          version === 4
            ? digest('sha1', Uint8Array.from([0x99, ...area(body, 2)]))
            : digest('sha256', Uint8Array.from([0x9b, ...area(body, 4)]));
        expect(key?.primary.fingerprint).toBe(Buffer.from(hashed).toString('hex').toUpperCase());
      }
    }
  });
});

describe('readArmour', () => {
  const text = readFixture('keys/backup.pub.asc');

  it('takes what gpg writes, also with other ends of lines, headers and two blocks', () => {
    const bytes = armoured('backup.pub.asc');
    expect(readArmour(text.replaceAll('\n', '\r\n'))).toEqual(bytes);
    expect(
      readArmour(text.replace('BLOCK-----\n', 'BLOCK-----\nVersion: x\nComment: y: z\n')),
    ).toEqual(bytes);
    expect(readArmour(`kept by ops\n${text}\n${text}`)).toHaveLength(2 * bytes.length);
    expect(readArmour(text.replace(/^=.*\n/m, ''))).toEqual(bytes);
    expect([isArmoured(text), isArmoured('ssh-ed25519 AAAA')]).toEqual([true, false]);
  });

  it('refuses one whose checksum is wrong, whatever letter was changed', () => {
    const lines = text.split('\n').filter((line) => /^[A-Za-z0-9+/]+$/.test(line));
    const place = fc.tuple(fc.nat(lines.length - 1), fc.nat(63));
    fc.assert(
      fc.property(place, fc.constantFrom(...'ABCDwxyz0189+/'), ([line, column], letter) => {
        const old = lines[line] ?? '';
        if (column >= old.length || old[column] === letter) return;
        const changed = `${old.slice(0, column)}${letter}${old.slice(column + 1)}`;
        expect(readArmour(text.replace(old, changed))).toBeUndefined();
      }),
    );
  });

  it.each([
    ['cut', text.slice(0, 400)],
    ['without its end', text.replace(/-----END.*/, '')],
    ['that is no base64', text.replace(/^[A-Za-z0-9]{4}/m, '<b>!')],
    [
      'that is empty',
      '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----\n',
    ],
    [
      'with a checksum alone',
      '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n=twTO\n-----END PGP PUBLIC KEY BLOCK-----\n',
    ],
    ['with a checksum that is none', text.replace(/^=.*/m, '=!')],
  ])('refuses one %s', (_, broken) => {
    expect(readArmour(broken)).toBeUndefined();
  });

  it('reads the armour that real keys have', () => {
    for (const file of files) {
      expect(readArmour(readFileSync(fixturePath(`keys/${file}`), 'utf8'))?.[0]).toBeGreaterThan(
        0x7f,
      );
    }
  });
});
