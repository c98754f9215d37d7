import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Host, pagesOf, shardIndexOf } from '../../shared/config/config.ts';
import { openHostRecords } from '../../shared/monitor/host-records.ts';
import { parseRecords } from '../../shared/monitor/record-page.ts';
import { RecordConflictError, RecordError, type RecordStore } from '../../shared/monitor/state.ts';
import type { Change } from '../../shared/rules/finding.ts';
import { type Fingerprint, placeOf } from '../../shared/rules/fingerprints.ts';
import type { RecordNews } from '../../shared/rules/record.ts';
import { aHost, at } from '../support/builders.ts';
import { casesOf } from '../support/cases.ts';
import { type MemoryRecords, memoryRecords } from '../support/records-in-memory.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const now = at('2026-11-23T08:15:00Z');
const web = aHost();
const db = aHost({ name: 'db' });
const ONE_PAGE = 'hosts/0of1.json';

const aFull = (host: Host, startedAt: number, more: Partial<Fingerprint> = {}): Fingerprint => ({
  ...{ place: placeOf(host), startedAt, sealedAt: startedAt + HOUR, firstWriteAt: startedAt },
  ...{ files: 7, bytes: 1000, hash: 'first_________________', opened: undefined, ...more },
});
const aChange = (key: string, time = now): Change => ({
  ...{ what: 'removed', left: 'marker', key, at: time, principal: undefined, address: '::1' },
});
const fleet = (count: number) =>
  Array.from({ length: count }, (_, number) => aHost({ name: `host-${number}` }));

/** One run that learns this of each host. */
async function run(
  records: RecordStore,
  hosts: readonly Host[],
  news: RecordNews | ((host: Host) => RecordNews),
  { time = now, of = hosts.length } = {},
): Promise<string | undefined> {
  const memory = openHostRecords(records, of, time);
  for (const host of hosts) memory.learn(host, typeof news === 'function' ? news(host) : news);
  return memory.close();
}
const recall = (records: RecordStore, host: Host, { time = now, of = 2 } = {}) =>
  openHostRecords(records, of, time).recall(host);

/** What is asked of the state bucket. */
function watched(records: MemoryRecords) {
  const asked: string[] = [];
  const store: RecordStore = {
    read: (page) => {
      asked.push(`read ${page}`);
      return records.read(page);
    },
    write: (page, text, tag) => {
      asked.push(`write ${page}`);
      return records.write(page, text, tag);
    },
    replace: records.replace,
    list: (prefix) => {
      asked.push(`list ${prefix}`);
      return records.list(prefix);
    },
  };
  return { asked, store };
}

describe('pagesOf', () => {
  it('puts up to 64 hosts on one page, and about so many on each of a power of two', () => {
    expect([1, 64, 65, 128, 129, 10_000].map(pagesOf)).toEqual([1, 1, 2, 2, 4, 256]);
    expect(pagesOf(0)).toBe(1);
  });

  it.each([65, 257, 1257, 10_000])('puts of %i hosts never 256 on one page', (count) => {
    const of = pagesOf(count);
    const pages = Map.groupBy(fleet(count), (host) => shardIndexOf(placeOf(host), of));
    expect(Math.max(...[...pages.values()].map(({ length }) => length))).toBeLessThan(256);
  });
});

