import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy } from '../support/deployed.ts';

const ROLL = `bucket: backups
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
  deployed = await deploy(ROLL);
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

  it('tells a window once, in the tick in which it closes', async () => {
    putToday('mail/', 'office/nas/');
    await deployed.tick('2026-11-23T08:00:00Z');
    expect(subjects()).toEqual([]);
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(subjects()).toEqual(Array(2).fill('[backup] OK 3 of 3 - Mon 23 Nov (#2026-327)'));
    expect(deployed.aws.outbox.sms).toEqual([]);
    deployed.aws.outbox.clear();
    for (const tick of ['08:30', '09:45']) await deployed.tick(`2026-11-23T${tick}:00Z`);
    expect(subjects()).toEqual([]);
    await deployed.tick('2026-11-23T10:00:00Z');
    expect(subjects()).toEqual(Array(2).fill('[backup] 1 of 3 hosts FAILED: web MISSING'));
    expect(deployed.aws.outbox.sms).toHaveLength(1);
    deployed.aws.outbox.clear();
    for (const tick of ['10:15', '12:15', '14:00']) await deployed.tick(`2026-11-23T${tick}:00Z`);
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
    expect(subjects()[0]).toBe('[backup] OK 2 of 3, 1 warning - Mon 23 Nov (#2026-327)');
    expect(deployed.aws.outbox.mails[0]?.text).toContain('still uploading');
    deployed.aws.outbox.clear();
    await deployed.tick('2026-11-23T12:15:00Z');
    expect(subjects()[0]).toBe('[backup] 1 of 3 hosts FAILED: mail INCOMPLETE');
    expect(deployed.aws.outbox.sms).toHaveLength(1);
  });

  it("names a prefix that is on nobody's roll in the digest", async () => {
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
    // And two of the ledger, whatever the number of hosts: the seals, and whether this is the first run.
    expect(deployed.aws.requests.counts().byKind.LIST).toBe(4);
  });

  it('tells the others when one address is refused, and fails the run', async () => {
    // In the sandbox SES refuses addresses that are not verified.
    deployed.aws.ses.sandbox = true;
    deployed.aws.setIdentity('ops@example.net', 'Success');
    await expect(deployed.tick('2026-11-23T08:15:00Z')).rejects.toThrow(
      /mail to boss@example.net did not take/,
    );
    expect(deployed.aws.outbox.mails).toHaveLength(1);
    expect(deployed.aws.outbox.sms).toHaveLength(1);
  });

  it.each([
    ['SES', { service: 'ses' as const, fault: { error: 'AccessDenied', status: 403 } }, 0, 1],
    ['SNS', { service: 'sns' as const, fault: { error: 'AuthorizationError', status: 403 } }, 2, 0],
  ])('tells by the other way when %s is dead, and fails the run', async (_, rule, mails, sms) => {
    deployed.aws.faults.add(rule);
    await expect(deployed.tick('2026-11-23T08:15:00Z')).rejects.toThrow(AggregateError);
    expect(deployed.aws.outbox.mails).toHaveLength(mails);
    expect(deployed.aws.outbox.sms).toHaveLength(sms);
  });

  it('fails on a roll that is wrong', async () => {
    await deployed.close();
    deployed = await deploy('bucket: backups\nhosts: {}\n');
    await expect(deployed.tick('2026-11-23T08:15:00Z')).rejects.toThrow(/no hosts/);
  });
});

describe('check-hosts in a failing cloud', () => {
  const list = (fault: object, more = {}) => ({
    service: 's3' as const,
    prefix: 'mail/',
    ...more,
    fault,
  });
  it.each([
    ['AccessDenied', list({ error: 'AccessDenied', status: 403 }), /AccessDenied \(403\)/],
    ['a bucket that is gone', list({ error: 'NoSuchBucket', status: 404 }), /there is no bucket/],
    ['throttling to the end', list({ error: 'SlowDown', status: 503 }), /SlowDown \(503\)/],
    ['another region', list({ redirectTo: 'us-west-2' }), /region: us-west-2/],
    ['a reset connection', list({ reset: 'before' }), /could not be listed/],
    ['an answer cut in the middle', list({ reset: 'mid-body' }), /could not be listed/],
    ['half an XML document', list({ truncate: 0.5 }), /could not be listed/],
    ['an empty answer', list({ truncate: 0 }), /answered with no listing at all/],
    ['the same token for ever', list({ page: 'same-token' }), /same continuation token twice/],
  ])(
    'makes a host unreadable by %s, and judges the others',
    async (_, rule, words) => {
      putToday('mail/', 'web/', 'office/nas/');
      deployed.aws.faults.add(rule as Parameters<Deployed['aws']['faults']['add']>[0]);
      await deployed.tick('2026-11-23T08:15:00Z');
      expect(subjects()[0]).toBe('[backup] 1 of 3 hosts FAILED: mail UNREADABLE');
      const text = deployed.aws.outbox.mails[0]?.text.replace(/\s+/g, ' ') ?? '';
      expect(text).toMatch(words);
      expect(text).toContain('OK nas: full done');
    },
    30_000,
  );

  it('goes on after an empty page with a token, and after a passing 503', async () => {
    putToday('mail/', 'web/', 'office/nas/');
    deployed.aws.faults.add({ service: 's3', prefix: 'mail/', first: 1, fault: { page: 'empty' } });
    deployed.aws.faults.add({
      service: 's3',
      prefix: 'web/',
      first: 2,
      fault: { error: 'SlowDown', status: 503 },
    });
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(subjects()[0]).toBe('[backup] OK 3 of 3 - Mon 23 Nov (#2026-327)');
  });

  it('never calls an empty bucket fine', async () => {
    await deployed.close();
    deployed = await deploy(ROLL);
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(subjects()[0]).toBe('[backup] 3 of 3 hosts FAILED: mail NEVER, web NEVER, nas NEVER');
  });
});
