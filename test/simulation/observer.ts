// A slow and obviously right observer: it knows what is true, what S3 can show of it, and what each channel must hear.
import { newestClosed, type Window, windowsNear } from './calendar.ts';
import { MADE_GOOD, type Notified } from './hearing.ts';
import { stampOf } from './nights.ts';
import type { Reported } from './product.ts';
import {
  chainOf,
  DAY,
  HOUR,
  hearsEvents,
  isWhole,
  type KnownSet,
  type Member,
  MINUTE,
  nameOf,
  qualityOf,
  type Seat,
  type World,
} from './world.ts';

/** `1`: a wrong ok; `2`: a bad window or a spoiled set that a channel did not hear of; `3`: said twice; `4`: an alarm for nothing; `5`: the last good backup may go, or what is replaced stays; `6`: an admin hears of what is not theirs. */
export type Law = 1 | 2 | 3 | 4 | 5 | 6;

export type Violation = { readonly law: Law; readonly at: number; readonly says: string };

/** `unclear`: the config changed, or the case is one that reasonable people judge in two ways. */
type Truth = 'good' | 'doubtful' | 'bad' | 'unclear';

/** Something that a seat must hear of, from `from` on. */
type Debt = {
  readonly member: Member;
  readonly seat: Seat['id'];
  readonly from: number;
  readonly owedAt: number;
  readonly says: string;
  readonly isPaidBy: (heard: Notified) => boolean;
  /** Nothing is wrong any more. */
  readonly isVoid?: () => boolean;
};

const CLOCKS_APART = 5 * MINUTE;
const SETTLING = 3 * DAY;
const MEMORY = 60 * DAY;
/** Events may come late, and many at once are gathered. */
const TAMPER_PATIENCE = 8 * HOUR;
/** What a run that was killed had begun to send is left to it for so long. */
const CLAIMED = 20 * MINUTE;
/** Two good fulls replace an older one; a third may be of the same day as another. */
const SUCCESSORS = 3;

export type Observer = ReturnType<typeof startObserver>;

