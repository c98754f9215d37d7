// What the functions say of a config that notifies nobody: never that they have told somebody.
import { afterEach, describe, expect, it } from 'vitest';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, s3Event } from '../support/deployed.ts';

let deployed: Deployed;
afterEach(() => deployed.close());

async function start(alerts: string) {
  deployed = await deploy(`bucket: backups\nregion: eu-west-1\n${alerts}hosts: { web: {} }\n`);
  deployed.put('web/', aFull({ begun: '2026-11-21T03:15:00Z' }));
}
const sent = () => {
  const { mails, sms, topicMessages } = deployed.aws.outbox;
  const alerts = topicMessages.filter(({ topicArn }) => topicArn.endsWith(':alerts'));
  return [mails.length, sms.length, alerts.length];
};

describe('a run for a config that notifies nobody', () => {
  it.each([
    ['alerts: none', 'alerts: none\n'],
    ['no alerts', ''],
  ])('logs with %s that nobody was notified of an alarm', async (_, alerts) => {
    await start(alerts);
    expect(await deployed.tick('2026-11-23T08:15:00Z')).toMatchObject({
      told: 'nobody',
      unheard: 'nobody is notified: hosts.yml has no recipients, or says alerts: none',
    });
    expect(sent()).toEqual([0, 0, 0]);
    const key = 'web/duplicity-full.20261121T031500Z.vol1.difftar.gpg';
    deployed.aws.remove('backups', key, { modified: '2026-11-23T11:02:00Z' });
    const removal = s3Event('ObjectRemoved:DeleteMarkerCreated', key, '2026-11-23T11:02:00Z');
    expect(await deployed.event(removal, '2026-11-23T11:03:00Z')).toMatchObject({
      told: 0,
      unheard: expect.stringContaining('nobody is notified'),
    });
    expect(sent()).toEqual([0, 0, 0]);
  });

  it('logs no such reason when there was no message', async () => {
    await start('alerts: none\n');
    expect(await deployed.tick('2026-11-23T03:00:00Z')).not.toHaveProperty('unheard');
  });

  it('logs what kind of message was sent when the config has a recipient', async () => {
    await start('alerts: { mail: [ops@example.net] }\n');
    const outcome = await deployed.tick('2026-11-23T08:15:00Z');
    expect(outcome).toMatchObject({ told: 'alert' });
    expect(outcome).not.toHaveProperty('unheard');
  });
});
