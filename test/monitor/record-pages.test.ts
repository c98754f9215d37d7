import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fingerprintPage,
  formatFingerprints,
  parseFingerprints,
  readFingerprintPage,
} from '../../shared/monitor/set-records.ts';
import type { Fingerprint } from '../../shared/rules/fingerprints.ts';

const wholeNumber = fc.nat(4_000_000_000_000);
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const opened = fc.record({
  name: fc.string({ unit: 'binary' }),
  reads: fc.constantFrom('openpgp' as const, 'text' as const, 'short' as const),
  recipients: fc.array(fc.constant('0123456789ABCDEF')),
  symmetric: fc.nat(3),
});
const openedWithEnding = fc
  .tuple(opened, fc.constantFrom('whole' as const, 'truncated' as const, 'cannot tell' as const))
  .map(([one, ending]) => ({ ...one, ending }));
const anyFingerprint: fc.Arbitrary<Fingerprint> = fc.record({
  place: fc.string({ unit: 'binary' }),
  ...{
    startedAt: wholeNumber,
    sealedAt: wholeNumber,
    firstWriteAt: wholeNumber,
    files: wholeNumber,
    bytes: wholeNumber,
  },
  hash: optional(fc.constant('abcdefghijklmnopqrst-_')),
  opened: optional(fc.array(fc.oneof(opened, openedWithEnding), { maxLength: 3 })),
});
const someFingerprints = fc.array(anyFingerprint, { maxLength: 3 });

describe('parseFingerprints', () => {
  it('is the inverse of formatFingerprints', () => {
    fc.assert(
      fc.property(someFingerprints, (fingerprints) => {
        expect(parseFingerprints(formatFingerprints(fingerprints))).toEqual(fingerprints);
      }),
    );
  });

  it('is undefined for a text that was cut or made up', () => {
    fc.assert(
      fc.property(someFingerprints, fc.nat(), (fingerprints, cut) => {
        const text = formatFingerprints(fingerprints).trimEnd();
        expect(parseFingerprints(text.slice(0, cut % text.length))).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseFingerprints(text)).toBeUndefined();
      }),
    );
  });

  const good = {
    place: 'b/web/',
    ...{ startedAt: 1, sealedAt: 2, firstWriteAt: 1, files: 3, bytes: 4 },
    hash: 'abcdefghijklmnopqrst-_',
    opened: [{ name: 'x', reads: 'openpgp', recipients: ['0123456789ABCDEF'], symmetric: 0 }],
  };
  const pageOf = (change: object) =>
    JSON.stringify({ version: 1, seals: [{ ...good, ...change }] });

  it.each<[string, object]>([
    ['a key id that is text', { opened: [{ ...good.opened[0], recipients: ['\u001b[2J'] }] }],
    ['a kind of message that is none', { opened: [{ ...good.opened[0], reads: '<b>' }] }],
    ['an ending that is none', { opened: [{ ...good.opened[0], ending: 'fine' }] }],
    ['a hash of another length', { hash: 'short' }],
    ['a negative size', { bytes: -1 }],
    ['an instant that is none', { startedAt: '2026-11-23' }],
    ['a host that is none', { place: null }],
  ])('refuses a page with %s', (_, change) => {
    expect(parseFingerprints(pageOf({}))).toHaveLength(1);
    expect(parseFingerprints(pageOf(change))).toBeUndefined();
  });
});

describe('fingerprintPage', () => {
  it('names a page from which its instant can be read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
        const at = seconds * 1000;
        expect(readFingerprintPage(fingerprintPage(at))).toEqual({ at, index: 0, of: 1 });
        expect(readFingerprintPage(fingerprintPage(at, { index: 3, of: 8 }))).toEqual({
          at,
          index: 3,
          of: 8,
        });
      }),
    );
    for (const page of ['seals/', 'seals/x.json', 'seals/2026/13/40T996161Z.json', 'state.json']) {
      expect(readFingerprintPage(page)).toBeUndefined();
    }
  });
});
