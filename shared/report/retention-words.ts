// How long the last good copy lasts, in words.
import { formatWrittenTime } from '../duplicity/time.ts';
import type { Finding } from '../verdict/finding.ts';
import type { Verdict } from '../verdict/judge.ts';
import { count, sayBytes, sayDate, sayInstant, sayLength } from './plain-text.ts';

type Expiring = Extract<Finding, { kind: 'expiring' }>;

const DAY = 86_400_000;

/** When it is hidden, in how long, and until when it can be brought back. */
export function sayExpiring(finding: Expiring, { at: now }: Verdict, zone: string): string {
  const { startedAt, hiddenAt, goneAt, by, stampedAt } = finding;
  const at = (instant: number) => sayInstant(instant, zone);
  const back =
    goneAt === undefined
      ? ''
      : goneAt === hiddenAt
        ? ', for good'
        : `; recoverable until ${at(goneAt)}`;
  if (hiddenAt <= now)
    return `the last good copy, the full of ${at(startedAt)}, was hidden ${at(hiddenAt)}${back}`;
  const sources = [
    ...(by === 'roll'
      ? ["That is by the roll's keepDays: the bucket's own rules are not known"]
      : []),
    ...(stampedAt === undefined || Math.abs(stampedAt - hiddenAt) <= DAY
      ? []
      : [`S3 itself says ${at(stampedAt)} of its first volume: the rules are not what they seem`]),
  ];
  const text = `the last good copy, the full of ${at(startedAt)}, is hidden by lifecycle ${at(hiddenAt)}, in ${sayLength(hiddenAt - now)}${back}`;
  return [text, ...sources].join('. ');
}

/** A new backup while there is time for one; then the hidden one has to come back. */
export function stepBeforeLoss({ startedAt, hiddenAt }: Expiring, { at, host }: Verdict): string {
  return hiddenAt > at
    ? `ssh ${host.name} 'sudo rollcall-backup run'`
    : `rollcall undelete ${host.name} ${formatWrittenTime(startedAt)}`;
}

/** `Last good copy: Sat 21 Nov 02:14, 31 volumes, 5.9 GiB - hidden by lifecycle Sat 28 Nov, ...`; none without one. */
export function sayLastGood(
  { lastGood, countdown, at }: Verdict,
  zone: string,
): string | undefined {
  const set = lastGood ?? countdown?.set;
  if (set === undefined) return undefined;
  const size = `${count(set.volumes?.count ?? 0, 'volume')}, ${sayBytes(set.bytes)}`;
  const copy = `Last good copy: ${sayInstant(set.startedAt, zone)}, ${size}`;
  if (countdown === undefined || countdown.set.startedAt !== set.startedAt) return `${copy}.`;
  const { hiddenAt, goneAt, by } = countdown;
  const on = (instant: number) => sayDate(instant, zone);
  if (goneAt === hiddenAt) return `${copy} - deleted by lifecycle ${on(hiddenAt)}, for good.`;
  const back = goneAt === undefined ? '' : `, recoverable until ${on(goneAt)}`;
  if (hiddenAt <= at) return `${copy} - hidden since ${on(hiddenAt)}${back}.`;
  const doubt = by === 'roll' ? " (by the roll's keepDays)" : '';
  return `${copy} - hidden by lifecycle ${on(hiddenAt)}${doubt}${back}.`;
}
