// S3 events -> messages: OK again, an upload that should not be, objects taken away.
import type { FindingKind, Removal } from '../verdict/finding.ts';
import type { Verdict } from '../verdict/judge.ts';
import { describeFinding } from './finding-words.ts';
import { composeMessage, type Message } from './message.ts';
import { paragraph, WIDTH } from './paragraph.ts';
import {
  count,
  quoteName,
  sayBytes,
  sayInstant,
  sayLength,
  toAscii,
  wrapText,
} from './plain-text.ts';
import { composeSteps } from './steps.ts';

const SHOWN = 20;

/** "web OK AGAIN": what came, how late, and what was missed; never a bare "up". */
export function composeRecovery(before: Verdict, after: Verdict): Message {
  const { host } = after;
  const set = after.answer ?? after.lastGood;
  const doneAt = after.answeredAt ?? set?.manifest?.writtenAt ?? after.at;
  const missed = before.findings.find(({ kind }) => kind === 'missing');
  const windows = missed?.kind === 'missing' ? missed.windowsMissed : 1;
  const first = before.lastGood === undefined;
  const late = after.answer === undefined ? 0 : doneAt - after.window.dueAt;
  const size = `${count(set?.volumes?.count ?? 0, 'volume')}, ${sayBytes(set?.bytes ?? 0)}`;
  const done = sayInstant(doneAt, host.timezone);
  const gap =
    before.lastGood === undefined
      ? 'It is the first complete full backup in its target.'
      : `Before it the last good copy was ${sayInstant(before.lastGood.startedAt, host.timezone)} (${sayLength(after.at - before.lastGood.startedAt)} ago; ${count(windows, 'window')} missed).`;
  const punctual = late > 0 ? `, ${sayLength(late)} late` : '';
  const text = [
    ...wrapText(`${host.name}: full done ${done} (${size})${punctual}. ${gap}`, WIDTH),
    '',
    ...restOf(after, MADE_GOOD),
  ];
  const word = first ? 'OK: its first full backup is done' : 'OK AGAIN: full done';
  return composeMessage({
    subject: `${host.name} ${word} ${done}${punctual}`,
    text: `${text.join('\n')}\n`,
    sms: `BACKUP ${first ? 'OK' : 'OK AGAIN'} ${host.name}: full done ${done} (${size})${punctual}.`,
    urgency: 'alert',
  });
}

/** An upload that should not be: unencrypted, incremental, poisonous, or to a target that cannot be read. */
export function composeTrouble(verdict: Verdict, kinds: readonly FindingKind[]): Message {
  const { host } = verdict;
  const findings = verdict.findings.filter(({ kind }) => kinds.includes(kind));
  const lines = findings.flatMap((finding) => [
    ...paragraph(finding.kind.toUpperCase(), `${host.name}: ${describeFinding(finding, verdict)}`),
    ...composeSteps(finding, verdict),
    '',
  ]);
  const words = findings.map(({ kind }) => kind.toUpperCase()).join(', ');
  return composeMessage({
    subject: `${host.name} ${words}: seen in an upload of now`,
    text: `${lines.join('\n')}\n`,
    sms: `BACKUP ${host.name} ${words} in an upload of now. Mail has the fix.`,
    urgency: 'alert',
  });
}

/** A name or a place that nobody on the roll writes; told by mail only, as anybody with a key can cause it. */
export function composeStranger(event: Removal & { bucket: string }, timezone: string): Message {
  const text = `An upload that no host of the roll makes: ${quoteName(event.key)} in ${event.bucket}, ${sayInstant(event.at, timezone)}, ${sayCulprit(event)}. Add its host to hosts.yml, or find out who writes there.`;
  return composeMessage({
    subject: `UNKNOWN upload in bucket ${event.bucket}`,
    text: `${wrapText(text, WIDTH).join('\n')}\n`,
    urgency: 'digest',
  });
}

/** Removed by somebody, and not by lifecycle: every one is told, with who and from where. */
export function composeRemoval(
  removals: readonly Removal[],
  verdict: Verdict | undefined,
  timezone: string,
): Message {
  const zone = verdict?.host.timezone ?? timezone;
  const name = verdict?.host.name ?? 'no host of the roll';
  const objects = count(removals.length, 'object');
  const [first] = removals;
  const lines = removals
    .slice(0, SHOWN)
    .flatMap((removal) => [
      quoteName(removal.key),
      `  removed ${sayInstant(removal.at, zone)} ${sayCulprit(removal)}`,
      `  ${LEFT[removal.left]}`,
      '',
    ]);
  const more = removals.length - SHOWN;
  const steps = [
    'Nobody but lifecycle should ever remove a backup.',
    'Do now:  disable that key in IAM, then look: rollcall check --deep',
    'Runbook: docs/runbook.md#tampered',
  ];
  const culprit = first === undefined ? '' : `, ${sayCulprit(first)}`;
  const text = [
    `${objects} removed from ${name}:`,
    '',
    ...lines,
    ...(more > 0 ? [`and ${more} more`, ''] : []),
    ...(verdict === undefined ? [] : [...restOf(verdict), '']),
    ...steps,
  ];
  return composeMessage({
    subject: `TAMPERED ${name}: ${objects} REMOVED`,
    text: `${text.join('\n')}\n`,
    sms: `BACKUP TAMPER ${name}: ${objects} REMOVED${culprit}. Disable that key now.`,
    urgency: 'alert',
  });
}

const LEFT = {
  marker: 'the version is still there, hidden under a delete marker',
  version: 'that version is gone for good',
  unknown: 'whether a version is left was not told',
};

function sayCulprit({ principal, address }: Removal): string {
  const who = principal === undefined ? 'an unknown principal' : toAscii(principal).slice(0, 80);
  return `by ${who} from ${address === undefined ? 'an unknown address' : toAscii(address).slice(0, 45)}`;
}

/** What the full that has just come makes good, though the window it was owed for stays missed. */
const MADE_GOOD: readonly FindingKind[] = ['missing', 'incomplete', 'late', 'never'];

/** What else is wrong with the host right now. */
function restOf(verdict: Verdict, leaveOut: readonly FindingKind[] = []): string[] {
  const rest = verdict.findings.filter(
    ({ severity, kind }) => severity !== 'info' && !leaveOut.includes(kind),
  );
  if (rest.length === 0) return ['Nothing else is wrong with it.'];
  const lines = rest.flatMap((finding) =>
    wrapText(`${finding.kind}: ${describeFinding(finding, verdict)}`, WIDTH),
  );
  return ['Wrong with it now:', ...lines];
}
