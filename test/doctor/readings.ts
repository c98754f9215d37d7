// Readings for the checks, and their lines in words.
import type { Check, Reading } from '../../shared/doctor/audit.ts';
import { step } from '../../shared/doctor/fix.ts';
import { aConfig, aHost, at } from '../support/builders.ts';

export const now = at('2026-11-23T12:00:00Z');
export const DAY = 86_400_000;
export const config = aConfig([aHost()], { keepDays: 30 });

/** Something to do, where it does not matter what. */
export const aFix = step('look', 'fix');

export const read = <Value>(value: Value): Reading<Value> => ({ read: true, value });
export const unreadable = {
  read: false,
  why: 'could not read it: AccessDenied (403)',
  fix: 'allow it',
} as const;

/** Status and words, without what to do, which the type demands. */
export const textsOf = (checks: readonly Check[]) =>
  checks.map(({ status, says }) => `${status}: ${says}`);
