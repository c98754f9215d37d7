// The janitor's round: what two newer good fulls have replaced is tagged, so that lifecycle may hide it.
import pMap from 'p-map';
import type { Config, Host } from '../config/config.ts';
import { collectSets, membersOf } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import { asOf } from '../duplicity/versions.ts';
import type { HostMemory } from '../rules/record.ts';
import { findSuperseded, type Superseded } from '../rules/retention.ts';
import { gatherAnswers } from './list-sets.ts';
import { type ListObjects, TargetUnreadableError } from './object-store.ts';

/**
 * What a round reaches for. `tag` puts `EXPIRE_TAG` on the object that a GET would answer; it throws when that is
 * refused.
 */
export type JanitorDependencies = {
  readonly list: ListObjects;
  /** What is remembered of a host: who can open its fulls. The janitor itself may read no backup. */
  readonly recall?: HostMemory['recall'];
  readonly tag: (bucket: string, key: string) => Promise<void>;
};

/** What is to be tagged of one host, set by set, oldest first; the keys of a set begin with its manifest's. */
export type TagPlan = Superseded & {
  readonly host: Host;
  readonly keys: readonly (readonly string[])[];
};

/** Counts: hosts looked at, hosts held as they are, sets and objects tagged, and hosts left for the next round. */
export type Round = {
  readonly hosts: number;
  readonly held: number;
  readonly sets: number;
  readonly tagged: number;
  readonly left: number;
};

const HOSTS_AT_ONCE = 8;
const TAGS_AT_ONCE = 8;
// 64 under way at 40 ms each are 1,600 a second: about four minutes of a function's fifteen, and 2 USD.
const TAGS_A_ROUND = 400_000;
const REASONS_SHOWN = 3;

/**
 * Tags what is superseded, of every host that the config keeps the last good backup of. If it is killed, the next round
 * finishes the set that it began. What one host refuses stops that host alone, and is thrown after the last, as one
 * `AggregateError`. After `tags` objects the rest is left to the next round.
 */
export async function tagSuperseded(
  dependencies: JanitorDependencies,
  config: Config,
  now: Instant,
  tags = TAGS_A_ROUND,
): Promise<Round> {
  const hosts = config.hosts.filter(({ keepLastGood }) => keepLastGood);
  const round = { hosts: hosts.length, held: 0, sets: 0, tagged: 0, left: 0 };
  const errors: Error[] = [];
  const tagHost = async (host: Host) => {
    const plan = await planTags(dependencies, host, now);
    if (plan.held === 'tampered' || plan.held === 'poisoned') round.held += 1;
    else if (plan.held !== undefined) throw inconclusiveError(host, plan.held);
    for (const [manifest, ...others] of plan.keys) {
      if (manifest === undefined) continue;
      if (round.tagged >= tags) {
        round.left += 1;
        return;
      }
      const tag = async (key: string) => {
        await dependencies.tag(host.target.bucket, key);
        round.tagged += 1;
      };
      await tag(manifest);
      await pMap(others, tag, { concurrency: TAGS_AT_ONCE });
      round.sets += 1;
    }
  };
  await pMap(hosts, (host) => tagHost(host).catch((error: Error) => void errors.push(error)), {
    concurrency: HOSTS_AT_ONCE,
  });
  if (errors.length === 0) return round;
  const reasons = errors.slice(0, REASONS_SHOWN).map(({ message }) => message);
  throw new AggregateError(
    errors,
    `${errors.length} of ${hosts.length} hosts were not tidied: ${reasons.join('; ')}`,
  );
}

/** What would be tagged of a host now. Reads its whole target, and changes nothing. Throws `TargetUnreadableError`. */
export async function planTags(
  { list, recall }: Pick<JanitorDependencies, 'list' | 'recall'>,
  host: Host,
  now: Instant,
): Promise<TagPlan> {
  const { target, filePrefix } = host;
  const read = gatherAnswers(host);
  read.add(await list({ ...target, versions: true }));
  const listing = asOf(read.listing(), now);
  const isAsked = recall !== undefined && host.recipients.length > 0;
  // Of a host that no record knows nobody has looked at a full.
  const record = isAsked ? ((await recall(host)) ?? { fulls: [] }) : undefined;
  const superseded = findSuperseded(host, collectSets(listing, filePrefix), now, record);
  const names = listing.objects.map(({ name }) => name);
  const members = membersOf(names, filePrefix);
  const keyOf = (name: string) => `${target.prefix}${name}`;
  return { host, ...superseded, keys: superseded.sets.map((set) => members(set).map(keyOf)) };
}

function inconclusiveError({ target }: Host, why: string): TargetUnreadableError {
  return new TargetUnreadableError(
    `the versions in s3://${target.bucket}/${target.prefix} are not known (${why})`,
    'without them an overwritten backup looks whole: docs/runbook.md#janitor',
  );
}
