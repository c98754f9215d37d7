import { describe, expect, it } from 'vitest';
import type { Host } from '../../shared/config/config.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { listSets, SEARCHED_AT_ONCE } from '../../shared/monitor/list-sets.ts';
import type { ListQuery } from '../../shared/monitor/object-store.ts';
import { assessSets } from '../../shared/rules/assessment.ts';
import { judge } from '../../shared/rules/judge.ts';
import {
  aFingerprint,
  aFull,
  aHost,
  anIncremental,
  anObject,
  aRecord,
  at,
} from '../support/builders.ts';
import { casesOf } from '../support/cases.ts';
import { inMemory, keyed } from '../support/in-memory.ts';
import { aHistory } from '../support/versions.ts';

const now = at('2026-11-23T12:00:00Z');
const since = at('2026-11-23T00:00:00Z');
const host = aHost();

/** A full on each of the last `days` days, today's last. */
const fulls = (days: number, volumes: number) =>
  Array.from({ length: days }, (_, back) => {
    const begun = new Date(at('2026-11-23T03:15:00Z') - back * 86_400_000).toISOString();
    return aFull({ begun, volumes });
  }).reverse();

async function read(objects: readonly StoredObject[], pageRows = 1000, usualFiles?: number) {
  const asked: ListQuery[] = [];
  const list = inMemory(keyed('web/', objects), { pageRows, asked });
  const record =
    usualFiles === undefined ? undefined : aRecord([aFingerprint({ files: usualFiles })]);
  const collection = await listSets(list, host, { since, now, depth: 'recent', record });
  return { collection, asked, judgement: judge(host, collection, now) };
}

