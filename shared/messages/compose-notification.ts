// What is news to a channel -> one message: who failed, why, what to do now, and what is over.
import { isOwn, type Problem, problemId } from '../rules/problem.ts';
import { composeWhoIs } from './author-text.ts';
import { composeDigest, composeTestSms, isWarned } from './compose-digest.ts';
import {
  composeFailedHead,
  composeGoodHead,
  composeMessage,
  countByKind,
  formatBad,
  formatKind,
  type Head,
  MANY,
  SMS_BOUND,
  splitTampered,
} from './compose-message.ts';
import type { Block, Item, Message, Row, Tone, Urgency } from './message-tree.ts';
import { count, formatInstant, formatMoment, toAscii } from './plain-text.ts';
import {
  type About,
  type BadHost,
  composeBadHost,
  composeChanges,
  composeShared,
  eventsOf,
  formatAuthor,
  groupByHost,
  labelOf,
  type Notice,
  namedInBox,
  sectionOf,
  sharedCauses,
  stepOf,
  toneOf,
} from './problem-text.ts';
import type { Digest } from './report.ts';

/** What one message is made of. */
export type Notification = About & {
  readonly bucket: string;
  readonly hostsInConfig: number;
  readonly notices: readonly Notice[];
  /** Every problem that is open, notified before or not. */
  readonly open: readonly Problem[];
  readonly digest?: Digest | undefined;
};

/** The message; `undefined` when there is nothing to send. */
export function composeNotification(notification: Notification): Message | undefined {
  const { digest, at, timezone, bucket, notices, open, runbook } = notification;
  const sorted = sortNotices(notification);
  if (notices.length === 0 && digest === undefined) return undefined;
  const { banner, subject, tone } = composeHead(sorted, notification);
  const failed = digest === undefined ? sorted.failed : sorted.failing;
  return composeMessage({
    subject,
    blocks: [
      {
        ...{ kind: 'banner', tone, text: toAscii(banner) },
        below: `${formatMoment(at, timezone)} - bucket ${bucket}`,
      },
      ...sorted.own
        .filter(({ kind }) => WARNINGS.includes(kind))
        .map(({ says }): Block => ({ kind: 'note', text: `WARNING: ${toAscii(says)}.` })),
      ...composeFailed(failed, notification),
      ...composeBelow(sorted, notification),
    ],
    smsLine: composeSms(sorted, notification),
    severity: severityOf(sorted, digest),
    urgency: urgencyOf(sorted, digest),
    events: eventsOf(notices, open, [...sorted.failed, ...sorted.failing], runbook),
  });
}

/** What comes after the hosts that failed. */
function composeBelow(sorted: Sorted, notification: Notification): Block[] {
  const { digest, at } = notification;
  const { failed, warnings, over, own } = sorted;
  // A digest has the warnings as of its report; one that a channel refused, and hears later, not those since.
  const isNoted = digest?.report.checkedAt === at;
  const warned = isNoted ? [] : groupByHost(warnings);
  // What the digest lists is not said twice in one message.
  const named = own.filter(({ kind, says }) =>
    kind === 'muted'
      ? digest?.muted?.includes(says) !== true
      : kind !== 'channel' || digest?.channels === undefined,
  );
  return [
    ...(digest === undefined ? composeToldBefore(sorted) : []),
    ...(warned.length < MANY
      ? warned.flatMap((one) => composeBadHost(one, notification))
      : [tableOf(`${warned.length} hosts with warnings:`, warned.map(rowOf))]),
    ...composeItems(over.map(itemOfOver), 'over'),
    ...composeOwn(named, notification),
    ...(digest === undefined ? [] : composeDigest(digest, failed.length > 0, notification.runbook)),
  ];
}

/** Each as a box of its own, and from ten on as a table. */
function composeItems(items: readonly Item[], word: string): Block[] {
  if (items.length < MANY) return items.map((item) => ({ kind: 'problem', ...item }));
  const rows = items.map(({ tone, label, who, says }) => ({
    tone,
    cells: [label, who, says],
    counted: label,
  }));
  return [tableOf(`${items.length} ${word}:`, rows)];
}

function tableOf(title: string, rows: readonly Row[]): Block {
  return { kind: 'table', title, columns: [], rows };
}

/** `host-5  MISSING (2nd day), EXPIRING`. */
function rowOf({ host, problems }: BadHost): Row {
  const [worst] = problems;
  return {
    tone: toneOf(worst),
    cells: [host, problems.map(formatKind).join(', ')],
    counted: worst.kind.toUpperCase(),
  };
}

