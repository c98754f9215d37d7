import { PutBucketLifecycleConfigurationCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aFull, anObject } from '../support/builders.ts';
import { type Deployed, deploy, s3Event } from '../support/deployed.ts';

const CONFIG = `bucket: backups
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net], sms: ["+31600000000"] }
hosts:
  web: {}
  db: {}
`;
const nights = [4, 3, 2, 1, 0].map((back) => {
  const day = `2026-11-${23 - back}`;
  return aFull({ begun: `${day}T03:00:00Z`, done: `${day}T03:10:00Z`, volumes: 6 });
});
const MANIFEST = 'web/duplicity-full.20261123T030000Z.manifest.gpg';
const VOLUME = 'web/duplicity-full.20261123T030000Z.vol2.difftar.gpg';

let deployed: Deployed;
beforeEach(async () => {
  deployed = await deploy(CONFIG);
  deployed.put('web/', nights.flat());
  deployed.put('db/', nights.flat());
});
afterEach(() => deployed.close());

const overwrite = (key: string, iso: string) =>
  deployed.aws.put('backups', key, Buffer.from('garbage'), { modified: iso });
const hide = (key: string, iso: string) => deployed.aws.remove('backups', key, { modified: iso });
const subject = () => deployed.aws.outbox.mails[0]?.subject;
const text = () => (deployed.aws.outbox.mails[0]?.text ?? '').replace(/\s+/g, ' ');
const counts = () => deployed.aws.requests.counts().byOperation;
const judge = (iso = '2026-11-23T08:15:00Z') => deployed.tick(iso);

async function setLifecycle(...rules: object[]): Promise<void> {
  const { endpoint, region, credentials } = deployed.aws;
  const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await s3.send(
    new PutBucketLifecycleConfigurationCommand({
      Bucket: 'backups',
      LifecycleConfiguration: {
        Rules: rules.map((rule) => ({ Status: 'Enabled', Filter: { Prefix: '' }, ...rule })),
      },
    }),
  );
  s3.destroy();
}
const SIX_DAYS = { Expiration: { Days: 6 }, NoncurrentVersionExpiration: { NoncurrentDays: 8 } };

describe('an intruder with the key of a host', () => {
  it('is reported by name when it overwrites a volume of a finished backup', async () => {
    overwrite(VOLUME, '2026-11-23T07:00:00Z');
    await judge();
    expect(subject()).toBe('[backup] TAMPERED: web. 1 of 2 hosts FAILED');
    expect(text()).toContain('1 file was overwritten ("duplicity-full.20261123T030000Z.vol2');
    expect(text()).toContain('its good version is still there');
    expect(text()).toContain('Last good copy: Sun 22 Nov 03:00');
  });

  it('cannot hide an overwritten volume behind a forged newer set, a new manifest, or a set of the year 2099', async () => {
    overwrite(VOLUME, '2026-11-23T07:00:00Z');
    overwrite(MANIFEST, '2026-11-23T07:01:00Z');
    deployed.put('web/', aFull({ begun: '2026-11-23T07:02:00Z', volumes: 6 }));
    deployed.put('web/', aFull({ begun: '2099-01-01T00:00:00Z', done: '2026-11-23T07:03:00Z' }));
    await judge();
    expect(subject()).toContain('TAMPERED: web');
    expect(text()).toContain('2 files were overwritten');
  });

  it('cannot make an old backup look like one of today by writing its manifest again', async () => {
    const [first = []] = nights;
    for (const { name } of first.filter((one) => one.name.includes('manifest'))) {
      overwrite(`web/${name}`, '2026-11-23T07:00:00Z');
    }
    for (const { name } of nights.at(-1) ?? []) {
      const [version] = deployed.aws.versions('backups', `web/${name}`);
      deployed.aws.remove('backups', `web/${name}`, { versionId: version?.versionId ?? '' });
    }
    await judge();
    expect(subject()).toContain('TAMPERED: web. 1 of 2 hosts FAILED');
    expect(text()).toContain('missing: no full backup since Sun 22 Nov 03:00');
  });

  it('is reported when it hides one volume, or every backup there is', async () => {
    hide(VOLUME, '2026-11-23T07:00:00Z');
    await judge();
    expect(text()).toContain('1 file was hidden by a delete marker');
    expect(text()).toContain('rollcall undelete web 20261123T030000Z');
    deployed.aws.outbox.clear();
    for (const { name } of nights.flat()) hide(`web/${name}`, '2026-11-23T12:30:00Z');
    await judge('2026-11-24T08:15:00Z');
    expect(text()).toContain('TAMPERED web:');
    expect(text()).toContain('missing: no complete full backup is in the bucket');
    expect(text()).toContain('Last good copy: Mon 23 Nov 03:00');
  });

  it('is reported within seconds when it writes a manifest again, however old its set is', async () => {
    const old = 'web/duplicity-full.20261119T030000Z.manifest.gpg';
    for (const key of [MANIFEST, old]) {
      deployed.aws.outbox.clear();
      overwrite(key, '2026-11-23T07:00:00Z');
      const created = s3Event('ObjectCreated:Put', key, '2026-11-23T07:00:00Z');
      await deployed.event(created, '2026-11-23T07:00:05Z');
      expect(subject()).toBe('[backup] TAMPERED: web. 1 of 2 hosts FAILED');
      expect(text()).toContain(key.slice('web/'.length));
      expect(deployed.aws.outbox.sms).toHaveLength(1);
    }
  });

  it('is not reported again by the upload of another backup', async () => {
    overwrite(VOLUME.replace('20261123', '20261121'), '2026-11-21T09:00:00Z');
    await judge('2026-11-22T08:15:00Z');
    expect(subject()).toBe('[backup] TAMPERED: web. 1 of 2 hosts FAILED');
    deployed.aws.outbox.clear();
    const created = s3Event('ObjectCreated:Put', MANIFEST, '2026-11-23T03:10:00Z');
    await deployed.event(created, '2026-11-23T03:10:05Z');
    expect(deployed.aws.outbox.mails).toEqual([]);
  });
});

