// The weekly test: once a week the digest goes by every way, with a code word, so that a person notices a way that is dead.
import { dateIn } from '../verdict/zone.ts';
import { composeCodeWord } from './code-word.ts';
import { paragraph } from './paragraph.ts';
import { sayDate } from './plain-text.ts';
import { type Run, serialOf } from './run.ts';

const MONDAY = 1;

/** True for the digest of a Monday, on the calendar of the roll. */
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
    `${codeWordOf(run)} is the code word of this week's test of every way of alarm. ${sms} Ask whether all got it; who did not: docs/runbook.md#alarm-path`,
  );
}

/** One segment: whose phone shows it is reached, and needs to do nothing. */
export function composeTestSms(run: Run): string {
  const day = sayDate(run.report.checkedAt, run.timezone);
  return `BACKUP TEST ${codeWordOf(run)}: the weekly test of this phone, no alarm. The digest of ${day} has the same word.`;
}

/** The same word each time that a day's digest is composed, so that a run that is killed and run again tells one. */
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
