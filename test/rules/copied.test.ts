import { describe, expect, it } from 'vitest';
import { collectSets } from '../../shared/duplicity/backup-set.ts';
import { NO_PREFIX } from '../../shared/duplicity/file-name.ts';
import type { Change, OpenedBy } from '../../shared/rules/finding.ts';
import { mergeFingerprints } from '../../shared/rules/fingerprints.ts';
import { judge } from '../../shared/rules/judge.ts';
import { findSuperseded } from '../../shared/rules/retention.ts';
import { type Authors, findCopies } from '../../shared/rules/tampering.ts';
import {
  aFingerprint,
  aFull,
  aHost,
  anIncremental,
  anObject,
  aRecord,
  at,
} from '../support/builders.ts';
import { aHistory } from '../support/versions.ts';

const NOW = at('2026-11-23T12:00:00Z');
const WHEN = '2026-11-22T12:00:00Z';
const KEY = '0123456789ABCDEF';
const host = aHost({ recipients: [KEY] });
const old = aFull({ begun: '2026-11-20T03:00:00Z' });
const night = aFull({ begun: '2026-11-23T03:00:00Z' });
const isVolume = ({ name }: { name: string }) => name.includes('.vol');
const volumes = old.filter(isVolume);
const startedAt = at('2026-11-20T03:00:00Z');
type History = ReturnType<typeof aHistory>;
const untouched = () => aHistory([...old, ...night]);
const copied = (more: Parameters<History['copy']>[2] = {}) =>
  volumes.reduce((history, one) => history.copy(one, WHEN, more), untouched());

const changed = (more: Partial<Change> = {}): Change => ({
  ...{ what: 'created', key: `web/${volumes[0]?.name}`, at: at(WHEN), left: 'unknown' },
  ...{ principal: 'admin', address: undefined, ...more },
});
const by = (...changes: readonly Change[]): Authors => ({
  changes,
  isTrusted: ({ principal }) => principal === 'admin',
});
const copiesIn = (history: History, authors: Authors | 'unknowable' = 'unknowable') =>
  findCopies(host, history.collected(NOW), [], authors).map((one) => one.startedAt);
const names = volumes.map(({ name }) => name);
const read = (ending: OpenedBy['ending'] = 'whole', recipients = [KEY]): OpenedBy[] =>
  [
    old.find(({ name }) => name.includes('manifest'))?.name ?? '',
    names[0] ?? '',
    names[2] ?? '',
  ].map((name) => ({ name, reads: 'openpgp', recipients, symmetric: 0, ending }));
const judged = (history: History, opened?: readonly OpenedBy[]) => {
  const collection = history.collected(NOW);
  const copies = findCopies(host, collection, [], 'unknowable');
  const all = new Map([[at('2026-11-23T03:00:00Z'), [] as OpenedBy[]]]);
  if (opened !== undefined) all.set(startedAt, [...opened]);
  return judge(host, collection, NOW, { copies, opened: all });
};
const kindsOf = ({ findings }: ReturnType<typeof judge>) =>
  findings.flatMap(({ kind, severity }) =>
    kind === 'copied' || kind === 'tampered' ? [`${severity} ${kind}`] : [],
  );
const isGood = ({ assessments }: ReturnType<typeof judge>) =>
  assessments.find((one) => one.startedAt === startedAt)?.good;

describe('a set is a copy of itself', () => {
  it('when each volume has its size, another class, and its earlier version', () => {
    expect(copiesIn(copied())).toEqual([startedAt]);
  });

  it('when small volumes kept their ETags, and the manifest and the signatures went along', () => {
    const [first, ...others] = volumes;
    const same = { etag: `of ${first?.name} ${first?.bytes}` };
    const history = [...others, ...old.filter((one) => !isVolume(one))].reduce(
      (all, one) => all.copy(one, WHEN),
      untouched().copy(first ?? anObject(''), WHEN, same),
    );
    expect(copiesIn(history)).toEqual([startedAt]);
  });

  it('when it was copied twice, each time to another class', () => {
    const again = volumes.reduce(
      (all, one) => all.copy(one, '2026-11-22T18:00:00Z', { storageClass: 'GLACIER_IR' }),
      copied(),
    );
    expect(copiesIn(again)).toEqual([startedAt]);
  });

  it.each<[string, (history: History) => History]>([
    ['one volume has another size', (all) => all.put(names[1] ?? '', '2026-11-22T13:00:00Z')],
    [
      'one volume was written in its own class',
      (all) => all.copy(volumes[1] ?? anObject(''), '2026-11-22T13:00:00Z'),
    ],
    ['an earlier version is gone', (all) => all.forget(names[1] ?? '')],
    [
      'the manifest got other bytes',
      (all) => all.put(old.at(-1)?.name ?? '', '2026-11-22T13:00:00Z', { bytes: 900 }),
    ],
  ])('but not when %s', (_, change) => {
    const history = change(copied());
    expect(copiesIn(history)).toEqual([]);
    expect(kindsOf(judged(history))).toEqual(['critical tampered']);
  });

  it('but not when a volume was left out', () => {
    const history = volumes.slice(1).reduce((all, one) => all.copy(one, WHEN), untouched());
    expect(copiesIn(history)).toEqual([]);
  });

  it('and one that is hidden too is tampered with', () => {
    const history = copied().hide(names[0] ?? '', '2026-11-22T14:00:00Z');
    expect(kindsOf(judged(history))).toEqual(['critical tampered']);
  });

  it('only by an author who is known and trusted, where authors can be known', () => {
    expect(copiesIn(copied(), by())).toEqual([]);
    expect(copiesIn(copied(), by(changed()))).toEqual([startedAt]);
    expect(copiesIn(copied(), by(changed({ principal: undefined })))).toEqual([]);
    const one = changed({ principal: "web's own key", key: `web/${names[1]}` });
    expect(copiesIn(copied(), by(changed(), one))).toEqual([]);
    const other = changed({ key: `web/${night[0]?.name}` });
    expect(copiesIn(copied(), by(other))).toEqual([]);
    expect(copiesIn(copied(), by(changed(), changed({ what: 'removed' })))).toEqual([]);
  });
});

