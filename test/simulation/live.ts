// A plan lived through: hosts write, lifecycle takes, runs are made, and the observer watches, in the order of time.

import { ATTACKS, attack } from './attacks.ts';
import { type Change, makeBucket } from './bucket.ts';
import { addDays, dateOf, windowOn } from './calendar.ts';
import { drawFor } from './draw.ts';
import { HOST_FAULTS, type HostFault } from './host-faults.ts';
import { rhythmicNight, writeNight } from './nights.ts';
import { startObserver, type Violation } from './observer.ts';
import { type Product, type Sabotage, startProduct } from './product.ts';
import {
  DAY,
  HOUR,
  hearsEvents,
  type Member,
  MINUTE,
  type Plan,
  type Seat,
  type Trouble,
  type World,
} from './world.ts';
import { strike } from './world-faults.ts';

export type Life = {
  readonly violation: Violation | undefined;
  readonly story: readonly { readonly at: number; readonly says: string }[];
};

const QUARTER = 15 * MINUTE;
/** Besides the due times; the real schedule runs each quarter of an hour, and finds nothing to do at most. */
const TICKS_APART = 4 * HOUR;
const EVENTS_AFTER = 10 * MINUTE;
/** About so many has a run that judges a host. */
const CALLS = 24;
const CALLS_OF_A_FOLDER = 200;

/** Lives until the plan's last day, or until a law is broken. */
export async function live(plan: Plan, sabotage?: Sabotage): Promise<Life> {
  const queue = makeQueue();
  const troubles = new Map<Trouble, number>();
  const world: World = {
    ...{ plan, bucket: makeBucket(), sets: [], story: [] },
    members: plan.hosts.map((habit) => memberOf(habit, plan)),
    seats: seatsOf(plan),
    ...{ now: plan.startsAt, keepDays: plan.keepDays },
    at: (when, act) => queue.add(Math.max(when, world.now), act),
    tell: (says) => void world.story.push({ at: world.now, says }),
    begin: (trouble, until) => {
      world.tell(`${trouble}, for ${Math.round((until - world.now) / HOUR)} hours`);
      troubles.set(trouble, Math.max(until, troubles.get(trouble) ?? 0));
    },
    has: (trouble) => (troubles.get(trouble) ?? 0) > world.now,
    spoil: (how) => product.spoil(how),
    excuse: (until) => void observer.excuse(until),
    oweTamper: (set) => observer.oweTamper(set),
    oweFull: (member) => observer.oweFull(member),
  };
  const observer = startObserver(world);
  const product = startProduct(world, observer.noteNotified, sabotage);
  for (let day = 0; day < plan.days; day += 1) {
    const midnight = plan.startsAt + day * DAY;
    world.at(midnight, () => dawn(world, day));
    for (const tickAt of [0, 1, 2, 3, 4, 5]) {
      world.at(midnight + tickAt * TICKS_APART, () => tick(world, product, observer));
    }
    world.at(midnight + 5 * HOUR, async () => {
      product.remember();
      if (!plan.keepLastGood) return;
      await product.tidy(world.now);
      observer.afterTidying();
    });
    // The due times of the day; they may move while it lasts.
    world.at(midnight + 1, () => {
      for (const at of dueTimesOf(world, midnight))
        world.at(at, () => tick(world, product, observer));
    });
  }
  for (const incident of plan.incidents) happen(world, incident);

  let isFlushing = false;
  try {
    for (let next = queue.take(); next !== undefined; next = queue.take()) {
      world.now = next.at;
      await next.act();
      if (!isFlushing && world.bucket.hasChanges()) {
        isFlushing = true;
        const wait = world.has('events late') ? 5 * HOUR : EVENTS_AFTER;
        world.at(world.now + wait, async () => {
          isFlushing = false;
          const changes = world.bucket.takeChanges();
          if (hearsEvents(world)) await deliver(world, product, changes);
        });
      }
      if (observer.violation() !== undefined || world.now >= plan.startsAt + plan.days * DAY) break;
    }
  } finally {
    product.end();
  }
  return { violation: observer.violation(), story: world.story };
}

function seatsOf({ admins }: Plan): Seat[] {
  const isOf = (hosts: readonly string[] = []) => ({
    isOf: ({ id }: Member) => hosts.includes(id),
  });
  return [
    { id: 'mail', address: 'ops@example.net', isOf: () => true },
    { id: 'phone', address: '+31600000000', isOf: () => true },
    { id: 'admin', address: 'admin@example.net', ...isOf(admins?.admin) },
    { id: 'hook', address: 'https://hooks.example.net/admin', ...isOf(admins?.hook) },
  ];
}

function memberOf(habit: Plan['hosts'][number], plan: Plan): Member {
  return {
    ...{ id: habit.name, habit, prefix: `${habit.name}/`, names: [habit.name], times: habit.times },
    ...{ inConfig: true, changedAt: plan.startsAt - DAY, harms: [], silentUntil: 0, sessions: [] },
    since: dateOf(plan.startsAt + 2 * DAY),
  };
}

