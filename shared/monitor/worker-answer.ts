// The answer to the task for one shard: its verdicts, as a worker writes them and as the run that asked reads them.

import * as v from 'valibot';
import type { Host } from '../config/config.ts';
import { count, finite, maybe, readJson, readValue, type Schema } from '../config/json.ts';
import { type BackupSet, isComplete, type Manifest, type Opener } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Volumes } from '../duplicity/volumes.ts';
import { doesAnswer } from '../rules/answer.ts';
import {
  type ChangedFull,
  type Evidence,
  FINDING_KINDS,
  type Finding,
  type FindingKind,
  type Removal,
  type SetTimes,
  sortFindings,
  type TamperedSet,
} from '../rules/finding.ts';
import { type Judgement, verdictOf } from '../rules/judge.ts';
import { closedWindow, windowAfter } from '../rules/window.ts';
import { openedFile } from './set-records.ts';

/** What a shard was found to be: of a host that is ok no more sets than the answer and the last good. */
export type ShardAnswer = {
  readonly judgements: readonly Judgement[];
  readonly lost?: string | undefined;
};

/** Version 1; instants are milliseconds since 1970. It names the whole task, so that it answers no other. */
export function formatAnswer(task: ShardTask, { judgements, lost }: ShardAnswer): string {
  const answer: v.InferOutput<typeof storedAnswer> = {
    ...{ version: 1, call: JSON.stringify(task), lost, verdicts: judgements.map(storeVerdict) },
  };
  return `${JSON.stringify(answer)}\n`;
}

/**
 * The verdicts on `hosts`, which are those that `task` asks for; `undefined` for anything that `formatAnswer` does not
 * write for that very task. What follows from host, instant and findings is not believed but worked out. Never throws.
 */
export function parseAnswer(
  text: string,
  task: ShardTask,
  hosts: readonly Host[],
): ShardAnswer | undefined {
  const answer = readJson(storedAnswer, text);
  if (answer?.call !== JSON.stringify(task)) return undefined;
  if (answer.verdicts.length !== hosts.length) return undefined;
  const judgements = hosts.map((host, at) => readVerdict(answer.verdicts[at], host, task.now));
  return judgements.includes(undefined)
    ? undefined
    : { judgements: judgements as readonly Judgement[], lost: answer.lost };
}

function storeVerdict(judgement: Judgement): StoredVerdict {
  const { host, findings, answer, answeredAt, lastGood, countdown, next } = judgement;
  const own = judgement.sets.filter(
    (set) => judgement.verdict !== 'ok' || set === answer || set === lastGood,
  );
  const sets = [...new Set([...own, countdown?.set])].filter((set) => set !== undefined);
  const placeOf = (set: BackupSet | undefined) => (set && sets.indexOf(set)) ?? undefined;
  return {
    ...{ host: host.name, findings, sets, own: own.length },
    answer: placeOf(answer),
    answeredAt,
    lastGood: placeOf(lastGood),
    countdown: countdown && { ...countdown, set: sets.indexOf(countdown.set) },
    next: next?.state,
  };
}

function readVerdict(
  stored: StoredVerdict | undefined,
  host: Host,
  now: Instant,
): Judgement | undefined {
  if (stored?.host !== host.name) return undefined;
  const { answeredAt, sets } = stored;
  const findings = sortFindings(stored.findings);
  const window = closedWindow(host, now);
  const [answer, lastGood, last] = [stored.answer, stored.lastGood, stored.countdown?.set].map(
    (place) => (place === undefined ? undefined : sets[place]),
  );
  const isThere = (place: number | undefined, set: BackupSet | undefined) =>
    (place === undefined) === (set === undefined) && (set === undefined || set.type === 'full');
  if (!isThere(stored.answer, answer) || !isThere(stored.lastGood, lastGood)) return undefined;
  if (!isThere(stored.countdown?.set, last)) return undefined;
  if ((answer === undefined) !== (answeredAt === undefined)) return undefined;
  if (answer !== undefined && !doesAnswer(answer, window, now)) return undefined;
  if (lastGood !== undefined && isComplete(lastGood) !== true) return undefined;
  const verdict = verdictOf(findings, answer);
  // A host is well when a full answered, and not because nothing was found.
  if (verdict === 'ok' && answer === undefined) return undefined;
  return {
    ...{ host, at: now, window, verdict, findings, answer, answeredAt, lastGood },
    countdown: stored.countdown && last && { ...stored.countdown, set: last },
    sets: sets.slice(0, stored.own),
    next: stored.next && { window: windowAfter(host, window), state: stored.next },
  };
}

