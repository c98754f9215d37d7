// What must hold for every input, however strange: the laws that the short and the long run try to break.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect } from 'vitest';
import { sourceOf } from '../../scripts/rollcall/listing-source.ts';
import { parseListing } from '../../scripts/rollcall/parse-listing.ts';
import { UsageError } from '../../scripts/rollcall/terminal.ts';
import {
  type Config,
  ConfigError,
  formatPackedConfig,
  parsePackedConfig,
} from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { collectSets } from '../../shared/duplicity/backup-set.ts';
import { NO_PREFIX, readFileName } from '../../shared/duplicity/file-name.ts';
import { readEnding, readMessageHead } from '../../shared/openpgp/message.ts';
import { encryptionKeysOf, readPublicKeys } from '../../shared/openpgp/public-key.ts';
import { anObject } from '../support/builders.ts';
import { formatFileName } from '../support/format-file-name.ts';
import { readFixture } from '../support/recorded.ts';
import { endingOf } from '../support/recorded-message.ts';
import { type Case, cases } from './a-bucket.ts';
import { configs } from './a-config.ts';
import { heads } from './a-head.ts';
import { keyFiles } from './a-key.ts';
import { messages } from './a-message.ts';
import { names } from './a-name.ts';
import type { Fact, Session } from './fact.ts';
import { judgeByCode } from './judge-by-code.ts';
import { readEndingByTheBook } from './reference-end.ts';
import { readHeadByTheBook } from './reference-head.ts';
import { judgeByTheBook, type ReferenceJudgement } from './reference-judge.ts';

/** One law, and in how many cases the short and the long run try to break it. */
export type Law = {
  readonly says: string;
  readonly short: number;
  readonly long: number;
  readonly property: fc.IRawProperty<[unknown]>;
};

function law<T>(
  says: string,
  [short, long]: readonly [number, number],
  arbitrary: fc.Arbitrary<T>,
  holds: (one: T) => void | Promise<void>,
): Law {
  const property = fc.asyncProperty(arbitrary, async (one) => {
    await holds(one);
  }) as unknown as fc.IRawProperty<[unknown]>;
  return { says, short, long, property };
}

// What needs every volume of every set: the daily check reads fewer, and says less of these.
const NEEDS_ALL = [
  ...['poisoned', 'unencrypted', 'foreign', 'shrunk', 'grew', 'maybe-truncated', 'incremental'],
  ...['expiring', 'parity', 'overlapping'],
  // When a manifest was first written is not known where its set has no volumes to be read with their versions.
  'clock-skew',
];
const kindOf = (finding: string) => finding.split(' ')[1] ?? '';
const kindsIn = ({ findings }: ReferenceJudgement) => findings.map(kindOf);
const without = ({ findings }: ReferenceJudgement, kinds: readonly string[]) =>
  findings.filter((finding) => !kinds.includes(kindOf(finding)));
const sets = ({ answer, answeredAt, lastGood }: ReferenceJudgement) => ({
  answer,
  answeredAt,
  lastGood,
});

/** The judge of the product and the judge by the book agree on a bucket that was read whole. */
export async function agreesOnAll(one: Case): Promise<void> {
  const book = judgeByTheBook(one.host, one.facts, one.now);
  expect(await judgeByCode(one, 'all', 1000)).toEqual(book);
}

/** The daily check reads less, and comes to the same about the window and the last good full. */
export async function agreesOnRecent({ host, now, facts }: Case, pageRows: number): Promise<void> {
  // Its first listing tells the newest version alone: what was written over after `now` is not seen as it was.
  const there = facts
    .filter(({ firstModifiedAt }) => firstModifiedAt <= now)
    .map((fact) => ({ ...fact, modifiedAt: Math.min(fact.modifiedAt, now) }))
    .map((fact, _, all) => (host.chain === undefined ? asOldAsManifest(fact, all) : fact));
  const book = judgeByTheBook(host, there, now);
  const recent = await judgeByCode({ host, now, facts: there }, 'recent', pageRows);
  expect(sets(recent)).toEqual(sets(book));
  // A chain is as good as each of its sets: all of them are read each day.
  if (host.chain !== undefined) return expect(recent).toEqual(book);
  expect(without(recent, NEEDS_ALL)).toEqual(without(book, NEEDS_ALL));
  for (const kind of ['poisoned', 'unencrypted', 'foreign']) {
    if (!kindsIn(book).includes(kind)) expect(kindsIn(recent)).not.toContain(kind);
  }
  expect(kindsIn(recent).includes('incremental')).toBe(kindsIn(book).includes('incremental'));
  if (recent.verdict === 'ok') {
    const worse = book.findings.filter((finding) => finding.startsWith('critical'));
    for (const finding of worse) expect(['poisoned', 'unencrypted']).toContain(kindOf(finding));
  }
}

