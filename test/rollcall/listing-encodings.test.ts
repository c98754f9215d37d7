// A listing as a shell saved it: PowerShell writes UTF-16 where others write UTF-8.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readFixture } from '../support/recorded.ts';
import { runAlone, startAlone } from './run-rollcall.ts';

const dir = mkdtempSync(join(tmpdir(), 'rollcall-encodings-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const hosts = join(dir, 'hosts.yml');
writeFileSync(hosts, 'bucket: acme-backups\nhosts: { web: {} }\n');
const scratch = join(dir, 'scratch');
mkdirSync(scratch);
const listing = readFixture('field/region-fsn1.json');

const little = (text: string) => Buffer.from(text, 'utf16le');
const encodings: Readonly<Record<string, (text: string) => Buffer>> = {
  'UTF-8': (text) => Buffer.from(text),
  'UTF-8 with a mark': (text) => Buffer.from(`\ufeff${text}`),
  'UTF-16 of PowerShell': (text) => little(`\ufeff${text}`),
  'UTF-16 with a mark, the other way round': (text) => little(`\ufeff${text}`).swap16(),
  'UTF-16 without a mark': (text) => little(text),
  'UTF-16 without a mark, the other way round': (text) => little(text).swap16(),
};

async function check(bytes: Buffer, isPiped: boolean) {
  const file = join(dir, 'all.json');
  writeFileSync(file, bytes);
  const from = ['--listing', isPiped ? '-' : file];
  const at = ['--at', '2026-11-23T09:00:00Z'];
  const env = { TMPDIR: scratch };
  return runAlone(['check', '--hosts', hosts, ...from, ...at], env, isPiped ? bytes : '');
}

it('reads a named pipe once, as who writes into it is gone then', async () => {
  const pipe = join(dir, 'pipe');
  spawnSync('mkfifo', [pipe]);
  const written = writeFile(pipe, listing);
  writeFileSync(hosts, 'bucket: acme-backups\nhosts: { web: {} }\n');
  const args = ['check', '--hosts', hosts, '--listing', pipe, '--at', '2026-11-23T09:00:00Z'];
  const ran = await runAlone(args, { TMPDIR: scratch });
  await written;
  expect(ran.stdout).toContain('1 of 1 host ok');
});

it('says of a folder for copies that is not there which one it is, and not that the listing is', async () => {
  writeFileSync(hosts, 'bucket: acme-backups\nhosts: { web: {} }\n');
  const args = ['check', '--hosts', hosts, '--listing', '-'];
  const { status, stderr } = await startAlone(args, { TMPDIR: join(dir, 'none') }, listing);
  expect([status, stderr]).toEqual([
    3,
    expect.stringMatching(/cannot write \S+none: there is no such folder\n.*hint: .*TMPDIR=FOLDER/),
  ]);
});

describe.each([false, true])('a saved listing, piped: %s', (isPiped) => {
  it.each(Object.keys(encodings))('is read in %s', async (name) => {
    const text = listing.replaceAll('"web/', '"wéb€/');
    writeFileSync(
      hosts,
      'bucket: acme-backups\nhosts: { web: { target: s3://acme-backups/wéb€ } }\n',
    );
    const ran = await check(encodings[name]?.(text) ?? Buffer.of(), isPiped);
    expect(ran).toMatchObject({ status: 0, stderr: expect.not.stringContaining('error') });
    expect(ran.stdout).toContain('1 of 1 host ok');
    expect(readdirSync(scratch), 'nothing is left behind').toEqual([]);
  });

  it.each([
    ['cut within a letter', little(`\ufeff${listing}`).subarray(0, -1)],
    ['half of a pair at its end', little(`\ufeff${listing}\ud800`)],
    ['UTF-16 that does not begin as any text of ASCII', little(`\u20ac${listing}`)],
    ['a file of zeros', Buffer.alloc(64)],
  ])('is refused, with what to do, as %s', async (_, bytes) => {
    const { status, stderr } = await check(bytes, isPiped);
    expect(status).toBe(3);
    expect(stderr).toContain('is not a whole text in UTF-8 or UTF-16');
    expect(stderr).toContain('hint: save it again as UTF-8');
  });
});
