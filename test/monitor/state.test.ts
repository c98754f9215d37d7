import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  EMPTY_STATE,
  formatState,
  type MonitorState,
  openState,
  parseState,
  reportPage,
  STATE_PAGE,
} from '../../shared/monitor/state.ts';
import { FINDING_KINDS } from '../../shared/rules/finding.ts';
import { OWN_KINDS, type Problem } from '../../shared/rules/problem.ts';
import { anyText } from '../support/any-text.ts';
import { at } from '../support/builders.ts';
import { memoryRecords } from '../support/records-in-memory.ts';

const instant = fc.integer({ min: 0, max: 4_000_000_000_000 });
const text = anyText();
const texts = fc.array(text, { maxLength: 3 });
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const mapOf = <Value>(value: fc.Arbitrary<Value>) =>
  fc.array(fc.tuple(text, value), { maxLength: 3 }).map((all) => new Map(all));
const severity = fc.constantFrom('critical' as const, 'warning' as const, 'info' as const);

const channel = { check: text, says: text, since: instant };
const channels = fc.record({
  lookedAt: instant,
  states: fc.array(
    fc.oneof(
      fc.record({ ...channel, status: fc.constant('ok' as const) }),
      fc.record(
        {
          ...channel,
          status: fc.constantFrom('warn' as const, 'fail' as const, 'unknown' as const),
          ...{ fix: text, silent: texts },
        },
        { requiredKeys: ['check', 'says', 'since', 'status', 'fix'] },
      ),
    ),
    { maxLength: 3 },
  ),
});
const change = fc.record({
  ...{ key: text, at: instant, principal: maybe(text), address: maybe(text) },
  what: fc.constantFrom('created' as const, 'removed' as const),
  left: fc.constantFrom('marker' as const, 'version' as const, 'unknown' as const),
});
const notified = fc.record(
  {
    ...{ at: instant, severity, subjects: fc.nat(), over: fc.boolean() },
    before: fc.array(instant, { maxLength: 3 }),
  },
  { requiredKeys: ['at', 'severity', 'subjects'] },
);
const problem: fc.Arbitrary<Problem> = fc.record({
  ...{ host: text, place: text, kind: fc.constantFrom(...FINDING_KINDS, ...OWN_KINDS), severity },
  ...{ since: instant, lastSeen: instant, subjects: texts, missed: fc.nat(), says: text },
  ...{ details: texts, step: maybe(text), lastGoodAt: maybe(instant), files: texts },
  ...{
    changes: fc.array(change, { maxLength: 3 }),
    changeCount: fc.nat(),
    notified: mapOf(notified),
  },
  over: maybe(fc.record({ at: instant, says: text, isWell: fc.boolean() })),
  claim: maybe(fc.record({ by: text, at: instant })),
});
const anyState: fc.Arbitrary<MonitorState> = fc.record({
  ...{ judgedUntil: maybe(instant), digestOn: maybe(text), channels: maybe(channels) },
  judged: mapOf(text),
  problems: fc.array(problem, { maxLength: 3 }),
  refusals: mapOf(fc.record({ since: instant, says: text })),
});

describe('parseState', () => {
  it('is the inverse of formatState', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        expect(parseState(formatState(state))).toEqual(state);
      }),
    );
  });

  it('is undefined for a text that was cut, changed or made up', () => {
    fc.assert(
      fc.property(anyState, fc.nat(), (state, cut) => {
        const whole = formatState(state).trimEnd();
        expect(parseState(whole.slice(0, cut % whole.length))).toBeUndefined();
      }),
    );
    const empty = JSON.parse(formatState(EMPTY_STATE));
    expect(parseState(JSON.stringify(empty))).toEqual(EMPTY_STATE);
    for (const changed of [
      ...[
        { version: 1 },
        { version: 3 },
        { judgedUntil: 'x' },
        { judged: [['2026-11-23', 'web']] },
      ],
      ...[{ problems: {} }, { problems: [{}] }, { channels: {} }, { refusals: { mail: 1 } }],
      {
        channels: { lookedAt: 1, states: [{ check: 'sms', status: 'fail', says: 'x', since: 1 }] },
      },
    ]) {
      expect(parseState(JSON.stringify({ ...empty, ...changed }))).toBeUndefined();
    }
    for (const other of ['', '{}', 'null', '[]']) expect(parseState(other)).toBeUndefined();
    fc.assert(
      fc.property(fc.json(), (made) => {
        expect(parseState(made)).toBeUndefined();
      }),
    );
  });
});

describe('openState', () => {
  const now = at('2026-11-23T08:15:00Z');
  const open = (state: string | undefined, hasReport = true) => {
    const records = memoryRecords();
    if (state !== undefined) records.pages.set(STATE_PAGE, state);
    if (hasReport) records.pages.set(reportPage('2026-11-22'), '{}');
    return openState(records, now, () => undefined);
  };
  const aProblem: Problem = {
    ...{ host: 'web', place: 'backups/web/', kind: 'missing', severity: 'critical' },
    ...{ since: now, lastSeen: now, subjects: ['2026-11-23'], missed: 1, says: 'gone' },
    ...{ details: [], files: [], changes: [], changeCount: 0, notified: new Map() },
  };

  it('begins with nothing, and without a word, before the first run', async () => {
    expect(await open(undefined, false)).toEqual({ state: EMPTY_STATE, tag: undefined });
  });

  it.each([
    ['lost', undefined, 'was lost'],
    ['damaged', '{"version":2}', 'was damaged'],
    ['of a version to come', formatState(EMPTY_STATE).replace('2', '3'), 'was damaged'],
    [
      'ahead of the clock',
      formatState({ ...EMPTY_STATE, judgedUntil: now + 86_400_000 }),
      'was ahead of the clock',
    ],
  ])('starts again a day back where the state is %s, and says so', async (_, state, words) => {
    const { state: opened, damage } = await open(state);
    expect(opened.judgedUntil).toBe(now - 86_400_000);
    expect(damage).toContain(`the saved state ${words}`);
  });

  it('believes nothing that a state ahead of the clock says of times to come', async () => {
    const ahead = now + 86_400_000;
    const state: MonitorState = {
      ...EMPTY_STATE,
      judgedUntil: ahead,
      problems: [
        {
          ...{ ...aProblem, since: ahead, lastSeen: ahead, claim: { by: 'another', at: ahead } },
          over: { at: ahead, says: 'well again', isWell: true },
        },
      ],
    };
    const [problem] = (await open(formatState(state))).state.problems;
    expect(problem).toMatchObject({ since: now, lastSeen: now, over: { at: now } });
    expect(problem?.claim).toBeUndefined();
  });
});