describe('openHostRecords', () => {
  it('has what earlier runs learned', async () => {
    const records = memoryRecords();
    expect(await recall(records, web)).toBeUndefined();
    expect(await run(records, [web], { fulls: [aFull(web, now)], judgedAt: now })).toBeUndefined();
    expect(await recall(records, web)).toMatchObject({ fulls: [aFull(web, now)], judgedAt: now });
    expect(await recall(records, db)).toBeUndefined();
  });

  it('asks nothing when nobody is judged, and a page twice for a host that is', async () => {
    const records = memoryRecords();
    await run(records, [web, db], { judgedAt: now });
    const { asked, store } = watched(records);
    expect(await openHostRecords(store, 2, now).close()).toBeUndefined();
    expect(asked).toEqual([]);
    const memory = openHostRecords(store, 2, now + DAY);
    await Promise.all([memory.recall(web), memory.recall(web), memory.recall(db)]);
    memory.learn(web, { judgedAt: now + DAY });
    memory.learn(web, { changes: [aChange('web/x')] });
    await memory.close();
    expect(asked).toEqual([`read ${ONE_PAGE}`, `write ${ONE_PAGE}`]);
    expect(await recall(records, web)).toMatchObject({ judgedAt: now + DAY, changeCount: 1 });
  });

  it('writes no page that is as it was', async () => {
    const records = memoryRecords();
    await run(records, [web], { fulls: [aFull(web, now)], judgedAt: now });
    const { asked, store } = watched(records);
    await run(store, [web], { fulls: [aFull(web, now)], judgedAt: now });
    expect(asked).toEqual([`read ${ONE_PAGE}`]);
  });

  it('works page by page, and reads and writes each once', async () => {
    const records = memoryRecords();
    const hosts = fleet(200);
    await run(records, hosts, { judgedAt: now });
    const { asked, store } = watched(records);
    const memory = openHostRecords(store, 200, now + DAY);
    const worked: Host[] = [];
    await memory.forEachPage(hosts, async (own) => {
      for (const host of own) {
        expect(await memory.recall(host)).toMatchObject({ judgedAt: now });
        memory.learn(host, { judgedAt: now + DAY });
        worked.push(host);
      }
    });
    const pages = [0, 1, 2, 3].flatMap((index) => [
      `read hosts/${index}of4.json`,
      `write hosts/${index}of4.json`,
    ]);
    expect([...asked].sort()).toEqual(pages.sort());
    expect(new Set(worked)).toEqual(new Set(hosts));
    expect(await memory.close()).toBeUndefined();
    expect(asked).toHaveLength(8);
  });

  it('finds a host under its place, whatever its name is', async () => {
    const records = memoryRecords();
    await run(records, [web], { judgedAt: now });
    expect(await recall(records, { ...web, name: 'www' })).toMatchObject({ judgedAt: now });
    const moved = aHost({ target: { bucket: 'backups', prefix: 'www/' } });
    expect(await recall(records, moved)).toBeUndefined();
  });

  it('forgets a host that no run has seen for 400 days', async () => {
    const records = memoryRecords();
    await run(records, [web, db], { judgedAt: now });
    const time = now + 399 * DAY;
    await run(records, [db], { judgedAt: time }, { time });
    expect(await recall(records, web, { time })).toBeDefined();
    await run(records, [db], { judgedAt: time + DAY }, { time: time + DAY });
    expect(await recall(records, web, { time })).toBeUndefined();
    expect(await recall(records, db, { time })).toMatchObject({ judgedAt: time + DAY });
  });
});

describe('two runs at once', () => {
  it('lose nothing of one another', async () => {
    const hosts = fleet(5);
    const step = fc.record({
      host: fc.nat(4),
      day: fc.nat(20),
      key: fc.constantFrom('a', 'b', 'c'),
    });
    const plan = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), {
      minLength: 2,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(plan, fc.infiniteStream(fc.boolean()), async (runs, isSlow) => {
        const records = memoryRecords();
        const turns = isSlow[Symbol.iterator]();
        const mixed = { ...records };
        for (const name of ['read', 'write'] as const) {
          const own = records[name] as (...args: unknown[]) => Promise<never>;
          mixed[name] = async (...args: unknown[]) => {
            while (turns.next().value) await new Promise((resolve) => setImmediate(resolve));
            return own(...args);
          };
        }
        const warnings = await Promise.all(
          runs.map((steps, at) => {
            const memory = openHostRecords(mixed, 5, now + at);
            for (const { host, day, key } of steps) {
              const one = hosts[host] as Host;
              const changes = [aChange(`${key} ${at}`)];
              memory.learn(one, { fulls: [aFull(one, day * DAY)], changes, judgedAt: now + at });
            }
            return memory.close();
          }),
        );
        expect(warnings.every((warning) => warning === undefined)).toBe(true);
        for (const [at, steps] of runs.entries()) {
          for (const { host, day, key } of steps) {
            const record = await recall(records, hosts[host] as Host, { of: 5 });
            expect(record?.fulls.map(({ startedAt }) => startedAt)).toContain(day * DAY);
            expect(record?.changes.map((change) => change.key)).toContain(`${key} ${at}`);
            expect(record?.judgedAt).toBeGreaterThanOrEqual(now + at);
          }
        }
      }),
      { numRuns: casesOf(60) },
    );
  });

  it('are not said to be remembered when another one comes in between each time', async () => {
    const records = memoryRecords();
    let writes = 0;
    const write = async () => {
      writes += 1;
      throw new RecordConflictError('s3://ledger/hosts/0of1.json was written by another run');
    };
    expect(await run({ ...records, write }, [web], { judgedAt: now })).toBe(
      'what was seen of new backups is not remembered: s3://ledger/hosts/0of1.json was written by another run',
    );
    expect(writes).toBe(8);
  });
});

