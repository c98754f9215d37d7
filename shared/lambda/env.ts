// What a function is given: the environment and the config that it was deployed with, and by Lambda its events.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as v from 'valibot';
import type { Connection } from '../aws/client.ts';
import { type Config, ConfigError, parsePackedConfig } from '../config/config.ts';
import { readJson, readValue } from '../config/json.ts';
import type { Instant } from '../duplicity/time.ts';

/** The environment, checked; `endpoint` only where AWS is emulated. */
export type Env = {
  readonly config: Config;
  readonly alertsTopicArn: string;
  readonly opsTopicArn: string;
  readonly stateBucket: string;
  /** The queue of the workers, and how many hosts one run judges without them; only for a config with more. */
  readonly shards: { readonly queueUrl: string; readonly hostsARun: number } | undefined;
  /** The unique ID of the break-glass role; only where the stack has one. */
  readonly breakGlassRoleId: string | undefined;
  /** What Lambda calls the function; elsewhere it has no name. */
  readonly functionName: string | undefined;
  readonly endpoint: string | undefined;
};

/**
 * Reads CONFIG_FILE, ALERTS_TOPIC_ARN, OPS_TOPIC_ARN, LEDGER_BUCKET and AWS_ENDPOINT_URL, and where there are workers
 * SHARD_QUEUE_URL and HOSTS_A_RUN, and where the stack has the role BREAK_GLASS_ROLE_ID. Throws `ConfigError`.
 */
export function readEnv(env: NodeJS.ProcessEnv = process.env): Env {
  const { CONFIG_FILE = '', ALERTS_TOPIC_ARN = '', OPS_TOPIC_ARN = '', LEDGER_BUCKET = '' } = env;
  const { SHARD_QUEUE_URL = '', HOSTS_A_RUN = '' } = env;
  const isTopic = (arn: string) => /^arn:[\w-]+:sns:/.test(arn);
  const wrong = [
    ...(CONFIG_FILE === '' ? ['CONFIG_FILE is not set'] : []),
    ...(LEDGER_BUCKET === '' ? ['LEDGER_BUCKET is not set'] : []),
    ...(isTopic(ALERTS_TOPIC_ARN) ? [] : ['ALERTS_TOPIC_ARN is not the ARN of a topic']),
    ...(isTopic(OPS_TOPIC_ARN) ? [] : ['OPS_TOPIC_ARN is not the ARN of a topic']),
    ...(SHARD_QUEUE_URL === '' || /^[1-9]\d*$/.test(HOSTS_A_RUN)
      ? []
      : ['HOSTS_A_RUN is not a number of hosts']),
  ];
  if (wrong.length > 0) throw new ConfigError(wrong.map((one) => `${one}: deploy the stack again`));
  return {
    config: readConfig(resolve(env.LAMBDA_TASK_ROOT ?? '.', CONFIG_FILE)),
    alertsTopicArn: ALERTS_TOPIC_ARN,
    opsTopicArn: OPS_TOPIC_ARN,
    stateBucket: LEDGER_BUCKET,
    shards:
      SHARD_QUEUE_URL === ''
        ? undefined
        : { queueUrl: SHARD_QUEUE_URL, hostsARun: Number(HOSTS_A_RUN) },
    breakGlassRoleId: env.BREAK_GLASS_ROLE_ID || undefined,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    endpoint: env.AWS_ENDPOINT_URL || undefined,
  };
}

function readConfig(file: string): Config {
  const config = parsePackedConfig(readFileSync(file, 'utf8'));
  if (config !== undefined) return config;
  throw new ConfigError([`${file} is damaged or of another version: deploy the stack again`]);
}

/** Where the function's AWS is. */
export function connectionOf({ config, endpoint }: Env): Connection {
  return { region: config.region, endpoint };
}

/** What events call the stack's own account and break-glass role. */
export function ownIdsOf({ alertsTopicArn, breakGlassRoleId }: Env) {
  return { account: alertsTopicArn.split(':')[4], breakGlassRoleId };
}

/** One message of a queue; `body` is `undefined` where it is no JSON. */
export type QueueMessage = { readonly id: string; readonly body: unknown };

const batch = v.object({
  Records: v.array(v.object({ messageId: v.string(), body: v.string() })),
});
const scheduled = v.object({ scheduledAt: v.string() });

/**
 * The messages of a batch. Throws `TypeError` for anything else: what cannot be read must not be dropped.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export function readBatch(event: unknown): QueueMessage[] {
  const read = readValue(batch, event);
  if (read === undefined) throw new TypeError('this is no batch of messages of a queue');
  return read.Records.map(({ messageId, body }) => ({
    ...{ id: messageId, body: readJson(v.unknown(), body) },
  }));
}

/**
 * The instant of `{"scheduledAt": ISO}`, which a retry carries unchanged; `undefined` for any other event, such
 * as a run by hand. Source: EventBridge Scheduler's `<aws.scheduler.scheduled-time>`.
 */
export function readScheduledAt(event: unknown): Instant | undefined {
  const at = Date.parse(readValue(scheduled, event)?.scheduledAt ?? '');
  return Number.isNaN(at) ? undefined : at;
}
