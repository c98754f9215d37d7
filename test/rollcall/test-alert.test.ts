import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { freePort } from '../support/free-port.ts';
import { runRollcall } from './run-rollcall.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-test-alert-'));
const hosts = join(folder, 'hosts.yml');
let aws: LocalAws;
let topic: string;

const run = (...args: string[]) => runRollcall(aws, ['test-alert', '--hosts', hosts, ...args]);

beforeAll(async () => {
  aws = await startLocalAws({ clicksLinks: false });
  const { endpoint, region, credentials } = aws;
  const sns = new SNSClient({ endpoint, region, credentials });
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'alerts' }));
  topic = TopicArn;
  for (const [Protocol, Endpoint] of [
    ['sms', '+31600000000'],
    ['email', 'new@example.net'],
  ]) {
    await sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint }));
  }
  sns.destroy();
  writeFileSync(
    hosts,
    'bucket: b-b\nalerts: { from: backups@example.net, mail: [a@example.net, b@example.net] }\nhosts: { web: {} }\n',
  );
});
beforeEach(() => {
  aws.faults.clear();
  aws.setIdentity('backups@example.net', 'Success');
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await aws.close();
});

describe('rollcall test-alert', () => {
  it('sends one code word through every channel, and reports who gets nothing', async () => {
    const { status, stdout } = await run('--topic-arn', topic);
    const [word = ''] = /[A-Z]{4}-\d{4}/.exec(stdout) ?? [];
    expect([status, word]).toEqual([0, expect.stringMatching(/./)]);
    expect(stdout).toContain('taken   mail to a@example.net');
    expect(stdout).toContain(
      'for sms +31600000000; 1 subscription not confirmed, which get nothing: email new@example.net',
    );
    const { mails, sms } = aws.outbox;
    expect(mails.flatMap(({ to }) => to).sort()).toEqual(['a@example.net', 'b@example.net']);
    for (const mail of mails)
      expect(mail.subject).toBe(`[backup] TEST ${word}: this is how an alarm reaches you`);
    expect(sms.map(({ text }) => text)).toEqual([
      expect.stringContaining(`BACKUP TEST ${word}: nothing is wrong`),
    ]);
  });

  it('exits 2 when one channel failed, and has tried the others', async () => {
    aws.faults.add({ service: 'ses', nth: 1, fault: { error: 'MessageRejected' } });
    const { status, stdout } = await run('--channel', 'mail');
    expect([status, stdout.match(/^taken/gm)?.length]).toEqual([2, 1]);
    expect(stdout).toMatch(
      /FAILED {2}mail to [ab]@example.net: MessageRejected \(400\); verify the sender in SES/,
    );
  });

  it('posts to the webhooks too, and shows no more of one than its host', async () => {
    const port = await freePort();
    const file = join(folder, 'hook.yml');
    const url = `https://127.0.0.1:${port}/SECRET`;
    writeFileSync(
      file,
      `bucket: b-b\nalerts: { webhooks: [{ url: "${url}", format: slack }] }\nhosts: { web: {} }\n`,
    );
    const dry = await run('--hosts', file, '--channel', 'webhooks', '--dry-run');
    expect(dry.stdout).toBe(`would send to hook 127.0.0.1:${port}\n`);
    const { status, stdout, stderr } = await run('--hosts', file, '--topic-arn', topic);
    expect(status).toBe(2);
    expect(stdout).toContain('taken   SNS');
    expect(stdout).toContain(
      `FAILED  hook 127.0.0.1:${port}: cannot be reached (ECONNREFUSED); is its address in`,
    );
    expect(dry.stdout + stdout + stderr).not.toContain('SECRET');
  });

  it.each([
    ['alerts: { ops: [a@example.net] }', 2, 'FAILED  nobody is notified of a bad host'],
    ['alerts: none', 0, 'nothing is sent: hosts.yml says alerts: none'],
  ])('sends nothing with %s, and exits %i', async (alerts, status, words) => {
    const file = join(folder, 'nobody.yml');
    writeFileSync(file, `bucket: b-b\n${alerts}\nhosts: { web: {} }\n`);
    const before = aws.outbox.topicMessages.length;
    const ran = await run('--hosts', file, '--topic-arn', topic);
    expect([ran.status, ran.stdout]).toEqual([status, expect.stringContaining(words)]);
    expect(aws.outbox.topicMessages.length).toBe(before);
  });

  it('says of a topic that is gone where that is repaired, and not to ask again', async () => {
    const gone = await run('--topic-arn', topic.replace(/[^:]+$/, 'gone'));
    expect([gone.status, gone.stderr]).toEqual([
      3,
      expect.stringMatching(
        /NotFoundException \(404\)\n.*hint: .*docs\/runbook.md#changed-by-hand\n$/,
      ),
    ]);
  });

  it('sends nothing with --dry-run', async () => {
    const before = aws.outbox.mails.length;
    expect((await run('--channel', 'mail', '--dry-run')).stdout).toContain(
      'would send to mail to a@example.net',
    );
    expect(aws.outbox.mails.length).toBe(before);
  });

  it.each([
    [['--channel', 'pigeon'], 'write mail, sns or webhooks'],
    [['--channel', 'webhooks'], 'write it into hosts.yml'],
    [['--channel', 'sns'], '--topic-arn ARN'],
  ])('refuses %j, and says what to do', async (words, hint) => {
    aws.faults.add({ fault: { error: 'ValidationError' } });
    const { status, stderr } = await run(...words);
    expect([status, stderr]).toEqual([3, expect.stringContaining(hint)]);
  });
});
