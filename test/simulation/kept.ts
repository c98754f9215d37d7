// Plans in which a fault was found once: seeds.json, each made small, with the law that it breaks or broke.
import { readFileSync } from 'node:fs';
import type { Law } from './observer.ts';
import { replay, type Small, signatureOf } from './story.ts';
import type { Plan } from './world.ts';

/** `isKnown`: it still breaks the law today. `row`: where the design lists the fault, if it does. */
export type Kept = {
  /** What brings it back, before it was made small. */
  readonly seed: string;
  readonly law: Law;
  readonly says: string;
  readonly isKnown: boolean;
  readonly row?: string;
  /** The kinds that matter, where others of the plan may stand for one another. */
  readonly core?: readonly string[];
  readonly plan: Plan;
};

export const kept: readonly Kept[] = JSON.parse(
  readFileSync(new URL('seeds.json', import.meta.url), 'utf8'),
);

/** The law and what had to happen: by it another seed shows a fault that is known. */
export function isKnownFault({ plan, violation }: Small): boolean {
  const signature = signatureOf(plan, violation.law);
  return kept
    .filter(({ isKnown, law }) => isKnown && law === violation.law)
    .some(
      (one) =>
        signatureOf(one.plan, one.law) === signature ||
        one.core?.every((core) => plan.incidents.some(({ kind }) => kind === core)),
    );
}

/** What is to be added to seeds.json. */
export function entryOf({ plan, violation }: Small): string {
  const seed = replay(plan);
  return JSON.stringify({ seed, law: violation.law, says: violation.says, isKnown: true, plan });
}