describe('the versions of a bucket', () => {
  it('cost no further request: two listings a host, and no look at the lifecycle on a good day', async () => {
    deployed.aws.requests.clear();
    await judge();
    const listings = deployed.aws.requests.records.filter(
      ({ bucket, operation }) => bucket === 'backups' && operation === 'ListObjectsV2',
    );
    // Of the two hosts, and of their bucket for unknown prefixes.
    expect(listings).toHaveLength(3);
    expect(counts()).toMatchObject({ ListObjectVersions: 2 });
    expect(counts()).not.toHaveProperty('GetBucketLifecycleConfiguration');
    expect(counts()).not.toHaveProperty('HeadObject');
  });

  it.each([
    ['denied', { error: 'AccessDenied' }, 'allow s3:ListBucketVersions', '2 warnings'],
    ['not offered', { error: 'NotImplemented' }, 'lists no versions', '2 of 2 hosts OK - '],
  ])(
    'that are %s leave the backups judged, and the digest reports that once',
    async (_, fault, words, good) => {
      deployed.aws.faults.add({ service: 's3', operation: 'ListObjectVersions', fault });
      await judge();
      expect(subject()).toContain('[backup] 2 of 2 hosts OK');
      expect(subject()).toContain(good);
      expect(text()).toContain(`UNCHECKED tampering with 2 hosts cannot be checked`);
      expect(text()).toContain(words);
    },
  );

  it('make a host unreadable when S3 throttles until the end, as a part of them is not enough', async () => {
    deployed.aws.faults.add({
      ...{ service: 's3', operation: 'ListObjectVersions', prefix: 'web/' },
      fault: { error: 'SlowDown', status: 503 },
    });
    await judge();
    expect(subject()).toBe('[backup] 1 of 2 hosts FAILED: web UNREADABLE');
  });

  it.each([
    ['an empty answer', { truncate: 0 }, 'no listing at all'],
    ['the same marker for ever', { page: 'same-token' as const }, 'the same marker twice'],
  ])('make a host unreadable by %s', async (_, fault, words) => {
    for (const { name } of nights.flat()) hide(`web/${name}`, '2026-11-23T00:00:00Z');
    const operation = 'ListObjectVersions';
    deployed.aws.faults.add({ service: 's3', operation, prefix: 'web/', fault });
    await judge();
    expect(subject()).toBe('[backup] 1 of 2 hosts FAILED: web UNREADABLE');
    expect(text()).toContain(words);
  });

  it('are read to the end, also when a key is spread over two pages', async () => {
    for (let upload = 0; upload < 1500; upload += 1) {
      overwrite('db/duplicity-full.20261123T030000Z.vol6.difftar.gpg', '2026-11-23T07:00:00Z');
    }
    deployed.aws.requests.clear();
    await judge();
    expect(subject()).toContain('TAMPERED: db');
    expect(counts().ListObjectVersions).toBeLessThanOrEqual(5);
  });

  it('are reported as missing where the bucket keeps none', async () => {
    await deployed.close();
    deployed = await deploy(CONFIG.replaceAll('backups\n', 'plain\n'));
    deployed.aws.createBucket('plain');
    for (const { name, bytes, modifiedAt } of nights.flat()) {
      for (const host of ['web', 'db']) {
        deployed.aws.put('plain', `${host}/${name}`, { bytes }, { modified: modifiedAt });
      }
    }
    await judge();
    expect(subject()).toContain('[backup] 2 of 2 hosts OK - ');
    expect(text()).toContain('the bucket keeps no versions');
  });
});