/** What begins with a day: lifecycle takes what is old, and the hosts' next nights are planned. */
function dawn(world: World, day: number): void {
  const { plan, bucket, members, now } = world;
  const age = () =>
    bucket.age({ keepDays: world.keepDays, onlyTagged: plan.keepLastGood }, world.now);
  world.at(world.has('lifecycle late') ? now + 3 * HOUR + 7 * MINUTE : now, age);
  for (const member of members) {
    // A day ahead, as dates begin earlier in the east.
    const date = addDays(dateOf(now), 1);
    const { opensAt } = windowOn(date, member.times);
    world.at(opensAt, () => writeNightOf(world, member, date, day + 1));
  }
}

function writeNightOf(world: World, member: Member, date: string, day: number): void {
  if (world.now < member.silentUntil) return;
  const { plan } = world;
  const draw = drawFor('night', plan.seed, member.id, day);
  const evening = { ...member, window: windowOn(date, member.times), draw };
  const ordinary = rhythmicNight(evening, member);
  if (ordinary === undefined) return;
  // One fault a night, so that it is plain what comes of it.
  const [found] = plan.incidents.filter(
    ({ kind, host, day: from, dice }) =>
      host === member.id && day >= from && day < from + nightsOf(HOST_FAULTS[kind], dice),
  );
  const fault = HOST_FAULTS[found?.kind ?? ''];
  if (fault !== undefined) world.tell(`${member.id}: ${fault.says}`);
  const { isHarmless } = fault ?? { isHarmless: true };
  const hasChains = member.habit.rhythm?.kind === 'chain';
  if (!(isHarmless === 'without chains' ? !hasChains : isHarmless)) member.harms.push(world.now);
  const nights = fault?.change(ordinary, evening, day - (found?.day ?? day)) ?? [ordinary];
  for (const night of nights) writeNight(world, member, night);
}

function nightsOf(fault: HostFault | undefined, dice: number): number {
  if (fault === undefined) return 0;
  return fault.always ? fault.nights : 1 + (dice % fault.nights);
}

/** Attacks and what happens around the hosts; what changes their nights is looked for when these are written. */
function happen(world: World, { kind, day, host, dice }: Plan['incidents'][number]): void {
  if (HOST_FAULTS[kind] !== undefined) return;
  const member = world.members.find(({ id }) => id === host);
  const draw = drawFor('incident', dice);
  const at = world.plan.startsAt + day * DAY + draw.below(24 * 60) * MINUTE;
  if (member === undefined) return;
  world.at(at, () => (kind in ATTACKS ? attack : strike)(world, member, kind, draw));
}

/** Due times and the ends of graces, each at the next tick of the schedule. */
function dueTimesOf({ members }: World, midnight: number): number[] {
  const times = members.flatMap((member) =>
    [-1, 0, 1].flatMap((days) => {
      const { dueAt, hardDueAt } = windowOn(addDays(dateOf(midnight), days), member.times);
      return [dueAt, hardDueAt].map((at) => Math.ceil(at / QUARTER) * QUARTER);
    }),
  );
  return [...new Set(times)].filter(
    (at) => at > midnight && at < midnight + DAY && (at - midnight) % TICKS_APART > 0,
  );
}

type Observer = ReturnType<typeof startObserver>;

/** One tick of the schedule, as the troubles of the world let it be. */
async function tick(
  world: World,
  product: Product,
  observer: Observer,
  isCalm = false,
): Promise<void> {
  if (world.has('schedule down')) return observer.skip();
  const { now } = world;
  const run = (until: number, killAt?: number) => product.tick(until, world.now, killAt);
  if (world.has('runs killed') && !isCalm) {
    const draw = drawFor('kill', now);
    for (let left = draw.between(1, 3); left > 0; left -= 1) {
      const isDone = await run(now, draw.between(1, world.plan.folder ? CALLS_OF_A_FOLDER : CALLS));
      if (!isDone) observer.noteDeath();
      world.now += MINUTE;
    }
    world.at(now + 2 * QUARTER, () => tick(world, product, observer, true));
  }
  const isGood = world.has('ticks overlapping')
    ? (await Promise.all([run(now - QUARTER), run(now)])).every(Boolean)
    : await run(now);
  if (world.has('ticks doubled')) await run(now);
  // Lambda runs again what failed.
  if (!isGood) {
    world.now += MINUTE;
    await run(now);
  }
  observer.readReport(product.report());
  observer.afterRun();
}

/** What fails is delivered again. */
async function deliver(
  world: World,
  product: Product,
  changes: readonly Change[],
  tries = 3,
): Promise<void> {
  if (changes.length === 0) return;
  const isGood = await product.onObjects(changes, world.now);
  if (world.has('events doubled')) await product.onObjects(changes, world.now);
  if (!isGood && tries > 1) {
    world.at(world.now + 6 * MINUTE, () => deliver(world, product, changes, tries - 1));
  }
}

/** Acts in the order of their times; of one time in the order in which they came. */
function makeQueue() {
  const waiting: { at: number; act: () => void | Promise<void> }[] = [];
  return {
    add(at: number, act: () => void | Promise<void>): void {
      let [low, high] = [0, waiting.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        // The next one stands last.
        if ((waiting[middle]?.at ?? 0) > at) low = middle + 1;
        else high = middle;
      }
      waiting.splice(low, 0, { at, act });
    },
    take: () => waiting.pop(),
  };
}
