import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FileName,
  findFileName,
  type NameReading,
  parseFileName,
  readFileName,
} from '../../shared/duplicity/file-name.ts';
import { anyText } from '../support/any-text.ts';
import { formatFileName } from '../support/format-file-name.ts';

type Reads = null | 'dies' | 'relative' | readonly unknown[];

const recorded = readFileSync(
  new URL('../fixtures/names/duplicity-0.8.22.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as [name: string, reads: Reads]);

/** Our reading in the words of the recording. */
function inItsWords(reading: NameReading): Reads {
  if (reading.kind === 'lethal') return 'dies';
  if (reading.kind === 'foreign' || reading.kind === 'statistics') return null;
  const { name } = reading;
  const times = [name.time, name.start, name.end].map((at) =>
    at === undefined ? null : at / 1000,
  );
  if (times.some(Number.isNaN)) return 'relative';
  const flags = [name.encrypted, name.compressed, name.partial];
  return [name.type, name.manifest, name.volume ?? null, ...times, ...flags];
}

describe('readFileName', () => {
  it(`reads ${recorded.length} names as duplicity 0.8.22 does`, () => {
    const differing = recorded
      .map(([name, duplicity]) => ({ name, duplicity, ours: inItsWords(readFileName(name)) }))
      .filter(({ duplicity, ours }) => JSON.stringify(duplicity) !== JSON.stringify(ours));
    expect(differing).toEqual([]);
  });
});

const seconds = fc.integer({ min: -2177452800 + 1, max: 4102444799 }).filter((s) => s !== 0);
const anyFileName: fc.Arbitrary<FileName> = fc
  .record({
    type: fc.constantFrom('full' as const, 'inc' as const, 'full-sig' as const, 'new-sig' as const),
    at: seconds,
    until: seconds,
    volume: fc.option(fc.integer({ min: 1, max: 2 ** 31 }), { nil: undefined }),
    suffix: fc.constantFrom('', '.gz', '.gpg'),
    partial: fc.boolean(),
  })
  .map(({ type, at, until, volume, suffix, partial }) => {
    const chained = type === 'inc' || type === 'new-sig';
    const hasVolume = (type === 'full' || type === 'inc') && volume !== undefined;
    const manifest = (type === 'full' || type === 'inc') && !hasVolume;
    return {
      type,
      manifest,
      volume: hasVolume ? volume : undefined,
      time: chained ? undefined : at * 1000,
      start: chained ? at * 1000 : undefined,
      end: chained ? until * 1000 : undefined,
      encrypted: suffix === '.gpg',
      compressed: suffix === '.gz' && !manifest,
      partial: partial && !hasVolume,
    };
  });

describe('parseFileName', () => {
  it('is the inverse of formatFileName', () => {
    fc.assert(
      fc.property(anyFileName, (name) => {
        expect(parseFileName(formatFileName(name))).toEqual(name);
      }),
    );
  });

  it('takes each file prefix off the names of its kind only', () => {
    const prefix = { archive: 'a_', manifest: 'm_', signature: 's_' };
    fc.assert(
      fc.property(anyFileName, (name) => {
        expect(parseFileName(formatFileName(name, prefix), prefix)).toEqual(name);
        expect(parseFileName(formatFileName(name), prefix)).toBeUndefined();
      }),
    );
  });

  it('never throws, whatever the name', () => {
    fc.assert(
      fc.property(anyText({ maxLength: 1024 }), (text) => {
        parseFileName(text);
        parseFileName(`duplicity-full.${text}`);
        parseFileName(`duplicity-inc.${text}.to.${text}.vol1.difftar`);
      }),
    );
  });

  it('is undefined for a spelling that duplicity reads but never writes', () => {
    for (const name of [
      'duplicity-full.20261123T031502Z.vol01.difftar.gpg',
      'duplicity-full.20261123T031502Z.vol1.difftar.gpg.bak',
      'duplicity-full.20260231T101010Z.manifest.gpg',
      'duplicity-full.20261123T031502Z.manifest.gz',
      'duplicity-full.1795404902.manifest.gpg',
      'duplicity-full.2026-11-23T03:15:02+0 :30.manifest.gpg',
    ]) {
      expect(readFileName(name).kind).toBe('tolerated');
      expect(parseFileName(name)).toBeUndefined();
    }
  });

  it('counts no name whose time is beyond any calendar', () => {
    for (const seconds of [8_640_000_000_000, 8_640_000_000_001, 9_007_199_254_740, 36 ** 12]) {
      const reading = readFileName(`df.${seconds.toString(36)}.m.g`);
      expect(reading.kind).toBe(seconds === 8_640_000_000_000 ? 'written' : 'tolerated');
    }
  });

  it('reads the statistics that duplicity 2.1 and later may add, and counts them for no set', () => {
    const full = 'duplicity-full.20261123T034402Z.jsonstat';
    const inc = 'duplicity-inc.20261122T034402Z.to.20261123T034402Z.jsonstat';
    const dependencies = ['', '.gz', '.gpg', '.part', '.part.gz'];
    for (const name of [full, inc].flatMap((one) => dependencies.map((end) => `${one}${end}`))) {
      expect(readFileName(name).kind, name).toBe('statistics');
      expect(parseFileName(name)).toBeUndefined();
    }
    for (const name of [`x${full}`, `${full}.gpg.bak`, `${full}.zip`, inc.replace('.to.', '.')]) {
      expect(readFileName(name).kind, name).toBe('foreign');
    }
  });

  it('knows them behind the prefix of all files, and behind none where only kinds have one', () => {
    const name = 'duplicity-full.20261123T034402Z.jsonstat.gpg';
    const all = { archive: 'x-', manifest: 'x-', signature: 'x-' };
    const own = { archive: 'a-', manifest: '', signature: 's-' };
    expect(readFileName(`x-${name}`, all).kind).toBe('statistics');
    expect(readFileName(name, own).kind).toBe('statistics');
    expect(readFileName(`y-${name}`, all).kind).toBe('foreign');
  });

  it('takes a name as written when both of its times are, and its suffix is of its style', () => {
    const [from, until] = ['20261122T034402Z', '20261123T034402Z'];
    const kind = (name: string) => readFileName(name).kind;
    expect(kind(`duplicity-inc.${from}.to.${until}.manifest.gpg`)).toBe('written');
    expect(kind(`duplicity-inc.1795404902.to.${until}.manifest.gpg`)).toBe('tolerated');
    expect(kind(`duplicity-inc.${from}.to.1795404902.manifest.gpg`)).toBe('tolerated');
    const time = (1_795_404_902).toString(36);
    for (const name of ['m', 'm.g', '1.dt', '1.dt.g', '1.dt.z']) {
      expect(kind(`df.${time}.${name}`), name).toBe('written');
    }
    for (const name of ['m.z', 'm.gpg', '1.dt.gz', '01.dt', '1.dt.p']) {
      expect(kind(`df.${time}.${name}`), name).toBe('tolerated');
    }
    expect(kind(`df.0${time}.m.g`)).toBe('tolerated');
  });
});

describe('findFileName', () => {
  const short = (1_795_404_902).toString(36);
  it.each([
    ['web/duplicity-full.20261123T034402Z.vol7.difftar.gpg', 'web/'],
    ['duplicity-full.20261123T034402Z.manifest.gpg', ''],
    ['web/nas-duplicity-full.20261123T034402Z.manifest.gpg', 'web/nas-'],
    ['web/duplicity-full.duplicity-full.20261123T034402Z.manifest.gpg', 'web/duplicity-full.'],
    ['duplicity-backups/duplicity-full.20261123T034402Z.manifest', 'duplicity-backups/'],
    [`web/df.${short}.1.dt.g`, 'web/'],
    [`web/nas-df.${short}.1.dt.g`, 'web/nas-'],
    [`di.${short}.${short}.m.g`, ''],
    ['web/report-pdf.may.m', undefined],
    [`web/pdf.${short}`, undefined],
    ['web/duplicity-full.20261123T034402Z.jsonstat.gpg', undefined],
  ])('finds in %s what stands before', (key, prefix) => {
    expect(findFileName(key)?.prefix).toBe(prefix);
  });
});