describe('a config that grows or shrinks', () => {
  it('loses no record, in whatever steps and however few hosts are judged', async () => {
    const hosts = fleet(300);
    const step = fc.record({
      of: fc.constantFrom(20, 65, 130, 300),
      judged: fc.array(fc.nat(299)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
        const records = memoryRecords();
        await run(records, hosts, (host) => ({ fulls: [aFull(host, now)], judgedAt: now }));
        const known = new Map(hosts.map((host) => [host, now]));
        for (const [index, { of, judged }] of steps.entries()) {
          const time = now + (index + 1) * DAY;
          const own = [...new Set(judged)].map((number) => hosts[number] as Host);
          const warning = await run(
            records,
            own,
            (host) => ({ fulls: [aFull(host, time)], judgedAt: time }),
            { time, of },
          );
          expect(warning).toBeUndefined();
          for (const host of own) known.set(host, time);
        }
        const last = steps.at(-1)?.of ?? 300;
        const memory = openHostRecords(records, last, now + 6 * DAY);
        for (const [host, judgedAt] of known) {
          const record = await memory.recall(host);
          expect(record?.judgedAt).toBe(judgedAt);
          expect(record?.fulls.at(-1)).toEqual(aFull(host, now));
        }
      }),
      { numRuns: casesOf(25) },
    );
  });

  it('lists the pages once, and only while a host is on no page of its own', async () => {
    const records = memoryRecords();
    const hosts = fleet(130);
    await run(records, hosts, { judgedAt: now }, { of: 64 });
    const grown = watched(records);
    await run(grown.store, hosts, { judgedAt: now + DAY }, { time: now + DAY });
    expect(grown.asked.filter((one) => one.startsWith('list'))).toEqual(['list hosts/']);
    const settled = watched(records);
    await run(settled.store, hosts, { judgedAt: now + 2 * DAY }, { time: now + 2 * DAY });
    expect(settled.asked.filter((one) => one.startsWith('list'))).toEqual([]);
    expect(settled.asked).toHaveLength(2 * 4);
  });

  it('writes nothing where the pages of before cannot be read', async () => {
    const records = memoryRecords();
    const hosts = fleet(65);
    await run(records, hosts, { judgedAt: now }, { of: 64 });
    const read = (page: string) => {
      if (page === ONE_PAGE) throw new RecordError(`s3://ledger/${page} could not be read`);
      return records.read(page);
    };
    const time = now + DAY;
    expect(await run({ ...records, read }, hosts, { judgedAt: time }, { time })).toContain(
      'no memory of earlier backups: s3://ledger/hosts/0of1.json could not be read',
    );
    expect([...records.pages.keys()]).toEqual([ONE_PAGE]);
  });
});

describe('a page of records', () => {
  const known = async () => {
    const records = memoryRecords();
    await run(records, [web, db], (host) => ({ fulls: [aFull(host, now)], judgedAt: now }));
    records.pages.set('reports/2026/11/23.json', '{}');
    return records;
  };

  it('that is lost is a warning, and starts again', async () => {
    const lost = memoryRecords();
    lost.pages.set('reports/2026/11/23.json', '{}');
    const memory = openHostRecords(lost, 2, now + DAY);
    expect(await memory.recall(web)).toBeUndefined();
    memory.learn(web, { judgedAt: now + DAY });
    expect(await memory.close()).toBe(
      'the records of hosts in hosts/0of1.json are lost, and start again',
    );
    expect(await run(lost, [db], { judgedAt: now + DAY }, { of: 2 })).toBeUndefined();
  });

  it('is no loss before the first report', async () => {
    expect(await run(memoryRecords(), [web], { judgedAt: now })).toBeUndefined();
  });

  it.each(['<html>', '{"version":3,"hosts":[]}', '{"version":2,"hosts":[{}]}', ''])(
    'that is %j is a warning once, and starts again',
    async (text) => {
      const records = await known();
      await records.replace(ONE_PAGE, text);
      const memory = openHostRecords(records, 2, now);
      expect(await memory.recall(web)).toBeUndefined();
      expect(await memory.close()).toBe(
        'the records of hosts in hosts/0of1.json are not what a run wrote, and start again',
      );
      expect(await run(records, [web], { judgedAt: now })).toBeUndefined();
    },
  );

  it('says in itself what was wrong with it, for a run that did not read it itself', async () => {
    const records = await known();
    await records.replace(ONE_PAGE, '<html>');
    await run(records, [web], { judgedAt: now });
    const warning = () => parseRecords(records.pages.get(ONE_PAGE) ?? '')?.warning;
    expect(warning()).toMatchObject({ at: now, says: expect.stringContaining('start again') });
    await run(records, [db], { judgedAt: now + 1 }, { time: now + 1 });
    expect(warning()?.at).toBe(now);
  });

  it('does not believe a record from the future, and goes on with the others', async () => {
    const records = await known();
    await run(records, [web], { judgedAt: now + 2 * DAY }, { time: now + 2 * DAY });
    const memory = openHostRecords(records, 2, now);
    expect(await memory.recall(web)).toBeUndefined();
    expect(await memory.recall(db)).toBeDefined();
    expect(await memory.close()).toBe(
      '1 records of hosts in hosts/0of1.json are from the future, and start again',
    );
    expect(await openHostRecords(records, 2, now).recall(db)).toBeDefined();
    expect(await run(records, [web], { judgedAt: now }, { of: 2 })).toBeUndefined();
  });

  it('believes one of a clock that is up to a day ahead', async () => {
    const records = await known();
    await run(records, [web], { judgedAt: now + DAY }, { time: now + DAY });
    expect(await recall(records, web)).toMatchObject({ judgedAt: now + DAY });
  });

  it('that cannot be read is a warning, and is not written', async () => {
    const records = await known();
    const before = records.pages.get(ONE_PAGE);
    const read = async () => {
      throw new RecordError('s3://ledger/hosts/0of1.json could not be read (AccessDenied (403))');
    };
    const memory = openHostRecords({ ...records, read }, 2, now + DAY);
    expect(await memory.recall(web)).toBeUndefined();
    memory.learn(web, { judgedAt: now + DAY });
    expect(await memory.close()).toBe(
      'no memory of earlier backups: s3://ledger/hosts/0of1.json could not be read (AccessDenied (403))',
    );
    expect(records.pages.get(ONE_PAGE)).toBe(before);
  });
});

