// S3 events -> messages: OK again, an upload that should not be, objects taken away.
import type { Host } from '../config/config.ts';
import type { BackupSet } from '../duplicity/backup-set.ts';
import {
  CAUSE_OF,
  FINDING_KINDS,
  type FindingKind,
  type Removal,
  windowsMissedBy,
} from '../rules/finding.ts';
import type { Judgement } from '../rules/judge.ts';
import { composeWhoIs, formatPrincipal, type Known } from './author-text.ts';
import { composeMessage, type Message } from './compose-message.ts';
import { composeSteps, describeFinding, nextStep } from './finding-text.ts';
import {
  count,
  formatBytes,
  formatDuration,
  formatInstant,
  paragraph,
  quoteName,
  toAscii,
  WIDTH,
  wrapText,
} from './plain-text.ts';

const SHOWN = 20;
const CULPRITS_SHOWN = 3;

/** What the messages of one config share: the zone of all their times, and whom an event's id can be compared with. */
export type About = { readonly timezone: string; readonly known: Known };

/** "web OK AGAIN": what came, how late, and what was missed; never a bare "up". */
export function composeRecovery(before: Judgement, after: Judgement, timezone: string): Message {
  const { host } = after;
  const set = after.answer ?? after.lastGood;
  const doneAt = after.answeredAt ?? set?.manifest?.writtenAt ?? after.at;
  const windows = Math.max(1, windowsMissedBy(before.findings));
  const first = before.lastGood === undefined;
  const late = after.answer === undefined ? 0 : doneAt - after.window.dueAt;
  const size = `${count(set?.volumes?.count ?? 0, 'volume')}, ${formatBytes(set?.bytes ?? 0)}`;
  const done = `${formatInstant(doneAt, timezone)} ${timezone}`;
  const gap =
    before.lastGood === undefined
      ? 'It is the first complete full backup in its target.'
      : `Before it the last good copy was ${formatInstant(before.lastGood.startedAt, timezone)} (${formatDuration(after.at - before.lastGood.startedAt)} ago; ${count(windows, 'window')} missed).`;
  const punctual = late > 0 ? `, ${formatDuration(late)} late` : '';
  const text = [
    ...wrapText(`${host.name}: full done ${done} (${size})${punctual}. ${gap}`, WIDTH),
    '',
    ...restOf(after, timezone, MADE_GOOD),
  ];
  const word = first ? 'OK: its first full backup is done' : 'OK AGAIN: full done';
  return composeMessage({
    subject: `${host.name} ${word} ${done}${punctual}`,
    text: `${text.join('\n')}\n`,
    sms: `BACKUP ${first ? 'OK' : 'OK AGAIN'} ${host.name}: full done ${done} (${size})${punctual}.`,
    severity: 'info',
    urgency: 'alert',
  });
}

/** "web OK AGAIN: full of ... is back": delete markers were taken away, and by whom; nothing critical is left. */
export function composeReturn(
  judgement: Judgement,
  sets: readonly BackupSet[],
  changes: readonly Change[],
  { timezone, known }: About,
): Message {
  const { host } = judgement;
  const [newest, ...older] = sets.toReversed();
  const kind = newest?.type === 'inc' ? 'incremental' : 'full';
  const began = `${formatInstant(newest?.startedAt ?? judgement.at, timezone)} ${timezone}`;
  const back = `${kind} of ${began}${older.length > 0 ? ` and ${older.length} more` : ''} is back`;
  const culprits = [...new Set(changes.map((change) => formatCulprit(change, known, host)))]
    .slice(0, SHOWN)
    .join('; ');
  const text = [
    ...wrapText(`${host.name}: ${back}: its delete markers were removed ${culprits}.`, WIDTH),
    '',
    ...restOf(judgement, timezone),
  ];
  return composeMessage({
    subject: `${host.name} OK AGAIN: ${back}`,
    text: `${text.join('\n')}\n`,
    sms: `BACKUP OK AGAIN ${host.name}: ${back}.`,
    severity: 'info',
    urgency: 'alert',
  });
}

/** An upload that should not be: unencrypted, incremental, poisonous, or to a target that cannot be read. */
export function composeTrouble(
  judgement: Judgement,
  kinds: readonly FindingKind[],
  uploads: readonly Change[],
  { timezone, known }: About,
): Message {
  const { host } = judgement;
  const findings = judgement.findings.filter(({ kind }) => kinds.includes(kind));
  const lines = findings.flatMap((finding) => [
    ...paragraph(
      finding.kind.toUpperCase(),
      `${host.name}: ${describeFinding(finding, judgement, timezone)}`,
    ),
    ...composeSteps(finding, judgement),
    '',
  ]);
  const words = findings.map(({ kind }) => kind.toUpperCase()).join(', ');
  return composeMessage({
    subject: `${host.name} ${words}: seen in an upload just now`,
    text: `${[...lines, ...listUploaders(uploads, known, host), formatZone(timezone)].join('\n')}\n`,
    sms: `BACKUP ${host.name} ${words} in an upload just now. Mail has the fix.`,
    severity: 'critical',
    urgency: 'alert',
  });
}

