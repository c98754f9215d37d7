// The shape of the tree, as docs/architecture.md has it: a file is one step of the flow, and has a name of its own.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const product = ['functions', 'shared', 'scripts'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
);
const linesOf = (file: string) => read(file).split('\n').length - 1;

/** Every file that one file imports as it starts, and what those import; not what is loaded when it is needed. */
function reach(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, target = ''] of read(file).matchAll(/(?:from|import)\s*'(\.[^']+)'/g))
    reach(normalize(join(dirname(file), target)), seen);
  return seen;
}

describe('the tree of the product', () => {
  it('has at most 190 files, of a median of 100 to 150 lines', () => {
    const lines = product.map(linesOf).sort((a, b) => a - b);
    expect(lines.length).toBeLessThanOrEqual(190);
    expect(lines[lines.length >> 1]).toBeGreaterThanOrEqual(100);
    expect(lines[lines.length >> 1]).toBeLessThanOrEqual(150);
  });

  it('has no file of over 400 lines', () => {
    expect(product.filter((file) => linesOf(file) > 400)).toEqual([]);
  });

  it('has no two files of one name', () => {
    const names = product.map((file) => basename(file));
    expect(names.filter((name, at) => names.indexOf(name) < at)).toEqual([]);
  });

  it('has no file that only forwards', () => {
    const isForward = (file: string) =>
      read(file)
        .split('\n')
        .every((line) => /^\s*(?:\/\/.*|export .* from .*|)$/.test(line));
    // It stands in for a package of the SDK in the functions' bundles, by its path.
    const excused = ['shared/aws/function-credentials.ts'];
    expect(product.filter((file) => isForward(file) && !excused.includes(file))).toEqual([]);
  });

  it("lets the schedule's function reach at most 75 files as it starts", () => {
    expect(reach('functions/check-hosts.ts').size).toBeLessThanOrEqual(75);
  });
});
