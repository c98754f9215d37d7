// The channels in words: the digest's delivery check, and what is reported when one fails or works again.
import type { Check } from '../doctor/audit.ts';
import type { ChannelCheck, ChannelState } from '../doctor/channels.ts';
import { composeMessage, type Message } from './compose-message.ts';
import {
  COLUMN,
  formatDuration,
  formatInstant,
  formatTime,
  paragraph,
  toAscii,
} from './plain-text.ts';
import { composeHeader, type Run } from './report.ts';

const SHOWN = 20;
const LABELS = { fail: 'DEAD', unknown: 'UNSEEN', warn: 'WEAK', ok: 'FINE' } as const;
const WORST_FIRST: readonly Check['status'][] = ['fail', 'unknown', 'warn', 'ok'];
const INDENT = ' '.repeat(COLUMN);
const RUNBOOK = 'docs/runbook.md#alarm-path';

/** True when a channel failed or works again: that is notified at once. */
export function hasChannelNews(look: ChannelCheck | undefined): look is ChannelCheck {
  return look !== undefined && look.died.length + look.repaired.length > 0;
}

/** The message of a run that has nothing else to report; `undefined` without news. */
export function composeChannelNews({ report, channels, timezone }: Run): Message | undefined {
  if (!hasChannelNews(channels)) return undefined;
  const text = [composeHeader(report, timezone), '', ...composeNews(channels, timezone)];
  return composeMessage({
    subject: formatNews(channels),
    text: `${text.join('\n')}\n`,
    ...(channels.urgent ? { sms: composeChannelSms(channels) } : {}),
    severity: channels.urgent ? 'critical' : channels.died.length > 0 ? 'warning' : 'info',
    urgency: channels.urgent ? 'alert' : 'digest',
  });
}

/** `BACKUP ALARM CHANNEL DEAD: mail. boss@example.net is on the suppression list: ...` */
export function composeChannelSms(look: ChannelCheck): string {
  const [first] = look.died;
  return `BACKUP ${formatNews(look)}. ${first?.says ?? ''}`;
}

/** What died and what is repaired, with what to do. */
export function composeNews(look: ChannelCheck, zone: string): string[] {
  return [
    ...look.died.slice(0, SHOWN).flatMap((one) => composeState(one, zone)),
    ...composeRepaired(look),
  ];
}

/** The delivery check: for each channel whether an alarm would arrive, and what to do where it would not. */
export function composeDelivery(look: ChannelCheck | undefined, zone: string): string[] {
  if (look === undefined) return [];
  const sorted = [...look.states].sort(
    (a, b) => WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status),
  );
  const more = sorted.length - SHOWN;
  return [
    `Would an alarm arrive? As of ${formatTime(look.lookedAt, zone)}:`,
    '',
    ...sorted.slice(0, SHOWN).flatMap((one) => composeState(one, zone)),
    ...(more > 0 ? [`and ${more} more: rollcall doctor`] : []),
    ...composeRepaired(look),
    '',
  ];
}

function composeRepaired({ repaired, lookedAt }: ChannelCheck): string[] {
  return repaired
    .slice(0, SHOWN)
    .flatMap(({ check, says, since }) =>
      paragraph(
        'REPAIRED',
        `${check}: works again after ${formatDuration(lookedAt - since)}. It was: ${toAscii(says)}`,
      ),
    );
}

function composeState(state: ChannelState, zone: string): string[] {
  const since = state.status === 'fail' ? ` (since ${formatInstant(state.since, zone)})` : '';
  return [
    ...paragraph(LABELS[state.status], `${state.check}: ${toAscii(state.says)}${since}`),
    // A command must be copied as it is: it is never wrapped.
    ...('fix' in state ? [`${INDENT}Do now:  ${toAscii(state.fix)}`] : []),
    ...(state.status === 'fail' ? [`${INDENT}Runbook: ${RUNBOOK}`] : []),
  ];
}

function formatNews({ died, repaired }: ChannelCheck): string {
  const names = (states: readonly ChannelState[]) =>
    [...new Set(states.map(({ check }) => check))].join(', ');
  return died.length > 0
    ? `ALARM CHANNEL DEAD: ${names(died)}`
    : `alarm channel works again: ${names(repaired)}`;
}
