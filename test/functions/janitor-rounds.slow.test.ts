import { describe, expect, it } from 'vitest';
import { NO_PREFIX, readFileName } from '../../shared/duplicity/file-name.ts';
import { s3Event } from '../support/deployed.ts';
import {
  closeAfterEach,
  day,
  dead,
  deployed,
  full,
  KEEPING,
  keysOf,
  live,
  PLAIN,
  start,
  tags,
  there,
} from './janitor-days.ts';

closeAfterEach();
const counts = () => deployed.aws.requests.counts().byOperation;

describe('a host that died ten days into its life', () => {
  it('has lost its last backup after four weeks under the plain rule', async () => {
    await start(PLAIN);
    await live(1, 10, PLAIN, ['dead', 'live']);
    await live(11, 40, PLAIN);
    expect(there('dead')).toEqual({ whole: [], half: [] });
    const versions = keysOf('dead', 10).flatMap((key) => deployed.aws.versions('backups', key));
    expect(versions).toEqual([]);
    expect(there('live').whole).toHaveLength(6);
  });

  it('is never called tampered with for what lifecycle hid of it', async () => {
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

  it('lists and tags, and asks for nothing else', async () => {
    await begin();
    const round = await deployed.tidy(noon);
    expect(round).toEqual({ hosts: 2, held: 0, sets: 8, tagged: 40, left: 0 });
    expect(counts()).toEqual({ ListObjectVersions: 2, PutObjectTagging: 40 });
    expect(tags(keysOf('live', 4)[0] ?? '')).toEqual({ expire: 'yes' });
    expect(tags(keysOf('live', 5)[0] ?? '')).toEqual({});
  });

  it('does the same again, and no more, when it is run again', async () => {
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
    const told = tagged.flatMap((one) => ('name' in one ? [one.name] : []));
    const ofSets = [1, 2, 3, 4].flatMap((number) =>
      Array(5).fill(Date.parse(`${day(number)}T03:00Z`)),
    );
    expect(told.map(({ time }) => time)).toEqual(ofSets);
    expect(told.filter((_, index) => index % 5 === 0).every(({ manifest }) => manifest)).toBe(true);
  });

  it('killed midway leaves a backup whole that is not replaced, and finishes the next day', async () => {
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

  it('that may not tag fails, says what to allow, and nothing is hidden, however long it lasts', async () => {
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

  it('takes no notice of an object that went before it could be tagged', async () => {
    await begin();
    deployed.aws.faults.add({
      ...{ operation: 'PutObjectTagging', nth: [1, 6] },
      fault: { error: 'NoSuchKey', status: 404 },
    });
    expect(await deployed.tidy(noon)).toMatchObject({ sets: 8 });
  });

  it('alarms nobody by its tags', async () => {
    await begin();
    await deployed.tidy(noon);
    const [key = ''] = keysOf('live', 4);
    const tagged = s3Event('ObjectTagging:Put', key, noon);
    expect(await deployed.event(tagged, noon)).toMatchObject({ events: 0, told: 0 });
    expect(deployed.aws.outbox.mails).toEqual([]);
  });

  it('touches no host whose bucket is not the one of the config, and none that is off it', async () => {
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

describe('an intruder with the key of a host that has died', () => {
  it.each<[string, (key: string, late: { modified: string }) => void]>([
    ['overwritten', (key, late) => deployed.aws.put('backups', key, Buffer.from('garbage'), late)],
    ['hidden', (key, late) => deployed.aws.remove('backups', key, late)],
    [
      'lethal',
      (key, late) => deployed.aws.put('backups', key.replace('vol2', 'vol0'), { bytes: 1 }, late),
    ],
  ])('has all of a host held as it is by one file that is %s', async (_, change) => {
    await dead();
    change(keysOf('live', 50)[1] ?? '', { modified: `${day(54)}T13:00:00Z` });
    const round = await deployed.tidy(`${day(60)}T20:30:00Z`);
    expect(round).toMatchObject({ hosts: 2, held: 1, sets: 10 });
    expect(tags(keysOf('live', 13)[0] ?? '')).toEqual({});
  });
});
