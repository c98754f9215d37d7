// What AWS answered, or why it did not: a reading that failed hides no other.
import type { Reading } from '../doctor/check.ts';
import { AwsCallError } from './aws-error.ts';

/** Whatever AWS refuses is a reading that failed; anything else is a bug, and thrown. */
export async function attempt<Value>(read: () => Promise<Value>): Promise<Reading<Value>> {
  try {
    return { read: true, value: await read() };
  } catch (error) {
    if (!(error instanceof AwsCallError)) throw error;
    return { read: false, why: error.message, fix: error.hint };
  }
}
