import { describe, expect, it } from 'vitest';
import { collectSets, membersOf } from '../../shared/duplicity/backup-set.ts';
import { NO_PREFIX, readFileName } from '../../shared/duplicity/file-name.ts';
import { asOf, type StoredObject } from '../../shared/duplicity/versions.ts';
import { describeFinding, nextStep } from '../../shared/messages/finding-text.ts';
import { listSets } from '../../shared/monitor/list-sets.ts';
import { judge } from '../../shared/rules/judge.ts';
import { closedWindow } from '../../shared/rules/window.ts';
import { aFull, aHost, anIncremental, anObject, at } from '../support/builders.ts';
import { inMemory, keyed } from '../support/in-memory.ts';

const NOON = at('2026-11-23T12:00:00Z');
const host = aHost();
const nights = ['21', '22', '23'].map((day) => aFull({ begun: `2026-11-${day}T03:00:00Z` }));
const all = nights.flat();
const parityOf = ({ name }: StoredObject, written?: string) =>
  ['.par2', '.vol000+20.par2'].map((end) =>
    anObject(`${name}${end}`, written === undefined ? {} : { written }),
  );
const judged = (objects: readonly StoredObject[], now = NOON, one = host) =>
  judge(one, collectSets(asOf({ objects, volumeStems: [] }, now), one.filePrefix), now);
const inShort = (objects: readonly StoredObject[], now = NOON, one = host) =>
  judged(objects, now, one).findings.map(({ kind, severity }) => `${severity} ${kind}`);
const nameOf = (one: StoredObject | undefined) => one?.name ?? '';
const among = (set: readonly StoredObject[] | undefined, part: string) =>
  set?.find(({ name }) => name.includes(part)) ?? anObject('none');

describe('the name of a parity file', () => {
  it.each([
    'duplicity-full.20261123T030000Z.vol1.difftar.gpg',
    'duplicity-full.20261123T030000Z.manifest.gpg',
    'duplicity-full-signatures.20261123T030000Z.sigtar.gpg',
    'duplicity-inc.20261122T030000Z.to.20261123T030000Z.vol12.difftar.gz',
    'df.toxqtp.1.dt.g',
    'df.toxqtp.m',
  ])('is that of a file and what par2 puts behind it: %s', (of) => {
    const { kind, ...file } = readFileName(of);
    expect(kind).toBe('written');
    for (const end of ['.par2', '.vol0+1.par2', '.vol000+20.par2', '.vol1999+999.par2']) {
      expect(readFileName(`${of}${end}`)).toEqual({ kind: 'parity', of, ...file });
    }
    const others = [
      '.PAR2',
      '.par2.bak',
      '.vol0.par2',
      '.vol+1.par2',
      '.par2.par2',
      'x.par2',
      '.p',
    ];
    for (const end of others) expect(readFileName(`${of}${end}`).kind).not.toBe('parity');
  });

  it('makes statistics of what is next to statistics, and nothing better of any other name', () => {
    const of = 'duplicity-full.20261123T030000Z.';
    expect(readFileName(`${of}jsonstat.gpg.par2`).kind).toBe('statistics');
    expect(readFileName(`${of}vol0.difftar.gpg.par2`).kind).toBe('lethal');
    expect(readFileName(`${of}vol01.difftar.gpg.par2`).kind).toBe('tolerated');
    expect(readFileName(`${of}manifest.part.par2`).kind).toBe('tolerated');
    expect(readFileName('notes.txt.par2').kind).toBe('foreign');
  });
});

