// One run of the schedule, from the last good one until now: judge, remember, notify.
import type { Config, Host } from '../config/config.ts';
import type { Check } from '../doctor/audit.ts';
import type { Refusals } from '../doctor/channels.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Known } from '../messages/author-text.ts';
import { digestFor, isDigestSent, isOfMonday } from '../messages/compose-digest.ts';
import { composeNotification } from '../messages/compose-notification.ts';
import { type HostReport, hasFailed, type JudgedHost } from '../messages/host-report.ts';
import type { Urgency } from '../messages/message-tree.ts';
import type { Notice } from '../messages/problem-text.ts';
import {
  type Digest,
  DRILLS,
  parseReport,
  readDrillNames,
  reportToJson,
  type Summary,
  summarize,
} from '../messages/report.ts';
import { SKEW } from '../rules/assessment.ts';
import { placeOf } from '../rules/fingerprints.ts';
import { isNewsToNobody, type Problem } from '../rules/problem.ts';
import { dateIn } from '../rules/window.ts';
import {
  daysOfDigest,
  dueHosts,
  hostsOutOfGrace,
  judgeConfig,
  judgedAfter,
  newestDay,
  type Workers,
} from './judge-fleet.ts';
import { type Budget, OUT_OF_TIME, whileTimeLasts } from './judge-hosts.ts';
import {
  type Channel,
  channelNews,
  checkChannels,
  NOBODY,
  notify,
  opsChannels,
  withoutDeadMailboxes,
} from './notify.ts';
import type { ObjectStore } from './object-store.ts';
import { memoryNews, missedRuns, openRun } from './open-run.ts';
import { isHeldBack, NO_ENTRIES, operatorNews, readOperatorPage } from './operator-page.ts';
import { type OwnNews, updateProblems } from './problems.ts';
import { ifInReach, RecordError, type RecordStore, ranUntil, reportPage } from './state.ts';
import { findUnknownPrefixes, reportOf } from './unknown-prefixes.ts';

/** What a run reaches for. */
export type Dependencies = {
  readonly store: ObjectStore;
  readonly records: RecordStore;
  /** Empty where the config has no recipients: then nobody is notified, and `unheard` gives the reason. */
  readonly channels: readonly Channel[];
  /** Sends what was judged on as metrics, where the config asks for that. */
  readonly measure?: (judged: readonly JudgedHost[], at: Instant) => Promise<void>;
};

/** What a run of the schedule needs in addition. */
export type ScheduleDependencies = Dependencies & {
  /** Notifies those who watch the monitor, apart from the channels. */
  readonly ops: readonly Channel[];
  /** Those are other people than the channels reach, so a second missed window is notified to them too. */
  readonly escalates: boolean;
  /** Judges the channels; of some only `refusals` are known. What cannot be checked is `unknown`, and never thrown. */
  readonly judgeChannels: (refusals: Refusals) => Promise<readonly Check[]>;
  /** Judge what one run cannot hold; only where the config is that big. */
  readonly workers?: Workers | undefined;
};

export type Outcome = Summary & {
  readonly told: Urgency | 'nobody';
  /** Why there was a message and nobody to notify. */
  readonly unheard?: string;
  /** The channels that take no message, and which the others report. */
  readonly refused?: readonly string[];
  /** Why nothing is remembered of this run. */
  readonly noMemory?: string;
  /** What of it, or of earlier runs, is not in the state bucket. */
  readonly lost?: string;
};

/** The reason when there was a message and no channel for it. */
export const NO_RECIPIENTS =
  'nobody is notified: hosts.yml has no recipients, or says alerts: none';

/** The clock is behind the schedule: by it the windows of this tick are still open, and would be judged too early. */
class ClockError extends Error {
  override readonly name = 'ClockError';

  constructor(until: Instant, now: Instant) {
    const iso = (at: Instant) => new Date(at).toISOString();
    super(
      `the schedule says ${iso(until)} and the clock ${iso(now)}; invoke it with the time that it is`,
    );
  }
}

const PERIOD_MS = 15 * 60_000;

/**
 * Judges every window that closed and was not judged, however late or doubled this run is. What is found is remembered
 * before it is sent, so that a run that is killed and run again loses nothing. What `budget` does not suffice for is
 * unreadable. `ours` is what events call the stack's own account and break-glass role. Throws an `AggregateError` when a
 * channel refused, after all were tried, and a `ClockError` when `until` is to come.
 */
