import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, LEDGER, s3Event } from '../support/deployed.ts';

const ROLL = `bucket: backups
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net], sms: ["+31600000000"], weeklyTest: false }
hosts: { web: {} }
`;
let deployed: Deployed;
beforeEach(async () => {
  deployed = await deploy(ROLL);
  deployed.put('web/', aFull({ begun: '2026-11-21T03:15:00Z' }));
});
afterEach(() => deployed.close());
const subjects = () => deployed.aws.outbox.mails.map(({ subject }) => subject);

describe('the functions with their ledger', () => {
  it('tell a window once, though its tick came late, and came twice', async () => {
    await deployed.tick('2026-11-23T08:00:00Z');
    await deployed.tick('2026-11-23T09:30:00Z');
    await deployed.tick('2026-11-23T09:30:00Z');
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(subjects()).toEqual(['[backup] 1 of 1 host FAILED: web MISSING (2nd day)']);
  });

  it('tell whoever watches the monitor, but not those twice who got the mail', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(deployed.aws.outbox.topicMessages).toHaveLength(1);
    await deployed.close();
    deployed = await deploy(ROLL.replace('sms:', 'ops: [boss@example.net], sms:'));
    deployed.put('web/', aFull({ begun: '2026-11-21T03:15:00Z' }));
    await deployed.tick('2026-11-23T08:15:00Z');
    const topics = deployed.aws.outbox.topicMessages.map(({ topicArn }) =>
      topicArn.split(':').at(-1),
    );
    expect(topics.sort()).toEqual(['alerts', 'ops']);
  });

  it('tell an event once, though S3 sent it twice', async () => {
    const key = 'web/duplicity-full.20261121T031500Z.vol2.difftar.gpg';
    const event = s3Event('ObjectRemoved:DeleteMarkerCreated', key, '2026-11-23T11:02:00Z');
    await deployed.event(event, '2026-11-23T11:02:05Z');
    await deployed.event(event, '2026-11-23T11:03:05Z');
    expect(subjects()).toEqual(['[backup] TAMPERED web: 1 object REMOVED']);
  });

  it('send to a mailbox that was refused when it is not refused any more', async () => {
    deployed.aws.setIdentity('backups@example.net', 'Failed');
    await expect(deployed.tick('2026-11-23T08:15:00Z')).rejects.toThrow(/did not take the message/);
    expect(subjects()).toEqual([]);
    deployed.aws.setIdentity('backups@example.net', 'Success');
    await deployed.tick('2026-11-23T08:30:00Z');
    expect(subjects()).toHaveLength(1);
    expect(deployed.aws.outbox.sms).toHaveLength(1);
  });

  it.each([
    ['corrupt', () => deployed.aws.put(LEDGER, 'state.json', 'half a {')],
    [
      'out of reach',
      () =>
        deployed.aws.faults.add({
          service: 's3',
          bucket: LEDGER,
          fault: { error: 'AccessDenied', status: 403 },
        }),
    ],
  ])('still alarm with a ledger that is %s, and say so', async (_, spoil) => {
    spoil();
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(subjects()).toEqual(['[backup] 1 of 1 host FAILED: web MISSING (2nd day)']);
    expect(deployed.aws.outbox.mails[0]?.text).toContain('WARNING: ');
  });
});

describe('the report of a digest', () => {
  const page = 'reports/2026/11/23.json';
  const textOf = (key: string) => deployed.aws.head(LEDGER, key)?.content.head.toString();

  it('lies in the ledger, as JSON and as a page', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(JSON.parse(textOf(page) ?? '')).toMatchObject({
      version: 1,
      summary: { hosts: 1, critical: 1 },
      hosts: [{ host: 'web', verdict: 'missing' }],
    });
    expect(textOf('status.html')).toContain('<h1>1 of 1 host FAILED: web MISSING');
  });

  it('is left alone by the ticks between two digests', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    const before = textOf(page);
    await deployed.tick('2026-11-23T08:30:00Z');
    expect(textOf(page)).toBe(before);
  });

  it('is no reason not to tell: where it cannot be kept, the message says so', async () => {
    deployed.aws.faults.add({
      ...{ service: 's3', bucket: LEDGER, prefix: 'reports/' },
      fault: { error: 'AccessDenied', status: 403 },
    });
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(subjects()).toEqual(['[backup] 1 of 1 host FAILED: web MISSING (2nd day)']);
    expect(deployed.aws.outbox.mails[0]?.text.replace(/\s+/g, ' ')).toContain(
      'WARNING: this report is not kept: s3://backups-ledger/reports/2026/11/23.json could not be written',
    );
  });
});
