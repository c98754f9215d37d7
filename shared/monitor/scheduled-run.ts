// One run of the schedule, from the last good one until now: judge, remember, notify.
import type { Config } from '../config/config.ts';
import type { Check } from '../doctor/audit.ts';
import type { Refusals } from '../doctor/channels.ts';
import { type Instant, parseWrittenTime } from '../duplicity/time.ts';
import { composeChannelNews, hasChannelNews } from '../messages/channel-text.ts';
import { composeRun } from '../messages/compose-alert.ts';
import { isTestDue } from '../messages/compose-digest.ts';
import type { Urgency } from '../messages/compose-message.ts';
import {
  type Drills,
  isEscalated,
  type Run,
  reportToJson,
  type Summary,
  summarize,
} from '../messages/report.ts';
import { composeStatusPage } from '../messages/status-page.ts';
import { SKEW } from '../rules/answer.ts';
import { dateIn } from '../rules/window.ts';
import { judgeFleet, windowStatesAfter } from './judge-fleet.ts';
import type { Budget } from './judge-hosts.ts';
import {
  type Channel,
  checkChannels,
  deliverPending,
  pendingFor,
  workingChannels,
} from './notify.ts';
import type { ObjectStore } from './object-store.ts';
import {
  changeRecords,
  openRecords,
  RecordError,
  type RecordStore,
  reportPage,
  STATUS_PAGE,
} from './state.ts';
import { judgeAllHosts, type Workers } from './workers.ts';

/** What a run reaches for. */
export type Dependencies = {
  readonly store: ObjectStore;
  readonly records: RecordStore;
  /** Empty where the config has no recipients: then nobody is notified, and `unheard` gives the reason. */
  readonly channels: readonly Channel[];
};

