import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { NO_PREFIX, readFileName } from '../../shared/duplicity/file-name.ts';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, s3Event } from '../support/deployed.ts';
import { putLifecycle } from '../support/put-lifecycle.ts';

const PLAIN = `bucket: backups
region: eu-west-1
keepDays: 6
alerts: { from: backups@example.net, mail: [ops@example.net] }
hosts:
  dead: {}
  live: {}
`;
const KEEPING = `keepLastGood: true\n${PLAIN}`;
/** Of November 2026, and on from there. */
const day = (number: number) => new Date(Date.UTC(2026, 10, number)).toISOString().slice(0, 10);
const full = (number: number, more: { volumes?: number; volumeBytes?: number } = {}) =>
  aFull({ begun: `${day(number)}T03:00:00Z`, done: `${day(number)}T03:10:00Z`, ...more });

let deployed: Deployed;
afterEach(() => deployed.close());

async function start(configText: string): Promise<void> {
  deployed = await deploy(configText);
  const { endpoint, region, credentials } = deployed.aws;
  const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await putLifecycle(s3, parseConfig(configText, 'hosts.yml'), 'backups');
  s3.destroy();
}

/** A day: `live` backs itself up, the janitor makes its round if there is one, and S3 acts at midnight. */
async function live(
  from: number,
  until: number,
  configText: string,
  alive = ['live'],
): Promise<void> {
  for (let number = from; number <= until; number += 1) {
    for (const host of alive) deployed.put(`${host}/`, full(number));
    if (configText === KEEPING) await deployed.tidy(`${day(number)}T20:30:00Z`);
    deployed.aws.runLifecycle('backups', `${day(number + 1)}T00:10:00Z`);
  }
}

/** The sets of which every file is there to be read, by their days; `half` = of which only some are. */
function there(host: string) {
  const names =
    deployed.aws.requests && full(0).map(({ name }) => name.replace(/\.20\d{6}T/, '.DAYT'));
  const sets = { whole: [] as string[], half: [] as string[] };
  for (let number = -30; number < 150; number += 1) {
    const found = names.filter((name) => {
      const key = `${host}/${name.replace('DAY', day(number).replaceAll('-', ''))}`;
      return deployed.aws.head('backups', key) !== undefined;
    });
    if (found.length === names.length) sets.whole.push(day(number));
    else if (found.length > 0) sets.half.push(day(number));
  }
  return sets;
}

const tags = (key: string) => deployed.aws.head('backups', key)?.tags;
const counts = () => deployed.aws.requests.counts().byOperation;
const keysOf = (host: string, number: number) => full(number).map(({ name }) => `${host}/${name}`);

describe('a host that stopped ten days after its start', () => {
  it('has lost its last backup after four weeks under the plain rule', async () => {
    await start(PLAIN);
    await live(1, 10, PLAIN, ['dead', 'live']);
    await live(11, 40, PLAIN);
    expect(there('dead')).toEqual({ whole: [], half: [] });
    const versions = keysOf('dead', 10).flatMap((key) => deployed.aws.versions('backups', key));
    expect(versions).toEqual([]);
    expect(there('live').whole).toHaveLength(6);
  });

  it('keeps its last two good ones for good with keepLastGood; other hosts keep two more', async () => {
    await start(KEEPING);
    await live(1, 10, KEEPING, ['dead', 'live']);
    await live(11, 100, KEEPING);
    expect(there('dead')).toEqual({ whole: [day(9), day(10)], half: [] });
    const left = there('live');
    expect(left.half).toEqual([]);
    expect(left.whole).toHaveLength(8);
    expect(left.whole.at(-1)).toBe(day(100));
  });

  it('is never reported as tampered for what lifecycle hid of it', async () => {
    await start(KEEPING);
    await live(1, 10, KEEPING, ['dead', 'live']);
    await live(11, 22, KEEPING);
    deployed.aws.outbox.clear();
    await deployed.tick(`${day(23)}T08:15:00Z`);
    const text = deployed.aws.outbox.mails.map((mail) => mail.text).join();
    expect(text).toContain('dead');
    expect(text).not.toMatch(/tampered|expiring|hidden by lifecycle/i);
  });
});