describe('listSets', () => {
  it('asks twice for a host whose last four fulls fit a page, however many there are', async () => {
    for (const days of [4, 7, 30]) {
      const { asked, judgement } = await read(fulls(days, 50).flat());
      expect(asked).toHaveLength(2);
      expect([judgement.verdict, judgement.answer?.volumes?.count]).toEqual(['ok', 50]);
    }
  });

  it('lists the newest set alone when four fulls are more than a page', async () => {
    const { asked, judgement } = await read(fulls(7, 60).flat(), 100);
    expect(asked).toHaveLength(3);
    expect(asked.at(-1)?.prefix).toBe('web/duplicity-full.20261123T031500Z.');
    expect(judgement.verdict).toBe('ok');
  });

  it('skips a page that would be cut, where the size of a full is remembered', async () => {
    const [small, big] = [fulls(7, 60).flat(), fulls(7, 300).flat()];
    expect((await read(big)).asked).toHaveLength(3);
    expect((await read(big, 1000, 301)).asked).toHaveLength(2);
    expect((await read(small, 1000, 61)).asked).toHaveLength(2);
    // It was big once: then the newest is all that is read, and it is judged the same.
    const shrunk = await read(small, 1000, 301);
    expect([shrunk.asked.length, shrunk.judgement.verdict]).toEqual([2, 'ok']);
  });

  it('asks for versions with the second listing, and with no more requests', async () => {
    const { asked } = await read(fulls(7, 50).flat());
    expect(asked.map(({ versions = false, delimiter }) => [versions, delimiter])).toEqual([
      [false, '.vol'],
      [true, undefined],
    ]);
    const history = aHistory(fulls(7, 50).flat(), 'web/').put(
      'duplicity-full.20261121T031500Z.vol9.difftar.gpg',
      '2026-11-23T09:00:00Z',
    );
    const list = inMemory([], { versions: history.rows() });
    for (const depth of ['recent', 'all'] as const) {
      const collection = await listSets(list, host, { since, now, depth });
      expect(judge(host, collection, now).verdict).toBe('tampered');
    }
  });

  it('finds overwritten files under short names, and under file prefixes', async () => {
    const files = fulls(3, 4).flat();
    const volume = 'duplicity-full.20261123T031500Z.vol2.difftar.gpg';
    const manifest = 'duplicity-full.20261123T031500Z.manifest.gpg';
    const filePrefix = { archive: 'a_', manifest: 'm_', signature: 's_' };
    const shapes: [(name: string) => string, Host][] = [
      [shorten, host],
      [(name) => `${prefixOf(name)}${name}`, aHost({ filePrefix })],
    ];
    for (const [rename, odd] of shapes) {
      for (const victim of [volume, manifest]) {
        const renamed = files.map((object) => ({ ...object, name: rename(object.name) }));
        const history = aHistory(renamed, 'web/').put(rename(victim), '2026-11-23T09:00:00Z');
        const asked: ListQuery[] = [];
        const list = inMemory([], { versions: history.rows(), asked });
        const collection = await listSets(list, odd, { since, now, depth: 'recent' });
        expect(judge(odd, collection, now).verdict).toBe('tampered');
        expect(asked.length).toBeLessThanOrEqual(3);
      }
    }
  });

  it('reads what is hidden only when nothing good is left to see', async () => {
    const files = fulls(5, 9).flat();
    const names = files.map(({ name }) => name);
    const history = aHistory(files, 'web/').hide(names, '2026-11-23T09:00:00Z');
    const asked: ListQuery[] = [];
    const list = inMemory([], { versions: history.rows(), asked });
    const collection = await listSets(list, host, { since, now, depth: 'recent' });
    expect(asked).toHaveLength(2);
    expect(collection.sets).toEqual([]);
    expect(assessSets(host, collection).hidden).toHaveLength(5);
  });

  it('reads all that a host keeps which prunes: it tells what the host may have removed', async () => {
    const all = fulls(9, 400);
    const names = all.slice(0, 2).flatMap((files) => files.map(({ name }) => name));
    const history = aHistory(all.flat(), 'web/').hide(names, '2026-11-23T04:00:00Z');
    const list = inMemory([], { versions: history.rows() });
    for (const keep of [3, 7]) {
      const prunes = { ...host, keepDays: 30, prunes: { keep } };
      const reach = { since, now, depth: 'recent', alsoSetsOf: names.slice(0, 1) } as const;
      const judgement = judge(prunes, await listSets(list, prunes, reach), now);
      expect([keep, judgement.verdict]).toEqual([keep, 'ok']);
    }
  });

  it('reads the set of a named manifest, however old it is, once', async () => {
    const manifest = 'duplicity-full.20261117T031500Z.manifest.gpg';
    const history = aHistory(fulls(9, 5).flat(), 'web/').put(manifest, '2026-11-23T09:00:00Z');
    const asked: ListQuery[] = [];
    const list = inMemory([], { versions: history.rows(), asked });
    const reach = { since, now, depth: 'recent', alsoSetsOf: [manifest] } as const;
    const collection = await listSets(list, host, reach);
    expect(asked.map(({ prefix }) => prefix)).toEqual([
      'web/',
      'web/duplicity-full.',
      'web/duplicity-full.20261117T031500Z.',
    ]);
    expect(collection.histories).toHaveLength(1);
    asked.length = 0;
    const newest = { ...reach, alsoSetsOf: [manifest.replace('1117', '1123')] };
    await listSets(list, host, newest);
    expect(asked).toHaveLength(2);
  });

  it('reads a set once, however many of its files are named, and the whole target where many sets are', async () => {
    const list = (asked: ListQuery[]) =>
      inMemory([], { versions: aHistory(fulls(9, 5).flat(), 'web/').rows(), asked });
    const lookFor = async (names: readonly string[]) => {
      const asked: ListQuery[] = [];
      const reach = { since, now, depth: 'recent', alsoSetsOf: names } as const;
      const { sets } = await listSets(list(asked), host, reach);
      return { unread: sets.filter(({ volumes }) => volumes === undefined).length, asked };
    };
    const volumes = fulls(9, 5)[1]?.map(({ name }) => name) ?? [];
    const { asked } = await lookFor(volumes);
    expect(asked.map(({ prefix }) => prefix)).toEqual([
      'web/',
      'web/duplicity-full.',
      'web/duplicity-full.20261116T031500Z.',
      'web/duplicity-full-signatures.20261116T031500Z.',
    ]);
    const named = (sets: number) =>
      Array.from({ length: sets }, (_, second) => {
        const time = new Date(at('2020-01-01T00:00:00Z') + second * 1000).toISOString();
        return `duplicity-full.${time.replace(/[-:]|\.\d+/g, '')}.vol1.difftar.gpg`;
      });
    const [fifty, more] = [await lookFor(named(50)), await lookFor(named(51))];
    expect([fifty.asked.length, more.asked.length]).toEqual([52, 3]);
    expect([fifty.unread, more.unread]).toEqual([5, 0]);
  });

  it('looks at no more sets than memory holds, whatever shows them', async () => {
    const time = (second: number) =>
      new Date(at('2020-01-01T00:00:00Z') + second * 1000).toISOString().replace(/[-:]|\.\d+/g, '');
    const manifest = (second: number) => `duplicity-full.${time(second)}.manifest.gpg`;
    const volume = (second: number) => `duplicity-full.${time(second)}.vol1.difftar.gpg`;
    const look = (sets: number, nameOf: (second: number) => string) => {
      const objects = Array.from({ length: sets }, (_, second) => anObject(nameOf(second)));
      // With a good one nothing is searched for, which would take most of the time.
      objects.push(...aFull({ begun: '2026-11-23T03:15:00Z' }));
      return listSets(inMemory(keyed('web/', objects)), host, { since, now, depth: 'recent' });
    };
    for (const nameOf of [manifest, volume].slice(0, casesOf(2))) {
      expect((await look(19_999, nameOf)).sets.length).toBe(20_000);
      await expect(look(20_000, nameOf)).rejects.toThrow(
        'too much to look at: over 20000 backup sets in s3://backups/web/',
      );
    }
    const others = await look(21_000, (second) => `photos/${second}.jpeg`);
    expect(others.foreign.length).toBe(21_000);
  });

  it('reads every full of the window, and goes back to the last good one', async () => {
    const sets = fulls(7, 60);
    const broken = sets.map((objects, day) =>
      day < 3 ? objects : objects.filter(({ name }) => !name.includes('vol30.')),
    );
    for (const pageRows of [100, 1000]) {
      const { judgement } = await read(broken.flat(), pageRows);
      expect(judgement.verdict).toBe('incomplete');
      expect(judgement.lastGood?.startedAt).toBe(at('2026-11-19T03:15:00Z'));
    }
  });

  it('sees two fulls of one day, whichever of them is complete', async () => {
    const dead = aFull({ begun: '2026-11-23T04:00:00Z', volumes: 9 }).filter(
      ({ name }) => !name.includes('manifest'),
    );
    for (const pageRows of [10, 1000]) {
      const { judgement } = await read([...fulls(5, 9).flat(), ...dead], pageRows);
      expect(judgement.answer?.startedAt).toBe(at('2026-11-23T03:15:00Z'));
      const kinds = judgement.findings.map(({ kind }) => kind);
      expect(kinds).toEqual(['incomplete', 'duplicate-full']);
    }
  });

  it('does not list the volumes of incrementals, and still finds them', async () => {
    const inc = anIncremental('2026-11-22T03:15:00Z', '2026-11-23T09:00:00Z');
    const { asked, judgement } = await read([...fulls(3, 5).flat(), ...inc]);
    expect(asked).toHaveLength(2);
    expect(judgement.verdict).toBe('incremental');
  });

  it('leads to the same verdict, however deep it reads and however long a page is', async () => {
    const damaged = fulls(6, 8).map((objects, day) =>
      day % 2 === 0 ? objects : objects.filter(({ name }) => !name.includes('vol3.')),
    );
    const everything = await listSets(inMemory(keyed('web/', damaged.flat())), host, {
      since,
      now,
      depth: 'all',
    });
    const deep = judge(host, everything, now);
    for (const pageRows of [1, 10, 20, 1000]) {
      const { judgement } = await read(damaged.flat(), pageRows);
      expect(judgement.verdict).toBe(deep.verdict);
      expect(judgement.lastGood?.startedAt).toBe(deep.lastGood?.startedAt);
      expect(judgement.findings).toEqual(deep.findings);
    }
  });

  it('reads the fulls of a host with short names, and with file prefixes', async () => {
    const short = fulls(3, 4)
      .flat()
      .map((object) => ({ ...object, name: shorten(object.name) }));
    expect((await read(short)).judgement.verdict).toBe('ok');
    const filePrefix = { archive: 'a_', manifest: 'm_', signature: 's_' };
    const prefixed = fulls(3, 4)
      .flat()
      .map((object) => ({ ...object, name: `${prefixOf(object.name)}${object.name}` }));
    const list = inMemory(keyed('web/', prefixed));
    const odd = aHost({ filePrefix });
    const read3 = await listSets(list, odd, { since, now, depth: 'recent' });
    expect(assessSets(odd, read3).good).toHaveLength(3);
  });

  it('leaves out what was first written after the instant that is judged', async () => {
    const { collection } = await read(aFull({ begun: '2026-11-23T13:00:00Z' }));
    expect(collection.sets).toEqual([]);
  });

  it('finds two spellings poisoned where a volume lies under both, after it has listed them', async () => {
    const old = fulls(9, 5).flat();
    const other = (volume: string) => ({
      ...(old[0] as StoredObject),
      name: `duplicity-full.20261115T031500z.${volume}.difftar.gpg`,
    });
    for (const [volume, poison] of [
      ['vol2', true],
      ['vol6', false],
    ] as const) {
      const { asked, collection } = await read([...old, other(volume)], 30);
      expect(collection.poison.length > 0).toBe(poison);
      expect(collection.foreign).toEqual([other(volume).name]);
      expect(asked).toHaveLength(4);
    }
  });

  it('finds the newest full although sets are dated far in the future', async () => {
    const forged = Array.from({ length: 20 }, (_, day) =>
      aFull({
        begun: `2099-01-${String(day + 1).padStart(2, '0')}T00:00:00Z`,
        done: '2026-11-23T05:00:00Z',
      }),
    );
    const { asked, judgement } = await read([...fulls(4, 5).flat(), ...forged.flat()], 30);
    expect(judgement.lastGood?.startedAt).toBe(at('2026-11-23T03:15:00Z'));
    expect(judgement.answer?.startedAt).toBe(at('2026-11-23T03:15:00Z'));
    expect(asked.length).toBeLessThan(10);
  });
});

