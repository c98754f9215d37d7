import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addNews,
  formatRecords,
  parseRecords,
  readRecordPage,
  recordPage,
} from '../../shared/monitor/record-page.ts';
import type { Change } from '../../shared/rules/finding.ts';
import type { Fingerprint } from '../../shared/rules/fingerprints.ts';
import type { HostRecord } from '../../shared/rules/record.ts';
import { anyText } from '../support/any-text.ts';

const place = 'backups/web/';
const whole = fc.nat(4_000_000_000_000);
const hostile = anyText();
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const opened = fc.record(
  {
    name: hostile,
    reads: fc.constantFrom('openpgp' as const, 'text' as const, 'short' as const),
    recipients: fc.array(fc.constant('0123456789ABCDEF')),
    symmetric: fc.nat(3),
    ending: fc.constantFrom('whole' as const, 'truncated' as const, 'cannot tell' as const),
  },
  { requiredKeys: ['name', 'reads', 'recipients', 'symmetric'] },
);
const anyFull = (of: string): fc.Arbitrary<Fingerprint> =>
  fc.record({
    place: fc.constant(of),
    ...{ startedAt: whole, sealedAt: whole, firstWriteAt: whole, files: whole, bytes: whole },
    hash: optional(fc.constant('abcdefghijklmnopqrst-_')),
    opened: optional(fc.array(opened, { maxLength: 3 })),
  });
const rules = fc.record({
  from: whole,
  keepDays: fc.nat(400),
  keep: fc.record({
    by: fc.constantFrom('rules' as const, 'roll' as const),
    hides: fc.array(fc.oneof(fc.record({ days: fc.nat(400) }), fc.record({ date: whole })), {
      maxLength: 2,
    }),
    noncurrentDays: optional(fc.nat(90)),
  }),
});
const anyChange: fc.Arbitrary<Change> = fc.record({
  what: fc.constantFrom('created' as const, 'removed' as const),
  left: fc.constantFrom('marker' as const, 'version' as const, 'unknown' as const),
  ...{ key: hostile, at: whole, principal: optional(hostile), address: optional(hostile) },
});
const anyRecord: fc.Arbitrary<HostRecord> = hostile.chain((of) =>
  fc.record(
    {
      ...{ place: fc.constant(of), listedAt: optional(whole), unfinished: fc.array(hostile) },
      fulls: fc.array(anyFull(of), { maxLength: 3 }),
      keeps: fc.array(rules, { maxLength: 3 }),
      ...{ changes: fc.array(anyChange, { maxLength: 3 }), changeCount: whole },
      ...{ watch: fc.array(hostile), judgedAt: optional(whole), report: fc.object() },
    },
    { noNullPrototype: true, requiredKeys: RECORD_KEYS },
  ),
);
const RECORD_KEYS = [
  ...(['place', 'listedAt', 'unfinished', 'fulls', 'keeps', 'changes', 'changeCount'] as const),
  ...(['watch', 'judgedAt'] as const),
];
const anyPage = fc
  .array(anyRecord, { maxLength: 3 })
  .map((hosts) => ({ hosts: new Map(hosts.map((host) => [host.place, host])) }));
/** What JSON leaves of a value. */
const json = (value: unknown) => JSON.parse(JSON.stringify(value) ?? 'null');

describe('parseRecords', () => {
  it('is the inverse of formatRecords', () => {
    fc.assert(
      fc.property(anyPage, ({ hosts }) => {
        const page = parseRecords(formatRecords({ hosts }));
        expect([...(page?.hosts.keys() ?? [])]).toEqual([...hosts.keys()]);
        for (const [of, { report, ...host }] of hosts) {
          const { report: read, ...again } = page?.hosts.get(of) ?? {};
          expect(again).toEqual(host);
          expect(json(read)).toEqual(json(report));
        }
      }),
    );
  });

  it('keeps what was wrong with a page', () => {
    const warning = { at: 7, says: 'the records are lost' };
    expect(parseRecords(formatRecords({ hosts: new Map(), warning }))?.warning).toEqual(warning);
  });

  it('takes nothing that was cut or made up', () => {
    fc.assert(
      fc.property(anyPage, fc.nat(), (page, cut) => {
        const text = formatRecords(page).trimEnd();
        expect(parseRecords(text.slice(0, cut % text.length))).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseRecords(text)).toBeUndefined();
      }),
    );
  });

  const full = {
    ...{ place, startedAt: 1, sealedAt: 2, firstWriteAt: 1, files: 3, bytes: 4 },
    hash: 'abcdefghijklmnopqrst-_',
    opened: [{ name: 'x', reads: 'openpgp', recipients: ['0123456789ABCDEF'], symmetric: 0 }],
  };
  const change = { what: 'removed', left: 'marker', key: 'web/x', at: 3 };
  const keeps = [{ from: 0, keepDays: 6, keep: { by: 'rules', hides: [{ days: 6 }] } }];
  const host = {
    ...{ place, listedAt: 1, unfinished: [], fulls: [full], keeps, changes: [change] },
    ...{ changeCount: 1, watch: [], judgedAt: 2 },
  };
  const pageOf = (other: object) => JSON.stringify({ version: 2, hosts: [{ ...host, ...other }] });

  it.each<[string, object]>([
    [
      'a key id that is text',
      { fulls: [{ ...full, opened: [{ ...full.opened[0], recipients: ['\u001b[2J'] }] }] },
    ],
    [
      'a kind of message that is none',
      { fulls: [{ ...full, opened: [{ ...full.opened[0], reads: '<b>' }] }] },
    ],
    [
      'an ending that is none',
      { fulls: [{ ...full, opened: [{ ...full.opened[0], ending: 'fine' }] }] },
    ],
    ['a hash of another length', { fulls: [{ ...full, hash: 'short' }] }],
    ['a negative size', { fulls: [{ ...full, bytes: -1 }] }],
    ['an instant that is none', { listedAt: '2026-11-23' }],
    ['a host that is none', { place: null }],
    ['a change that is none', { changes: [{ ...change, what: 'seen' }] }],
    ['a rule that is none', { keeps: [{ ...keeps[0], keep: { by: 'rules', hides: [{}] } }] }],
    ['a count that is none', { changeCount: 1.5 }],
  ])('refuses a page with %s', (_, other) => {
    expect(parseRecords(pageOf({}))?.hosts.size).toBe(1);
    expect(parseRecords(pageOf(other))).toBeUndefined();
  });
});

