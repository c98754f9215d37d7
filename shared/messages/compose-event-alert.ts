// S3 events -> messages: OK again, an upload that should not be, objects taken away.

import type { Host } from '../config/config.ts';
import type { BackupSet } from '../duplicity/backup-set.ts';
import { type FindingKind, type Removal, windowsMissedBy } from '../rules/finding.ts';
import type { Verdict } from '../rules/judge.ts';
import { composeWhoIs, type Known, sayWho } from './author-text.ts';
import { composeSteps, describeFinding, nextStep } from './finding-text.ts';
import { composeMessage, type Message } from './message.ts';
import {
  count,
  paragraph,
  quoteName,
  sayBytes,
  sayInstant,
  sayLength,
  toAscii,
  WIDTH,
  wrapText,
} from './plain-text.ts';

const SHOWN = 20;
const CULPRITS_SHOWN = 3;

/** What the messages of one roll share: the zone of all their times, and whom an event's id can be compared with. */
export type About = { readonly timezone: string; readonly known: Known };

/** "web OK AGAIN": what came, how late, and what was missed; never a bare "up". */
export function composeRecovery(before: Verdict, after: Verdict, timezone: string): Message {
  const { host } = after;
  const set = after.answer ?? after.lastGood;
  const doneAt = after.answeredAt ?? set?.manifest?.writtenAt ?? after.at;
  const windows = Math.max(1, windowsMissedBy(before.findings));
  const first = before.lastGood === undefined;
  const late = after.answer === undefined ? 0 : doneAt - after.window.dueAt;
  const size = `${count(set?.volumes?.count ?? 0, 'volume')}, ${sayBytes(set?.bytes ?? 0)}`;
  const done = `${sayInstant(doneAt, timezone)} ${timezone}`;
  const gap =
    before.lastGood === undefined
      ? 'It is the first complete full backup in its target.'
      : `Before it the last good copy was ${sayInstant(before.lastGood.startedAt, timezone)} (${sayLength(after.at - before.lastGood.startedAt)} ago; ${count(windows, 'window')} missed).`;
  const punctual = late > 0 ? `, ${sayLength(late)} late` : '';
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
  verdict: Verdict,
  sets: readonly BackupSet[],
  deeds: readonly Deed[],
  { timezone, known }: About,
): Message {
  const { host } = verdict;
  const [newest, ...older] = sets.toReversed();
  const kind = newest?.type === 'inc' ? 'incremental' : 'full';
  const began = `${sayInstant(newest?.startedAt ?? verdict.at, timezone)} ${timezone}`;
  const back = `${kind} of ${began}${older.length > 0 ? ` and ${older.length} more` : ''} is back`;
  const culprits = [...new Set(deeds.map((deed) => sayCulprit(deed, known, host)))]
    .slice(0, SHOWN)
    .join('; ');
  const text = [
    ...wrapText(`${host.name}: ${back}: its delete markers were removed ${culprits}.`, WIDTH),
    '',
    ...restOf(verdict, timezone),
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
  verdict: Verdict,
  kinds: readonly FindingKind[],
  uploads: readonly Deed[],
  { timezone, known }: About,
): Message {
  const { host } = verdict;
  const findings = verdict.findings.filter(({ kind }) => kinds.includes(kind));
  const lines = findings.flatMap((finding) => [
    ...paragraph(
      finding.kind.toUpperCase(),
      `${host.name}: ${describeFinding(finding, verdict, timezone)}`,
    ),
    ...composeSteps(finding, verdict),
    '',
  ]);
  const words = findings.map(({ kind }) => kind.toUpperCase()).join(', ');
  return composeMessage({
    subject: `${host.name} ${words}: seen in an upload of now`,
    text: `${[...lines, ...listUploaders(uploads, known, host), sayZone(timezone)].join('\n')}\n`,
    sms: `BACKUP ${host.name} ${words} in an upload of now. Mail has the fix.`,
    severity: 'critical',
    urgency: 'alert',
  });
}

/** Names or places that nobody on the roll writes; told by mail only, as anybody with a key can cause it. */
export function composeStrangers(
  uploads: readonly (Deed & { readonly bucket: string })[],
  { timezone, known }: About,
  own?: Host,
): Message {
  const [bucket = ''] = uploads.map((upload) => upload.bucket);
  const several = uploads.length === 1 ? 'UNKNOWN upload' : `${uploads.length} UNKNOWN uploads`;
  const text = [
    'Uploads that no host of the roll makes:',
    '',
    ...listDeeds(uploads, { timezone, known }, own),
    'Add their host to hosts.yml, or find out who writes there.',
    '',
    ...composeWhoIs(
      uploads.map(({ principal }) => principal),
      known,
    ),
    sayZone(timezone),
  ];
  return composeMessage({
    subject: `${several} in bucket ${bucket}`,
    text: `${text.join('\n')}\n`,
    severity: 'warning',
    urgency: 'digest',
  });
}

/** One upload or removal, as its event told it. */
export type Deed = Removal & { readonly what: 'created' | 'removed' };

/**
 * Overwritten in a finished backup or removed by somebody, and not by lifecycle: every one is told, with who
 * and from where.
 */
export function composeTampering(
  deeds: readonly Deed[],
  verdict: Verdict | undefined,
  about: About,
): Message {
  const name = verdict?.host.name ?? 'no host of the roll';
  const done = (['created', 'removed'] as const).flatMap((what) => {
    const times = deeds.filter((deed) => deed.what === what).length;
    return times === 0 ? [] : [`${count(times, 'object')} ${DEEDS[what].toUpperCase()}`];
  });
  const finding = verdict?.findings.find(
    ({ kind, severity }) => kind === 'tampered' && severity === 'critical',
  );
  const step =
    (finding && verdict && nextStep(finding, verdict)) ??
    'disable that key in IAM, then look: rollcall check --deep';
  const [first] = deeds;
  const text = [
    `${done.join(', ').toLowerCase()}: ${name}`,
    '',
    ...listDeeds(deeds, about, verdict?.host),
    ...composeWhoIs(
      deeds.map(({ principal }) => principal),
      about.known,
    ),
    ...(verdict === undefined ? [] : [...restOf(verdict, about.timezone), '']),
    'Nobody but lifecycle should ever remove a backup, and nobody overwrite one.',
    `Do now:  ${step}`,
    'Runbook: docs/runbook.md#tampered',
    '',
    sayZone(about.timezone),
  ];
  return composeMessage({
    subject: `TAMPERED ${name}: ${done.join(', ')}`,
    text: `${text.join('\n')}\n`,
    sms: `BACKUP TAMPER ${name}: ${done.join(', ')}${first === undefined ? '' : `, ${sayCulprit(first, about.known, verdict?.host)}`}. Disable that key now.`,
    severity: 'critical',
    urgency: 'alert',
  });
}

const DEEDS = { created: 'overwritten', removed: 'removed' } as const;

const LEFT = {
  marker: 'the version is still there, hidden under a delete marker',
  version: 'that version is gone for good',
  unknown: 'whether a version is left was not told',
};

/** The first of them, each with its time and culprit, and how many there are besides. */
function listDeeds(
  deeds: readonly Deed[],
  { timezone, known }: About,
  own: Host | undefined,
): string[] {
  const more = deeds.length - SHOWN;
  const lines = deeds
    .slice(0, SHOWN)
    .flatMap((deed) => [
      quoteName(deed.key),
      `  ${deed.what === 'created' ? 'written' : 'removed'} ${sayInstant(deed.at, timezone)} ${sayCulprit(deed, known, own)}`,
      ...(deed.what === 'removed' ? [`  ${LEFT[deed.left]}`] : []),
      '',
    ]);
  return more > 0 ? [...lines, `and ${more} more`, ''] : lines;
}

/** Whose key made the uploads that the message is about, and what tells it where that is not known. */
function listUploaders(uploads: readonly Deed[], known: Known, own: Host): string[] {
  const who = [...new Set(uploads.map((upload) => sayCulprit(upload, known, own)))];
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

function sayZone(timezone: string): string {
  return `Times are in ${timezone}.`;
}

function sayCulprit({ principal, address }: Deed, known: Known, own: Host | undefined): string {
  const who = sayWho(principal, known, own);
  return `by ${who} from ${address === undefined ? 'an unknown address' : toAscii(address).slice(0, 45)}`;
}

/** What the full that has just come makes good, though the window it was owed for stays missed. */
const MADE_GOOD: readonly FindingKind[] = ['missing', 'incomplete', 'late', 'never'];

/** What else is wrong with the host right now. */
function restOf(
  verdict: Verdict,
  timezone: string,
  leaveOut: readonly FindingKind[] = [],
): string[] {
  const rest = verdict.findings.filter(
    ({ severity, kind }) => severity !== 'info' && !leaveOut.includes(kind),
  );
  if (rest.length === 0) return ['Nothing else is wrong with it.'];
  const lines = rest.flatMap((finding) =>
    wrapText(`${finding.kind}: ${describeFinding(finding, verdict, timezone)}`, WIDTH),
  );
  return ['Wrong with it now:', ...lines];
}
