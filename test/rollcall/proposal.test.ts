// What `rollcall init` proposes, whatever lies in a bucket: it is a config, and a steady host is ok under it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findHosts, MOST_HOSTS } from '../../scripts/rollcall/find-hosts.ts';
import { propose } from '../../scripts/rollcall/init-command.ts';
import { askContents } from '../../scripts/rollcall/saved-listing.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { type FilePrefix, NO_PREFIX } from '../../shared/duplicity/file-name.ts';
import { checkHosts } from '../../shared/monitor/judge-hosts.ts';
import type { HiddenKey, KeyedObject, ObjectStore } from '../../shared/monitor/object-store.ts';
import type { Lifecycle } from '../../shared/rules/lifecycle.ts';
import { addDays, instantOf, weekdayOf } from '../../shared/rules/window.ts';
import { cases } from '../fuzz/a-bucket.ts';
import { anyText } from '../support/any-text.ts';
import { aFull, anIncremental, at } from '../support/builders.ts';
import { casesOf } from '../support/cases.ts';
import { formatFileName } from '../support/format-file-name.ts';
import { keyed } from '../support/in-memory.ts';

const UNKNOWN = { unknown: 'not asked' } as Lifecycle;

function proposeFor(
  objects: readonly KeyedObject[],
  now: number,
  { timezone = 'UTC', lifecycle = UNKNOWN, hidden = [] as readonly HiddenKey[] } = {},
) {
  const bucket = 'acme-backups';
  const found = findHosts({ bucket, objects, hidden, lifecycle, timezone, now });
  const recipients = found.hosts.map(() => ({ why: 'nobody looked' }));
  const facts = {
    bucket,
    from: 'a test',
    region: 'eu-west-1',
    endpoint: undefined,
    timezone,
    mail: [],
    recipients,
  };
  return { found, ...propose(found, { ...facts, isRuled: 'rules' in lifecycle }) };
}

async function verdictsOf(objects: readonly KeyedObject[], now: number, timezone = 'UTC') {
  const { text, config } = proposeFor(objects, now, { timezone });
  const ask = askContents(objects, []);
  const store: ObjectStore = {
    list: async (query) => ask(query),
    readPart: async () => undefined,
    readLifecycle: async () => UNKNOWN,
    readWrittenAt: async () => undefined,
    readExpiry: async () => undefined,
  };
  const judgements = await checkHosts(store, config?.hosts ?? [], { now, depth: 'all' });
  return { text, judgements, verdicts: judgements.map(({ verdict }) => verdict) };
}

const fullAt = (prefix: string, begun: string, volumes = 2) =>
  keyed(prefix, aFull({ begun, volumes }));
const NOW = at('2026-11-23T12:00:00Z');

