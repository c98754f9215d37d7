// One message for all channels: subject, plain text and SMS, each within its bounds.
import type { Severity } from '../rules/finding.ts';
import { toAscii } from './plain-text.ts';

/** `alert` reaches every channel; `digest` is mail only; `test` is a digest that is sent to telephones too. */
export type Urgency = 'alert' | 'digest' | 'test';

export type Message = {
  /** ASCII, under 100 characters, no line break: SNS refuses others. */
  readonly subject: string;
  readonly text: string;
  /** One GSM-7 segment of at most 160 characters; not with `digest`. */
  readonly sms: string | undefined;
  readonly urgency: Urgency;
  /** Of the worst in it; absent in messages that were remembered before they had one. */
  readonly severity?: Severity | undefined;
};

const SUBJECT_BOUND = 99;

/** One GSM-7 segment. */
export const SMS_BOUND = 160;

/**
 * SNS takes 256 KiB for all protocols together, in JSON: each character of the text may take six.
 */
const TEXT_BOUND = 40_000;

/** Puts a message together and holds it to its bounds, whatever it was given. */
export function composeMessage(parts: {
  subject: string;
  text: string;
  sms?: string | undefined;
  urgency: Urgency;
  severity: Severity;
}): Message {
  const text = clip(parts.text, TEXT_BOUND, '\n[cut here: the rest is in `rollcall check`]\n');
  return {
    subject: clip(toAscii(`[backup] ${parts.subject}`), SUBJECT_BOUND, '...'),
    text,
    sms: parts.sms === undefined ? undefined : clip(toGsm(parts.sms), SMS_BOUND, '...'),
    urgency: parts.urgency,
    severity: parts.severity,
  };
}

function clip(text: string, bound: number, end: string): string {
  return text.length <= bound ? text : `${text.slice(0, bound - end.length)}${end}`;
}

/** Printable ASCII without the characters that take two places in GSM-7, or none. */
function toGsm(text: string): string {
  return toAscii(text).replace(/[[\]{}\\^~|`]/g, '.');
}

/**
 * The JSON of a publish with `MessageStructure: json`: the text for mail, and what a telephone can show.
 * Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
export function composePublication({ subject, text, sms }: Message): string {
  return JSON.stringify({
    default: text,
    sms: sms ?? subject,
  });
}

/**
 * Four letters and four digits, none of which looks like another; `pick` answers a number from 0 to below its bound.
 */
export function composeCodeWord(pick: (below: number) => number): string {
  const some = (from: string) => Array.from({ length: 4 }, () => from[pick(from.length)]).join('');
  return `${some('ACDEFHJKLMNPRTUVWXY')}-${some('3479')}`;
}