export async function runSchedule(
  dependencies: ScheduleDependencies,
  config: Config,
  until: Instant,
  now: Instant,
  budget?: Budget,
  ours: Omit<Known, 'hosts'> = {},
): Promise<Outcome> {
  if (until - now > SKEW) throw new ClockError(until, now);
  const { records, channels, ops } = dependencies;
  const { hosts, timezone, bucket, alerts } = config;
  const { opened, reopen } = await openRun(records, config, channels, now);
  const { state } = opened;
  const tick = { from: Math.min(state.judgedUntil ?? until - PERIOD_MS, until), until };
  const days = daysOfDigest(config, state, tick);
  const isDue = days.length > 0;
  const asked = new Set(isDue ? hosts : dueHosts(config, state, tick));
  // Without a memory nobody knows which hosts were late: those that are incomplete when their grace is over.
  const hasMemory = opened.warning === undefined;
  const perhaps = hasMemory ? [] : hostsOutOfGrace(config, tick);
  const due = [...new Set([...asked, ...perhaps])];
  const judging = {
    ...{ until, now, budget, timezone, alsoSetsOf: watchedFiles(state.problems) },
    notifiedOn: (host: Host) => state.judged.get(placeOf(host)),
    ranUntil: ranUntil(opened),
  };
  const { judged, lost: forgotten } = await judgeConfig(
    dependencies,
    config,
    due,
    judging,
    hasMemory,
  );
  const reports = judged.map(({ report }) => report);
  const look = await checkChannels(dependencies.judgeChannels, opened, { until, digest: isDue });
  const digest = isDue
    ? { ...(await makeDigest(dependencies, config, reports, days, now, budget)), channels: look }
    : undefined;
  const unkept = digest && (await keepReport(records, digest));
  await dependencies.measure?.(judged, now);
  // With each look at the channels page and metrics are new: their age says that somebody watches.
  const isSame = judged.length === 0 && look?.lookedAt === state.channels?.lookedAt;
  const { lost: boardLost, ...board } = isSame
    ? { lost: undefined }
    : await showOnBoard(records, config, { judged, channels: look, digest }, now);
  const told = digest
    ? { ...digest, ...board }
    : await storedDigest(dependencies, config, state.problems, reports);
  const lost = forgotten ?? unkept ?? boardLost;
  const isIdle = due.length === 0 && state.problems.every((one) => isNewsToNobody(one, channels));
  const operator = isIdle ? NO_ENTRIES : await readOperatorPage(records);
  const damage = opened.damage ?? opened.warning ?? lost ?? operator.damage;
  const news: OwnNews[] = [
    ...(damage === undefined ? [] : [memoryNews(damage, now)]),
    ...missedRuns(state.judgedUntil, until, timezone),
    ...channelNews(state, look, config),
    ...operatorNews(operator, config, state.problems, now),
    ...(digest && isDigestSent(alerts, digest, days, damage === undefined)
      ? [digestNews(newestDay(config, until), digest, [...channels, ...ops])]
      : []),
  ];
  const notified = await notify(records, opened, {
    ...{ run: `run ${until} ${crypto.randomUUID()}`, now, reopen },
    channels: [
      ...(channels.length > 0 ? withoutDeadMailboxes(channels, look) : [NOBODY]),
      ...opsChannels(dependencies, told?.test === true),
    ],
    isHeld: (problem, news) => isHeldBack(operator, problem, news, config, now),
    change: (before) => ({
      ...before,
      // Without a memory a run did not know who was due, nor which digest.
      judgedUntil: hasMemory
        ? Math.max(before.judgedUntil ?? until, until)
        : (before.judgedUntil ?? until),
      judged: judgedAfter(config, before, judged, until),
      digestOn:
        hasMemory || isDue
          ? [before.digestOn ?? '', newestDay(config, until)].reduce((a, b) => (a > b ? a : b))
          : before.digestOn,
      channels: look,
      problems: updateProblems(
        before.problems,
        {
          judged: judged.filter(
            ({ host, report }) => asked.has(host) || report.verdict === 'incomplete',
          ),
          ...{ news, hosts, channels, timezone, closed: before.judged },
        },
        now,
      ),
    }),
    compose: (notices, { problems }, { places }) => {
      const isFor = (place: string) => places?.has(place) !== false;
      const own = hosts.filter((host) => isFor(placeOf(host)));
      const inForce = operatorNews(operator, { ...config, hosts: own }, problems, now);
      const muted = inForce.map(({ says }) => says);
      const isDigest = ({ problem }: Notice) => problem.kind === 'digest';
      const names = new Set(own.map(({ name }) => name));
      const part = places === undefined ? told : told && digestFor(told, names);
      return composeNotification({
        ...{ bucket, timezone, at: now, hostsInConfig: own.length },
        open: problems.filter(
          (one) => isFor(one.place) && !isHeldBack(operator, one, 'new', config, now),
        ),
        known: { ...ours, hosts },
        runbook: config.runbook,
        notices: notices.filter((one) => !isDigest(one)),
        digest: part && notices.some(isDigest) ? { ...part, muted } : undefined,
      });
    },
  });
  const refused = [...(notified?.kept.state.refusals.keys() ?? [])];
  const isUnheard = channels.length === 0 && (digest !== undefined || reports.some(hasFailed));
  return {
    ...summarize(reports),
    told: channels.length > 0 ? (notified?.message?.urgency ?? 'nobody') : 'nobody',
    ...(isUnheard ? { unheard: NO_RECIPIENTS } : {}),
    ...(refused.length === 0 ? {} : { refused }),
    ...(notified?.kept.warning === undefined ? {} : { noMemory: notified.kept.warning }),
    ...(lost === undefined ? {} : { lost }),
  };
}