export function startObserver(world: World) {
  const heard: Notified[] = [];
  const debts: Debt[] = [];
  const settled = new Set<string>();
  const excuses: { from: number; until: number }[] = [];
  const deaths = new Set<number>();
  const written = new Set<string>();
  const told = new Map<string, number>();
  const spoiled: KnownSet[] = [];
  let skippedAt = 0;
  let violation: Violation | undefined;
  const fail = (law: Law, says: string) => {
    violation ??= { law, at: world.now, says };
  };
  const isExcused = (from: number) =>
    excuses.some((one) => one.from <= world.now && one.until >= from);
  const oweToAll = (debt: Omit<Debt, 'seat'>, seats: readonly Seat[] = world.seats) => {
    for (const { id } of seats.filter(({ isOf }) => isOf(debt.member)))
      debts.push({ ...debt, seat: id });
  };

  /** Whether some host is called well, or bad, at a time at which it was the opposite. */
  const checkWord = (name: string, says: 'ok' | 'again' | 'bad', kind: string, how: string) => {
    const at = world.now;
    const member = world.members.find(({ names }) => names.includes(name));
    if (member === undefined || at < world.plan.startsAt + SETTLING) return;
    const window = newestClosed(at, member.times);
    const truth = truthOf(world, member, window, at);
    if (says === 'bad') {
      const harmed = spoiled.filter((set) => set.member === member);
      const isUndone = harmed.length > 0 && harmed.every((set) => isWhole(world, set));
      if (kind === 'tampered' && isUndone && !prunedTooMuch(world, member)) {
        fail(4, `${how} calls ${name} TAMPERED, and what was removed is there again`);
      }
      // As long as it is there it is a line of each digest, next to "1 of 1 host OK".
      const isShown = kind === 'incremental' && hasLoneIncrement(world, member);
      if (!isShown && isHealthy(world, member, at))
        fail(4, `${how} calls ${name} ${kind}, and it is healthy`);
      return;
    }
    const [next] = windowsNear(window, member.times, 7);
    const isMadeGood =
      says === 'again' && next !== undefined && truthOf(world, member, next, at) === 'good';
    if ((truth === 'bad' || truth === 'doubtful') && !isMadeGood) {
      fail(
        1,
        `${how} calls ${name} OK; its window of ${window.date} is ${truth}: ${whyOf(world, member, window)}`,
      );
    }
  };

  const checkTwice = (one: Notified) => {
    const isNew = (what: string, words: string, within = Number.POSITIVE_INFINITY) => {
      const id = `${one.seat} ${what}`;
      const before = told.get(id);
      told.set(id, world.now);
      if (
        before !== undefined &&
        world.now - before < within &&
        !isExcused(before) &&
        !deaths.has(before)
      ) {
        fail(3, `${one.seat} hears twice ${words}: ${stampOf(before)} and ${stampOf(world.now)}`);
      }
    };
    // Of the next night the same may be true once more, in the same words.
    isNew(one.whole, `"${one.subject}"`, 12 * HOUR);
    // Made up for after an outage, or for another first due time, it has the number of the day on which it comes.
    const changedAt = Math.max(skippedAt, ...world.members.map((member) => member.changedAt));
    const isMadeUp = world.now - changedAt < DAY;
    // Where clocks change, the next day's first due time may come before midnight.
    if (one.seat !== 'phone' && one.digest !== undefined && !isMadeUp) {
      isNew(one.digest, `digest ${one.digest}`, 23 * HOUR);
    }
    if (one.seat !== 'phone') return;
    for (const { name, kind } of one.about.filter((about) => WINDOW_KINDS.includes(about.kind))) {
      const member = world.members.find(({ names }) => names.includes(name));
      if (member === undefined || world.now < member.changedAt + SETTLING) continue;
      const { date } = newestClosed(world.now, member.times);
      isNew(`${name} ${kind} ${date}`, `${name} ${kind} for the window of ${date}`);
    }
  };

  /** An admin hears of no other host, and nothing of the monitor. */
  const checkTheirs = ({ seat: id, whole, subject }: Notified) => {
    const seat = world.seats.find((one) => one.id === id);
    const isRead = (name: string) => new RegExp(`\\b${name}\\b`).test(whole);
    const others = world.members.filter((member) => seat?.isOf(member) === false);
    const [name] = others.flatMap(({ names }) => names).filter(isRead);
    if (name !== undefined) fail(6, `${id} hears of ${name}: "${subject}"`);
    if (['admin', 'hook'].includes(id) && /\bthe monitor: |\bno run between\b/.test(whole))
      fail(6, `${id} hears of the monitor: "${subject}"`);
  };

  return {
    violation: () => violation,
    excuse: (until: number) => excuses.push({ from: world.now, until }),
    /** The run of this time was killed: what it sent may come again, once. */
    noteDeath: () => void deaths.add(world.now),
    skip: () => {
      skippedAt = world.now;
    },
    noteNotified(one: Notified): void {
      checkTheirs(one);
      const id = `${one.seat} ${one.whole}`;
      // What is sent again, because it was refused, was true when it was written.
      for (const { name, says, kind } of written.has(id) ? [] : one.about) {
        if (says !== 'note') checkWord(name, says, kind, `"${one.subject}" to ${one.seat}`);
      }
      written.add(id);
      if (!one.wasTaken) return;
      world.tell(`-> ${one.seat}: ${one.seat === 'phone' ? one.text : one.subject}`);
      heard.push(one);
      checkTwice(one);
    },
    readReport(report: readonly Reported[]): void {
      for (const { name, isOk, bad } of report) {
        if (isOk) checkWord(name, 'ok', '', 'the report');
        for (const kind of bad) checkWord(name, 'bad', kind, 'the report');
      }
    },
    oweTamper(set: KnownSet): void {
      const { member } = set;
      const from = world.now;
      spoiled.push(set);
      // Without events the next run that judges the host sees it, if it is still so.
      const isLate = !hearsEvents(world);
      const [next] = windowsNear(newestClosed(world.now, member.times), member.times, 7);
      const owedAt = isLate ? (next?.dueAt ?? 0) + HOUR : world.now + TAMPER_PATIENCE;
      oweToAll({
        ...{ member, from, owedAt },
        isVoid: () =>
          (isLate && (isWhole(world, set) || mayBeGone(world, set))) ||
          isAsPruned(world, set, from),
        says: `that the full of ${stampOf(set.namedAt)} was spoiled`,
        isPaidBy: ({ about }) =>
          about.some(({ name, kind }) => member.names.includes(name) && kind === 'tampered'),
      });
    },
    /** A warning: a mailbox hears of it, and a phone does not. */
    oweFull(member: Member): void {
      const debt = {
        ...{ member, from: world.now - 14 * DAY, owedAt: world.now + 2 * DAY },
        says: 'that the full which it promises does not come',
        isPaidBy: ({ about }: Notified) =>
          about.some(({ name, kind }) => member.names.includes(name) && kind === 'full-overdue'),
      };
      oweToAll(
        debt,
        world.seats.filter(({ id }) => id !== 'phone'),
      );
    },
    /** After a run that was neither killed nor skipped. */
    afterRun(): void {
      if ([...deaths].some((at) => world.now - at < CLAIMED)) return;
      for (const member of world.members.filter(({ inConfig }) => inConfig)) {
        for (const window of closedSince(world, member)) {
          const id = `${member.id} ${window.date}`;
          if (settled.has(id) || mayStillCome(world, member, window)) continue;
          settled.add(id);
          // Lifecycle may have taken what answered it, or the full that this builds on.
          const { rhythm } = member.habit;
          const chainDays = rhythm?.kind === 'chain' ? rhythm.fullEvery : 0;
          if (window.opensAt < world.now - (world.keepDays - 1 - chainDays) * DAY) continue;
          // Nobody looked in time, and its host may have removed since what answered it.
          if (rhythm?.kind === 'prunes' && goodSince(world, member, window) >= rhythm.keep)
            continue;
          if (truthOf(world, member, window, world.now) !== 'bad') continue;
          oweToAll({
            ...{ member, from: window.opensAt, owedAt: world.now },
            says: `that nothing good answers its window of ${window.date} (${whyOf(world, member, window)})`,
            isPaidBy: ({ about, at }) =>
              about.some(
                ({ name, says, kind }) =>
                  member.names.includes(name) &&
                  ((says === 'bad' && (at >= window.dueAt || !WINDOW_KINDS.includes(kind))) ||
                    ((says === 'again' || kind === MADE_GOOD) && at >= window.dueAt)),
              ),
          });
        }
      }
      for (const debt of [...debts]) {
        if (debt.owedAt > world.now || world.has(`${debt.seat} refuses`)) continue;
        debts.splice(debts.indexOf(debt), 1);
        const isPaid = heard.some(
          (one) => one.seat === debt.seat && one.at >= debt.from && debt.isPaidBy(one),
        );
        if (!isPaid && debt.member.inConfig && !debt.isVoid?.())
          fail(2, `${debt.seat} does not hear of ${nameOf(debt.member)} ${debt.says}`);
      }
    },
    /** After a round of the janitor: of each host one good backup stays that nothing may hide, and what is replaced goes. */
    afterTidying(): void {
      // What was forgotten, or not seen for days, has to stand once more.
      const calmSince = Math.max(skippedAt, ...excuses.map(({ until }) => until));
      const isCalm = world.now - calmSince > (world.keepDays + SUCCESSORS) * DAY;
      for (const member of world.members) {
        const left = isCalm ? longReplaced(world, member) : undefined;
        if (left !== undefined)
          fail(5, `the janitor leaves the full of ${nameOf(member)} of ${stampOf(left.namedAt)}`);
        const good = world.sets.filter(
          (set) => set.member === member && qualityOf(set) === 'good' && isWhole(world, set),
        );
        const isKept = good.some((set) =>
          chainOf(set).every(
            ({ etags }) => ![...etags.keys()].some((key) => world.bucket.tagged.has(key)),
          ),
        );
        if (good.length > 0 && !isKept)
          fail(5, `the janitor tags every good backup of ${nameOf(member)}`);
      }
    },
  };
}

