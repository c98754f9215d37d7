import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy } from '../support/deployed.ts';
import { putLifecycle } from '../support/put-lifecycle.ts';

const configOf = (keepLastGood: boolean) => `bucket: backups
region: eu-west-1
keepDays: 6
keepLastGood: ${keepLastGood}
recipients: [0123456789ABCDEF]
alerts: { from: backups@example.net, mail: [ops@example.net] }
hosts: { web: {} }
`;
/** A message to one key: packet 1, version 3, the id, then encrypted data. */
const messageTo = (key: string, bytes: number) => ({
  bytes,
  head: Buffer.from(`840d03${key}01000000d2`, 'hex'),
});
const [OURS, FOREIGN] = ['0123456789abcdef', 'fedcba9876543210'];
const day = (number: number) => new Date(Date.UTC(2026, 10, number)).toISOString().slice(0, 10);
const full = (number: number, time = '03:00') =>
  aFull({ begun: `${day(number)}T${time}:00Z`, done: `${day(number)}T03:40:00Z` });

let deployed: Deployed;
afterEach(() => deployed.close());

async function start(configText: string): Promise<void> {
  deployed = await deploy(configText);
  const { endpoint, region, credentials } = deployed.aws;
  const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await putLifecycle(s3, parseConfig(configText, 'hosts.yml'), 'backups');
  s3.destroy();
}

function put(objects: ReturnType<typeof full>, key: string) {
  for (const { name, bytes, modifiedAt } of objects) {
    const options = { modified: modifiedAt, etag: `${name} ${key}` };
    deployed.aws.put('backups', `web/${name}`, messageTo(key, bytes), options);
  }
}

/** What was mailed since the last time. */
function mailed(): { subjects: string[]; text: string } {
  const { mails } = deployed.aws.outbox;
  const subjects = mails.map(({ subject }) => subject.replace(/^\[backup\] /, ''));
  const text = mails.map((mail) => mail.text.replace(/\s+/g, ' ')).join('\n');
  deployed.aws.outbox.clear();
  return { subjects, text };
}

const isWhole = (number: number) =>
  full(number).every(({ name }) => deployed.aws.head('backups', `web/${name}`) !== undefined);

describe('a host whose backups are encrypted to a foreign key', () => {
  it('alarms each night, though a lone manifest of a later name is to the right one', async () => {
    await start(configOf(false));
    for (let number = 1; number <= 9; number += 1) {
      put(full(number), FOREIGN);
      put(
        full(number, '03:30').filter(({ name }) => name.includes('manifest')),
        OURS,
      );
      await deployed.tick(`${day(number)}T08:15:00Z`);
      const { subjects, text } = mailed();
      expect(subjects).toEqual([expect.stringMatching(/^1 of 1 host FAILED: web /)]);
      expect(text).toContain('.vol1.difftar.gpg" is encrypted to key FEDCBA9876543210');
    }
  });

  it('keeps its last good copy in sight, and says when that expires', async () => {
    await start(configOf(false));
    for (let number = 1; number <= 10; number += 1) {
      put(full(number), OURS);
      await deployed.tick(`${day(number)}T08:15:00Z`);
      deployed.aws.runLifecycle('backups', `${day(number + 1)}T00:10:00Z`);
    }
    expect(mailed().subjects.every((subject) => subject.startsWith('1 of 1 host OK'))).toBe(true);
    for (let number = 11; number <= 16; number += 1) {
      put(full(number), FOREIGN);
      await deployed.tick(`${day(number)}T08:15:00Z`);
      const { subjects, text } = mailed();
      expect(subjects[0]).toContain('WRONG-RECIPIENT');
      expect(text).toContain('Last good copy: Tue 10 Nov 03:00');
      expect(text.includes('the last good copy, the full of Tue 10 Nov 03:00, is hidden')).toBe(
        number > 12,
      );
      deployed.aws.runLifecycle('backups', `${day(number + 1)}T00:10:00Z`);
    }
  });

  it('loses no good copy to the janitor, however long it goes on', {
    timeout: 60_000,
  }, async () => {
    await start(configOf(true));
    for (let number = 1; number <= 40; number += 1) {
      put(full(number), number <= 10 ? OURS : FOREIGN);
      await deployed.tick(`${day(number)}T08:15:00Z`);
      await deployed.tidy(`${day(number)}T20:30:00Z`);
      deployed.aws.runLifecycle('backups', `${day(number + 1)}T00:10:00Z`);
    }
    expect([8, 9, 10].map(isWhole)).toEqual([false, true, true]);
    expect(mailed().subjects.at(-1)).toContain('WRONG-RECIPIENT');
  });
});

describe('the janitor of a config with recipients', () => {
  it('tags nothing while it cannot know who can open the fulls', async () => {
    await start(configOf(true));
    for (let number = 1; number <= 12; number += 1) put(full(number), OURS);
    expect(await deployed.tidy(`${day(20)}T20:30:00Z`)).toMatchObject({ sets: 0, tagged: 0 });
  });

  it('fails when the state bucket is out of reach', async () => {
    await start(configOf(true));
    deployed.aws.faults.add({
      ...{ service: 's3', bucket: 'backups-ledger' },
      fault: { error: 'AccessDenied', status: 403 },
    });
    await expect(deployed.tidy(`${day(20)}T20:30:00Z`)).rejects.toThrow(/no memory of earlier/);
  });
});
