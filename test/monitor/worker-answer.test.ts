import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeRun } from '../../shared/messages/compose-alert.ts';
import { composeStatusPage } from '../../shared/messages/status-page.ts';
import { listSets } from '../../shared/monitor/list-sets.ts';
import {
  formatAnswer,
  parseAnswer,
  parseTask,
  type ShardTask,
} from '../../shared/monitor/worker-answer.ts';
import type { Finding, FindingKind, FindingOf } from '../../shared/rules/finding.ts';
import { type Judgement, judge } from '../../shared/rules/judge.ts';
import { closedWindow } from '../../shared/rules/window.ts';
import { cases } from '../fuzz/a-bucket.ts';
import { aFull, aHost, at, collected } from '../support/builders.ts';
import { inMemory, keyed } from '../support/in-memory.ts';

const now = at('2026-11-23T08:15:01Z');
const call: ShardTask = {
  ...{ version: 1, until: at('2026-11-23T08:15:00Z'), now, deadline: now + 720_000 },
  ...{ roll: 'abcdefghijklmnopqrstuv', index: 3, of: 8, asked: '101' },
};
const web = aHost();
const db = aHost({ name: 'db' });
const today = aFull({ begun: '2026-11-23T03:15:00Z' });
const yesterday = aFull({ begun: '2026-11-22T03:15:00Z' });
const lifecycle = { rules: [{ prefix: '', hides: { days: 2 }, noncurrentDays: 8 }] };
const good = judge(web, collected(...yesterday, ...today), now);
const bad = judge(db, collected(...yesterday), now, { lifecycle });
const text = formatAnswer(call, { judgements: [good, bad], lost: 'no memory of earlier backups' });

/** As it is read again: with all sets, or those that an `ok` is about. */
const about = (judgement: Judgement) => ({
  ...judgement,
  sets: judgement.sets.filter(
    (set) => judgement.verdict !== 'ok' || [judgement.answer, judgement.lastGood].includes(set),
  ),
});

/** All that is stored of a verdict. */
const words = (judgements: readonly Judgement[]) => {
  const [host] = judgements.map((one) => one.host.name);
  const report = { checkedAt: now, bucket: 'b', judgements, unknownHosts: [], foreignObjects: 0 };
  const run = {
    report,
    due: new Set([`${host}`]),
    digest: true,
    hostsInConfig: 1,
    timezone: 'UTC',
  };
  return [composeRun(run), composeStatusPage(run)];
};

// Forms that no bucket of test/support/one-of-each.ts has; there is one of each kind, for test/recipes.test.ts.
const A: { readonly [Kind in FindingKind]?: Members<FindingOf<Kind>> } = {
  tampered: {
    removals: [{ key: 'web/\n<b>', at: 1, left: 'marker', principal: undefined, address: '::1' }],
    sets: [
      {
        ...{ type: 'full', startedAt: 1, firstAt: 2, lastAt: 3, lost: 0 },
        ...{ overwritten: { names: ['a'], count: 4 }, hidden: { names: [], count: 0 } },
      },
    ],
    seals: [{ startedAt: 1, sealedAt: 2, filesThen: 3, bytesThen: 4, filesNow: 0, bytesNow: 0 }],
    untold: undefined,
  },
  unreadable: { reason: 'AccessDenied (403)', hint: 'allow it' },
  missing: { windowsMissed: 2, strayed: [{ startedAt: 1, completedAt: undefined }] },
  incomplete: {
    windowsMissed: 2,
    ...{ startedAt: 1, volumes: 2, missingVolumes: [1], emptyVolumes: [], manifest: 'absent' },
  },
  poisoned: { names: ['vol0'], count: 1 },
  incremental: { name: 'duplicity-inc', startedAt: 1, count: 1 },
  unencrypted: { names: ['x.gz'], count: 1 },
  'wrong-recipient': {
    files: [{ name: 'x', reads: 'openpgp', recipients: ['0123456789ABCDEF'], symmetric: 0 }],
    untold: 'hidden',
  },
  expiring: {
    ...{ startedAt: 1, hiddenAt: 2, goneAt: undefined, by: 'roll', urgent: true, stampedAt: 3 },
  },
  never: {},
  late: { startedAt: 1, volumes: 2, lastArrivalAt: 3, hardDueAt: 4 },
  'no-signatures': { startedAt: 1 },
  'maybe-truncated': { startedAt: 1, by: 'framing', files: ['x'], untold: [] },
  shrunk: { bytes: 1, usualBytes: 10.5, boundBytes: 5.25 },
  grew: { bytes: 1, usualBytes: undefined, boundBytes: 5 },
  'clock-skew': { startedAt: 1, aheadMs: 400_000 },
  resumed: { startedAt: 1, finishedAt: 2, names: ['x'], count: 1 },
  'duplicate-full': { fulls: [{ startedAt: 1, completedAt: 2 }] },
  'unknown-host': { prefix: 'x' },
  foreign: { names: ['x'], count: 1 },
  paused: { until: '2026-12-01', because: 'moved' },
};
type Members<Of> = Of extends unknown ? Omit<Of, 'kind' | 'severity'> : never;