function shorten(name: string): string {
  const seconds = (text: string) =>
    (at(text.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z')) / 1000).toString(36);
  const [, kind = '', time = '', rest = ''] =
    /^duplicity-(full|full-signatures)\.([^.]+)\.(.*)$/.exec(name) ?? [];
  const tail = rest
    .replace(/^vol(\d+)\.difftar/, (_, number) => `${Number(number).toString(36)}.dt`)
    .replace('manifest', 'm')
    .replace('sigtar', 'st')
    .replace('.gpg', '.g');
  return `${kind === 'full' ? 'df' : 'dfs'}.${seconds(time)}.${tail}`;
}

function prefixOf(name: string): string {
  return name.includes('manifest') ? 'm_' : name.includes('sigtar') ? 's_' : 'a_';
}

describe('a fleet without any good full', () => {
  const cut = fulls(14, 8)
    .flat()
    .filter(({ name }) => !name.includes('.vol4.'));
  const reach = { since, now, depth: 'recent' } as const;

  it('is searched for one few hosts at once, so that not all of it is held at once', async () => {
    const names = Array.from({ length: 32 }, (_, number) => `host-${number}`);
    const objects = names.flatMap((name) => keyed(`${name}/`, cut));
    const answer = inMemory(objects, { pageRows: 20 });
    const asked = new Map<string, number>();
    let most = 0;
    const list = async (query: ListQuery) => {
      const [name = ''] = query.prefix.split('/');
      asked.set(name, (asked.get(name) ?? 0) + 1);
      // The first listing, the page that is cut, and the newest set are every host's.
      most = Math.max(most, [...asked.values()].filter((times) => times > 3).length);
      await new Promise((done) => setTimeout(done, 1));
      return answer(query);
    };
    const verdicts = await Promise.all(
      names.map(async (name) => {
        const one = aHost({ name, target: { bucket: 'backups', prefix: `${name}/` } });
        const collection = await listSets(list, one, reach);
        asked.delete(name);
        return judge(one, collection, now).verdict;
      }),
    );
    expect(new Set(verdicts)).toEqual(new Set(['incomplete']));
    expect(most).toBe(SEARCHED_AT_ONCE);
  });

  it('waits for no host that could not be read', async () => {
    const answer = inMemory(keyed('web/', cut), { pageRows: 20 });
    let asked = 0;
    const list = async (query: ListQuery) => {
      asked += 1;
      if (asked % 6 === 0) throw new TypeError('no answer');
      return answer(query);
    };
    const ended = await Promise.allSettled(
      Array.from({ length: 20 }, () => listSets(list, host, reach)),
    );
    expect(ended.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(4);
  });
});