describe('what the version before remembered', () => {
  const recorded: Record<string, string> = JSON.parse(
    readFileSync(new URL('../fixtures/records/version-1.json', import.meta.url), 'utf8'),
  );
  const time = at('2026-11-24T08:15:00Z');
  const nas = aHost({ name: 'nas' });
  const withEarlierFulls = () => {
    const records = memoryRecords();
    for (const [page, text] of Object.entries(recorded)) records.pages.set(page, text);
    records.pages.set('reports/2026/11/23.json', '{}');
    return records;
  };
  const started = async (records: RecordStore, host: Host) =>
    (await recall(records, host, { time, of: 3 }))?.fulls.map(({ startedAt }) =>
      new Date(startedAt).toISOString().slice(0, 10),
    );

  it('is taken over once, with who can open each full', async () => {
    const records = withEarlierFulls();
    const { asked, store } = watched(records);
    const memory = openHostRecords(store, 3, time);
    const record = await memory.recall(web);
    expect(record?.fulls.map(({ opened }) => opened?.length)).toEqual([3, 3, undefined, undefined]);
    memory.learn(web, { judgedAt: time });
    expect(await memory.close()).toBeUndefined();
    expect(asked.filter((one) => one.startsWith('read seals/'))).toHaveLength(
      Object.keys(recorded).filter((page) => page.startsWith('seals/')).length,
    );
    for (const page of records.pages.keys())
      if (page.startsWith('seals/')) records.pages.delete(page);
    expect(await started(records, web)).toEqual([
      '2026-11-23',
      '2026-11-22',
      '2026-11-21',
      '2026-11-20',
    ]);
    // Its page was written, though only web was judged.
    expect(await started(records, nas)).toEqual(['2026-11-22', '2026-11-21', '2026-11-20']);
  });

  it('is read of the last forty days, of the shards of a config that was cut too', async () => {
    const records = withEarlierFulls();
    const [seals = ''] = Object.keys(recorded).filter((page) => page.startsWith('seals/'));
    const shard = shardIndexOf(placeOf(web), 8);
    records.pages.set(`seals/2026/11/23T090000Z.${shard}of8.json`, recorded[seals] ?? '');
    records.pages.set(`seals/2026/11/23T090000Z.${(shard + 1) % 8}of8.json`, '<html>');
    const hosts = [web, ...fleet(299)];
    const { asked, store } = watched(records);
    const memory = openHostRecords(store, hosts.length, time);
    expect((await memory.recall(web))?.fulls).toHaveLength(4);
    expect(asked.filter((one) => /^read seals.*of8/.test(one))).toHaveLength(1);
    const late = openHostRecords(records, 300, at('2027-01-03T08:15:00Z'));
    expect(await late.recall(web)).toBeUndefined();
  });

  it('that is spoiled in part is a warning', async () => {
    const records = withEarlierFulls();
    records.pages.set('seals/2026/11/22T091500Z.json', '{"version":1,"seals":[{}]}');
    expect(await run(records, [web], { judgedAt: time }, { time, of: 3 })).toBe(
      '1 pages of fingerprints in the state bucket are not what a run wrote',
    );
    expect(await started(records, web)).toHaveLength(4);
  });
});
