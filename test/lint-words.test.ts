// The list of retired words finds what it is for, and lets ordinary English and stored names pass.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALLOWED, EXPORTED, findRetired, NAMES, PHRASES } from './lint-words.ts';

const FOLDERS = ['docs', 'functions', 'scripts', 'shared', 'test'];

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

  it.each(ALLOWED)('would find $name without its entry in the list: $because', (entry) => {
    const files = execFileSync('git', ['grep', '-lw', entry.name, '--', ...FOLDERS]).toString();
    const others = ALLOWED.filter((one) => one !== entry);
    const found = files
      .trim()
      .split('\n')
      .filter((file) => entry.in.test(file) && !file.startsWith('test/lint-words'))
      .flatMap((file) => findRetired(file, readFileSync(file, 'utf8'), others));
    expect(found.map(({ word }) => word)).toContain(entry.name);
  });
});