describe('parity of every file', () => {
  const parity = all.flatMap((one) => parityOf(one));

  it('is information, and changes nothing else', () => {
    expect(inShort([...all, ...parity])).toEqual(['info parity']);
    const [clean, held] = [judged(all), judged([...all, ...parity])];
    expect(held.verdict).toBe('ok');
    expect(held.sets).toEqual(clean.sets);
    expect(held.lastGood?.bytes).toBe(clean.lastGood?.bytes);
  });

  it('is no part of a fingerprint', () => {
    const texts = (objects: readonly StoredObject[]) =>
      collectSets(
        { objects: objects.map((one) => ({ ...one, versionId: '1' })), volumeStems: [] },
        NO_PREFIX,
      ).texts;
    expect(texts([...all, ...parity])).toEqual(texts(all));
  });

  it('goes with its set, behind the manifest of the set', () => {
    const [first] = nights;
    const [set] = collectSets({ objects: all, volumeStems: [] }, NO_PREFIX).sets;
    if (set === undefined || first === undefined) throw new Error('three sets');
    const own = [...first, ...first.flatMap((one) => parityOf(one))].map(({ name }) => name);
    const members = membersOf(
      [...all, ...parity].map(({ name }) => name),
      NO_PREFIX,
    )(set);
    expect([...members].sort()).toEqual(own.sort());
    expect(members[0]).toBe(nameOf(among(first, 'manifest')));
  });

  it('is asked of incrementals too', () => {
    const inc = anIncremental('2026-11-23T03:00:00Z', '2026-11-23T05:00:00Z');
    expect(inShort([...all, ...parity, ...inc])).toContain('critical poisoned');
    const ofInc = inc.flatMap((one) => parityOf(one));
    expect(inShort([...all, ...parity, ...inc, ...ofInc])).toContain('info parity');
  });

  it('is found behind a file prefix, and under short names', () => {
    const filePrefix = { archive: 'a_', manifest: 'm_', signature: 's_' };
    const prefixed = all.map((one) => {
      const [, kind = 'a'] = /(m)anifest|(s)igtar/.exec(one.name)?.filter(Boolean) ?? [];
      return { ...one, name: `${kind}_${one.name}` };
    });
    const both = [...prefixed, ...prefixed.flatMap((one) => parityOf(one))];
    expect(inShort(both, NOON, aHost({ filePrefix }))).toEqual(['info parity']);
    const time = (NOON / 1000 - 7200).toString(36);
    const short = [`df.${time}.1.dt.g`, `df.${time}.m.g`, `dfs.${time}.st.g`].map((name) =>
      anObject(name, { bytes: 1000, written: '2026-11-23T10:05:00Z' }),
    );
    expect(inShort([...short, ...short.flatMap((one) => parityOf(one))])).toEqual(['info parity']);
  });

  it('is found by the daily listing, which cuts its names', async () => {
    const at = { since: closedWindow(host, NOON).opensAt, now: NOON, depth: 'recent' } as const;
    for (const pageRows of [1, 10, 1000]) {
      const list = inMemory(keyed('web/', [...all, ...parity]), { pageRows });
      const found = judge(host, await listSets(list, host, at), NOON);
      expect(found.findings.map(({ kind }) => kind)).toEqual(['parity']);
    }
  });
});

describe('parity on some files only', () => {
  const parity = all.flatMap((one) => parityOf(one));
  const [old, , night] = nights;

  it.each(['vol1', 'vol3', 'manifest', 'sigtar'])(
    'is poison: one that was planted next to a file (%s)',
    (part) => {
      const [planted = anObject('none')] = parityOf(among(night, part));
      const judgement = judged([...all, planted]);
      const [worst] = judgement.findings;
      expect(worst).toEqual({
        ...{ kind: 'poisoned', severity: 'critical', count: 1, names: [planted.name] },
      });
      if (worst === undefined) return;
      expect(describeFinding(worst, judgement, 'UTC')).toContain('parity of par2+');
      const step = nextStep(worst, judgement) ?? '';
      expect(step).toContain(`--key web/${planted.name}`);
      expect(step.match(/--key/g)).toHaveLength(1);
    },
  );

  it.each(['vol1', 'manifest', 'sigtar'])('is poison where one file has none (%s)', (part) => {
    const bare = nameOf(among(old, part));
    const some = parity.filter(({ name }) => name !== `${bare}.par2`);
    expect(inShort([...all, ...some])).toEqual(['critical poisoned']);
  });

  it('leaves the backups what they are: the last good copy is known', () => {
    const { lastGood, verdict } = judged([...all, ...parity.slice(1)]);
    expect(verdict).toBe('poisoned');
    expect(lastGood?.startedAt).toBe(at('2026-11-23T03:00:00Z'));
  });

  it('is found by the daily listing', async () => {
    const reach = { since: closedWindow(host, NOON).opensAt, now: NOON, depth: 'recent' } as const;
    for (const planted of parityOf(among(old, 'manifest'))) {
      const list = inMemory(keyed('web/', [...all, planted]));
      const { findings } = judge(host, await listSets(list, host, reach), NOON);
      expect(findings).toMatchObject([{ kind: 'poisoned', names: [planted.name] }]);
    }
  });
});

describe('a set that is still on its way', () => {
  const before = nights.slice(0, 2).flat();
  const parity = before.flatMap((one) => parityOf(one));
  const written = '2026-11-23T07:50:00Z';
  const night = aFull({ begun: '2026-11-23T03:00:00Z', done: written });
  const volumes = night.filter(({ name }) => name.includes('.vol'));

  it('owes no parity, and has some', () => {
    const [first = anObject('none')] = volumes;
    const some = [...volumes, ...parityOf(first, written)];
    expect(inShort([...before, ...parity, ...some], at('2026-11-23T08:30:00Z'))).toEqual([
      ...['warning late', 'info parity'],
    ]);
  });

  it('owes that of its manifest five minutes later', () => {
    const isManifest = ({ name }: StoredObject) => name.includes('.manifest');
    const some = night.filter((one) => !isManifest(one)).flatMap((one) => parityOf(one, written));
    const there = [...before, ...parity, ...night, ...some];
    expect(inShort(there, at('2026-11-23T07:54:59Z'))).toEqual(['info parity']);
    expect(inShort(there, at('2026-11-23T07:55:00Z'))).toEqual(['critical poisoned']);
  });
});
