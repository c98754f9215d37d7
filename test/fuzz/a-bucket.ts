// Random hosts with random buckets: fulls and incrementals of many days, whole or damaged, and strange things among them.
import fc from 'fast-check';
import type { Host } from '../../shared/config/config.ts';
import { type FilePrefix, NO_PREFIX } from '../../shared/duplicity/file-name.ts';
import type { Instant } from '../../shared/duplicity/time.ts';
import { anyText } from '../support/any-text.ts';
import { aHost, at } from '../support/builders.ts';
import type { Fact, Meaning, Part, Session } from './fact.ts';

/** One case: who is judged, when, by what. */
export type Case = { readonly host: Host; readonly now: Instant; readonly facts: readonly Fact[] };

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

type Style = 'long' | 'old' | 'short';

const stamp = (instant: Instant) =>
  new Date(instant).toISOString().replace('.000Z', 'Z').replace(/[-:]/g, '');
const oldStamp = (instant: Instant) =>
  `${new Date(instant + 330 * MINUTE).toISOString().slice(0, 19)}+05:30`;
const timeIn: Record<Style, (instant: Instant) => string> = {
  long: stamp,
  old: oldStamp,
  short: (instant) => (instant / 1000).toString(36),
};

/** How duplicity names a file, up to its suffix. */
function nameOf(part: Part, of: Session, style: Style, prefix: FilePrefix, number = ''): string {
  const full = of.basedOn === undefined;
  const time = timeIn[style];
  if (style === 'short') {
    const times = full ? time(of.at) : `${time(of.basedOn)}.${time(of.at)}`;
    if (part === 'manifest') return `${prefix.manifest}${full ? 'df' : 'di'}.${times}.m`;
    if (part === 'signatures') return `${prefix.signature}${full ? 'dfs' : 'dns'}.${times}.st`;
    return `${prefix.archive}${full ? 'df' : 'di'}.${times}.${number || part.toString(36)}.dt`;
  }
  const times = full ? time(of.at) : `${time(of.basedOn)}.to.${time(of.at)}`;
  const type = full ? 'full' : 'inc';
  if (part === 'manifest') return `${prefix.manifest}duplicity-${type}.${times}.manifest`;
  if (part === 'signatures') {
    const kind = full ? 'full-signatures' : 'new-signatures';
    return `${prefix.signature}duplicity-${kind}.${times}.sigtar`;
  }
  return `${prefix.archive}duplicity-${type}.${times}.vol${number || part}.difftar`;
}

const suffixIn = (style: Style, suffix: '' | '.gz' | '.gpg') =>
  style === 'short' ? { '': '', '.gz': '.z', '.gpg': '.g' }[suffix] : suffix;

/** Instants like quarters of an hour: they meet each other and the edges of windows. */
const instants = (from: Instant, until: Instant): fc.Arbitrary<Instant> =>
  fc.oneof(
    fc
      .integer({ min: Math.ceil(from / 900_000), max: Math.floor(until / 900_000) })
      .map((q) => q * 900_000),
    fc.integer({ min: Math.ceil(from / 1000), max: Math.floor(until / 1000) }).map((s) => s * 1000),
  );

const rarely = <T>(oneIn: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: oneIn - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const prefixes: fc.Arbitrary<FilePrefix> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(NO_PREFIX) },
  fc.constantFrom('nas-', 'a.vol-', 'duplicity-full.').map((one) => ({
    archive: one,
    manifest: one,
    signature: one,
  })),
  fc.constant({ archive: 'a_', manifest: 'm_', signature: 's_' }),
  fc.constant({ archive: '', manifest: 'm_', signature: '' }),
);

