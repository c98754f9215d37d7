// A host that writes chains: what the janitor takes over months, when the last good copy goes, what tampering does.
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/parse-config.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { aFull, anIncremental } from '../support/builders.ts';
import { type Deployed, deploy, s3Event } from '../support/deployed.ts';
import { putLifecycle } from '../support/put-lifecycle.ts';

/** Of November 2026, and on from there; the first is a Sunday. */
const on = (day: number, time = '03:00') =>
  `${new Date(Date.UTC(2026, 10, day)).toISOString().slice(0, 10)}T${time}:00Z`;
const isFull = (day: number, every: number) => day % every === 1;
const setOf = (day: number, every: number) =>
  isFull(day, every)
    ? aFull({ begun: on(day), done: on(day, '03:10') })
    : anIncremental(on(day - 1), on(day));
const configOf = (every: number, keepDays: number, keepLastGood: boolean) => `bucket: backups
region: eu-west-1
keepDays: ${keepDays}
keepLastGood: ${keepLastGood}
alerts: { from: backups@example.net, mail: [ops@example.net], weeklyTest: false }
hosts:
  web: { chain: { fullEvery: ${every}d } }
`;

let deployed: Deployed;
afterEach(() => deployed.close());

async function start(every: number, keepDays: number, keepLastGood = true): Promise<void> {
  const text = configOf(every, keepDays, keepLastGood);
  deployed = await deploy(text);
  const { endpoint, region, credentials } = deployed.aws;
  const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await putLifecycle(s3, parseConfig(text, 'hosts.yml'), 'backups');
  s3.destroy();
}

const keyOf = ({ name }: StoredObject) => `web/${name}`;
const isThere = (object: StoredObject) => deployed.aws.head('backups', keyOf(object)) !== undefined;
const isTagged = (object: StoredObject) =>
  Object.keys(deployed.aws.head('backups', keyOf(object))?.tags ?? {}).length > 0;

describe('the janitor of a host with chains', () => {
  /** The days whose sets are wholly there; throws where one is there in part, or lacks what it builds on. */
  const daysLeft = (until: number, every: number): number[] => {
    const left: number[] = [];
    for (let day = 1; day <= until; day += 1) {
      const files = setOf(day, every);
      const there = files.filter(isThere);
      if (there.length > 0 && there.length < files.length) throw new Error(`half of ${on(day)}`);
      if (there.length === 0) continue;
      if (!isFull(day, every) && left.at(-1) !== day - 1) throw new Error(`orphan ${on(day)}`);
      left.push(day);
    }
    return left;
  };
  /** Those of which a file may go. */
  const daysTagged = (days: readonly number[], every: number) =>
    days.filter((day) => setOf(day, every).some(isTagged));

  it.each([
    // Two fulls that came after it and have stood for keepDays take a chain with them.
    { every: 7, keepDays: 14, days: 91, oldest: 64 },
    { every: 31, keepDays: 36, days: 110, oldest: 32 },
  ])(
    'takes whole chains only, a full each $every days for $days days',
    async ({ every, keepDays, days, oldest }) => {
      await start(every, keepDays);
      for (let day = 1; day <= days; day += 1) {
        deployed.put('web/', setOf(day, every));
        await deployed.tidy(on(day, '20:30'));
        const left = daysLeft(day, every);
        const tagged = daysTagged(left, every);
        // Oldest first, and a set that stays keeps all that it builds on.
        expect(tagged).toEqual(left.slice(0, tagged.length));
        const kept = left[tagged.length] ?? Number.NaN;
        expect(isFull(kept, every), `${kept} is kept on ${day}`).toBe(true);
        deployed.aws.runLifecycle('backups', on(day + 1, '00:10'));
      }
      const left = daysLeft(days, every);
      expect([left[0], left.at(-1), left.length]).toEqual([oldest, days, days - oldest + 1]);
    },
  );

  it('keeps the last chains of a host that died, for good', async () => {
    await start(7, 14);
    for (let day = 1; day <= 140; day += 1) {
      if (day <= 40) deployed.put('web/', setOf(day, 7));
      await deployed.tidy(on(day, '20:30'));
      deployed.aws.runLifecycle('backups', on(day + 1, '00:10'));
    }
    expect(daysLeft(40, 7)).toEqual([29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40]);
  });
});

describe('the last good copy of a host with chains', () => {
  const texts = () =>
    deployed.aws.outbox.mails.map(({ subject, text }) => `${subject} ${text.replace(/\s+/g, ' ')}`);

  it('expires with the full that it builds on', async () => {
    await start(7, 14, false);
    for (let day = 1; day <= 7; day += 1) deployed.put('web/', setOf(day, 7));
    await deployed.tick(on(11, '08:15'));
    expect(texts().join()).not.toContain('expiring');
    deployed.aws.outbox.clear();
    await deployed.tick(on(12, '08:15'));
    expect(texts().join()).toContain(
      'expiring: the last good copy, the incremental of Sat 7 Nov 03:00, is hidden by lifecycle Mon 16 Nov 00:00, in 88 h',
    );
    // S3 is asked of the file that goes first, which is of the full.
    expect(texts().join()).not.toContain('S3 itself says');
    deployed.aws.runLifecycle('backups', on(16, '00:10'));
    deployed.aws.outbox.clear();
    await deployed.tick(on(16, '08:15'));
    expect(texts().join()).toContain('which is not there. Nothing in the bucket restores');
  });

  it('is that before a member that was overwritten', async () => {
    await start(7, 14);
    for (let day = 1; day <= 5; day += 1) deployed.put('web/', setOf(day, 7));
    await deployed.tick(on(5, '08:15'));
    expect(texts()[0]).toContain('1 of 1 host OK');
    deployed.aws.outbox.clear();
    const [volume] = setOf(3, 7);
    if (volume === undefined) throw new Error('no volume');
    const at = on(5, '10:00');
    deployed.aws.put('backups', keyOf(volume), Buffer.from('garbage'), { modified: at });
    await deployed.event(s3Event('ObjectCreated:Put', keyOf(volume), at), on(5, '10:01'));
    expect(texts()).toHaveLength(1);
    expect(texts()[0]).toContain('TAMPERED: web');
    expect(texts()[0]).toContain('1 file was overwritten');
    expect(texts()[0]).toContain(
      'chain-broken: the incremental of Thu 5 Nov 03:00 restores nothing: it builds on the set of Tue 3 Nov 03:00, which is not good. The newest state that restores is of Mon 2 Nov 03:00',
    );
    expect(texts()[0]).toContain('Last good copy: Mon 2 Nov 03:00');
  });
});
