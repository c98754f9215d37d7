// A folder as the place of records: what a kill, a disk that refuses, and other hands leave of it.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { KEPT_REPORTS_DAYS, RecordError, reportPage } from '../../shared/monitor/state.ts';
import { directoryRecords, removeOldReports } from '../../shared/stores/directory-records.ts';

const parent = mkdtempSync(join(tmpdir(), 'rollcall-folder-'));
let folder: string;
let count = 0;
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
const filesIn = (path: string) =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(path, name)).isFile())
    .sort();

beforeEach(() => {
  count += 1;
  folder = join(parent, `state-${count}`);
});
afterAll(() => rmSync(parent, { recursive: true }));

describe('a folder as state', () => {
  it('is for its user alone, whatever the umask', async () => {
    const before = process.umask(0);
    try {
      const kept = directoryRecords(folder);
      await kept.write('hosts/0of1.json', '{}', undefined);
      await kept.replace('reports/2026/11/23.json', '{}');
    } finally {
      process.umask(before);
    }
    for (const name of ['', 'hosts', 'reports', 'reports/2026/11', '.drafts'])
      expect(modeOf(join(folder, name)), name).toBe('700');
    for (const name of filesIn(folder)) expect(modeOf(join(folder, name)), name).toBe('600');
  });

  it('holds one file a page, and nothing that is left of writing', async () => {
    const kept = directoryRecords(folder);
    let tag: string | undefined;
    for (const text of ['one', 'two', 'three']) tag = await kept.write('state.json', text, tag);
    await kept.replace('status.html', '<p>');
    expect(filesIn(folder)).toEqual(['rollcall-state.json', 'state.json~3', 'status.html']);
  });

  it('is not made below a folder that is not there: a disk may not be mounted', async () => {
    const kept = directoryRecords(join(folder, 'below'));
    await expect(kept.read('state.json')).rejects.toThrow(
      /below cannot be used as state \(a folder above it is not there; make it, or mount its disk\)/,
    );
    expect(existsSync(folder)).toBe(false);
  });

  it('is not made of a folder with other files in it, which stays as it was', async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'letter.txt'), 'dear');
    await expect(directoryRecords(folder).read('state.json')).rejects.toThrow(
      /holds other files and no state; name a folder that is new or empty/,
    );
    expect(readdirSync(folder)).toEqual(['letter.txt']);
  });

  it('of another version is neither read nor written, and says what to install', async () => {
    const kept = directoryRecords(folder);
    await kept.write('state.json', 'one', undefined);
    writeFileSync(join(folder, 'rollcall-state.json'), '{"rollcallState":2}\n');
    const later = directoryRecords(folder);
    const says = /is a state of version 2, and this rollcall knows version 1; install the rollcall/;
    await expect(later.read('state.json')).rejects.toThrow(says);
    await expect(later.write('state.json', 'two', '1')).rejects.toThrow(says);
    await expect(later.replace('status.html', 'two')).rejects.toThrow(says);
    await expect(later.list('')).rejects.toThrow(RecordError);
    writeFileSync(join(folder, 'rollcall-state.json'), '{"rollcall');
    await expect(directoryRecords(folder).read('state.json')).rejects.toThrow(/is damaged; if/);
    writeFileSync(join(folder, 'rollcall-state.json'), '{"rollcallState":1}\n');
    expect(await later.read('state.json')).toEqual({ text: 'one', tag: '1' });
  });

  it('takes away what a writer left that was killed long ago, and not what is being written', async () => {
    await directoryRecords(folder).list('');
    for (const name of ['old', 'young']) writeFileSync(join(folder, '.drafts', name), 'half');
    const longAgo = new Date(Date.now() - 2 * 3_600_000);
    utimesSync(join(folder, '.drafts/old'), longAgo, longAgo);
    await directoryRecords(folder).list('');
    expect(readdirSync(join(folder, '.drafts'))).toEqual(['young']);
    expect(await directoryRecords(folder).list('')).toEqual([]);
  });

  it('keeps the newest reports, as many as a state bucket, whatever the clock says', async () => {
    const kept = directoryRecords(folder);
    const dayOf = (number: number) =>
      new Date(Date.UTC(2025, 10, number)).toISOString().slice(0, 10);
    const pages = Array.from({ length: KEPT_REPORTS_DAYS + 32 }, (_, at) =>
      reportPage(dayOf(at + 1)),
    );
    const [first = '', second = ''] = pages;
    await kept.write(first, 'one', undefined);
    await kept.write(second, 'one', undefined);
    for (const page of pages.slice(2)) {
      mkdirSync(join(folder, page, '..'), { recursive: true });
      writeFileSync(join(folder, page), '{}');
    }
    writeFileSync(join(folder, 'reports/2024.txt'), 'of another');
    await removeOldReports(folder);
    expect(await kept.list('reports/')).toEqual(['reports/2024.txt', ...pages.slice(32)]);
    // November 2025 has thirty days: nothing is left of it.
    expect(readdirSync(join(folder, 'reports/2025'))).toEqual(['12']);
    await removeOldReports(folder);
    expect(await kept.list('reports/')).toHaveLength(KEPT_REPORTS_DAYS + 1);
  });

  it('without anything in it, as a new disk, becomes a state', async () => {
    mkdirSync(folder, { mode: 0o755 });
    chmodSync(folder, 0o755);
    await directoryRecords(folder).write('state.json', 'one', undefined);
    expect(existsSync(join(folder, 'rollcall-state.json'))).toBe(true);
  });
});

describe('a page of a folder that is damaged', () => {
  it('comes as it is: the state says that it starts again', async () => {
    const kept = directoryRecords(folder);
    await kept.write('state.json', 'old', undefined);
    await kept.replace('status.html', 'old');
    writeFileSync(join(folder, 'state.json~1'), '{"version":2,"jud');
    expect((await directoryRecords(folder).read('state.json')).text).toBe('{"version":2,"jud');
    expect(readFileSync(join(folder, 'status.html'), 'utf8')).toBe('old');
  });
});
