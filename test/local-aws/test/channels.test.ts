// Shows what arrives: which subscriber gets which text, and what is in a mail.
import { SendEmailCommand, SendRawEmailCommand } from '@aws-sdk/client-ses';
import {
  CheckIfPhoneNumberIsOptedOutCommand,
  CreateTopicCommand,
  GetSMSSandboxAccountStatusCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  PublishBatchCommand,
  PublishCommand,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { describe, expect, it } from 'vitest';
import { type Local, monday, startLocal } from './clients.ts';

async function makeTopic({ sns }: Local) {
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'alerts' }));
  const subscribe = (Protocol: string, Endpoint: string, FilterPolicy?: unknown) => {
    const Attributes = FilterPolicy ? { FilterPolicy: JSON.stringify(FilterPolicy) } : undefined;
    return sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes }));
  };
  return { TopicArn, subscribe };
}

describe('a publish', () => {
  it('brings every subscriber the text for its protocol', async () => {
    const local = await startLocal();
    const { TopicArn, subscribe } = await makeTopic(local);
    await subscribe('email', 'ops@example.net');
    await subscribe('sms', '+31600000000');
    const Message = JSON.stringify({ default: 'web MISSING, long', sms: 'web MISSING' });
    const Subject = '[backup] web MISSING';
    const input = { TopicArn, Message, Subject, MessageStructure: 'json' };
    const { MessageId } = await local.sns.send(new PublishCommand(input));
    const sent = { messageId: MessageId, topicArn: TopicArn };
    expect(local.aws.outbox.deliveries).toEqual([
      {
        ...{ ...sent, subject: Subject, protocol: 'email', endpoint: 'ops@example.net' },
        text: 'web MISSING, long',
      },
      {
        ...{ ...sent, subject: Subject, protocol: 'sms', endpoint: '+31600000000' },
        text: 'web MISSING',
      },
    ]);
    expect(local.aws.outbox.sms).toEqual([
      { ...sent, to: '+31600000000', text: 'web MISSING', sentAt: monday },
    ]);
    expect(local.aws.outbox.topicMessages).toMatchObject([{ ...sent, text: 'web MISSING, long' }]);
    local.aws.outbox.clear();
    expect(local.aws.outbox.deliveries).toEqual([]);
  });

  it('sends nothing to a subscriber who has not confirmed, and raises no error', async () => {
    const local = await startLocal({ clicksLinks: false });
    const { aws, sns } = local;
    const { TopicArn, subscribe } = await makeTopic(local);
    await subscribe('email', 'ops@example.net');
    const publish = () => sns.send(new PublishCommand({ TopicArn, Message: 'm' }));
    const delivered = () => aws.outbox.deliveries.length;
    expect((await publish()).MessageId).toBeTruthy();
    expect([aws.outbox.topicMessages.length, delivered()]).toEqual([1, 0]);
    aws.click('ops@example.net');
    await publish();
    expect(delivered()).toBe(1);
    aws.setConfirmed('ops@example.net', false);
    await publish();
    expect(delivered()).toBe(1);
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    expect(Attributes).toMatchObject({ SubscriptionsConfirmed: '0', SubscriptionsPending: '1' });
  });

  it('reaches those whose filter policy fits its attributes', async () => {
    const local = await startLocal();
    const { TopicArn, subscribe } = await makeTopic(local);
    await subscribe('sms', '+31600000001', { severity: ['critical', 'warning'] });
    await subscribe('sms', '+31600000002', { severity: [{ 'anything-but': 'info' }] });
    await subscribe('sms', '+31600000003', { host: [{ prefix: 'web' }], severity: ['critical'] });
    await subscribe('sms', '+31600000004', { days: [{ numeric: ['>=', 2, '<', 5] }] });
    await subscribe('sms', '+31600000005', { muted: [{ exists: false }] });
    const reached = async (attributes: Record<string, string | number>) => {
      local.aws.outbox.clear();
      const MessageAttributes = Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [
          name,
          {
            DataType: typeof value === 'number' ? 'Number' : 'String',
            StringValue: String(value),
          },
        ]),
      );
      await local.sns.send(new PublishCommand({ TopicArn, Message: 'm', MessageAttributes }));
      return local.aws.outbox.sms.map(({ to }) => Number(to.slice(-1)));
    };
    expect(await reached({})).toEqual([5]);
    expect(await reached({ severity: 'critical', host: 'web-1' })).toEqual([1, 2, 3, 5]);
    expect(await reached({ severity: 'info', days: 2 })).toEqual([4, 5]);
    expect(await reached({ severity: 'warning', days: 5, muted: 'yes' })).toEqual([1, 2]);
  });

  it('answers for each entry of a batch whether it was sent', async () => {
    const local = await startLocal();
    const { TopicArn } = await makeTopic(local);
    const PublishBatchRequestEntries = [
      { Id: 'good', Message: 'm' },
      { Id: 'bad', Message: 'm', Subject: 'two\nlines' },
    ];
    const done = await local.sns.send(
      new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }),
    );
    expect(done.Successful).toMatchObject([{ Id: 'good' }]);
    expect(done.Failed).toMatchObject([{ Id: 'bad', Code: 'InvalidParameter' }]);
  });

  it('to a phone goes past all topics', async () => {
    const { aws, sns } = await startLocal();
    await sns.send(new PublishCommand({ PhoneNumber: '+31600000000', Message: 'now' }));
    expect(aws.outbox.sms).toMatchObject([{ to: '+31600000000', text: 'now' }]);
    const long = new PublishCommand({ PhoneNumber: '+31600000000', Message: 'x'.repeat(1601) });
    await expect(sns.send(long)).rejects.toMatchObject({ name: /InvalidParameter/ });
  });
});

