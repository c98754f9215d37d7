import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { fixturePath, readFixture } from '../support/recorded.ts';
import { runAlone, script } from './run-rollcall.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-head-'));
const run = (args: readonly string[]) => runAlone(args, process.env);

describe('rollcall explain --head', () => {
  type Recorded = { file: string; kind: string; recipients: string[]; symmetric: number };
  const heads = JSON.parse(readFixture('heads/index.json')) as Recorded[];
  const fileOf = ({ file }: Recorded) => fixturePath(`heads/${file}`);
  const [curve] = heads as [Recorded, ...Recorded[]];

  it('prints one line of JSON for each recorded head', async () => {
    const { stdout, status } = await run([
      'explain',
      '--format',
      'json',
      '--head',
      ...heads.map(fileOf),
    ]);
    expect(status).toBe(0);
    expect(stdout).toBe(
      heads
        .map(({ kind, recipients, symmetric }) => ({
          kind: kind === 'manifest-text' ? 'text' : kind,
          recipients,
          symmetric,
        }))
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(''),
    );
  });

  it.each([
    [
      'full-two-recipients',
      /"[^"]*": an encrypted .* key 3C3227771D10B285 and key C324971C893107E4$/,
    ],
    ['full-symmetric', /it opens with 1 passphrase$/],
    ['full-hidden-recipient', /it opens with a hidden key$/],
    ['full-no-encryption', /: (?:text|gzip); not encrypted/],
  ])('prints who can open %s', async (scenario, words) => {
    const files = heads.filter(({ file }) => file.startsWith(`${scenario}__`)).map(fileOf);
    const { stdout } = await run(['explain', '--head', ...files]);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(files.length);
    for (const line of lines) expect(line).toMatch(words);
  });

  it('names each file and each key to its end, however deep it lies', async () => {
    const deep = join(folder, ...Array<string>(12).fill('a-folder-of-many'));
    mkdirSync(deep, { recursive: true });
    const files = ['one.gpg', 'two.gpg'].map((name) => join(deep, name));
    for (const file of files) copyFileSync(fileOf(curve), file);
    const keys = files.map((file) => file.replace('.gpg', '/duplicity-full.20261120T021402Z.vol1'));
    const heads = await run(['explain', '--head', ...files]);
    const { stdout } = await run(['explain', ...keys]);
    for (const file of files) expect(heads.stdout).toContain(`"${file}": `);
    for (const key of keys) expect(stdout).toContain(`"${key}": `);
  });

  it('reads no more than it needs, also of an input that never ends', async () => {
    const child = spawn(process.execPath, [script, 'explain', '--head', '-', '--format', 'json']);
    child.stdin.on('error', () => undefined);
    const zeros = Buffer.alloc(65536);
    child.stdin.write(readFileSync(fileOf(curve)));
    const more = () => void (child.stdin.writable && child.stdin.write(zeros, more));
    more();
    expect(JSON.parse(await text(child.stdout))).toEqual({
      kind: 'openpgp',
      recipients: curve.recipients,
      symmetric: 0,
    });
    child.stdin.destroy();
  });

  it('reads any file without an error, and shows no name unescaped', async () => {
    const write = (name: string, bytes: readonly number[]) => {
      const file = join(folder, name);
      writeFileSync(file, Uint8Array.from(bytes));
      return file;
    };
    const files = [
      write('empty', []),
      write('short', [0x85, 0x02]),
      write('noise\u001b[2J', [0x00, 0xff, 0x13]),
      write('endless', [0xc1, 0xff, 0xff, 0xff, 0xff, 0xff, 3, ...Array(5000).fill(0x41)]),
    ];
    const json = await run(['explain', '--head', '--format', 'json', ...files]);
    expect(
      json.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).kind),
    ).toEqual(['empty', 'short', 'other', 'short']);
    const table = await run(['explain', '--head', ...files]);
    expect(table.stdout).toMatch(/^[\n -~]*$/);
    expect(table.stdout).toContain('noise\\u{1b}[2J": no encrypted OpenPGP message');
    expect(table.stdout).toContain('so far: key 4141414141414141');
  });

  it('reports what it could not read, after the earlier files', async () => {
    const { status, stdout, stderr } = await run([
      'explain',
      '--head',
      fileOf(curve),
      '/nowhere/x',
    ]);
    expect(status).toBe(3);
    expect(stdout).toMatch(/key B95D68253E90E86D\n$/);
    expect(stderr).toMatch(/cannot read "\/nowhere\/x": there is no such file\n.*hint: /);
    expect((await run(['explain', '--head', folder])).stderr).toContain('it is a folder');
    expect((await run(['explain', '--head'])).stderr).toContain('--head needs a file');
    expect((await run(['explain', '--head', '-', '-'])).stderr).toContain('only once');
  });
});
