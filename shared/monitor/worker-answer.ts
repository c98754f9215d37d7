// The answer to the call for one shard: its verdicts, as a worker writes them and as the run that called reads them.

import type { Host } from '../config/config.ts';
import { type BackupSet, isComplete, type Manifest, type Opener } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Volumes } from '../duplicity/volumes.ts';
import { doesAnswer, type Progress } from '../rules/answer.ts';
import {
  type ChangedFull,
  type Evidence,
  FINDING_KINDS,
  type Finding,
  type FindingKind,
  type OpenedBy,
  type Removal,
  type SetTimes,
  sortFindings,
  type TamperedSet,
} from '../rules/finding.ts';
import { type Judgement, verdictOf } from '../rules/judge.ts';
import type { Countdown } from '../rules/retention.ts';
import { closedWindow, windowAfter } from '../rules/window.ts';
import {
  closed,
  type Guard,
  isCount,
  isFlag,
  isNumber,
  isRecord,
  isText,
  listOf,
  maybe,
  oneOf,
  type Shape,
} from './shape.ts';

type Writes = 'firstWriteAt' | 'lastWriteAt';
// JSON has no infinity: a set of which no file was read has `null` there.
type StoredSet = Omit<BackupSet, Writes> & { readonly [Key in Writes]: Instant | null };

/** A verdict without what host and instant tell; a set is told once, and its place in `sets` stands for it. */
type StoredVerdict = {
  readonly host: string;
  readonly findings: readonly Finding[];
  /** Those of the verdict, and behind these `own` ones what else the countdown may be about. */
  readonly sets: readonly StoredSet[];
  readonly own: number;
  readonly answer?: number | undefined;
  readonly answeredAt?: Instant | undefined;
  readonly lastGood?: number | undefined;
  readonly countdown?: (Omit<Countdown, 'set'> & { readonly set: number }) | undefined;
  readonly next?: Progress['state'] | undefined;
};

type StoredAnswer = {
  readonly version: 1;
  readonly call: string;
  readonly lost?: string | undefined;
  readonly judgements: readonly StoredVerdict[];
};

/** What a shard was found to be: of a host that is ok no more sets than the answer and the last good. */
export type ShardAnswer = {
  readonly judgements: readonly Judgement[];
  readonly lost?: string | undefined;
};

/** Version 1; instants are milliseconds since 1970. It names the whole call, so that it answers no other. */
export function formatAnswer(call: ShardTask, { judgements, lost }: ShardAnswer): string {
  const answer: StoredAnswer = {
    version: 1,
    call: JSON.stringify(call),
    lost,
    judgements: judgements.map(storeVerdict),
  };
  return `${JSON.stringify(answer)}\n`;
}

/**
 * The verdicts on `hosts`, which are those that `call` asks for; `undefined` for anything that `formatAnswer` does not
 * write for that very call. What host, instant and findings tell is not believed but worked out. Never throws.
 */
