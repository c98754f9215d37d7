// What each kind of finding looks like in JSON, member by member.
import {
  type BrokenSeal,
  type Evidence,
  FINDING_KINDS,
  type Finding,
  type FindingKind,
  type OpenedBy,
  type Removal,
  type SetTimes,
  type TamperedSet,
} from '../verdict/finding.ts';
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
const isBrokenSeal = closed<BrokenSeal>({
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
    seals: listOf(isBrokenSeal),
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
