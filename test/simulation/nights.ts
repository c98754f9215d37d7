// A host's night: the full that it writes by its habit, file by file; faults change it before it is written.
import { type Body, newBody } from './body.ts';
import { isOwedOn, type Window } from './calendar.ts';
import type { Draw } from './draw.ts';
import {
  chainOf,
  DAY,
  type Habit,
  HOUR,
  type KnownSet,
  type Member,
  MINUTE,
  nameOf,
  type Quality,
  qualityOf,
  type World,
} from './world.ts';

/** One upload; `other` has a name of its own, and is no part of a set. */
export type File = {
  readonly role: 'volume' | 'signatures' | 'manifest' | 'other';
  readonly number: number;
  readonly name?: string;
  readonly at: number;
  readonly body: Body;
};

/** One session of duplicity. `namedAt` is the host's clock, all else is S3's. */
export type Night = {
  readonly namedAt: number;
  /** Of an incremental: the set that it builds on. */
  readonly basedOn?: number;
  readonly base?: KnownSet;
  /** Its host takes it for done, whatever became of its files. */
  readonly isBelieved?: true;
  readonly isEncrypted: boolean;
  readonly files: readonly File[];
  readonly quality: Quality;
  readonly why: string;
  /** What builds on it is good all the same. */
  readonly bears?: true;
};

/** What a night is made of. */
export type Evening = {
  readonly habit: Habit;
  readonly window: Window;
  readonly draw: Draw;
  /** What the host takes for done. */
  readonly sessions: readonly KnownSet[];
};

/** What its rhythm makes of a night: nothing, a full, or an increment on what it takes for its newest session. */
export function rhythmicNight(evening: Evening, { habit, sessions }: Member): Night | undefined {
  const { rhythm } = habit;
  const night = ordinaryNight(evening);
  const { date, opensAt } = evening.window;
  if (rhythm?.kind === 'weekdays' && !isOwedOn(date, habit.times)) return undefined;
  if (rhythm?.kind === 'long' && (Date.parse(date) / DAY) % LONG_DAYS !== 0) return undefined;
  const base = sessions.findLast(({ namedAt }) => namedAt < night.namedAt);
  const full = sessions.findLast((set) => set.isFull && set.namedAt < night.namedAt);
  if (rhythm?.kind !== 'chain' || base === undefined || full === undefined) return night;
  // duplicity is called with --full-if-older-than.
  const isDue = opensAt - full.namedAt > rhythm.fullEvery * DAY - DAY / 2;
  return isDue ? night : { ...night, basedOn: base.namedAt, base };
}

const LONG_DAYS = 3;

/** It goes on with increments over a day after the next full was promised. */
function isOverdue(set: KnownSet): boolean {
  const { rhythm } = set.member.habit;
  const full = chainOf(set).at(-1) ?? set;
  const promised = rhythm?.kind === 'chain' ? rhythm.fullEvery : Number.POSITIVE_INFINITY;
  return set.namedAt > full.namedAt + promised * DAY + DAY;
}

/** Its own duplicity removes all but the newest fulls, as far as it sees them. */
function prune(world: World, member: Member): void {
  const { rhythm } = member.habit;
  if (rhythm?.kind !== 'prunes') return;
  world.at(world.now + 3 * MINUTE, () => {
    const there = member.sessions.filter((set) =>
      [...set.etags.keys()].every((key) => world.bucket.current(key) !== undefined),
    );
    for (const set of there.slice(0, -rhythm.keep)) {
      set.isPruned = true;
      for (const key of set.etags.keys()) world.bucket.mark(key, world.now);
      world.tell(`${nameOf(member)} removes its full of ${stampOf(set.namedAt)} itself`);
    }
  });
}

