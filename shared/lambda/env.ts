// What a function was deployed with: its environment and the roll beside it.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '../roster/config-error.ts';
import { readRoster } from '../roster/read-roster.ts';
import type { Roster } from '../roster/roster.ts';

/** The environment, checked; `endpoint` only where AWS is emulated. */
export type Env = {
  readonly roster: Roster;
  readonly alertsTopicArn: string;
  readonly ledgerBucket: string;
  readonly endpoint: string | undefined;
};

/** Reads HOSTS_FILE, ALERTS_TOPIC_ARN, LEDGER_BUCKET and AWS_ENDPOINT_URL. Throws `ConfigError`. */
export function readEnv(env: NodeJS.ProcessEnv = process.env): Env {
  const { HOSTS_FILE, ALERTS_TOPIC_ARN, LEDGER_BUCKET, AWS_ENDPOINT_URL } = env;
  const issues: string[] = [];
  if (!HOSTS_FILE) issues.push('HOSTS_FILE is not set: deploy the stack again');
  if (!LEDGER_BUCKET) issues.push('LEDGER_BUCKET is not set: deploy the stack again');
  if (!/^arn:[\w-]+:sns:/.test(ALERTS_TOPIC_ARN ?? '')) {
    issues.push('ALERTS_TOPIC_ARN is not the ARN of a topic: deploy the stack again');
  }
  if (issues.length > 0) throw new ConfigError(issues);
  const file = resolve(env.LAMBDA_TASK_ROOT ?? '.', HOSTS_FILE ?? '');
  return {
    roster: readRoster(readFileSync(file, 'utf8'), HOSTS_FILE ?? ''),
    alertsTopicArn: ALERTS_TOPIC_ARN ?? '',
    ledgerBucket: LEDGER_BUCKET ?? '',
    endpoint: AWS_ENDPOINT_URL || undefined,
  };
}
