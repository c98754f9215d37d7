// `npm run demo`: a day in the life of a fleet, on a local AWS in this process, with both real functions.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import type { Context } from 'aws-lambda';
import { formatPackedConfig } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { textedOnly } from '../../shared/config/recipients.ts';
import { formatBoard } from '../../shared/messages/board.ts';
import { addHistory, formatHistory, historyPage } from '../../shared/messages/history.ts';
import { BOARD_PAGE } from '../../shared/monitor/keep-board.ts';
import { STATUS_PAGE } from '../../shared/monitor/state.ts';
import { type LocalAws, startLocalAws } from '../../test/local-aws/local-aws.ts';
import { putLifecycle } from '../../test/support/put-lifecycle.ts';
import { checkCommand } from '../rollcall/check-command.ts';
import { wakingSuffixes } from '../stack/object-events.ts';
import { backUp, canBackUp } from './back-up.ts';
import {
  DEMO_BUCKET,
  DEMO_CONFIG,
  DEMO_DAY,
  DEMO_STATE_BUCKET,
  fileNames,
  inventNights,
  loadFleet,
} from './fleet.ts';

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

const { values: options } = parseArgs({
  options: { morning: { type: 'boolean' }, page: { type: 'string' } },
});

// The functions read the clock once, by Date.now; this is the clock that they are given here.
const clock = { now: Date.parse(`${DEMO_DAY}T08:15:00Z`) };
Date.now = () => clock.now;
// Their log lines are for CloudWatch.
console.log = () => undefined;

// The chat that the config names is in this process, as AWS is.
const posts: string[] = [];
const CHAT_LINES = 12;
globalThis.fetch = async (_, init) => {
  posts.push((JSON.parse(String(init?.body)) as { text: string }).text);
  return new Response('ok');
};

const handlers: { onObject?: (event: unknown) => Promise<unknown> } = {};
const folder = mkdtempSync(join(tmpdir(), 'rollcall-demo-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const aws = await startLocalAws({
  now: () => clock.now,
  // As the stack's notification: files of a backup written, anything removed.
  onEvent: (event) => {
    const [record] = event.Records;
    const woken =
      record?.eventName.startsWith('ObjectRemoved:') ||
      wakingSuffixes.some((suffix) => record?.s3.object.key.endsWith(suffix));
    return woken ? handlers.onObject?.(event) : undefined;
  },
});
try {
  await playDay(aws);
} finally {
  await aws.close();
}

/** A run with so much time. */
function within(ms: number): Context {
  return { getRemainingTimeInMillis: () => ms } as Context;
}

async function playDay(aws: LocalAws): Promise<void> {
  await setUp(aws);
  const { handler: checkHosts } = await import('../../functions/check-hosts.ts');
  const { handler: onObject } = await import('../../functions/on-object.ts');
  handlers.onObject = (event) => {
    const message = { messageId: randomUUID(), body: JSON.stringify(event) };
    return onObject({ Records: [message] }, within(60_000));
  };

  act('08:15  The windows close. The schedule checks each host: whose backup is missing?');
  const context = within(900_000);
  await checkHosts({ scheduledAt: new Date(clock.now).toISOString() }, context);
  showOutbox(aws);
  if (options.morning) return print(`the page: ${writePage(aws)}`);

  clock.now = Date.parse(`${DEMO_DAY}T11:02:00Z`);
  if (canBackUp()) {
    act('11:02  Somebody has run the backup of web by hand: real duplicity, encrypted, full.');
    await backUp(aws, DEMO_BUCKET, 'web', clock.now, fileNames('web'));
  } else {
    act(
      '11:02  web writes its full. (duplicity is not installed here: three objects with its names stand in.)',
    );
    await standInForDuplicity(aws);
  }
  await aws.settled();
  showOutbox(aws);

  clock.now = Date.parse(`${DEMO_DAY}T11:40:00Z`);
  act('11:40  A stolen key hides a volume of mail.');
  const s3 = new S3Client({ ...connection(aws), forcePathStyle: true });
  const key = 'mail/duplicity-full.20261123T031502Z.vol7.difftar.gpg';
  await s3.send(new DeleteObjectCommand({ Bucket: DEMO_BUCKET, Key: key }));
  s3.destroy();
  await aws.settled();
  showOutbox(aws);

  clock.now = Date.parse(`${DEMO_DAY}T12:00:00Z`);
  act('12:00  You look for yourself:  rollcall check');
  await checkCommand.run(['--hosts', join(folder, 'hosts.yml'), '--endpoint-url', aws.endpoint]);
  act('And on the wall, written whenever something changed: open it in a browser.');
  print(`  ${writePage(aws)}`);
  print(
    '\nThat was Rollcall: nothing was installed, no account was used, and nothing but that page is left behind.',
  );
}

