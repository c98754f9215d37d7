import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { S3Event } from '../local-aws/s3/event.ts';
import { toEventBridge } from '../local-aws/s3/event-bridge.ts';
import { aFull, at } from '../support/builders.ts';
import { type Deployed, deploy, STATE_BUCKET, s3Event } from '../support/deployed.ts';

const CONFIG = `bucket: backups
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net], sms: ["+31600000000"] }
hosts: { web: {}, db: {} }
`;
const begun = '2026-11-23T03:00:00Z';
const night = aFull({ begun, done: '2026-11-23T03:10:00Z', volumes: 6 });
const eve = aFull({ begun: '2026-11-22T03:00:00Z', volumes: 6 });
const old = aFull({ begun: '2026-11-18T03:00:00Z', done: '2026-11-18T03:10:00Z', volumes: 6 });
const SET = 'web/duplicity-full.20261123T030000Z';
const VOLUME = `${SET}.vol2.difftar.gpg`;
const MANIFEST = `${SET}.manifest.gpg`;
const SIGNATURES = 'web/duplicity-full-signatures.20261123T030000Z.sigtar.gpg';

let deployed: Deployed;
beforeEach(async () => {
  deployed = await deploy(CONFIG);
});
afterEach(() => deployed.close());

const mails = () => deployed.aws.outbox.mails;
const subjects = () => mails().map(({ subject }) => subject);
const text = () => (mails().at(-1)?.text ?? '').replace(/\s+/g, ' ');
const asked = () =>
  deployed.aws.requests.records.map(({ bucket, operation, key }) => [bucket, operation, key]);
const listings = () =>
  deployed.aws.requests.records.filter(
    ({ bucket, operation }) => bucket === 'backups' && operation.startsWith('ListObject'),
  ).length;
const upload = (key: string, iso: string, body = `other bytes of ${iso}`) =>
  deployed.aws.put('backups', key, Buffer.from(body), { modified: iso });
const created = (key: string, iso: string) => s3Event('ObjectCreated:Put', key, iso);
const overwrite = (key: string, iso: string) => {
  upload(key, iso);
  return created(key, iso);
};
const FAILED = (kind: string) => [
  `[backup] ${kind === 'TAMPERED' ? 'TAMPERED: web. 1 of 2 hosts FAILED' : `1 of 2 hosts FAILED: web ${kind}`}`,
];
const seconds = (iso: string, more: number) => new Date(at(iso) + more * 1000).toISOString();

