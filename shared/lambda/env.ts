// What a function was deployed with: its environment and the config next to it.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Connection } from '../aws/client.ts';
import { type Config, ConfigError, parsePackedConfig } from '../config/config.ts';

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