const WINDOW_KINDS = ['missing', 'incomplete', 'never'];

/** The windows of a host that have closed in the last ten days. */
function closedSince({ now, plan }: World, { times, changedAt }: Member): Window[] {
  const newest = newestClosed(now, times);
  const windows = [newest, ...windowsNear(newest, times, -9)];
  const from = Math.max(plan.startsAt + SETTLING, changedAt + SETTLING);
  return windows.filter(({ opensAt }) => opensAt >= from).reverse();
}

function goodSince(world: World, member: Member, { opensAt }: Window): number {
  return world.sets.filter(
    (set) =>
      set.member === member &&
      set.namedAt >= opensAt &&
      isWhole(world, set) &&
      qualityOf(set) === 'good',
  ).length;
}

/** In a bucket of which lifecycle and the janitor take nothing it stays for ever. */
function hasLoneIncrement({ bucket }: World, { habit, prefix }: Member): boolean {
  const isOne = (key: string) => key.startsWith(`${prefix}duplicity-inc`);
  return (
    habit.rhythm?.kind !== 'chain' &&
    [...bucket.keys.keys()].some((key) => isOne(key) && bucket.current(key) !== undefined)
  );
}

/** Of a host to which nothing ever happened: a full that is not tagged, though it was replaced long ago. */
function longReplaced(world: World, member: Member): KnownSet | undefined {
  const isSteady = member.changedAt < world.plan.startsAt && member.harms.length === 0;
  if (!isSteady || !member.inConfig || world.has('bucket locked')) return undefined;
  const fulls = world.sets.filter(
    (set) => set.member === member && set.isFull && isWhole(world, set),
  );
  const sizeOf = (key: string) => world.bucket.current(key)?.body?.bytes ?? 0;
  const bytesOf = ({ etags }: KnownSet) =>
    [...etags.keys()].reduce((sum, key) => sum + sizeOf(key), 0);
  // Without them it is no proof that duplicity was done.
  const hasSignatures = ({ etags }: KnownSet) =>
    [...etags.keys()].some((key) => key.includes('signatures') && sizeOf(key) > 0);
  const hasStood = ({ finishedAt = world.now }: KnownSet) =>
    finishedAt + (world.keepDays + 1) * DAY <= world.now;
  return fulls.find(
    (set) =>
      ![...set.etags.keys()].every((key) => world.bucket.tagged.has(key)) &&
      fulls.filter(
        (one) =>
          one.namedAt > (set.finishedAt ?? 0) + DAY &&
          hasStood(one) &&
          hasSignatures(one) &&
          bytesOf(one) * 2 >= bytesOf(set),
      ).length >= SUCCESSORS,
  );
}

