// A bucket with versions and lifecycle, in memory: what S3 would hold, and nothing of the product's.

import type { Body } from './body.ts';

/** One version of a key; an upload has a body, a delete marker has none. */
export type Version = {
  readonly id: string;
  readonly at: number;
  readonly body: Body | undefined;
};

/** Something that was written or removed by somebody, as S3 tells of it. */
export type Change = {
  readonly what: 'created' | 'marked' | 'unmarked';
  readonly key: string;
  readonly at: number;
};

/** When the bucket hides what was written, and when it removes what is hidden. */
export type Lifecycle = { readonly keepDays: number; readonly onlyTagged: boolean };

export const NONCURRENT_DAYS = 8;
const DAY = 86_400_000;

export type Bucket = ReturnType<typeof makeBucket>;

export function makeBucket() {
  /** Newest version first. */
  const keys = new Map<string, Version[]>();
  const tagged = new Set<string>();
  const changes: Change[] = [];
  let made = 0;
  const add = (key: string, at: number, body: Body | undefined) => {
    made += 1;
    const version = { id: `v${made}`, at, body };
    const known = keys.get(key);
    if (known === undefined) keys.set(key, [version]);
    else known.unshift(version);
  };
  return {
    keys,
    tagged,
    put(key: string, body: Body, at: number): void {
      add(key, at, body);
      changes.push({ what: 'created', key, at });
    },
    /** Somebody removes it: a delete marker. */
    mark(key: string, at: number): void {
      add(key, at, undefined);
      changes.push({ what: 'marked', key, at });
    },
    /** Somebody takes the delete marker away again. */
    unmark(key: string, at: number): void {
      const [newest, ...older] = keys.get(key) ?? [];
      if (newest === undefined || newest.body !== undefined) return;
      keys.set(key, older);
      changes.push({ what: 'unmarked', key, at });
    },
    /** What a GET would answer. */
    current: (key: string): Version | undefined => {
      const newest = keys.get(key)?.[0];
      return newest?.body === undefined ? undefined : newest;
    },
    hasChanges: () => changes.length > 0,
    /** What happened since this was asked last. */
    takeChanges: (): Change[] => changes.splice(0),
    /** What lifecycle does once a day: it tells nobody. */
    age({ keepDays, onlyTagged }: Lifecycle, now: number): void {
      for (const [key, versions] of keys) {
        const [newest] = versions;
        const mayGo = !onlyTagged || tagged.has(key);
        if (newest?.body !== undefined && mayGo && endOf(newest.at, keepDays) <= now) {
          add(key, now, undefined);
        }
        const kept = versions.filter((_, nth) => {
          const hiddenAt = versions[nth - 1]?.at;
          return hiddenAt === undefined || endOf(hiddenAt, NONCURRENT_DAYS) > now;
        });
        const isEmpty = kept.length === 1 && kept[0]?.body === undefined;
        if (isEmpty) keys.delete(key);
        else if (kept.length < versions.length) keys.set(key, kept);
      }
    },
  };
}

/** So many days later, rounded up to the next midnight UTC. */
function endOf(at: number, days: number): number {
  return Math.floor((at + days * DAY) / DAY) * DAY + DAY;
}
