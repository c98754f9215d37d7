// What is news to a channel -> one message: who failed, why, what to do now, and what is over.
import type { Instant } from '../duplicity/time.ts';
import { isOwn, type News, type Problem, problemId } from '../rules/problem.ts';
import { composeDigest, composeTestSms, isWarned } from './compose-digest.ts';
import { composeMessage, type Message, SMS_BOUND, type Urgency } from './compose-message.ts';
import {
  composeFailedSubject,
  composeGoodSubject,
  countByKind,
  formatBad,
  formatKind,
  MANY,
} from './compose-subject.ts';
import {
  count,
  formatInstant,
  paragraph,
  takeWhileRoom,
  toAscii,
  WIDTH,
  wrapText,
} from './plain-text.ts';
import {
  type About,
  type BadHost,
  composeAsk,
  composeBadHost,
  composeChanges,
  formatAuthor,
  groupByHost,
  sharedCause,
} from './problem-text.ts';
import { composeHeader, type Digest } from './report.ts';

/** One problem, and what of it is new to the channel. */
export type Notice = { readonly problem: Problem; readonly news: News };

/** What one message is made of. */
export type Notification = About & {
  readonly bucket: string;
  readonly at: Instant;
  readonly hostsInConfig: number;
  readonly notices: readonly Notice[];
  /** Every problem that is open, told before or not. */
  readonly open: readonly Problem[];
  readonly digest?: Digest | undefined;
};

/** The message; `undefined` when there is nothing to tell. */
export function composeNotification(notification: Notification): Message | undefined {
  const { digest } = notification;
  const sorted = sortNotices(notification);
  if (notification.notices.length === 0 && digest === undefined) return undefined;
  const below = composeBelow(sorted, notification);
  const room = Math.max(LEAST_ROOM, ROOM - below.join('\n').length);
  const lines = [
    composeHeader(notification.at, notification.bucket, notification.timezone),
    ...sorted.own
      .filter(({ kind }) => WARNINGS.includes(kind))
      .flatMap(({ says }) => wrapText(`WARNING: ${toAscii(says)}.`, WIDTH)),
    '',
    ...composeFailed(digest === undefined ? sorted.failed : sorted.failing, notification, room),
    ...below,
  ];
  return composeMessage({
    subject: composeSubject(sorted, notification),
    text: `${lines.join('\n').trimEnd()}\n`,
    sms: composeSms(sorted, notification),
    severity: severityOf(sorted, digest),
    urgency: urgencyOf(sorted, digest),
  });
}

/** What comes after the hosts that failed: each part is short, so that a mail that is cut lacks none of them. */
function composeBelow(sorted: Sorted, notification: Notification): string[] {
  const { digest, at } = notification;
  const { failed, warnings, over, own } = sorted;
  // A digest has the warnings as of its report; one that a channel refused, and hears later, not those since.
  const isNoted = digest?.report.checkedAt === at;
  const warned = isNoted ? [] : groupByHost(warnings);
  // What the digest lists is not told twice in one message.
  const named = own.filter(({ kind, says }) =>
    kind === 'muted'
      ? digest?.muted?.includes(says) !== true
      : kind !== 'channel' || digest?.channels === undefined,
  );
  return [
    ...(digest === undefined ? composeToldBefore(sorted) : []),
    ...fillRoom(warned, (one) => composeBadHost(one, notification), formatHost),
    ...fillRoom(
      over,
      composeOver,
      ({ host, over: end }) => `${host} ${end?.isWell ? 'OK AGAIN' : 'OVER'}`,
    ),
    ...fillRoom(
      named,
      (one) => composeOwn(one, notification),
      ({ says }) => toAscii(says),
    ),
    ...(digest === undefined ? [] : composeDigest(digest, failed.length > 0)),
  ];
}

