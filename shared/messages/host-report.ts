// One host's entry in a report, JSON version 1: what was found, with its words. Every message is composed from it.

import * as v from 'valibot';
import type { Host } from '../config/config.ts';
import { finite, maybe, texts } from '../config/json.ts';
import type { BackupSet } from '../duplicity/backup-set.ts';
import { DAY, type Instant } from '../duplicity/time.ts';
import { type Assessment, mayAnswer } from '../rules/assessment.ts';
import {
  CAUSE_OF,
  type Change,
  FINDING_KINDS,
  type Finding,
  SEVERITIES,
  worstSeverity,
} from '../rules/finding.ts';
import type { Judgement } from '../rules/judge.ts';
import { wallClock } from '../rules/window.ts';
import { describeFinding, nextStep, subjectsOf } from './finding-text.ts';
import { formatLastGood } from './loss-text.ts';
import { formatTime } from './plain-text.ts';

// Years that any calendar can show, and duplicity's own clock too.
const [FROM, UNTIL] = [Date.UTC(2000, 0), Date.UTC(2100, 0)];
/** An instant as it stands in JSON. */
export const isoInstant = v.pipe(
  v.string(),
  v.check((text) => Date.parse(text) >= FROM && Date.parse(text) < UNTIL),
);

const reportedSet = v.looseObject({
  ...{ startedAt: isoInstant, completedAt: v.nullish(isoInstant) },
  ...{ volumes: v.nullish(finite), bytes: finite },
});
/** A backup set as a report shows it; `volumes` is `null` where they were not listed. */
type ReportedSet = v.InferOutput<typeof reportedSet>;

const reportedFinding = v.looseObject({
  ...{ kind: v.picklist(FINDING_KINDS), severity: v.picklist(SEVERITIES) },
  message: v.string(),
  /** The command or the step that comes next. */
  step: v.exactOptional(v.string()),
  /** What it is about: windows, sets or names. One that was not there before is news. */
  subjects: v.optional(texts, []),
  windowsMissed: v.exactOptional(finite),
  isFirst: v.exactOptional(v.boolean()),
  untold: v.exactOptional(v.nullable(v.union([v.string(), texts]))),
  count: v.exactOptional(finite),
});
/** A finding with its words; the other members are its evidence. */
export type ReportedFinding = v.InferOutput<typeof reportedFinding>;

const dates = v.pipe(texts, v.readonly());
/** What a change has besides its time. */
export const changeParts = {
  ...{ what: v.picklist(['created', 'removed']), key: v.string() },
  left: v.picklist(['marker', 'version', 'unknown']),
  ...{ principal: maybe(v.string()), address: maybe(v.string()) },
};

/** Reports of before hold fewer members: what is optional here is absent there. */
export const hostReport = v.object({
  ...{ host: v.string(), target: v.optional(v.string(), '') },
  verdict: v.picklist(['ok', ...FINDING_KINDS]),
  judgedAt: v.exactOptional(isoInstant),
  window: v.exactOptional(
    v.object({ date: v.exactOptional(v.string()), opensAt: isoInstant, dueAt: isoInstant }),
  ),
  findings: v.array(reportedFinding),
  ...{ answer: v.nullish(reportedSet, null), answeredAt: v.exactOptional(isoInstant) },
  lastGood: v.nullish(reportedSet, null),
  /** When lifecycle hides it, as far as that is known. */
  expiresAt: v.exactOptional(isoInstant),
  /** `Last good copy: ...`, and when this host's backups usually come. */
  ...{ lastGoodText: v.exactOptional(v.string()), rhythm: v.exactOptional(v.string()) },
  sets: v.optional(v.array(v.looseObject({})), []),
  /** Windows in a row without a good full, this one included. */
  windowsMissed: v.optional(finite, 0),
  /** Who changed what, where it was found in an upload or a removal, and where the target cannot be read. */
  changes: v.optional(v.array(v.object({ ...changeParts, at: isoInstant })), []),
  /** Windows that closed unseen before this one: without a good full, and those of which it is not known any more. */
  unseen: v.exactOptional(v.pipe(v.object({ missed: dates, unknown: dates }), v.readonly())),
  next: v.exactOptional(
    v.object({
      ...{ opensAt: isoInstant, dueAt: isoInstant },
      state: v.picklist(['done', 'uploading', 'not yet']),
      isClear: v.optional(v.boolean(), true),
    }),
  ),
});
/** One host's entry in a report. Instants are ISO texts; texts are ASCII, with hostile names escaped. */
export type HostReport = v.InferOutput<typeof hostReport>;