describe('recordPage', () => {
  it('names a page that shows its place in the cut', () => {
    expect(recordPage({ index: 3, of: 16 })).toBe('hosts/3of16.json');
    expect(readRecordPage('hosts/3of16.json')).toEqual({ index: 3, of: 16 });
    for (const page of ['hosts/', 'hosts/16of16.json', 'hosts/03of16.json', 'x/3of16.json']) {
      expect(readRecordPage(page), page).toBeUndefined();
    }
  });
});

const aFull = (startedAt: number, more: Partial<Fingerprint> = {}): Fingerprint => ({
  ...{ place, startedAt, sealedAt: startedAt + 1, firstWriteAt: startedAt, files: 7, bytes: 1000 },
  ...{ hash: 'first_________________', opened: undefined, ...more },
});
const aChange = (at: number, more: Partial<Change> = {}): Change => ({
  ...{ what: 'removed', left: 'marker', key: `web/${at}`, at },
  ...{ principal: undefined, address: undefined, ...more },
});
const numbers = (from: number, count: number) => Array.from({ length: count }, (_, n) => from + n);
const record = (news: Parameters<typeof addNews>[2], base?: HostRecord) =>
  addNews(place, { base, known: base }, news);

describe('addNews', () => {
  it('takes the first fingerprint of a full, whatever is seen later', () => {
    const first = record({ fulls: [aFull(10)] });
    expect(
      record({ fulls: [aFull(10, { sealedAt: 99, hash: 'later_________________' })] }, first),
    ).toEqual(first);
    const late = record({ fulls: [aFull(10, { sealedAt: 99, hash: 'later_________________' })] });
    expect(record({ fulls: [aFull(10)] }, late).fulls[0]?.hash).toBe('first_________________');
  });

  it('takes the newer listing and the newer verdict, each with all that belongs to it', () => {
    const base = record({ listedAt: 5, unfinished: ['new'], judgedAt: 5, report: 'new' });
    const older = record({ listedAt: 4, unfinished: ['old'], judgedAt: 4, report: 'old' }, base);
    expect(older).toEqual(base);
    const newer = record({ listedAt: 6, unfinished: [], judgedAt: 6, report: 'newest' }, base);
    expect(newer).toMatchObject({ listedAt: 6, unfinished: [], judgedAt: 6, report: 'newest' });
  });

  it('counts a change once, however often it is noted', () => {
    const first = record({ changes: [aChange(1), aChange(2), aChange(1)] });
    const again = record({ changes: [aChange(2), aChange(3)] }, first);
    expect(again.changes.map(({ at }) => at)).toEqual([3, 2, 1]);
    expect(again.changeCount).toBe(3);
    expect(record({ changes: [aChange(4)], changeCount: 1003 }, again).changeCount).toBe(1003);
  });

  it('joins rules that are alike', () => {
    const keep = { by: 'rules' as const, hides: [{ days: 6 }], noncurrentDays: 2 };
    const first = record({ keeps: [{ from: 0, keep, keepDays: 6 }] });
    expect(record({ keeps: [{ from: 9, keep: { ...keep }, keepDays: 6 }] }, first)).toEqual(first);
    const raised = record({ keeps: [{ from: 9, keep, keepDays: 30 }] }, first);
    expect(raised.keeps.map(({ from }) => from)).toEqual([0, 9]);
  });

  it('knows rules once, however often they are learned, and as they were read', () => {
    const read = { by: 'rules' as const, hides: [{ days: 6 }], noncurrentDays: 2 };
    const asConfig = { ...read, by: 'roll' as const, noncurrentDays: undefined };
    const keepsOf = (keep: typeof read | typeof asConfig) => [{ from: 0, keep, keepDays: 6 }];
    const first = record({ keeps: keepsOf(asConfig) });
    const second = record({ keeps: keepsOf(read) }, first);
    expect(second.keeps).toEqual(keepsOf(read));
    expect(record({ keeps: keepsOf(asConfig) }, second)).toEqual(second);
    fc.assert(
      fc.property(fc.array(rules, { maxLength: 4 }), fc.array(rules, { maxLength: 4 }), (a, b) => {
        const once = record({ keeps: b }, record({ keeps: a }));
        expect(record({ keeps: b }, once)).toEqual(once);
      }),
    );
  });

  describe.each([1, 1000])('over a bound by %i', (over) => {
    it('keeps the newest 40 fulls, and who can open each of them', () => {
      const fulls = numbers(1, 40 + over).map((at) => aFull(at, { opened: [] }));
      const kept = record({ fulls }).fulls;
      expect(kept.map(({ startedAt }) => startedAt)).toEqual(numbers(1 + over, 40).reverse());
      expect(kept.every((full) => full.opened !== undefined)).toBe(true);
    });

    it('keeps the newest 20 changes, how many there were, and those of an open problem', () => {
      const first = record({ changes: [aChange(1, { key: 'web/hit' })] });
      const flood = numbers(2, 19 + over).map((at) => aChange(at));
      const keysKept = ['web/hit'];
      const { changes, changeCount } = record({ changes: flood, keysKept }, first);
      expect(changeCount).toBe(20 + over);
      expect(changes.map(({ at }) => at)).toEqual([...numbers(1 + over, 20).reverse(), 1]);
      const { changes: unkept } = record({ changes: flood }, first);
      expect(unkept.map(({ at }) => at)).toEqual(numbers(1 + over, 20).reverse());
    });

    it('keeps the first change of a kept key, not all that follow', () => {
      const keysKept = ['web/hit'];
      const flood = numbers(1, 20 + over).flatMap((at) =>
        (['created', 'removed'] as const).map((what) => aChange(at, { key: 'web/hit', what })),
      );
      const { changes, changeCount } = record({ changes: flood, keysKept });
      expect(changeCount).toBe(40 + 2 * over);
      expect(changes.slice(20)).toEqual(flood.slice(0, 2));
    });

    it('keeps the newest 8 rules', () => {
      const keep = { by: 'roll' as const, hides: [], noncurrentDays: undefined };
      const keeps = numbers(1, 8 + over).map((from) => ({ from, keep, keepDays: from }));
      expect(record({ keeps }).keeps).toEqual(keeps.slice(-8));
    });

    it('calls at most 100 sets unfinished, so that the others are looked at again', () => {
      const unfinished = numbers(1, 100 + over).map(String);
      expect(record({ listedAt: 1, unfinished }).unfinished).toEqual(unfinished.slice(0, 100));
    });
  });

  it('takes nothing from another run that wrote in between, whichever comes first', () => {
    const news = fc.record(
      {
        fulls: fc.array(anyFull(place), { maxLength: 3 }),
        changes: fc.array(anyChange, { maxLength: 3 }),
        watch: fc.array(fc.constantFrom('a', 'b', 'c', 'd')),
        ...{ listedAt: whole, judgedAt: whole, keeps: fc.array(rules, { maxLength: 2 }) },
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(news, news, news, (before, one, other) => {
        const known = record(before);
        const ones = addNews(place, { base: known, known }, one);
        const both = addNews(place, { base: ones, known }, other);
        const startedAt = (fulls: readonly Fingerprint[] = []) =>
          fulls.map((full) => full.startedAt);
        expect(startedAt(both.fulls)).toEqual(
          expect.arrayContaining([before, one, other].flatMap(({ fulls }) => startedAt(fulls))),
        );
        const changes = [before, one, other].flatMap((part) => part.changes ?? []);
        for (const { key, at } of changes) {
          expect(both.changes.some((change) => change.key === key && change.at === at)).toBe(true);
        }
        expect(both.changeCount).toBe(both.changes.length);
        const latest = [before, one, other].map(({ judgedAt = -1 }) => judgedAt);
        expect(both.judgedAt ?? -1).toBe(Math.max(...latest));
        for (const name of ['a', 'b', 'c', 'd']) {
          const [was, ...now] = [known.watch, one.watch, other.watch].map((names) =>
            names?.includes(name),
          );
          // Open for one of them and not known before: it stays open.
          if (was === false && now.includes(true)) expect(both.watch).toContain(name);
          if (was === true && !now.includes(false)) expect(both.watch).toContain(name);
        }
      }),
    );
  });
});