describe('the janitor', () => {
  const begin = async (nights = 12) => {
    await start(KEEPING);
    for (let number = 1; number <= nights; number += 1) {
      for (const host of ['dead', 'live']) deployed.put(`${host}/`, full(number));
    }
    deployed.aws.requests.clear();
  };
  const noon = `${day(12)}T12:00:00Z`;

  it('lists and tags, and makes no other request', async () => {
    await begin();
    const round = await deployed.tidy(noon);
    expect(round).toEqual({ hosts: 2, held: 0, sets: 8, tagged: 40, left: 0 });
    expect(counts()).toEqual({ ListObjectVersions: 2, PutObjectTagging: 40 });
    expect(tags(keysOf('live', 4)[0] ?? '')).toEqual({ expire: 'yes' });
    expect(tags(keysOf('live', 5)[0] ?? '')).toEqual({});
  });

  it('does the same again, and no more, when it runs again', async () => {
    await begin();
    expect(await deployed.tidy(noon)).toEqual(await deployed.tidy(noon));
    deployed.aws.runLifecycle('backups', `${day(13)}T00:00:00Z`);
    expect(await deployed.tidy(`${day(13)}T00:10:00Z`)).toMatchObject({ sets: 0, tagged: 0 });
  });

  it('tags a manifest before what belongs to it, the oldest set first', async () => {
    await begin();
    await deployed.tidy(noon);
    const tagged = deployed.aws.requests.records
      .filter(({ operation, key }) => operation === 'PutObjectTagging' && key?.startsWith('live/'))
      .map(({ key = '' }) => readFileName(key.slice('live/'.length), NO_PREFIX));
    const notified = tagged.flatMap((one) => ('name' in one ? [one.name] : []));
    const ofSets = [1, 2, 3, 4].flatMap((number) =>
      Array(5).fill(Date.parse(`${day(number)}T03:00Z`)),
    );
    expect(notified.map(({ time }) => time)).toEqual(ofSets);
    expect(notified.filter((_, index) => index % 5 === 0).every(({ manifest }) => manifest)).toBe(
      true,
    );
  });

  it('leaves a backup complete that is not replaced when it is killed midway, and finishes the next day', async () => {
    for (const killedAt of [1, 2, 7, 13, 24]) {
      await begin();
      const nth = Array.from({ length: 100 }, (_, index) => killedAt + index);
      const fault = { error: 'AccessDenied' };
      const standing = deployed.aws.faults.add({ operation: 'PutObjectTagging', nth, fault });
      await deployed.tidy(noon).catch(() => undefined);
      standing.remove();
      deployed.aws.runLifecycle('backups', `${day(13)}T00:10:00Z`);
      for (const host of ['dead', 'live']) {
        expect(there(host).whole.slice(-8)).toEqual([5, 6, 7, 8, 9, 10, 11, 12].map(day));
      }
      await deployed.tidy(`${day(13)}T12:00:00Z`);
      deployed.aws.runLifecycle('backups', `${day(14)}T00:10:00Z`);
      for (const host of ['dead', 'live']) {
        expect(there(host)).toEqual({ whole: [6, 7, 8, 9, 10, 11, 12].map(day), half: [] });
      }
      if (killedAt !== 24) await deployed.close();
    }
  });

  it('fails when it may not tag and reports what to allow, and nothing is hidden, however long it lasts', async () => {
    await begin();
    deployed.aws.faults.add({ operation: 'PutObjectTagging', fault: { error: 'AccessDenied' } });
    await expect(deployed.tidy(noon)).rejects.toThrow(
      '2 of 2 hosts were not tidied: could not tag an object in backups: AccessDenied (403)',
    );
    deployed.aws.runLifecycle('backups', '2036-11-01T00:00:00Z');
    expect(there('dead').whole).toHaveLength(12);
  });

  it('fails for one host that it cannot list, after it has tidied the others', async () => {
    await begin();
    const operation = 'ListObjectVersions';
    deployed.aws.faults.add({
      operation,
      prefix: 'dead/',
      fault: { error: 'InternalError', status: 400 },
    });
    await expect(deployed.tidy(noon)).rejects.toThrow(
      '1 of 2 hosts were not tidied: s3://backups/dead/',
    );
    expect(tags(keysOf('live', 4)[0] ?? '')).toEqual({ expire: 'yes' });
    expect(tags(keysOf('dead', 4)[0] ?? '')).toEqual({});
  });

  it.each([
    ['may not list versions', { error: 'AccessDenied' }, 'denied'],
    ['meets a server without versions', { error: 'NotImplemented' }, 'not offered'],
  ])('that %s tags nothing, and fails', async (_, fault, why) => {
    await begin();
    deployed.aws.faults.add({ operation: 'ListObjectVersions', fault });
    await expect(deployed.tidy(noon)).rejects.toThrow(`are not known (${why})`);
    expect(counts()).not.toHaveProperty('PutObjectTagging');
  });

  it('ignores an object that was removed before it could be tagged', async () => {
    await begin();
    deployed.aws.faults.add({
      ...{ operation: 'PutObjectTagging', nth: [1, 6] },
      fault: { error: 'NoSuchKey', status: 404 },
    });
    expect(await deployed.tidy(noon)).toMatchObject({ sets: 8 });
  });

  it('causes no alarm by its tags', async () => {
    await begin();
    await deployed.tidy(noon);
    const [key = ''] = keysOf('live', 4);
    const tagged = s3Event('ObjectTagging:Put', key, noon);
    expect(await deployed.event(tagged, noon)).toMatchObject({ events: 0, told: 0 });
    expect(deployed.aws.outbox.mails).toEqual([]);
  });

  it('tags no host in another bucket than that of the config, and none that is not in the config', async () => {
    await start(KEEPING.replace('live: {}', 'live: { target: s3://other/live/ }'));
    deployed.aws.createBucket('other', { versioning: true });
    for (let number = 1; number <= 12; number += 1) {
      for (const { name, bytes, modifiedAt } of full(number)) {
        const modified = { modified: modifiedAt };
        deployed.aws.put('other', `live/${name}`, { bytes }, modified);
        deployed.aws.put('backups', `gone/${name}`, { bytes }, modified);
      }
    }
    deployed.aws.requests.clear();
    expect(await deployed.tidy(noon)).toMatchObject({ hosts: 1, sets: 0 });
    expect(counts()).toEqual({ ListObjectVersions: 1 });
  });
});