/** What a run of the schedule needs in addition. */
export type ScheduleDependencies = Dependencies & {
  /** Notifies those who watch the monitor, apart from the channels. */
  readonly ops: Channel;
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
export class ClockError extends Error {
  override readonly name = 'ClockError';

  constructor(until: Instant, now: Instant) {
    const iso = (at: Instant) => new Date(at).toISOString();
    super(
      `the schedule says ${iso(until)} and the clock ${iso(now)}; invoke it with the time that it is`,
    );
  }
}

const PERIOD_MS = 15 * 60_000;
const CAUGHT_UP_MS = 7 * 86_400_000;

/**
 * Judges every window that closed since the last good run, however late or doubled this one is; after an
 * outage at most those of a week. A message is remembered before it is sent, with the window that
 * it is about, so that a run that is killed and run again loses nothing and repeats no window. What `budget` does not
 * suffice for is unreadable.
 * Throws an `AggregateError` when a channel refused, after all were tried, and a `ClockError` when `until` is to come.
 */
export async function runSchedule(
  dependencies: ScheduleDependencies,
  config: Config,
  until: Instant,
  now: Instant,
  budget?: Budget,
): Promise<Outcome> {
  if (until - now > SKEW) throw new ClockError(until, now);
  const { store, records, channels, ops } = dependencies;
  const everybody = [...channels, ops];
  const opened = await openRecords(records, now);
  const judgedUntil = opened.state.judgedUntil ?? until - PERIOD_MS;
  const from = Math.max(judgedUntil, until - CAUGHT_UP_MS);
  if (from >= until) {
    await deliverPending(records, opened, everybody, [], now);
    return { ...summarize([]), told: 'nobody' };
  }

  const tick = { from, until, ...(opened.state.turns && { turns: opened.state.turns }) };
  const times = { until, now, budget, hasRecords: opened.warning === undefined };
  const { lost: forgotten, ...called } = await judgeFleet(store, config, tick, now, {
    judgeHosts: (hosts) => judgeAllHosts(dependencies, config, hosts, times),
    budget,
  });
  const { digest } = called;
  const drills = digest ? await readDrills(records, now) : undefined;
  const channelCheck = await checkChannels(dependencies.judgeChannels, opened, config, {
    until,
    digest,
  });
  const run = {
    ...called,
    test: config.alerts.weeklyTest && isTestDue(called),
    ...(channelCheck === undefined ? {} : { channels: channelCheck }),
    ...(drills === undefined ? {} : { drills }),
  };
  const unkept = digest ? await keepReport(records, run) : undefined;
  const lost = forgotten ?? unkept;
  const checkMessage = composeRun(run, opened.warning ?? lost);
  const message = checkMessage ?? composeChannelNews(run);
  const id = `run ${until}`;
  const notifiesOps =
    run.test || hasChannelNews(channelCheck) || (dependencies.escalates && isEscalated(run));
  const recipients = [
    ...(checkMessage === undefined ? workingChannels(channels, channelCheck) : channels),
    ...(notifiesOps ? [ops] : []),
  ];
  const pending = message === undefined ? [] : [pendingFor(id, message, recipients, now)];
  const kept = await changeRecords(records, opened, now, (state) =>
    (state.judgedUntil ?? from) >= until
      ? undefined
      : {
          ...state,
          // Before `from` nobody has judged: a run that knew no better leaves that to the next one.
          ...(opened.state.judgedUntil === undefined && (state.judgedUntil ?? from) < from
            ? {}
            : { judgedUntil: until, turns: windowStatesAfter(config, tick, run) }),
          pending: [...state.pending, ...pending],
          ...(channelCheck === undefined
            ? {}
            : { paths: { lookedAt: channelCheck.lookedAt, states: channelCheck.states } }),
        },
  );
  // Undefined: another run of the same tick was first, and sends it.
  const after = kept && (await deliverPending(records, kept, everybody, [id], now));
  const refused = [...(after?.state.refusals?.keys() ?? [])];
  const isNotified = kept !== undefined && channels.length > 0;
  return {
    ...summarize(run.report.judgements),
    told: isNotified ? (message?.urgency ?? 'nobody') : 'nobody',
    ...(message === undefined || channels.length > 0 ? {} : { unheard: NO_RECIPIENTS }),
    ...(refused.length === 0 ? {} : { refused }),
    ...(kept?.warning === undefined ? {} : { noMemory: kept.warning }),
    ...(lost === undefined ? {} : { lost }),
  };
}

/**
 * Writes the report of the day and the status page. Returns why that did not work; the messages are sent all the same.
 */
export async function keepReport(records: RecordStore, run: Run): Promise<string | undefined> {
  const { report, timezone } = run;
  const page = reportPage(dateIn(timezone, report.checkedAt));
  try {
    await Promise.all([
      records.replace(page, `${JSON.stringify(reportToJson(report, timezone))}\n`),
      records.replace(STATUS_PAGE, composeStatusPage(run)),
    ]);
    return undefined;
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return `this report is not kept: ${error.message}`;
  }
}

/** `undefined` where the state bucket is out of reach, which other lines of the message report. */
export async function readDrills(records: RecordStore, now: Instant): Promise<Drills | undefined> {
  try {
    return readDrillNames(await records.list(DRILLS), now);
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return undefined;
  }
}

/** All receipts begin so. */
export const DRILLS = 'drills/';

/**
 * The last drills of each host, from `drills/HOST/20261123T081500Z.json` for a restore that was compared and right, and
 * `...Z.failed.json`, `.mismatch.json` or `.uncompared.json` for another; as scripts/restore writes them. Other names,
 * and receipts from the future, count for nothing.
 */
export function readDrillNames(pages: readonly string[], now: number): Drills {
  const drills = new Map<string, { provenAt?: number; failedAt?: number }>();
  for (const page of pages) {
    const [, host, time, result] = NAME.exec(page) ?? [];
    const at = parseWrittenTime(time ?? '');
    if (host === undefined || at === undefined || at > now || result === 'uncompared') continue;
    const known = drills.get(host) ?? {};
    const which = result === undefined ? 'provenAt' : 'failedAt';
    drills.set(host, { ...known, [which]: Math.max(known[which] ?? at, at) });
  }
  return drills;
}

const NAME = /^drills\/([^/]+)\/(\d{8}T\d{6}Z)(?:\.(failed|mismatch|uncompared))?\.json$/;
