import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy } from '../support/deployed.ts';

const CONFIG = `bucket: backups
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net, boss@example.net], sms: ["+31600000000"], weeklyTest: false }
hosts:
  mail: {}
  web: { window: { due: "10:00" } }
  nas: { target: s3://backups/office/nas/ }
`;
const today = aFull({ begun: '2026-11-23T03:15:00Z' });
const yesterday = aFull({ begun: '2026-11-22T03:15:00Z' });

let deployed: Deployed;
beforeEach(async () => {
  deployed = await deploy(CONFIG);
  for (const prefix of ['mail/', 'web/', 'office/nas/']) deployed.put(prefix, yesterday);
});
afterEach(() => deployed.close());

const putToday = (...prefixes: string[]) => {
  for (const prefix of prefixes) deployed.put(prefix, today);
};
const subjects = () => deployed.aws.outbox.mails.map(({ subject }) => subject);

describe('check-hosts', () => {
  it('sends one mail to each address, and one SMS, however many hosts failed', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(subjects()).toEqual(
      Array(2).fill('[backup] 2 of 3 hosts FAILED: mail MISSING, nas MISSING'),
    );
    expect(deployed.aws.outbox.mails.flatMap(({ to }) => to).sort()).toEqual([
      'boss@example.net',
      'ops@example.net',
    ]);
    expect(deployed.aws.outbox.sms.map(({ text }) => text)).toEqual([
      expect.stringContaining('BACKUP 2/3 FAILED: mail MISSING'),
    ]);
  });

  it('reports a window once, in the tick in which it closes', async () => {
    putToday('mail/', 'office/nas/');
    await deployed.tick('2026-11-23T08:00:00Z');
    expect(subjects()).toEqual([]);
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(subjects()).toEqual(Array(2).fill('[backup] 3 of 3 hosts OK - Mon 23 Nov (#2026-327)'));
    expect(deployed.aws.outbox.sms).toEqual([]);
    deployed.aws.outbox.clear();
    for (const tick of ['08:30', '09:45']) await deployed.tick(`2026-11-23T${tick}:00Z`);
    expect(subjects()).toEqual([]);
    await deployed.tick('2026-11-23T10:00:00Z');
    expect(subjects()).toEqual(Array(2).fill('[backup] 1 of 3 hosts FAILED: web MISSING'));
    expect(deployed.aws.outbox.sms).toHaveLength(1);
    deployed.aws.outbox.clear();
    for (const tick of ['10:15', '12:00', '13:45']) await deployed.tick(`2026-11-23T${tick}:00Z`);
    expect(subjects()).toEqual([]);
  });

  it('waits for a host that is still uploading, until its grace is over', async () => {
    putToday('web/', 'office/nas/');
    const slow = aFull({ begun: '2026-11-23T05:00:00Z', done: '2026-11-23T08:10:00Z' });
    deployed.put(
      'mail/',
      slow.filter(({ name }) => !name.includes('manifest')),
    );
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(subjects()[0]).toBe('[backup] 2 of 3 hosts OK, 1 warning - Mon 23 Nov (#2026-327)');
    expect(deployed.aws.outbox.mails[0]?.text).toContain('still uploading');
    deployed.aws.outbox.clear();
    await deployed.tick('2026-11-23T12:15:00Z');
    expect(subjects()[0]).toBe('[backup] 1 of 3 hosts FAILED: mail INCOMPLETE');
    expect(deployed.aws.outbox.sms).toHaveLength(1);
  });

  it('names a prefix that is of no host in the config in the digest', async () => {
    putToday('mail/', 'web/', 'office/nas/');
    deployed.put('office/nas2/', today);
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(deployed.aws.outbox.mails[0]?.text).toContain('"office/nas2"');
  });

  it('asks at most twice for each host, however many days are kept', async () => {
    putToday('mail/');
    deployed.aws.requests.clear();
    await deployed.tick('2026-11-23T10:00:00Z');
    const listings = deployed.aws.requests.records.filter(({ prefix }) =>
      prefix?.startsWith('web/'),
    );
    expect(listings).toHaveLength(2);
  });

  it('fails on a config that was not packaged completely, and says what to do', async () => {
    writeFileSync(process.env.CONFIG_FILE ?? '', '{"version":1,"config":{"bucket":"back');
    await expect(deployed.tick('2026-11-23T08:15:00Z')).rejects.toThrow(
      /config\.json is damaged or of another version: deploy the stack again/,
    );
  });
});
