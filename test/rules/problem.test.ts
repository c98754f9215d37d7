import { describe, expect, it } from 'vitest';
import type { Severity } from '../../shared/rules/finding.ts';
import { newsOf, type Problem } from '../../shared/rules/problem.ts';
import { at } from '../support/builders.ts';

const now = at('2026-11-23T12:00:00Z');
const over = { at: now, says: 'full done Mon 23 Nov 11:02', isWell: true };

function aProblem(severity: Severity, notifiedAs?: Severity): Problem {
  return {
    ...{ host: 'web', place: 'backups/web/', kind: 'missing', severity, since: now, lastSeen: now },
    ...{ subjects: ['2026-11-23'], missed: 1, says: '', details: [], files: [], changes: [] },
    ...{ changeCount: 0, over },
    notified: new Map(
      notifiedAs === undefined ? [] : [['sms', { at: now, severity: notifiedAs, subjects: 1 }]],
    ),
  };
}

describe('the end of a problem', () => {
  it.each<[severity: Severity, notifiedAs: Severity | undefined, news: 'over' | undefined]>([
    ['critical', 'critical', 'over'],
    ['critical', undefined, 'over'],
    // It took the warning, and refused what it became.
    ['critical', 'warning', 'over'],
    ['warning', 'warning', undefined],
    ['warning', undefined, undefined],
  ])('of one that was %s, to a channel that was notified of it as %s: %s', (severity, as, news) => {
    expect(newsOf(aProblem(severity, as), { name: 'sms' })).toBe(news);
  });
});