/** The daily check leaves the volumes of a finished incremental unread: when they were written is not known to it. */
function asOldAsManifest(fact: Fact, all: readonly Fact[]): Fact {
  const { means } = fact;
  if (!('of' in means) || means.of.basedOn === undefined || means.part === 'manifest') return fact;
  const manifests = all.filter((other) => isManifestOf(other.means, means.of));
  const at = Math.max(...manifests.map(({ modifiedAt }) => modifiedAt));
  return manifests.length === 0 ? fact : { ...fact, modifiedAt: at, firstModifiedAt: at };
}

function isManifestOf(means: Fact['means'], { at, basedOn }: Session): boolean {
  const of = 'of' in means && means.spelling === 'written' ? means.of : undefined;
  return means.part === 'manifest' && of?.at === at && of.basedOn === basedOn;
}

const pages = fc.constantFrom(1, 3, 10, 30, 1000);

/** A name is read as something, without a throw, and what counts is spelled one way only. */
export function readsOneName(text: string): void {
  const reading = readFileName(text);
  const kinds = ['written', 'tolerated', 'lethal', 'parity', 'statistics', 'foreign'];
  expect(kinds).toContain(reading.kind);
  if (reading.kind !== 'written') return;
  const { name } = reading;
  // Seconds are read far beyond the years that a date in a name may have.
  const years = [name.time, name.start, name.end].flatMap((at) =>
    at === undefined ? [] : new Date(at).getUTCFullYear(),
  );
  if (years.some((year) => year <= 1900 || year >= 2100)) return;
  // Written in full it is the same file again, whether its own spelling is long, short or old.
  const long = formatFileName({ ...name, compressed: name.compressed && !name.encrypted });
  expect(readFileName(long)).toEqual({ kind: 'written', name });
  if (text.startsWith('duplicity-') && !text.includes(':')) expect(long).toBe(text);
  if (text.includes('\n')) expect(text).toBe('a name without a new line');
}

