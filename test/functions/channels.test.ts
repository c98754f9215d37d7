import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy } from '../support/deployed.ts';

const CONFIG = `bucket: backups
region: eu-west-1
alerts:
  from: backups@example.net
  mail: [ops@example.net, boss@example.net]
  sms: ["+31600000000"]
  ops: [admin@example.net]
  weeklyTest: false
hosts: { web: {} }
`;
let deployed: Deployed;
beforeEach(async () => {
  deployed = await deploy(CONFIG);
  deployed.put('web/', aFull({ begun: '2026-11-23T03:15:00Z' }));
  deployed.aws.sms.attributes.MonthlySpendLimit = '20';
});
afterEach(() => deployed.close());

const mails = () => deployed.aws.outbox.mails.map(({ to, subject }) => `${to}: ${subject}`);
const text = () => deployed.aws.outbox.mails.at(-1)?.text.replace(/\s+/g, ' ') ?? '';

describe('check-hosts, about the channels', () => {
  it('sends every text as a critical one', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    const { topicMessages } = deployed.aws.outbox;
    expect(topicMessages.length).toBeGreaterThan(0);
    for (const { attributes } of topicMessages)
      expect(attributes['AWS.SNS.SMS.SMSType']).toBe('Transactional');
  });

  it('asks for a number to send from where a phone is in the United States', async () => {
    deployed.change(CONFIG.replace('+31600000000', '+12025550100'));
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(text()).toContain('WEAK sms: +12025550100: carriers of the United States');
    deployed.aws.sms.numbersIn.add('US');
    await deployed.tick('2026-11-24T08:15:00Z');
    expect(text()).not.toContain('carriers of the United States');
  });

  it('reports in each digest that all channels work', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(deployed.aws.outbox.mails[0]?.text).toContain(
      `Would an alarm arrive? As of 08:15:

FINE        alerts topic: 1 subscription, all confirmed
FINE        ops topic: 1 subscription, all confirmed
FINE        mail: backups@example.net is verified, and may send 50000
            mails a day
FINE        sms: out of the sandbox, up to 20 USD a month
`,
    );
  });

  it('notifies the other channels when SES starts to drop the mail of one address, and when it stops', async () => {
    await deployed.tick('2026-11-23T05:00:00Z');
    deployed.aws.ses.suppressed.add('boss@example.net');
    for (const tick of ['05:15', '06:00', '07:00']) await deployed.tick(`2026-11-23T${tick}:00Z`);
    expect(mails()).toEqual(['ops@example.net: [backup] ALARM CHANNEL DEAD: mail']);
    expect(text()).toContain('aws sesv2 delete-suppressed-destination --email-address boss@');
    expect(deployed.aws.outbox.sms.map(({ text }) => text)).toEqual([
      'BACKUP ALARM CHANNEL DEAD: mail: boss@example.net is on the suppression list: SES takes its mail, and drops it',
    ]);
    expect(deployed.aws.outbox.deliveries.map(({ endpoint }) => endpoint)).toContain(
      'admin@example.net',
    );
    deployed.aws.outbox.clear();
    deployed.aws.ses.suppressed.clear();
    await deployed.tick('2026-11-23T08:00:00Z');
    expect(mails().sort()).toEqual([
      'boss@example.net: [backup] alarm channel works again: mail',
      'ops@example.net: [backup] alarm channel works again: mail',
    ]);
    expect(deployed.aws.outbox.sms).toEqual([]);
  });

  it.each<[string, () => void, string]>([
    [
      'a phone that opted out',
      () => deployed.aws.sms.optedOut.add('+31600000000'),
      'DEAD sms: +31600000000 has opted out',
    ],
    [
      'the sandbox of texts',
      () => {
        deployed.aws.sms.sandbox = true;
      },
      'DEAD sms: the account is in the SMS sandbox',
    ],
    [
      'a mailbox that has not confirmed',
      () => deployed.aws.setConfirmed('admin@example.net', false),
      'DEAD ops topic: email admin@example.net has not confirmed',
    ],
  ])('reports by mail, and not by SMS, %s', async (_, kill, words) => {
    kill();
    await deployed.tick('2026-11-23T05:00:00Z');
    expect(text()).toContain(words);
    expect(deployed.aws.outbox.sms).toEqual([]);
  });

  it('reports by SMS that SES has stopped, and does not fail for it', async () => {
    deployed.aws.ses.sendingEnabled = false;
    await deployed.tick('2026-11-23T05:00:00Z');
    expect(mails()).toEqual([]);
    expect(deployed.aws.outbox.sms.map(({ text }) => text)).toEqual([
      'BACKUP ALARM CHANNEL DEAD: mail: SES has paused sending for this account',
    ]);
  });

  it.each(['sns', 'ses'] as const)(
    'reports that it may not look at %s, and goes on judging',
    async (service) => {
      const operation = ['ListSubscriptionsByTopic', 'GetSMSAttributes', 'GetAccount'];
      deployed.aws.faults.add({
        service,
        operation,
        fault: { error: 'AccessDenied', status: 403 },
      });
      await deployed.tick('2026-11-23T08:15:00Z');
      expect(deployed.aws.outbox.mails[0]?.subject).toBe(
        '[backup] 1 of 1 host OK - Mon 23 Nov (#2026-327)',
      );
      expect(deployed.aws.outbox.mails[0]?.text).toMatch(/^UNSEEN/m);
      expect(text()).toMatch(/Do now: allow (?:sns|ses):/);
    },
  );
});
