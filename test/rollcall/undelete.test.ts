import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { aFull } from '../support/builders.ts';
import { runRollcall } from './run-rollcall.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-undelete-'));
const configText = join(folder, 'hosts.yml');
const set = aFull({ begun: '2026-11-21T01:14:00Z', volumes: 12 });
const other = aFull({ begun: '2026-11-20T01:14:00Z', volumes: 2 });
const SET = '20261121T011400Z';
let aws: LocalAws;

beforeAll(async () => {
  aws = await startLocalAws();
  writeFileSync(configText, 'bucket: backups\nregion: eu-west-1\nhosts: { web: {}, db: {} }\n');
});
beforeEach(() => {
  aws.createBucket('backups', { versioning: true });
  for (const { name, bytes, modifiedAt } of [...set, ...other]) {
    aws.put('backups', `web/${name}`, { bytes }, { modified: modifiedAt });
    aws.remove('backups', `web/${name}`, { modified: '2026-11-28T00:00:00Z' });
  }
  aws.requests.clear();
});
afterEach(() => aws.faults.clear());
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await aws.close();
});

const undelete = (...args: string[]) =>
  runRollcall(aws, ['undelete', '--hosts', configText, ...args]);
const there = () => set.filter(({ name }) => aws.head('backups', `web/${name}`)).length;

describe('rollcall undelete', () => {
  it('shows what it would do, and does nothing, with --dry-run', async () => {
    const { status, stdout } = await undelete('web', SET, '--dry-run');
    expect(status).toBe(0);
    expect(stdout).toContain('the set 20261121T011400Z of web: 14 files to bring back');
    expect(stdout).toContain('vol1.difftar.gpg" hidden Sat 28 Nov 00:00');
    expect(stdout).toContain('and 4 more');
    expect(stdout).toContain('it will be complete: 12 volumes');
    expect(stdout).toContain('nothing is changed (--dry-run)');
    expect(there()).toBe(0);
  });

  it('takes the markers of that set away and nothing else, stacked ones too', async () => {
    const [first] = set;
    aws.remove('backups', `web/${first?.name}`, { modified: '2026-11-28T09:00:00Z' });
    const { status, stdout } = await undelete('web', SET);
    expect([status, stdout]).toEqual([0, expect.stringContaining('14 files brought back')]);
    expect(there()).toBe(14);
    for (const { name } of set) {
      expect(aws.versions('backups', `web/${name}`)).toMatchObject([{ deleteMarker: false }]);
    }
    for (const { name } of other) {
      expect(aws.versions('backups', `web/${name}`)[0]?.deleteMarker).toBe(true);
    }
    // The second listing is for what it says at the end.
    expect(aws.requests.counts().byOperation).toMatchObject({
      ListObjectVersions: 2,
      DeleteObject: 15,
    });
  });

  it('reports at the end what is still wrong with the host, and that no OK AGAIN comes before', async () => {
    const { stdout } = await undelete('web', SET);
    expect(stdout).toContain('web is NOT OK yet, and the monitor sends no OK AGAIN before it is:');
    expect(stdout).toContain('  missing: ');
  });

  it('reports at the end that the host is OK again, and what to expect', async () => {
    // Whatever time it is now, one of them answers for the window that closed last.
    const fulls = [1, 7, 13, 19, 25, 31, 37, 43].map((hours) =>
      aFull({ begun: new Date(Date.now() - hours * 3_600_000).toISOString(), volumes: 2 }),
    );
    for (const { name, bytes, modifiedAt } of fulls.flat()) {
      aws.put('backups', `db/${name}`, { bytes }, { modified: modifiedAt });
    }
    for (const { name } of fulls[1] ?? []) aws.remove('backups', `db/${name}`);
    const [set = ''] = (fulls[1] ?? []).flatMap(({ name }) => /\d{8}T\d{6}Z/.exec(name)?.[0] ?? []);
    const { stdout } = await undelete('db', set);
    expect(stdout).toContain(
      'db is OK again: the monitor says so by a message within a few minutes',
    );
  });

  it('does nothing the second time, and says so', async () => {
    await undelete('web', SET);
    const { status, stdout } = await undelete('web', SET);
    expect(status).toBe(0);
    expect(stdout).toContain('nothing of the set 20261121T011400Z of web is hidden');
    expect(stdout).toContain('it is complete');
  });

  it('lists the files of which no version is left', async () => {
    const [first] = set;
    const [, version] = aws.versions('backups', `web/${first?.name}`);
    aws.remove('backups', `web/${first?.name}`, { versionId: version?.versionId ?? '' });
    const { stdout } = await undelete('web', SET, '--dry-run');
    expect(stdout).toContain('gone for good, no version is left of 1 file');
    expect(stdout).toContain('it will be NOT complete');
  });

  it.each([
    ['the wrong role', ['web', SET], 'DeleteObject', 's3:DeleteObjectVersion'],
    ['no right to list versions', ['web', SET], 'ListObjectVersions', 'break-glass role'],
  ])('reports what to do with %s, and exits 3', async (_, args, operation, hint) => {
    aws.faults.add({ service: 's3', operation, fault: { error: 'AccessDenied' } });
    const { status, stderr } = await undelete(...args);
    expect(status).toBe(3);
    expect(stderr).toMatch(/^rollcall: error: .*\nrollcall: hint: .*\n$/);
    expect(stderr).toContain(hint);
  });

  it('brings back the parity of its files, without which none of it may be there', async () => {
    for (const { name, modifiedAt } of set) {
      aws.put('backups', `web/${name}.par2`, { bytes: 9 }, { modified: modifiedAt });
      aws.remove('backups', `web/${name}.par2`, { modified: '2026-11-28T00:00:00Z' });
    }
    const { status, stdout } = await undelete('web', SET);
    expect([status, stdout]).toEqual([0, expect.stringContaining('28 files brought back')]);
    for (const { name } of set) expect(aws.head('backups', `web/${name}.par2`)).toBeDefined();
    expect(stdout).not.toContain('poisoned');
  });

  it('can be run again after it broke in the middle', async () => {
    const fault = { error: 'AccessDenied' };
    const standing = aws.faults.add({ service: 's3', operation: 'DeleteObject', nth: 5, fault });
    expect((await undelete('web', SET)).status).toBe(3);
    standing.remove();
    expect((await undelete('web', SET)).status).toBe(0);
    expect(there()).toBe(14);
  });

  it.each([
    [['web'], 'a host and one set are needed'],
    [['web', 'yesterday'], 'is not the time of a set'],
    [['wbe', SET], 'did you mean web?'],
    [['web', '20261122T011400Z'], 'hidden files are there of: 20261120T011400Z, 20261121T011400Z'],
    [['db', SET], 'nothing of this host is hidden'],
  ])('refuses %j with a hint', async (args, words) => {
    const { status, stderr } = await undelete(...args);
    expect(status).toBe(3);
    expect(stderr).toContain(words);
  });

  it('has examples first in its help', async () => {
    const { status, stdout } = await undelete('--help');
    expect(status).toBe(0);
    expect(stdout.split('\n')[2]).toBe('Examples');
  });
});