/** Names of any kind, mixed: each lands in one place, and none makes a set that it does not belong to. */
export function sortsNames(mixed: readonly string[]): void {
  const distinct = [...new Set(mixed)];
  const objects = distinct.map((name) => anObject(name));
  const {
    sets: found,
    foreign,
    unencrypted,
    poison,
  } = collectSets({ objects, volumeStems: [] }, NO_PREFIX);
  const readings = distinct.map((name) => readFileName(name));
  const count = (...kinds: string[]) => readings.filter(({ kind }) => kinds.includes(kind)).length;
  expect(foreign).toHaveLength(count('foreign', 'tolerated'));
  expect(unencrypted.length).toBeLessThanOrEqual(count('written'));
  expect(poison.filter(({ why }) => why === 'lethal')).toHaveLength(count('lethal'));
  expect(found.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(count('written'));
}

/** A listing that was cut anywhere is a mistake with a way out, and never a shorter listing. */
export function refusesCutListing(one: Case): void {
  const text = JSON.stringify({
    Contents: one.facts.map(({ name, bytes, modifiedAt }) => ({
      ...{ Key: `web/${name}`, Size: bytes, LastModified: new Date(modifiedAt).toISOString() },
    })),
    Prefix: 'web/',
  });
  const whole = Buffer.from(text);
  expect(objectsIn(text)).toHaveLength(one.facts.length);
  // A long listing is cut at every so many bytes, so that one case stays short.
  for (let cut = 0; cut < whole.length; cut += Math.ceil(whole.length / 500)) {
    expect(() => parseListing(sourceOf(whole.subarray(0, cut).toString()), 'web.json')).toThrow(
      UsageError,
    );
  }
}

const recordedListings = ['full-rsa3072', 'two-fulls-today', 'killed-mid-upload', 'full-glacier'];
const recordedTexts = recordedListings.map((name) => readFixture(`listings/${name}.json`));
const mutatedListings = fc
  .tuple(
    fc.constantFrom(...recordedTexts),
    fc.array(
      fc.tuple(fc.nat(), fc.constantFrom('', '"', '{', ']', ',', 'null', '-1', 'true', '\\')),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  )
  .map(([text, edits]) =>
    edits.reduce((whole, [place, put]) => {
      const at = place % whole.length;
      return whole.slice(0, at) + put + whole.slice(at + 1);
    }, text),
  );

/** A listing with anything wrong in it is read, or refused with a `UsageError`. */
export function readsOrRefusesListing(text: string): void {
  try {
    for (const { key, bytes, modifiedAt } of objectsIn(text)) {
      expect(typeof key).toBe('string');
      expect(Number.isSafeInteger(bytes) && bytes >= 0 && Number.isFinite(modifiedAt)).toBe(true);
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
}

/** A config is read whole, or refused with a line for every mistake. */
export function readsOrRefusesConfig(text: string): void {
  let config: Config;
  try {
    config = parseConfig(text, 'hosts.yml');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.issues.length).toBeGreaterThan(0);
    for (const issue of error.issues) expect(issue).toMatch(/^hosts\.yml:\d+: \S/);
    return;
  }
  expect(config.hosts.length).toBeGreaterThan(0);
  // The functions carry it in JSON.
  expect(parsePackedConfig(formatPackedConfig(config))).toStrictEqual(config);
  const paths = config.hosts.map(({ target }) => `${target.bucket}/${target.prefix}`);
  for (const [place, path] of paths.entries()) {
    const others = paths.filter((_, other) => other !== place);
    expect(others.some((other) => other.startsWith(path))).toBe(false);
  }
  expect(new Set(config.hosts.map(({ name }) => name)).size).toBe(config.hosts.length);
  for (const { window } of [config, ...config.hosts]) expect(window.opens).not.toBe(window.due);
}

/** A head is read as the RFC says, byte for byte, and never throws. */
export function readsHead(bytes: Uint8Array): void {
  expect(readMessageHead(bytes)).toEqual(readHeadByTheBook(bytes));
}

/** An object that is read whole ends as the RFC says; read by its head and one part more, the same. */
export function readsEnding(object: Uint8Array): void {
  const byTheBook = readEndingByTheBook(object);
  expect(readEnding(object.length, object)).toEqual(byTheBook);
  expect(endingOf(object)).toEqual(byTheBook);
}

/** A key file is read or refused, and every fingerprint that is printed is that of bytes that stand in it. */
export function readsOrRefusesKeys(bytes: Uint8Array): void {
  const there = new Set<string>();
  const keys = readPublicKeys(bytes, (algorithm, all) => {
    const digest = createHash(algorithm).update(all).digest();
    const body = Buffer.from(all.subarray(algorithm === 'sha1' ? 3 : 5));
    if (Buffer.from(bytes).includes(body)) there.add(digest.toString('hex').toUpperCase());
    return digest;
  });
  if (typeof keys === 'string') {
    expect(['secret', 'damaged', 'no key']).toContain(keys);
    return;
  }
  expect(keys.length).toBeGreaterThan(0);
  for (const fingerprint of encryptionKeysOf(keys)) expect(there).toContain(fingerprint);
}

/** Every law. */
export const laws: readonly Law[] = [
  law('judges a bucket read whole as the book does', [600, 60_000], cases, agreesOnAll),
  law(
    'judges the daily way as the book does, whatever a page holds',
    [600, 60_000],
    fc.tuple(cases, pages),
    ([one, pageRows]) => agreesOnRecent(one, pageRows),
  ),
  law('reads any name, and lets one spelling count', [10_000, 1_000_000], names, readsOneName),
  law(
    'puts every name in one place',
    [100, 10_000],
    fc.array(names, { maxLength: 40 }),
    sortsNames,
  ),
  law('refuses a listing cut at any byte', [20, 1_000], cases, refusesCutListing),
  law(
    'reads a damaged listing or refuses it',
    [100, 10_000],
    mutatedListings,
    readsOrRefusesListing,
  ),
  law('reads a config or refuses it line by line', [300, 30_000], configs, readsOrRefusesConfig),
  law('reads any head as the RFC says', [3_000, 300_000], heads, readsHead),
  law('tells where any object ends, as the RFC says', [3_000, 300_000], heads, readsEnding),
  law('tells a cut message from a whole one', [1_000, 100_000], messages, readsEnding),
  law('reads a key file or refuses it', [3_000, 300_000], keyFiles, readsOrRefusesKeys),
];

function objectsIn(text: string) {
  return parseListing(sourceOf(text), 'web.json').blocks.flatMap(({ read }) => read().objects);
}
