import { describe, expect, it } from 'vitest';
import { judgeLifecycle, type LifecycleRule } from '../../shared/doctor/bucket.ts';
import { config, read, textsOf } from './readings.ts';

describe('judgeLifecycle', () => {
  const rule = (over: Partial<LifecycleRule> = {}): LifecycleRule => ({
    id: 'expire',
    prefix: '',
    tag: undefined,
    expireDays: 30,
    expireDate: undefined,
    noncurrentDays: 8,
    abortDays: 1,
    sweepsMarkers: false,
    ...over,
  });
  const sweep = rule({
    id: 'sweep',
    expireDays: undefined,
    noncurrentDays: undefined,
    abortDays: undefined,
    sweepsMarkers: true,
  });
  const hide = (over: Partial<LifecycleRule> = {}) =>
    rule({ noncurrentDays: undefined, abortDays: undefined, ...over });
  const tagged = (over: Partial<LifecycleRule> = {}) => hide({ tag: 'expire=yes', ...over });
  const cleanUp = rule({ id: 'clean-up', expireDays: undefined, sweepsMarkers: true });

  it.each<[string, LifecycleRule[], string[]]>([
    [
      'the rules of the stack',
      [hide(), cleanUp],
      ['ok: backups are hidden after 30 days, and can be brought back for 8 more'],
    ],
    [
      'the same in rules that are cut otherwise',
      [rule(), sweep],
      ['ok: backups are hidden after 30 days, and can be brought back for 8 more'],
    ],
    [
      'fewer days than the config',
      [rule({ expireDays: 6 }), sweep],
      ['fail: backups are hidden after 6 days, and the config says 30'],
    ],
    [
      'a second, shorter rule',
      [rule(), rule({ expireDays: 1 }), sweep],
      ['fail: backups are hidden after 1 days, and the config says 30'],
    ],
    [
      'a shorter rule for some',
      [rule(), rule({ id: 'x', prefix: 'web/', expireDays: 1 }), sweep],
      ['fail: the rule "x" hides what is below "web/" after 1 days'],
    ],
    [
      'a rule that asks for a tag',
      [rule({ tag: 'expire=yes' }), rule({ expireDays: undefined }), sweep],
      ['warn: nothing is ever hidden, and the config says 30'],
    ],
    [
      'a rule with a date',
      [
        rule(),
        rule({ id: 'x', prefix: 'web/', expireDays: undefined, expireDate: '2026-12-01' }),
        sweep,
      ],
      ['fail: the rule "x" hides everything from 2026-12-01 on, however new it is'],
    ],
    [
      'no time to undelete',
      [rule({ noncurrentDays: 1 }), sweep],
      ['fail: what is hidden or overwritten is lost after 1 days, not 8'],
    ],
    [
      'no rule',
      [],
      [
        'warn: nothing is ever hidden, and the config says 30',
        'warn: what is hidden or overwritten is kept, and billed, for ever',
        'warn: the parts of unfinished uploads stay, and are billed; no listing shows them',
        'warn: delete markers pile up, and make every listing slower',
      ],
    ],
  ])('judges %s', (_, rules, words) => {
    expect(textsOf(judgeLifecycle(read(rules), config, 8))).toEqual(words);
  });
  it.each<[string, LifecycleRule[], string[]]>([
    [
      'the rules of the stack',
      [tagged(), cleanUp],
      [
        'ok: backups tagged expire=yes are hidden after 30 days, and can be brought back for 8 more',
      ],
    ],
    [
      'the rules of the stack as it was before',
      [hide(), cleanUp],
      [
        'warn: nothing is ever hidden, and the config says 30',
        'fail: the rule "expire" asks for no tag, and so hides the last good backup too, after 30 days',
      ],
    ],
    [
      'a rule without a tag, for some',
      [tagged(), cleanUp, rule({ id: 'x', prefix: 'web/', expireDays: 90 })],
      ['fail: the rule "x" asks for no tag, and so hides the last good backup too, after 90 days'],
    ],
    [
      'fewer days than the config',
      [tagged({ expireDays: 6 }), cleanUp],
      ['fail: backups tagged expire=yes are hidden after 6 days, and the config says 30'],
    ],
    [
      'a rule with a date',
      [
        tagged(),
        cleanUp,
        rule({ id: 'x', expireDays: undefined, expireDate: '2026-12-01' }),
        sweep,
      ],
      ['fail: the rule "x" hides everything from 2026-12-01 on, however new it is'],
    ],
    [
      'another tag',
      [tagged({ tag: 'expire=no' }), cleanUp],
      ['warn: nothing is ever hidden, and the config says 30'],
    ],
    [
      'old versions forgotten where they are tagged alone',
      [tagged({ noncurrentDays: 8 }), sweep],
      [
        'warn: what is hidden or overwritten is kept, and billed, for ever',
        'warn: the parts of unfinished uploads stay, and are billed; no listing shows them',
      ],
    ],
  ])('judges, where the last good backup is kept, %s', (_, rules, words) => {
    const keeping = { ...config, keepLastGood: true };
    expect(textsOf(judgeLifecycle(read(rules), keeping, 8))).toEqual(words);
  });

  it('advises to keep backups for longer', () => {
    expect(
      textsOf(
        judgeLifecycle(read([rule({ expireDays: 6 }), sweep]), { ...config, keepDays: 6 }, 8),
      ).at(-1),
    ).toMatch(/^warn: 6 days are few: after so many days of failed backups/);
    const few = { ...config, keepDays: 6, keepLastGood: true };
    expect(
      textsOf(judgeLifecycle(read([tagged({ expireDays: 6 }), cleanUp]), few, 8)).at(-1),
    ).toMatch(/^warn: 6 days are few: forged backups/);
  });
});
