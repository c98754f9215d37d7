// A host's night: the full that it writes by its habit, file by file; faults change it before it is written.
import { type Body, newBody } from './body.ts';
import type { Window } from './calendar.ts';
import type { Draw } from './draw.ts';
import {
  type Habit,
  type KnownSet,
  type Member,
  MINUTE,
  nameOf,
  type Quality,
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
  readonly isEncrypted: boolean;
  readonly files: readonly File[];
  readonly quality: Quality;
  readonly why: string;
};

/** What a night is made of. */
export type Evening = {
  readonly habit: Habit;
  readonly window: Window;
  readonly draw: Draw;
};

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
  const set: KnownSet = {
    ...{ member, namedAt: night.namedAt, quality: night.quality, why: night.why },
    ...{
      etags: new Map(),
      finishedAt: undefined,
      plannedAt: plannedAt(night),
      lastAt: night.files[0]?.at ?? 0,
    },
  };
  const isFull = night.basedOn === undefined;
  for (const [nth, file] of night.files.entries()) {
    world.at(file.at, () => {
      if (nth === 0 && isFull) world.sets.push(set);
      const key = `${member.prefix}${fileNameOf(night, file)}`;
      world.bucket.put(key, file.body, file.at);
      if (file.role === 'other') return;
      set.etags.set(key, file.body.etag);
      set.lastAt = file.at;
      if (file.role !== 'manifest') return;
      set.finishedAt ??= file.at;
      const named = night.namedAt === night.files[0]?.at ? '' : `, named ${stampOf(night.namedAt)}`;
      const what = night.quality === 'good' ? 'is done' : `is done, ${night.quality}: ${night.why}`;
      world.tell(`${nameOf(member)}: its ${isFull ? 'full' : 'incremental'}${named} ${what}`);
    });
  }
}