const hosts: fc.Arbitrary<Host> = fc
  .record({
    prefix: prefixes,
    timezone: fc.constantFrom(
      'UTC',
      'Europe/Amsterdam',
      'America/New_York',
      'Asia/Kathmandu',
      'Pacific/Chatham',
    ),
    window: fc.constantFrom(
      { opens: '00:00', due: '08:15', graceMinutes: 240 },
      { opens: '22:00', due: '06:00', graceMinutes: 240 },
      { opens: '06:00', due: '23:30', graceMinutes: 240 },
      { opens: '12:00', due: '12:30', graceMinutes: 0 },
      { opens: '20:00', due: '08:15', graceMinutes: 20 * 60 },
      { opens: '00:00', due: '08:15', graceMinutes: 24 * 60 },
      { opens: '20:00', due: '07:30', graceMinutes: 48 * 60 },
      { opens: '06:00', due: '20:00', graceMinutes: 72 * 60 },
    ),
    days: rarely(4, fc.constantFrom([1, 2, 3, 4, 5], [2, 5], [0], [0, 1, 2, 3, 4, 5, 6])),
    chain: rarely(3, fc.constantFrom({ fullEveryDays: 2 }, { fullEveryDays: 7 })),
    size: fc.constantFrom(
      { minBytes: 0, shrink: 0.5, grow: 2 },
      { minBytes: 2500, shrink: 0.9, grow: 1.1 },
    ),
    paused: rarely(10, fc.constantFrom('2026-10-28', '2026-11-20')),
    since: rarely(8, fc.constantFrom('2026-10-26', '2026-11-10')),
  })
  .map(({ prefix, days, chain, paused, since, ...rest }) =>
    aHost({
      ...rest,
      filePrefix: prefix,
      ...(days === undefined ? {} : { days }),
      ...(chain === undefined ? {} : { chain }),
      ...(paused === undefined ? {} : { paused: { until: paused, because: 'moved' } }),
      ...(since === undefined ? {} : { since }),
    }),
  );

type Damage =
  | {
      readonly what: 'lose' | 'empty' | 'double' | 'tolerated' | 'checkpoint';
      readonly pick: number;
    }
  | { readonly what: 'rewrite' | 'date manifest'; readonly pick: number; readonly minutes: number };

const damages: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({
    what: fc.constantFrom('lose', 'lose', 'empty', 'double', 'tolerated', 'checkpoint'),
    pick: fc.nat({ max: 11 }),
  }) as fc.Arbitrary<Damage>,
  fc.record({
    what: fc.constantFrom('rewrite', 'date manifest'),
    pick: fc.nat({ max: 11 }),
    minutes: fc.integer({ min: -3000, max: 3000 }),
  }) as fc.Arbitrary<Damage>,
);

type Run = {
  readonly at: Instant;
  readonly basedOn: Instant | undefined;
  readonly volumes: number;
  readonly minutes: number;
  /** How far the host's clock is ahead of S3's. */
  readonly aheadMinutes: number;
  readonly volumeBytes: number;
  readonly lastBytes: number;
  readonly style: Style;
  readonly suffix: '' | '.gz' | '.gpg';
  readonly damages: readonly Damage[];
};

const runs = (now: Instant): fc.Arbitrary<Run> =>
  fc.record({
    at: fc.oneof(
      { weight: 8, arbitrary: instants(now - 9 * DAY, now) },
      { weight: 3, arbitrary: instants(now - DAY, now) },
      { weight: 1, arbitrary: instants(now, now + 3 * DAY) },
    ),
    basedOn: rarely(12, instants(now - 10 * DAY, now)),
    volumes: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 12 })),
    minutes: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 1600 })),
    aheadMinutes: fc.oneof(
      { weight: 8, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: -10, max: 10 }) },
      { weight: 1, arbitrary: fc.integer({ min: -2000, max: 6000 }) },
    ),
    volumeBytes: fc.constantFrom(1000, 1000, 1000, 200, 5000, 2 ** 24),
    lastBytes: fc.constantFrom(100, 100, 940, 950, 1000),
    style: fc.constantFrom('long', 'long', 'long', 'long', 'old', 'short'),
    suffix: fc.oneof(
      { weight: 20, arbitrary: fc.constant('.gpg') },
      { weight: 1, arbitrary: fc.constantFrom('.gz', '') },
    ),
    damages: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(damages, { maxLength: 3 }) },
    ),
  }) as fc.Arbitrary<Run>;

/** A full and the increments after it, a day or so apart; what is lost of it is any of them, or the full. */
const chains = (now: Instant): fc.Arbitrary<Run[]> =>
  fc
    .tuple(
      fc.array(runs(now), { minLength: 2, maxLength: 5 }),
      instants(now - 9 * DAY, now - 2 * DAY),
      fc.constantFrom(DAY, DAY, DAY + 90 * MINUTE, 2 * DAY),
      rarely(3, fc.nat({ max: 4 })),
    )
    .map(([some, begunAt, apart, lost]) =>
      some
        .map((run, nth) => ({
          ...{ ...run, at: begunAt + nth * apart, minutes: run.minutes % 600 },
          basedOn: nth === 0 ? undefined : begunAt + (nth - 1) * apart,
        }))
        .filter((_, nth) => nth !== lost),
    );

