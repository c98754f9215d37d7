// What a newcomer is told to run and to read, and what CI runs: each command, option and path is there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { COMMANDS } from '../scripts/rollcall/command-line.ts';

const root = new URL('..', import.meta.url).pathname;
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
const suites = [...read('test/suites.ts').matchAll(/^ {2}(\w+): \{/gm)].map(([, name]) => name);
const filesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));

const told = [
  ...['README.md', 'CONTRIBUTING.md', 'CODE_OF_CONDUCT.md', 'SECURITY.md'],
  ...['.github', '.ci', '.githooks'].flatMap(filesIn),
].map((file) => ({ file, text: read(file) }));

describe.each(told)('$file', ({ text }) => {
  it('names scripts of package.json, with options that they read', () => {
    const calls = text.matchAll(/\bnpm (ci|test|run (?:--silent )?[\w:-]+)(?: -- --([a-z-]+))?/g);
    for (const [call, words = '', option = ''] of calls) {
      const name = words.replace(/^run (?:--silent )?/, '');
      if (name === 'ci') continue;
      expect(scripts, call).toHaveProperty([name]);
      const [program = 'package.json'] = /\S+\.ts/.exec(scripts[name] ?? '') ?? [];
      expect(read(program), call).toContain(option);
    }
  });

  it('names suites that there are', () => {
    for (const [call, names = ''] of text.matchAll(/\btest\/suites\.ts((?: [a-z]\w+)+)/g))
      expect(suites, call).toEqual(expect.arrayContaining(names.trim().split(' ')));
  });

  it('names files that are there', () => {
    const paths = text.matchAll(
      /(?<![\w/.-])((?:\.ci|\.githooks|\.github|docs|functions|scripts|shared|test)\/[\w./-]*\w|[A-Z_]{3,}\.md|hosts\.example\.yml)/g,
    );
    expect(
      [...paths].map(([path]) => path).filter((path) => !existsSync(join(root, path))),
    ).toEqual([]);
  });

  it('names commands of rollcall, with options that they take', async () => {
    for (const [call, name = '', words = ''] of text.matchAll(
      /(?:`|\bnpx )rollcall ([a-z][\w-]*)([^`\n]*)/g,
    )) {
      if (name === 'help') continue;
      expect(COMMANDS, call).toHaveProperty([name]);
      const help = (await COMMANDS[name]?.load())?.help;
      for (const [option] of words.matchAll(/--[a-z-]+/g)) expect(help, call).toContain(option);
    }
  });
});

it('has dependabot look where the versions are', () => {
  const { updates } = parse(read('.github/dependabot.yml')) as {
    updates: { 'package-ecosystem': string; directory: string }[];
  };
  const where = { npm: 'package.json', 'github-actions': '.github/workflows' };
  for (const { 'package-ecosystem': kind, directory } of updates)
    expect(existsSync(join(root, directory, where[kind as keyof typeof where])), kind).toBe(true);
  expect(updates).not.toEqual([]);
});
