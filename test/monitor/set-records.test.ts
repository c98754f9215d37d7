import { describe, expect, it } from 'vitest';
import { type Host, shardIndexOf } from '../../shared/config/config.ts';
import {
  fingerprintPage,
  readFingerprintPage,
  startRemembering,
} from '../../shared/monitor/set-records.ts';
import { RecordError } from '../../shared/monitor/state.ts';
import { type Fingerprint, placeOf } from '../../shared/rules/fingerprints.ts';
import { aHost, at } from '../support/builders.ts';
import { memoryRecords } from '../support/records-in-memory.ts';

const DAY = 86_400_000;
const until = at('2026-11-23T08:15:00Z');
const host = aHost();
const aFingerprint = (override: Partial<Fingerprint> = {}): Fingerprint => ({
  place: placeOf(host),
  startedAt: until - DAY,
  sealedAt: until,
  firstWriteAt: until - DAY,
  files: 7,
  bytes: 1000,
  hash: 'first_________________',
  opened: undefined,
  ...override,
});

describe('startRemembering', () => {
  it('recalls what earlier runs learned', async () => {
    const records = memoryRecords();
    const first = startRemembering(records, until, [host]);
    expect(await first.recall(host)).toEqual([]);
    first.learn([aFingerprint()]);
    expect(await first.close()).toBeUndefined();
    const second = startRemembering(records, until + DAY, [host, aHost({ name: 'db' })]);
    expect(await second.recall(host)).toEqual([aFingerprint()]);
    expect(await second.recall(aHost({ name: 'db' }))).toEqual([]);
  });

  it('keeps the first fingerprint of a full, whatever is written later', async () => {
    const records = memoryRecords();
    for (const [day, hash] of [
      [0, 'first_________________'],
      [1, 'later_________________'],
    ] as const) {
      const memory = startRemembering(records, until + day * DAY, [host]);
      memory.learn([aFingerprint({ hash })]);
      await memory.close();
    }
    const [fingerprint] = await startRemembering(records, until + 2 * DAY, [host]).recall(host);
    expect(fingerprint?.hash).toBe('first_________________');
  });

  it('never writes over a page, as two runs of one tick would', async () => {
    const records = memoryRecords();
    const both = [
      startRemembering(records, until, [host]),
      startRemembering(records, until, [host]),
    ];
    both[0]?.learn([aFingerprint()]);
    both[1]?.learn([aFingerprint({ hash: 'other_________________' })]);
    for (const memory of both) expect(await memory.close()).toBeUndefined();
    expect(records.pages.get(fingerprintPage(until))).toContain('first_');
  });

  it('reads nothing when no host is judged, and writes nothing when nothing is new', async () => {
    const records = memoryRecords();
    const asked: string[] = [];
    const list = async (prefix: string) => {
      asked.push(prefix);
      return [];
    };
    const idle = startRemembering({ ...records, list }, until, [host]);
    expect(await idle.close()).toBeUndefined();
    expect(asked).toEqual([]);
    const busy = startRemembering({ ...records, list }, until, [host]);
    await Promise.all([busy.recall(host), busy.recall(host)]);
    await busy.close();
    expect(asked).toEqual(['seals/']);
    expect(records.pages.size).toBe(0);
  });

  it('forgets what is older than forty days, and the thirty-second full', async () => {
    const records = memoryRecords();
    for (let day = 60; day > 0; day -= 1) {
      const memory = startRemembering(records, until - day * DAY, [host]);
      memory.learn([aFingerprint({ startedAt: until - day * DAY })]);
      await memory.close();
    }
    const fingerprints = await startRemembering(records, until, [host]).recall(host);
    expect(fingerprints).toHaveLength(31);
    expect(fingerprints[0]?.startedAt).toBe(until - DAY);
    const later = await startRemembering(records, until + 30 * DAY, [host]).recall(host);
    expect(later).toHaveLength(9);
  });

  it('does not record a full again when the pages could not be read', async () => {
    const records = memoryRecords();
    const list = async () => {
      throw new RecordError('s3://ledger/seals/ could not be listed: AccessDenied (403)');
    };
    const memory = startRemembering({ ...records, list }, until, [host]);
    expect(await memory.recall(host)).toEqual([]);
    memory.learn([aFingerprint()]);
    expect(await memory.close()).toContain('no memory of earlier backups: ');
    expect(records.pages.size).toBe(0);
  });

  it('goes on with the pages that can be read, and warns of the others', async () => {
    const records = memoryRecords();
    const first = startRemembering(records, until, [host]);
    first.learn([aFingerprint()]);
    await first.close();
    records.pages.set('seals/2026/11/22T081500Z.json', '<html>');
    records.pages.set('seals/2026/11/22T091500Z.json', '{"version":2}');
    const memory = startRemembering(records, until + DAY, [host]);
    expect(await memory.recall(host)).toHaveLength(1);
    expect(await memory.close()).toBe(
      '2 of 3 pages of records in the state bucket are not what a run wrote',
    );
  });

  it('reads and writes only the pages of its shards, also after the config has grown', async () => {
    const records = memoryRecords();
    const hosts = Array.from({ length: 40 }, (_, number) => aHost({ name: `host-${number}` }));
    const fingerprintText = (one: Host, day: number) =>
      aFingerprint({ place: placeOf(one), startedAt: until + day * DAY });
    for (const [day, shards] of [1, 4, 8].entries()) {
      const memory = startRemembering(records, until + day * DAY, hosts, shards);
      memory.learn(hosts.map((one) => fingerprintText(one, day)));
      await memory.close();
    }
    expect(records.pages.size).toBe(1 + 4 + 8);

    const read: string[] = [];
    const watched = {
      ...records,
      read: (page: string) => {
        read.push(page);
        return records.read(page);
      },
    };
    const one = hosts[7] as Host;
    const fingerprints = await startRemembering(watched, until + 3 * DAY, [one], 8).recall(one);
    expect(fingerprints).toEqual([2, 1, 0].map((day) => fingerprintText(one, day)));
    const index = shardIndexOf(placeOf(one), 8);
    expect(read.map((page) => readFingerprintPage(page))).toEqual([
      { at: until, index: 0, of: 1 },
      { at: until + DAY, index: index % 4, of: 4 },
      { at: until + 2 * DAY, index, of: 8 },
    ]);
    // And of a config that has shrunk.
    const small = startRemembering(records, until + 3 * DAY, hosts, 2);
    for (const host of hosts) expect(await small.recall(host)).toHaveLength(3);
  });
});
