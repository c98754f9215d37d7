// The daily digest: what is to be known of every host, also when all is well.

import { type Alerts, type DigestRhythm, kitName } from '../config/config.ts';
import type { ChannelState } from '../doctor/channels.ts';
import { DAY, type Instant } from '../duplicity/time.ts';
import { isInconclusive, worstSeverity } from '../rules/finding.ts';
import { weekdayOf } from '../rules/window.ts';
import { MANY } from './compose-message.ts';
import { type HostReport, hasFailed, isLate } from './host-report.ts';
import { INCONCLUSIVE } from './loss-text.ts';
import type { Block, Item, Tone } from './message-tree.ts';
import {
  count,
  formatBytes,
  formatDate,
  formatInstant,
  formatTime,
  listSome,
  nameType,
  quoteName,
  toAscii,
} from './plain-text.ts';
import { runbookOf, toneOf } from './problem-text.ts';
import { type Digest, type Report, serialOf } from './report.ts';

const FINDINGS_SHOWN = 5;

/** What is noted of hosts that have not failed, who did it, and how to notice that no digest comes. */
export function composeDigest(digest: Digest, alarms: boolean, runbook?: string): Block[] {
  const { hosts } = digest.report;
  const good = hosts.filter(({ verdict }) => verdict === 'ok');
  return [
    ...composeNoted(digest.report),
    ...listOf((digest.muted ?? []).map((text) => itemOf('note', 'MUTED', '', text))),
    ...composeGood(good, digest.timezone, digest.report.checkedAt),
    ...(digest.grid === undefined ? [] : [digest.grid]),
    ...composeDrills(digest),
    ...composeDelivery(digest, runbook),
    ...(digest.test ? [composeTest(digest, alarms, runbook)] : []),
    composeEnd(digest, runbook),
  ];
}

function itemOf(tone: Tone, label: string, who: string, says: string): Item {
  return { tone, label, who, says, facts: [] };
}

function listOf(items: readonly Item[]): Block[] {
  return items.length === 0 ? [] : [{ kind: 'list', items }];
}

/** True where something of it asks for somebody, though nothing failed. */
export function isWarned(digest: Digest): boolean {
  const { report, channels } = digest;
  const isDead = channels?.states.some(({ status }) => status === 'fail') === true;
  const others = report.unknownHosts.length > 0 || report.unsearched !== undefined;
  return (
    others ||
    isDead ||
    unprovenOf(digest).length > 0 ||
    worstSeverity(report.hosts.flatMap((one) => one.findings)) !== 'info'
  );
}

/** Warnings before information, and the first of each host before its others: what is cut is the least. */
function composeNoted({ hosts, unknownHosts, unsearched }: Report): Block[] {
  const own = hosts
    .filter((host) => !hasFailed(host))
    .flatMap(({ host, findings }) =>
      findings
        .filter((one) => !isInconclusive(one))
        .map((finding, index) => ({ host, isMore: index >= FINDINGS_SHOWN, ...finding })),
    );
  const rank = ({ severity, isMore }: (typeof own)[number]) =>
    Number(severity !== 'warning') + 2 * Number(isMore);
  const items = own
    .toSorted((a, b) => rank(a) - rank(b))
    .map((one) => itemOf(toneOf(one), one.kind.toUpperCase(), one.host, one.message));
  return [
    ...listOf(items),
    ...listOf([...composeUnchecked(hosts), ...composeUnknown(unknownHosts, unsearched)]),
  ];
}

function composeUnknown(unknownHosts: readonly string[], unsearched: string | undefined): Item[] {
  const text = `${nameSome(unknownHosts.map(quoteName))}: in the bucket, but of no host in the config. Add it to hosts.yml, or find out who writes there.`;
  return [
    ...(unknownHosts.length > 0 ? [itemOf('odd', 'UNKNOWN', '', text)] : []),
    ...(unsearched === undefined
      ? []
      : [itemOf('odd', 'UNSEARCHED', '', `could not look for unknown hosts: ${unsearched}`)]),
  ];
}

/** A setting of the bucket's: one paragraph, and not a line for each of its hosts. */
function composeUnchecked(hosts: readonly HostReport[]): Item[] {
  return Object.entries(INCONCLUSIVE).flatMap(([untold, text]) => {
    const inconclusive = hosts.filter(({ findings }) =>
      findings.some((one) => one.kind === 'tampered' && one.untold === untold),
    );
    if (inconclusive.length === 0) return [];
    const says = `tampering with ${count(inconclusive.length, 'host')} ${text}.`;
    return [itemOf('odd', 'UNCHECKED', '', says)];
  });
}

