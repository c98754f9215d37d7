// Hosts that owed nothing for a while: what they owe again is counted from its first window on.
import { describe, expect, it } from 'vitest';
import { aFull } from '../support/builders.ts';
import { aConfigText, aFleet } from './heard.ts';

const FROM = '2026-11-22T06:00:00Z';
const PAUSED = 'web: { paused: { until: 2026-12-05, because: "disk swap" } }, db: {}';

describe('a host that owes a backup again', () => {
  it.each([
    ['whose pause was ended early', PAUSED],
    ['whose since was taken back', 'web: { since: 2026-12-05 }, db: {}'],
    ['that was out of the config', 'db: {}'],
  ])('and %s is missed from then on', async (_, meanwhile) => {
    const fleet = aFleet();
    fleet.do('2026-11-22T10:00:00Z', () => fleet.change(aConfigText(meanwhile)));
    fleet.do('2026-11-23T10:00:00Z', () => fleet.change(aConfigText()));
    await fleet.play(FROM, '2026-11-25T10:00:00Z');
    expect(fleet.alarms('SNS')).toEqual([
      '24 08:15 1 of 2 hosts FAILED: web MISSING',
      expect.stringContaining('25 08:15 1 of 2 hosts FAILED: web MISSING (2nd day)'),
    ]);
    expect(fleet.alarms('ops')).toEqual([expect.stringContaining('25 08:15')]);
  });

  it('missed nothing while it was out of the config, though it is back a moment before its window closes', async () => {
    const fleet = aFleet();
    fleet.put('web', aFull({ begun: '2026-11-26T03:00:00Z' }));
    fleet.do('2026-11-22T10:00:00Z', () => fleet.change(aConfigText('db: {}')));
    fleet.do('2026-11-26T08:05:00Z', () => fleet.change(aConfigText()));
    await fleet.play(FROM, '2026-11-27T10:00:00Z');
    expect(fleet.alarms('SNS')).toEqual(['27 08:15 1 of 2 hosts FAILED: web MISSING']);
  });

  it('missed nothing while it was out of the config, though the digest looks before its next window', async () => {
    const later = aConfigText('web: { window: { due: "10:00" } }, db: {}');
    const fleet = aFleet(later);
    fleet.do('2026-11-22T11:00:00Z', () => fleet.change(aConfigText('db: {}')));
    fleet.do('2026-11-24T11:00:00Z', () => fleet.change(later));
    await fleet.play(FROM, '2026-11-25T09:00:00Z');
    expect(fleet.alarms('SNS').join()).not.toContain('MISSING');
  });

  it('missed nothing on the days of the week that it has new', async () => {
    const fleet = aFleet(aConfigText('web: { days: [sun, fri] }, db: {}'));
    fleet.do('2026-11-24T10:00:00Z', () => fleet.change(aConfigText()));
    await fleet.play(FROM, '2026-11-25T10:00:00Z');
    expect(fleet.alarms('SNS')).toEqual(['25 08:15 1 of 2 hosts FAILED: web MISSING']);
  });

  it.each([
    ['a day that was none then', 'nas: { days: [sun] }', 'nas: { days: [sat] }'],
    ['a day after which it was well', 'nas: {}', 'nas: { days: [mon] }'],
  ])('missed nothing on %s, where it has other days since', async (_, before, since) => {
    const days = (nas: string) =>
      aConfigText(`${nas}, db: {}`).replace('region', 'keepDays: 9\nregion');
    const fleet = aFleet(days(before));
    fleet.nights('nas', '2026-11-22', '2026-11-24', ['2026-11-23']);
    fleet.do('2026-11-24T10:00:00Z', () => fleet.change(days(since)));
    await fleet.play(FROM, '2026-11-26T10:00:00Z');
    expect(fleet.by('staff', '24 09')).toEqual([
      expect.stringContaining('1 of 2 hosts OK, 1 owing none yet'),
      expect.stringContaining('1 of 2 hosts OK, 1 owing none yet'),
    ]);
    expect(fleet.alarms('SNS', '24 09')).toEqual([]);
  });

  it('missed nothing on a day after which a good backup came, though the next one was missed', async () => {
    const fleet = aFleet(aConfigText('nas: {}, db: {}').replace('region', 'keepDays: 9\nregion'));
    const weekly = aConfigText('nas: { days: [mon] }, db: {}');
    fleet.nights('nas', '2026-11-22', '2026-11-24', ['2026-11-23']);
    fleet.do('2026-11-25T10:00:00Z', () =>
      fleet.change(weekly.replace('region', 'keepDays: 9\nregion')),
    );
    await fleet.play(FROM, '2026-11-26T10:00:00Z');
    expect(fleet.alarms('SNS', '25')).toEqual([
      '25 08:15 1 of 2 hosts FAILED: nas MISSING',
      '26 08:15 nas OVER: no backup is owed before its next window',
    ]);
  });

  it('owes no window once more that a pause covered', async () => {
    const later = (more: string) => aConfigText(`web: { window: { due: "10:00" }${more} }, db: {}`);
    const pause = ', paused: { until: 2026-12-05, because: "disk swap" }';
    const fleet = aFleet(later(pause));
    fleet.nights('web', '2026-11-24', '2026-11-26');
    fleet.do('2026-11-23T11:00:00Z', () => fleet.change(later('')));
    await fleet.play(FROM, '2026-11-25T10:00:00Z');
    expect(fleet.alarms('SNS')).toEqual([]);
    expect(fleet.by('staff', '24')[0]).toContain('1 of 2 hosts OK, 1 owing none yet');
  });
});

describe('a host that owed a backup all the time', () => {
  it('missed what nobody looked at', async () => {
    const fleet = aFleet();
    await fleet.play(FROM, '2026-11-22T20:00:00Z');
    await fleet.play('2026-11-26T10:00:00Z', '2026-11-26T12:00:00Z');
    expect(fleet.alarms('SNS')).toEqual(['26 10:15 1 of 2 hosts FAILED: web MISSING (4th day)']);
  });
});
