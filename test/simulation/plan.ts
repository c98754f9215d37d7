// A seed's plan: which hosts live, for how long, and what happens to them on which day.

import { ATTACKS } from './attacks.ts';
import { type Draw, drawFor } from './draw.ts';
import { HOST_FAULTS } from './host-faults.ts';
import { DAY, type Habit, type Incident, leastKeepDays, type Plan, type Rhythm } from './world.ts';
import { WEEK_OF_KILLS, WORLD_FAULTS } from './world-faults.ts';

export const KINDS = [HOST_FAULTS, ATTACKS, WORLD_FAULTS].flatMap(Object.keys);

const ZONES = [
  'UTC',
  'Europe/Amsterdam',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Auckland',
];
const TIMES = [
  { opens: '00:00', due: '08:15', hardDue: '12:15' },
  { opens: '00:00', due: '06:00', hardDue: '10:30' },
  { opens: '20:00', due: '07:30', hardDue: '11:30' },
  { opens: '11:00', due: '17:00', hardDue: '20:00' },
];
const RHYTHMS: readonly Rhythm[] = [
  { kind: 'weekdays' },
  { kind: 'chain', fullEvery: 7 },
  { kind: 'long', hours: 50 },
  { kind: 'prunes', keep: 3 },
];
const WEEKDAYS = [1, 2, 3, 4, 5];
const LONG_GRACE = 72;
const NAMES = ['ada', 'bob', 'cyd', 'dee'];

/** No incident in the first days: until then the hosts grow up. */
export const GROWN_UP = 8;

/**
 * Few kinds of incidents in one plan: what is wrong shows best where little else happens. `days` is from 25 to 60, in
 * one plan of 20 it is 400. `asked`: only these kinds.
 */
export function planOf(seed: number, asked?: readonly string[]): Plan {
  const draw = drawFor('plan', seed);
  const days = draw.percent(5) ? 400 : draw.between(25, 60);
  const hosts = NAMES.slice(0, draw.between(1, 3))
    .map((name) => drawHabit(name, draw))
    .map((habit) => withRhythm(habit, drawFor('rhythm', seed, habit.name)));
  const drawn = drawTheme(seed, draw.between(1, 4));
  const theme = asked ?? drawn;
  const many = Math.min(12, draw.between(1, 1 + Math.ceil(days / 8)));
  const incidents = Array.from({ length: many }, (): Incident => {
    const kind = draw.pick(theme);
    const day = draw.between(GROWN_UP, days - 4);
    return { kind, day, host: draw.pick(hosts).name, dice: draw.below(1_000_000) };
  });
  const place = drawFor('place', seed);
  const hasFolder = place.percent(25);
  if (hasFolder && asked === undefined) {
    const day = place.between(GROWN_UP, days - 12);
    incidents.push({ kind: WEEK_OF_KILLS, day, host: draw.pick(hosts).name, dice: 0 });
  }
  return {
    seed,
    ...(asked && { asked }),
    startsAt: Date.UTC(2026, 0, 1) + draw.below(365) * DAY,
    days,
    keepDays: Math.max(draw.pick([6, 6, 6, 8, 14]), ...hosts.map(leastKeepDays)),
    keepLastGood: draw.percent(20),
    ...drawAdmins(seed, hosts),
    ...(hasFolder && { folder: true as const }),
    hosts,
    incidents: incidents.sort((a, b) => a.day - b.day),
  };
}

/** In half of the plans some hosts have admins of their own. */
function drawAdmins(seed: number, hosts: readonly Habit[]): Pick<Plan, 'admins'> {
  const draw = drawFor('admins', seed);
  if (draw.percent(50)) return {};
  const some = () => hosts.map(({ name }) => name).filter(() => draw.percent(50));
  return { admins: { admin: some(), hook: some() } };
}

/** By a number of each kind's own, so that a new kind changes few plans. */
function drawTheme(seed: number, kinds: number): string[] {
  const numbers = new Map(KINDS.map((kind) => [kind, drawFor(kind, seed).below(1_000_000)]));
  return KINDS.toSorted((a, b) => (numbers.get(a) ?? 0) - (numbers.get(b) ?? 0)).slice(0, kinds);
}

/** Half of the hosts write a full each day. */
function withRhythm(habit: Habit, draw: Draw): Habit {
  if (draw.percent(50)) return habit;
  const rhythm = draw.pick(RHYTHMS);
  const { times } = habit;
  switch (rhythm.kind) {
    case 'weekdays':
      return { ...habit, rhythm, times: { ...times, days: WEEKDAYS } };
    case 'long':
      // A volume each two hours.
      return {
        ...{ ...habit, rhythm, times: { ...times, grace: LONG_GRACE } },
        ...{ lasts: rhythm.hours * 60, volumes: rhythm.hours / 2 },
      };
    default:
      return { ...habit, rhythm };
  }
}

function drawHabit(name: string, draw: Draw): Habit {
  return {
    name,
    times: { zone: draw.pick(ZONES), ...draw.pick(TIMES) },
    beginsAfter: draw.between(5, 120),
    lasts: draw.between(10, 120),
    volumes: draw.between(1, 5),
    volumeBytes: draw.between(2000, 7000),
  };
}
