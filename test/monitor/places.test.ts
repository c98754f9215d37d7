// Targets in targets, and several hosts in one: what is one host's is never another's, nor an unknown prefix.
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/parse-config.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { runEvents } from '../../shared/monitor/event-run.ts';
import { checkHosts } from '../../shared/monitor/judge-hosts.ts';
import type { Depth } from '../../shared/monitor/list-sets.ts';
import type { ObjectEvent } from '../../shared/monitor/object-event.ts';
import type { KeyedObject, ListQuery } from '../../shared/monitor/object-store.ts';
import { tagSuperseded } from '../../shared/monitor/tag-superseded.ts';
import { findUnknownPrefixes } from '../../shared/monitor/unknown-prefixes.ts';
import { aFull, anIncremental, anObject, at } from '../support/builders.ts';
import { inMemory, inMemoryStore, keyed } from '../support/in-memory.ts';
import { memoryChannel, memoryRecords } from '../support/records-in-memory.ts';
import { aHistory } from '../support/versions.ts';

const NOW = at('2026-11-23T12:00:00Z');
const night = (day: number, volumes = 3) => aFull({ begun: `2026-11-${day}T03:15:00Z`, volumes });
const good = [20, 21, 22, 23].flatMap((day) => night(day));
const behind = (prefix: string, objects: readonly StoredObject[]) =>
  objects.map((object) => ({ ...object, name: `${prefix}${object.name}` }));
const poison = [
  anObject('duplicity-full.20261123T031500Z.vol0.difftar.gpg'),
  ...anIncremental('2026-11-22T03:15:00Z', '2026-11-23T04:00:00Z'),
  anObject('notes.txt'),
];
const configOf = (hosts: string, more = '') =>
  parseConfig(`bucket: backups\n${more}hosts:\n${hosts}`, 'hosts.yml');

async function check(
  config: ReturnType<typeof configOf>,
  objects: readonly KeyedObject[],
  depth: Depth,
) {
  const asked: ListQuery[] = [];
  const store = { ...inMemoryStore(objects), list: inMemory(objects, { asked }) };
  const judgements = await checkHosts(store, config.hosts, { now: NOW, depth });
  const kinds = judgements.map(({ host, verdict, findings }) => [
    host.name,
    [verdict, ...findings.map(({ kind }) => kind)].join(' '),
  ]);
  return { found: Object.fromEntries(kinds), asked };
}

describe.each(['recent', 'all'] as const)(
  'hosts whose targets lie in one another, read %s',
  (depth) => {
    const bad = 'poisoned poisoned incremental foreign';

    it.each([
      [
        'a target in a target',
        '  web: {}\n  mysql: { target: s3://backups/web/mysql/ }\n',
        'web/',
        'web/mysql/',
      ],
      ['a target at the root', '  web: { target: s3://backups/ }\n  mysql: {}\n', '', 'mysql/'],
      ['a name with a slash', '  web: {}\n  web/mysql: {}\n', 'web/', 'web/mysql/'],
      [
        'a target with the delimiter in it',
        '  web: {}\n  mysql: { target: s3://backups/web/a.volume/ }\n',
        'web/',
        'web/a.volume/',
      ],
    ])('are judged each by its own: %s', async (_, hosts, outer, inner) => {
      const config = configOf(hosts);
      const badInside = [...keyed(outer, good), ...keyed(inner, [...good, ...poison])];
      const inside = await check(config, badInside, depth);
      expect(Object.values(inside.found)).toEqual(['ok', bad]);
      const badOutside = [...keyed(outer, [...good, ...poison]), ...keyed(inner, good)];
      const outside = await check(config, badOutside, depth);
      expect(Object.values(outside.found)).toEqual([bad, 'ok']);
    });

    it('are judged each by its own, with file prefixes in one target', async () => {
      const shared = '{ target: s3://backups/all/';
      const config = configOf(
        `  home: ${shared}, filePrefix: home- }\n  etc: ${shared}, filePrefix: home-etc- }\n  plain: ${shared} }\n`,
      );
      const objects = [
        ...behind('home-', good),
        ...behind('home-etc-', [...good, ...poison]),
        ...good.filter(({ name }) => !name.includes('20261123')),
        anObject('home-etc-notes'),
        anObject('home-notes'),
      ];
      const { found } = await check(config, keyed('all/', objects), depth);
      expect(found).toEqual({
        home: 'ok foreign',
        etc: bad,
        plain: expect.stringMatching(/^missing/),
      });
    });

    it('are judged each by its own, with prefixes that have slashes', async () => {
      const three = '{ archive: archive/, manifest: manifest/, signature: signature/ }';
      const config = configOf(
        `  web: { filePrefix: ${three} }\n  deep: { target: s3://backups/web/archive/deep/ }\n`,
      );
      const place = ({ name }: StoredObject) =>
        name.includes('.manifest')
          ? 'manifest/'
          : name.includes('signatures')
            ? 'signature/'
            : 'archive/';
      const objects = good.map((object) => ({ ...object, name: `${place(object)}${object.name}` }));
      const all = [...keyed('web/', objects), ...keyed('web/archive/deep/', [...good, ...poison])];
      expect((await check(config, all, depth)).found).toEqual({ web: 'ok', deep: bad });
    });
  },
);