describe('an intruder with the key of a host that has stopped', () => {
  const dead = async () => {
    await start(KEEPING);
    for (let number = 1; number <= 12; number += 1) deployed.put('dead/', full(number));
    for (let number = 13; number <= 60; number += 1) deployed.put('live/', full(number));
  };
  /** The days on which the janitor goes on, and S3 after it. */
  const wait = (from: number, until: number) => live(from, until, KEEPING, []);

  it('cannot have the last good ones hidden by two forged sets sooner than after keepDays', async () => {
    await dead();
    deployed.put('dead/', aFull({ begun: `${day(59)}T23:50:00Z`, done: `${day(59)}T23:55:00Z` }));
    deployed.put('dead/', aFull({ begun: `${day(60)}T00:05:00Z`, done: `${day(60)}T00:06:00Z` }));
    await wait(60, 65);
    expect(there('dead').whole).toEqual([day(11), day(12)]);
    // The bound: anyone who is not noticed for keepDays has replaced them. They come back for eight days more.
    await wait(66, 67);
    expect(there('dead').whole).toEqual([]);
    const [key = ''] = keysOf('dead', 12);
    expect(deployed.aws.versions('backups', key).some(({ deleteMarker }) => !deleteMarker)).toBe(
      true,
    );
  });

  it.each<[string, () => void]>([
    [
      'a hundred sets of one day',
      () => {
        for (let minute = 0; minute < 100; minute += 1) {
          const begun = new Date(Date.parse(`${day(59)}T10:00Z`) + minute * 60_000).toISOString();
          deployed.put('dead/', aFull({ begun, done: begun }));
        }
      },
    ],
    [
      'sets named for the days since then, all written on one day',
      () => {
        for (let number = 13; number <= 59; number += 1) {
          deployed.put(
            'dead/',
            aFull({ begun: `${day(number)}T03:00:00Z`, done: `${day(59)}T10:00:00Z` }),
          );
        }
      },
    ],
    [
      'sets named for days to come',
      () => {
        for (let number = 59; number <= 66; number += 1) {
          deployed.put(
            'dead/',
            aFull({ begun: `${day(number)}T03:00:00Z`, done: `${day(58)}T10:00:00Z` }),
          );
        }
      },
    ],
    [
      'small ones, night for night',
      () => {
        for (let number = 55; number <= 60; number += 1) {
          deployed.put('dead/', full(number, { volumes: 1 }));
        }
      },
    ],
    [
      'ones that lack a volume, a manifest or the signatures',
      () => {
        for (const [index, lost] of ['vol2', '.manifest', 'signatures'].entries()) {
          for (const number of [54, 57]) {
            deployed.put(
              'dead/',
              full(number + index).filter(({ name }) => !name.includes(lost)),
            );
          }
        }
      },
    ],
    [
      'unencrypted ones',
      () => {
        for (const number of [57, 58, 59]) {
          const begun = `${day(number)}T03:00:00Z`;
          deployed.put('dead/', aFull({ begun, encrypted: false }));
        }
      },
    ],
  ])(
    'cannot have the last good one hidden by %s',
    async (_, forge) => {
      await dead();
      forge();
      await wait(68, 72);
      expect(there('dead').whole).toContain(day(12));
    },
    60_000,
  );

  it.each<[string, (key: string, late: { modified: string }) => void]>([
    ['overwritten', (key, late) => deployed.aws.put('backups', key, Buffer.from('garbage'), late)],
    ['hidden', (key, late) => deployed.aws.remove('backups', key, late)],
    [
      'lethal',
      (key, late) => deployed.aws.put('backups', key.replace('vol2', 'vol0'), { bytes: 1 }, late),
    ],
  ])('makes the janitor leave a host as it is by one file that is %s', async (_, change) => {
    await dead();
    change(keysOf('live', 50)[1] ?? '', { modified: `${day(58)}T13:00:00Z` });
    const round = await deployed.tidy(`${day(60)}T20:30:00Z`);
    expect(round).toMatchObject({ hosts: 2, held: 1, sets: 10 });
    expect(tags(keysOf('live', 13)[0] ?? '')).toEqual({});
  });
});
