import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy } from '../support/deployed.ts';

const CONFIG = `bucket: backups
region: eu-west-1
recipients: [0123456789ABCDEF]
alerts: { from: backups@example.net, mail: [ops@example.net] }
hosts: { web: {} }
`;
/** A message to the config's key, whole: packet 1, version 3, the id, then encrypted data. */
const messageOf = (bytes: number) =>
  Buffer.from(`840d030123456789abcdef01000000d2${'09'.repeat(bytes + 1)}`, 'hex').fill(
    bytes,
    16,
    17,
  );

let deployed: Deployed;
beforeEach(async () => {
  deployed = await deploy(CONFIG);
});
afterEach(() => deployed.close());

function putFull(classOf: (name: string) => string) {
  const night = { begun: '2026-11-23T03:00:00Z', done: '2026-11-23T03:10:00Z', volumes: 6 };
  for (const { name, modifiedAt } of aFull(night)) {
    const options = { modified: modifiedAt, storageClass: classOf(name) };
    const body = messageOf(name.includes('vol6') ? 9 : 99);
    deployed.aws.put('backups', `web/${name}`, body, options);
  }
}
const reads = () =>
  deployed.aws.requests.records
    .filter(({ bucket, operation }) => bucket === 'backups' && operation === 'GetObject')
    .map(({ key }) => key?.replace('web/duplicity-full.20261123T030000Z.', ''));
const subjects = () => deployed.aws.outbox.mails.map(({ subject }) => subject);
const text = () => (deployed.aws.outbox.mails.at(-1)?.text ?? '').replace(/\s+/g, ' ');
const OK = '[backup] 1 of 1 host OK - Mon 23 Nov (#2026-327)';

describe('a full in cold storage', () => {
  it.each(['GLACIER', 'DEEP_ARCHIVE'])(
    'is not read where the listing shows %s, and is reported as not checked',
    async (cold) => {
      putFull((name) => (name.includes('manifest') ? 'STANDARD' : cold));
      await deployed.tick('2026-11-23T08:15:00Z');
      expect(reads()).toEqual(['manifest.gpg']);
      expect(subjects()).toEqual([OK]);
      expect(text()).toContain(
        'whether "duplicity-full.20261123T030000Z.vol6.difftar.gpg" ends where it should cannot be checked',
      );
    },
  );

  it('that is completely in cold storage is not read at all, and the digest reports that', async () => {
    putFull(() => 'GLACIER');
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(reads()).toEqual([]);
    expect(subjects()).toEqual([OK]);
    expect(text()).toContain('nothing of it was opened, so its recipients were not compared');
    expect(text()).toContain('whether a file was cut is not known');
  });

  it('that no listing shows refuses to be read, and is reported as not checked', async () => {
    putFull((name) => (name.includes('manifest') ? 'STANDARD' : 'INTELLIGENT_TIERING'));
    deployed.aws.faults.add({
      ...{ operation: 'GetObject', prefix: 'web/duplicity-full.20261123T030000Z.vol6' },
      fault: { error: 'InvalidObjectState' },
    });
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(reads()).toContain('vol6.difftar.gpg');
    expect(subjects()).toEqual([OK]);
    expect(text()).toContain('vol6.difftar.gpg" ends where it should cannot be checked');
  });

  it('is read as any other in GLACIER_IR', async () => {
    putFull(() => 'GLACIER_IR');
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(reads().sort()).toEqual(['manifest.gpg', 'vol1.difftar.gpg', 'vol6.difftar.gpg']);
    expect(text()).not.toContain('cannot be checked');
  });
});
