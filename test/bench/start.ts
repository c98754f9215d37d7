// How long a function takes to load: fresh processes, in turns, next to one that does nothing.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../../shared/duplicity/volumes.ts';
import { measure } from './contenders.ts';

type Plugin = new (serverless: {
  serviceDir: string;
  service: { functions: object };
}) => {
  hooks: Record<string, () => Promise<void>>;
};

const root = new URL('../..', import.meta.url).pathname;

/** Makes the bundles as a deployment does; answers their folder. */
export async function bundleFunctions(): Promise<string> {
  process.env.ROLLCALL_HOSTS ??= join(root, 'hosts.example.yml');
  const Bundle = createRequire(import.meta.url)('../../scripts/stack/bundle.cjs') as Plugin;
  const service = { functions: { one: { name: 'rollcall-bench' } } };
  const plugin = new Bundle({ serviceDir: root, service });
  await plugin.hooks['before:package:createDeploymentArtifacts']?.();
  return join(root, '.bundle');
}

/** One line a function: the CPU time until it is there, whole process, and how often that is an empty handler's. */
export async function measureStart(rounds: number): Promise<string[]> {
  const folder = await bundleFunctions();
  const scratch = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  const empty = join(scratch, 'empty.mjs');
  writeFileSync(empty, 'export const handler = async () => {};\n');
  const load = join(scratch, 'load.mjs');
  writeFileSync(load, 'await import(process.argv[2]);\nprocess.exit();\n');
  const bundles = readdirSync(folder).filter((name) => name.endsWith('.mjs'));
  const times = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const file of [empty, ...bundles.map((name) => join(folder, name))]) {
      const { cpuMs } = await measure([process.execPath, load, file], { env: process.env });
      times.set(file, [...(times.get(file) ?? []), cpuMs]);
    }
  }
  rmSync(scratch, { recursive: true });
  const base = times.get(empty) ?? [];
  return [
    `\n| function | CPU ms to load | times an empty handler (${median(base).toFixed(0)} ms) |`,
    '| --- | --: | --: |',
    ...bundles.map((name) => {
      const own = times.get(join(folder, name)) ?? [];
      const ratios = own.map((one, round) => one / (base[round] ?? 1));
      return `| ${name} | ${median(own).toFixed(0)} | ${median(ratios).toFixed(1)} |`;
    }),
  ];
}