function formatHost({ host, problems }: BadHost): string {
  return `${host} ${problems.map(formatKind).join(', ')}`;
}

type Sorted = {
  /** Hosts with something critical that is new to the channel, and all with something critical; with their warnings. */
  readonly failed: readonly BadHost[];
  readonly failing: readonly BadHost[];
  /** Of hosts that are not among those. */
  readonly warnings: readonly Problem[];
  readonly over: readonly Problem[];
  /** Of the monitor or the bucket. */
  readonly own: readonly Problem[];
};

const WARNINGS: readonly Problem['kind'][] = ['memory', 'no-run'];

function sortNotices({ notices, open }: Notification): Sorted {
  const isCritical = ({ kind, severity }: Problem) => severity === 'critical' && !isOwn(kind);
  const fresh = notices.filter(({ news }) => news !== 'over').map(({ problem }) => problem);
  const bad = open.filter(
    ({ kind, severity, over }) => over === undefined && severity !== 'info' && !isOwn(kind),
  );
  const failing = groupByHost(bad).filter(({ problems }) => problems.some(isCritical));
  const names = new Set(fresh.filter(isCritical).map(({ host }) => host));
  // What is news comes before what the channel knows of the host already.
  const failed = groupByHost(fresh.filter(isCritical)).map(({ host, problems }) => {
    const ids = new Set(problems.map(problemId));
    const known = failing.find((one) => one.host === host)?.problems ?? [];
    const others = known.filter((one) => !ids.has(problemId(one)));
    return { host, problems: [...problems, ...others] } as const;
  });
  return {
    failed,
    failing: [...failed, ...failing.filter(({ host }) => !names.has(host))],
    warnings: fresh.filter(
      ({ kind, severity, host }) => severity === 'warning' && !isOwn(kind) && !names.has(host),
    ),
    over: notices.filter(({ news }) => news === 'over').map(({ problem }) => problem),
    own: fresh.filter(({ kind }) => isOwn(kind)),
  };
}

const WORST = 5;

/**
 * Each host that failed, by name: a shared cause as one box, a box for each host, and from ten hosts on the worst five so
 * and the others in a table.
 */
function composeFailed(hosts: readonly BadHost[], about: About): Block[] {
  const shared = sharedCauses(hosts, about);
  // A cause that one step removes needs no box for each host.
  const boxed = new Set(shared.flatMap(({ step, hosts: own }) => (step === undefined ? [] : own)));
  const own = hosts.filter(({ host }) => !boxed.has(host));
  const full = hosts.length < MANY ? own : own.slice(0, WORST);
  const named = new Set([...full.map(({ host }) => host), ...shared.flatMap(namedInBox)]);
  const rest = hosts.filter(({ host }) => !named.has(host));
  const title = `${full.length === 0 ? 'All' : 'The others'}, worst first:`;
  return [
    ...shared.map((one) => composeShared(one, about)),
    ...full.flatMap((one) => composeBadHost(one, about)),
    ...(rest.length === 0 ? [] : [tableOf(title, rest.map(rowOf))]),
  ];
}

/** Hosts of which the channel was notified before, and that still fail. */
function composeToldBefore({ failed, failing }: Sorted): Block[] {
  const before = failing.slice(failed.length);
  if (before.length === 0) return [];
  const shown = before.slice(0, MANY).map(formatHost);
  const more = before.length - shown.length;
  const text = `Still failing, as reported before: ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`;
  return [{ kind: 'note', text }];
}

function itemOfOver(problem: Problem): Item {
  const { host, kind, over } = problem;
  const isBack = kind === 'channel';
  return {
    tone: over?.isWell ? 'good' : 'note',
    label: labelOf(problem),
    ...{ who: isBack ? '' : host, says: toAscii(over?.says ?? ''), facts: [] },
  };
}

const BOXED: readonly Problem['kind'][] = ['channel', 'unknown-prefix', 'unowned', 'muted'];

function composeOwn(problems: readonly Problem[], about: About): Block[] {
  const earlier = problems.filter(({ kind }) => kind === 'earlier');
  const items = problems.flatMap((problem) => itemOfOwn(problem, about) ?? []);
  const asked = problems.flatMap(({ changes }) => changes);
  return [
    ...earlier.map(
      ({ since, says, details }): Block => ({
        ...{ kind: 'note', lines: details },
        text: `Not delivered ${formatInstant(since, about.timezone, about.at)}: ${says}`,
      }),
    ),
    ...composeItems(items, 'more'),
    ...composeWhoIs(asked, about.known),
  ];
}