/** A host, and how it was judged. */
export type JudgedHost = { readonly host: Host; readonly report: HostReport };

/** What a judgement says, as docs/how-it-judges.md describes it; `timezone` is that of the times in its words. */
export function reportHost(
  judgement: Judgement,
  timezone: string,
  changes: readonly Change[] = [],
): HostReport {
  const { host, window, answer, answeredAt, lastGood, expiresAt, next, assessments } = judgement;
  const reportedOf = (set: BackupSet | undefined) => {
    const assessment = assessments.find((one) => one.set === set);
    return assessment === undefined ? null : reportSet(assessment);
  };
  const worst = judgement.findings[0]?.kind;
  const hasAuthor = judgement.findings.some(({ kind, severity }) =>
    severity === 'critical'
      ? kind === 'unreadable' || CAUSE_OF[kind] === 'upload'
      : severity === 'warning' && kind === 'copied',
  );
  const lastGoodText = formatLastGood(judgement, timezone);
  return {
    host: host.name,
    target: `s3://${host.target.bucket}/${host.target.prefix}`,
    verdict: judgement.verdict,
    judgedAt: iso(judgement.at),
    window: { date: window.date, opensAt: iso(window.opensAt), dueAt: iso(window.dueAt) },
    findings: judgement.findings.map((finding) => reportFinding(finding, judgement, timezone)),
    answer: reportedOf(answer),
    ...(answeredAt !== undefined && { answeredAt: iso(answeredAt) }),
    lastGood: reportedOf(lastGood),
    ...(expiresAt !== undefined && { expiresAt: iso(expiresAt) }),
    ...(lastGoodText !== undefined && { lastGoodText }),
    ...(worst === 'missing' && { rhythm: formatRhythm(judgement, timezone) }),
    sets: assessments.map(reportSet),
    windowsMissed: judgement.windowsMissed,
    ...(judgement.unseen !== undefined && { unseen: judgement.unseen }),
    changes: hasAuthor ? changes.map((one) => ({ ...one, at: iso(one.at) })) : [],
    ...(next !== undefined && {
      next: {
        ...{ opensAt: iso(next.window.opensAt), dueAt: iso(next.window.dueAt) },
        ...{ state: next.state, isClear: next.isClear },
      },
    }),
  };
}

function reportFinding(finding: Finding, judgement: Judgement, zone: string): ReportedFinding {
  const { kind, severity, ...evidence } = finding;
  const step = nextStep(finding, judgement);
  return {
    ...{ kind, severity, message: describeFinding(finding, judgement, zone) },
    ...(step !== undefined && { step }),
    subjects: subjectsOf(finding, judgement),
    ...evidenceToJson(evidence),
  };
}

/** Instants become ISO texts by their names: `...At`, also inside lists. */
function evidenceToJson(evidence: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(evidence).map(([key, value]) => {
      if (Array.isArray(value)) {
        return [key, value.map((one) => (typeof one === 'object' ? evidenceToJson(one) : one))];
      }
      return [key, key.endsWith('At') && typeof value === 'number' ? iso(value) : (value ?? null)];
    }),
  );
}

