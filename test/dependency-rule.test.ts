import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const tree = mkdtempSync(join(tmpdir(), 'rollcall-rules-'));
afterAll(() => rmSync(tree, { recursive: true }));

const importing = (from: string) => `import * as x from '${from}';\nexport const y = x;\n`;
const saying = (edge: string) => `export const y = ${edge};\n`;
const PURE = ['duplicity', 'openpgp', 'roster', 'verdict', 'report', 'doctor', 'check'];
const EDGES = ['new Date()', 'Date.now()', 'process.env.HOME'];

const forbidden: [folder: string, text: string][] = [
  ['shared/duplicity', importing('../verdict/judge.ts')],
  ['shared/duplicity', importing('node:fs')],
  ['shared/openpgp', importing('../duplicity/time.ts')],
  ['shared/roster', importing('../verdict/judge.ts')],
  ['shared/verdict', importing('../report/report.ts')],
  ['shared/verdict', importing('../aws/list-objects.ts')],
  ['shared/report', importing('../check/deliver.ts')],
  ['shared/report', importing('@aws-sdk/client-sns')],
  ['shared/check', importing('../aws/list-objects.ts')],
  ['shared/check', importing('@aws-sdk/client-s3')],
  ['shared/doctor', importing('../aws/read-stack.ts')],
  ['shared/doctor', importing('../check/deliver.ts')],
  ['functions', importing('@aws-sdk/client-s3')],
  ['scripts/rollcall', importing('@aws-sdk/client-s3')],
  ...PURE.flatMap((folder) =>
    EDGES.map((edge): [string, string] => [`shared/${folder}`, saying(edge)]),
  ),
];
const allowed: [folder: string, text: string][] = [
  ['shared/roster', importing('../duplicity/file-name.ts')],
  ['shared/verdict', importing('../duplicity/time.ts')],
  ['shared/report', importing('../verdict/judge.ts')],
  ['shared/check', importing('../report/report.ts')],
  ['shared/doctor', importing('../report/plain-text.ts')],
  ['shared/aws', importing('@aws-sdk/client-s3')],
  ['functions', importing('../shared/check/deliver.ts')],
  ['functions', saying('Date.now()')],
];

/** The paths in which Biome finds an error, of one file for each case. */
function lint(): string {
  cpSync(join(root, 'biome.json'), join(tree, 'biome.json'));
  cpSync(join(root, '.biome'), join(tree, '.biome'), { recursive: true });
  for (const [index, [folder, text]] of [...forbidden, ...allowed].entries()) {
    const file = join(tree, folder, `case-${index}.ts`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const { stdout } = spawnSync(
    join(root, 'node_modules/.bin/biome'),
    ['lint', '--vcs-enabled=false', '--max-diagnostics=none', '--reporter=json', '.'],
    { cwd: tree, encoding: 'utf8' },
  );
  return stdout;
}

describe('the dependency rule', () => {
  const found = lint();
  const isRefused = (index: number) => found.includes(`/case-${index}.ts"`);

  it.each(forbidden.map(([folder, text], index) => ({ folder, text, index })))(
    'refuses in $folder: $text',
    ({ index }) => expect(isRefused(index)).toBe(true),
  );

  it.each(allowed.map(([folder, text], index) => ({ folder, text, index })))(
    'allows in $folder: $text',
    ({ index }) => expect(isRefused(forbidden.length + index)).toBe(false),
  );
});
