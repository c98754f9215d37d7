// What goes wrong around the hosts: the schedule, the events, the channels, the memory, the bucket, and the config.

import { addDays, dateOf } from './calendar.ts';
import type { Draw } from './draw.ts';
import {
  DAY,
  HOUR,
  leastKeepDays,
  type Member,
  nameOf,
  type Spoiling,
  type Trouble,
  type World,
} from './world.ts';

/** What each monitor with a folder must outlive. */
export const WEEK_OF_KILLS = 'a week of kills';

/** Begins at `world.now`. */
type Fault = (world: World, member: Member, draw: Draw) => void;

const lasting =
  (trouble: Trouble, least: number, most: number): Fault =>
  (world, _, draw) =>
    world.begin(trouble, world.now + draw.between(least, most) * HOUR);

/** A run that forgets may say something twice. */
const forgetting: Fault = (world, _, draw) => {
  const until = world.now + draw.between(3, 40) * HOUR;
  world.begin('memory locked', until);
  world.excuse(until + DAY);
};

const spoiling =
  (how: Spoiling): Fault =>
  (world) => {
    world.tell(`the monitor's memory is ${how}`);
    world.excuse(world.now + 8 * DAY);
    world.spoil(how);
  };

const allRefuse: Fault = (world, member, draw) => {
  lasting('mail refuses', 3, 20)(world, member, draw);
  lasting('phone refuses', 3, 20)(world, member, draw);
};

/** The old one refuses; some hours later the config names another. */
const mailboxExchanged: Fault = (world, _, draw) => {
  const hours = draw.between(2, 20);
  world.begin('mail refuses', world.now + hours * HOUR);
  world.at(world.now + hours * HOUR, () => {
    const seat = world.seats.find(({ id }) => id === 'mail');
    if (seat === undefined) return;
    seat.address = `box${world.now / HOUR}@example.net`;
    world.tell(`the config has another mailbox: ${seat.address}`);
  });
};

const keepDays =
  (pick: (draw: Draw) => number): Fault =>
  (world, _, draw) => {
    world.keepDays = Math.max(pick(draw), ...world.plan.hosts.map(leastKeepDays));
    world.tell(`keepDays is ${world.keepDays} from now on, in the config and in the bucket`);
  };

const renamed: Fault = (world, member) => {
  member.names.push(`${member.id}${member.names.length + 1}`);
  world.tell(`${member.id} is called ${nameOf(member)} from now on; its target stays`);
};

const leaves: Fault = (world, member, draw) => {
  if (world.members.filter(({ inConfig }) => inConfig).length < 2) return;
  member.inConfig = false;
  member.changedAt = world.now;
  world.tell(`${member.id} leaves the config`);
  world.at(world.now + draw.between(3, 8) * DAY, () => {
    member.inConfig = true;
    member.changedAt = world.now;
    world.tell(`${member.id} comes back into the config`);
  });
};

const NEW = 'eve';

/** It lives as another does, and owes a backup from the day after tomorrow on. */
const joins: Fault = (world, member) => {
  if (world.members.some(({ id }) => id === NEW)) return;
  world.members.push({
    ...member,
    ...{ id: NEW, names: [NEW], prefix: `${NEW}/`, times: member.habit.times },
    ...{ since: addDays(dateOf(world.now), 2), changedAt: world.now, harms: [], sessions: [] },
  });
  world.tell(`${NEW} joins the config`);
};

/** The host's cron moves with it. */
const windowMoved: Fault = (world, member, draw) => {
  const { times } = member;
  const by = draw.pick([1, 2, 3]);
  const later = (time: string) =>
    `${String(Number(time.slice(0, 2)) + by).padStart(2, '0')}${time.slice(2)}`;
  if (Number(times.hardDue.slice(0, 2)) + by > 23 || Number(times.opens.slice(0, 2)) + by > 23)
    return;
  const moved = { opens: later(times.opens), due: later(times.due), hardDue: later(times.hardDue) };
  member.times = { ...times, ...moved };
  member.changedAt = world.now;
  world.tell(`${member.id}: its window moves to ${moved.opens}-${moved.due}`);
};

export const WORLD_FAULTS: Readonly<Record<string, Fault>> = {
  'schedule down': lasting('schedule down', 3, 9 * 24),
  'ticks missing': lasting('schedule down', 1, 6),
  'ticks doubled': lasting('ticks doubled', 24, 72),
  'ticks overlapping': lasting('ticks overlapping', 24, 72),
  'runs killed': lasting('runs killed', 6, 60),
  [WEEK_OF_KILLS]: lasting('runs killed', 7 * 24, 7 * 24),
  'events lost': lasting('events lost', 6, 72),
  'events late': lasting('events late', 6, 72),
  'events doubled': lasting('events doubled', 24, 96),
  'mail refuses': lasting('mail refuses', 2, 20),
  'mail refuses for days': lasting('mail refuses', 26, 70),
  'phone refuses': lasting('phone refuses', 2, 20),
  'phone refuses for days': lasting('phone refuses', 26, 70),
  'admins refuse': (world, member, draw) => {
    lasting('admin refuses', 2, 60)(world, member, draw);
    lasting('hook refuses', 2, 60)(world, member, draw);
  },
  'all refuse': allRefuse,
  'mailbox exchanged': mailboxExchanged,
  'memory locked': forgetting,
  'memory lost': spoiling('lost'),
  'memory garbled': spoiling('garbled'),
  'memory rolled back': spoiling('rolled back'),
  'memory ahead': spoiling('ahead'),
  'lifecycle late': lasting('lifecycle late', 24, 240),
  'bucket locked': lasting('bucket locked', 1, 20),
  'keepDays raised': keepDays((draw) => draw.pick([10, 14, 30])),
  'keepDays lowered': keepDays((draw) => draw.pick([4, 5])),
  'host renamed': renamed,
  'host joins': joins,
  'host leaves': leaves,
  'window moved': windowMoved,
};

export function strike(world: World, member: Member, kind: string, draw: Draw): void {
  WORLD_FAULTS[kind]?.(world, member, draw);
}
