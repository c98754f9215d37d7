import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { fullConfig, smallestConfig } from './configs.ts';
import { account, accountWith, type Call } from './stack-account.ts';

const stack = accountWith(fullConfig);
const bucket = 'arn:aws:s3:::acme-backups';
const records = 'arn:aws:s3:::rollcall-prod-ledgerbucket';
const volume = `${bucket}/web/duplicity-full.20261123T031702Z.vol1.difftar.gpg`;

describe.each([
  ['check-hosts', stack.checkHosts],
  ['on-object', stack.onObject],
])('the role of %s', (_, role) => {
  const topic = `arn:aws:sns:eu-west-1:${account}:rollcall-prod-AlertsTopic`;
  const identity = `arn:aws:ses:eu-west-1:${account}:identity/backups@example.net`;
  const from = { 'ses:FromAddress': 'backups@example.net' };

  it.each<Call>([
    ['lists the backups', 's3:ListBucket', bucket],
    ['lists their versions', 's3:ListBucketVersions', bucket],
    ['reads how long they last', 's3:GetLifecycleConfiguration', bucket],
    ['reads who can open a backup', 's3:GetObject', volume],
    ['reads what runs remember', 's3:GetObject', `${records}/state.json`],
    ['remembers', 's3:PutObject', `${records}/state.json`],
    ['sees that nothing is remembered yet', 's3:ListBucket', records],
    ['reads the records of hosts', 's3:GetObject', `${records}/hosts/3of16.json`],
    ['writes the records of hosts', 's3:PutObject', `${records}/hosts/3of16.json`],
    [
      'reads what was remembered before',
      's3:GetObject',
      `${records}/seals/2026/11/23T081500Z.json`,
    ],
    ['reads what operators said', 's3:GetObject', `${records}/operator/said.json`],
    ['publishes alerts', 'sns:Publish', topic],
    ['mails from the address of the config', 'ses:SendRawEmail', identity, from],
    [
      'mails to an address that the sandbox asks about',
      'ses:SendRawEmail',
      identity.replace('backups@', 'ops@'),
      from,
    ],
  ])('%s', async (_, action, resource, context) => {
    expect(await stack.may(role, action, resource, context)).toBe(true);
  });

  it.each<Call>([
    ['forget', 's3:DeleteObject', `${records}/state.json`],
    ['forget a host', 's3:DeleteObject', `${records}/hosts/3of16.json`],
    [
      'write where nothing is written any more',
      's3:PutObject',
      `${records}/seals/2026/11/23T081500Z.json`,
    ],
    ['speak for operators', 's3:PutObject', `${records}/operator/said.json`],
    ['forget what operators said', 's3:DeleteObject', `${records}/operator/said.json`],
    ['write anything else into the state bucket', 's3:PutObject', `${records}/x`],
    ['read an older version', 's3:GetObjectVersion', volume],
    [
      'list the versions of a bucket that is not in the config',
      's3:ListBucketVersions',
      'arn:aws:s3:::payroll',
    ],
    [
      'read the lifecycle of another bucket',
      's3:GetLifecycleConfiguration',
      'arn:aws:s3:::payroll',
    ],
    ['read the bucket policy', 's3:GetBucketPolicy', bucket],
    ['read where no recipients are compared', 's3:GetObject', 'arn:aws:s3:::payroll/x'],
    ['write a backup', 's3:PutObject', volume],
    ['write to another bucket of the config', 's3:PutObject', 'arn:aws:s3:::other-bucket/x'],
    ['delete a backup', 's3:DeleteObject', volume],
    ['delete a version', 's3:DeleteObjectVersion', volume],
    ['give up an upload', 's3:AbortMultipartUpload', volume],
    ['tag', 's3:PutObjectTagging', volume],
    ['change the lifecycle', 's3:PutLifecycleConfiguration', bucket],
    ['change the bucket policy', 's3:PutBucketPolicy', bucket],
    ['silence the events', 's3:PutBucketNotification', bucket],
    ['look into a bucket that is not in the config', 's3:ListBucket', 'arn:aws:s3:::payroll'],
    [
      'mail from another address',
      'ses:SendRawEmail',
      identity,
      { 'ses:FromAddress': 'boss@example.net' },
    ],
    ['take a subscriber away', 'sns:Unsubscribe', '*'],
    ['publish to another topic', 'sns:Publish', topic.replace('rollcall-prod-Alerts', 'payroll')],
    ['become the break-glass role', 'sts:AssumeRole', stack.breakGlass.arn],
    ['make a user', 'iam:CreateUser', `arn:aws:iam::${account}:user/backup-hosts/eve`],
    [
      'read what failed',
      'sqs:ReceiveMessage',
      `arn:aws:sqs:eu-west-1:${account}:rollcall-prod-FailedRuns`,
    ],
    [
      'write to the log of somebody else',
      'logs:PutLogEvents',
      `arn:aws:logs:eu-west-1:${account}:log-group:/aws/lambda/payroll:log-stream:x`,
    ],
  ])('cannot %s', async (_, action, resource, context) => {
    expect(await stack.may(role, action, resource, context)).toBe(false);
  });
});

