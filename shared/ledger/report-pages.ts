// Where the reports lie in the ledger: one a day, and the newest for people to look at.
import type { CalendarDate } from '../verdict/zone.ts';

/** All daily reports begin so. */
export const REPORTS = 'reports/';

/** The newest report, as a page. */
export const STATUS_PAGE = 'status.html';

/** `reports/2026/11/23.json`. */
export function reportPage(date: CalendarDate): string {
  return `${REPORTS}${date.replaceAll('-', '/')}.json`;
}

/** The inverse; `undefined` for any other name. */
export function dateOfPage(page: string): CalendarDate | undefined {
  const match = /^reports\/(\d{4})\/(\d\d)\/(\d\d)\.json$/.exec(page);
  return match === null ? undefined : match.slice(1).join('-');
}