const chainsAndMore = (now: Instant): fc.Arbitrary<Run[]> =>
  fc
    .tuple(
      fc.array(chains(now), { minLength: 1, maxLength: 2 }),
      fc.array(runs(now), { maxLength: 2 }),
    )
    .map(([some, more]) => [...some.flat(), ...more]);

/** The newest fulls of one habit, whatever the window: at about one time of the clock. */
const habits = (now: Instant): fc.Arbitrary<Run[]> =>
  fc
    .tuple(
      fc.array(runs(now), { minLength: 3, maxLength: 5 }),
      instants(now - DAY, now),
      fc.array(fc.constantFrom(0, 0, 7, 40, 89, 95), { minLength: 5, maxLength: 5 }),
    )
    .map(([some, newestAt, jitter]) =>
      some.map((run, nth) => ({
        ...{ ...run, aheadMinutes: 0, minutes: run.minutes % 120, basedOn: undefined },
        at: newestAt - nth * DAY - (jitter[nth] ?? 0) * MINUTE,
        damages: nth === 3 ? run.damages : [],
      })),
    );

function factsOf(run: Run, prefix: FilePrefix): Fact[] {
  const { volumes, style } = run;
  const of: Session =
    run.basedOn === undefined ? { at: run.at } : { at: run.at, basedOn: run.basedOn };
  const parts: Part[] = [
    ...Array.from({ length: volumes }, (_, index) => index + 1),
    'signatures',
    'manifest',
  ];
  let facts = parts.map((part, place): Fact => {
    const since = Math.floor((run.minutes * MINUTE * (place + 1)) / parts.length);
    const written = run.at - run.aheadMinutes * MINUTE + since;
    const whole = part === volumes ? run.lastBytes : run.volumeBytes;
    const suffix = part === 'manifest' && run.suffix === '.gz' ? '' : run.suffix;
    return {
      name: `${nameOf(part, of, style, prefix)}${suffixIn(style, suffix)}`,
      means: { part, of, spelling: 'written' },
      encrypted: suffix === '.gpg',
      bytes: typeof part === 'number' ? whole : 90,
      modifiedAt: written,
      firstModifiedAt: written,
    };
  });
  const replace = (old: Fact, made: Partial<Fact>) => {
    facts = facts.map((fact) => (fact === old ? { ...old, ...made } : fact));
  };
  for (const damage of run.damages) {
    const fact = facts[damage.pick % facts.length];
    if (fact === undefined || !('of' in fact.means) || fact.means.spelling !== 'written') continue;
    const { part } = fact.means;
    const again = (name: string, spelling: 'written' | 'tolerated' | 'checkpoint', gpg: boolean) =>
      facts.push({ ...fact, name, encrypted: gpg, means: { part, of, spelling } });
    const bare = nameOf(part, of, style, prefix);
    switch (damage.what) {
      case 'lose':
        facts = facts.filter((one) => one !== fact);
        break;
      case 'empty':
        replace(fact, { bytes: 0 });
        break;
      case 'double':
        again(bare, 'written', false);
        break;
      case 'tolerated':
        if (typeof part === 'number' && damage.pick % 2 === 0) {
          again(
            `${nameOf(part, of, style, prefix, `0${part.toString(style === 'short' ? 36 : 10)}`)}${suffixIn(style, '.gpg')}`,
            'tolerated',
            true,
          );
        } else again(`${bare}${suffixIn(style, '.gpg')}.bak`, 'tolerated', false);
        break;
      case 'checkpoint':
        // An incremental's volume has no checkpoint; of any other volume the mark is only tolerated.
        if (part === 'manifest' || part === 'signatures') {
          again(`${bare}${style === 'short' ? '.p' : '.part'}`, 'checkpoint', false);
        }
        break;
      case 'rewrite':
        replace(fact, { modifiedAt: fact.firstModifiedAt + Math.abs(damage.minutes) * MINUTE });
        break;
      case 'date manifest': {
        const manifest = facts.find(({ means }) => means.part === 'manifest');
        if (manifest === undefined) break;
        const written = manifest.firstModifiedAt + damage.minutes * MINUTE;
        replace(manifest, { firstModifiedAt: written, modifiedAt: written });
      }
    }
  }
  return facts;
}

