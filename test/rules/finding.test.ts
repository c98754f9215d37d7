import { describe, expect, it } from 'vitest';
import {
  FINDING_KINDS,
  type Finding,
  type Severity,
  showNames,
  sortFindings,
  worstSeverity,
} from '../../shared/rules/finding.ts';

const of = (...severities: Severity[]) =>
  worstSeverity(severities.map((severity) => ({ severity })));

describe('worstSeverity', () => {
  it('returns the worst severity of all in any order, and information for no findings', () => {
    expect(of('info', 'critical', 'warning')).toBe('critical');
    expect(of('info', 'warning', 'info')).toBe('warning');
    expect(of('info')).toBe('info');
    expect(of()).toBe('info');
  });
});

describe('sortFindings', () => {
  const finding = (kind: Finding['kind'], severity: Severity) => ({ kind, severity }) as Finding;

  it('sorts by severity first, and within one severity by kind, worst first', () => {
    const [first = 'missing', second = 'missing'] = FINDING_KINDS;
    const worst = [finding(first, 'critical'), finding(second, 'critical')];
    const all = [...worst, finding(second, 'warning'), finding(first, 'info')];
    expect(sortFindings(all.toReversed())).toEqual(all);
  });
});

describe('showNames', () => {
  it('shows three names, and counts them all', () => {
    const names = ['a', 'b', 'c', 'd'];
    expect(showNames(names)).toEqual({ names: ['a', 'b', 'c'], count: 4 });
    expect(showNames(names.slice(2))).toEqual({ names: ['c', 'd'], count: 2 });
  });
});
