// The short run: some fleets that nothing is known against, faults that were found once, and the simulator itself.
import { describe, expect, it } from 'vitest';
import { someOf } from '../support/cases.ts';
import { kept } from './kept.ts';
import { live } from './live.ts';
import type { Law } from './observer.ts';
import { planOf } from './plan.ts';
import type { Sabotage } from './product.ts';
import { formatStory } from './story.ts';
import type { Habit, Plan } from './world.ts';

/** Of the first plans those that are short; `npm run fuzz` lives others, and longer ones. */
const SEEDS = [26, 121, 138, 144, 159];

/** Fails with the story of what happened. */
async function expectNoViolation(plan: Plan): Promise<void> {
  const { violation, story } = await live(plan);
  if (violation !== undefined) throw new Error(formatStory({ plan, violation, story }));
}

describe('a fleet of all habits', () => {
  it.each(someOf(SEEDS))('breaks no law: SEED=%i', async (seed) => {
    await expectNoViolation(planOf(seed));
  });
});

describe('a fault that was found once', () => {
  for (const { isKnown, law, says, plan } of someOf(kept)) {
    it(`${isKnown ? 'still breaks' : 'no longer breaks'} law ${law}: ${says}`, async () => {
      if (!isKnown) return expectNoViolation(plan);
      const { violation } = await live(plan);
      expect(violation?.law, 'if it is repaired, say `"isKnown": false` in seeds.json').toBe(law);
    });
  }
});

const aHabit: Habit = {
  ...{ name: 'ada', times: { zone: 'UTC', opens: '00:00', due: '08:15', hardDue: '12:15' } },
  ...{ beginsAfter: 60, lasts: 30, volumes: 3, volumeBytes: 4000 },
};

/** One host of the plainest habit, to which one thing happens. */
function aPlan(kind?: string, keepLastGood = false): Plan {
  return {
    ...{ seed: 0, startsAt: Date.UTC(2026, 10, 1), days: 16, keepDays: 6, keepLastGood },
    ...{ hosts: [aHabit], incidents: [] },
    ...(kind === undefined ? {} : { incidents: [{ kind, day: 10, host: 'ada', dice: 1 }] }),
  };
}

/** The monitor is `rollcall run`, which is killed at the n-th call to its disk, again and again. */
const ofKills: Plan = {
  ...aPlan('no backup'),
  folder: true,
  incidents: [
    { kind: 'a week of kills', day: 8, host: 'ada', dice: 1 },
    { kind: 'no backup', day: 10, host: 'ada', dice: 1 },
    { kind: 'overwrites an old full', day: 12, host: 'ada', dice: 1 },
  ],
};

describe('a monitor that remembers in a folder', () => {
  it('outlives a week of kills', async () => {
    await expectNoViolation(ofKills);
  });
});

describe('the simulator sees a product fail that', () => {
  const lawBrokenBy = async (plan: Plan, sabotage: Sabotage): Promise<Law | undefined> =>
    (await live(plan, sabotage)).violation?.law;

  it('calls a host well that has no backup', async () => {
    expect(await lawBrokenBy(aPlan('no backup'), 'says ok')).toBe(1);
  });

  it('drops one message', async () => {
    expect(await lawBrokenBy(aPlan('no backup'), 'drops a message')).toBe(2);
  });

  it('does not say that a backup was overwritten', async () => {
    const plan = aPlan('overwrites the newest full');
    expect(await lawBrokenBy(plan, 'hides tampering')).toBe(2);
  });

  it('says something twice', async () => {
    expect(await lawBrokenBy(aPlan('no backup'), 'says it twice')).toBe(3);
  });

  it('raises an alarm for a healthy host', async () => {
    expect(await lawBrokenBy(aPlan(), 'cries wolf')).toBe(4);
  });

  it('lets lifecycle have the last good backup', async () => {
    expect(await lawBrokenBy(aPlan(undefined, true), 'tags all')).toBe(5);
  });

  it('never lets go of what is replaced', async () => {
    const long: Plan = { ...aPlan(undefined, true), days: 24 };
    expect(await lawBrokenBy(long, 'tags nothing')).toBe(5);
    await expectNoViolation(long);
  });

  const withAdmins: Plan = {
    ...aPlan('no backup'),
    hosts: ['ada', 'bob'].map((name) => ({ ...aHabit, name })),
    admins: { admin: ['ada'], hook: ['bob'] },
  };

  it('notifies admins of another host, or not of their own', async () => {
    expect(await lawBrokenBy(withAdmins, 'tells admins all')).toBe(6);
    expect(await lawBrokenBy(withAdmins, 'forgets admins')).toBe(2);
    await expectNoViolation(withAdmins);
  });

  it('leaves half a page in its folder when it is killed', async () => {
    expect(await lawBrokenBy(ofKills, 'writes in place')).toBe(3);
  });

  it('and is quiet about one that does none of this', async () => {
    for (const kind of ['no backup', 'overwrites the newest full', undefined]) {
      expect((await live(aPlan(kind))).violation).toBeUndefined();
    }
    expect((await live(aPlan(undefined, true))).violation).toBeUndefined();
  });
});
