import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HostReport } from '../../shared/messages/host-report.ts';
import { type Channel, notify, RefusalError } from '../../shared/monitor/notify.ts';
import { updateProblems } from '../../shared/monitor/problems.ts';
import {
  formatState,
  openState,
  parseState,
  type RecordStore,
} from '../../shared/monitor/state.ts';
import type { Severity } from '../../shared/rules/finding.ts';
import { newsOf, type Problem, problemId } from '../../shared/rules/problem.ts';
import { aHost, at } from '../support/builders.ts';
import { memoryRecords } from '../support/records-in-memory.ts';

const MINUTE = 60_000;
const hosts = [aHost({ name: 'web' }), aHost({ name: 'db' })];
const NAMES = ['mail', 'SNS', 'hook'] as const;

type Found = {
  readonly kind: 'tampered' | 'poisoned' | 'missing' | 'late' | 'shrunk' | 'unreadable';
  readonly subjects: readonly string[];
};
const SEVERITY: Readonly<Record<Found['kind'], Severity>> = {
  ...{ tampered: 'critical', poisoned: 'critical', missing: 'critical', unreadable: 'critical' },
  ...{ late: 'warning', shrunk: 'warning' },
};

function reportOf(host: string, found: readonly Found[]): HostReport {
  const unread = found.filter(({ kind }) => kind === 'unreadable');
  const shown = unread.length > 0 ? unread : found;
  const isOwed = shown.some(({ kind }) => kind === 'missing' || kind === 'late');
  const set = { startedAt: '2026-11-23T03:15:00Z', bytes: 1 };
  return {
    ...{ host, target: '', verdict: shown[0]?.kind ?? 'ok', sets: [], changes: [] },
    windowsMissed: 0,
    findings: shown.map(({ kind, subjects }) => ({
      ...{ kind, severity: SEVERITY[kind], message: kind, subjects: [...subjects] },
    })),
    ...{ answer: isOwed ? null : set, lastGood: set, judgedAt: '2026-11-23T08:15:00Z' },
  };
}

/** What one channel took: of which problem, since when, and how much of it. */
type Taken = {
  readonly id: string;
  readonly since: number;
  /** When it was over. */
  readonly endAt?: number | undefined;
  readonly news: string;
  readonly severity: Severity;
  readonly subjects: readonly string[];
};
type Run = {
  readonly reports: readonly (readonly Found[])[];
  readonly refusing?: readonly string[];
  /** `claimed`: when it had written that it sends; `sent`: when it had sent, and before it noted that. */
  readonly dies?: 'unwritten' | 'claimed' | 'sent' | undefined;
};

class Killed extends Error {}

/** A monitor of two hosts and three channels, run after run. */
function aMonitor() {
  const records = memoryRecords();
  const taken = new Map<string, Taken[]>(NAMES.map((name) => [name, []]));
  let runs = 0;
  const run = async ({ reports, refusing = [], dies }: Run, now: number) => {
    runs += 1;
    const own = `run ${runs}`;
    let writes = 0;
    const mortal: RecordStore = {
      ...records,
      write: async (...page) => {
        writes += 1;
        if (dies === 'unwritten' || (dies === 'sent' && writes > 1)) throw new Killed();
        const tag = await records.write(...page);
        if (dies === 'claimed') throw new Killed();
        return tag;
      },
    };
    const channels = NAMES.map(
      (name): Channel => ({
        ...{ name, isReported: true },
        send: async ({ subject: text }) => {
          if (refusing.includes(name)) throw new RefusalError('no');
          taken.get(name)?.push(...JSON.parse(text));
        },
      }),
    );
    const reopen = () => openState(mortal, now, () => undefined);
    const judged = hosts.flatMap((host, index) => ({
      ...{ host, report: reportOf(host.name, reports[index] ?? []) },
    }));
    await notify(mortal, await reopen(), {
      ...{ run: own, now, channels, reopen },
      change: (state) => ({
        ...state,
        judgedUntil: now,
        problems: updateProblems(
          state.problems,
          { judged, hosts, channels: NAMES.map((name) => ({ name })), timezone: 'UTC' },
          now,
        ),
      }),
      compose: (notices) => ({
        ...{ smsLine: undefined, urgency: 'alert', severity: 'critical', blocks: [], events: [] },
        subject: JSON.stringify(
          notices.map(({ problem, news }): Taken => {
            const { since, severity, subjects, over } = problem;
            return { id: problemId(problem), since, endAt: over?.at, news, severity, subjects };
          }),
        ),
      }),
    }).catch((error) => {
      if (!(error instanceof Killed)) throw error;
    });
  };
  const problems = (): readonly Problem[] => parseState(records.text ?? '')?.problems ?? [];
  return { records, taken, run, problems };
}

