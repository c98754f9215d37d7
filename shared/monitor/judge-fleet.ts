// One tick of the schedule: whose window has closed, what is to be reported, and to whom.
import pMap from 'p-map';
import type { Config, Host } from '../config/config.ts';
import { readFileName } from '../duplicity/file-name.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Report, Run } from '../messages/report.ts';
import type { FindingKind } from '../rules/finding.ts';
import { type Judgement, judge, type Unreadable } from '../rules/judge.ts';
import {
  addDays,
  closedWindow,
  dateIn,
  windowBefore,
  windowOn,
  windowsClosedIn,
} from '../rules/window.ts';
import {
  type Budget,
  checkHosts,
  HOSTS_AT_ONCE,
  type Judged,
  OUT_OF_TIME,
  readTarget,
  whileTimeLasts,
} from './judge-hosts.ts';
import { type ListObjects, type ObjectStore, TargetUnreadableError } from './object-store.ts';
import { dateByHost, hostsByDate, NO_WINDOW_STATES, type WindowStates } from './state.ts';

/** From after the last tick until this one, in milliseconds since 1970; `turns` = what that one left behind. */
export type Tick = {
  readonly from: Instant;
  readonly until: Instant;
  readonly turns?: WindowStates;
};

/** Who judges the hosts, and for how long there is time to look. */
export type TickDependencies = {
  readonly judgeHosts: (hosts: readonly Host[]) => Promise<Judged>;
  readonly budget?: Budget | undefined;
};

// Nothing is known of a host that was not in the config, or of any without a memory.
const LAST_DATE = '9999-12-31';

/**
 * Judges the hosts whose window closed in the tick, those whose grace for a late upload ran out in it, and those that
 * could not be read when they were due. Once a day, at the first due time of the config, every host is judged, for the
 * digest.
 */
export async function judgeFleet(
  store: ObjectStore,
  config: Config,
  tick: Tick,
  now: Instant,
  { judgeHosts, budget }: TickDependencies = {
    judgeHosts: async (hosts) => ({
      judgements: await checkHosts(store, hosts, { now, depth: 'recent' }),
    }),
  },
): Promise<Run & Pick<Judged, 'lost'>> {
  const { unread, judged, late } = tick.turns ?? NO_WINDOW_STATES;
  const judgedOn = dateByHost(judged);
  const digest = isDigestDue(config, tick);
  const due = config.hosts.filter(
    (host) =>
      windowsClosedIn(host, tick.from, tick.until).length > 0 ||
      closedWindow(host, tick.from).date > (judgedOn.get(host.name) ?? LAST_DATE),
  );
  const lateOn = late && dateByHost(late);
  const outOfGrace = config.hosts.filter((host) => {
    if (lateOn === undefined) return graceEndedIn(host, tick);
    const date = lateOn.get(host.name);
    return date !== undefined && isGraceOver(host, date, tick.until);
  });
  const unreadableNames = new Set(unread);
  const left = config.hosts.filter(({ name }) => unreadableNames.has(name));
  const hosts = digest ? config.hosts : [...new Set([...due, ...outOfGrace, ...left])];
  const { judgements, lost } = await judgeHosts(hosts);

  const reported = new Set(due.map(({ name }) => name));
  const mayBeLate = new Set(outOfGrace);
  const isNews = async (judgement: Judgement): Promise<boolean> => {
    if (unreadableNames.has(judgement.host.name)) return !has(judgement, 'unreadable');
    if (!mayBeLate.has(judgement.host) || judgement.answer !== undefined) return false;
    // Without a memory, what the host looked like when it was due must do.
    if (lateOn !== undefined) return true;
    return whileTimeLasts(
      budget,
      () => wasLate(store, judgement),
      () => true,
    );
  };
  await pMap(
    judgements.filter(({ host }) => !reported.has(host.name)),
    async (judgement) => {
      if (await isNews(judgement)) reported.add(judgement.host.name);
    },
    { concurrency: HOSTS_AT_ONCE },
  );
  const unknownPrefixes = digest
    ? await whileTimeLasts(
        budget,
        () => findUnknownPrefixes(store.list, config),
        () => OUT_OF_TIME,
      )
    : { prefixes: [], foreignObjects: 0 };
  return {
    report: reportOf(config.bucket, judgements, unknownPrefixes, now),
    due: reported,
    digest,
    hostsInConfig: config.hosts.length,
    timezone: config.timezone,
    lost,
  };
}

/** Once for each day, when its first window closes; one that another config moves back is made up for at once. */
function isDigestDue(config: Config, { from, until, turns }: Tick): boolean {
  return newestDay(config, until) > (turns?.digest ?? newestDay(config, from));
}

/** The newest date of which a window has closed, by the config's own calendar; `''` for a config of no hosts. */
function newestDay({ hosts, timezone }: Config, at: Instant): string {
  const today = dateIn(timezone, at);
  const days = [addDays(today, -1), today, addDays(today, 1)];
  const hasClosed = (date: string) =>
    hosts.some((host) => (windowOn(host, date)?.dueAt ?? Number.POSITIVE_INFINITY) <= at);
  return days.findLast(hasClosed) ?? '';
}

/** For the hosts that were late on that date: from `hardDue` on, by the config as it is now. */
function isGraceOver(host: Host, lateOn: string, until: Instant): boolean {
  const window = closedWindow(host, until);
  return window.date !== lateOn || window.hardDueAt <= until;
}

