// What AWS says of the ways an alarm takes; nobody waits for it longer than half a minute.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reading } from '../doctor/check.ts';
import type { PathReadings } from '../doctor/paths.ts';
import type { Alerts } from '../roster/roster.ts';
import { attempt } from './attempt.ts';
import type { Connection } from './connection.ts';
import { readMailAccount } from './read-mail-account.ts';
import { readSmsAccount } from './read-sms-account.ts';
import { readSubscriptions } from './read-topic.ts';

const PATIENCE_MS = 30_000;

/** Asks only for what the roll uses. Never throws for a refusal: that is a reading that failed. */
export async function readPaths(
  connection: Connection,
  alerts: Alerts,
  topics: { readonly alerts: string; readonly ops: string },
): Promise<Omit<PathReadings, 'refusals'>> {
  const [alertsTopic, opsTopic, mail, sms] = await Promise.all([
    inTime(attempt(() => readSubscriptions(connection, topics.alerts))),
    inTime(attempt(() => readSubscriptions(connection, topics.ops))),
    alerts.from === undefined
      ? unasked
      : inTime(attempt(() => readMailAccount(connection, alerts))),
    alerts.sms.length === 0
      ? unasked
      : inTime(attempt(() => readSmsAccount(connection, alerts.sms))),
  ]);
  return { alertsTopic, opsTopic, mail, sms };
}

const unasked = { read: false, why: 'the roll does not use it', fix: 'nothing' } as const;

/** A look must not hold up the alarm that it is made for. */
async function inTime<Value>(reading: Promise<Reading<Value>>): Promise<Reading<Value>> {
  const late = new AbortController();
  const patience = sleep(PATIENCE_MS, undefined, { signal: late.signal }).then(
    (): Reading<Value> => ({
      read: false,
      why: `AWS has not answered within ${PATIENCE_MS / 1000} seconds`,
      fix: 'rollcall doctor',
    }),
    // Aborted: the reading was first, and is what is answered.
    () => reading,
  );
  return Promise.race([reading, patience]).finally(() => late.abort());
}
