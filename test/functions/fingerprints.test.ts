import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseRecords } from '../../shared/monitor/record-page.ts';
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
const PAGE = 'hosts/0of1.json';
const page = () => deployed.aws.head(STATE_BUCKET, PAGE)?.content.head.toString() ?? '';
const fulls = () => [...(parseRecords(page())?.hosts.values() ?? [])].flatMap((host) => host.fulls);
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
    const first = fulls();
    expect(first).toHaveLength(8);
    expect(first).toContainEqual(
      expect.objectContaining({ place: 'backups/web/', files: 7, bytes: expect.any(Number) }),
    );
    await deployed.tick('2026-11-23T10:00:00Z');
    expect(fulls()).toEqual(first);
  });

  it('costs a run one read and one write, however many runs and hosts there were', async () => {
    const asked = () =>
      deployed.aws.requests.records.flatMap(({ operation, key }) =>
        key === PAGE ? [operation] : [],
      );
    for (const time of ['08:15', '09:00', '10:00', '11:00']) {
      await deployed.tick(`2026-11-23T${time}:00Z`);
    }
    deployed.aws.requests.clear();
    await deployed.tick('2026-11-23T11:15:00Z');
    expect(asked()).toEqual([]);
    for (const host of ['web/', 'db/']) putNight(host, 24);
    await deployed.tick('2026-11-24T08:15:00Z');
    deployed.aws.requests.clear();
    await deployed.tick('2026-11-24T10:00:00Z');
    expect(asked()).toEqual(['GetObject', 'PutObject']);
    // Two of the backups of db; none of the state bucket.
    expect(counts()).toMatchObject({ ListObjectsV2: 1, ListObjectVersions: 1 });
  });

  it('is opened once, and who can open it is remembered', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    const heads = () =>
      deployed.aws.requests.records.filter(
        ({ bucket, operation }) => bucket === 'backups' && operation === 'GetObject',
      );
    // Of two hosts four fulls each, by a manifest, a first and a last volume.
    expect(heads()).toHaveLength(24);
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
    expect(subjects()).toEqual(['[backup] TAMPERED: web. 1 of 2 hosts FAILED']);
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
    expect(subjects()[0]).toContain('TAMPERED: web');
    expect(text()).toContain('the full of Mon 23 Nov 03:00 is gone, and no lifecycle rule took it');
    expect(text()).toContain('Last good copy: Sun 22 Nov 03:00');
  });

  it('that lifecycle hid is no tampering', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    deployed.aws.outbox.clear();
    for (const { name } of night(20)) {
      deployed.aws.remove('backups', `web/${name}`, { modified: '2026-11-27T00:00:00Z' });
    }
    for (const day of [24, 25, 26, 27]) for (const host of ['web/', 'db/']) putNight(host, day);
    await deployed.tick('2026-11-27T08:15:00Z');
    expect(subjects()).toEqual(['[backup] 2 of 2 hosts OK - Fri 27 Nov (#2026-331)']);
  });

  it('uploaded again with the same bytes is no tampering', async () => {
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
    expect(subjects()[0]).toContain('2 of 2 hosts OK');
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
      const full = aFull({ begun, done: '2026-12-01T03:10:00Z', volumeBytes: 10 * 2 ** 20 });
      for (const { name, bytes, modifiedAt } of full) {
        deployed.aws.put('backups', `${host}${name}`, bodyOf(bytes), { modified: modifiedAt });
      }
    }
    await deployed.tick('2026-12-01T08:15:00Z');
    expect(text()).toContain('shrank to 22.0 MiB, 2 % of its usual 1021.0 MiB');
  });
});

describe('a memory of fingerprints', () => {
  it('that is lost starts again, with a warning', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    for (const { versionId } of deployed.aws.versions(STATE_BUCKET, PAGE)) {
      deployed.aws.remove(STATE_BUCKET, PAGE, { versionId });
    }
    deployed.aws.outbox.clear();
    for (const host of ['web/', 'db/']) putNight(host, 24);
    await deployed.tick('2026-11-24T08:15:00Z');
    expect(subjects()).toEqual(['[backup] 2 of 2 hosts OK - Tue 24 Nov (#2026-328)']);
    expect(text()).toContain('WARNING: the records of hosts in hosts/0of1.json are lost');
    expect(fulls().length).toBeGreaterThanOrEqual(8);
  });

  it.each([
    [
      'spoiled',
      () => deployed.aws.put(STATE_BUCKET, PAGE, '{"version":2,"hosts":[{}]}'),
      'WARNING: the records of hosts in hosts/0of1.json are not what a run wrote, and start again',
    ],
    [
      'out of reach',
      () =>
        deployed.aws.faults.add({
          ...{ service: 's3', bucket: STATE_BUCKET, prefix: 'hosts/' },
          fault: { error: 'AccessDenied', status: 403 },
        }),
      'WARNING: no memory of earlier backups: ',
    ],
    [
      'read-only',
      () =>
        deployed.aws.faults.add({
          ...{ service: 's3', bucket: STATE_BUCKET, prefix: 'hosts/', operation: 'PutObject' },
          fault: { error: 'AccessDenied', status: 403 },
        }),
      'WARNING: what was seen of new backups is not remembered: ',
    ],
  ])('that is %s is a warning, and the hosts are judged', async (_, spoil, words) => {
    spoil();
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(subjects()[0]).toContain('2 of 2 hosts OK');
    expect(text()).toContain(words);
  });
});
