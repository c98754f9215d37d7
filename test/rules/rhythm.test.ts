import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isQuiet, rhythmOf } from '../../shared/messages/host-report.ts';
import { judge } from '../../shared/rules/judge.ts';
import { wallClock } from '../../shared/rules/window.ts';
import { aFull, aHost, anIncremental, anObject, at, collected } from '../support/builders.ts';

const now = at('2026-11-23T08:20:00Z');
const full = (begun: string, done: string) =>
  aFull({ begun: `2026-11-${begun}:00Z`, done: `2026-11-${done}:00Z` });
const verdictOf = (host: Parameters<typeof aHost>[0], ...fulls: ReturnType<typeof full>[]) =>
  judge(aHost(host), collected(...fulls.flat()), now);
const times = (...args: Parameters<typeof verdictOf>) => {
  const rhythm = rhythmOf(verdictOf(...args));
  const { timezone = 'UTC' } = args[0] ?? {};
  const time = (instant: number) =>
    new Date(wallClock(instant, timezone)).toISOString().slice(11, 16);
  return (
    rhythm && [
      rhythm?.backups,
      time(rhythm.beganFrom),
      time(rhythm.beganUntil),
      time(rhythm.doneBy),
    ]
  );
};

describe('rhythmOf', () => {
  const nights = [
    full('19T02:03', '19T02:20'),
    full('20T02:00', '20T02:11'),
    full('21T02:05', '21T02:16'),
  ];

  it('returns the earliest and the latest start, and the latest end', () => {
    expect(times({}, ...nights)).toEqual([3, '02:00', '02:05', '02:20']);
  });

  it('counts midnight as any other time, from when the window opens', () => {
    const host = { window: { opens: '20:00', due: '08:15', graceMinutes: 240 } };
    const late = [
      full('18T23:55', '19T00:10'),
      full('20T00:05', '20T00:20'),
      full('20T23:50', '21T00:30'),
    ];
    expect(times(host, ...late)).toEqual([3, '23:50', '00:05', '00:30']);
  });

  it('uses the clock of the host, also over a change to daylight saving time', () => {
    const host = { timezone: 'Europe/Amsterdam' };
    const autumn = ['23T00', '24T00', '25T01', '26T01'].map((begun) =>
      aFull({ begun: `2026-10-${begun}:30:00Z`, done: `2026-10-${begun}:40:00Z` }),
    );
    const judgement = judge(aHost(host), collected(...autumn.flat()), at('2026-10-27T08:20:00Z'));
    const rhythm = rhythmOf(judgement);
    expect(rhythm?.backups).toBe(4);
    const read = (instant = 0) => wallClock(instant, host.timezone) % 86_400_000;
    expect(read(rhythm?.beganFrom)).toBe(read(rhythm?.beganUntil));
  });

  it('leaves out fulls that are damaged or took more than a day, and incrementals, and needs three', () => {
    const broken = full('18T07:00', '18T07:10').filter(({ name }) => !name.includes('vol2'));
    const resumed = full('17T09:00', '18T12:00');
    const increment = anIncremental('2026-11-19T02:03:00Z', '2026-11-19T12:00:00Z');
    expect(times({}, broken, resumed, increment, ...nights)).toEqual([
      3,
      '02:00',
      '02:05',
      '02:20',
    ]);
    expect(times({}, ...nights.slice(1))).toBeUndefined();
  });

  it('uses the last seven fulls', () => {
    const hours = ['01', '02', '03', '04', '05', '06', '07', '02'];
    const week = hours.map((hour, day) => full(`${12 + day}T${hour}:00`, `${12 + day}T${hour}:10`));
    expect(times({}, ...week)).toEqual([7, '02:00', '07:00', '07:10']);
  });

  it('leaves out a full that took a day, or was done before it began by the clock of S3', () => {
    const day = full('17T02:00', '18T02:00');
    const ahead = full('18T09:00', '18T08:59');
    expect(times({}, day, ahead, ...nights)).toEqual([3, '02:00', '02:05', '02:20']);
  });

  it('never returns a start that no full had, whatever the times', () => {
    const minute = fc.integer({ min: 0, max: 24 * 60 - 1 });
    fc.assert(
      fc.property(fc.array(minute, { minLength: 3, maxLength: 6 }), (minutes) => {
        const begins = minutes.map(
          (one, day) => at('2026-11-15T00:00:00Z') + day * 86_400_000 + one * 60_000,
        );
        const fulls = begins.map((begun) => {
          const iso = new Date(begun).toISOString();
          return aFull({ begun: iso, done: iso });
        });
        const { beganFrom, beganUntil } = rhythmOf(verdictOf({}, ...fulls)) ?? {};
        expect(begins).toContain(beganFrom);
        expect(begins).toContain(beganUntil);
      }),
    );
  });
});

describe('isQuiet', () => {
  const friday = full('20T02:00', '20T02:11');

  it('is true while nothing came since the window opened', () => {
    expect(isQuiet(verdictOf({}, friday))).toBe(true);
  });

  it.each([
    ['a volume', full('23T02:00', '23T02:11').slice(0, 1)],
    ['a full that began when it opened', full('23T00:00', '23T00:00')],
    ['a full dated ahead that came before', full('23T07:00', '22T20:00')],
    ['an incremental', anIncremental('2026-11-20T02:00:00Z', '2026-11-23T02:00:00Z')],
    ['an older full that was finished since', full('22T23:50', '23T00:40')],
    [
      'a name that duplicity crashes on',
      [anObject('duplicity-full.20261123T020000Z.vol0.difftar.gpg')],
    ],
  ])('is not so when there is %s', (_, objects) => {
    expect(isQuiet(verdictOf({}, friday, objects))).toBe(false);
  });
});