/** As many in full as there is room for, and the others by their names. */
function fillRoom<One>(
  all: readonly One[],
  describe: (one: One) => readonly string[],
  nameOf: (one: One) => string,
): string[] {
  const shown = takeWhileRoom(all.map(describe), FULL_ROOM, (lines) => lines.join('\n').length + 1);
  const rest = all.slice(shown.length).map(nameOf);
  if (rest.length === 0) return shown.flat();
  const names = takeWhileRoom(rest, NAMES_ROOM, (name) => name.length + 2);
  const more = rest.length - names.length;
  const text = `And: ${names.join('; ')}${more > 0 ? `; and ${more} more: rollcall check` : ''}.`;
  return [...shown.flat(), ...wrapText(text, WIDTH), ''];
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
  const failed = groupByHost(fresh.filter((one) => isCritical(one) && names.has(one.host))).map(
    ({ host, problems }) => ({
      host,
      problems: [
        ...problems,
        ...(failing.find((one) => one.host === host)?.problems ?? []).filter(
          (one) => !problems.some((other) => problemId(other) === problemId(one)),
        ),
      ],
    }),
  );
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
const LISTED = 1000;
// Of a mail of 40,000 characters: for all in it, for the hosts that failed at least, and for what else is in it.
const ROOM = 38_000;
const LEAST_ROOM = 8000;
const FULL_ROOM = 3000;
const NAMES_ROOM = 2000;

function composeFailed(hosts: readonly BadHost[], about: About, room: number): string[] {
  const describe = (host: BadHost) => composeBadHost(host, about);
  if (hosts.length < MANY) return hosts.flatMap(describe);
  const shared = sharedCause(hosts, about.timezone);
  const worst = hosts.slice(0, WORST).flatMap(describe);
  const rest = takeWhileRoom(
    hosts.slice(WORST, WORST + LISTED).map((one) => `  ${formatHost(one)}`),
    room - worst.join('\n').length,
    (line) => line.length + 1,
  );
  const more = hosts.length - WORST - rest.length;
  return [
    `${hosts.length} hosts failed: ${countByKind(hosts)}.`,
    ...(shared === undefined ? [] : wrapText(`The same for all: ${shared}.`, WIDTH)),
    `The worst ${WORST}:`,
    '',
    ...worst,
    'And:',
    ...rest,
    ...(more > 0 ? [`  and ${more} more: rollcall check`] : []),
    '',
  ];
}

/** Hosts of which the channel was notified before, and that still fail. */
function composeToldBefore({ failed, failing }: Sorted): string[] {
  const before = failing.slice(failed.length);
  if (before.length === 0) return [];
  const shown = before.slice(0, MANY).map(formatHost);
  const more = before.length - shown.length;
  return [
    ...wrapText(
      `Still failing, as told before: ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`,
      WIDTH,
    ),
    '',
  ];
}

function composeOver({ host, kind, over }: Problem): string[] {
  if (over === undefined) return [];
  if (kind === 'channel') return [...paragraph('REPAIRED', toAscii(over.says)), ''];
  return [...paragraph(over.isWell ? 'OK AGAIN' : 'OVER', `${host}: ${toAscii(over.says)}`), ''];
}

const LABELS: { readonly [kind: string]: string } = {
  ...{ channel: 'DEAD', 'unknown-prefix': 'UNKNOWN', unowned: 'TAMPERED', muted: 'MUTED' },
};

function composeOwn(problem: Problem, about: About): string[] {
  const label = LABELS[problem.kind];
  if (problem.kind === 'earlier') {
    const text = `Not delivered ${formatInstant(problem.since, about.timezone)}: ${problem.says}`;
    return [...wrapText(text, WIDTH), '', ...problem.details, ''];
  }
  if (label === undefined) return [];
  const isOld = problem.kind === 'channel' && problem.since < problem.lastSeen;
  const since = isOld ? ` (since ${formatInstant(problem.since, about.timezone)})` : '';
  return [
    ...paragraph(label, `${toAscii(problem.says)}${since}`),
    ...problem.details.flatMap((detail) => paragraph('', toAscii(detail))),
    ...composeChanges(problem, about),
    ...(problem.step === undefined ? [] : [`            Do now:  ${toAscii(problem.step)}`]),
    ...(problem.kind === 'channel' ? ['            Runbook: docs/runbook.md#alarm-path'] : []),
    '',
    ...composeAsk(problem, about),
  ];
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

/** The line that people see first: who failed, else what is over, else the trouble of the monitor, else the day's digest. */
function composeSubject(sorted: Sorted, notification: Notification): string {
  const { failed, failing, over, warnings, own } = sorted;
  const { digest, bucket, hostsInConfig } = notification;
  if (failed.length > 0 || (digest !== undefined && failing.length > 0)) {
    return composeFailedSubject(failing, hostsInConfig);
  }
  const isGrave = own.some(({ severity }) => severity === 'critical');
  // One that is sent later says nothing of what came since.
  const isStale = digest !== undefined && digest.report.checkedAt < notification.at;
  const isNews = over.length > 0 || isGrave || (isStale && warnings.length > 0);
  if (digest !== undefined && !isNews) return composeGoodSubject(digest);
  const [first] = over.filter(({ kind }) => kind !== 'channel');
  if (first?.over !== undefined) {
    const names = [...new Set(over.map(({ host }) => host))];
    const word = over.every((one) => one.over?.isWell) ? 'OK AGAIN' : 'OVER';
    return names.length === 1
      ? `${first.host} ${word}: ${first.over.says.split(/\. | \(/)[0]}`
      : `${count(names.length, 'host')} ${word}: ${names.join(', ')}`;
  }
  if (warnings.length > 0) {
    const words = groupByHost(warnings).map(formatHost);
    return `${count(warnings.length, 'warning')}: ${words.join('; ')}`;
  }
  const [one] = own;
  if (one?.kind === 'unknown-prefix') return `UNKNOWN uploads in bucket ${bucket}`;
  if (one?.kind === 'unowned') return `TAMPERED no host in the config: objects REMOVED`;
  const channels = (some: readonly Problem[]) =>
    [
      ...new Set(
        some.filter(({ kind }) => kind === 'channel').map(({ says }) => says.split(':')[0] ?? ''),
      ),
    ].join(', ');
  if (channels(own) !== '') return `ALARM CHANNEL DEAD: ${channels(own)}`;
  if (channels(over) !== '') return `alarm channel works again: ${channels(over)}`;
  return one?.kind === 'muted' || one?.kind === 'earlier'
    ? one.says
    : `the monitor: ${one?.says ?? ''}`;
}

const KINDS_TEXTED = 3;

/** Enough to act on in one segment: how many, who, what; the mail has the rest. */
function composeSms(sorted: Sorted, notification: Notification): string | undefined {
  const { failed, failing, over, own } = sorted;
  const { digest, hostsInConfig, timezone, known, at: now } = notification;
  const head = `BACKUP ${failing.length}/${hostsInConfig} FAILED: `;
  const tail = ' Mail has the fix.';
  const [only, ...others] = failed;
  const [worst] = only?.problems ?? [];
  const [change] = worst?.kind === 'tampered' ? worst.changes : [];
  if (only !== undefined && others.length === 0 && change !== undefined) {
    const own = known.hosts.find(({ name }) => name === only.host);
    return `${head}${formatBad(only)} ${formatAuthor(change, known, own)}. Disable that key now.`;
  }
  if (failed.length > 0) {
    const words = failed.map((bad) => {
      const at = bad.problems[0]?.lastGoodAt;
      const grave = bad.problems.filter(({ severity }) => severity === 'critical');
      const kinds = grave.slice(0, KINDS_TEXTED).map(formatKind).join('+');
      return `${bad.host} ${kinds}${at === undefined ? '' : ` last good ${formatInstant(at, timezone, now)}`}`;
    });
    const times = failed.some(({ problems: [worst] }) => worst?.lastGoodAt !== undefined);
    const counted = `${head}${countByKind(failed)}.${tail}`;
    if (failed.length >= MANY) return counted;
    const text = `${head}${words.join(', ')}.${times ? ` Times: ${timezone}.` : ''}${tail}`;
    if (text.length <= SMS_BOUND) return text;
    const names = `${head}${failed.map(formatBad).join(', ')}.${tail}`;
    return names.length <= SMS_BOUND ? names : counted;
  }
  const [loud] = own.filter(({ severity }) => severity === 'critical');
  if (loud?.kind === 'channel') return `BACKUP ALARM CHANNEL DEAD: ${loud.says}`;
  if (loud !== undefined) return `BACKUP${loud.kind === 'unowned' ? ' TAMPER' : ''}: ${loud.says}`;
  const [first] = over.filter(
    ({ severity, kind }) => severity === 'critical' && kind !== 'channel',
  );
  if (first?.over !== undefined) {
    const word = first.over.isWell ? 'OK AGAIN' : 'OVER';
    const names = [...new Set(over.map(({ host }) => host))];
    return names.length > 1
      ? `BACKUP ${word}: ${names.join(', ')}.${tail}`
      : `BACKUP ${word} ${first.host}: ${first.over.says.split('. ')[0]}.`;
  }
  return digest?.test === true ? composeTestSms(digest) : undefined;
}