function graceEndedIn(host: Host, { from, until }: Tick): boolean {
  const closed = closedWindow(host, until);
  return [closed, windowBefore(host, closed)].some(
    ({ hardDueAt }) => hardDueAt > from && hardDueAt <= until,
  );
}

/** At its due time this host was still uploading, so nothing was reported then; or that cannot be known. */
async function wasLate(store: ObjectStore, judgement: Judgement): Promise<boolean> {
  const { host, window } = judgement;
  if (has(judgement, 'unreadable')) return true;
  const { collection } = await readTarget(store, host, { now: window.dueAt, depth: 'recent' });
  const then = judge(host, collection, window.dueAt);
  return has(then, 'late') || has(then, 'unreadable');
}

function has({ findings }: Judgement, kind: FindingKind): boolean {
  return findings.some((finding) => finding.kind === kind);
}

/** What this tick leaves behind for the next one. */
export function windowStatesAfter(
  config: Config,
  { until, turns = NO_WINDOW_STATES }: Tick,
  run: Run,
): WindowStates {
  const reported = new Set([...run.due, ...turns.unread]);
  const open = run.report.judgements.filter(({ host }) => reported.has(host.name));
  const lateNow = open.filter((judgement) => has(judgement, 'late'));
  const lateOn = dateByHost(turns.late ?? []);
  const inGrace = config.hosts.flatMap((host) => {
    const date = lateOn.get(host.name);
    return date === undefined || isGraceOver(host, date, until) ? [] : [[host.name, date] as const];
  });
  return {
    unread: open.filter((judgement) => has(judgement, 'unreadable')).map(({ host }) => host.name),
    judged: hostsByDate(config.hosts.map((host) => [host.name, closedWindow(host, until).date])),
    late: hostsByDate([
      ...inGrace,
      ...lateNow.map(({ host, window }) => [host.name, window.date] as const),
    ]),
    digest: [turns.digest ?? '', newestDay(config, until)].reduce((a, b) => (a > b ? a : b)),
  };
}

/** `prefixes` without their last slash, sorted; `foreignObjects` outside of every host's target. */
export type UnknownPrefixes = {
  readonly prefixes: readonly string[];
  readonly foreignObjects: number;
};

const PREFIXES_OPENED = 100;

/**
 * Finds the prefixes that hold objects and are of no host in the config. At most 100 unknown prefixes are looked
 * into; one that was not is named by its first folder.
 */
export async function findUnknownPrefixes(
  list: ListObjects,
  config: Config,
): Promise<UnknownPrefixes | Unreadable> {
  const { bucket } = config;
  const targets = config.hosts
    .filter(({ target }) => target.bucket === bucket)
    .map(({ target }) => target.prefix);
  if (targets.includes('')) return { prefixes: [], foreignObjects: 0 };
  const known = new Set(targets);
  const parents = new Set(targets.flatMap(foldersAbove));

  const found = new Set<string>();
  const unknown: string[] = [];
  let foreignObjects = 0;
  try {
    for (const folder of ['', ...parents]) {
      const { objects, prefixes } = await list({ bucket, prefix: folder, delimiter: '/' });
      foreignObjects += objects.length;
      for (const one of prefixes) if (!known.has(one) && !parents.has(one)) unknown.push(one);
    }
    // What lies inside of one is put behind the others while they are gone through.
    for (const [opened, folder] of unknown.entries()) {
      if (opened >= PREFIXES_OPENED) {
        found.add(folder);
        continue;
      }
      const inside = await list({ bucket, prefix: folder, delimiter: '/', onePage: true });
      foreignObjects += inside.objects.filter(({ key }) => isForeign(key, folder)).length;
      if (inside.objects.length > 0 || inside.prefixes.length === 0) found.add(folder);
      for (const one of inside.prefixes) unknown.push(one);
    }
  } catch (error) {
    if (!(error instanceof TargetUnreadableError)) throw error;
    return { unreadable: error.message, hint: error.hint };
  }
  return { prefixes: [...found].map((one) => one.replace(/\/$/, '')).sort(), foreignObjects };
}

/** `eu/prod/web/` lies in `eu/` and `eu/prod/`. */
function foldersAbove(prefix: string): string[] {
  const parts = prefix.split('/').slice(0, -2);
  return parts.map((_, depth) => `${parts.slice(0, depth + 1).join('/')}/`);
}

function isForeign(key: string, folder: string): boolean {
  const { kind } = readFileName(key.slice(folder.length));
  return kind === 'foreign' || kind === 'tolerated';
}

export function reportOf(
  bucket: string,
  judgements: readonly Judgement[],
  unknownPrefixes: UnknownPrefixes | Unreadable,
  checkedAt: Instant,
): Report {
  const inTargets = judgements
    .flatMap(({ findings }) => findings)
    .reduce((sum, finding) => sum + (finding.kind === 'foreign' ? finding.count : 0), 0);
  if ('unreadable' in unknownPrefixes) {
    const unsearched = `${unknownPrefixes.unreadable}; ${unknownPrefixes.hint}`;
    return {
      checkedAt,
      bucket,
      judgements,
      unknownHosts: [],
      foreignObjects: inTargets,
      unsearched,
    };
  }
  const foreignObjects = inTargets + unknownPrefixes.foreignObjects;
  return { checkedAt, bucket, judgements, unknownHosts: unknownPrefixes.prefixes, foreignObjects };
}
