// The first line of a run's message: when, by whose clock, and what it is about.
import { dateIn } from '../verdict/zone.ts';
import { sayDate, sayTime } from './plain-text.ts';
import type { Report } from './report.ts';

/** `Mon 23 Nov 2026 08:15 Europe/Amsterdam - bucket acme-backups`. */
export function composeHeader({ checkedAt, bucket }: Report, zone: string): string {
  const year = dateIn(zone, checkedAt).slice(0, 4);
  return `${sayDate(checkedAt, zone)} ${year} ${sayTime(checkedAt, zone)} ${zone} - bucket ${bucket}`;
}
