// Days, grace, chains and pruning: how each is read, and where it would hide a miss.
import { describe, expect, it } from 'vitest';
import type { ConfigError, Host } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { at } from '../support/builders.ts';

type Top = { readonly keepDays?: number; readonly window?: string; readonly existing?: boolean };

function parse(host: string, { keepDays = 40, window, existing = true }: Top = {}) {
  const top = [
    'bucket: acme-backups',
    `existing: ${existing}`,
    `keepDays: ${keepDays}`,
    ...(window === undefined ? [] : [`window: ${window}`]),
  ];
  const text = `${top.join('\n')}\nhosts:\n  web: ${host}\n`;
  return parseConfig(text, 'hosts.yml', undefined, 'read', at('2026-11-23T12:00:00Z'));
}
const hostOf = (host: string, top?: Top) => parse(host, top).hosts[0] as Host;
const faultOf = (host: string, top?: Top): string => {
  try {
    parse(host, top);
    return '';
  } catch (error) {
    return (error as ConfigError).issues.join('\n');
  }
};

describe('grace', () => {
  it.each([
    ['{}', 240],
    ['{ window: { grace: 90m } }', 90],
    ['{ window: { grace: 0m } }', 0],
    ['{ window: { grace: 50h } }', 3000],
    ['{ window: { grace: 3d } }', 4320],
    ['{ window: { hardDue: "09:00" } }', 45],
    ['{ window: { due: "22:00", hardDue: "02:00" } }', 240],
  ])('of %s is %i minutes', (host, minutes) => {
    expect(hostOf(host).window.graceMinutes).toBe(minutes);
  });

  it('stays that of all where a host moves its due time, and a hardDue of all does not', () => {
    const moved = '{ window: { due: "10:00" } }';
    expect(hostOf(moved, { window: '{ grace: 6h }' }).window.graceMinutes).toBe(360);
    expect(hostOf(moved, { window: '{ hardDue: "09:15" }' }).window.graceMinutes).toBe(240);
    expect(hostOf('{}', { window: '{ hardDue: "09:15" }' }).window.graceMinutes).toBe(60);
  });

  it.each([
    ['{ window: { grace: 4 } }', 'must be a time like 4h, 90m or 3d'],
    ['{ window: { grace: 8d } }', 'at most 7d'],
    ['{ window: { grace: -1h } }', 'must be a time like'],
    ['{ window: { hardDue: "07:00" } }', 'which is before due, "08:15"'],
    ['{ window: { grace: 4h, hardDue: "12:15" } }', 'say the same thing'],
  ])('%s is refused', (host, why) => {
    expect(faultOf(host)).toMatch(/^hosts\.yml:5: /);
    expect(faultOf(host)).toContain(why);
  });

  it('is refused where the bucket forgets a backup before it is missed', () => {
    const host = '{ window: { grace: 72h } }';
    expect(faultOf(host, { keepDays: 3 })).toContain('write "keepDays: 4" or more at the top');
    expect(faultOf(host, { keepDays: 4 })).toBe('');
    expect(faultOf('{}', { keepDays: 3, window: '{ grace: 72h }' })).toContain('keepDays: 4');
  });
});

describe('days', () => {
  it.each([
    ['{ days: [sun] }', [0]],
    ['{ days: [fri, mon, mon] }', [1, 5]],
    ['{ days: [mon, tue, wed, thu, fri, sat, sun] }', undefined],
  ])('of %s are %j', (host, days) => {
    expect(hostOf(host).days).toEqual(days);
  });

  it.each([
    ['{ days: [monday] }', 'must be a day of the week: mon, tue'],
    ['{ days: sun }', 'must be a list'],
    ['{ days: [] }', 'nothing would be checked'],
  ])('%s is refused', (host, why) => {
    expect(faultOf(host)).toContain(why);
  });

  it.each([
    ['{ days: [sun] }', 8],
    ['{ days: [mon, tue, wed, thu, fri] }', 4],
    ['{ days: [mon, thu] }', 5],
  ])('of %s need a keepDays of %i', (host, least) => {
    expect(faultOf(host, { keepDays: least - 1 })).toContain(`write "keepDays: ${least}" or more`);
    expect(faultOf(host, { keepDays: least })).toBe('');
  });
});

describe('chain', () => {
  it.each([
    ['31d', 31],
    ['2w', 14],
  ])('of fullEvery %s is %i days', (every, days) => {
    expect(hostOf(`{ chain: { fullEvery: ${every} } }`).chain).toEqual({ fullEveryDays: days });
  });

  it.each([
    ['{ chain: true }', 'must be a list of "key: value" lines'],
    ['{ chain: {} }', 'needs "fullEvery: 31d"'],
    ['{ chain: { fullEvery: 1M } }', 'a number of days like 31d'],
    ['{ chain: { fullEvery: 1d } }', 'from 2d'],
    ['{ chain: { fullEvery: 36h } }', 'a number of days'],
  ])('%s is refused', (host, why) => {
    expect(faultOf(host)).toContain(why);
  });

  it('needs a bucket that holds it, unless the last good backups are kept anyway', () => {
    const host = '{ chain: { fullEvery: 31d } }';
    expect(faultOf(host, { keepDays: 35 })).toContain('write "keepDays: 36" or more');
    expect(faultOf(host, { keepDays: 36 })).toBe('');
  });
});

describe('prunes', () => {
  it.each([
    ['{ prunes: true }', { keep: 3 }],
    ['{ prunes: { keep: 5 } }', { keep: 5 }],
    ['{ prunes: false }', undefined],
  ])('of %s are %j', (host, prunes) => {
    expect(hostOf(host).prunes).toEqual(prunes);
  });

  it.each([
    ['{ prunes: { keep: 0 } }', 'a whole number of good fulls, from 1'],
    ['{ prunes: 3 }', 'must be true, or how many fulls are kept: { keep: 3 }'],
  ])('%s is refused', (host, why) => {
    expect(faultOf(host)).toContain(why);
  });

  it('is refused in the bucket that the stack makes, and nowhere else', () => {
    expect(faultOf('{ prunes: true }', { existing: false })).toContain('no host can delete');
    const elsewhere = '{ target: s3://other-bucket/web/, prunes: true }';
    expect(faultOf(elsewhere, { existing: false })).toBe('');
  });
});

describe('a host that nobody would miss for long', () => {
  it.each([
    ['{ since: 2027-02-21 }', ''],
    ['{ since: 2027-02-22 }', 'write a date until 2027-02-21'],
    ['{ paused: { until: 2027-02-21, because: disks } }', ''],
    ['{ paused: { until: 2027-02-22, because: disks } }', 'for over 90 days'],
  ])('%s: %s', (host, why) => {
    if (why === '') expect(faultOf(host)).toBe('');
    else expect(faultOf(host)).toContain(why);
  });
});
