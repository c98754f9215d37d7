// The janitor of a host whose nights go to a foreign key after ten good ones: what nobody of ours can open replaces nothing.
import { afterEach, describe, expect, it } from 'vitest';
import { configOf, datesFrom, FOREIGN, fullOf, startWorld, type World } from './world.ts';

const good = datesFrom('2026-11-01', 10);
const begun = (date: string) => `${date}T03:00:00Z`;

let world: World;
afterEach(() => world.close());

async function live(nights: number): Promise<void> {
  const more = 'keepDays: 6\nkeepLastGood: true';
  world = await startWorld(configOf('{ web: {} }', { more }));
  for (const date of datesFrom('2026-11-01', good.length + nights)) {
    const key = good.includes(date) ? {} : { key: FOREIGN };
    world.write('web', fullOf(begun(date), key));
    await world.morning(date);
    await world.tidy(date);
  }
}

describe('the janitor', () => {
  it('keeps its last two good ones for good where the config says so', async () => {
    await live(28);
    for (const date of ['2026-11-09', '2026-11-10'])
      expect(world.isKept('web', fullOf(begun(date))), date).toBe(true);
  });
});