const texts = v.array(v.string());
const counts = v.array(count);
/** JSON has no infinity: a set of which no file was read has `null` there. */
const instantOr = (none: number) =>
  v.pipe(
    v.nullable(count),
    v.transform((at) => at ?? none),
  );
const setType = v.picklist(['full', 'inc']);

const manifest: Schema<Manifest> = v.strictObject({
  ...{ bytes: count, writtenAt: count, copies: count, inParts: v.boolean() },
});
const volumes: Schema<Volumes> = v.strictObject({
  ...{ count, bytes: count, missing: counts, empty: counts, doubled: counts },
  ...{ lastShare: maybe(finite), firstAt: maybe(count), lastAt: maybe(count) },
});
const opener: Schema<Opener> = v.strictObject({
  ...{ name: v.string(), bytes: count, of: v.picklist(['manifest', 'first', 'last']) },
  cold: v.exactOptional(v.literal(true)),
});
const backupSet: Schema<BackupSet> = v.strictObject({
  ...{ type: setType, startedAt: count, basedOn: maybe(count), volumes: maybe(volumes) },
  ...{ unreadStems: texts, manifest: maybe(manifest), hasSignatures: v.boolean() },
  ...{ bytes: count, encrypted: v.boolean(), sample: v.string(), openers: v.array(opener) },
  firstWriteAt: instantOr(Number.POSITIVE_INFINITY),
  lastWriteAt: instantOr(Number.NEGATIVE_INFINITY),
});

/**
 * A verdict without what follows from host and instant; a set is stored once, and its place in `sets` stands for it.
 */
const storedVerdict = v.strictObject({
  host: v.string(),
  findings: v.pipe(v.array(v.lazy(() => finding)), v.readonly()),
  /** Those of the verdict, and behind these `own` ones what else the countdown may be about. */
  ...{ sets: v.array(backupSet), own: count },
  ...{ answer: maybe(count), answeredAt: maybe(count), lastGood: maybe(count) },
  countdown: maybe(
    v.strictObject({
      ...{ set: count, hiddenAt: count, goneAt: maybe(count), by: v.picklist(['rules', 'roll']) },
    }),
  ),
  next: maybe(v.picklist(['done', 'uploading', 'not yet'])),
});
type StoredVerdict = v.InferOutput<typeof storedVerdict>;

const storedAnswer = v.strictObject({
  version: v.literal(1),
  ...{ call: v.string(), lost: maybe(v.string()), verdicts: v.array(storedVerdict) },
});

/** All answers begin so. */
export const ANSWERS = 'shards/';

/** One run that hands out tasks: the instant that was planned for it, and when it began, as of which all is judged. */
export type CallingRun = { readonly until: Instant; readonly now: Instant };

/**
 * What a worker is asked, version 1. After `deadline` nobody waits for the answer. `roll` is a hash of the config:
 * anyone who has another one must not answer. `asked` has a `1` for each host of the shard, in the order of the config,
 * that is to be judged, and a `0` for each other.
 */
const shardTask = v.pipe(
  v.strictObject({
    ...{ version: v.literal(1), until: count, now: count, deadline: count },
    ...{ roll: v.string(), index: count, of: count },
    asked: v.pipe(v.string(), v.regex(/^[01]+$/)),
  }),
  v.check(({ index, of }) => index < of && Number.isInteger(Math.log2(of))),
  v.readonly(),
);
export type ShardTask = v.InferOutput<typeof shardTask>;

/** `undefined` for anything that is no task, or has a member more. */
export function parseTask(value: unknown): ShardTask | undefined {
  return readValue(shardTask, value);
}

/** Under it lie the answers to one run: `shards/2026/11/23T081500Z/1795421701234/`. */
export function answersTo({ until, now }: CallingRun): string {
  const [date = '', time = ''] = new Date(until).toISOString().slice(0, 19).split('T');
  return `${ANSWERS}${date.replaceAll('-', '/')}T${time.replaceAll(':', '')}Z/${now}/`;
}

