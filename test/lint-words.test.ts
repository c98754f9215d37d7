// The list of retired words finds what it is for, and lets ordinary English and stored names pass.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALLOWED, EXPORTED, findRetired, NAMES, PHRASES } from './lint-words.ts';

describe('the lint of words', () => {
  it.each(PHRASES)('finds the retired phrase "$example" in prose', ({ example, plain }) => {
    const found = findRetired('docs/setup.md', `One line.\nHere it is: ${example}.\n`);
    expect(found).toContainEqual({ line: 2, word: expect.any(String), plain });
  });

  it.each(NAMES)('finds the retired word in the declared name $example', ({ example, plain }) => {
    for (const line of [`const ${example} = 1;`, `  readonly ${example}: string;`]) {
      expect(findRetired('scripts/x.ts', line)).toContainEqual({ line: 1, word: example, plain });
    }
  });

  it.each(EXPORTED)(
    'finds the retired verb of an exported name: $example',
    ({ example, plain }) => {
      expect(findRetired('shared/x.ts', example)[0]?.plain).toBe(plain);
      expect(findRetired('shared/x.ts', example.replace('export ', ''))).toEqual([]);
    },
  );

  it.each([
    'turn it off, or return to it in turn',
    'two keys that cannot be told apart',
    'S3 rolls keys up; Rollcall calls the roll of your backups',
    'below `seals/`, or with --ledger BUCKET',
    'the run ends; a key ring; the whole office/nas/ folder',
  ])('lets ordinary English and stored names pass: %s', (line) => {
    expect(findRetired('docs/setup.md', line)).toEqual([]);
  });

  it('checks only the title of a decision', () => {
    expect(findRetired('docs/adr/0099-x.md', '# A title\nthe ledger')).toEqual([]);
    expect(findRetired('docs/adr/0099-x.md', '# The ledger\n')).toHaveLength(1);
  });

  it.each(ALLOWED)('needs the allowed name $name: $because', (allowed) => {
    const files = execFileSync('git', [
      'ls-files',
      'docs',
      'functions',
      'scripts',
      'shared',
      'test',
    ]);
    const uses = files
      .toString()
      .split('\n')
      .filter((file) => /\.(ts|md)$/.test(file) && !/^test\/lint-words/.test(file))
      .filter((file) => allowed.in.test(file))
      .some((file) => RegExp(`\\b${allowed.name}\\b`).test(readFileSync(file, 'utf8')));
    expect(uses).toBe(true);
  });
});
