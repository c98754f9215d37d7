// Into how many shards a roll is cut that one run cannot hold, and which of them a host is in.

/** The shard with this index, from 0, of so many; their number is a power of two. */
export type Shard = { readonly index: number; readonly of: number };

// Four fifths of the 15 minutes that a function may run, at ten times the 9 ms that a host took: docs/past-one-run.md.
const RUN_MS = 720_000;
const SLOW_HOST_MS = 90;

/** How many hosts one run judges by itself. */
export const HOSTS_A_RUN = RUN_MS / SLOW_HOST_MS;

// A worker has a third of that time, and is to be done in it though its shard is a little larger than others.
const SHARDS_A_RUN = 4;

/** One for a roll that a run can hold; else so many that each has at most about a quarter of `hostsARun`. */
export function shardsOf(hosts: number, hostsARun: number): number {
  if (hosts <= hostsARun) return 1;
  return 2 ** Math.ceil(Math.log2((hosts * SHARDS_A_RUN) / hostsARun));
}

/**
 * Which of `of` shards something is in, by its name alone: it stays there when others come and go. In twice as many
 * shards it is in the same one or in the one that is `of` further on. Source: FNV-1a, and the end of MurmurHash3, without
 * which names that differ in a digit lie together.
 */
export function shardIndexOf(name: string, of: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % of;
}

/** True where the one can hold something of the other, out of different cuts too. */
export function doOverlap(one: Shard, other: Shard): boolean {
  const of = Math.min(one.of, other.of);
  return one.index % of === other.index % of;
}