/** What a channel took twice, though it had not notified between that it was over. */
function repeatsOf(notified: readonly Taken[]): Taken[] {
  const told = new Map<string, Set<string>>();
  return notified.filter(({ id, since, endAt, news, severity, subjects }) => {
    const isOver = news === 'over';
    const said = isOver ? `over ${endAt}` : `${since} ${severity} ${subjects}`;
    const before = told.get(id) ?? new Set();
    const isRepeat = before.has(said);
    told.set(id, new Set(isOver ? [said] : [...before, said].filter((one) => !/^over/.test(one))));
    return isRepeat;
  });
}

const found: fc.Arbitrary<Found> = fc.record({
  kind: fc.constantFrom(...(Object.keys(SEVERITY) as Found['kind'][])),
  subjects: fc.subarray(['a', 'b', 'c'], { minLength: 1 }),
});
const reports = fc.array(fc.uniqueArray(found, { maxLength: 3, selector: ({ kind }) => kind }), {
  minLength: 2,
  maxLength: 2,
});
const step = fc.record({
  ...{ reports, minutes: fc.integer({ min: 1, max: 90 }) },
  refusing: fc.subarray([...NAMES]),
  dies: fc.option(fc.constantFrom('unwritten' as const, 'claimed' as const, 'sent' as const), {
    nil: undefined,
    freq: 4,
  }),
  isDoubled: fc.boolean(),
});

describe('notify', () => {
  it('lets every channel hear of every critical problem, whatever refuses, dies or is doubled', () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { run, taken, problems } = aMonitor();
        let now = at('2026-11-23T08:15:00Z');
        const opened = new Map<string, { id: string; since: number }>();
        for (const { minutes, isDoubled, ...one } of steps) {
          now += minutes * MINUTE;
          await Promise.all(
            isDoubled ? [run(one, now), run({ ...one, dies: undefined }, now)] : [run(one, now)],
          );
          for (const problem of problems()) {
            const { since, severity } = problem;
            const id = problemId(problem);
            if (severity === 'critical') opened.set(`${id} ${since}`, { id, since });
          }
        }
        // Everything takes messages again, and the last claim of a run that died is over.
        const last = steps.at(-1)?.reports ?? [];
        for (const minutes of [1, 21]) {
          now += minutes * MINUTE;
          await run({ reports: last }, now);
        }
        for (const [name, notified] of taken) {
          for (const problem of problems()) expect(newsOf(problem, { name })).toBeUndefined();
          for (const { id, since } of opened.values()) {
            // One that ended and began again before it could be reported is reported as one.
            const isHeard = notified.some((one) => one.id === id && one.since >= since);
            expect(isHeard, `${name} of ${id}`).toBe(true);
          }
        }
      }),
    ));

  it('tells no channel twice of the same, but where a run died between', () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { run, taken } = aMonitor();
        let now = at('2026-11-23T08:15:00Z');
        for (const { minutes, isDoubled, reports: found, refusing } of steps) {
          now += minutes * MINUTE;
          const one = { reports: found, refusing };
          await Promise.all(isDoubled ? [run(one, now), run(one, now)] : [run(one, now)]);
        }
        for (const notified of taken.values()) expect(repeatsOf(notified)).toEqual([]);
      }),
    ));

  it('sends twice what was sent when its run died, and nothing that was not', async () => {
    const { run, taken } = aMonitor();
    const now = at('2026-11-23T08:15:00Z');
    const found = [[{ kind: 'missing', subjects: ['a'] }]] as const;
    await run({ reports: found, dies: 'sent' }, now);
    await run({ reports: found }, now + 15 * MINUTE);
    expect(taken.get('mail')).toHaveLength(1);
    await run({ reports: found }, now + 30 * MINUTE);
    await run({ reports: found }, now + 45 * MINUTE);
    expect(taken.get('mail')).toHaveLength(2);
  });

  it('keeps what another run found meanwhile', async () => {
    const { run, records, problems } = aMonitor();
    const now = at('2026-11-23T08:15:00Z');
    await Promise.all([
      run({ reports: [[{ kind: 'missing', subjects: ['a'] }]] }, now),
      run({ reports: [[{ kind: 'tampered', subjects: ['a'] }]] }, now + 1),
    ]);
    expect(
      problems()
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(['missing', 'tampered']);
    const state = parseState(records.text ?? '');
    expect(state && formatState(state)).toBe(records.text);
  });
});