/** `null` for what a listing without the volumes cannot know. */
function reportSet({ set, good, complete, completedAt }: Assessment): ReportedSet {
  const { volumes, manifest } = set;
  return {
    type: set.type,
    startedAt: iso(set.startedAt),
    completedAt: completedAt === undefined ? null : iso(completedAt),
    complete: complete ?? null,
    good,
    volumes: volumes?.count ?? null,
    missingVolumes: volumes?.missing ?? [],
    hasManifest: manifest !== undefined,
    hasSignatures: set.hasSignatures,
    bytes: set.bytes,
    encrypted: set.encrypted,
    ...(set.basedOn === undefined ? {} : { basedOn: iso(set.basedOn) }),
  };
}

/** Whole seconds without a fraction, as duplicity and S3 count them. */
export function iso(at: Instant): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

/** A host that somebody must see to now. */
export function hasFailed({ findings }: Pick<HostReport, 'findings'>): boolean {
  return worstSeverity(findings) === 'critical';
}

/** The backup that answers for the window was done after it was due. */
export function isLate({ answeredAt, window }: HostReport): boolean {
  return answeredAt !== undefined && window !== undefined && answeredAt > window.dueAt;
}

/** `This window: nothing was uploaded. The last 6 backups began 02:00-02:05 and were done by 02:20.` */
function formatRhythm(judgement: Judgement, zone: string): string {
  const came = isQuiet(judgement) ? 'nothing was uploaded' : 'files came, and no backup of it';
  const rhythm = rhythmOf(judgement);
  if (rhythm === undefined) return `This window: ${came}.`;
  const [from, until] = [rhythm.beganFrom, rhythm.beganUntil].map((at) => formatTime(at, zone));
  const began = from === until ? `at ${from}` : `${from}-${until}`;
  return `This window: ${came}. The last ${rhythm.backups} backups began ${began} and were done by ${formatTime(rhythm.doneBy, zone)}.`;
}

/** Of the last backups that were done within a day: only the time of day of each of the three instants counts. */
export type Rhythm = {
  readonly backups: number;
  /** The earliest and the latest begin, by the host's clock. */
  readonly beganFrom: Instant;
  readonly beganUntil: Instant;
  /** The latest end, by S3's clock. */
  readonly doneBy: Instant;
};

const FEWEST = 3;
const MOST = 7;

/** Counted from the time of day at which the window opens, so that midnight may lie among them. */
export function rhythmOf({ assessments, host, window }: Judgement): Rhythm | undefined {
  const { timezone } = host;
  const opensAt = wallClock(window.opensAt, timezone);
  const runs = assessments
    .filter(({ set, complete }) => mayAnswer(host, set) && complete !== false)
    .flatMap(({ set: { startedAt, manifest } }) => {
      const doneAt = manifest?.writtenAt ?? Number.POSITIVE_INFINITY;
      if (doneAt < startedAt || doneAt - startedAt >= DAY) return [];
      const began = (((wallClock(startedAt, timezone) - opensAt) % DAY) + DAY) % DAY;
      return [{ startedAt, began, doneAt, ended: began + doneAt - startedAt }];
    })
    .slice(-MOST);
  const byBegin = runs.toSorted((a, b) => a.began - b.began);
  const [first] = byBegin;
  const last = byBegin.at(-1);
  const slowest = runs.toSorted((a, b) => a.ended - b.ended).at(-1);
  if (!first || !last || !slowest || runs.length < FEWEST) return undefined;
  return {
    backups: runs.length,
    beganFrom: first.startedAt,
    beganUntil: last.startedAt,
    doneBy: slowest.doneAt,
  };
}

/** True when nothing at all that duplicity writes came since the window opened. */
export function isQuiet({ sets, window, findings }: Judgement): boolean {
  const spelledWrong = findings.some(({ kind }) => kind === 'poisoned');
  return (
    !spelledWrong &&
    sets.every(
      ({ startedAt, lastWriteAt }) => startedAt < window.opensAt && lastWriteAt < window.opensAt,
    )
  );
}