describe('a copy', () => {
  it('is a warning and good for nothing until its first and last bytes were read again', () => {
    for (const opened of [undefined, [], read().slice(1), read('cannot tell')]) {
      const judgement = judged(copied(), opened);
      expect(kindsOf(judgement)).toEqual(['warning copied']);
      expect(isGood(judgement)).toBe(false);
    }
    const proven = judged(copied(), read());
    expect(kindsOf(proven)).toEqual(['info copied']);
    expect(isGood(proven)).toBe(true);
  });

  it('of an incremental is a link of its chain again once it was read', () => {
    const chained = aHost({ recipients: [KEY], chain: { fullEveryDays: 7 } });
    const inc = anIncremental('2026-11-20T03:00:00Z', '2026-11-21T03:00:00Z');
    const [volume = anObject('none'), , manifest] = inc;
    const collection = aHistory([...old, ...inc])
      .copy(volume, WHEN)
      .collected(NOW);
    const copies = findCopies(chained, collection, [], 'unknowable');
    expect(copies).toMatchObject([{ type: 'inc', startedAt: at('2026-11-21T03:00:00Z') }]);
    const isGoodWith = (opened: readonly OpenedBy[]) =>
      judge(chained, collection, NOW, {
        ...{ copies, opened: new Map([[at('2026-11-21T03:00:00Z'), opened]]) },
      }).lastGood?.type === 'inc';
    const [whole] = read();
    if (whole === undefined) throw new Error('a manifest');
    const of = (name = '') => ({ ...whole, name });
    expect(isGoodWith([])).toBe(false);
    expect(isGoodWith([of(manifest?.name)])).toBe(false);
    expect(isGoodWith([of(volume.name), of(manifest?.name)])).toBe(true);
  });

  it('is never good with other bytes', () => {
    for (const opened of [read('truncated'), read('whole', ['FEDCBA9876543210'])]) {
      expect(isGood(judged(copied(), opened))).toBe(false);
    }
  });

  it('takes the place of its fingerprint, and is known by it when its versions are gone', () => {
    const known = aFingerprint({ startedAt });
    const copiedAt = at(WHEN);
    const next = aFingerprint({ startedAt, hash: 'copy__________________', copiedAt });
    const record = mergeFingerprints(known, next);
    expect(record).toEqual(next);
    const proven = { ...next, opened: read() };
    expect(mergeFingerprints(record, proven)).toEqual(proven);
    // What is neither that copy nor a later one changes nothing.
    expect(mergeFingerprints(proven, aFingerprint({ startedAt }))).toEqual(proven);

    const later = aHistory([...old, ...night]).collected(NOW);
    expect(findCopies(host, later, [next], by())).toMatchObject([{ startedAt, lastAt: copiedAt }]);
    expect(findCopies(host, copied().collected(NOW), [next], by())).toHaveLength(1);
  });

  it('that is on record as read is no news where its volumes are not listed', () => {
    const known = aFingerprint({ startedAt, copiedAt: at(WHEN), opened: read() });
    const without = old.filter((one) => !isVolume(one));
    const stem = 'duplicity-full.20261120T030000Z.vol';
    const listed = collectSets({ objects: [...without, ...night], volumeStems: [stem] }, NO_PREFIX);
    expect(listed.sets.map(({ volumes: there }) => there?.count)).toEqual([undefined, 3]);
    const copies = findCopies(host, listed, [known]);
    expect(kindsOf(judge(host, listed, NOW, { copies, opened: new Map() }))).toEqual([]);
  });

  it('that is on record keeps no janitor from its work, and any other overwrite does', () => {
    const fulls = [aFingerprint({ startedAt, copiedAt: at(WHEN), opened: read() })];
    const held = (record?: ReturnType<typeof aRecord>) =>
      findSuperseded(host, copied().collected(NOW), NOW, record).held;
    expect(held()).toBe('tampered');
    expect(held(aRecord([aFingerprint({ startedAt })]))).toBe('tampered');
    expect(held(aRecord(fulls))).toBeUndefined();
  });
});
