import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeFinding, nextStep } from '../../shared/messages/finding-text.ts';
import { formatLastGood } from '../../shared/messages/loss-text.ts';
import { type Judgement, judge } from '../../shared/rules/judge.ts';
import { expiryAfter, keepOf, type Lifecycle } from '../../shared/rules/lifecycle.ts';
import { aFull, aHost, at, collected } from '../support/builders.ts';
import { aHistory } from '../support/versions.ts';

const DAY = 86_400_000;
const rules: Lifecycle = { rules: [{ prefix: '', hides: { days: 6 }, noncurrentDays: 8 }] };
const set = aFull({ begun: '2026-11-21T01:14:00Z', done: '2026-11-21T01:40:00Z' });
const judged = (now: string, lifecycle: Lifecycle = rules, more = {}): Judgement =>
  judge(aHost(), collected(...set), at(now), { lifecycle, ...more });
const expiringOf = (judgement: Judgement) =>
  judgement.findings.find((finding) => finding.kind === 'expiring');

describe('expiryAfter', () => {
  it.each([
    ['2026-01-15T10:30:00Z', 3, '2026-01-19T00:00:00Z'],
    ['2026-11-21T01:40:00Z', 6, '2026-11-28T00:00:00Z'],
    ['2026-11-21T23:59:59Z', 6, '2026-11-28T00:00:00Z'],
    ['2026-11-22T00:00:00Z', 6, '2026-11-29T00:00:00Z'],
    // The clocks of Europe change on 25 October: lifecycle's do not.
    ['2026-10-24T23:30:00Z', 1, '2026-10-26T00:00:00Z'],
  ])('hides what was written %s after %i days at %s', (written, days, hidden) => {
    expect(expiryAfter(at(written), days)).toBe(at(hidden));
  });

  it('is the first midnight UTC after the days have passed', () => {
    const when = fc.integer({ min: 0, max: at('2100-01-01T00:00Z') });
    fc.assert(
      fc.property(when, fc.integer({ min: 1, max: 3650 }), (written, days) => {
        const over = expiryAfter(written, days) - written - days * DAY;
        expect(expiryAfter(written, days) % DAY).toBe(0);
        expect(over).toBeGreaterThan(0);
        expect(over).toBeLessThanOrEqual(DAY);
      }),
    );
  });
});

describe('keepOf', () => {
  const keep = (rule: { prefix: string }, prefix = 'web/') =>
    keepOf(aHost({ target: { bucket: 'b', prefix } }), {
      rules: [{ ...rule, hides: { days: 3 } }],
    }).hides.length;

  it('takes the rules whose prefix the names of the host may have', () => {
    expect(
      ['', 'w', 'web/', 'web/duplicity-', 'web/duplicity-full.2026'].map((p) =>
        keep({ prefix: p }),
      ),
    ).toEqual([1, 1, 1, 1, 1]);
    expect(
      ['mail/', 'web2/', 'web/duplicity-inc', 'web/lost+found/'].map((p) => keep({ prefix: p })),
    ).toEqual([0, 0, 0, 0]);
  });

  it('takes the shortest of several rules, and the config where none was read', () => {
    const many = {
      rules: [30, 6, 14].map((days) => ({ prefix: '', hides: { days }, noncurrentDays: days })),
    };
    expect(keepOf(aHost(), many).noncurrentDays).toBe(6);
    expect(keepOf(aHost({ keepDays: 9 }), { unknown: 'AccessDenied (403)' })).toMatchObject({
      by: 'roll',
      hides: [{ days: 9 }],
    });
    const keeping = aHost({ keepLastGood: true });
    expect(keepOf(keeping, { unknown: 'AccessDenied (403)' })).toMatchObject({ hides: [] });
    expect(keepOf(keeping, many).hides).toHaveLength(3);
  });
});

