// Of a missing backup: whether anything came, and when it should have.
import type { Verdict } from '../verdict/judge.ts';
import { isQuiet, type Rhythm, rhythmOf } from '../verdict/rhythm.ts';
import { sayTime } from './plain-text.ts';

/** `This window: nothing was uploaded. The last 6 fulls began 02:00-02:05 and were done by 02:20.` */
export function sayRhythm(verdict: Verdict, zone: string): string {
  const came = isQuiet(verdict) ? 'nothing was uploaded' : 'files came, and no full of it';
  const rhythm = rhythmOf(verdict);
  return `This window: ${came}.${rhythm === undefined ? '' : ` ${sayUsual(rhythm, zone)}`}`;
}

function sayUsual({ fulls, beganFrom, beganUntil, doneBy }: Rhythm, zone: string): string {
  const [from, until] = [sayTime(beganFrom, zone), sayTime(beganUntil, zone)];
  const began = from === until ? `at ${from}` : `${from}-${until}`;
  return `The last ${fulls} fulls began ${began} and were done by ${sayTime(doneBy, zone)}.`;
}
