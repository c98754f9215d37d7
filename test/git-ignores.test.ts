import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const tree = mkdtempSync(join(tmpdir(), 'rollcall-ignores-'));
const git = (...words: string[]) =>
  spawnSync('git', words, {
    cwd: tree,
    env: { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
  }).status;
const ignored = (path: string) => git('check-ignore', '--quiet', '--', path);

beforeAll(() => {
  expect(git('init', '--quiet')).toBe(0);
  copyFileSync(join(root, '.gitignore'), join(tree, '.gitignore'));
});
afterAll(() => rmSync(tree, { recursive: true }));

const files = (folder: string, pattern: RegExp) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name));

/** Where commands are documented: the pages, and the help of the commands. docs/restore.md leaves the checkout first. */
const pages = [
  'README.md',
  'hosts.example.yml',
  ...files('docs', /\.md$/).filter((page) => page !== 'docs/restore.md'),
  ...files('scripts/rollcall', /\.ts$/),
  ...files('scripts/keys', /./),
  'scripts/rollcall.ts',
];

/** What a command in a line writes into the folder where it is run. */
function written(line: string): string[] {
  const first = (pattern: RegExp) => [...line.matchAll(pattern)].map(([, name = '']) => name);
  const keyFolders = [...first(/rollcall-keygen (?:[^|`]*? )?--out[= ]([\w./${}()-]+)/g)];
  return [
    ...first(/\s> ?([\w./-]*\w\.(?:json|yml|aws|key|csv|txt|html))\b/g),
    ...first(/\bcp hosts\.example\.yml ([\w./-]+)/g),
    ...first(/--credentials-file[= ]([\w/-]*\.[\w./-]+)/g),
    ...first(/\bs3api get-object [^|`]*? ([\w./-]+)\s*(?:#|$|`)/g),
    ...keyFolders.flatMap((name) => [`${name}/web.key`, `${name}/web.passphrase`]),
  ].filter((name) => !/^[/~$]|^[A-Z]+$|\$\{/.test(name));
}

const found = new Map<string, string>();
for (const page of pages) {
  const lines = readFileSync(join(root, page), 'utf8').replace(/\\\n\s*/g, ' ');
  for (const line of lines.split('\n')) {
    for (const name of written(line)) found.set(name, page);
  }
}

describe('.gitignore', () => {
  it('is held against commands that were found', () => {
    expect([...found.keys()]).toEqual(
      expect.arrayContaining([
        ...['hosts.yml', 'web.aws', 'web-key/web.key', 'web-key/web.passphrase'],
        ...['all.json', 'policy.json', 'batch.json', 'first-bytes'],
      ]),
    );
  });

  it.each([...found])('covers %s, which a command in %s writes', (name) => {
    expect(ignored(name)).toBe(0);
  });

  it.each([
    ['the config under other names', 'hosts.prod.yml'],
    ['a config that was being replaced when the command was killed', '.4711.hosts.yml'],
    ['answers of AWS about a bucket', 'policy.json'],
    ['answers of AWS about a bucket', 'lifecycle.json'],
    ['answers of AWS about a bucket', 'notification.json'],
    ['a saved listing', 'versions.json'],
    ['a report', 'report.json'],
    ['the keys of the AWS console', 'web_accessKeys.csv'],
    ['exported credentials', '.env'],
    ['exported credentials', 'credentials'],
    ['a key in a folder of its own', 'keys/web.key'],
    ['a passphrase', 'keys/web.passphrase'],
    ['an exported key', 'web.asc'],
    ['a host whose name has a slash', 'office_nas-key/office_nas.key'],
    ['the bundle of a deployment', '.serverless/cloudformation-template-update-stack.json'],
  ])('covers %s: %s', (_, name) => {
    expect(ignored(name)).toBe(0);
  });

  it.each([
    'package.json',
    'package-lock.json',
    'biome.json',
    'tsconfig.json',
    'hosts.example.yml',
    'README.md',
    'keys/web.pub.asc',
  ])('lets %s in', (name) => {
    expect(ignored(name)).toBe(1);
  });
});
