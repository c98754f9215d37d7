// The ways an alarm takes, in words: the digest's delivery check, and what is told when one dies or lives again.
import type { Check } from '../doctor/audit.ts';
import type { PathState, PathsLook } from '../doctor/channels.ts';
import { composeMessage, type Message } from './message.ts';
import { COLUMN, paragraph, sayInstant, sayLength, sayTime, toAscii } from './plain-text.ts';
import { composeHeader, type Run } from './report.ts';

const SHOWN = 20;
const LABELS = { fail: 'DEAD', unknown: 'UNSEEN', warn: 'WEAK', ok: 'FINE' } as const;
const WORST_FIRST: readonly Check['status'][] = ['fail', 'unknown', 'warn', 'ok'];
const INDENT = ' '.repeat(COLUMN);
const RUNBOOK = 'docs/runbook.md#alarm-path';

/** True when a way died or lives again: that is told at once. */
export function hasPathNews(look: PathsLook | undefined): look is PathsLook {
  return look !== undefined && look.died.length + look.mended.length > 0;
}

/** The message of a run that has nothing else to tell; `undefined` without news. */
export function composePathNews({ report, paths, timezone }: Run): Message | undefined {
  if (!hasPathNews(paths)) return undefined;
  const text = [composeHeader(report, timezone), '', ...composeNews(paths, timezone)];
  return composeMessage({
    subject: sayNews(paths),
    text: `${text.join('\n')}\n`,
    ...(paths.urgent ? { sms: composePathSms(paths) } : {}),
    severity: paths.urgent ? 'critical' : paths.died.length > 0 ? 'warning' : 'info',
    urgency: paths.urgent ? 'alert' : 'digest',
  });
}

/** `BACKUP ALARM PATH DEAD: mail. boss@example.net is on the suppression list: ...` */
export function composePathSms(look: PathsLook): string {
  const [first] = look.died;
  return `BACKUP ${sayNews(look)}. ${first?.says ?? ''}`;
}

/** What died and what is mended, with what to do. */
export function composeNews(look: PathsLook, zone: string): string[] {
  return [
    ...look.died.slice(0, SHOWN).flatMap((one) => composeState(one, zone)),
    ...composeMended(look),
  ];
}

/** The delivery check: would an alarm arrive, way by way, and what to do where it would not. */
export function composeDelivery(look: PathsLook | undefined, zone: string): string[] {
  if (look === undefined) return [];
  const sorted = [...look.states].sort(
    (a, b) => WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status),
  );
  const more = sorted.length - SHOWN;
  return [
    `Would an alarm arrive? As of ${sayTime(look.lookedAt, zone)}:`,
    '',
    ...sorted.slice(0, SHOWN).flatMap((one) => composeState(one, zone)),
    ...(more > 0 ? [`and ${more} more: rollcall doctor`] : []),
    ...composeMended(look),
    '',
  ];
}

function composeMended({ mended, lookedAt }: PathsLook): string[] {
  return mended
    .slice(0, SHOWN)
    .flatMap(({ check, says, since }) =>
      paragraph(
        'MENDED',
        `${check}: open again after ${sayLength(lookedAt - since)}. It was: ${toAscii(says)}`,
      ),
    );
}

function composeState(state: PathState, zone: string): string[] {
  const since = state.status === 'fail' ? ` (since ${sayInstant(state.since, zone)})` : '';
  return [
    ...paragraph(LABELS[state.status], `${state.check}: ${toAscii(state.says)}${since}`),
    // A command must be copied as it is: it is never wrapped.
    ...('fix' in state ? [`${INDENT}Do now:  ${toAscii(state.fix)}`] : []),
    ...(state.status === 'fail' ? [`${INDENT}Runbook: ${RUNBOOK}`] : []),
  ];
}

function sayNews({ died, mended }: PathsLook): string {
  const names = (states: readonly PathState[]) =>
    [...new Set(states.map(({ check }) => check))].join(', ');
  return died.length > 0
    ? `ALARM PATH DEAD: ${names(died)}`
    : `alarm path open again: ${names(mended)}`;
}