/** The page as it lies in the state bucket. */
function writePage(aws: LocalAws): string {
  const file = options.page ?? join(tmpdir(), 'rollcall-demo.html');
  writeFileSync(file, aws.head(DEMO_STATE_BUCKET, STATUS_PAGE)?.content.head ?? '');
  return file;
}

async function setUp(aws: LocalAws): Promise<void> {
  aws.createBucket(DEMO_BUCKET, { versioning: true });
  aws.createBucket(DEMO_STATE_BUCKET, { versioning: true });
  aws.setIdentity('backups@example.net', 'Success');
  loadFleet(aws);
  const nights = inventNights();
  aws.put(DEMO_STATE_BUCKET, BOARD_PAGE, formatBoard(nights));
  const history = formatHistory(addHistory([], nights.rows));
  aws.put(DEMO_STATE_BUCKET, historyPage({ index: 0, of: 1 }), history);
  writeFileSync(join(folder, 'hosts.yml'), DEMO_CONFIG);
  const config = parseConfig(DEMO_CONFIG, 'hosts.yml');
  writeFileSync(join(folder, 'config.json'), formatPackedConfig(config));
  const s3 = new S3Client({ ...connection(aws), forcePathStyle: true });
  await putLifecycle(s3, config, DEMO_BUCKET);
  s3.destroy();
  const sns = new SNSClient(connection(aws));
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'rollcall-alerts' }));
  const ops = await sns.send(new CreateTopicCommand({ Name: 'rollcall-ops' }));
  const Attributes = { FilterPolicy: JSON.stringify(textedOnly) };
  const sms = { TopicArn, Protocol: 'sms', Endpoint: '+31600000000', Attributes };
  await sns.send(new SubscribeCommand(sms));
  const watcher = { TopicArn: ops.TopicArn, Protocol: 'email', Endpoint: 'ops@example.net' };
  await sns.send(new SubscribeCommand(watcher));
  aws.sms.attributes.MonthlySpendLimit = '20';
  sns.destroy();
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
    AWS_ENDPOINT_URL: aws.endpoint,
    CONFIG_FILE: join(folder, 'config.json'),
    LEDGER_BUCKET: DEMO_STATE_BUCKET,
    ALERTS_TOPIC_ARN: TopicArn,
    OPS_TOPIC_ARN: ops.TopicArn,
  });
}

function connection({ endpoint, region, credentials }: LocalAws) {
  return { endpoint, region, credentials };
}

/** What stands in for duplicity where it is not installed: a set by its names, through the same door. */
async function standInForDuplicity(aws: LocalAws): Promise<void> {
  const s3 = new S3Client({ ...connection(aws), forcePathStyle: true });
  const time = '20261123T110200Z';
  for (const file of [
    `duplicity-full.${time}.vol1.difftar.gpg`,
    `duplicity-full-signatures.${time}.sigtar.gpg`,
    `duplicity-full.${time}.manifest.gpg`,
  ]) {
    await s3.send(new PutObjectCommand({ Bucket: DEMO_BUCKET, Key: `web/${file}`, Body: file }));
  }
  s3.destroy();
}

function act(title: string): void {
  print(`\n${styleText('bold', title, { stream: process.stdout })}\n`);
}

/** Every mail, SMS and post to the chat since the last look, as their readers see them. */
function showOutbox({ outbox }: LocalAws): void {
  for (const { to, subject, text } of outbox.mails) {
    print(box(`mail to ${to.join(', ')}`, `Subject: ${subject}\n\n${text.trimEnd()}`));
  }
  for (const { to, text } of outbox.sms) print(box(`SMS to ${to}`, text));
  for (const text of posts.splice(0)) {
    const lines = text.trimEnd().split('\n');
    const more = lines.length - CHAT_LINES;
    const rest = more > 0 ? ['', `[${more} lines more, as in the mail]`] : [];
    print(box('post to the chat', [...lines.slice(0, CHAT_LINES), ...rest].join('\n')));
  }
  outbox.clear();
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function box(title: string, text: string): string {
  const body = text
    .split('\n')
    .map((line) => `  | ${line}`.trimEnd())
    .join('\n');
  return `  +-- ${title}\n${body}\n  +--\n`;
}