describe('a proposal', () => {
  it('is a config, whatever lies in the bucket', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cases, fc.oneof(fc.constant('web/'), anyText({ maxLength: 9 }))), {
          minLength: 1,
          maxLength: 3,
        }),
        (some) => {
          const objects = some.flatMap(([{ facts }, prefix]) =>
            facts.map(({ name, bytes, modifiedAt, firstModifiedAt }) => ({
              ...{ key: `${prefix}${name}`, bytes, modifiedAt, firstModifiedAt },
            })),
          );
          const unique = [...new Map(objects.map((one) => [one.key, one])).values()];
          const { text, config, found } = proposeFor(unique, some[0]?.[0].now ?? NOW);
          expect(text).toMatch(/^[\n\x20-\x7e]*$/);
          if (config === undefined) return;
          expect(parseConfig(text, 'hosts.yml')).toEqual(config);
          // None is dropped without a word.
          const notProposed = text.split('\n').filter((line) => /^# .*, s3:\/\//.test(line));
          expect(config.hosts.length + notProposed.length).toBe(found.hosts.length);
        },
      ),
      { numRuns: casesOf(300) },
    );
  });

  const steady = fc.record({
    timezone: fc.constantFrom('UTC', 'Europe/Amsterdam', 'America/New_York', 'Asia/Kathmandu'),
    days: fc.constantFrom<readonly number[]>([0, 1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5], [0], [2, 5]),
    minute: fc.nat({ max: 1439 }),
    jitters: fc.array(fc.nat({ max: 20 }), { minLength: 7, maxLength: 7 }),
    minutes: fc.integer({ min: 1, max: 600 }),
    isChain: fc.boolean(),
    nowMinutes: fc.nat({ max: 7 * 1440 }),
    prefix: fc.constantFrom('web/', 'eu/web/', 'b\u00fcro/', '', 'a b/'),
    filePrefix: fc.constantFrom<FilePrefix>(
      NO_PREFIX,
      { archive: 'nas-', manifest: 'nas-', signature: 'nas-' },
      { archive: 'a_', manifest: 'm_', signature: 's_' },
      { archive: '', manifest: 'm_', signature: '' },
    ),
  });
  const clock = (minute: number) =>
    `${Math.floor(minute / 60)}`.padStart(2, '0').concat(':', `${minute % 60}`.padStart(2, '0'));

  it('finds a steady host ok', async () => {
    await fc.assert(
      fc.asyncProperty(steady, async (host) => {
        const { timezone, days, minute, jitters, minutes, isChain, prefix, filePrefix } = host;
        const now = at('2026-11-20T00:00:00Z') + host.nowMinutes * 60_000;
        const objects: KeyedObject[] = [];
        let before: number | undefined;
        for (let date = '2026-10-20', run = 0; date < '2026-11-28'; date = addDays(date, 1)) {
          if (!days.includes(weekdayOf(date))) continue;
          const jitterMs = (jitters[run % 7] ?? 0) * 60_000;
          const begun = (instantOf(date, clock(minute), timezone, 'later') ?? 0) + jitterMs;
          const done = begun + minutes * 60_000;
          if (done > now) break;
          const base = isChain && run % 4 !== 0 ? before : undefined;
          const times =
            base === undefined
              ? { time: begun, start: undefined, end: undefined }
              : { time: undefined, start: base, end: begun };
          const file = {
            ...{ ...times, encrypted: true, compressed: false, partial: false },
            ...{ manifest: false, volume: undefined },
          };
          const [type, signatures] =
            base === undefined ? (['full', 'full-sig'] as const) : (['inc', 'new-sig'] as const);
          const names = [
            { ...file, type, volume: 1 },
            { ...file, type: signatures },
            { ...file, type, manifest: true },
          ].map((name) => formatFileName(name, filePrefix));
          for (const name of names) {
            const written = name.includes('manifest') ? done : begun + 1000;
            objects.push({
              ...{ key: `${prefix}${name}`, bytes: 1000 },
              ...{ modifiedAt: written, firstModifiedAt: written },
            });
          }
          before = begun;
          run += 1;
        }
        const { verdicts, text } = await verdictsOf(objects, now, timezone);
        expect(verdicts, text).toEqual(['ok']);
      }),
      { numRuns: casesOf(200) },
    );
  });

  it('proposes no more hosts than it says, those with finished sets first, and counts the others', () => {
    const objects = Array.from({ length: 10_000 }, (_, index) => ({
      key: `junk${index}/duplicity-full.20261123T021400Z.vol1.difftar.gpg`,
      ...{ bytes: 1, modifiedAt: NOW, firstModifiedAt: NOW },
    }));
    const all = [...objects, ...fullAt('web/', '2026-11-23T03:15:00Z')];
    const { config, text } = proposeFor(all, NOW);
    expect(config?.hosts).toHaveLength(MOST_HOSTS);
    expect(config?.hosts.map(({ name }) => name)).toContain('web');
    expect(text).toContain('# 9001 more prefixes hold backups: look at a part of the bucket');
  });

  it.each([
    ['{x: [/', '"s3://acme-backups/{x: [/"', 'x'],
    ['# no/', '"s3://acme-backups/# no/"', 'no'],
    ['\'"\\/', '\'\\"\\\\/', 'acme-backups'],
    ['b\u00fcro/', 'b\\u00fcro/', 'b-ro'],
    ['__proto__/', 's3://acme-backups/__proto__/', 'proto__'],
    [`${'x'.repeat(300)}/`, 'x'.repeat(300), 'x'.repeat(64)],
    ['true/', '  true: {}', 'true'],
    ['007/', '  "007": {}', '007'],
  ])('names a host of %o', (prefix, written, name) => {
    const { config, text } = proposeFor(fullAt(prefix, '2026-11-23T03:15:00Z'), NOW);
    expect(text).toContain(written);
    expect(config?.hosts).toMatchObject([{ name, target: { bucket: 'acme-backups', prefix } }]);
  });

  it.each([
    ['a\nb: c/', 'a-b-c, s3://acme-backups/a?b: c/: '],
    ['\u001b[31m/', '31m, s3://acme-backups/?[31m/: '],
    ['a//b/', 'a/b, s3://acme-backups/a//b/: '],
  ])('shows as a comment, with why, what hosts.yml cannot name: %j', (prefix, shown) => {
    const { config, text } = proposeFor(fullAt(prefix, '2026-11-23T03:15:00Z'), NOW);
    expect(config).toBeUndefined();
    expect(text).toContain(`# ${shown}`);
  });

  it('gives no two hosts one name for IAM', () => {
    const prefixes = ['web/', 'Web/', 'web!/', 'web-2/'];
    const objects = prefixes.flatMap((prefix) => fullAt(prefix, '2026-11-23T03:15:00Z'));
    const { config } = proposeFor(objects, NOW);
    const names = config?.hosts.map(({ name, target }) => [name, target.prefix]);
    expect(new Map(names as [string, string][])).toEqual(
      new Map([
        ['web', 'web/'],
        ['Web-3', 'Web/'],
        ['web-4', 'web!/'],
        ['web-2', 'web-2/'],
      ]),
    );
  });

  const nights = (count: number, each: (day: number) => string) =>
    Array.from({ length: count }, (_, day) => fullAt('web/', each(day))).flat();
  const dayAt = (day: number, time: string) =>
    `${new Date(at('2026-11-01') + day * 86_400_000).toISOString().slice(0, 10)}T${time}Z`;
  const hostOf = (objects: readonly KeyedObject[], now = NOW) =>
    proposeFor(objects, now).config?.hosts[0];

  it('is not misled by one backup in five at another hour', () => {
    const text = (odd: number) =>
      proposeFor(
        nights(20, (day) => dayAt(day + 2, day % odd === 0 ? '11:00:00' : '20:30:00')),
        NOW,
      ).text;
    expect(text(6)).toContain(
      'window: { opens: "20:00" }   # from 16 of 20 fulls, 20:30 to 20:30\n',
    );
    expect(text(3)).toContain('  web: {}   # 20 fulls at all hours: no window was seen\n');
  });

  it('sees no rhythm in two backups', () => {
    const { text } = proposeFor(
      nights(2, (day) => dayAt(day + 20, '20:30:00')),
      NOW,
    );
    expect(text).toContain('  web: {}   # 2 fulls: too few to see a rhythm\n');
  });

  it('proposes no days by less than two weeks, or where one of the days lacks', () => {
    const weekdays = (from: number, without = -1) =>
      Array.from({ length: 22 - from }, (_, day) => day + from)
        .filter((day) => ![0, 6].includes(weekdayOf(dayAt(day, '00:00:00').slice(0, 10))))
        .filter((day) => day !== without)
        .flatMap((day) => fullAt('web/', dayAt(day, '03:15:00')));
    const monday = at('2026-11-23T12:00:00Z');
    const today = fullAt('web/', '2026-11-23T03:15:00Z');
    expect(hostOf([...weekdays(1), ...today], monday)?.days).toEqual([1, 2, 3, 4, 5]);
    expect(hostOf([...weekdays(12), ...today], monday)?.days).toBeUndefined();
    expect(hostOf([...weekdays(1, 17), ...today], monday)?.days).toBeUndefined();
  });

  it('says of backups now and then that each day is owed one', () => {
    const { text } = proposeFor(
      nights(4, (day) => dayAt(day * 6, '03:15:00')),
      NOW,
    );
    expect(text).toContain('# 4 fulls, 03:15 to 03:15; on 4 of 23 days only; each day is owed one');
  });

  const incAt = (base: string, begun: string) => keyed('web/', anIncremental(base, begun));

  it('takes one incremental among many fulls for a mistake, and several for a chain', () => {
    const fulls = nights(10, (day) => dayAt(day + 12, '03:15:00'));
    const one = incAt(dayAt(20, '03:15:00'), dayAt(20, '09:15:00'));
    expect(hostOf([...fulls, ...one])?.chain).toBeUndefined();
    const chain = [8, 15, 22].flatMap((day) => [
      ...fullAt('web/', dayAt(day - 1, '03:15:00')),
      ...[0, 1].flatMap((more) =>
        incAt(dayAt(day - 1 + more, '03:15:00'), dayAt(day + more, '03:15:00')),
      ),
    ]);
    expect(hostOf(chain)?.chain).toEqual({ fullEveryDays: 7 });
  });

  it('proposes chains only while they last', () => {
    const old = [0, 1, 2].flatMap((day) =>
      incAt(dayAt(day, '03:15:00'), dayAt(day + 1, '03:15:00')),
    );
    const fulls = [0, 8, 9, 10].flatMap((day) => fullAt('web/', dayAt(day, '03:15:00')));
    expect(hostOf([...old, ...fulls])?.chain).toBeUndefined();
  });

  describe('of removed sets', () => {
    const sets = [14, 15, 16, 17, 18, 19].map((day) => fullAt('web/', dayAt(day, '03:15:00')));
    const hide = (objects: readonly KeyedObject[], when: string): HiddenKey[] =>
      objects.map(({ key, bytes, modifiedAt }) => ({
        key,
        history: [
          { what: 'marker', versionId: 'm', at: at(when) },
          { what: 'upload', versionId: 'u', at: modifiedAt, bytes, etag: 'e' },
        ],
      }));
    const proposeWithout = (
      removed: readonly (readonly [number, string])[],
      lifecycle = UNKNOWN,
    ) => {
      const hidden = removed.flatMap(([index, when]) => hide(sets[index] ?? [], when));
      const gone = new Set(removed.map(([index]) => index));
      const objects = sets.filter((_, index) => !gone.has(index)).flat();
      return proposeFor(objects, at(dayAt(19, '12:00:00')), { hidden, lifecycle });
    };

    it('proposes prunes for two that went right after a newer backup', () => {
      const { config } = proposeWithout([
        [0, dayAt(18, '03:30:00')],
        [1, dayAt(19, '03:30:00')],
      ]);
      expect(config?.hosts[0]?.prunes).toEqual({ keep: 3 });
    });

    it.each([
      ['one', [[0, dayAt(18, '03:30:00')]]],
      [
        'what went at another time',
        [
          [0, dayAt(18, '09:30:00')],
          [1, dayAt(19, '09:30:00')],
        ],
      ],
      [
        'what goes at midnight',
        [
          [0, dayAt(18, '00:00:00')],
          [1, dayAt(19, '00:00:00')],
        ],
      ],
      [
        'the newest',
        [
          [4, dayAt(19, '03:30:00')],
          [5, dayAt(19, '03:30:00')],
        ],
      ],
    ] as [string, [number, string][]][])('proposes none for %s', (_, removed) => {
      expect(proposeWithout(removed).text).not.toContain('prunes');
    });

    it('proposes none for what the rules of the bucket have hidden', () => {
      const lifecycle = { rules: [{ prefix: '', hides: { days: 3 } }] };
      const removed = [
        [0, dayAt(18, '03:30:00')],
        [1, dayAt(19, '03:30:00')],
      ] as const;
      const { text } = proposeWithout(removed, lifecycle);
      expect(text).not.toContain('prunes');
      expect(text).toContain('keepDays: 3 ');
    });
  });
});
