import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseFingerprints, readFingerprintPage } from '../../shared/monitor/set-records.ts';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, STATE_BUCKET } from '../support/deployed.ts';

const CONFIG = `bucket: backups
region: eu-west-1
recipients: [0123456789ABCDEF]
alerts: { from: backups@example.net, mail: [ops@example.net], sms: ["+31600000000"] }
hosts: { web: {}, db: { window: { due: "10:00" } } }
`;
const night = (day: number, more: { volumeBytes?: number } = {}) => {
  const date = `2026-11-${day}`;
  return aFull({ begun: `${date}T03:00:00Z`, done: `${date}T03:10:00Z`, volumes: 6, ...more });
};
// A message to one recipient, whose key is in the config: packet 1, version 3, the id, then encrypted data.
const HEAD = Buffer.from(`84${'0d'}03${'0123456789abcdef'}01${'000000'}d2`, 'hex');

const bodyOf = (bytes: number) => ({ bytes, head: HEAD });

let deployed: Deployed;
beforeEach(async () => {
  deployed = await deploy(CONFIG);
  for (const host of ['web/', 'db/']) {
    for (const day of [20, 21, 22, 23]) putNight(host, day);
  }
});
afterEach(() => deployed.close());

function putNight(host: string, day: number, more: { volumeBytes?: number } = {}) {
  for (const { name, bytes, modifiedAt } of night(day, more)) {
    deployed.aws.put('backups', `${host}${name}`, bodyOf(bytes), {
      modified: modifiedAt,
      etag: `${bytes}`,
    });
  }
}
const pages = () =>
  ['T081500Z', 'T100000Z', 'T083000Z']
    .flatMap((time) => ['2026/11/23', '2026/11/24'].map((date) => `seals/${date}${time}.json`))
    .flatMap((page) => deployed.aws.head(STATE_BUCKET, page)?.content.head.toString() ?? []);
const subjects = () => deployed.aws.outbox.mails.map(({ subject }) => subject);
const text = () => (deployed.aws.outbox.mails.at(-1)?.text ?? '').replace(/\s+/g, ' ');
const counts = () => deployed.aws.requests.counts().byOperation;
/** Takes every version of an object away, as an administrator's stolen key can. */
const forget = (key: string) => {
  for (const { versionId } of deployed.aws.versions('backups', key)) {
    deployed.aws.remove('backups', key, { versionId });
  }
};
const VOLUME = 'web/duplicity-full.20261123T030000Z.vol2.difftar.gpg';

describe('a finished full', () => {
  it('is recorded by the first run that sees it, and only once', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    const [page = ''] = pages();
    expect(parseFingerprints(page)).toHaveLength(8);
    expect(parseFingerprints(page)).toContainEqual(
      expect.objectContaining({ place: 'backups/web/', files: 7, bytes: expect.any(Number) }),
    );
    await deployed.tick('2026-11-23T10:00:00Z');
    expect(pages()).toEqual([page]);
  });

  it('costs a run one listing, a read a page and one write, however many hosts there are', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    deployed.aws.requests.clear();
    await deployed.tick('2026-11-23T08:30:00Z');
    expect(counts()).toEqual({ GetObject: 1, PutObject: 1 });
    deployed.aws.requests.clear();
    await deployed.tick('2026-11-23T10:00:00Z');
    // db: two listings; the state bucket: a listing, the state, and the page of 08:15.
    expect(counts()).toMatchObject({ ListObjectsV2: 2, ListObjectVersions: 1, GetObject: 2 });
  });

  it('is read once, and who can open it is remembered', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    const heads = () =>
      deployed.aws.requests.records.filter(
        ({ bucket, operation }) => bucket === 'backups' && operation === 'GetObject',
      );
    expect(heads()).toHaveLength(6);
    deployed.aws.requests.clear();
    await deployed.tick('2026-11-23T10:00:00Z');
    expect(heads()).toHaveLength(0);
    putNight('web/', 24);
    putNight('db/', 24);
    await deployed.tick('2026-11-24T08:15:00Z');
    expect(heads()).toHaveLength(6);
  });

  it('that was swapped without leaving a version behind is tampered', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    deployed.aws.outbox.clear();
    forget(VOLUME);
    deployed.aws.put('backups', VOLUME, Buffer.from('garbage'), {
      modified: '2026-11-23T03:05:00Z',
    });
    putNight('web/', 24);
    putNight('db/', 24);
    await deployed.tick('2026-11-24T08:15:00Z');
    expect(subjects()).toEqual(['[backup] 1 of 2 hosts FAILED: web TAMPERED']);
    expect(text()).toContain(
      'the full of Mon 23 Nov 03:00 is not what it was: now 7 files, 821.0 MiB, not the same files; it had 7 files, 1021.0 MiB when it was recorded Mon 23 Nov 08:15',
    );
    expect(deployed.aws.outbox.sms).toHaveLength(1);
  });

  it('that is gone before lifecycle may take it is tampered, and no last good copy', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    deployed.aws.outbox.clear();
    for (const { name } of night(23)) forget(`web/${name}`);
    await deployed.tick('2026-11-24T08:15:00Z');
    expect(subjects()[0]).toContain('web TAMPERED');
    expect(text()).toContain('the full of Mon 23 Nov 03:00 is gone, and no lifecycle rule took it');
    expect(text()).toContain('Last good copy: Sun 22 Nov 03:00');
  });

  it('that lifecycle has hidden is no tampering', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    deployed.aws.outbox.clear();
    for (const { name } of night(20)) {
      deployed.aws.remove('backups', `web/${name}`, { modified: '2026-11-27T00:00:00Z' });
    }
    for (const day of [24, 25, 26, 27]) for (const host of ['web/', 'db/']) putNight(host, day);
    await deployed.tick('2026-11-27T08:15:00Z');
    expect(subjects()).toEqual(['[backup] OK 2 of 2 - Fri 27 Nov (#2026-331)']);
  });

  it('that is uploaded again with the same bytes is no tampering', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    deployed.aws.outbox.clear();
    for (const { name, bytes } of night(23)) {
      deployed.aws.put('backups', `web/${name}`, bodyOf(bytes), {
        modified: '2026-11-23T12:00:00Z',
        etag: `${bytes}`,
      });
    }
    for (const host of ['web/', 'db/']) putNight(host, 24);
    await deployed.tick('2026-11-24T08:15:00Z');
    expect(subjects()[0]).toContain('OK 2 of 2');
  });
});

