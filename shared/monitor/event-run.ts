// One run for S3's events: they say which hosts must be looked at, and who changed what. The judge of the schedule judges.
import { type Config, type Host, isIgnored, ownersIn } from '../config/config.ts';
import { type FileName, readFileName, setIdOf, startedAtOf } from '../duplicity/file-name.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Known } from '../messages/author-text.ts';
import { composeNotification } from '../messages/compose-notification.ts';
import { count, quoteName } from '../messages/plain-text.ts';
import { placeOf } from '../rules/fingerprints.ts';
import { MOST_CHANGES, notifiedWithinHour, type Problem } from '../rules/problem.ts';
import { type HostRecords, openHostRecords } from './host-records.ts';
import { judgedAfter } from './judge-fleet.ts';
import { type Budget, judgeHosts } from './judge-hosts.ts';
import { type Channel, NOBODY, notify } from './notify.ts';
import type { ObjectEvent } from './object-event.ts';
import { openRun } from './open-run.ts';
import { isHeldBack, readOperatorPage } from './operator-page.ts';
import { type OwnNews, updateProblems } from './problems.ts';
import { type Dependencies, NO_RECIPIENTS, showOnBoard, watchedFiles } from './scheduled-run.ts';
import { type MonitorState, ranUntil } from './state.ts';

export type EventOutcome = {
  readonly events: number;
  /** Hosts that were judged. */
  readonly judged: number;
  readonly told: number;
  readonly unheard?: string;
};

/**
 * Judges the hosts of which something came that is no ordinary upload, and notifies of what is new. What `budget` does not
 * suffice for is unreadable, and judged again by the next run of the schedule. Throws like `runSchedule`.
 */
export async function runEvents(
  dependencies: Dependencies,
  config: Config,
  events: readonly ObjectEvent[],
  now: Instant,
  ours: Omit<Known, 'hosts'> = {},
  budget?: Budget,
): Promise<EventOutcome> {
  const { records, channels, measure } = dependencies;
  const { hosts, timezone, bucket } = config;
  const ownerOf = ownersIn(hosts);
  const byHost = Map.groupBy(events, (event) => ownerOf(event.bucket, event.key));
  const known = { ...ours, hosts };
  const isKnown = ({ key }: ObjectEvent) => key.endsWith('/') || isIgnored(config.ignore, key);
  const unowned = (byHost.get(undefined) ?? []).filter((event) => !isKnown(event));
  const news = unownedNews(unowned, bucket, now);
  byHost.delete(undefined);
  const memory = openHostRecords(records, hosts.length, now);
  const named = new Map<Host, ObjectEvent[]>();
  for (const [host, own] of byHost) {
    const others = host === undefined ? [] : await withoutOrdinary(host, own, memory);
    if (host !== undefined && others.length > 0) named.set(host, others);
  }
  const outcome = { events: events.length, judged: named.size, told: 0 };
  if (named.size === 0 && news.length === 0) return outcome;

  const [{ opened, reopen }, operator] = await Promise.all([
    openRun(records, config, channels, now),
    readOperatorPage(records),
  ]);
  const changesOf = (host: Host) => [
    ...opened.state.problems.flatMap(({ place, changes }) =>
      place === placeOf(host) ? changes : [],
    ),
    ...(named.get(host) ?? []),
  ];
  const { judged } = await judgeHosts(dependencies, [...named.keys()], {
    ...{ now, budget, timezone, allHosts: hosts, memory, changesOf },
    alsoSetsOf: watchedFiles(opened.state.problems),
    notifiedOn: (host) => opened.state.judged.get(placeOf(host)),
    ranUntil: ranUntil(opened),
  });
  // What is notified of now is no news to the next run of the schedule.
  const judgedToo = (state: MonitorState) => {
    const those = hosts.filter((host) => named.has(host) || state.judged.has(placeOf(host)));
    return judgedAfter({ ...config, hosts: those }, state, judged, now);
  };
  let isNews = false;
  const notifying = notify(records, opened, {
    ...{ run: `events ${now} ${crypto.randomUUID()}`, now, reopen },
    channels: channels.length > 0 ? channels : [NOBODY],
    isHeld: (problem, news, channel) =>
      isFlood(opened.state.problems, problem, channel, now) ||
      isHeldBack(operator, problem, news, config, now),
    change: (state) => {
      const problems = updateProblems(
        state.problems,
        { judged, news, hosts, channels, timezone, closed: state.judged },
        now,
      );
      // Of a backup that is good there is nothing to write down besides its record.
      const isSame = problems.every((problem, index) => problem === state.problems[index]);
      isNews = !isSame || problems.length !== state.problems.length;
      return isNews ? { ...state, problems, judged: judgedToo(state) } : undefined;
    },
    compose: (notices, { problems }, { places }) =>
      composeNotification({
        ...{ bucket, timezone, at: now, notices, known, runbook: config.runbook },
        hostsInConfig: places?.size ?? hosts.length,
        open: problems.filter(
          (one) =>
            places?.has(one.place) !== false && !isHeldBack(operator, one, 'new', config, now),
        ),
      }),
  });
  // The page has it even where a channel refuses it.
  const notified = await notifying.finally(async () => {
    if (!isNews) return;
    await measure?.(judged, now);
    await showOnBoard(records, config, { judged, channels: opened.state.channels }, now);
  });
  if (notified?.message === undefined) return outcome;
  return channels.length === 0 ? { ...outcome, unheard: NO_RECIPIENTS } : { ...outcome, told: 1 };
}