/** Its duplicity counts fulls, whatever is in them: one that is no good takes the place of one that the config keeps. */
function prunedTooMuch(world: World, member: Member): boolean {
  const { rhythm } = member.habit;
  if (rhythm?.kind !== 'prunes') return false;
  const good = world.sets.filter((set) => set.member === member && qualityOf(set) === 'good');
  const there = good.filter((set) => isWhole(world, set));
  return good.some(
    (set) =>
      set.isPruned && there.filter(({ namedAt }) => namedAt > set.namedAt).length < rhythm.keep,
  );
}

/** Removed no earlier than an hour before as many good fulls were there as the host keeps: it may have been the host. */
function isAsPruned(world: World, { member, namedAt }: KnownSet, removedAt: number): boolean {
  const { rhythm } = member.habit;
  if (rhythm?.kind !== 'prunes') return false;
  const newer = world.sets.filter(
    (set) =>
      set.member === member &&
      set.namedAt > namedAt &&
      (set.finishedAt ?? Number.POSITIVE_INFINITY) <= removedAt + HOUR &&
      isWhole(world, set) &&
      qualityOf(set) === 'good',
  );
  return newer.length >= rhythm.keep;
}

/** By now lifecycle or its host might have removed it: without an event nobody knows who it was. */
function mayBeGone(world: World, known: KnownSet): boolean {
  const { member, namedAt } = known;
  if (isAsPruned(world, known, world.now)) return true;
  const newer = world.sets.filter(
    (set) => set.member === member && set.namedAt > namedAt && set.isFull && isWhole(world, set),
  );
  const isOld = namedAt + world.keepDays * DAY <= world.now;
  return isOld && (!world.plan.keepLastGood || newer.length >= 2);
}

/** A full of it was begun and is not done, and the grace is not over: nobody has to say anything yet. */
function mayStillCome(world: World, member: Member, window: Window): boolean {
  return world.sets.some(
    (set) =>
      set.member === member &&
      (set.finishedAt === undefined || isFresh(world, set)) &&
      homesOf(set, window).some(({ hardDueAt }) => world.now < hardDueAt),
  );
}

