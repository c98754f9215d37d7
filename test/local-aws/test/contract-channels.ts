// Says what SNS and SES do with what is sent through them, and what they refuse.
import {
  GetIdentityVerificationAttributesCommand,
  GetSendQuotaCommand,
  ListIdentitiesCommand,
  SendEmailCommand,
  SendRawEmailCommand,
  VerifyEmailIdentityCommand,
} from '@aws-sdk/client-ses';
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSMSAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTopicsCommand,
  PublishCommand,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { expect } from 'vitest';
import { MATTERS } from './contract-matters.ts';
import { type ContractCheck, type ContractContext, expectRefusal } from './contract-target.ts';

/** The checks. */
export const channelChecks: readonly ContractCheck[] = [
  {
    name: 'SNS makes a topic once, lists it, and forgets it when deleted',
    matters: MATTERS.topic,
    run: async ({ sns, region, name, settles }) => {
      const Name = name('alerts');
      const { TopicArn } = await sns.send(new CreateTopicCommand({ Name }));
      expect(TopicArn).toMatch(new RegExp(`^arn:aws[a-z-]*:sns:${region}:\\d{12}:${Name}$`));
      const again = await sns.send(new CreateTopicCommand({ Name }));
      expect(again.TopicArn).toBe(TopicArn);
      const listed = async () => (await sns.send(new ListTopicsCommand({}))).Topics;
      await settles(async () => expect(await listed()).toContainEqual({ TopicArn }));
      await sns.send(new DeleteTopicCommand({ TopicArn }));
      await settles(async () => expect(await listed()).not.toContainEqual({ TopicArn }));
    },
  },
  {
    name: 'SNS lists a phone with its ARN at once, and no more after Unsubscribe',
    matters: MATTERS.reached,
    emulatedOnly: 'it subscribes a telephone',
    run: async (context) => {
      const { sns } = context;
      const TopicArn = await makeTopic(context);
      const phone = { TopicArn, Protocol: 'sms', Endpoint: '+31600000000' };
      const { SubscriptionArn } = await sns.send(new SubscribeCommand(phone));
      expect(SubscriptionArn).toMatch(/^arn:aws:sns:/);
      const list = () => sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
      expect((await list()).Subscriptions).toMatchObject([{ ...phone, SubscriptionArn }]);
      await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
      expect((await list()).Subscriptions ?? []).toEqual([]);
    },
  },
  {
    name: 'SNS lists a mailbox as PendingConfirmation until its owner confirms',
    matters: MATTERS.reached,
    emulatedOnly: 'it mails to a mailbox that is not ours',
    differs: { ministack: 'confirms every mailbox at once' },
    run: async (context) => {
      const { sns, name, click } = context;
      const TopicArn = await makeTopic(context);
      const Endpoint = `${name('ops')}@example.net`;
      const made = await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint }));
      expect(made.SubscriptionArn).toBe('pending confirmation');
      const arn = async () => {
        const list = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
        return list.Subscriptions?.[0]?.SubscriptionArn;
      };
      expect(await arn()).toBe('PendingConfirmation');
      click(Endpoint);
      expect(await arn()).toMatch(/^arn:aws:sns:/);
    },
  },
  {
    name: 'SNS takes a message with subject, attributes and a text per protocol',
    matters: MATTERS.topic,
    run: async (context) => {
      const TopicArn = await makeTopic(context);
      const Message = JSON.stringify({ default: 'all', sms: 'short' });
      const MessageAttributes = { severity: { DataType: 'String', StringValue: 'critical' } };
      const Subject = '[backup] 2 of 41 hosts FAILED';
      const input = { TopicArn, Message, MessageAttributes, Subject };
      const sent = await context.sns.send(
        new PublishCommand({ ...input, MessageStructure: 'json' }),
      );
      expect(sent.MessageId).toMatch(/\S/);
    },
  },
  {
    name: 'SNS publishes to a topic that nobody is subscribed to without a word',
    matters: MATTERS.reached,
    run: async (context) => {
      const TopicArn = await makeTopic(context);
      const sent = await context.sns.send(new PublishCommand({ TopicArn, Message: 'heard?' }));
      expect(sent.MessageId).toMatch(/\S/);
    },
  },
  {
    name: 'SNS takes a subject of 99 characters and refuses one of 100',
    matters: MATTERS.subject,
    differs: { ministack: 'takes subjects of any length' },
    run: async (context) => {
      const publish = await makePublish(context);
      await publish({ Message: 'm', Subject: 'x'.repeat(99) });
      const long = publish({ Message: 'm', Subject: 'x'.repeat(100) });
      await expectRefusal(long, /^InvalidParameter(Exception)?$/, 400);
    },
  },
  {
    name: 'SNS takes a subject beyond ASCII',
    matters: MATTERS.subject,
    run: async (context) => {
      const publish = await makePublish(context);
      expect((await publish({ Message: 'm', Subject: 'Prüfung 日本' })).MessageId).toMatch(/\S/);
    },
  },
  {
    // Publish, SNS API Reference: "UTF-8 text with no line breaks or control characters, and less than 100 characters".
    name: 'SNS refuses a subject with a line break or a control character',
    matters: MATTERS.subject,
    differs: { ministack: 'takes any subject' },
    run: async (context) => {
      const publish = await makePublish(context);
      for (const Subject of ['two\nlines', 'bell\u0007']) {
        const refused = publish({ Message: 'm', Subject });
        await expectRefusal(refused, /^InvalidParameter(Exception)?$/, 400);
      }
    },
  },
  {
    name: 'SNS takes 256 KB and refuses one byte more',
    matters: MATTERS.subject,
    run: async (context) => {
      const publish = await makePublish(context);
      await publish({ Message: 'x'.repeat(262_144) });
      const long = publish({ Message: 'x'.repeat(262_145) });
      await expectRefusal(long, /^InvalidParameter(Exception)?$/, 400);
    },
  },
  {
    name: 'SNS refuses an empty message',
    matters: MATTERS.subject,
    emulatedOnly: 'AWS writes nothing of it down',
    differs: { ministack: 'takes an empty message' },
    run: async (context) => {
      const publish = await makePublish(context);
      await expectRefusal(publish({ Message: '' }), /^InvalidParameter(Exception)?$/, 400);
    },
  },
  {
    name: 'SNS refuses texts per protocol without a default',
    matters: MATTERS.subject,
    differs: { ministack: 'takes texts without a default' },
    run: async (context) => {
      const publish = await makePublish(context);
      const refused = publish({ Message: '{"sms":"x"}', MessageStructure: 'json' });
      await expectRefusal(refused, /^InvalidParameter(Exception)?$/, 400);
    },
  },
  {
    name: 'SNS answers NotFound to a publish to a topic that is not there',
    matters: MATTERS.topic,
    emulatedOnly: 'it names the account of an emulator',
    run: async ({ sns, name }) => {
      const TopicArn = `arn:aws:sns:eu-west-1:000000000000:${name('absent')}`;
      const sent = sns.send(new PublishCommand({ TopicArn, Message: 'm' }));
      await expectRefusal(sent, /^(NotFound(Exception)?|InvalidParameter(Exception)?)$/);
    },
  },
  {
    name: 'SNS tells how much may be spent on text messages',
    matters: MATTERS.sms,
    emulatedOnly: 'an account may have raised it',
    differs: { ministack: 'does not know GetSMSAttributes' },
    run: async ({ sns }) => {
      const attributes = ['MonthlySpendLimit'];
      const answer = await sns.send(new GetSMSAttributesCommand({ attributes }));
      expect(answer.attributes).toEqual({ MonthlySpendLimit: '1' });
    },
  },
  {
    name: 'SES refuses a mail from an address that is not verified',
    matters: MATTERS.sender,
    run: async ({ ses, name }) => {
      const mail = composeMail(`${name('unknown')}@example.net`);
      await expectRefusal(
        ses.send(new SendEmailCommand(mail)),
        /^MessageRejected(Exception)?$/,
        400,
      );
    },
  },
  {
    name: 'SES verifies an address, lists it, and then takes its mails',
    matters: MATTERS.sender,
    emulatedOnly: 'it mails to a mailbox that is not ours',
    run: async (context) => {
      const { ses } = context;
      const address = await verify(context);
      const { Identities } = await ses.send(new ListIdentitiesCommand({ MaxItems: 1000 }));
      expect(Identities).toContain(address);
      const found = await ses.send(
        new GetIdentityVerificationAttributesCommand({ Identities: [address] }),
      );
      expect(found.VerificationAttributes?.[address]?.VerificationStatus).toBe('Success');
      const sent = await ses.send(new SendEmailCommand(composeMail(`Backups <${address}>`)));
      expect(sent.MessageId).toMatch(/\S/);
    },
  },
  {
    name: 'SES says nothing of an address that nobody asked it to verify',
    matters: MATTERS.sender,
    emulatedOnly: 'AWS writes nothing of it down',
    differs: { ministack: 'calls every unknown address pending' },
    run: async ({ ses, name }) => {
      const Identities = [`${name('unknown')}@example.net`];
      const found = await ses.send(new GetIdentityVerificationAttributesCommand({ Identities }));
      expect(found.VerificationAttributes ?? {}).toEqual({});
    },
  },
  {
    name: 'SES keeps an address pending until its owner clicks',
    matters: MATTERS.sender,
    emulatedOnly: 'it mails to a mailbox that is not ours',
    differs: { ministack: 'verifies every address at once' },
    run: async ({ ses, name }) => {
      const address = `${name('slow')}@example.net`;
      await ses.send(new VerifyEmailIdentityCommand({ EmailAddress: address }));
      const found = await ses.send(
        new GetIdentityVerificationAttributesCommand({ Identities: [address] }),
      );
      expect(found.VerificationAttributes?.[address]?.VerificationStatus).toBe('Pending');
    },
  },
  {
    name: 'SES takes a raw mail from a verified address only',
    matters: MATTERS.sender,
    emulatedOnly: 'it mails to a mailbox that is not ours',
    run: async (context) => {
      const { ses } = context;
      const send = (from: string) => {
        const Data = Buffer.from(`From: ${from}\r\nTo: ops@example.net\r\nSubject: s\r\n\r\nt\r\n`);
        return ses.send(new SendRawEmailCommand({ RawMessage: { Data } }));
      };
      expect((await send(await verify(context))).MessageId).toMatch(/\S/);
      const unknownAddress = send(`${context.name('unknown')}@example.net`);
      await expectRefusal(unknownAddress, /^MessageRejected(Exception)?$/, 400);
    },
  },
  {
    name: 'SES tells its quota',
    matters: MATTERS.sender,
    run: async ({ ses }) => {
      const quota = await ses.send(new GetSendQuotaCommand({}));
      expect(quota.Max24HourSend).toBeGreaterThan(0);
      expect(quota.SentLast24Hours).toBeGreaterThanOrEqual(0);
    },
  },
];

async function makeTopic({ sns, name }: ContractContext): Promise<string> {
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: name('alerts') }));
  return TopicArn ?? '';
}

async function makePublish(context: ContractContext) {
  const TopicArn = await makeTopic(context);
  type Input = { Message: string; Subject?: string; MessageStructure?: string };
  return (input: Input) => context.sns.send(new PublishCommand({ TopicArn, ...input }));
}

async function verify({ ses, name, click }: ContractContext): Promise<string> {
  const address = `${name('backup')}@example.net`;
  await ses.send(new VerifyEmailIdentityCommand({ EmailAddress: address }));
  click(address);
  return address;
}

function composeMail(Source: string) {
  return {
    Source,
    Destination: { ToAddresses: ['ops@example.net'] },
    Message: { Subject: { Data: 's' }, Body: { Text: { Data: 't' } } },
  };
}
