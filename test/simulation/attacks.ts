// What somebody with a host's key can do: write, and nothing else. An operator who removes by mistake stands besides.
import { newBody } from './body.ts';
import { addDays, dateOf, windowOn } from './calendar.ts';
import type { Draw } from './draw.ts';
import { fileNameOf, ordinaryNight, stampOf, writeNight } from './nights.ts';
import {
  DAY,
  HOUR,
  isWhole,
  type KnownSet,
  type Member,
  MINUTE,
  qualityOf,
  type World,
} from './world.ts';

/** Done at `world.now`. */
type Attack = (world: World, member: Member, draw: Draw) => void;

const goodOf = (world: World, member: Member): KnownSet[] =>
  world.sets.filter(
    (set) =>
      set.member === member &&
      qualityOf(set) === 'good' &&
      !set.isPruned &&
      isWhole(world, set) &&
      // Only what is past duplicity's own last write is overwritten; before that it is a resumed run.
      set.lastAt < world.now - HOUR,
  );

const spoil = (world: World, set: KnownSet, which: (key: string) => boolean): void => {
  for (const key of [...set.etags.keys()].filter(which)) {
    world.bucket.put(key, newBody(222, 'garbage'), world.now);
  }
  world.tell(`${set.member.id}: garbage over its full of ${stampOf(set.namedAt)}`);
  world.oweTamper(set);
};

/** A name of a set that never was; only its manifest, to the right key. */
const loneManifest = (world: World, member: Member, namedAt: number): void => {
  const name = fileNameOf({ namedAt, isEncrypted: true }, { role: 'manifest', number: 0 });
  world.bucket.put(`${member.prefix}${name}`, newBody(300, 'key'), world.now);
};

const overwriteOld: Attack = (world, member, draw) => {
  const older = goodOf(world, member).slice(0, -1);
  if (older.length > 0) spoil(world, draw.pick(older), (key) => key.includes('.manifest'));
};

const overwriteNewest: Attack = (world, member, draw) => {
  const newest = goodOf(world, member).at(-1);
  const what = draw.pick(['.vol1.', '.manifest']);
  if (newest !== undefined) spoil(world, newest, (key) => key.includes(what));
};

const overwriteAllBehindManifests: Attack = (world, member) => {
  for (let nth = 0; nth < 20; nth += 1)
    loneManifest(world, member, world.now - 40 * DAY + nth * HOUR);
  // The newest are read by each run anyway.
  for (const set of goodOf(world, member).slice(0, -5)) {
    spoil(world, set, (key) => key.includes('.manifest'));
  }
};

const loneManifests: Attack = (world, member, draw) => {
  const some = draw.between(1, 30);
  for (let nth = 0; nth < some; nth += 1) {
    loneManifest(world, member, world.now - draw.below(20 * DAY) + 5 * DAY);
  }
  world.tell(`${member.id}: ${some} lone manifests of other times`);
};

const junk: Attack = (world, member, draw) => {
  const some = draw.pick([3, 300, 1500]);
  for (let nth = 0; nth < some; nth += 1) {
    world.bucket.put(`${member.prefix}junk-${world.now}-${nth}`, newBody(9, 'garbage'), world.now);
  }
  world.tell(`${member.id}: ${some} junk names`);
};

/** Whole, but written before the time in their names; then the host is silent. */
const futureSets: Attack = (world, member, draw) => {
  const some = draw.between(1, 5);
  // A window of tomorrow's date may be open already: a name that is past is no future one.
  const nights = [1, 2, 3, 4, 5, 6, 7]
    .map((days) => windowOn(addDays(dateOf(world.now), days), member.times))
    .map((window) => ordinaryNight({ ...member, window, draw }))
    .filter(({ namedAt }) => namedAt > world.now + 10 * MINUTE);
  for (const night of nights.slice(0, some)) {
    const files = night.files.map((file) => ({ ...file, at: world.now + 1000 }));
    writeNight(world, member, { ...night, files, quality: 'bad', why: 'uploaded ahead' });
  }
  member.silentUntil = world.now + some * DAY;
};

const removed: Attack = (world, member, draw) => {
  const sets = goodOf(world, member);
  if (sets.length === 0) return;
  const set = draw.pick(sets);
  for (const key of set.etags.keys()) world.bucket.mark(key, world.now);
  world.tell(`${member.id}: somebody removed its full of ${stampOf(set.namedAt)}`);
  world.oweTamper(set);
};

/** `rollcall undelete` some hours later: it is whole again, as if nothing had been. */
const undeleted: Attack = (world, member, draw) => {
  removed(world, member, draw);
  const gone = world.sets.filter((set) => set.member === member && set.finishedAt !== undefined);
  const hidden = gone
    .filter((set) => !isWhole(world, set))
    .flatMap(({ etags }) => [...etags.keys()]);
  const at = world.now;
  world.at(at + draw.between(4, 30) * HOUR, () => {
    // Lifecycle's own markers are older.
    for (const key of hidden) {
      if (world.bucket.keys.get(key)?.[0]?.at === at) world.bucket.unmark(key, world.now);
    }
    world.tell(`${member.id}: the operator brings it back`);
  });
};

export const ATTACKS: Readonly<Record<string, Attack>> = {
  'overwrites an old full': overwriteOld,
  'overwrites the newest full': overwriteNewest,
  'overwrites all in one batch with lone manifests': overwriteAllBehindManifests,
  'lone manifests': loneManifests,
  'junk names': junk,
  'future sets': futureSets,
  'an operator removes a full': removed,
  'an operator removes a full and brings it back': undeleted,
};

/** At an hour at which no backup is under way. */
export function attack(world: World, member: Member, kind: string, draw: Draw): void {
  member.harms.push(world.now);
  world.tell(`${member.id}: ATTACK ${kind}`);
  ATTACKS[kind]?.(world, member, draw);
}
