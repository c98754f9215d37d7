import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { aFull } from '../support/builders.ts';
import { runRollcall } from './run-rollcall.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-janitor-'));
const hosts = join(folder, 'hosts.yml');
const CONFIG =
  'bucket: acme-backups\nregion: eu-west-1\nkeepLastGood: true\nhosts: { web: {}, db: {}, mail: {} }\n';
let aws: LocalAws;
const run = (...args: string[]) => runRollcall(aws, ['janitor', '--hosts', hosts, ...args]);

beforeAll(async () => {
  aws = await startLocalAws();
  aws.createBucket('acme-backups', { versioning: true });
  for (const date of ['01', '02', '03']) {
    for (const host of ['web', 'db']) {
      for (const { name, bytes, modifiedAt } of aFull({ begun: `2026-01-${date}T03:00:00Z` })) {
        aws.put('acme-backups', `${host}/${name}`, { bytes }, { modified: modifiedAt });
      }
    }
  }
  aws.put('acme-backups', 'db/duplicity-full.20260101T030000Z.vol0.difftar.gpg', 'x');
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await aws.close();
});

describe('rollcall janitor', () => {
  it('shows what may go, set by set, and what is held, and changes nothing', async () => {
    writeFileSync(hosts, CONFIG);
    aws.requests.clear();
    const { status, stdout } = await run();
    expect([status, stdout.split('\n')]).toEqual([
      0,
      [
        'web: 1 set may go',
        '  20260101T030000Z  full  5 files, 421.0 MiB',
        'db: held as it is: poisoned',
        'mail: nothing may go',
        '',
      ],
    ]);
    expect(Object.keys(aws.requests.counts().byOperation)).toEqual(['ListObjectVersions']);
  });

  it('looks at one host, and says where nothing is tagged', async () => {
    writeFileSync(hosts, CONFIG.replace('keepLastGood: true\n', ''));
    const { status, stdout } = await run('--host', 'mail');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^mail: nothing may go\nhosts\.yml does not say "keepLastGood: true"/);
  });

  it('reports that the janitor skips a host in another bucket', async () => {
    writeFileSync(hosts, CONFIG.replace('mail: {}', 'mail: { target: s3://not-there/mail/ }'));
    const { status, stdout } = await run('--host', 'mail');
    expect([status, stdout]).toEqual([0, 'mail: left alone, as its target is in another bucket\n']);
  });

  it('ends with 3 where a host could not be looked at', async () => {
    const plain = CONFIG.replace('keepLastGood: true\n', '');
    writeFileSync(hosts, plain.replace('mail: {}', 'mail: { target: s3://not-there/mail/ }'));
    const { status, stdout } = await run();
    expect(status).toBe(3);
    expect(stdout).toContain('mail: not looked at: s3://not-there/mail/ could not be listed');
    expect(stdout).toContain('web: 1 set may go');
  });
});