describe('an upload into a finished backup', () => {
  beforeEach(() => {
    deployed.put('web/', [...old, ...eve, ...night]);
    deployed.put('db/', [...eve, ...night]);
  });

  it.each([
    ['a volume', VOLUME],
    ['the signatures', SIGNATURES],
    ['a volume of an old set', VOLUME.replace('20261123', '20261118')],
    ['the signatures of an old set', SIGNATURES.replace('20261123', '20261118')],
  ])('is reported within seconds, with who and from where: %s', async (_, key) => {
    await deployed.event(overwrite(key, '2026-11-23T07:00:00Z'), '2026-11-23T07:00:20Z');
    expect(subjects()).toEqual(FAILED('TAMPERED'));
    expect(text()).toContain('1 file was overwritten');
    expect(mails()[0]?.text).toContain(key.slice('web/'.length));
    expect(text()).toContain(
      'written Mon 23 Nov 07:00 by user AIDAJQULG4WG7WMOOT4P6 from 203.0.113.9',
    );
    expect(text()).toMatch(/Do now: disable the host's key, then .*restore-set web 202611/);
    expect(deployed.aws.outbox.sms.map((sms) => sms.text)).toEqual([
      'BACKUP TAMPERED: web by user AIDAJQULG4WG7WMOOT4P6 from 203.0.113.9. Disable that key now. 1/2 FAILED.',
    ]);
  });

  it('is reported from an EventBridge event, with the account and the address', async () => {
    const iso = '2026-11-23T07:00:00Z';
    await deployed.event(overEventBridge(overwrite(VOLUME, iso)), seconds(iso, 20));
    expect(subjects()).toEqual(FAILED('TAMPERED'));
    expect(text()).toContain('by somebody of this account (123456789012) from 203.0.113.9');
  });

  it('is reported when its upload was started before the manifest and ended after it', async () => {
    // A multipart upload is stamped with when it was begun: by the times in a listing two machines wrote this set.
    upload(VOLUME, '2026-11-23T03:09:00Z');
    await deployed.event(created(VOLUME, '2026-11-23T07:00:00Z'), '2026-11-23T07:00:20Z');
    expect(subjects()).toEqual(FAILED('DAMAGED'));
    expect(text()).toContain('07:00 by user AIDAJQULG4WG7WMOOT4P6 from 203.0.113.9');
  });

  it('is reported in one mail together with what else was done to the host', async () => {
    const events = [VOLUME, SIGNATURES].map((key) => overwrite(key, '2026-11-23T07:00:00Z'));
    deployed.aws.remove('backups', MANIFEST, { modified: '2026-11-23T07:00:10Z' });
    const removed = s3Event('ObjectRemoved:DeleteMarkerCreated', MANIFEST, '2026-11-23T07:00:10Z');
    await deployed.event([...events, removed], '2026-11-23T07:00:20Z');
    expect(subjects()).toEqual(FAILED('TAMPERED'));
    expect(text()).toContain('2 files were overwritten');
    expect(text()).toContain('1 file was hidden by a delete marker');
    expect(text()).toContain('Last good copy: Sun 22 Nov 03:00');
  });

  it.each([
    ['from the event alone', 'ListObjectVersions', 'TAMPERED'],
    ['as not to be looked at', 'ListObjectsV2', 'UNREADABLE'],
  ])('is reported %s where %s is refused, with who and from where', async (_, operation, kind) => {
    const fault = { error: 'AccessDenied' };
    deployed.aws.faults.add({ service: 's3', operation, fault });
    await deployed.event(overwrite(VOLUME, '2026-11-23T07:00:00Z'), '2026-11-23T07:00:20Z');
    expect(subjects()).toEqual(FAILED(kind));
    expect(text()).toContain('07:00 by user AIDAJQULG4WG7WMOOT4P6 from 203.0.113.9');
  });

  it('is not reported when it has the same bytes', async () => {
    const { etag = '', content } = deployed.aws.head('backups', VOLUME) ?? {};
    const again = { bytes: content?.bytes ?? 0 };
    deployed.aws.put('backups', VOLUME, again, { modified: '2026-11-23T07:00:00Z', etag });
    await deployed.event(created(VOLUME, '2026-11-23T07:00:00Z'), '2026-11-23T07:00:20Z');
    expect(mails()).toEqual([]);
  });

  it('is reported when it is a volume that was not there before', async () => {
    const added = VOLUME.replace('vol2', 'vol9');
    await deployed.event(overwrite(added, '2026-11-23T07:00:00Z'), '2026-11-23T07:00:20Z');
    expect(subjects()).toEqual(FAILED('DAMAGED'));
    expect(text()).toContain('07:00 by user AIDAJQULG4WG7WMOOT4P6 from 203.0.113.9');
  });

  it('is reported at once when its name makes duplicity crash, whatever time is in it', async () => {
    for (const time of ['20991231T000000Z', '20200101T000000Z']) {
      const key = `web/duplicity-full.${time}.vol0.difftar.gpg`;
      await deployed.event(overwrite(key, '2026-11-23T07:00:00Z'), '2026-11-23T07:00:20Z');
      expect(mails().at(-1)?.subject).toContain('web POISONED');
      expect(mails().at(-1)?.text).toContain(key.slice('web/'.length));
    }
  });
});

describe('a volume that is removed for good, seen by the run of an earlier event', () => {
  it.each([
    ['that the record lists', true, ['TAMPERED']],
    ['of which nothing is known', false, ['INCOMPLETE', 'TAMPERED']],
  ])('is reported once in each way that it looked: one %s', async (_, isRecorded, kinds) => {
    for (const host of ['web/', 'db/']) deployed.put(host, [...old, ...eve, ...night]);
    if (isRecorded) await deployed.tick('2026-11-23T08:15:00Z');
    deployed.aws.outbox.clear();
    const [version] = deployed.aws.versions('backups', VOLUME);
    deployed.aws.remove('backups', VOLUME, { versionId: version?.versionId ?? '' });
    await deployed.event(created(MANIFEST, '2026-11-23T03:10:00Z'), '2026-11-23T11:00:01Z');
    const removed = s3Event('ObjectRemoved:Delete', VOLUME, '2026-11-23T11:00:00Z');
    for (const iso of ['2026-11-23T11:00:02Z', '2026-11-23T11:00:03Z']) {
      await deployed.event(removed, iso);
    }
    expect(subjects()).toEqual(kinds.flatMap(FAILED));
  });
});

describe('the ordinary course of a backup', () => {
  beforeEach(async () => {
    for (const host of ['web/', 'db/']) deployed.put(host, [...old, ...eve]);
    await deployed.tick('2026-11-22T08:15:00Z');
    deployed.aws.outbox.clear();
  });

  it('costs one read a batch of the page with the records, and nothing of the bucket until the manifest', async () => {
    for (const object of night.filter(({ name }) => !name.includes('manifest'))) {
      const events = ['web/', 'db/'].map((host) => {
        deployed.put(host, [object]);
        return created(`${host}${object.name}`, '2026-11-23T03:05:00Z');
      });
      deployed.aws.requests.clear();
      await deployed.event(events, begun);
      expect(asked()).toEqual([[STATE_BUCKET, 'GetObject', 'hosts/0of1.json']]);
    }
    expect(mails()).toEqual([]);
  });

  it('sends no message when a killed run uploads its last volume again, however late its events come', async () => {
    upload(VOLUME, '2026-11-23T03:05:00Z', 'cut off');
    deployed.put('web/', night);
    const volume = created(VOLUME, '2026-11-23T03:10:00Z');
    const manifest = created(MANIFEST, '2026-11-23T03:10:00Z');
    for (const events of [[volume], [volume, manifest], [manifest]]) {
      await deployed.event(events, '2026-11-23T03:40:00Z');
    }
    expect(mails()).toEqual([]);
  });
});

describe('a change of which no event comes', () => {
  const OLD_MANIFEST = MANIFEST.replace('20261123', '20261118');
  const OLD_SIGNATURES = SIGNATURES.replace('20261123', '20261118');

  beforeEach(async () => {
    for (const day of [18, 19, 20, 21, 22]) {
      const full = aFull({ begun: `2026-11-${day}T03:00:00Z`, volumes: 6 });
      for (const host of ['web/', 'db/']) deployed.put(host, full);
      await deployed.tick(`2026-11-${day}T08:15:00Z`);
    }
    for (const host of ['web/', 'db/']) deployed.put(host, night);
    deployed.aws.outbox.clear();
    deployed.aws.requests.clear();
  });

  it.each([
    ['garbage over the manifest', () => upload(OLD_MANIFEST, '2026-11-22T12:00:00Z')],
    ['garbage over the signatures', () => upload(OLD_SIGNATURES, '2026-11-22T12:00:00Z')],
    [
      'a manifest that is removed',
      () => deployed.aws.remove('backups', OLD_MANIFEST, { modified: '2026-11-22T12:00:00Z' }),
    ],
  ])('is seen by the next run of the schedule, however old the backup: %s', async (_, act) => {
    act();
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(subjects()).toEqual(FAILED('TAMPERED'));
  });

  it('is seen, too, where a run saw it and was killed before it could keep that', async () => {
    const state = deployed.aws.head(STATE_BUCKET, 'state.json')?.content.head ?? '';
    upload(OLD_MANIFEST, '2026-11-22T12:00:00Z');
    await deployed.tick('2026-11-23T08:15:00Z');
    deployed.aws.put(STATE_BUCKET, 'state.json', state);
    deployed.aws.outbox.clear();
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(subjects()).toEqual(FAILED('TAMPERED'));
  });

  it('is looked for at no request of its own', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(listings()).toBe(5);
    expect(subjects()).toEqual(['[backup] 2 of 2 hosts OK - Mon 23 Nov (#2026-327)']);
  });
});