export function parseAnswer(
  text: string,
  call: ShardTask,
  hosts: readonly Host[],
): ShardAnswer | undefined {
  const answer = parseJson(text);
  if (!isAnswer(answer) || answer.call !== JSON.stringify(call)) return undefined;
  if (answer.judgements.length !== hosts.length) return undefined;
  const judgements = hosts.map((host, at) => readVerdict(answer.judgements[at], host, call.now));
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

function readSet(set: StoredSet): BackupSet {
  return {
    ...set,
    firstWriteAt: set.firstWriteAt ?? Number.POSITIVE_INFINITY,
    lastWriteAt: set.lastWriteAt ?? Number.NEGATIVE_INFINITY,
  };
}

function readVerdict(
  stored: StoredVerdict | undefined,
  host: Host,
  now: Instant,
): Judgement | undefined {
  if (stored?.host !== host.name) return undefined;
  const { answeredAt } = stored;
  const sets = stored.sets.map(readSet);
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
  // A host is well when a full answered, and not because nothing was said of it.
  if (verdict === 'ok' && answer === undefined) return undefined;
  return {
    ...{ host, at: now, window, verdict, findings, answer, answeredAt, lastGood },
    countdown: stored.countdown && last && { ...stored.countdown, set: last },
    sets: sets.slice(0, stored.own),
    next: stored.next && { window: windowAfter(host, window), state: stored.next },
  };
}

function isCountOrNull(value: unknown): value is number | null {
  return value === null || isCount(value);
}

const isManifest = closed<Manifest>({
  bytes: isCount,
  writtenAt: isCount,
  copies: isCount,
  inParts: isFlag,
});
const isVolumes = closed<Volumes>({
  count: isCount,
  bytes: isCount,
  missing: listOf(isCount),
  empty: listOf(isCount),
  doubled: listOf(isCount),
  lastShare: maybe(isNumber),
  firstAt: maybe(isCount),
  lastAt: maybe(isCount),
});
const isOpener = closed<Opener>({
  name: isText,
  bytes: isCount,
  of: oneOf(['manifest', 'first', 'last']),
  cold: maybe(oneOf([true])),
});
const isSet = closed<StoredSet>({
  type: oneOf(['full', 'inc']),
  startedAt: isCount,
  basedOn: maybe(isCount),
  volumes: maybe(isVolumes),
  unreadStems: listOf(isText),
  manifest: maybe(isManifest),
  hasSignatures: isFlag,
  bytes: isCount,
  encrypted: isFlag,
  firstWriteAt: isCountOrNull,
  lastWriteAt: isCountOrNull,
  sample: isText,
  openers: listOf(isOpener),
});
const isAnswer = closed<StoredAnswer>({
  version: oneOf([1]),
  call: isText,
  lost: maybe(isText),
  judgements: listOf(
    closed<StoredVerdict>({
      host: isText,
      findings: listOf(isFinding),
      sets: listOf(isSet),
      own: isCount,
      answer: maybe(isCount),
      answeredAt: maybe(isCount),
      lastGood: maybe(isCount),
      countdown: maybe(
        closed({
          set: isCount,
          hiddenAt: isCount,
          goneAt: maybe(isCount),
          by: oneOf(['rules', 'roll']),
        }),
      ),
      next: maybe(oneOf(['done', 'uploading', 'not yet'])),
    }),
  ),
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** All answers begin so. */
export const ANSWERS = 'shards/';

/** One run that calls: the instant that was planned for it, and when it began, as of which all is judged. */
export type CallingRun = { readonly until: Instant; readonly now: Instant };

/** What a worker is asked. */
export type ShardTask = CallingRun & {
  readonly version: 1;
  /** After it nobody waits for the answer. */
  readonly deadline: Instant;
  /** A hash of the roll: whoever has another one must not answer. */
  readonly roll: string;
  readonly index: number;
  readonly of: number;
  /** A `1` for each host of the shard, in the order of the roll, that is to be judged, a `0` for each other. */
  readonly asked: string;
};

const isTask = closed<ShardTask>({
  version: (value): value is 1 => value === 1,
  until: isCount,
  now: isCount,
  deadline: isCount,
  roll: isText,
  index: isCount,
  of: isCount,
  asked: (value): value is string => isText(value) && /^[01]+$/.test(value),
});

/** `undefined` for anything that is no call, or has a member more. */
export function parseTask(value: unknown): ShardTask | undefined {
  const isOne = isTask(value) && value.index < value.of && Number.isInteger(Math.log2(value.of));
  return isOne ? value : undefined;
}

/** Under it lie the answers to one run: `shards/2026/11/23T081500Z/1795421701234/`. */
export function answersTo({ until, now }: CallingRun): string {
  const [date = '', time = ''] = new Date(until).toISOString().slice(0, 19).split('T');
  return `${ANSWERS}${date.replaceAll('-', '/')}T${time.replaceAll(':', '')}Z/${now}/`;
}

/** `3of32.json`, behind that. */
export function answerPage(call: ShardTask): string {
  return `${answersTo(call)}${call.index}of${call.of}.json`;
}

type EvidenceOf<Kind, Of = Evidence> = Of extends { readonly kind: infer Kinds }
  ? Kind extends Kinds
    ? Omit<Of, 'kind'>
    : never
  : never;

const isSetTimes = closed<SetTimes>({ startedAt: isCount, completedAt: maybe(isCount) });
const namesShown = { names: listOf(isText), count: isCount };
const isRemoval = closed<Removal>({
  key: isText,
  at: isCount,
  left: oneOf(['marker', 'version', 'unknown']),
  principal: maybe(isText),
  address: maybe(isText),
});
const isTamperedSet = closed<TamperedSet>({
  type: oneOf(['full', 'inc']),
  startedAt: isCount,
  firstAt: isCount,
  lastAt: isCount,
  overwritten: closed(namesShown),
  hidden: closed(namesShown),
  lost: isCount,
});
const isChangedFull = closed<ChangedFull>({
  startedAt: isCount,
  sealedAt: isCount,
  filesThen: isCount,
  bytesThen: isCount,
  filesNow: isCount,
  bytesNow: isCount,
});
const isOpenedBy = closed<OpenedBy>({
  name: isText,
  reads: oneOf(['openpgp', 'short', 'gzip', 'tar', 'text', 'empty', 'other']),
  recipients: listOf(isText),
  symmetric: isCount,
  ending: maybe(oneOf(['whole', 'truncated', 'cannot tell'])),
});
const size = { bytes: isCount, usualBytes: maybe(isNumber), boundBytes: isNumber };

type ShapeOf<Kind> = Shape<EvidenceOf<Kind>>;

/** One shape a kind, or one for each of its forms. */
const SHAPES: { readonly [Kind in FindingKind]: ShapeOf<Kind> | readonly ShapeOf<Kind>[] } = {
  tampered: {
    removals: listOf(isRemoval),
    sets: listOf(isTamperedSet),
    seals: listOf(isChangedFull),
    untold: maybe(oneOf(['denied', 'not offered', 'not kept'])),
  },
  unreadable: { reason: isText, hint: isText },
  missing: { windowsMissed: isCount, strayed: listOf(isSetTimes) },
  incomplete: {
    windowsMissed: isCount,
    startedAt: isCount,
    volumes: isCount,
    missingVolumes: listOf(isCount),
    emptyVolumes: listOf(isCount),
    manifest: oneOf(['there', 'absent', 'empty']),
  },
  poisoned: namesShown,
  incremental: { name: isText, startedAt: isCount, count: isCount },
  unencrypted: namesShown,
  'wrong-recipient': {
    files: listOf(isOpenedBy),
    untold: maybe(oneOf(['hidden', 'not read'])),
  },
  expiring: {
    startedAt: isCount,
    hiddenAt: isCount,
    goneAt: maybe(isCount),
    by: oneOf(['rules', 'roll']),
    urgent: isFlag,
    stampedAt: maybe(isCount),
  },
  never: {},
  late: { startedAt: isCount, volumes: isCount, lastArrivalAt: isCount, hardDueAt: isCount },
  'no-signatures': { startedAt: isCount },
  'maybe-truncated': [
    { startedAt: isCount, by: oneOf(['size']), volumes: isCount },
    {
      ...{ startedAt: isCount, by: oneOf(['framing']) },
      ...{ files: listOf(isText), untold: listOf(isText) },
    },
  ],
  shrunk: size,
  grew: size,
  'clock-skew': { startedAt: isCount, aheadMs: isNumber },
  resumed: { startedAt: isCount, finishedAt: isCount, ...namesShown },
  'duplicate-full': { fulls: listOf(isSetTimes) },
  'unknown-host': { prefix: isText },
  foreign: namesShown,
  paused: { until: isText, because: isText },
};

const GUARDS: ReadonlyMap<unknown, readonly Guard<object>[]> = new Map(
  FINDING_KINDS.map((kind) => [kind, guardsOf(kind, [SHAPES[kind]].flat())]),
);

function guardsOf(kind: FindingKind, shapes: readonly object[]): Guard<object>[] {
  const severity = oneOf(['critical', 'warning', 'info']);
  return shapes.map((shape) =>
    closed({ kind: oneOf([kind]), severity, ...shape } as Shape<object>),
  );
}

/** A finding as `JSON.stringify` leaves it: a member that is `undefined` is absent. */
export function isFinding(value: unknown): value is Finding {
  return isRecord(value) && GUARDS.get(value.kind)?.some((guard) => guard(value)) === true;
}