describe('judgeRetention', () => {
  it('counts down to the day on which the last good copy is hidden', () => {
    const judgement = judged('2026-11-23T12:00:00Z');
    expect(judgement.countdown).toMatchObject({
      hiddenAt: at('2026-11-28T00:00:00Z'),
      goneAt: at('2026-12-06T00:00:00Z'),
      by: 'rules',
    });
    expect(expiringOf(judgement)).toBeUndefined();
    expect(formatLastGood(judgement, judgement.host.timezone)).toBe(
      'Last good copy: Sat 21 Nov 01:14, 3 volumes, 421.0 MiB - hidden by lifecycle Sat 28 Nov, recoverable until Sun 6 Dec.',
    );
  });

  it.each([
    ['2026-11-24T00:00:00Z', undefined],
    ['2026-11-24T00:00:01Z', false],
    ['2026-11-26T00:00:00Z', false],
    ['2026-11-26T00:00:01Z', true],
  ])('is expiring at %s: %s', (now, urgent) => {
    const finding = expiringOf(judged(now));
    expect(finding?.kind === 'expiring' ? finding.urgent : undefined).toBe(urgent);
    if (finding !== undefined) expect(finding.severity).toBe('critical');
  });

  it('reports when the last good copy expires, in how long, and what to do', () => {
    const judgement = judged('2026-11-25T12:00:00Z');
    const finding = expiringOf(judgement);
    if (finding === undefined) throw new Error('nothing was found');
    expect(describeFinding(finding, judgement, judgement.host.timezone)).toBe(
      'the last good copy, the full of Sat 21 Nov 01:14, is hidden by lifecycle Sat 28 Nov 00:00, in 60 h; recoverable until Sun 6 Dec 00:00',
    );
    expect(nextStep(finding, judgement)).toBe("ssh web 'sudo rollcall-backup run'");
    const nas = { ...judgement, host: { ...judgement.host, name: 'office/nas' } };
    expect(nextStep(finding, nas)).toBe('sudo rollcall-backup run   # on office/nas');
    expect(judgement.verdict).toBe('missing');
  });

  it('counts from the first volume, not from the manifest', () => {
    const night = aFull({ begun: '2026-11-20T23:50:00Z', done: '2026-11-21T00:40:00Z' }).map(
      (object) =>
        object.name.includes('vol1.')
          ? { ...object, modifiedAt: at('2026-11-20T23:55:00Z') }
          : object,
    );
    const judgement = judge(aHost(), collected(...night), at('2026-11-22T12:00:00Z'), {
      lifecycle: rules,
    });
    expect(judgement.countdown?.hiddenAt).toBe(at('2026-11-27T00:00:00Z'));
  });

  it('starts no countdown while a full of the window is good, however short the rule is', () => {
    const short = { rules: [{ prefix: '', hides: { days: 1 } }] };
    const today = aFull({ begun: '2026-11-23T03:00:00Z' });
    const judgement = judge(aHost(), collected(...set, ...today), at('2026-11-23T12:00:00Z'), {
      lifecycle: short,
    });
    expect([judgement.verdict, judgement.countdown]).toEqual(['ok', undefined]);
  });

  it('goes on for a paused host, whose archive is still watched', () => {
    const paused = { until: '2027-01-01', because: 'disk swap' };
    const judgement = judge(aHost({ paused }), collected(...set), at('2026-11-26T12:00:00Z'), {
      lifecycle: rules,
    });
    expect(judgement.verdict).toBe('expiring');
  });

  it('gives no date for the end of hidden versions where no rule was read', () => {
    const judgement = judged('2026-11-25T12:00:00Z', { unknown: 'AccessDenied (403)' });
    const finding = expiringOf(judgement);
    expect(finding).toMatchObject({ by: 'roll', goneAt: undefined });
    expect(finding && describeFinding(finding, judgement, judgement.host.timezone)).toContain(
      "That is by the config's keepDays",
    );
    // Two days later everything is still there: the bucket keeps more than the config says.
    expect(judged('2026-11-29T12:00:00Z', { unknown: 'x' }).countdown).toBeUndefined();
  });

  it('never ends where no rule hides anything, or where versions are kept for good', () => {
    expect(judged('2026-11-25T12:00:00Z', { rules: [] }).countdown).toBeUndefined();
    const kept = judged('2026-11-25T12:00:00Z', { rules: [{ prefix: '', hides: { days: 6 } }] });
    expect(formatLastGood(kept, kept.host.timezone)).toMatch(/hidden by lifecycle Sat 28 Nov\.$/);
  });

  it('reports the loss as final where the bucket keeps no versions', () => {
    const judgement = judge(
      aHost(),
      { ...collected(...set), inconclusive: 'not kept' },
      at('2026-11-23T12:00:00Z'),
      { lifecycle: rules },
    );
    expect(formatLastGood(judgement, judgement.host.timezone)).toMatch(
      /deleted by lifecycle Sat 28 Nov, for good\.$/,
    );
  });

  it("reports S3's own date when it differs", () => {
    const stampedAt = at('2026-11-26T00:00:00Z');
    const judgement = judged('2026-11-25T12:00:00Z', rules, { stampedAt });
    const finding = expiringOf(judgement);
    expect(finding && describeFinding(finding, judgement, judgement.host.timezone)).toContain(
      'S3 itself says Thu 26 Nov 00:00 of its first volume',
    );
  });

  it('reports after the last good copy was hidden until when it can be restored, and how', () => {
    const hidden = aHistory(set).hide(
      set.map(({ name }) => name),
      '2026-11-28T00:00:00Z',
    );
    const now = at('2026-11-29T12:00:00Z');
    const judgement = judge(aHost(), hidden.collected(now), now, { lifecycle: rules });
    const finding = expiringOf(judgement);
    if (finding === undefined) throw new Error('nothing was found');
    expect(describeFinding(finding, judgement, judgement.host.timezone)).toBe(
      'the last good copy, the full of Sat 21 Nov 01:14, was hidden Sat 28 Nov 00:00; recoverable until Sun 6 Dec 00:00',
    );
    expect(nextStep(finding, judgement)).toBe('rollcall undelete web 20261121T011400Z');
    expect(formatLastGood(judgement, judgement.host.timezone)).toMatch(
      /hidden since Sat 28 Nov, recoverable until Sun 6 Dec\.$/,
    );
    expect(judgement.findings).toMatchObject([
      { kind: 'missing', windowsMissed: 8 },
      { kind: 'expiring' },
    ]);
  });
});