describe('the role of check-hosts alone', () => {
  const own = (service: string, resource: string) =>
    `arn:aws:${service}:eu-west-1:${account}:${resource}`;
  const questions: Call[] = [
    ['who hears an alert', 'sns:ListSubscriptionsByTopic', own('sns', 'rollcall-prod-AlertsTopic')],
    ['who watches', 'sns:ListSubscriptionsByTopic', own('sns', 'rollcall-prod-OpsTopic')],
    ['whether texts leave', 'sns:GetSMSSandboxAccountStatus', '*'],
    ['how many texts leave', 'sns:GetSMSAttributes', '*'],
    ['who wants no texts', 'sns:CheckIfPhoneNumberIsOptedOut', '*'],
    ['whether mails leave', 'ses:GetAccount', '*'],
    ['whose mail is dropped', 'ses:GetSuppressedDestination', '*'],
    ['who is verified', 'ses:GetEmailIdentity', own('ses', 'identity/ops@example.net')],
  ];
  it.each(questions)('asks %s', async (_, action, resource) => {
    expect(await stack.may(stack.checkHosts, action, resource)).toBe(true);
    expect(await stack.may(stack.onObject, action, resource)).toBe(false);
  });

  it('lets SNS ask the service behind it, and asks that itself nothing', async () => {
    const limits = ['sms-voice:DescribeSpendLimits', '*'] as const;
    const bySns = { 'aws:CalledViaLast': 'sns.amazonaws.com' };
    expect(await stack.may(stack.checkHosts, ...limits, bySns)).toBe(true);
    expect(await stack.may(stack.checkHosts, ...limits)).toBe(false);
    expect(await stack.may(stack.checkHosts, 'sms-voice:SendTextMessage', '*', bySns)).toBe(false);
    const { checkHosts, may } = accountWith(smallestConfig);
    expect(await may(checkHosts, ...limits, bySns)).toBe(false);
  });

  it('asks which numbers it may send from, where a phone is in America', async () => {
    const question = ['sns:ListOriginationNumbers', '*'] as const;
    expect(await stack.may(stack.checkHosts, ...question)).toBe(false);
    const sms = ['+12025550100'];
    const american = accountWith({ ...fullConfig, alerts: { ...fullConfig.alerts, sms } });
    expect(await american.may(american.checkHosts, ...question)).toBe(true);
  });

  it('asks nothing of ways that the config does not use', async () => {
    const { checkHosts, may } = accountWith(smallestConfig);
    for (const [, action, resource] of questions.slice(2)) {
      expect(await may(checkHosts, action, resource)).toBe(false);
    }
  });

  it.each<Call>([
    ['look at another topic', 'sns:ListSubscriptionsByTopic', own('sns', 'payroll')],
    ['subscribe somebody', 'sns:Subscribe', own('sns', 'rollcall-prod-AlertsTopic')],
    ['raise the limit for texts', 'sns:SetSMSAttributes', '*'],
    ['take an address off the suppression list', 'ses:DeleteSuppressedDestination', '*'],
    ['pause the mail', 'ses:PutAccountSendingAttributes', '*'],
  ])('cannot %s', async (_, action, resource) => {
    expect(await stack.may(stack.checkHosts, action, resource)).toBe(false);
  });
});

