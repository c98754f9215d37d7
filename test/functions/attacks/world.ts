// A fleet that lives day by day through the deployed functions, and what its people hear: all these tests know of the product.
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { vi } from 'vitest';
import { parseConfig } from '../../../shared/config/parse-config.ts';
import type { Body } from '../../local-aws/content.ts';
import { deploy, STATE_BUCKET, s3Event } from '../../support/deployed.ts';
import { putLifecycle } from '../../support/put-lifecycle.ts';

export const OURS = '0123456789ABCDEF';
export const FOREIGN = 'FEDCBA9876543210';
const MAILBOX = 'ops@example.net';
const PHONE = '+31600000000';
const HOOK = 'https://chat.example.net/hook';
/** Who watches the monitor, and hears of a second missed window. */
export const BOSS = 'boss@example.net';
/** Every channel of the people who hear of bad hosts. */
export const EVERYBODY = [MAILBOX, PHONE, HOOK].sort();

const BUCKET = 'backups';
const MiB = 1024 * 1024;
const MINUTE = 60_000;
const DAY = 86_400_000;

/** A config of this world: `hosts` and `more` are lines of YAML. */
export function configOf(
  hosts: string,
  { more = '', mailbox = MAILBOX }: { more?: string; mailbox?: string } = {},
): string {
  return `bucket: ${BUCKET}
region: eu-west-1
recipients: [${OURS}]
alerts: { from: backups@example.net, mail: [${mailbox}], sms: ["${PHONE}"], https: ["${HOOK}"], ops: [${BOSS}], weeklyTest: false }
${more}
hosts: ${hosts}
`;
}

/** One object of a backup: when it is written, and what is in it. */
export type Written = { name: string; bytes: number; at: number; key: string | undefined };

const stampOf = (iso: string) => iso.replace(/[-:]|\.\d+/g, '');
export const isoOf = (at: number) => new Date(at).toISOString().replace('.000Z', 'Z');
/** The date that is so many days after another. */
export const dateAfter = (date: string, days: number) =>
  isoOf(Date.parse(`${date}T00:00:00Z`) + days * DAY).slice(0, 10);
export const datesFrom = (first: string, count: number) =>
  Array.from({ length: count }, (_, days) => dateAfter(first, days));

/**
 * A full as duplicity writes it: each volume after the other, then the signatures and the manifest, evenly from
 * `from`, which is the time in its names, until `done`.
 */
export function fullOf(
  begun: string,
  {
    from = begun,
    done = isoOf(Date.parse(from) + 10 * MINUTE),
    volumes = [200 * MiB, 200 * MiB, 20 * MiB],
    signatures = MiB,
    key = OURS,
  }: {
    from?: string;
    done?: string;
    volumes?: readonly number[];
    signatures?: number;
    key?: string;
  } = {},
): Written[] {
  const full = `duplicity-full.${stampOf(begun)}`;
  const files: [name: string, bytes: number][] = [
    ...volumes.map((bytes, index): [string, number] => [
      `${full}.vol${index + 1}.difftar.gpg`,
      bytes,
    ]),
    [`duplicity-full-signatures.${stampOf(begun)}.sigtar.gpg`, signatures],
    [`${full}.manifest.gpg`, 900],
  ];
  const first = Date.parse(from);
  const step = (Date.parse(done) - first) / files.length;
  return files.map(([name, bytes], index) => ({
    ...{ name, bytes, key },
    at: Math.floor((first + (index + 1) * step) / 1000) * 1000,
  }));
}

export const manifestOf = (begun: string) => `duplicity-full.${stampOf(begun)}.manifest.gpg`;
export const volumeOf = (begun: string, volume: number) =>
  `duplicity-full.${stampOf(begun)}.vol${volume}.difftar.gpg`;

/** A message to one key that ends where its file ends. */
function encrypted(bytes: number, key: string): Body {
  const head = Buffer.from(`840d03${key}01000000d2ff00000000`, 'hex');
  head.writeUInt32BE(Math.max(0, bytes - head.length), head.length - 4);
  return { bytes, head };
}

/** One message that reached somebody, with its title and text on one line. */
export type Notified = { by: string; text: string; at: number };

/** The report of a day as the state bucket keeps it, as far as these tests read it. */
type HostReport = {
  host: string;
  verdict: string;
  findings: { kind: string; severity: string }[];
  lastGood: { startedAt: string } | null;
};

/** Why a config is not deployed; empty = it is. */
export function refusalOf(config: string): string {
  try {
    parseConfig(config, 'hosts.yml', undefined, 'deploy');
    return '';
  } catch (error) {
    return String(error);
  }
}

export type World = Awaited<ReturnType<typeof startWorld>>;

// As the stack has it: so many messages a batch, and so many times that a message is handed out.
const BATCH = 500;
const HANDED_OUT = 5;