const unknownPrefixes = (now: Instant, prefix: FilePrefix): fc.Arbitrary<Fact> =>
  fc
    .tuple(
      fc.oneof(
        anyText({ maxLength: 12 }).map((text): [string, Meaning] => [
          `~${text}`,
          { part: 'foreign' },
        ]),
        fc
          .tuple(
            instants(now - 3 * DAY, now),
            fc.constantFrom('', 'x', '-1.difftar.gpg', '1difftar', 'ume1.difftar.gpg'),
          )
          .map(([when, tail]): [string, Meaning] => [
            `${prefix.archive}duplicity-full.${stamp(when)}.vol${tail}`,
            { part: 'foreign' },
          ]),
        fc
          .tuple(instants(now - 9 * DAY, now), fc.constantFrom('0', '000'))
          .map(([when, zero]): [string, Meaning] => [
            `${prefix.archive}duplicity-full.${stamp(when)}.vol${zero}.difftar.gpg`,
            { part: 'lethal' },
          ]),
        instants(now - 9 * DAY, now).map((when): [string, Meaning] => [
          `sub/duplicity-full.${stamp(when)}.vol1.difftar.gpg`,
          { part: 'foreign' },
        ]),
        instants(now - 9 * DAY, now).map((when): [string, Meaning] => [
          `${prefix.manifest}duplicity-full.${stamp(when)}.jsonstat.gpg`,
          { part: 'statistics' },
        ]),
        instants(now - 9 * DAY, now).map((when): [string, Meaning] => [
          `${prefix.archive}duplicity-full.${stamp(when).replace('Z', 'z')}.vol1.difftar.gpg`,
          { part: 1, of: { at: when }, spelling: 'tolerated' },
        ]),
      ),
      instants(now - 9 * DAY, now + DAY),
    )
    .map(([[name, means], written]) => ({
      name,
      means,
      encrypted: false,
      bytes: 5,
      modifiedAt: written,
      firstModifiedAt: written,
    }));

type ParityOf = 'none' | 'each' | 'all but one' | 'one';

/** What par2+ leaves next to files: two files, a second later. */
function withParity(facts: readonly Fact[], of: ParityOf, pick: number): Fact[] {
  const files = facts.filter(({ means }) => 'of' in means && means.spelling === 'written');
  const chosen = files[pick % (files.length || 1)];
  const isGiven = (fact: Fact) =>
    of === 'each' || (of !== 'none' && (fact === chosen) === (of === 'one'));
  const parity = files.filter(isGiven).flatMap(({ name, firstModifiedAt }) =>
    ['.par2', '.vol000+20.par2'].map((end): Fact => {
      const at = firstModifiedAt + 1000;
      const means: Meaning = { part: 'parity', nextTo: name };
      const times = { modifiedAt: at, firstModifiedAt: at };
      return { name: `${name}${end}`, means, encrypted: false, bytes: 9, ...times };
    }),
  );
  return [...facts, ...parity];
}

const parities = fc.tuple(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<ParityOf>('none') },
    { weight: 2, arbitrary: fc.constantFrom<ParityOf>('each', 'all but one', 'one') },
  ),
  fc.nat({ max: 40 }),
);

/** Any host, any bucket, any moment: around both ends of summer time. */
export const cases: fc.Arbitrary<Case> = fc
  .tuple(hosts, instants(at('2026-10-20T00:00Z'), at('2026-11-12T00:00Z')))
  .chain(([host, now]) =>
    fc
      .tuple(
        fc.oneof(
          { weight: 5, arbitrary: fc.array(runs(now), { maxLength: 8 }) },
          { weight: host.chain === undefined ? 1 : 8, arbitrary: chainsAndMore(now) },
          { weight: 2, arbitrary: habits(now) },
        ),
        fc.oneof(
          { weight: 2, arbitrary: fc.constant([]) },
          {
            weight: 1,
            arbitrary: fc.array(unknownPrefixes(now, host.filePrefix), { maxLength: 4 }),
          },
        ),
        parities,
      )
      .map(([made, strange, [of, pick]]): Case => {
        const all = [...made.flatMap((run) => factsOf(run, host.filePrefix)), ...strange];
        const facts = [...new Map(all.map((f) => [f.name, f])).values()];
        return { host, now, facts: withParity(facts, of, pick) };
      }),
  );