describe('the lifecycle of a bucket', () => {
  const keepOnly = (count: number) => {
    for (const night of nights.slice(count)) {
      for (const { name } of night) {
        const [version] = deployed.aws.versions('backups', `web/${name}`);
        deployed.aws.remove('backups', `web/${name}`, { versionId: version?.versionId ?? '' });
      }
    }
  };

  it('is counted down in the alert of a host that is late, and read once a run', async () => {
    await setLifecycle(SIX_DAYS);
    keepOnly(4);
    for (const { name } of nights[4] ?? []) {
      const [version] = deployed.aws.versions('backups', `db/${name}`);
      deployed.aws.remove('backups', `db/${name}`, { versionId: version?.versionId ?? '' });
    }
    deployed.aws.requests.clear();
    await judge();
    expect(text()).toContain(
      'Last good copy: Sun 22 Nov 03:00, 6 volumes, 1021.0 MiB - hidden by lifecycle Sun 29 Nov, recoverable until Mon 7 Dec.',
    );
    expect(counts()).toMatchObject({ GetBucketLifecycleConfiguration: 1 });
    expect(counts()).not.toHaveProperty('HeadObject');
  });

  it('alarms when the last good copy is close to its end, and asks S3 for its own date', async () => {
    await setLifecycle(SIX_DAYS);
    keepOnly(2);
    deployed.aws.requests.clear();
    await judge();
    expect(text()).toContain(
      'expiring: the last good copy, the full of Fri 20 Nov 03:00, is hidden by lifecycle Fri 27 Nov 00:00, in 88 h',
    );
    expect(text()).not.toContain('S3 itself says');
    expect(counts()).toMatchObject({ HeadObject: 1 });
  });

  it('is taken from the config where it may not be read, and the alert reports that', async () => {
    await setLifecycle({ Expiration: { Days: 60 } });
    keepOnly(2);
    const operation = 'GetBucketLifecycleConfiguration';
    deployed.aws.faults.add({ service: 's3', operation, fault: { error: 'AccessDenied' } });
    await judge();
    expect(text()).toContain(
      "is hidden by lifecycle Fri 27 Nov 00:00, in 88 h. That is by the config's keepDays",
    );
    expect(text()).toContain('S3 itself says Wed 20 Jan 2027 00:00 of its first volume');
  });

  it.each<[string, object[], string | undefined]>([
    ['none', [], undefined],
    ['one that is switched off', [{ ...SIX_DAYS, Status: 'Disabled' }], undefined],
    ['one for a tag', [{ ...SIX_DAYS, Filter: { Tag: { Key: 'a', Value: 'b' } } }], undefined],
    ['one that misses the host', [{ ...SIX_DAYS, Filter: { Prefix: 'db/' } }], undefined],
    ['one for its prefix', [{ ...SIX_DAYS, Filter: { Prefix: 'web/' } }], 'Sun 29 Nov'],
    ['two', [{ Expiration: { Days: 30 } }, { Expiration: { Days: 3 } }], 'Thu 26 Nov'],
    ['one of a day', [{ Expiration: { Days: 1 } }], 'Tue 24 Nov'],
  ])('hides only what its rules name: %s', async (_, rules, day) => {
    if (rules.length > 0) await setLifecycle(...rules);
    keepOnly(4);
    await judge();
    const line = /Last good copy: [^-]*(?:- hidden by lifecycle (\w+ \d+ \w+))?/.exec(text());
    expect(line?.[1]).toBe(day);
  });

  it('is no tampering when it hides a set volume by volume over midnight', async () => {
    await setLifecycle(SIX_DAYS);
    const night = aFull({ begun: '2026-11-15T23:50:00Z', done: '2026-11-16T00:40:00Z' });
    const [first = anObject('x'), ...rest] = night;
    deployed.put('web/', [{ ...first, modifiedAt: Date.parse('2026-11-15T23:55:00Z') }, ...rest]);
    hide(`web/${first.name}`, '2026-11-22T00:00:00Z');
    const created = s3Event(
      'ObjectCreated:Put',
      'web/duplicity-full.20261115T235000Z.manifest.gpg',
      '2026-11-22T12:00:00Z',
    );
    await deployed.event(created, '2026-11-23T12:00:00Z');
    expect(deployed.aws.outbox.mails).toEqual([]);
  });
});