/** Full volumes, the rest in the last one, signatures, and the manifest when all is there. */
export function ordinaryNight({ habit, window, draw }: Evening): Night {
  const begunAt = window.opensAt + (habit.beginsAfter + draw.below(10)) * MINUTE;
  const step = Math.floor((habit.lasts * MINUTE) / (habit.volumes + 1));
  const volumes = Array.from({ length: habit.volumes }, (_, nth): File => {
    const isLast = nth === habit.volumes - 1;
    const share = isLast ? draw.between(10, 40) : draw.between(97, 103);
    const bytes = Math.round((habit.volumeBytes * share) / 100);
    const at = begunAt + (nth + 1) * step;
    return { role: 'volume', number: nth + 1, at, body: newBody(bytes, 'key') };
  });
  // Small, and so quickly there.
  const uploadedAt = begunAt + habit.volumes * step;
  return {
    namedAt: begunAt,
    isEncrypted: true,
    files: [
      ...volumes,
      { role: 'signatures', number: 0, at: uploadedAt + MINUTE, body: newBody(500, 'key') },
      { role: 'manifest', number: 0, at: uploadedAt + 2 * MINUTE, body: newBody(300, 'key') },
    ],
    quality: 'good',
    why: '',
  };
}

/** `20261123T031500Z`. */
export function stampOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

/** The name that duplicity writes for a file. */
export function fileNameOf(
  { namedAt, basedOn, isEncrypted }: Pick<Night, 'namedAt' | 'basedOn' | 'isEncrypted'>,
  { role, number, name = '' }: Pick<File, 'role' | 'number' | 'name'>,
): string {
  const isFull = basedOn === undefined;
  const times = isFull ? stampOf(namedAt) : `${stampOf(basedOn)}.to.${stampOf(namedAt)}`;
  const stem = `duplicity-${isFull ? 'full' : 'inc'}`;
  const signs = `duplicity-${isFull ? 'full' : 'new'}-signatures`;
  const data = isEncrypted ? '.gpg' : '.gz';
  switch (role) {
    case 'other':
      return name;
    case 'volume':
      return `${stem}.${times}.vol${number}.difftar${data}`;
    case 'signatures':
      return `${signs}.${times}.sigtar${data}`;
    default:
      return `${stem}.${times}.manifest${isEncrypted ? '.gpg' : ''}`;
  }
}

function plannedAt({ files }: Night): number {
  return files.find(({ role }) => role === 'manifest')?.at ?? Number.POSITIVE_INFINITY;
}

/** Writes it, file by file, when each is due; what the world knows of it grows with it. */
export function writeNight(world: World, member: Member, night: Night): void {
  const isFull = night.basedOn === undefined;
  const set: KnownSet = {
    ...{ member, isFull, namedAt: night.namedAt, quality: night.quality, why: night.why },
    ...{ base: night.base, bears: night.bears ?? night.quality !== 'bad', isPruned: false },
    ...{
      etags: new Map(),
      finishedAt: undefined,
      plannedAt: plannedAt(night),
      lastAt: night.files[0]?.at ?? 0,
    },
  };
  const isCounted = isFull || member.habit.rhythm?.kind === 'chain';
  if (night.isBelieved) world.at(night.namedAt + HOUR, () => void member.sessions.push(set));
  for (const [nth, file] of night.files.entries()) {
    world.at(file.at, () => {
      if (nth === 0 && isCounted) world.sets.push(set);
      const key = `${member.prefix}${fileNameOf(night, file)}`;
      world.bucket.put(key, file.body, file.at);
      if (file.role === 'other') return;
      set.etags.set(key, file.body.etag);
      set.lastAt = file.at;
      if (file.role !== 'manifest') return;
      if (set.finishedAt === undefined && isCounted) member.sessions.push(set);
      set.finishedAt ??= file.at;
      prune(world, member);
      if (isOverdue(set) && qualityOf(set) === 'good') world.oweFull(member);
      const named = night.namedAt === night.files[0]?.at ? '' : `, named ${stampOf(night.namedAt)}`;
      const what = night.quality === 'good' ? 'is done' : `is done, ${night.quality}: ${night.why}`;
      world.tell(`${nameOf(member)}: its ${isFull ? 'full' : 'incremental'}${named} ${what}`);
    });
  }
}
