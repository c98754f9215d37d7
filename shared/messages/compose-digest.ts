// The daily digest: what is to be known of every host, also when all is well.
import type { Check } from '../doctor/audit.ts';
import type { ChannelState, ChannelStates } from '../doctor/channels.ts';
import type { Instant } from '../duplicity/time.ts';
import { worstSeverity } from '../rules/finding.ts';
import { dateIn } from '../rules/window.ts';
import { composeCodeWord } from './compose-message.ts';
import { type HostReport, hasFailed, isInconclusiveReport } from './host-report.ts';
import { INCONCLUSIVE } from './loss-text.ts';
import {
  COLUMN,
  count,
  formatBytes,
  formatDate,
  formatInstant,
  formatTime,
  paragraph,
  quoteName,
  takeWhileRoom,
  toAscii,
  WIDTH,
  wrapText,
} from './plain-text.ts';
import { type Digest, type Report, serialOf } from './report.ts';

const LISTED = 200;
const FINDINGS_SHOWN = 5;
// Of a mail of 40,000 characters.
const NOTED_ROOM = 15_000;

/** What is noted of hosts that have not failed, who did it, and how to notice that no digest comes. */
export function composeDigest(digest: Digest, alarms: boolean): string[] {
  const { hosts } = digest.report;
  const good = hosts.filter(({ verdict }) => verdict === 'ok');
  return [
    ...composeNoted(digest.report),
    ...(digest.muted ?? []).flatMap((text) => paragraph('MUTED', text)),
    ...composeGood(good, digest.timezone),
    ...composeDrills(digest),
    ...composeDelivery(digest.channels, digest.timezone),
    ...(digest.test ? [...composeTest(digest, alarms), ''] : []),
    ...composeEnd(digest),
  ];
}

/** True where something of it asks for somebody, though nothing failed. */
export function isWarned({ report, channels }: Digest): boolean {
  const isDead = channels?.states.some(({ status }) => status === 'fail') === true;
  const others = report.unknownHosts.length > 0 || report.unsearched !== undefined;
  return others || isDead || worstSeverity(report.hosts.flatMap((one) => one.findings)) !== 'info';
}

/** Warnings before information: where there are too many lines, what asks for somebody is there. */
function composeNoted({ hosts, unknownHosts, unsearched }: Report): string[] {
  const own = hosts
    .filter((host) => !hasFailed(host))
    .map(({ host, findings }) =>
      findings.filter((one) => !isInconclusiveReport(one)).map((finding) => ({ host, ...finding })),
    );
  const noted = own.flatMap((findings) => findings.slice(0, FINDINGS_SHOWN));
  const [warnings, notes] = [
    noted.filter(({ severity }) => severity === 'warning'),
    noted.filter(({ severity }) => severity !== 'warning'),
  ];
  const texts = [...warnings, ...notes]
    .slice(0, LISTED)
    .map(({ kind, host, message }) => paragraph(kind.toUpperCase(), `${host}: ${message}`));
  const shown = takeWhileRoom(texts, NOTED_ROOM, (lines) => lines.join('\n').length + 1);
  const more = own.flat().length - shown.length;
  const lines = [
    ...shown.flat(),
    ...(more > 0 ? [`and ${more} more: rollcall check`] : []),
    ...composeUnchecked(hosts),
    ...composeUnknown(unknownHosts, unsearched),
  ];
  return lines.length > 0 ? [...lines, ''] : [];
}

function composeUnknown(unknownHosts: readonly string[], unsearched: string | undefined): string[] {
  const names = unknownHosts.slice(0, 5).map(quoteName).join(', ');
  const more = unknownHosts.length > 5 ? `, and ${unknownHosts.length - 5} more` : '';
  const text = `${names}${more}: in the bucket, but of no host in the config. Add it to hosts.yml, or find out who writes there.`;
  return [
    ...(unknownHosts.length > 0 ? paragraph('UNKNOWN', text) : []),
    ...(unsearched === undefined
      ? []
      : paragraph('UNSEARCHED', `could not look for unknown hosts: ${unsearched}`)),
  ];
}

/** A setting of the bucket's: one paragraph, and not a line for each of its hosts. */
function composeUnchecked(hosts: readonly HostReport[]): string[] {
  return Object.entries(INCONCLUSIVE).flatMap(([untold, text]) => {
    const inconclusive = hosts.filter(({ findings }) =>
      findings.some((one) => one.kind === 'tampered' && one.untold === untold),
    );
    return inconclusive.length === 0
      ? []
      : paragraph('UNCHECKED', `tampering with ${count(inconclusive.length, 'host')} ${text}.`);
  });
}