/** Deploys a config over an empty bucket with the lifecycle that it asks for. */
export async function startWorld(config: string) {
  const deployed = await deploy(config);
  const { aws } = deployed;
  const posts: Notified[] = [];
  vi.stubGlobal('fetch', async (url: string, { body }: { body: string }) => {
    posts.push({ by: url, text: body.replaceAll('\\n', ' '), at: Date.now() });
    return new Response('');
  });
  const { endpoint, region, credentials } = aws;
  const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  const runLifecycleOf = (text: string) => putLifecycle(s3, parseConfig(text, 'hosts.yml'), BUCKET);
  await runLifecycleOf(config);

  const oneLine = (text: string) => text.replace(/\s+/g, ' ');
  const heard = (): Notified[] => [
    ...aws.outbox.mails.flatMap(({ to, subject, text, sentAt }) =>
      to.map((by) => ({ by, text: oneLine(`${subject} ${text}`), at: sentAt })),
    ),
    ...aws.outbox.sms.map(({ to, text, sentAt }) => ({ by: to, text: oneLine(text), at: sentAt })),
    ...aws.outbox.deliveries.flatMap(({ protocol, endpoint, messageId, subject, text }) => {
      const sent = aws.outbox.topicMessages.find((one) => one.messageId === messageId);
      return protocol === 'email'
        ? [{ by: endpoint, text: oneLine(`${subject} ${text}`), at: sent?.sentAt ?? Number.NaN }]
        : [];
    }),
    ...posts,
  ];
  const heardOf = (...words: readonly RegExp[]) =>
    heard().filter(({ text }) => words.every((word) => word.test(text)));

  /** What the report of a date says of a host. */
  const reported = (host: string, date: string): HostReport | undefined => {
    const page = aws.head(STATE_BUCKET, `reports/${date.replaceAll('-', '/')}.json`);
    if (page === undefined) return undefined;
    const { hosts } = JSON.parse(page.content.head.toString()) as { hosts: HostReport[] };
    return hosts.find((one) => one.host === host);
  };
  /** What a run that fails leaves undone is for the next one. */
  const tick = (iso: string, now = iso) => deployed.tick(iso, now).catch(() => undefined);
  /** Lifecycle's midnight, and the run of the time that is due. */
  const morning = async (date: string) => {
    aws.runLifecycle(BUCKET, `${date}T00:01:00Z`);
    await tick(`${date}T08:15:00Z`);
  };
  const world = {
    deployed,
    aws,
    heard,
    heardOf,
    /** Which of the channels heard a message with all these words; who watches the monitor is none of them. */
    hearersOf: (...words: readonly RegExp[]) =>
      [...new Set(heardOf(...words).map(({ by }) => by))].filter((by) => by !== BOSS).sort(),
    /** What was heard until now is not counted any more. */
    forgetHeard: () => {
      aws.outbox.clear();
      posts.length = 0;
    },
    write: (host: string, objects: readonly Written[]) => {
      for (const { name, bytes, at, key } of objects) {
        const body = key === undefined ? { bytes } : encrypted(bytes, key);
        aws.put(BUCKET, `${host}/${name}`, body, { modified: at });
      }
    },
    /** Something else on top of an object. */
    overwrite: (key: string, iso: string, text = 'garbage') =>
      aws.put(BUCKET, key, text, { modified: iso }),
    hide: (key: string, iso: string) => aws.remove(BUCKET, key, { modified: iso }),
    tick,
    /** Every quarter of an hour from one instant to another, both included. */
    ticks: async (from: string, until: string) => {
      for (let at = Date.parse(from); at <= Date.parse(until); at += 15 * MINUTE)
        await tick(isoOf(at));
    },
    morning,
    /** The morning, the next run, and the end of grace. */
    day: async (date: string) => {
      await morning(date);
      for (const time of ['08:30', '12:15']) await tick(`${date}T${time}:00Z`);
    },
    tidy: (date: string) => deployed.tidy(`${date}T20:30:00Z`),
    /** Hands events to their function as their queue does, each in a message of its own; what it gives back comes again. */
    announce: async (events: readonly object[], iso: string, batch = BATCH) => {
      let at = Date.parse(iso);
      let waiting = [...events];
      for (let round = 0; round < HANDED_OUT && waiting.length > 0; round += 1) {
        const back: object[] = [];
        for (let from = 0; from < waiting.length; from += batch) {
          const some = waiting.slice(from, from + batch);
          const outcome = (await deployed.event(some, isoOf(at)).catch(() => undefined)) as
            | { batchItemFailures: { itemIdentifier: string }[] }
            | undefined;
          const failed =
            outcome?.batchItemFailures.map(({ itemIdentifier }) =>
              Number(itemIdentifier.replace('message-', '')),
            ) ?? some.keys();
          for (const index of failed) back.push(some[index] ?? {});
          at += 1000;
        }
        waiting = back;
        at += 6 * MINUTE;
      }
    },
    change: async (text: string) => {
      deployed.change(text);
      await runLifecycleOf(text);
    },
    reported,
    /** Takes what is remembered; reports alone tell that there was something. */
    takeState: async (how: 'emptied' | 'removed but for its reports' | 'removed') => {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: STATE_BUCKET }));
      for (const { Key = '' } of Contents) {
        if (how === 'emptied') aws.put(STATE_BUCKET, Key, '');
        else if (how === 'removed' || !Key.startsWith('reports/')) aws.remove(STATE_BUCKET, Key);
      }
    },
    kinds: (host: string, date: string) => reported(host, date)?.findings.map(({ kind }) => kind),
    /** Whether the report of a date has a finding on a host that somebody must see to. */
    isBad: (host: string, date: string) =>
      reported(host, date)?.findings.some(({ severity }) => severity === 'critical') ?? true,
    /** Whether nothing of a full is tagged or hidden, and all of it is there. */
    isKept: (host: string, objects: readonly Written[]) =>
      objects.every(({ name }) => {
        const version = aws.head(BUCKET, `${host}/${name}`);
        return version !== undefined && Object.keys(version.tags ?? {}).length === 0;
      }),
    close: async () => {
      s3.destroy();
      vi.unstubAllGlobals();
      await deployed.close();
    },
  };
  return world;
}

export const created = (key: string, iso: string) => s3Event('ObjectCreated:Put', key, iso);
export const hidden = (key: string, iso: string) =>
  s3Event('ObjectRemoved:DeleteMarkerCreated', key, iso);