/** Loaded when it is due: once an hour, and where a host was judged. */
export async function showOnBoard(...news: Parameters<typeof import('./keep-board.ts').keepBoard>) {
  const { keepBoard } = await import('./keep-board.ts');
  return keepBoard(...news);
}

/** The sets of open problems are looked at by every run: they may be older than those that it would look at. */
export function watchedFiles(problems: readonly Problem[]): (host: Host) => readonly string[] {
  const byPlace = Map.groupBy(
    problems.filter(({ over, files }) => over === undefined && files.length > 0),
    ({ place }) => place,
  );
  return (host) => (byPlace.get(placeOf(host)) ?? []).flatMap(({ files }) => files);
}

/** Channels that refused it get it later, from its report. */
function digestNews(date: string, digest: Digest, channels: readonly Channel[]): OwnNews {
  const says = `the digest of ${date}`;
  const details = [pageOf(digest), ...(digest.test ? [TEST] : [])];
  const files = channels.map(({ name }) => name);
  return { kind: 'digest', severity: 'info', subjects: [date], says, details, files };
}

const TEST = 'the weekly test';

function pageOf({ report, timezone }: Digest): string {
  return reportPage(dateIn(timezone, report.checkedAt));
}

async function makeDigest(
  { store, records }: ScheduleDependencies,
  config: Config,
  reports: readonly HostReport[],
  days: readonly string[],
  now: Instant,
  budget: Budget | undefined,
): Promise<Digest> {
  const unknown = await whileTimeLasts(
    budget,
    () => findUnknownPrefixes(store.list, config),
    () => OUT_OF_TIME,
  );
  const { timezone, hosts, alerts } = config;
  // Where the state bucket is out of reach, other lines of the message report it.
  const drills = await ifInReach(async () =>
    readDrillNames(await records.list(DRILLS), now, hosts),
  );
  return {
    report: reportOf(config.bucket, reports, unknown, now),
    ...{ hostsInConfig: hosts.length, timezone },
    drills,
    ...(config.restoreProofDays && { restoreProofDays: config.restoreProofDays }),
    ...(alerts.digest && { rhythm: alerts.digest }),
    test: alerts.weeklyTest && isOfMonday(days),
  };
}

/** The digest that a channel refused, as its report was kept; of the hosts that this run judged, what they are now. */
async function storedDigest(
  { records, channels }: ScheduleDependencies,
  { hosts, timezone, alerts }: Config,
  problems: readonly Problem[],
  reports: readonly HostReport[],
): Promise<Digest | undefined> {
  const problem = problems.find(({ kind }) => kind === 'digest');
  const [page, ...marks] = problem?.details ?? [];
  if (page === undefined || (problem !== undefined && isNewsToNobody(problem, channels)))
    return undefined;
  const report = await ifInReach(async () => parseReport((await records.read(page)).text ?? ''));
  if (report === undefined) return undefined;
  const now = new Map(reports.map((one) => [one.host, one]));
  // What failed since stands above it, and is not called well below.
  const isOpen = (name: string) =>
    problems.some(({ host, over, severity }) => host === name && !over && severity !== 'info');
  const rows = report.hosts.flatMap(
    (one) => now.get(one.host) ?? (one.verdict === 'ok' && isOpen(one.host) ? [] : one),
  );
  const checkedAt = Date.parse(report.checkedAt);
  return {
    report: { ...report, hosts: rows, checkedAt },
    ...{ hostsInConfig: hosts.length, timezone: report.timezone ?? timezone },
    test: alerts.weeklyTest && marks.includes(TEST),
  };
}

/** Writes the report of the day. Answers why that did not work; it is never a reason not to notify. */
async function keepReport(records: RecordStore, digest: Digest): Promise<string | undefined> {
  const { report, timezone } = digest;
  try {
    await records.replace(pageOf(digest), `${JSON.stringify(reportToJson(report, timezone))}\n`);
    return undefined;
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return `this report is not kept: ${error.message}`;
  }
}
