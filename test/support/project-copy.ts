// The project in a folder of its own, so that two tests can package at the same time.
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runProgram } from './run-program.ts';

const project = resolve(import.meta.dirname, '../..');

/** Runs `sls` with these words; rejects unless it ends well. Answers all that it printed. */
export type Sls = (words: readonly string[], env?: NodeJS.ProcessEnv) => Promise<string>;

// In the place of the plugin that bundles: a template is the same, whatever is in the zips, and four times as fast.
const EMPTY_BUNDLES = `const { mkdirSync, writeFileSync } = require('node:fs');
module.exports = class {
  constructor() {
    const bundle = () => {
      mkdirSync('.bundle', { recursive: true });
      for (const name of ['config.json', 'check-hosts.mjs', 'check-shard.mjs', 'on-object.mjs', 'janitor.mjs'])
        writeFileSync(\`.bundle/\${name}\`, '');
    };
    this.hooks = { 'before:package:createDeploymentArtifacts': bundle };
  }
};
`;

/**
 * A copy of what a deployment is made of, with this config in it; `remove` takes it away again. With `emptyBundles`
 * only the template is worth reading.
 */
export function copyProject(
  configText: string,
  { emptyBundles = false } = {},
): { dir: string; sls: Sls; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-'));
  // Copied and not linked: the framework takes no link for serverless.yml, and the plugin bundles
  // what lies around it.
  cpSync(join(project, 'serverless.yml'), join(dir, 'serverless.yml'));
  cpSync(join(project, 'scripts/stack'), join(dir, 'scripts/stack'), { recursive: true });
  for (const linked of [
    'dist',
    'functions',
    'shared',
    'scripts/build.ts',
    'scripts/public-key-file.ts',
    'scripts/rollcall',
    'scripts/rollcall.ts',
    'node_modules',
    'package.json',
  ]) {
    symlinkSync(join(project, linked), join(dir, linked));
  }
  writeFileSync(join(dir, 'hosts.yml'), configText);
  if (emptyBundles) writeFileSync(join(dir, 'scripts/stack/bundle.cjs'), EMPTY_BUNDLES);
  const bin = join(project, 'node_modules/.bin');
  return {
    dir,
    sls: (words, env) =>
      runProgram(join(bin, 'sls'), words, {
        cwd: dir,
        env: { PATH: `${bin}:${process.env.PATH}`, HOME: dir, ...env },
      }),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
