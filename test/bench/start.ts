// How long a function takes to load, beside one that does nothing: fresh processes, in turns, as a cold start is.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../../shared/duplicity/volumes.ts';

type Plugin = new (serverless: {
  serviceDir: string;
}) => { hooks: Record<string, () => Promise<void>> };

/** One line a function: its size, and the time to import it. */
export async function measureStart(turns: number): Promise<string[]> {
  const root = new URL('../..', import.meta.url).pathname;
  const scratch = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  const empty = join(scratch, 'empty.mjs');
  writeFileSync(empty, 'export const handler = async () => {};\n');
  process.env.ROLLCALL_HOSTS ??= join(root, 'hosts.example.yml');
  const Bundle = createRequire(import.meta.url)('../../scripts/stack/bundle.cjs') as Plugin;
  await new Bundle({ serviceDir: root }).hooks['before:package:createDeploymentArtifacts']?.();
  const files = [empty, ...['check-hosts', 'on-object'].map((n) => join(root, `.bundle/${n}.mjs`))];
  const times = files.map((): number[] => []);
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [place, file] of files.entries()) times[place]?.push(importMs(file));
  }
  const [base = 1, ...ours] = times.map(median);
  rmSync(scratch, { recursive: true });
  return ours.map((ms, place) => {
    const file = files[place + 1] ?? '';
    const name = file.split('/').at(-1);
    return `| ${name} | ${Math.round(statSync(file).size / 1000)} | ${ms.toFixed(0)} | ${(ms / base).toFixed(1)} |`;
  });
}

/** The whole process, from its start until the module is there: what is left of it is Node's own. */
function importMs(file: string): number {
  const program = `await import(process.argv[1]); process.stdout.write(String(performance.now()))`;
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', program, file]);
  return Number(said.toString());
}