function composeGood(good: readonly HostReport[], zone: string, now: Instant): Block[] {
  const facts = good.map((report) => {
    const { host, answer, answeredAt } = report;
    return {
      ...{ host, type: nameType(answer?.type), late: isLate(report) ? 'late' : '' },
      done: answeredAt === undefined ? '' : formatInstant(Date.parse(answeredAt), zone, now),
      size: answer === null ? '' : formatBytes(answer.bytes),
    };
  });
  if (good.length >= MANY) {
    const rows = facts.map(({ host, type, done, size, late }) => ({
      ...{ tone: 'good' as const, counted: 'OK' },
      cells: [host, type, done, size, late],
    }));
    const columns = ['host', 'backup', 'done', 'size', ''];
    return [{ kind: 'table', title: `${good.length} hosts are OK:`, columns, rows }];
  }
  return listOf(
    facts.map(({ host, type, done, size, late }) => {
      const says = [done === '' ? type : `${type} done ${done}`, size, late];
      return itemOf('good', 'OK', host, says.filter((one) => one !== '').join(', '));
    }),
  );
}

function composeEnd(digest: Digest, runbook?: string): Block {
  const first = digest.isFirst
    ? ` It is the first: nothing is remembered of one before. If that is not so, the state was emptied: ${runbookOf('state-bucket', runbook)}.`
    : '';
  return {
    kind: 'note',
    text: `Digest ${serialOf(digest)}. One comes ${COMES[digest.rhythm ?? 'daily']}: if the next one does not come, the monitor itself is in trouble; see ${runbookOf('monitor-silent', runbook)}.${first}`,
  };
}

const COMES: Readonly<Record<DigestRhythm, string>> = {
  daily: 'every day, also when all is well',
  weekdays: 'from Monday to Friday, also when all is well',
  weekly: 'every Monday, also when all is well',
  'problems-only': 'every Monday, also when all is well, and on each day with a problem',
};

/**
 * Whether the digest of these days goes out. A Monday's always does, as it tests the channels; and so does one of a run
 * that could not remember, which has nothing else to say so by.
 */
export function isDigestSent(
  { digest: rhythm = 'daily' }: Pick<Alerts, 'digest'>,
  digest: Digest,
  days: readonly string[],
  isRemembered: boolean,
): boolean {
  if (rhythm === 'daily' || isOfMonday(days) || !isRemembered) return true;
  if (rhythm === 'weekdays') return days.some((day) => weekdayOf(day) % 6 > 0);
  return rhythm === 'problems-only' && (isWarned(digest) || digest.report.hosts.some(hasFailed));
}

/** Then it is the test of every channel. */
export function isOfMonday(days: readonly string[]): boolean {
  return days.some((day) => weekdayOf(day) === 1);
}

/** What of a digest is about some hosts: of the rest of the bucket and of the channels those hear who get it all. */
export function digestFor(
  { channels: _, isFirst: __, report, grid, ...digest }: Digest,
  names: ReadonlySet<string>,
): Digest {
  const hosts = report.hosts.filter(({ host }) => names.has(host));
  const { checkedAt, bucket } = report;
  return {
    ...{ ...digest, hostsInConfig: names.size },
    report: { checkedAt, bucket, hosts, unknownHosts: [], foreignObjects: 0 },
    ...(grid?.kind === 'grid' && {
      grid: { ...grid, rows: grid.rows.filter(({ who }) => names.has(who)) },
    }),
  };
}

const NAMED = 5;

/** Whose last proof is the oldest, who has none, and whose last drill failed; nothing where nobody has looked. */
export function composeDrills(digest: Digest): Block[] {
  const { report, drills, timezone, restoreProofDays } = digest;
  const hosts = report.hosts.map(({ host }) => host);
  if (drills === undefined || hosts.length === 0) return [];
  const proven = hosts
    .flatMap((name) => {
      const at = drills.get(name)?.provenAt;
      return at === undefined ? [] : [{ name, at }];
    })
    .sort((a, b) => a.at - b.at);
  const never = hosts.filter((name) => drills.get(name)?.provenAt === undefined);
  const failed = hosts.filter((name) => {
    const { provenAt = 0, failedAt = 0 } = drills.get(name) ?? {};
    return failedAt > provenAt;
  });
  const formatAge = ({ name, at }: { name: string; at: Instant }) =>
    `${name} ${count(Math.floor((report.checkedAt - at) / DAY), 'day')} ago (${formatDate(at, timezone, report.checkedAt)})`;
  const unproven = unprovenOf(digest);
  const listed = (lead: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`${lead} ${nameSome(names)}`];
  const said = [
    ...listed('last proven:', proven.map(formatAge)),
    ...listed('never proven:', never),
  ];
  const isOdd = failed.length + unproven.length > 0;
  // The next to be drilled: a host that never was, else whose proof is the oldest.
  const next = failed[0] ?? never[0] ?? proven[0]?.name;
  return listOf([
    {
      ...itemOf(isOdd ? 'odd' : 'note', 'RESTORES', '', `${said.join('; ')}.`),
      facts: [
        ...listed(`WARNING: not proven for over ${restoreProofDays} days:`, unproven),
        ...listed('The last drill FAILED of', failed),
      ]
        .map((fact) => `${fact}.`)
        .concat(`Next:    restore-drill ${kitName({ name: next ?? '' })}`),
    },
  ]);
}

