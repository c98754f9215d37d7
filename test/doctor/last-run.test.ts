import { describe, expect, it } from 'vitest';
import { judgeLastRun } from '../../shared/doctor/deployment.ts';
import { at } from '../support/builders.ts';
import { now, read, textsOf } from './readings.ts';

describe('judgeLastRun', () => {
  it.each([
    ['2026-11-23T11:45:00Z', 'ok: the schedule runs: the last good run was 15 min ago'],
    ['2026-11-23T09:00:00Z', 'fail: the last good run was 3 h ago; one is due every 15 minutes'],
  ])('judges a run of %s', (until, words) => {
    expect(textsOf(judgeLastRun(read(at(until)), now))).toEqual([words]);
  });
  it('reports that there was none', () => {
    expect(textsOf(judgeLastRun(read(undefined), now))).toEqual([
      'fail: no run has come to its end yet',
    ]);
  });
});
