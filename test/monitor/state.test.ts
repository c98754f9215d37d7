import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  EMPTY_STATE,
  forgetOld,
  formatState,
  type MonitorState,
  parseState,
} from '../../shared/monitor/state.ts';

const instant = fc.integer({ min: 0, max: 4_000_000_000_000 });
const message = fc.record(
  {
    subject: fc.string(),
    text: fc.string({ unit: 'binary' }),
    sms: fc.string(),
    urgency: fc.constantFrom('alert' as const, 'digest' as const, 'test' as const),
    severity: fc.constantFrom('critical' as const, 'warning' as const, 'info' as const),
  },
  { requiredKeys: ['subject', 'text', 'urgency'] },
);
const anyTimes = fc
  .array(fc.tuple(fc.string(), instant), { maxLength: 5 })
  .map((times) => new Map(times));
const path = { check: fc.string(), says: fc.string({ unit: 'binary' }), since: instant };
const paths = fc.record({
  lookedAt: instant,
  states: fc.array(
    fc.oneof(
      fc.record({ ...path, status: fc.constant('ok' as const) }),
      fc.record(
        {
          ...path,
          status: fc.constantFrom('warn' as const, 'fail' as const, 'unknown' as const),
          fix: fc.string(),
          silent: fc.array(fc.string()),
        },
        { requiredKeys: ['check', 'says', 'since', 'status', 'fix'] },
      ),
    ),
    { maxLength: 3 },
  ),
});
const fields = {
  judgedUntil: fc.option(instant, { nil: undefined }),
  pending: fc.array(
    fc.record({ id: fc.string(), message, left: fc.array(fc.string()), since: instant }),
    { maxLength: 3 },
  ),
  told: anyTimes,
  spoken: anyTimes,
  paths,
  refusals: fc
    .array(fc.tuple(fc.string(), fc.record({ since: instant, says: fc.string() })), {
      maxLength: 3,
    })
    .map((all) => new Map(all)),
  turns: fc.record({
    unread: fc.array(fc.string()),
    judged: fc.array(fc.tuple(fc.string(), fc.array(fc.string()))),
  }),
};
// A state bucket from before the first look has no `paths`, one in which no channel refused no `refusals`, and one from
// before the first run no `turns`.
const anyState = fc.record(fields, {
  requiredKeys: ['judgedUntil', 'pending', 'told', 'spoken'],
}) as fc.Arbitrary<MonitorState>;

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
        const text = formatState(state).trimEnd();
        expect(parseState(text.slice(0, cut % text.length))).toBeUndefined();
      }),
    );
    for (const text of [
      '',
      '{}',
      'null',
      '[]',
      '{"version":1}',
      '{"version":1,"judgedUntil":"x"}',
      '{"version":1,"judgedUntil":1,"pending":[],"told":[],"paths":{}}',
      '{"version":1,"judgedUntil":1,"pending":[],"told":[],"paths":{"lookedAt":1,"states":[{"check":"sms","status":"fail","says":"x","since":1}]}}',
      '{"version":1,"judgedUntil":1,"pending":[],"told":[],"paths":{"lookedAt":1,"states":[{"check":"sms","status":"dead","says":"x","fix":"y","since":1}]}}',
    ]) {
      expect(parseState(text)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseState(text)).toBeUndefined();
      }),
    );
  });
});

describe('forgetOld', () => {
  it('keeps notified events for three days, and pending messages for one', () => {
    const now = 10 * 86_400_000;
    const pending = (since: number) => ({
      id: String(since),
      message: { subject: 's', text: 't', sms: undefined, urgency: 'alert' as const },
      left: ['mail'],
      since,
    });
    const state = {
      ...EMPTY_STATE,
      pending: [pending(now - 86_400_000), pending(now - 1)],
      told: new Map([
        ['old', now - 3 * 86_400_000],
        ['new', now - 1],
      ]),
    };
    const kept = forgetOld(state, now);
    expect(kept.pending.map(({ since }) => since)).toEqual([now - 1]);
    expect([...kept.told.keys()]).toEqual(['new']);
  });

  it('keeps the newest of a flood of events, so that the state stays small', () => {
    const now = 10 * 86_400_000;
    const message = { subject: 's', text: 't', sms: undefined, urgency: 'alert' as const };
    const flood = {
      ...EMPTY_STATE,
      pending: Array.from({ length: 1000 }, (_, index) => ({
        ...{ id: String(index), message, left: ['mail'], since: now },
      })),
      told: new Map(Array.from({ length: 20_000 }, (_, index) => [String(index), now])),
    };
    const kept = forgetOld(flood, now);
    expect([kept.pending.length, kept.pending.at(-1)?.id]).toEqual([100, '999']);
    expect([kept.told.size, kept.told.has('19999')]).toEqual([5000, true]);
  });
});
