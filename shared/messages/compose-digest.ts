// The daily digest: what is to be known of every host, also when all is well.
import type { Instant } from '../duplicity/time.ts';
import { isInconclusive } from '../rules/finding.ts';
import type { Judgement } from '../rules/judge.ts';
import { dateIn } from '../rules/window.ts';
import { composeDelivery } from './channel-text.ts';
import { composeCodeWord } from './compose-message.ts';
import { describeFinding } from './finding-text.ts';
import { INCONCLUSIVE } from './loss-text.ts';
import {
  COLUMN,
  count,
  formatBytes,
  formatDate,
  formatInstant,
  paragraph,
  quoteName,
  WIDTH,
  wrapText,
} from './plain-text.ts';
import { hasFailed, type Run, serialOf } from './report.ts';

const LISTED = 200;

/** What is noted of hosts that have not failed, who did it, and how to notice that no digest comes. */
export function composeDigest(run: Run, alarms: boolean): string[] {
  const { judgements, unknownHosts, unsearched } = run.report;
  const lines: string[] = [];
  for (const judgement of judgements.filter((one) => !hasFailed(one))) {
    for (const finding of judgement.findings.filter((one) => !isInconclusive(one)).slice(0, 5)) {
      const text = describeFinding(finding, judgement, run.timezone);
      lines.push(...paragraph(finding.kind.toUpperCase(), `${judgement.host.name}: ${text}`));
    }
  }
  lines.push(...composeInconclusive(judgements));
  if (unknownHosts.length > 0) {
    const names = unknownHosts.slice(0, 5).map(quoteName).join(', ');
    const more = unknownHosts.length > 5 ? `, and ${unknownHosts.length - 5} more` : '';
    const text = `${names}${more}: in the bucket, but of no host in the config. Add it to hosts.yml, or find out who writes there.`;
    lines.push(...paragraph('UNKNOWN', text));
  }
  if (unsearched !== undefined) {
    lines.push(...paragraph('UNSEARCHED', `could not look for unknown hosts: ${unsearched}`));
  }
  const noted = lines.slice(0, LISTED * 2);
  const good = judgements.filter(({ verdict }) => verdict === 'ok');
  return [
    ...noted,
    ...(noted.length > 0 ? [''] : []),
    ...composeGood(good, run.timezone),
    ...composeDrills(run),
    ...composeDelivery(run.channels, run.timezone),
    ...(run.test === true ? [...composeTest(run, alarms), ''] : []),
    ...composeEnd(run),
  ];
}

/** A setting of the bucket's: one paragraph, and not a line for each of its hosts. */
function composeInconclusive(judgements: readonly Judgement[]): string[] {
  return Object.entries(INCONCLUSIVE).flatMap(([reason, text]) => {
    const inconclusive = judgements.filter(({ findings }) =>
      findings.some((one) => one.kind === 'tampered' && one.untold === reason),
    );
    return inconclusive.length === 0
      ? []
      : paragraph('UNCHECKED', `tampering with ${count(inconclusive.length, 'host')} ${text}.`);
  });
}

function composeGood(good: readonly Judgement[], zone: string): string[] {
  if (good.length === 0) return [];
  const lines = good.slice(0, LISTED).map(({ host, answer, answeredAt, window }) => {
    const done = answeredAt === undefined ? '' : ` done ${formatInstant(answeredAt, zone)}`;
    const late = answeredAt !== undefined && answeredAt > window.dueAt ? ', late' : '';
    const size = answer === undefined ? '' : `, ${formatBytes(answer.bytes)}`;
    return `${'OK'.padEnd(COLUMN)}${host.name}: full${done}${size}${late}`;
  });
  const more = good.length - lines.length;
  return [...lines, ...(more > 0 ? [`${'OK'.padEnd(COLUMN)}and ${more} more`] : []), ''];
}

function composeEnd(run: Run): string[] {
  return wrapText(
    `Digest ${serialOf(run)}. One comes every day, also when all is well: if the next one does not come, the monitor itself is in trouble; see docs/runbook.md#monitor-silent.`,
    WIDTH,
  );
}

const NAMED = 5;
const DAY = 86_400_000;

/** Whose last proof is the oldest, who has none, and whose last drill failed; nothing where nobody has looked. */
export function composeDrills({ report, drills, timezone }: Run): string[] {
  const hosts = report.judgements.map(({ host }) => host.name);
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
    `${name} ${count(Math.floor((report.checkedAt - at) / DAY), 'day')} ago (${formatDate(at, timezone)})`;
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

/** True for the digest of a Monday, on the calendar of the config. */
export function isTestDue({ digest, report, timezone }: Run): boolean {
  const today = new Date(`${dateIn(timezone, report.checkedAt)}T00:00Z`);
  return digest && today.getUTCDay() === MONDAY;
}

/** What the digest says of it; the SMS is an alarm's own when there is one, and tests the telephones as well. */
export function composeTest(run: Run, alarms: boolean): string[] {
  const sms = alarms
    ? 'The SMS of this alarm is the test of the telephones.'
    : 'An SMS with it was sent to every telephone.';
  return paragraph(
    'TEST',
    `${codeWordOf(run)} is the code word of this week's test of every channel. ${sms} Ask whether all got it; who did not: docs/runbook.md#alarm-path`,
  );
}

/** One segment: whose phone shows it is reached, and needs to do nothing. */
export function composeTestSms(run: Run): string {
  const day = formatDate(run.report.checkedAt, run.timezone);
  return `BACKUP TEST ${codeWordOf(run)}: the weekly test of this phone, no alarm. The digest of ${day} has the same word.`;
}

/**
 * The same word each time that a day's digest is composed, so that a run that is killed and run again sends the same.
 */
function codeWordOf(run: Run): string {
  // FNV-1a over the digest's number, and a step of a generator for each letter.
  let seed = [...serialOf(run)].reduce(
    (hash, character) => Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0,
    0x811c9dc5,
  );
  return composeCodeWord((below) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  });
}