/** Names or places that no host in the config writes; sent by mail only, as anybody with a key can cause it. */
export function composeUnknownPrefixes(
  uploads: readonly (Change & { readonly bucket: string })[],
  { timezone, known }: About,
  own?: Host,
): Message {
  const [bucket = ''] = uploads.map((upload) => upload.bucket);
  const several = uploads.length === 1 ? 'UNKNOWN upload' : `${uploads.length} UNKNOWN uploads`;
  const text = [
    'Uploads that no host in the config makes:',
    '',
    ...listChanges(uploads, { timezone, known }, own),
    'Add their host to hosts.yml, or find out who writes there.',
    '',
    ...composeWhoIs(
      uploads.map(({ principal }) => principal),
      known,
    ),
    formatZone(timezone),
  ];
  return composeMessage({
    subject: `${several} in bucket ${bucket}`,
    text: `${text.join('\n')}\n`,
    severity: 'warning',
    urgency: 'digest',
  });
}

/** One upload or removal, as its event shows it. */
export type Change = Removal & { readonly what: 'created' | 'removed' };

/**
 * Overwritten in a finished backup or removed by somebody, and not by lifecycle: every one is listed, with who
 * and from where.
 */
export function composeTampering(
  changes: readonly Change[],
  judgement: Judgement | undefined,
  about: About,
): Message {
  const name = judgement?.host.name ?? 'no host in the config';
  const done = (['created', 'removed'] as const).flatMap((what) => {
    const times = changes.filter((change) => change.what === what).length;
    return times === 0 ? [] : [`${count(times, 'object')} ${CHANGES[what].toUpperCase()}`];
  });
  const finding = judgement?.findings.find(
    ({ kind, severity }) => kind === 'tampered' && severity === 'critical',
  );
  const step =
    (finding && judgement && nextStep(finding, judgement)) ??
    'disable that key in IAM, then look: rollcall check --deep';
  const [first] = changes;
  const text = [
    `${done.join(', ').toLowerCase()}: ${name}`,
    '',
    ...listChanges(changes, about, judgement?.host),
    ...composeWhoIs(
      changes.map(({ principal }) => principal),
      about.known,
    ),
    ...(judgement === undefined ? [] : [...restOf(judgement, about.timezone), '']),
    'Nobody but lifecycle should ever remove a backup, and nobody overwrite one.',
    `Do now:  ${step}`,
    'Runbook: docs/runbook.md#tampered',
    '',
    formatZone(about.timezone),
  ];
  return composeMessage({
    subject: `TAMPERED ${name}: ${done.join(', ')}`,
    text: `${text.join('\n')}\n`,
    sms: `BACKUP TAMPER ${name}: ${done.join(', ')}${first === undefined ? '' : `, ${formatCulprit(first, about.known, judgement?.host)}`}. Disable that key now.`,
    severity: 'critical',
    urgency: 'alert',
  });
}

const CHANGES = { created: 'overwritten', removed: 'removed' } as const;

const LEFT = {
  marker: 'the version is still there, hidden under a delete marker',
  version: 'that version is gone for good',
  unknown: 'whether a version is left is not known',
};

/** The first of them, each with its time and culprit, and how many there are besides. */
function listChanges(
  changes: readonly Change[],
  { timezone, known }: About,
  own: Host | undefined,
): string[] {
  const more = changes.length - SHOWN;
  const lines = changes
    .slice(0, SHOWN)
    .flatMap((change) => [
      quoteName(change.key),
      `  ${change.what === 'created' ? 'written' : 'removed'} ${formatInstant(change.at, timezone)} ${formatCulprit(change, known, own)}`,
      ...(change.what === 'removed' ? [`  ${LEFT[change.left]}`] : []),
      '',
    ]);
  return more > 0 ? [...lines, `and ${more} more`, ''] : lines;
}

/** Whose key made the uploads that the message is about, and how to find out where that is not known. */
function listUploaders(uploads: readonly Change[], known: Known, own: Host): string[] {
  const who = [...new Set(uploads.map((upload) => formatCulprit(upload, known, own)))];
  const more = who.length - CULPRITS_SHOWN;
  const rest = more > 0 ? `, and ${more} more` : '';
  return [
    ...wrapText(`Uploaded ${who.slice(0, CULPRITS_SHOWN).join(', ')}${rest}.`, WIDTH),
    '',
    ...composeWhoIs(
      uploads.map(({ principal }) => principal),
      known,
    ),
  ];
}

function formatZone(timezone: string): string {
  return `Times are in ${timezone}.`;
}

function formatCulprit(
  { principal, address }: Change,
  known: Known,
  own: Host | undefined,
): string {
  const who = formatPrincipal(principal, known, own);
  return `by ${who} from ${address === undefined ? 'an unknown address' : toAscii(address).slice(0, 45)}`;
}

/** What the full that has just come makes good, though the window it was owed for stays missed. */
const MADE_GOOD = FINDING_KINDS.filter((kind) => CAUSE_OF[kind] === 'window');

/** What else is wrong with the host right now. */
function restOf(
  judgement: Judgement,
  timezone: string,
  leaveOut: readonly FindingKind[] = [],
): string[] {
  const rest = judgement.findings.filter(
    ({ severity, kind }) => severity !== 'info' && !leaveOut.includes(kind),
  );
  if (rest.length === 0) return ['Nothing else is wrong with it.'];
  const lines = rest.flatMap((finding) =>
    wrapText(`${finding.kind}: ${describeFinding(finding, judgement, timezone)}`, WIDTH),
  );
  return ['Wrong with it now:', ...lines];
}