describe('a topic', () => {
  it('lists its subscribers a hundred at a time', async () => {
    const local = await startLocal();
    const { TopicArn, subscribe } = await makeTopic(local);
    for (let at = 0; at < 101; at += 1) await subscribe('sms', `+316${10_000_000 + at}`);
    const list = (NextToken?: string) =>
      local.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn, NextToken }));
    const first = await list();
    expect(first.Subscriptions?.length).toBe(100);
    const second = await list(first.NextToken);
    expect([second.Subscriptions?.length, second.NextToken]).toEqual([1, undefined]);
  });
});

describe('the SMS account', () => {
  it('tells of its sandbox and of who opted out', async () => {
    const { aws, sns } = await startLocal();
    aws.sms.sandbox = true;
    aws.sms.optedOut.add('+31600000000');
    const status = await sns.send(new GetSMSSandboxAccountStatusCommand({}));
    expect(status.IsInSandbox).toBe(true);
    const isOut = async (phoneNumber: string) =>
      (await sns.send(new CheckIfPhoneNumberIsOptedOutCommand({ phoneNumber }))).isOptedOut;
    expect(await isOut('+31600000000')).toBe(true);
    expect(await isOut('+31600000001')).toBe(false);
  });
});

describe('a mail', () => {
  const mail = {
    Source: 'Rollcall <backups@example.net>',
    Destination: { ToAddresses: ['ops@example.org'], CcAddresses: ['boss@example.org'] },
    ReplyToAddresses: ['help@example.net'],
    Message: {
      Subject: { Data: '[backup] ünd so' },
      Body: { Text: { Data: 'plain & <text>' }, Html: { Data: '<b>html</b>' } },
    },
  };

  it('is kept with everything in it', async () => {
    const { aws, ses } = await startLocal();
    aws.setIdentity('example.net', 'Success');
    const { MessageId } = await ses.send(new SendEmailCommand(mail));
    expect(aws.outbox.mails).toEqual([
      {
        messageId: MessageId,
        from: 'Rollcall <backups@example.net>',
        ...{ to: ['ops@example.org'], cc: ['boss@example.org'], bcc: [], suppressed: [] },
        replyTo: ['help@example.net'],
        ...{ subject: '[backup] ünd so', text: 'plain & <text>', html: '<b>html</b>' },
        sentAt: monday,
      },
    ]);
  });

  it('is refused by name of who is not verified; in the sandbox that counts for addressees too', async () => {
    const { aws, ses } = await startLocal();
    const send = () => ses.send(new SendEmailCommand(mail));
    const refusal = (who: string) =>
      'Email address is not verified. The following identities failed the check in region ' +
      `EU-WEST-1: ${who}`;
    await expect(send()).rejects.toThrow(refusal('backups@example.net'));
    aws.setIdentity('backups@example.net', 'Pending');
    await expect(send()).rejects.toThrow(refusal('backups@example.net'));
    aws.click('backups@example.net');
    await send();
    aws.ses.sandbox = true;
    await expect(send()).rejects.toThrow(refusal('ops@example.org, boss@example.org'));
    expect(aws.outbox.mails.length).toBe(1);
  });

  it('to a suppressed address is taken and dropped', async () => {
    const { aws, ses } = await startLocal();
    aws.setIdentity('example.net', 'Success');
    aws.ses.suppressed.add('ops@example.org');
    await ses.send(new SendEmailCommand(mail));
    expect(aws.outbox.mails[0]?.suppressed).toEqual(['ops@example.org']);
  });

  it('is refused when nobody, or more than fifty, are to get it, or its subject would forge a header', async () => {
    const { aws, ses } = await startLocal();
    aws.setIdentity('example.net', 'Success');
    const many = Array.from({ length: 51 }, (_, at) => `ops${at}@example.org`);
    const { Message } = mail;
    const bad = [
      { ...mail, Destination: {} },
      { ...mail, Destination: { ToAddresses: many } },
      { ...mail, Message: { ...Message, Subject: { Data: 'a\r\nBcc: x@example.com' } } },
    ];
    for (const input of bad) {
      await expect(ses.send(new SendEmailCommand(input))).rejects.toMatchObject({
        name: 'InvalidParameterValue',
      });
    }
  });

  it('with a configuration set is refused, as none exists', async () => {
    const { aws, ses } = await startLocal();
    aws.setIdentity('example.net', 'Success');
    const input = { ...mail, ConfigurationSetName: 'bounces' };
    await expect(ses.send(new SendEmailCommand(input))).rejects.toMatchObject({
      name: 'ConfigurationSetDoesNotExistException',
    });
  });

  it('sent raw is read as its receiver would read it', async () => {
    const { aws, ses } = await startLocal();
    aws.setIdentity('example.net', 'Success');
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const lines = [
      'From: Rollcall <backups@example.net>',
      'To: ops@example.org, boss@example.org',
      `Subject: =?utf-8?B?${base64('2 of 41 hosts – ')}?=`,
      ' =?utf-8?Q?FAILED=21_=C3=BC?=',
      'MIME-Version: 1.0',
      'Content-Type: multipart/alternative;',
      ' boundary="cut"',
      '',
      'For readers without MIME.',
      '--cut',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'gr=C3=BCn =3D good, a long l=',
      'ine',
      '--cut',
      'Content-Type: text/html; charset=utf-8',
      'Content-Transfer-Encoding: base64',
      '',
      base64('<p>grün</p>'),
      '--cut--',
      '',
    ];
    const Data = Buffer.from(lines.join('\r\n'));
    await ses.send(new SendRawEmailCommand({ RawMessage: { Data } }));
    expect(aws.outbox.mails).toMatchObject([
      {
        from: 'Rollcall <backups@example.net>',
        to: ['ops@example.org', 'boss@example.org'],
        subject: '2 of 41 hosts – FAILED! ü',
        text: 'grün = good, a long line',
        html: '<p>grün</p>',
      },
    ]);
  });
});