/** Where volumes come hours apart, one that lacks may be on its way yet: three times the longest pause, of two gaps. */
function isFresh({ now }: World, { member, lastAt, quality }: KnownSet): boolean {
  const isLong = (member.times.grace ?? 0) >= 24;
  return isLong && quality === 'bad' && now - lastAt <= 13 * HOUR;
}

/** The windows for which a set may answer this one: its own, and with a grace of days each in which it began before. */
function homesOf(set: KnownSet, window: Window): Window[] {
  const { times } = set.member;
  const before = (times.grace ?? 0) < 24 ? [] : windowsNear(window, times, -4);
  return [window, ...before.filter(({ hardDueAt }) => hardDueAt > window.opensAt)].filter((one) =>
    isOf(set, one),
  );
}

/** In the day that it began in, or within the grace; and not before the window opened. */
function isInTime(set: KnownSet, window: Window, doneAt: number): boolean {
  return (
    doneAt >= window.opensAt &&
    homesOf(set, window).some(
      (home) => doneAt <= home.hardDueAt || (home === window && doneAt < window.endsAt),
    )
  );
}

/** By its name; a clock that is a little slow at the opening means this window, and not the one before. */
function isOf({ namedAt }: KnownSet, { opensAt, endsAt }: Window): boolean {
  return namedAt >= opensAt - CLOCKS_APART && namedAt < endsAt - CLOCKS_APART;
}

/** Is there a backup that answers for the window, and restores, as far as S3 can show? */
function truthOf(world: World, member: Member, window: Window, at: number): Truth {
  if (window.opensAt < Math.max(member.changedAt, world.plan.startsAt) + SETTLING) return 'unclear';
  const begun = world.sets.filter(
    (set) =>
      set.member === member && homesOf(set, window).length > 0 && (set.finishedAt ?? at) <= at,
  );
  // What its host removed itself had answered before.
  const done = begun.filter((set) => set.isPruned || isWhole(world, set));
  const inTime = done.filter((set) => isInTime(set, window, set.finishedAt ?? 0));
  if (inTime.some((set) => qualityOf(set) === 'good')) return 'good';
  if (done.some((set) => isOf(set, window) && qualityOf(set) === 'good')) return 'unclear';
  if (inTime.some((set) => qualityOf(set) === 'doubtful')) return 'doubtful';
  return isHabit(world, member, window) ? 'unclear' : 'bad';
}

/** Three nights on end its backup came, after the due time: it may come again, and then the config is wrong. */
function isHabit(world: World, member: Member, window: Window): boolean {
  const last = windowsNear(window, member.times, -3);
  return last.every(({ dueAt, endsAt }) =>
    world.sets.some(
      (set) =>
        set.member === member &&
        qualityOf(set) === 'good' &&
        set.namedAt > dueAt &&
        set.namedAt < endsAt,
    ),
  );
}

function whyOf(world: World, member: Member, window: Window): string {
  const begun = world.sets.filter((set) => set.member === member && isOf(set, window));
  const whyIn = (set: KnownSet) => chainOf(set).find(({ why }) => why !== '')?.why;
  const whys = begun.map(
    (set) => whyIn(set) || (isWhole(world, set) ? 'done too late' : 'not whole'),
  );
  return whys.length === 0 ? 'nothing was written' : [...new Set(whys)].join(', ');
}

/** Nothing that may raise an alarm has happened to it for as long as anything is remembered, and all its windows are good. */
function isHealthy(world: World, member: Member, at: number): boolean {
  const isHarmed = member.harms.some((harm) => harm <= at && harm > at - MEMORY);
  if (world.has('bucket locked') || isHarmed) return false;
  const newest = newestClosed(at, member.times);
  if (truthOf(world, member, newest, at) !== 'good' && !isComing(world, member, newest))
    return false;
  const before = windowsNear(newest, member.times, -7).slice(0, 3);
  return before.every((window) => truthOf(world, member, window, at) === 'good');
}

/** What answers it is on its way, and will be there within the grace. */
function isComing({ sets, now }: World, member: Member, window: Window): boolean {
  return sets.some(
    (set) =>
      set.member === member &&
      qualityOf(set) === 'good' &&
      set.plannedAt > now &&
      isInTime(set, window, set.plannedAt),
  );
}