/** `3of32.json`, behind that. */
export function answerPage(task: ShardTask): string {
  return `${answersTo(task)}${task.index}of${task.of}.json`;
}

type EvidenceOf<Kind, Of = Evidence> = Of extends { readonly kind: infer Kinds }
  ? Kind extends Kinds
    ? Omit<Of, 'kind'>
    : never
  : never;

const setTimes: Schema<SetTimes> = v.strictObject({ startedAt: count, completedAt: maybe(count) });
const namesShown = { names: texts, count };
const removal: Schema<Removal> = v.strictObject({
  ...{ key: v.string(), at: count, left: v.picklist(['marker', 'version', 'unknown']) },
  ...{ principal: maybe(v.string()), address: maybe(v.string()) },
});
const tamperedSet: Schema<TamperedSet> = v.strictObject({
  ...{ type: setType, startedAt: count, firstAt: count, lastAt: count, lost: count },
  ...{ overwritten: v.strictObject(namesShown), hidden: v.strictObject(namesShown) },
});
const changedFull: Schema<ChangedFull> = v.strictObject({
  ...{ startedAt: count, sealedAt: count, filesThen: count, bytesThen: count },
  ...{ filesNow: count, bytesNow: count },
});
const size = { bytes: count, usualBytes: maybe(finite), boundBytes: finite };

/** A schema for every member. */
type Entries<Type> = { readonly [Key in keyof Type]: Schema<Type[Key]> };
type EntriesOf<Kind> = Entries<EvidenceOf<Kind>>;

/** The members of each kind, or of each of its forms. */
const EVIDENCE: {
  readonly [Kind in FindingKind]: EntriesOf<Kind> | readonly EntriesOf<Kind>[];
} = {
  tampered: {
    removals: v.array(removal),
    sets: v.array(tamperedSet),
    seals: v.array(changedFull),
    untold: maybe(v.picklist(['denied', 'not offered', 'not kept'])),
  },
  unreadable: { reason: v.string(), hint: v.string() },
  missing: { windowsMissed: count, strayed: v.array(setTimes) },
  incomplete: {
    ...{ windowsMissed: count, startedAt: count, volumes: count },
    ...{ missingVolumes: counts, emptyVolumes: counts },
    manifest: v.picklist(['there', 'absent', 'empty']),
  },
  poisoned: namesShown,
  incremental: { name: v.string(), startedAt: count, count },
  unencrypted: namesShown,
  'wrong-recipient': {
    files: v.array(v.strictObject(openedFile.entries)),
    untold: maybe(v.picklist(['hidden', 'not read'])),
  },
  expiring: {
    ...{ startedAt: count, hiddenAt: count, goneAt: maybe(count), stampedAt: maybe(count) },
    ...{ by: v.picklist(['rules', 'roll']), urgent: v.boolean() },
  },
  never: {},
  late: { startedAt: count, volumes: count, lastArrivalAt: count, hardDueAt: count },
  'no-signatures': { startedAt: count },
  'maybe-truncated': [
    { startedAt: count, by: v.literal('size'), volumes: count },
    { startedAt: count, by: v.literal('framing'), files: texts, untold: texts },
  ],
  shrunk: size,
  grew: size,
  'clock-skew': { startedAt: count, aheadMs: finite },
  resumed: { startedAt: count, finishedAt: count, ...namesShown },
  'duplicate-full': { fulls: v.array(setTimes) },
  'unknown-host': { prefix: v.string() },
  foreign: namesShown,
  paused: { until: v.string(), because: v.string() },
};

const severity = v.picklist(['critical', 'warning', 'info']);
/** A finding as `JSON.stringify` leaves it: a member that is `undefined` is absent. */
const finding = v.variant(
  'kind',
  FINDING_KINDS.flatMap((kind) =>
    [EVIDENCE[kind]]
      .flat()
      .map((members: Entries<object>) =>
        v.strictObject({ kind: v.literal(kind), severity, ...members }),
      ),
  ),
) as Schema<unknown> as Schema<Finding>;
