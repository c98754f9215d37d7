// Backups that take a day and more, and days without one, of hosts that may.
import { afterEach, describe, expect, it } from 'vitest';
import { configOf, dateAfter, datesFrom, fullOf, startWorld, type World } from './world.ts';

const MiB = 1024 * 1024;
const nights = datesFrom('2026-11-16', 5);
const LONG = { volumes: [...Array(40).fill(200 * MiB), 20 * MiB] };

let world: World;
afterEach(() => world.close());

describe('a backup that takes 20 hours', () => {
  it('is late and never missing where the grace is as long', async () => {
    world = await startWorld(
      configOf('{ web: { window: { hardDue: "23:45" } } }', { more: 'keepDays: 30' }),
    );
    world.write('web', fullOf('2026-11-15T03:00:00Z', { ...LONG, done: '2026-11-15T23:00:00Z' }));
    for (const date of nights) {
      const full = fullOf(`${date}T03:00:00Z`, { ...LONG, done: `${date}T23:00:00Z` });
      const until = (iso: string) => full.filter(({ at }) => at <= Date.parse(iso));
      world.write('web', until(`${date}T08:15:00Z`));
      await world.morning(date);
      world.write('web', full);
      await world.ticks(`${date}T23:30:00Z`, `${date}T23:45:00Z`);
    }
    for (const date of nights) expect(world.kinds('web', date), date).toEqual(['late']);
    expect(world.heardOf(/\bweb\b/, /MISSING|INCOMPLETE|FAILED/)).toEqual([]);
  });
});

describe('a backup that takes 26 hours, each second night', () => {
  it('is late until it is done, and no window of it is missed', async () => {
    world = await startWorld(
      configOf('{ web: { window: { due: "08:15", grace: 30h } } }', { more: 'keepDays: 30' }),
    );
    const begun = datesFrom('2026-11-14', 5).filter((_, night) => night % 2 === 0);
    for (const date of begun) {
      const [from, done] = [`${date}T03:00:00Z`, `${dateAfter(date, 1)}T05:00:00Z`];
      const full = fullOf(from, { ...LONG, done });
      const until = (iso: string) => full.filter(({ at }) => at <= Date.parse(iso));
      world.write('web', until(`${date}T08:15:00Z`));
      await world.morning(date);
      world.write('web', full);
      await world.morning(dateAfter(date, 1));
      expect(world.kinds('web', date), date).toEqual(['late']);
      expect(world.kinds('web', dateAfter(date, 1)), date).toEqual([]);
    }
    expect(world.heardOf(/\bweb\b/, /MISSING|INCOMPLETE|FAILED|EXPIRING/)).toEqual([]);
  });
});

describe('a host that rests at weekends', () => {
  it('is missed on the Monday that it did not come, and on no day of rest', async () => {
    world = await startWorld(
      configOf('{ web: { days: [mon, tue, wed, thu, fri] } }', { more: 'keepDays: 30' }),
    );
    // 16 November 2026 is a Monday.
    for (const date of datesFrom('2026-11-16', 8)) {
      const day = new Date(`${date}T00:00Z`).getUTCDay();
      const isOwed = day !== 0 && day !== 6;
      if (isOwed && date !== '2026-11-23') world.write('web', fullOf(`${date}T03:00:00Z`));
      await world.morning(date);
      expect(world.kinds('web', date), date).toEqual(date === '2026-11-23' ? ['missing'] : []);
    }
    expect(world.heardOf(/\bweb\b/, /MISSING/).length).toBeGreaterThan(0);
  });
});