/**
 * Drops what is ordinary: a volume, signatures or parity of a set that the host's record lists as unfinished, or that
 * began after it was listed. Without a record nothing is. Names that duplicity does not write are for the digest.
 */
async function withoutOrdinary(
  host: Host,
  events: readonly ObjectEvent[],
  memory: HostRecords,
): Promise<ObjectEvent[]> {
  const read = events.flatMap((event) => {
    const reading = readFileName(event.key.slice(host.target.prefix.length), host.filePrefix);
    const isName = reading.kind !== 'statistics' && reading.kind !== 'foreign';
    const name =
      reading.kind === 'parity'
        ? { ...reading.name, manifest: false }
        : reading.kind === 'written'
          ? reading.name
          : undefined;
    return isName && name?.partial !== true ? [{ event, name }] : [];
  });
  const mayBeOrdinary = read.some(({ event, name }) => isFileOfSet(event, name));
  const record = mayBeOrdinary ? await memory.recall(host) : undefined;
  const isOrdinary = (name: FileName) =>
    record?.listedAt !== undefined &&
    (record.unfinished.includes(setIdOf(name)) || startedAtOf(name) > record.listedAt);
  return read.flatMap(({ event, name }) =>
    name !== undefined && isFileOfSet(event, name) && isOrdinary(name) ? [] : [event],
  );
}

function isFileOfSet({ what }: ObjectEvent, name: FileName | undefined): boolean {
  return what === 'created' && name !== undefined && !name.manifest;
}

const AT_ONCE = 4;

/**
 * After four notifications about a host within the hour the next run of the schedule tells the rest, all at once: anyone
 * with a host's key could send people a message for each object. The day's digest is the schedule's own.
 */
function isFlood(
  problems: readonly Problem[],
  { kind, host }: Problem,
  { name }: Channel,
  now: Instant,
): boolean {
  if (kind === 'digest') return true;
  const heardAt = problems.flatMap((problem) =>
    problem.host === host ? notifiedWithinHour(problem, name, now) : [],
  );
  return new Set(heardAt).size >= AT_ONCE;
}

/** What was written or removed where no host of the config has its target. */
function unownedNews(events: readonly ObjectEvent[], ours: string, now: Instant): OwnNews[] {
  const byPlace = Map.groupBy(
    events,
    ({ bucket, key, what }) => `${what} ${bucket}/${folderOf(key)}`,
  );
  return [...byPlace].flatMap(([subject, own]): OwnNews[] => {
    const [first] = own;
    if (first === undefined) return [];
    const removed = first.what === 'removed';
    const inside = first.bucket === ours ? '' : ` in the bucket ${quoteName(first.bucket)}`;
    const where = `${quoteName(folderOf(first.key))}${inside}`;
    return [
      {
        ...(removed
          ? { kind: 'unowned', severity: 'critical' }
          : { kind: 'unknown-prefix', severity: 'warning' }),
        place: `${first.bucket}/${folderOf(first.key)}`,
        // Each removal is news; of a prefix that somebody uploads to, the prefix.
        subjects: [removed ? `removed ${first.key} ${first.at}` : subject],
        ...{ since: now, changes: own.slice(0, MOST_CHANGES), changeCount: own.length },
        says: removed
          ? `${count(own.length, 'object')} removed under ${where}, which is of no host in the config`
          : `${count(own.length, 'upload')} under ${where}, which is of no host in the config. Add their host to hosts.yml, or find out who writes there`,
      },
    ];
  });
}

/** The first folder of a key; the key itself where it is in none. */
function folderOf(key: string): string {
  return key.includes('/') ? key.slice(0, key.indexOf('/') + 1) : key;
}
