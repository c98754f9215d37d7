// How long a function takes to load: fresh processes, in turns, as a cold start is. Next to it one that does nothing, and the
// same function with the SDK as files next to it, as Lambda's runtime has a copy of it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { median } from '../../shared/duplicity/volumes.ts';

type Plugin = new (serverless: {
  serviceDir: string;
}) => { hooks: Record<string, () => Promise<void>> };

const root = new URL('../..', import.meta.url).pathname;

/** One line a function: its size, and the time until it is there. */
export async function measureStart(rounds: number): Promise<string[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  const empty = join(scratch, 'empty.mjs');
  writeFileSync(empty, 'export const handler = async () => {};\n');
  process.env.ROLLCALL_HOSTS ??= join(root, 'hosts.example.yml');
  const Bundle = createRequire(import.meta.url)('../../scripts/stack/bundle.cjs') as Plugin;
  await new Bundle({ serviceDir: root }).hooks['before:package:createDeploymentArtifacts']?.();
  const bundles = readdirSync(join(root, '.bundle')).filter((name) => name.endsWith('.mjs'));
  await bundleWithoutSdk(scratch, bundles);

  const ours = bundles.map((name) => join(root, '.bundle', name));
  const theirs = bundles.map((name) => join(scratch, name));
  const times = timesOf([empty, ...ours, ...theirs], rounds);
  const base = times.get(empty) ?? 1;
  const lines = bundles.map((name, place) => {
    const [own, other] = [times.get(ours[place] ?? ''), times.get(theirs[place] ?? '')];
    const bytes = statSync(ours[place] ?? '').size;
    return `| ${name} | ${Math.round(bytes / 1000)} | ${own?.toFixed(0)} | ${((own ?? 0) / base).toFixed(1)} | ${other?.toFixed(0)} | ${((other ?? 0) / base).toFixed(1)} |`;
  });
  rmSync(scratch, { recursive: true });
  return [
    `| bundle | kB | load ms | times an empty handler (${base.toFixed(0)} ms) | with the SDK as files, ms | times an empty handler |`,
    '| --- | --: | --: | --: | --: | --: |',
    ...lines,
  ];
}

/** The same functions, but the SDK is left where it is. */
async function bundleWithoutSdk(folder: string, bundles: readonly string[]): Promise<void> {
  await build({
    entryPoints: bundles.map((name) => join(root, 'functions', name.replace('.mjs', '.ts'))),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['@aws-sdk/*'],
    mainFields: ['module', 'main'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
}

/** In turns, so that what else the machine does falls on all of them alike. */
function timesOf(files: readonly string[], rounds: number): ReadonlyMap<string, number> {
  const times = new Map(files.map((file): [string, number[]] => [file, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const file of files) times.get(file)?.push(importMs(file));
  }
  return new Map([...times].map(([file, all]) => [file, median(all)]));
}

/** The whole process, from its start until the module is there: what is left of it is Node's own. */
function importMs(file: string): number {
  const program = `await import(process.argv[1]); process.stdout.write(String(performance.now()))`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program, file]);
  return Number(printed.toString());
}