describe('parseAnswer', () => {
  it('is the inverse of formatAnswer, but for the sets that an ok is not about', () => {
    const answer = parseAnswer(text, call, [web, db]);
    expect(answer).toEqual({
      judgements: [about(good), about(bad)],
      lost: 'no memory of earlier backups',
    });
    expect(answer?.judgements.map(({ verdict }) => verdict)).toEqual(['ok', 'missing']);
  });

  it('is the inverse for every host with every kind of bucket, with the same messages', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ host, now, facts }) => {
        const objects = facts.map(({ name, bytes, modifiedAt, firstModifiedAt }) => ({
          ...{ name, bytes, modifiedAt, firstModifiedAt },
        }));
        const list = inMemory(keyed(host.target.prefix, objects));
        const since = closedWindow(host, now).opensAt;
        const read = await listSets(list, host, { since, now, depth: 'recent' });
        const judgement = judge(host, read, now, { lifecycle });
        const asked = { ...call, now };
        const answer = formatAnswer(asked, { judgements: [judgement] });
        const again = parseAnswer(answer, asked, [host])?.judgements ?? [];
        expect(again).toEqual([about(judgement)]);
        expect(words(again)).toEqual(words([judgement]));
      }),
      { numRuns: 300 },
    );
  });

  it.each(Object.entries(A))(
    'takes a finding of %s, and none with a member more or of another type',
    (kind, members) => {
      const finding = { kind, severity: 'critical', ...members } as Finding;
      const printed = (one: object) => {
        const judgement = { ...bad, findings: [one, ...bad.findings] };
        const answer = formatAnswer(call, {
          judgements: [good, judgement as unknown as Judgement],
        });
        return parseAnswer(answer, call, [web, db])?.judgements[1]?.findings;
      };
      expect(printed(finding)).toContainEqual(finding);
      expect(printed({ ...finding, more: 1 })).toBeUndefined();
      expect(printed({ ...finding, severity: 'fine' })).toBeUndefined();
      for (const [member, value] of Object.entries(members)) {
        const other = Array.isArray(value) ? [null] : typeof value === 'string' ? 7 : 'x';
        expect(printed({ ...finding, [member]: other }), member).toBeUndefined();
      }
    },
  );

  it('is undefined for an answer to another task', () => {
    for (const other of [
      { now: now + 1 },
      { until: call.until - 900_000 },
      { roll: 'another_______________' },
      { index: 2 },
      { asked: '110' },
    ]) {
      expect(parseAnswer(text, { ...call, ...other }, [web, db])).toBeUndefined();
    }
  });

  it('is undefined for other hosts, for fewer, or in another order', () => {
    for (const hosts of [[web], [db, web], [web, aHost({ name: 'nas' })], [web, db, web]]) {
      expect(parseAnswer(text, call, hosts)).toBeUndefined();
    }
  });

  it('is undefined for a text that was cut or made up', () => {
    for (let end = 0; end < text.length - 1; end += 7) {
      expect(parseAnswer(text.slice(0, end), call, [web, db])).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.json(), (made) => {
        expect(parseAnswer(made, call, [])).toBeUndefined();
      }),
    );
  });

  it('takes the verdict of a host from its sets and findings, not from what is claimed', () => {
    // biome-ignore lint/suspicious/noExplicitAny: whatever somebody may write there
    const forged = (change: (host: any) => void) => {
      const answer = JSON.parse(text);
      change(answer.verdicts[1]);
      return parseAnswer(JSON.stringify(answer), call, [web, db])?.judgements[1];
    };
    // Nothing was found, and nothing answered.
    expect(forged((host) => (host.findings = []))).toBeUndefined();
    // A full of another day.
    const answers = (host: { answer: number; answeredAt: number; findings: object[] }) =>
      Object.assign(host, { answer: 0, answeredAt: now, findings: [] });
    expect(forged(answers)).toBeUndefined();
    expect(forged((host) => (host.verdict = 'ok'))).toBeUndefined();
    expect(forged((host) => (host.lastGood = 7))).toBeUndefined();
    expect(forged((host) => (host.sets[0].manifest.bytes = 0))).toBeUndefined();
    expect(forged((host) => (host.sets[0].type = 'inc'))).toBeUndefined();
    // The worst behind the others is still the worst.
    const note = { kind: 'foreign', severity: 'info', names: [], count: 0 };
    expect(forged((host) => host.findings.unshift(note))?.verdict).toBe('missing');
  });
});

describe('parseTask', () => {
  it('reads a task as it was sent, and is undefined with a member more, less or wrong', () => {
    expect(parseTask(JSON.parse(JSON.stringify(call)))).toEqual(call);
    const { asked: _, ...less } = call;
    for (const wrong of [
      less,
      { ...call, more: 1 },
      { ...call, asked: '' },
      { ...call, asked: '1x' },
      { ...call, index: 8 },
      { ...call, of: 7, index: 3 },
      { ...call, version: 2 },
      { ...call, now: 1.5 },
      { ...call, until: '2026' },
      [call],
      null,
      'x',
    ]) {
      expect(parseTask(wrong)).toBeUndefined();
    }
  });
});