describe('the two roles', () => {
  it('differ in who may ring for a host that has missed its second window', async () => {
    const ops = `arn:aws:sns:eu-west-1:${account}:rollcall-prod-OpsTopic`;
    expect(await stack.may(stack.checkHosts, 'sns:Publish', ops)).toBe(true);
    expect(await stack.may(stack.onObject, 'sns:Publish', ops)).toBe(false);
  });

  it('differ in who leaves reports and history behind, which neither can take away', async () => {
    for (const page of ['reports/2026/11/23.json', 'history/0of1.json']) {
      const resource = `${records}/${page}`;
      expect(await stack.may(stack.checkHosts, 's3:PutObject', resource)).toBe(true);
      expect(await stack.may(stack.onObject, 's3:PutObject', resource)).toBe(false);
      expect(await stack.may(stack.checkHosts, 's3:DeleteObject', resource)).toBe(false);
    }
    const report = `${records}/reports/2026/11/23.json`;
    expect(await stack.may(stack.checkHosts, 's3:GetObject', report)).toBe(false);
  });

  it('both keep the board, and write the page that neither reads', async () => {
    for (const role of [stack.checkHosts, stack.onObject]) {
      for (const action of ['s3:GetObject', 's3:PutObject']) {
        expect(await stack.may(role, action, `${records}/board.json`)).toBe(true);
      }
      expect(await stack.may(role, 's3:PutObject', `${records}/status.html`)).toBe(true);
      expect(await stack.may(role, 's3:PutObject', `${records}/metrics.prom`)).toBe(true);
      expect(await stack.may(role, 's3:GetObject', `${records}/metrics.prom`)).toBe(false);
      expect(await stack.may(role, 's3:GetObject', `${records}/status.html`)).toBe(false);
      expect(await stack.may(role, 's3:DeleteObject', `${records}/board.json`)).toBe(false);
    }
  });

  it('differ in who is fed with the events of the bucket', async () => {
    const queue = `arn:aws:sqs:eu-west-1:${account}:rollcall-prod-ObjectEvents`;
    expect(await stack.may(stack.onObject, 'sqs:ReceiveMessage', queue)).toBe(true);
    expect(await stack.may(stack.checkHosts, 'sqs:ReceiveMessage', queue)).toBe(false);
  });

  it('differ in the buckets that are not the stack’s own', async () => {
    const other = 'arn:aws:s3:::other-bucket';
    expect(await stack.may(stack.checkHosts, 's3:ListBucket', other)).toBe(true);
    expect(await stack.may(stack.onObject, 's3:ListBucket', other)).toBe(false);
  });
});

describe('the scheduler', () => {
  it('starts the check and nothing else', async () => {
    const lambda = (id: string) =>
      `arn:aws:lambda:eu-west-1:${account}:function:rollcall-prod-${id}LambdaFunction`;
    const start = 'lambda:InvokeFunction';
    expect(await stack.may(stack.scheduler, start, lambda('CheckHosts'))).toBe(true);
    expect(await stack.may(stack.scheduler, start, lambda('OnObject'))).toBe(false);
    expect(await stack.may(stack.scheduler, 's3:ListBucket', bucket)).toBe(false);
  });
});

describe('the parameter store', () => {
  const hook = (more: string) =>
    parseConfig(
      `bucket: acme-backups\nregion: eu-west-1\nalerts:\n  mail: [ops@example.net]\n  webhooks: [${more}]\nhosts: { web: {} }\n`,
      'hosts.yml',
    );
  const parameter = (name: string) => `arn:aws:ssm:eu-west-1:${account}:parameter/rollcall/${name}`;
  const keyed = accountWith(
    hook(
      '{ url: ssm:/rollcall/slack, format: slack }, { url: https://events.pagerduty.com/v2/enqueue, format: pagerduty, key: ssm:/rollcall/pager }',
    ),
  );

  it.each([
    ['check-hosts', keyed.checkHosts],
    ['on-object', keyed.onObject],
  ])('may be asked by %s for what the config names, and for nothing else', async (_, role) => {
    const may = (name: string, action = 'ssm:GetParameter') =>
      keyed.may(role, action, parameter(name));
    expect([await may('slack'), await may('pager')]).toEqual([true, true]);
    expect([await may('other'), await may('slack', 'ssm:PutParameter')]).toEqual([false, false]);
    expect(await may('slack', 'ssm:GetParameters')).toBe(false);
    expect(await stack.may(stack.checkHosts, 'ssm:GetParameter', parameter('slack'))).toBe(false);
  });
});