describe('a flood of events', () => {
  const batches = 8;
  const inBatch = 500;
  /** Times of sets, one a second; lifecycle has not reached them. */
  const names = (from: number) =>
    Array.from({ length: inBatch }, (_, index) =>
      stamp(seconds('2026-11-22T10:00:00Z', from + index)),
    );

  beforeEach(async () => {
    for (const host of ['web/', 'db/']) deployed.put(host, [...eve, ...night]);
    await deployed.tick('2026-11-23T08:15:00Z');
    deployed.aws.outbox.clear();
    deployed.aws.requests.clear();
  });

  it('becomes a handful of mails and a small state bucket, and its last change is reported', async () => {
    for (let batch = 0; batch < batches; batch += 1) {
      const iso = seconds('2026-11-23T08:20:00Z', batch * 60);
      const events = names(batch * inBatch).map((time) =>
        s3Event('ObjectRemoved:Delete', `web/duplicity-full.${time}.vol1.difftar.gpg`, iso),
      );
      await deployed.event(events, seconds(iso, 20));
    }
    expect(subjects()).toEqual(Array.from({ length: 4 }, () => FAILED('TAMPERED')[0]));
    expect(deployed.aws.outbox.sms).toHaveLength(4);
    expect(deployed.aws.head(STATE_BUCKET, 'state.json')?.content.bytes).toBeLessThan(100_000);
    expect(deployed.aws.head(STATE_BUCKET, 'hosts/0of1.json')?.content.bytes).toBeLessThan(500_000);
    await deployed.tick('2026-11-23T08:30:00Z');
    expect(mails()).toHaveLength(5);
    expect(text()).toContain('Mon 23 Nov 08:20 to Mon 23 Nov 08:27');
    expect(text()).toMatch(/And \d+ more changes/);
    const writes = deployed.aws.versions(STATE_BUCKET, 'state.json').length;
    expect(writes).toBeLessThanOrEqual(2 * batches + 4);
  });

  it('of manifests leads to one reading of the host and one mail', async () => {
    const keys = names(0).map(
      (time) => `web/duplicity-inc.${stamp(begun)}.to.${time}.manifest.gpg`,
    );
    for (const key of keys) upload(key, '2026-11-23T10:00:00Z');
    const events = keys.map((key) => created(key, '2026-11-23T10:00:00Z'));
    await deployed.event(events, '2026-11-23T10:00:20Z');
    expect(subjects()).toEqual(FAILED('INCREMENTAL'));
    expect(listings()).toBeLessThan(30);
  });

  it('of volumes without a set leads to one reading of the host and no mail', async () => {
    const keys = names(0).map((time) => `web/duplicity-full.${time}.vol1.difftar.gpg`);
    for (const key of keys) upload(key, '2026-11-23T10:00:00Z');
    const events = keys.map((key) => created(key, '2026-11-23T10:00:00Z'));
    await deployed.event(events, '2026-11-23T10:00:20Z');
    expect(mails()).toEqual([]);
    expect(listings()).toBeLessThan(30);
  });

  it('of names that no backup has wakes nobody', async () => {
    const events = names(0).map((time) =>
      created(`web/duplicity-junk.${time}.gpg`, '2026-11-23T10:00:00Z'),
    );
    await deployed.event(events, '2026-11-23T10:00:20Z');
    expect(asked()).toEqual([]);
  });
});

const stamp = (iso: string) => iso.replace(/[-:]|\.\d+/g, '');
/** The same as a bucket with EventBridge on tells it; its account is the requester. */
function overEventBridge({ Records }: ReturnType<typeof s3Event>) {
  const more = { awsRegion: 'eu-west-1', responseElements: { 'x-amz-request-id': 'ABC' } };
  const complete = Records.map((record) => ({
    ...{ ...record, ...more },
    s3: { ...record.s3, bucket: { ...record.s3.bucket, arn: 'arn:aws:s3:::backups' } },
  }));
  return toEventBridge({ Records: complete } as unknown as S3Event, '123456789012')[0];
}
