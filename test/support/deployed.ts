// The functions as they are deployed: a config in a file, an environment, and AWS in this process.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import type { Context } from 'aws-lambda';
import { vi } from 'vitest';
import { handler as checkHosts } from '../../functions/check-hosts.ts';
import { handler as checkShard } from '../../functions/check-shard.ts';
import { handler as janitor } from '../../functions/janitor.ts';
import { handler as onObject } from '../../functions/on-object.ts';
import { writeHintsFor } from '../../shared/aws/client.ts';
import type { Alerts } from '../../shared/config/config.ts';
import { formatPackedConfig } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import {
  alertSubscribers,
  opsSubscribers,
  type Subscriber,
  textedOnly,
} from '../../shared/config/recipients.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import type { QueuedMessage } from '../local-aws/sqs/queues.ts';
import { drawNoBackOff } from './no-back-off.ts';

export type Deployed = {
  readonly aws: LocalAws;
  /** Puts objects into a host's target; each as old as it says. */
  readonly put: (prefix: string, objects: readonly StoredObject[]) => void;
  /** Runs the schedule's function for an instant, at that instant unless another is given: a retry comes later. */
  readonly tick: (iso: string, now?: string) => Promise<unknown>;
  /** What becomes of each call for a shard; `work` runs a worker for it. Unless set, each is answered at once. */
  onCall: (message: QueuedMessage, work: () => Promise<unknown>) => unknown;
  /** How long Lambda lets each function run. */
  timeoutMs: number;
  /** Deploys another config over this one; what the functions remember stays. */
  readonly change: (configText: string) => void;
  /** Runs the janitor's function as of an instant. */
  readonly tidy: (iso: string) => Promise<unknown>;
  /** Runs the bucket's function as of an instant, with events in one batch of its queue. */
  readonly event: (events: unknown, iso: string) => Promise<unknown>;
  readonly close: () => Promise<void>;
};

const BUCKET = 'backups';
export const STATE_BUCKET = 'backups-ledger';

/**
 * Starts AWS with a bucket and the topics of the config, and sets the environment; with `hostsARun` there are workers
 * for a run of more hosts.
 */
export async function deploy(
  configText: string,
  { hostsARun }: { hostsARun?: number } = {},
): Promise<Deployed> {
  const clock = { now: Date.parse('2026-11-23T12:00:00Z') };
  const aws = await startLocalAws({
    now: () => clock.now,
    onMessage: (_, message) => {
      const work = () => checkShard({ Records: [message] }, context());
      setImmediate(() => void deployed.onCall(message, work));
    },
  });
  aws.createBucket(BUCKET, { versioning: true });
  aws.createBucket(STATE_BUCKET, { versioning: true });
  aws.setIdentity('backups@example.net', 'Success');
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-deployed-'));
  const file = join(folder, 'config.json');
  const pack = (text: string) => {
    const config = parseConfig(text, 'hosts.yml');
    writeFileSync(file, formatPackedConfig(config));
    return config;
  };
  const config = pack(configText);
  vi.stubEnv('AWS_ACCESS_KEY_ID', aws.credentials.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', aws.credentials.secretAccessKey);
  vi.stubEnv('AWS_ENDPOINT_URL', aws.endpoint);
  vi.stubEnv('CONFIG_FILE', file);
  vi.stubEnv('LEDGER_BUCKET', STATE_BUCKET);
  if (hostsARun !== undefined) {
    vi.stubEnv('SHARD_QUEUE_URL', aws.createQueue('calls'));
    vi.stubEnv('HOSTS_A_RUN', `${hostsARun}`);
  }
  const topics = await makeTopics(aws, config.alerts);
  vi.stubEnv('ALERTS_TOPIC_ARN', topics.alerts);
  vi.stubEnv('OPS_TOPIC_ARN', topics.ops);
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  drawNoBackOff();

  const at = (iso: string) => {
    clock.now = Date.parse(iso);
    vi.useFakeTimers({ toFake: ['Date'], now: clock.now });
  };
  const context = () => {
    const end = performance.now() + deployed.timeoutMs;
    return { getRemainingTimeInMillis: () => end - performance.now() } as Context;
  };
  const deployed: Deployed = {
    aws,
    onCall: (_, work) => work(),
    timeoutMs: 900_000,
    put: (prefix, objects) => {
      for (const { name, bytes, modifiedAt } of objects) {
        aws.put(BUCKET, `${prefix}${name}`, { bytes }, { modified: modifiedAt });
      }
    },
    change: pack,
    tick: (iso, now = iso) => {
      at(now);
      return checkHosts({ scheduledAt: iso }, context());
    },
    tidy: (iso) => {
      at(iso);
      return janitor({}, context());
    },
    event: (events, iso) => {
      at(iso);
      return onObject(inQueue([events].flat()), context());
    },
    close: async () => {
      vi.useRealTimers();
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
      writeHintsFor('terminal');
      rmSync(folder, { recursive: true });
      await aws.close();
    },
  };
  return deployed;
}

/** Both topics, with the subscriptions that the stack makes for them. */
async function makeTopics(aws: LocalAws, alerts: Alerts): Promise<{ alerts: string; ops: string }> {
  const { endpoint, region, credentials } = aws;
  const sns = new SNSClient({ endpoint, region, credentials });
  const make = async (Name: string, subscribers: readonly Subscriber[]): Promise<string> => {
    const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name }));
    for (const { protocol: Protocol, endpoint: Endpoint } of subscribers) {
      const filter = { FilterPolicy: JSON.stringify(textedOnly) };
      const Attributes = Name === 'alerts' && Protocol === 'sms' ? filter : {};
      await sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes }));
    }
    return TopicArn;
  };
  const topics = {
    alerts: await make('alerts', alertSubscribers(alerts)),
    ops: await make('ops', opsSubscribers(alerts)),
  };
  sns.destroy();
  return topics;
}

/** A batch of the queue as Lambda hands it over. */
export function inQueue(events: readonly unknown[]) {
  const Records = events.map((event, index) => ({
    messageId: `message-${index}`,
    body: JSON.stringify(event),
  }));
  return { Records };
}

/** A native S3 notification of one record. */
export function s3Event(eventName: string, key: string, iso: string) {
  return {
    Records: [
      {
        eventName,
        eventTime: iso,
        userIdentity: { principalId: 'AWS:AIDAJQULG4WG7WMOOT4P6' },
        requestParameters: { sourceIPAddress: '203.0.113.9' },
        s3: { bucket: { name: BUCKET }, object: { key: encodeURIComponent(key) } },
      },
    ],
  };
}