function composeGood(good: readonly HostReport[], zone: string): string[] {
  if (good.length === 0) return [];
  const lines = good.slice(0, LISTED).map(({ host, answer, answeredAt, window }) => {
    const done =
      answeredAt === undefined ? '' : ` done ${formatInstant(Date.parse(answeredAt), zone)}`;
    const late =
      answeredAt !== undefined && window !== undefined && answeredAt > window.dueAt ? ', late' : '';
    const size = answer === null ? '' : `, ${formatBytes(answer.bytes)}`;
    return `${'OK'.padEnd(COLUMN)}${host}: ${answer?.type === 'inc' ? 'incremental' : 'full'}${done}${size}${late}`;
  });
  const more = good.length - lines.length;
  return [...lines, ...(more > 0 ? [`${'OK'.padEnd(COLUMN)}and ${more} more`] : []), ''];
}

function composeEnd(digest: Digest): string[] {
  return wrapText(
    `Digest ${serialOf(digest)}. One comes every day, also when all is well: if the next one does not come, the monitor itself is in trouble; see docs/runbook.md#monitor-silent.`,
    WIDTH,
  );
}

const NAMED = 5;
const DAY = 86_400_000;

/** Whose last proof is the oldest, who has none, and whose last drill failed; nothing where nobody has looked. */
export function composeDrills({ report, drills, timezone }: Digest): string[] {
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
  const said = [
    ...(proven.length === 0 ? [] : [`last proven: ${nameSome(proven.map(formatAge))}`]),
    ...(never.length === 0 ? [] : [`never proven: ${nameSome(never)}`]),
  ];
  // The next to be drilled: a host that never was, else whose proof is the oldest.
  const next = failed[0] ?? never[0] ?? proven[0]?.name;
  return [
    ...paragraph('RESTORES', `${said.join('; ')}.`),
    ...(failed.length === 0 ? [] : paragraph('', `The last drill FAILED of ${nameSome(failed)}.`)),
    `${' '.repeat(COLUMN)}Next:    restore-drill ${next}`,
    '',
  ];
}

function nameSome(names: readonly string[]): string {
  const more = names.length - NAMED;
  return `${names.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const MONDAY = 1;

/** True on a Monday, on the calendar of the config: its digest is the test of every channel. */
export function isTestDay(timezone: string, at: Instant): boolean {
  return new Date(`${dateIn(timezone, at)}T00:00Z`).getUTCDay() === MONDAY;
}

/** What the digest says of it; the SMS is an alarm's own when there is one, and tests the telephones as well. */
export function composeTest(digest: Digest, alarms: boolean): string[] {
  const sms = alarms
    ? 'The SMS of this alarm is the test of the telephones.'
    : 'An SMS with it was sent to every telephone.';
  return paragraph(
    'TEST',
    `${codeWordOf(digest)} is the code word of this week's test of every channel. ${sms} Ask whether all got it; who did not: docs/runbook.md#alarm-path`,
  );
}

/** One segment: whose phone shows it is reached, and needs to do nothing. */
export function composeTestSms(digest: Digest): string {
  const day = formatDate(digest.report.checkedAt, digest.timezone);
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

const CHANNELS_SHOWN = 20;
const DELIVERY = { fail: 'DEAD', unknown: 'UNSEEN', warn: 'WEAK', ok: 'FINE' } as const;
const WORST_FIRST: readonly Check['status'][] = ['fail', 'unknown', 'warn', 'ok'];
const INDENT = ' '.repeat(COLUMN);
const RUNBOOK = 'docs/runbook.md#alarm-path';

/** The delivery check: would an alarm arrive, way by way, and what to do where it would not. */
function composeDelivery(look: ChannelStates | undefined, zone: string): string[] {
  if (look === undefined) return [];
  const sorted = [...look.states].sort(
    (a, b) => WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status),
  );
  const more = sorted.length - CHANNELS_SHOWN;
  return [
    `Would an alarm arrive? As of ${formatTime(look.lookedAt, zone)}:`,
    '',
    ...sorted.slice(0, CHANNELS_SHOWN).flatMap((one) => composeState(one, zone)),
    ...(more > 0 ? [`and ${more} more: rollcall doctor`] : []),
    '',
  ];
}

function composeState(state: ChannelState, zone: string): string[] {
  const since = state.status === 'fail' ? ` (since ${formatInstant(state.since, zone)})` : '';
  return [
    ...paragraph(DELIVERY[state.status], `${state.check}: ${toAscii(state.says)}${since}`),
    // A command must be copied as it is: it is never wrapped.
    ...('fix' in state ? [`${INDENT}Do now:  ${toAscii(state.fix)}`] : []),
    ...(state.status === 'fail' ? [`${INDENT}Runbook: ${RUNBOOK}`] : []),
  ];
}
