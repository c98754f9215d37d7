// A finished full that somebody copies in place into another storage class, as the deployed functions see it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseRecords } from '../../shared/monitor/record-page.ts';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, STATE_BUCKET, s3Event } from '../support/deployed.ts';

const CONFIG = `bucket: backups
region: eu-west-1
recipients: [0123456789ABCDEF]
keepDays: 30
alerts: { from: backups@example.net, mail: [ops@example.net], sms: ["+31600000000"] }
hosts: { web: { userId: AIDAIOSFODNN7EXAMPLE } }
`;
const ADMIN = 'AWS:AROAJNDVBL7WPMMDWOTYY:alice';
const night = (day: number) =>
  aFull({ begun: `2026-11-${day}T03:00:00Z`, done: `2026-11-${day}T03:10:00Z`, volumes: 4 });
const volumes = night(22).filter(({ name }) => name.includes('.vol'));
/** A message to the config's key, whole: packet 1, version 3, the id, then encrypted data. */
const messageOf = (bytes: number, key = '0123456789abcdef') =>
  Buffer.from(`840d03${key}01000000d2${'09'.repeat(bytes + 1)}`, 'hex').fill(bytes, 16, 17);
const bodyOf = (name: string, key?: string) => messageOf(name.includes('vol4') ? 9 : 99, key);

let deployed: Deployed;
beforeEach(async () => {
  deployed = await deploy(CONFIG);
  for (const day of [20, 21, 22, 23]) back(day);
  await deployed.tick('2026-11-23T08:15:00Z');
  deployed.aws.outbox.clear();
});
afterEach(() => deployed.close());

function back(day: number) {
  for (const { name, modifiedAt } of night(day)) {
    deployed.aws.put('backups', `web/${name}`, bodyOf(name), { modified: modifiedAt });
  }
}
const digestOf = (day: number) => {
  back(day);
  deployed.aws.outbox.clear();
  return deployed.tick(`2026-11-${day}T08:15:00Z`);
};
const subjects = () => deployed.aws.outbox.mails.map(({ subject }) => subject);
const text = () => (deployed.aws.outbox.mails.at(-1)?.text ?? '').replace(/\s+/g, ' ');
const fullOnRecord = () => {
  const page = deployed.aws.head(STATE_BUCKET, 'hosts/0of1.json')?.content.head.toString() ?? '';
  const [host] = parseRecords(page)?.hosts.values() ?? [];
  return host?.fulls.find((one) => one.startedAt === Date.parse('2026-11-22T03:00:00Z'));
};

/** Copies the volumes at 09:00, and lets the bucket's events tell it. */
async function copy({ who = ADMIN, to = 'STANDARD_IA', key = undefined as string | undefined }) {
  const iso = '2026-11-23T09:00:00Z';
  for (const { name } of volumes) {
    deployed.aws.put('backups', `web/${name}`, bodyOf(name, key), {
      ...{ modified: iso, storageClass: to, etag: `copy of ${name}` },
    });
  }
  const events = volumes.map(({ name }) => {
    const { Records } = s3Event('ObjectCreated:Copy', `web/${name}`, iso);
    return { Records: Records.map((one) => ({ ...one, userIdentity: { principalId: who } })) };
  });
  await deployed.event(events, '2026-11-23T09:00:30Z');
}
/** Removes what is not the newest version, as lifecycle does after some days. */
function forgetEarlierVersions() {
  for (const { name } of volumes) {
    const [, ...earlier] = deployed.aws.versions('backups', `web/${name}`);
    for (const { versionId } of earlier) {
      deployed.aws.remove('backups', `web/${name}`, { versionId });
    }
  }
}

describe('a full that was copied into another storage class', () => {
  it('by an administrator is read again, and alarms nobody', async () => {
    await copy({});
    expect(subjects()).toEqual([]);
    expect(fullOnRecord()).toMatchObject({ copiedAt: Date.parse('2026-11-23T09:00:00Z') });
    await digestOf(24);
    expect(text()).toContain('copied in place to STANDARD_IA, Mon 23 Nov 09:00');
    expect(text()).toContain('read again, and are as they should');
    expect(text()).not.toContain('TAMPERED');

    forgetEarlierVersions();
    await digestOf(25);
    expect(text()).not.toContain('TAMPERED');
  });

  it('into an archive cannot be read: that is a warning with its author, until it is thawed', async () => {
    const fault = { error: 'InvalidObjectState' } as const;
    const frozen = deployed.aws.faults.add({
      ...{ operation: 'GetObject', prefix: 'web/duplicity-full.20261122T030000Z.vol', fault },
    });
    await copy({ to: 'INTELLIGENT_TIERING' });
    expect(text()).toContain('copied in place to INTELLIGENT_TIERING');
    expect(text()).toContain('it counts for nothing before its first and last bytes were read');
    expect(text()).toContain('by role AROAJNDVBL7WPMMDWOTYY (session alice)');
    expect(deployed.aws.outbox.sms).toEqual([]);

    forgetEarlierVersions();
    await digestOf(24);
    expect(text()).toContain('it counts for nothing before');
    expect(text()).not.toContain('TAMPERED');
    frozen.remove();
    await digestOf(25);
    expect(text()).toContain('read again, and are as they should');
  });

  it.each([
    ["the host's own key", 'AWS:AIDAIOSFODNN7EXAMPLE'],
    ['somebody of whom only the account is known', '123456789012'],
  ])('by %s was tampered with', async (_, who) => {
    await copy({ who });
    expect(subjects()).toEqual(['[backup] TAMPERED: web. 1 of 1 host FAILED']);
    expect(fullOnRecord()).not.toHaveProperty('copiedAt', expect.any(Number));
  });

  it('and holds other bytes was tampered with, and it is no matter by whom', async () => {
    await copy({ key: 'fedcba9876543210' });
    expect(subjects()).toEqual(['[backup] TAMPERED: web. 1 of 1 host FAILED']);
  });
});