function itemOfOwn(problem: Problem, about: About): Item | undefined {
  if (!BOXED.includes(problem.kind)) return undefined;
  const isOld = problem.kind === 'channel' && problem.since < problem.lastSeen;
  const since = isOld ? ` (since ${formatInstant(problem.since, about.timezone, about.at)})` : '';
  const step = stepOf(problem, about.runbook);
  return {
    ...{ tone: toneOf(problem), label: labelOf(problem), who: '' },
    says: `${toAscii(problem.says)}${since}`,
    facts: [...problem.details.map(toAscii), ...composeChanges(problem, about)],
    ...(step !== undefined && { steps: [step] }),
    runbook: sectionOf(problem, about.runbook),
  };
}

function severityOf({ failed, failing, warnings, own }: Sorted, digest: Digest | undefined) {
  const isCritical = failed.length > 0 || own.some(({ severity }) => severity === 'critical');
  if (isCritical || (digest !== undefined && failing.length > 0)) return 'critical';
  if (warnings.length + own.length > 0) return 'warning';
  return digest !== undefined && isWarned(digest) ? 'warning' : 'info';
}

function urgencyOf({ failed, over, own }: Sorted, digest: Digest | undefined): Urgency {
  // That a channel takes messages again can wait until somebody reads their mail.
  const ended = over.filter(({ kind }) => kind !== 'channel');
  const rings = [...ended, ...own].some(({ severity }) => severity === 'critical');
  if (failed.length > 0 || rings) return 'alert';
  return digest?.test === true ? 'test' : 'digest';
}

/** What people see first: who failed, else what is over, else the trouble of the monitor, else the day's digest. */
function composeHead(sorted: Sorted, notification: Notification): Head {
  const { failed, failing, over, warnings, own } = sorted;
  const { digest, bucket, hostsInConfig } = notification;
  const same = (banner: string, tone: Tone, tail = ''): Head => ({
    ...{ banner, subject: `${banner}${tail}`, tone },
  });
  if (failed.length > 0 || (digest !== undefined && failing.length > 0)) {
    return composeFailedHead(failing, hostsInConfig);
  }
  const isGrave = own.some(({ severity }) => severity === 'critical');
  // One that is sent later says nothing of what came since.
  const isStale = digest !== undefined && digest.report.checkedAt < notification.at;
  const isNews = over.length > 0 || isGrave || (isStale && warnings.length > 0);
  if (digest !== undefined && !isNews) {
    return { ...composeGoodHead(digest), tone: isWarned(digest) ? 'odd' : 'good' };
  }
  const ended = endOf(over);
  if (ended !== undefined) {
    const { names, word, says } = ended;
    const tone = word === 'OK AGAIN' ? 'good' : 'note';
    return names.length === 1
      ? same(`${names[0]} ${word}`, tone, `: ${says.split(/\. | \(/)[0]}`)
      : same(`${count(names.length, 'host')} ${word}`, tone, `: ${names.join(', ')}`);
  }
  if (warnings.length > 0) {
    const words = groupByHost(warnings).map(formatHost);
    return same(count(warnings.length, 'warning'), 'odd', `: ${words.join('; ')}`);
  }
  const [one] = own;
  if (one?.kind === 'unknown-prefix') {
    const [where = bucket] = one.place.split('/');
    return same(`UNKNOWN uploads in bucket ${where || bucket}`, 'odd');
  }
  if (one?.kind === 'unowned') {
    return same('TAMPERED no host in the config: objects REMOVED', 'tampered');
  }
  const channels = (some: readonly Problem[]) => {
    const names = some.flatMap(({ kind, says }) =>
      kind === 'channel' ? says.split(':').slice(0, 1) : [],
    );
    return [...new Set(names)].join(', ');
  };
  if (channels(own) !== '') return same(`ALARM CHANNEL DEAD: ${channels(own)}`, 'bad');
  const repaired = channels(over.filter((one) => one.over?.isWell === true));
  if (repaired !== '') return same(`alarm channel works again: ${repaired}`, 'good');
  if (channels(over) !== '')
    return same(`alarm channel no longer in the config: ${channels(over)}`, 'odd');
  return same(
    one?.kind === 'muted' || one?.kind === 'earlier' ? one.says : `the monitor: ${one?.says ?? ''}`,
    'odd',
  );
}