describe('the sizes of earlier fulls', () => {
  it('are remembered when the bucket keeps none of them', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    deployed.aws.outbox.clear();
    for (const day of [20, 21, 22, 23]) {
      for (const { name } of night(day)) {
        deployed.aws.remove('backups', `web/${name}`, { modified: '2026-12-01T00:00:00Z' });
      }
    }
    const begun = '2026-12-01T03:00:00Z';
    for (const host of ['web/', 'db/']) {
      deployed.put(host, aFull({ begun, done: '2026-12-01T03:10:00Z', volumeBytes: 10 * 2 ** 20 }));
    }
    await deployed.tick('2026-12-01T08:15:00Z');
    expect(text()).toContain('shrunk: shrank to 22.0 MiB, 2 % of its usual 1021.0 MiB');
  });
});

describe('a memory of fingerprints', () => {
  it('that is lost starts again, without an alarm', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    forgetRecords();
    deployed.aws.outbox.clear();
    for (const host of ['web/', 'db/']) putNight(host, 24);
    await deployed.tick('2026-11-24T08:15:00Z');
    expect(subjects()).toEqual(['[backup] OK 2 of 2 - Tue 24 Nov (#2026-328)']);
    expect(text()).not.toContain('WARNING');
  });

  const forgetRecords = () => {
    const page = 'seals/2026/11/23T081500Z.json';
    for (const { versionId } of deployed.aws.versions(STATE_BUCKET, page)) {
      deployed.aws.remove(STATE_BUCKET, page, { versionId });
    }
  };

  it.each([
    [
      'spoiled',
      () =>
        deployed.aws.put(
          STATE_BUCKET,
          'seals/2026/11/22T081500Z.json',
          '{"version":1,"seals":[{}]}',
        ),
      'WARNING: 1 of 1 pages of records in the state bucket are not what a run wrote',
    ],
    [
      'out of reach',
      () =>
        deployed.aws.faults.add({
          ...{ service: 's3', bucket: STATE_BUCKET, prefix: 'seals/' },
          fault: { error: 'AccessDenied', status: 403 },
        }),
      'WARNING: no memory of earlier backups: ',
    ],
    [
      'read-only',
      () =>
        deployed.aws.faults.add({
          ...{ service: 's3', bucket: STATE_BUCKET, prefix: 'seals/', operation: 'PutObject' },
          fault: { error: 'AccessDenied', status: 403 },
        }),
      'WARNING: what was seen of new backups is not remembered: ',
    ],
  ])('that is %s is a warning, and the hosts are judged', async (_, spoil, words) => {
    spoil();
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(subjects()[0]).toContain('OK 2 of 2');
    expect(text()).toContain(words);
  });

  it('names its pages by the instants of the runs', () => {
    expect(readFingerprintPage('seals/2026/11/23T081500Z.json')?.at).toBe(
      Date.parse('2026-11-23T08:15:00Z'),
    );
  });
});
