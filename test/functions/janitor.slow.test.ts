// The janitor over weeks and months.
import { describe, expect, it } from 'vitest';
import { aFull } from '../support/builders.ts';
import {
  closeAfterEach,
  day,
  dead,
  deployed,
  full,
  KEEPING,
  keysOf,
  live,
  start,
  there,
} from './janitor-days.ts';

closeAfterEach();

describe('a host that died ten days into its life', () => {
  it('keeps its last two good ones for good where the config says so; the living pay for two more', async () => {
    await start(KEEPING);
    await live(1, 10, KEEPING, ['dead', 'live']);
    await live(11, 100, KEEPING);
    expect(there('dead')).toEqual({ whole: [day(9), day(10)], half: [] });
    const left = there('live');
    expect(left.half).toEqual([]);
    expect(left.whole).toHaveLength(8);
    expect(left.whole.at(-1)).toBe(day(100));
  });
});

describe('an intruder with the key of a host that has died', () => {
  /** The days on which the janitor goes on, and S3 after it. */
  const wait = (from: number, until: number) => live(from, until, KEEPING, []);

  it('cannot have the last good ones hidden by two forged sets sooner than after keepDays', async () => {
    await dead();
    deployed.put('dead/', aFull({ begun: `${day(59)}T23:50:00Z`, done: `${day(59)}T23:55:00Z` }));
    deployed.put('dead/', aFull({ begun: `${day(60)}T00:05:00Z`, done: `${day(60)}T00:06:00Z` }));
    await wait(60, 65);
    expect(there('dead').whole).toEqual([day(11), day(12)]);
    // The bound: anyone who is not noticed for keepDays has replaced them. They come back for eight days more.
    await wait(66, 67);
    expect(there('dead').whole).toEqual([]);
    const [key = ''] = keysOf('dead', 12);
    expect(deployed.aws.versions('backups', key).some(({ deleteMarker }) => !deleteMarker)).toBe(
      true,
    );
  });

  it.each<[string, () => void]>([
    [
      'a hundred sets of one day',
      () => {
        for (let minute = 0; minute < 100; minute += 1) {
          const begun = new Date(Date.parse(`${day(59)}T10:00Z`) + minute * 60_000).toISOString();
          deployed.put('dead/', aFull({ begun, done: begun }));
        }
      },
    ],
    [
      'sets named for the days since then, all written on one day',
      () => {
        for (let number = 13; number <= 59; number += 1) {
          deployed.put(
            'dead/',
            aFull({ begun: `${day(number)}T03:00:00Z`, done: `${day(59)}T10:00:00Z` }),
          );
        }
      },
    ],
    [
      'sets named for days to come',
      () => {
        for (let number = 59; number <= 66; number += 1) {
          deployed.put(
            'dead/',
            aFull({ begun: `${day(number)}T03:00:00Z`, done: `${day(58)}T10:00:00Z` }),
          );
        }
      },
    ],
    [
      'small ones, night for night',
      () => {
        for (let number = 55; number <= 60; number += 1) {
          deployed.put('dead/', full(number, { volumes: 1 }));
        }
      },
    ],
    [
      'ones that lack a volume, a manifest or the signatures',
      () => {
        for (const [index, lost] of ['vol2', '.manifest', 'signatures'].entries()) {
          for (const number of [54, 57]) {
            deployed.put(
              'dead/',
              full(number + index).filter(({ name }) => !name.includes(lost)),
            );
          }
        }
      },
    ],
    [
      'unencrypted ones',
      () => {
        for (const number of [57, 58, 59]) {
          const begun = `${day(number)}T03:00:00Z`;
          deployed.put('dead/', aFull({ begun, encrypted: false }));
        }
      },
    ],
  ])('cannot have the last good one hidden by %s', async (_, forge) => {
    await dead();
    forge();
    await wait(68, 72);
    expect(there('dead').whole).toContain(day(12));
  });
});