/** The hosts of which something is over: OK AGAIN only where each of them is well. */
function endOf(over: readonly Problem[]) {
  const all = over.flatMap((one) =>
    one.kind === 'channel' || one.over === undefined ? [] : [{ ...one.over, host: one.host }],
  );
  // How a host is now, its last end says: a channel may hear of several at once.
  const lastAt = new Map<string, number>();
  for (const { host, at } of all) lastAt.set(host, Math.max(at, lastAt.get(host) ?? at));
  const ended = all.filter(({ host, at }) => at === lastAt.get(host));
  const [first] = ended;
  if (first === undefined) return undefined;
  const word = ended.every(({ isWell }) => isWell) ? 'OK AGAIN' : 'OVER';
  return { word, names: [...new Set(ended.map(({ host }) => host))], says: first.says } as const;
}

const KINDS_TEXTED = 3;
const TAMPERED_TEXTED = 60;
const SMS_END = ' Mail has the fix.';

/** Enough to act on in one segment: how many, who, what; the mail has the rest. */
function composeSms(sorted: Sorted, notification: Notification): string | undefined {
  const { failed, over, own } = sorted;
  const { digest } = notification;
  if (failed.length > 0) return composeFailedSms(sorted, notification);
  const [loud] = own.filter(({ severity }) => severity === 'critical');
  if (loud?.kind === 'channel') return `BACKUP ALARM CHANNEL DEAD: ${loud.says}`;
  if (loud !== undefined) return `BACKUP${loud.kind === 'unowned' ? ' TAMPER' : ''}: ${loud.says}`;
  const ended = endOf(over.filter(({ severity }) => severity === 'critical'));
  if (ended !== undefined) {
    const { names, word, says } = ended;
    if (names.length === 1) return `BACKUP ${word} ${names[0]}: ${says.split('. ')[0]}.`;
    const text = `BACKUP ${word}: ${names.join(', ')}.`;
    if (text.length <= SMS_BOUND) return text;
    return `BACKUP ${word}: ${count(names.length, 'host')}. Mail has their names.`;
  }
  return digest?.test === true ? composeTestSms(digest) : undefined;
}

function composeFailedSms({ failed, failing, over }: Sorted, notification: Notification): string {
  const { hostsInConfig, timezone, known, at: now } = notification;
  const share = `${failing.length}/${hostsInConfig} FAILED`;
  const isFailing = new Set(failing.map(({ host }) => host));
  const ended = endOf(
    over.filter((one) => one.severity === 'critical' && !isFailing.has(one.host)),
  );
  const ends = ended && [
    ` ${ended.word}: ${ended.names.join(', ')}.`,
    ` ${count(ended.names.length, 'host')} ${ended.word}.`,
  ];
  const firstThatFits = (...texts: ReadonlyArray<(end: string) => string>) =>
    (ends ?? [''])
      .flatMap((end) => texts.map((text) => text(end)))
      .find((text) => text.length <= SMS_BOUND);
  const [only, ...more] = failed;
  const [change] = only?.problems[0].kind === 'tampered' ? only.problems[0].changes : [];
  if (only !== undefined && more.length === 0 && change !== undefined) {
    const who = `BACKUP TAMPERED: ${only.host} ${formatAuthor(change, known, only.host)}.`;
    const text = `${who} Disable that key now. ${share}.`;
    return firstThatFits((end) => `${text}${end}`) ?? text;
  }
  const { lead, others } = splitTampered(failed, TAMPERED_TEXTED);
  const compose =
    (words: readonly string[], times = '') =>
    (end: string) =>
      `BACKUP ${lead}${share}${words.length === 0 ? '' : `: ${words.join(', ')}`}.${times}${end}${SMS_END}`;
  const counted = compose(others.length === 0 ? [] : [countByKind(others)]);
  const short = () => firstThatFits(counted) ?? counted(ends?.[1] ?? '');
  if (failed.length >= MANY) return short();
  const words = failed.flatMap(({ host, problems }) => {
    const kinds = problems
      .filter(({ severity, kind }) => severity === 'critical' && kind !== 'tampered')
      .slice(0, KINDS_TEXTED)
      .map(formatKind);
    const { lastGoodAt } = problems[0];
    const lastGood =
      lastGoodAt === undefined ? [] : [`last good ${formatInstant(lastGoodAt, timezone, now)}`];
    const says = [...(kinds.length === 0 ? [] : [kinds.join('+')]), ...lastGood];
    return says.length === 0 ? [] : [`${host} ${says.join(' ')}`];
  });
  const hasTimes = failed.some(({ problems: [{ lastGoodAt }] }) => lastGoodAt !== undefined);
  const full = compose(words, hasTimes ? ` Times: ${timezone}.` : '');
  return firstThatFits(full, compose(others.map(formatBad))) ?? short();
}
