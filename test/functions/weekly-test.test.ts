import { afterEach, describe, expect, it } from 'vitest';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy } from '../support/deployed.ts';

const CONFIG = `bucket: backups
region: eu-west-1
alerts:
  from: backups@example.net
  mail: [ops@example.net]
  sms: ["+31600000000"]
  ops: [admin@example.net]
hosts: { web: {} }
`;
const monday = '2026-11-23T08:15:00Z';
const word = /\b[A-Z]{4}-\d{4}\b/;

let deployed: Deployed;
afterEach(() => deployed.close());
const start = async (configText: string, begun = '2026-11-23T03:15:00Z') => {
  deployed = await deploy(configText);
  deployed.put('web/', aFull({ begun }));
};

describe('the weekly test', () => {
  it('brings one code word to every mailbox, phone and watcher', async () => {
    await start(CONFIG);
    await deployed.tick(monday);
    const { mails, sms, deliveries } = deployed.aws.outbox;
    const texts = [
      ...mails.map(({ text }) => text),
      ...sms.map(({ text }) => text),
      ...deliveries.flatMap(({ endpoint, text }) => (endpoint === 'admin@example.net' ? text : [])),
    ];
    expect(texts).toHaveLength(3);
    const words = texts.map((text) => word.exec(text)?.[0]);
    expect(words[0]).toBeDefined();
    expect(new Set(words).size).toBe(1);
    expect(mails[0]?.subject).toBe('[backup] 1 of 1 host OK - Mon 23 Nov (#2026-327)');
  });

  it('leaves the SMS to an alarm of that morning, and its mail explains that', async () => {
    await start(CONFIG, '2026-11-20T03:15:00Z');
    await deployed.tick(monday);
    expect(deployed.aws.outbox.sms.map(({ text }) => text)).toEqual([
      expect.stringContaining('BACKUP 1/1 FAILED'),
    ]);
    const [mail] = deployed.aws.outbox.mails;
    expect(mail?.text.replace(/\s+/g, ' ')).toContain(
      'The SMS of this alarm is the test of the telephones.',
    );
  });

  it.each([
    ['on a Tuesday', CONFIG, '2026-11-24T08:15:00Z'],
    [
      'where the config does not want it',
      CONFIG.replace('  ops', '  weeklyTest: false\n  ops'),
      monday,
    ],
  ])('is not sent %s', async (_, configText, tick) => {
    await start(configText, tick.replace('08:15', '03:15'));
    await deployed.tick(tick);
    expect(deployed.aws.outbox.mails).toHaveLength(1);
    expect(deployed.aws.outbox.mails[0]?.text).not.toMatch(word);
    expect(deployed.aws.outbox.sms).toEqual([]);
    expect(deployed.aws.outbox.deliveries).toEqual([]);
  });
});