/** Hosts that owe a backup and whose last proof is older than the config allows, or that have none. */
function unprovenOf({ report, drills, restoreProofDays }: Digest): string[] {
  if (drills === undefined || restoreProofDays === undefined) return [];
  const since = report.checkedAt - restoreProofDays * DAY;
  return report.hosts
    .filter(({ host, lastGood }) => lastGood !== null && (drills.get(host)?.provenAt ?? 0) < since)
    .map(({ host }) => host);
}

function nameSome(names: readonly string[]): string {
  return listSome(names.slice(0, NAMED), names.length);
}

/** What the digest says of it; the SMS is an alarm's own when there is one, and tests the telephones as well. */
function composeTest(digest: Digest, alarms: boolean, runbook?: string): Block {
  const sms = alarms
    ? 'The SMS of this alarm is the test of the telephones.'
    : 'An SMS with it was sent to every telephone.';
  const says = `${codeWordOf(digest)} is the code word of this week's test of every channel. ${sms} Ask whether all got it; who did not: ${runbookOf('alarm-path', runbook)}`;
  return { kind: 'list', items: [itemOf('note', 'TEST', '', says)] };
}

/** One segment: whose phone shows it is reached, and needs to do nothing. */
export function composeTestSms(digest: Digest): string {
  const { checkedAt } = digest.report;
  const day = formatDate(checkedAt, digest.timezone, checkedAt);
  return `BACKUP TEST ${codeWordOf(digest)}: the weekly test of this phone, no alarm. The digest of ${day} has the same word.`;
}

/** The same word each time that a day's digest is composed, so that a run that is killed and run again tells one. */
function codeWordOf(digest: Digest): string {
  // FNV-1a over the digest's number, and a step of a generator for each letter.
  let seed = [...serialOf(digest)].reduce(
    (hash, character) => Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0,
    0x811c9dc5,
  );
  return composeCodeWord((below) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  });
}

/** Worst first. */
const DELIVERY = {
  fail: ['DEAD', 'bad'],
  unknown: ['UNSEEN', 'odd'],
  warn: ['WEAK', 'odd'],
  ok: ['FINE', 'good'],
} as const;
const WORST_FIRST = Object.keys(DELIVERY);

/** The delivery check: would an alarm arrive, way by way, and what to do where it would not. */
function composeDelivery({ channels, timezone, report }: Digest, runbook?: string): Block[] {
  if (channels === undefined) return [];
  const sorted = [...channels.states].sort(
    (a, b) => WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status),
  );
  return [
    {
      kind: 'list',
      title: `Would an alarm arrive? As of ${formatTime(channels.lookedAt, timezone)}:`,
      items: sorted.map((one) => itemOfState(one, timezone, report.checkedAt, runbook)),
      rest: 'rollcall doctor',
    },
  ];
}

function itemOfState(state: ChannelState, zone: string, now: Instant, runbook?: string): Item {
  const isDead = state.status === 'fail';
  const since = isDead ? ` (since ${formatInstant(state.since, zone, now)})` : '';
  const [label, tone] = DELIVERY[state.status];
  return {
    ...itemOf(tone, label, '', `${state.check}: ${toAscii(state.says)}${since}`),
    ...('fix' in state ? { steps: [toAscii(state.fix)] } : {}),
    ...(isDead ? { runbook: runbookOf('alarm-path', runbook) } : {}),
  };
}

/**
 * Four letters and four digits, none of which looks like another; `pick` answers a number from 0 to below its bound.
 */
export function composeCodeWord(pick: (below: number) => number): string {
  const some = (from: string) => Array.from({ length: 4 }, () => from[pick(from.length)]).join('');
  return `${some('ACDEFHJKLMNPRTUVWXY')}-${some('3479')}`;
}
