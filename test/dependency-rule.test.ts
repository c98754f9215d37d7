import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const tree = mkdtempSync(join(tmpdir(), 'rollcall-rules-'));
afterAll(() => rmSync(tree, { recursive: true }));

const importing = (from: string) => `import * as x from '${from}';\nexport const y = x;\n`;
const exporting = (edge: string) => `export const y = ${edge};\n`;
const PURE = ['duplicity', 'openpgp', 'config', 'rules', 'messages', 'doctor', 'monitor'];
const EDGES = ['new Date()', 'Date.now()', 'process.env.HOME'];

const forbidden: [folder: string, text: string][] = [
  ['shared/duplicity', importing('../rules/judge.ts')],
  ['shared/duplicity', importing('node:fs')],
  ['shared/openpgp', importing('../duplicity/time.ts')],
  ['shared/config', importing('../rules/judge.ts')],
  ['shared/rules', importing('../messages/report.ts')],
  ['shared/rules', importing('../aws/s3-listing.ts')],
  ['shared/messages', importing('../monitor/notify.ts')],
  ['shared/messages', importing('@aws-sdk/client-sns')],
  ['shared/monitor', importing('../aws/s3-listing.ts')],
  ['shared/monitor', importing('@aws-sdk/client-s3')],
  ['shared/monitor', importing('@smithy/signature-v4')],
  ['shared/doctor', importing('../aws/deployed-stack.ts')],
  ['shared/doctor', importing('../monitor/notify.ts')],
  ['shared/monitor', importing('../channels/webhook.ts')],
  ['shared/monitor', importing('../stores/s3-records.ts')],
  ['scripts/stack', importing('../rollcall/terminal.ts')],
  ['scripts/stack', importing('@aws-sdk/client-s3')],
  ['functions', importing('@aws-sdk/client-s3')],
  ['functions', importing('@smithy/signature-v4')],
  ['scripts/rollcall', importing('@aws-sdk/client-s3')],
  ...PURE.flatMap((folder) =>
    EDGES.map((edge): [string, string] => [`shared/${folder}`, exporting(edge)]),
  ),
];
const allowed: [folder: string, text: string][] = [
  ['shared/config', importing('../duplicity/file-name.ts')],
  ['shared/rules', importing('../duplicity/time.ts')],
  ['shared/messages', importing('../rules/judge.ts')],
  ['shared/monitor', importing('../messages/report.ts')],
  ['shared/doctor', importing('../messages/plain-text.ts')],
  ['shared/aws', importing('@aws-sdk/client-s3')],
  ['shared/aws', importing('@smithy/signature-v4')],
  ['shared/channels', importing('@aws-sdk/client-sns')],
  ['shared/stores', importing('@aws-sdk/client-s3')],
  ['functions', importing('../shared/monitor/notify.ts')],
  ['functions', exporting('Date.now()')],
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
