// Events of S3 that are lost, doubled, in the wrong order or days late: reported once, and never the cause of an all-clear.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, s3Event } from '../support/deployed.ts';

const CONFIG = `bucket: backups
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net] }
hosts: { web: {}, db: {} }
`;
const SUNDAY = 'web/duplicity-full.20261122T031500Z';
const MONDAY = 'web/duplicity-full.20261123T101500Z';
const created = (iso: string, name = MONDAY) =>
  s3Event('ObjectCreated:Put', `${name}.manifest.gpg`, iso);
const removed = (iso: string) =>
  s3Event('ObjectRemoved:DeleteMarkerCreated', `${SUNDAY}.vol1.difftar.gpg`, iso);
/** A recovery, at two minutes past eleven. */
const late = aFull({ begun: '2026-11-23T10:15:00Z', done: '2026-11-23T11:02:00Z' });
const OK_AGAIN = '[backup] web OK AGAIN: full done Mon 23 Nov 11:02 UTC, 2 h 47 min late';

let deployed: Deployed;
beforeEach(async () => {
  deployed = await deploy(CONFIG);
  for (const host of ['web/', 'db/']) deployed.put(host, aFull({ begun: '2026-11-22T03:15:00Z' }));
});
afterEach(() => deployed.close());
const TAMPERED = '[backup] TAMPERED: web. 1 of 2 hosts FAILED';
/** The schedule's run at the due time; what it tells is not looked at. */
const due = async (iso = '2026-11-23T08:15:00Z') => {
  await deployed.tick(iso);
  deployed.aws.outbox.clear();
};
const subjects = () => deployed.aws.outbox.mails.map(({ subject }) => subject);
const hide = () =>
  deployed.aws.remove('backups', `${SUNDAY}.vol1.difftar.gpg`, {
    modified: '2026-11-23T07:00:00Z',
  });

describe('an event', () => {
  it('that is lost', async () => {
    hide();
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(subjects()).toEqual(['[backup] TAMPERED: web. 2 of 2 hosts FAILED: db MISSING']);
  });

  it('that comes twice', async () => {
    hide();
    await deployed.event(removed('2026-11-23T07:00:00Z'), '2026-11-23T07:00:05Z');
    await deployed.event(removed('2026-11-23T07:00:00Z'), '2026-11-23T07:01:05Z');
    expect(subjects()).toEqual([TAMPERED]);
  });

  it('that comes twice, days apart', async () => {
    await due();
    deployed.put('web/', late);
    await deployed.event(created('2026-11-23T11:02:00Z'), '2026-11-23T11:02:05Z');
    expect(subjects()).toEqual([OK_AGAIN]);
    for (const day of ['2026-11-24', '2026-11-25']) {
      for (const host of ['web/', 'db/']) deployed.put(host, aFull({ begun: `${day}T03:15:00Z` }));
      await due(`${day}T08:15:00Z`);
    }
    await deployed.event(created('2026-11-23T11:02:00Z'), '2026-11-25T11:02:05Z');
    expect(subjects()).toEqual([]);
  });

  it('that comes before an older one', async () => {
    deployed.put('web/', late);
    hide();
    await deployed.event(created('2026-11-23T11:02:00Z'), '2026-11-23T11:02:05Z');
    await deployed.event(removed('2026-11-23T07:00:00Z'), '2026-11-23T11:02:06Z');
    await deployed.event(created('2026-11-22T03:15:00Z', SUNDAY), '2026-11-23T11:02:07Z');
    expect(subjects()).toEqual([TAMPERED]);
    await deployed.tick('2026-11-23T11:15:00Z');
    expect(subjects().filter((subject) => /OK/.test(subject))).toEqual([]);
  });

  it('of a backup that comes when the backup is gone', async () => {
    await deployed.event(created('2026-11-23T11:02:00Z'), '2026-11-23T11:02:05Z');
    expect(subjects().filter((subject) => /OK/.test(subject))).toEqual([]);
  });

  it('of a recovery that comes days late', async () => {
    deployed.put('web/', late);
    await deployed.event(created('2026-11-23T11:02:00Z'), '2026-11-26T12:00:00Z');
    expect(subjects().filter((subject) => /OK/.test(subject))).toEqual([]);
  });

  it('of a removal that comes days late', async () => {
    hide();
    await deployed.event(removed('2026-11-23T07:00:00Z'), '2026-11-26T12:00:00Z');
    expect(subjects()).toEqual([TAMPERED]);
  });

  it('while its host cannot be read', async () => {
    deployed.put('web/', late);
    deployed.aws.faults.add({ service: 's3', prefix: 'web/', fault: { error: 'AccessDenied' } });
    await deployed.event(created('2026-11-23T11:02:00Z'), '2026-11-23T11:02:05Z');
    expect(subjects()).toEqual([expect.stringMatching(/web UNREADABLE/)]);
  });

  it('that cannot be looked at in time', async () => {
    await due();
    deployed.put('web/', late);
    deployed.timeoutMs = 1_000;
    const hang = deployed.aws.faults.add({ service: 's3', prefix: 'web/', fault: { hang: true } });
    const events = [created('2026-11-23T11:02:00Z'), removed('2026-11-23T11:01:00Z')];
    const volume = s3Event(
      'ObjectCreated:Put',
      `${SUNDAY}.vol2.difftar.gpg`,
      '2026-11-23T11:00:00Z',
    );
    const outcome = await deployed.event([...events, volume], '2026-11-23T11:02:05Z');
    expect(outcome).toMatchObject({ batchItemFailures: [] });
    expect(subjects()).toEqual(['[backup] 2 of 2 hosts FAILED: web UNREADABLE, db MISSING']);
    expect(deployed.aws.outbox.mails[0]?.text.replace(/\s+/g, ' ')).toContain(
      'removed Mon 23 Nov 11:01 by user AIDAJQULG4WG7WMOOT4P6 from 203.0.113.9',
    );
    hang.remove();
    deployed.timeoutMs = 60_000;
    await deployed.tick('2026-11-23T11:15:00Z');
    expect(subjects().slice(1)).toEqual([OK_AGAIN]);
  });

  it('together with one of a host that S3 does not answer for', async () => {
    await due();
    deployed.put('web/', late);
    deployed.timeoutMs = 1_500;
    deployed.aws.faults.add({ service: 's3', prefix: 'db/', fault: { hang: true } });
    const stuck = s3Event(
      'ObjectCreated:Put',
      'db/duplicity-full.20261123T101500Z.manifest.gpg',
      '2026-11-23T11:02:00Z',
    );
    const outcome = await deployed.event(
      [stuck, created('2026-11-23T11:02:00Z')],
      '2026-11-23T11:02:05Z',
    );
    expect(outcome).toMatchObject({ batchItemFailures: [] });
    expect(subjects()).toEqual(['[backup] 1 of 2 hosts FAILED: db UNREADABLE']);
    expect(deployed.aws.outbox.mails[0]?.text.replace(/\s+/g, ' ')).toContain(
      OK_AGAIN.replace('[backup] web OK AGAIN', 'OK AGAIN web'),
    );
  });
});
