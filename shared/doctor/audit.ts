// One line of an audit: what was looked at, how it stands, and what to do where it is not well.
import type { Fix } from './fix.ts';

/** `unknown` = could not look; it never counts as ok. */
export type Check =
  | { readonly check: string; readonly status: 'ok'; readonly says: string }
  | {
      readonly check: string;
      readonly status: 'warn' | 'fail' | 'unknown';
      readonly says: string;
      readonly fix: string;
      /** The addresses of the config that are not notified because of it. */
      readonly silent?: readonly string[];
    };

/** What AWS answered, or why it did not. */
export type Reading<Value> =
  | { readonly read: true; readonly value: Value }
  | { readonly read: false; readonly why: string; readonly fix: string };

export const ok = (check: string, says: string): Check => ({ check, status: 'ok', says });
export const warn = (check: string, says: string, fix: Fix): Check => ({
  ...{ check, says, fix },
  status: 'warn',
});
export const fail = (
  check: string,
  says: string,
  fix: Fix,
  silent: readonly string[] = [],
): Check => ({
  ...{ check, says, fix },
  status: 'fail',
  ...(silent.length === 0 ? {} : { silent }),
});

/** Judges what was read; what was not is `unknown`. */
export function judgeReading<Value>(
  check: string,
  reading: Reading<Value>,
  judge: (value: Value) => readonly Check[],
): readonly Check[] {
  if (reading.read) return judge(reading.value);
  return [{ check, status: 'unknown', says: reading.why, fix: reading.fix }];
}

/** 2 where something fails, else 3 where something could not be looked at, else 1 for a warning, else 0. */
export function auditStatus(checks: readonly Check[]): 0 | 1 | 2 | 3 {
  const has = (status: Check['status']) => checks.some((one) => one.status === status);
  return has('fail') ? 2 : has('unknown') ? 3 : has('warn') ? 1 : 0;
}
