// A failing plan made small, and told so that a person can follow it.

import { live } from './live.ts';
import type { Law, Violation } from './observer.ts';
import { GROWN_UP } from './plan.ts';
import type { Sabotage } from './product.ts';
import { DAY, type Habit, type Incident, type Plan } from './world.ts';

/** A small plan that still breaks the law, and how. */
export type Small = {
  readonly plan: Plan;
  readonly violation: Violation;
  readonly story: readonly { readonly at: number; readonly says: string }[];
};

/** Leaves out what is not needed to break the same law: days, hosts, incidents. */
export async function shrink(
  plan: Plan,
  violation: Violation,
  sabotage?: Sabotage,
): Promise<Small> {
  let small: Small = { plan, violation, story: [] };
  const tryPlan = async (next: Plan): Promise<boolean> => {
    const { violation: found, story } = await live(next, sabotage);
    if (found?.law !== violation.law) return false;
    const days = Math.ceil((found.at - next.startsAt) / DAY) + 1;
    small = { plan: { ...next, days: Math.min(next.days, days) }, violation: found, story };
    return true;
  };
  await tryPlan(plan);
  const without = <One>(some: readonly One[], one: One) => some.filter((other) => other !== one);
  for (const host of plan.hosts) {
    if (small.plan.hosts.length === 1) break;
    const incidents = small.plan.incidents.filter((one) => one.host !== host.name);
    await tryPlan({ ...small.plan, hosts: without(small.plan.hosts, host), incidents });
  }
  for (const incident of plan.incidents) {
    if (!small.plan.incidents.includes(incident)) continue;
    await tryPlan({ ...small.plan, incidents: without(small.plan.incidents, incident) });
  }
  const { admins: _, ...others } = small.plan;
  await tryPlan(others);
  const idle = (small.plan.incidents[0]?.day ?? GROWN_UP) - GROWN_UP;
  if (idle > 0) await tryPlan(sooner(small.plan, idle));
  return small;
}

/** The same a few days later, and so with fewer days before the first incident. */
function sooner(plan: Plan, days: number): Plan {
  return {
    ...plan,
    startsAt: plan.startsAt + days * DAY,
    days: plan.days - days,
    incidents: plan.incidents.map((one) => ({ ...one, day: one.day - days })),
  };
}

/** By it two small plans show the same fault: the law, and what had to happen. */
export function signatureOf(plan: Plan, law: Law): string {
  const kinds = [...new Set(plan.incidents.map(({ kind }) => kind))].sort();
  return `law ${law}: ${kinds.join(' + ')}`;
}

const LINES = 40;

/** Who lives, what happens, and the last days before the law is broken. */
export function formatStory({ plan, violation, story }: Small): string {
  const from = violation.at - 3 * DAY;
  const lines = story
    .filter(({ at, says }) => at >= from || !/: its full.* is done/.test(says))
    .slice(-LINES)
    .map(({ at, says }) => `  ${dayOf(plan, at)} ${iso(at)}  ${says}`);
  return [
    `LAW ${violation.law} is broken on ${dayOf(plan, violation.at)}, ${iso(violation.at)}: ${violation.says}`,
    `keepDays ${plan.keepDays}${plan.keepLastGood ? ', keepLastGood' : ''}; the plan of ${replay(plan)}, made small:`,
    ...plan.hosts.map(describeHabit),
    ...plan.incidents.map(describeIncident),
    'and so:',
    ...lines,
  ].join('\n');
}

/** What to say to `npm run fuzz`. */
export function replay({ seed, asked }: Plan): string {
  return asked === undefined ? `SEED=${seed}` : `SEED=${seed} KINDS="${asked.join('+')}"`;
}

function describeHabit({ name, times, beginsAfter, lasts, volumes, rhythm }: Habit): string {
  const { zone, opens, due, hardDue } = times;
  const how = rhythm === undefined ? '' : `${JSON.stringify(rhythm)}; `;
  return `  ${name}: ${how}${opens}-${due} (grace to ${hardDue}) ${zone}; begins ${beginsAfter} minutes after the opening, lasts ${lasts}, ${volumes} volumes`;
}

function describeIncident({ kind, day, host }: Incident): string {
  return `  day ${day}: ${kind} (${host})`;
}

function dayOf({ startsAt }: Plan, at: number): string {
  return `day ${Math.floor((at - startsAt) / DAY)}`;
}

function iso(at: number): string {
  return new Date(at).toISOString().slice(0, 16);
}