describe('a target with another one inside', () => {
  const config = configOf(
    '  web: {}\n  mysql: { target: s3://backups/web/mysql/ }\n',
    'keepLastGood: true\n',
  );
  const nights = [10, 11, 12, 13].flatMap((day) => night(day));

  it('costs as many requests as one without, and its volumes are read alone', async () => {
    const alone = await check(configOf('  web: {}\n'), keyed('web/', good), 'recent');
    const [web] = config.hosts;
    const both = [...keyed('web/', good), ...keyed('web/mysql/', good)];
    const nested = await check(
      { ...config, hosts: web === undefined ? [] : [web] },
      both,
      'recent',
    );
    expect(nested.asked).toEqual(alone.asked);
  });

  it('is tidied by the janitor without the other one', async () => {
    const versions = [
      ...aHistory([...night(12), ...night(13)], 'web/').rows(),
      ...aHistory(nights, 'web/mysql/').rows(),
    ];
    const keys: string[] = [];
    const tag = async (_: string, key: string) => void keys.push(key);
    const round = await tagSuperseded({ list: inMemory([], { versions }), tag }, config, NOW);
    expect(round).toMatchObject({ hosts: 2, sets: 2 });
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.every((key) => key.startsWith('web/mysql/'))).toBe(true);
  });

  it('has its own events alone', async () => {
    const both = [...keyed('web/', good), ...keyed('web/mysql/', [...good, ...poison])];
    const [mail, records] = [memoryChannel('mail'), memoryRecords()];
    const event: ObjectEvent = {
      ...{ what: 'created', bucket: 'backups', at: NOW, left: 'unknown' },
      key: 'web/mysql/duplicity-full.20261123T031500Z.vol0.difftar.gpg',
      ...{ principal: undefined, address: undefined },
    };
    const dependencies = { store: inMemoryStore(both), records, channels: [mail] };
    expect(await runEvents(dependencies, config, [event], NOW)).toMatchObject({ judged: 1 });
    expect(mail.sent.at(-1)?.subject).toContain('mysql POISONED');
  });

  it('is no unknown prefix, nor is anything in it', async () => {
    const list = inMemory([
      ...keyed('web/', good),
      ...keyed('web/mysql/', good),
      ...keyed('web/x/', poison),
    ]);
    expect(await findUnknownPrefixes(list, config)).toEqual({ prefixes: [], foreignObjects: 0 });
  });
});

describe('what is ignored', () => {
  const config = configOf('  web: {}\n', 'ignore: [logs/, .rclone-test]\n');
  const logs = [anObject('2026-11-23-03-15-AAAA'), anObject('2026/11/more')];
  const folder = (name: string) => anObject(name, { bytes: 0 });

  it('is no unknown prefix, and no folder of the console is one', async () => {
    const list = inMemory([
      ...keyed('web/', good),
      ...keyed('logs/', logs),
      ...keyed('', [anObject('.rclone-test'), folder('new-host/'), folder('eu/prod/')]),
    ]);
    expect(await findUnknownPrefixes(list, config)).toEqual({ prefixes: [], foreignObjects: 0 });
    const without = await findUnknownPrefixes(list, { ...config, ignore: [] });
    expect(without).toEqual({ prefixes: ['logs', 'logs/2026/11'], foreignObjects: 3 });
  });

  it.each(['logs/', 'logs/2026/', 'logs/home-'])(
    'hides no name of duplicity: %s',
    async (prefix) => {
      const list = inMemory([...keyed('logs/', logs), ...keyed(prefix, night(23))]);
      const found = await findUnknownPrefixes(list, config);
      expect('prefixes' in found && found.prefixes).toEqual([prefix.replace(/\/[^/]*$/, '')]);
    },
  );

  it('hides no name of duplicity behind more logs than one page holds', async () => {
    const many = Array.from({ length: 1500 }, (_, n) => anObject(`a${n}`));
    const list = inMemory([...keyed('logs/', many), ...keyed('logs/', night(23))]);
    expect(await findUnknownPrefixes(list, config)).toMatchObject({ prefixes: ['logs'] });
  });

  it('is not foreign in a target at the root, unless duplicity could read it', async () => {
    const root = configOf('  web: { target: s3://backups/ }\n', 'ignore: [logs/, a.volume/]\n');
    const objects = [...keyed('', good), ...keyed('logs/', logs), ...keyed('a.volume/', logs)];
    for (const depth of ['recent', 'all'] as const) {
      expect((await check(root, objects, depth)).found).toEqual({ web: 'ok' });
      const hidden = [...objects, ...keyed('logs/', night(19))];
      expect((await check(root, hidden, depth)).found).toEqual({ web: 'ok foreign' });
    }
  });

  it.each(['created', 'removed'] as const)('sends nobody anything when it is %s', async (what) => {
    const mail = memoryChannel('mail');
    const dependencies = { store: inMemoryStore([]), records: memoryRecords(), channels: [mail] };
    const eventOf = (key: string): ObjectEvent => ({
      ...{ what, bucket: 'backups', key, at: NOW, left: 'unknown' },
      ...{ principal: undefined, address: undefined },
    });
    const known = ['logs/2026.st', '.rclone-test', 'new-host/'].map(eventOf);
    await runEvents(dependencies, config, known, NOW);
    expect(mail.sent).toEqual([]);
    const backup = eventOf('logs/duplicity-full.20261123T031500Z.manifest.gpg');
    await runEvents(dependencies, config, [backup], NOW);
    expect(mail.sent).toHaveLength(1);
  });
});
