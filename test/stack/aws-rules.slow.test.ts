// The same rules for the whole template, with what the framework puts into it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyProject } from '../support/project-copy.ts';
import { type Config, configOf, functionsOf, regionOf, stackFor } from './aws-rules/configs.ts';
import type { Raw } from './aws-rules/rule.ts';
import { findAll } from './aws-rules/rules.ts';

const workers = { ROLLCALL_HOSTS_A_RUN: '2' };

/** What `serverless package` writes: the first template makes the bucket for the zips, the second all the rest. */
async function packageConfig(config: Config, stage: string): Promise<{ create: Raw; update: Raw }> {
  const project = copyProject(configOf(config), { emptyBundles: true });
  const read = (kind: string): Raw => {
    const file = `.serverless/cloudformation-template-${kind}-stack.json`;
    return JSON.parse(readFileSync(join(project.dir, file), 'utf8'));
  };
  try {
    await project.sls(['package', '--stage', stage], config.env);
    return { create: read('create'), update: read('update') };
  } finally {
    project.remove();
  }
}

describe('the template that the framework writes', () => {
  it.each<[string, Config, string]>([
    ['the smallest config', {}, 'prod'],
    ['an existing bucket in GovCloud', { lines: ['existing: true'], region: 'us-gov-west-1' }, 'x'],
    ['a janitor in China', { lines: ['keepLastGood: true'], region: 'cn-north-1' }, 'prod'],
    [
      'workers, a janitor and the longest stage',
      { lines: ['keepLastGood: true'], hosts: 3, env: workers },
      // A function's name has 64 characters, of which "rollcall-" and "-check-hosts" are 21.
      's'.repeat(43),
    ],
  ])('breaks no rule of AWS for %s', async (_, config, stage) => {
    const { create, update } = await packageConfig(config, stage);
    for (const raw of [create, update]) expect(findAll(raw, regionOf(config))).toEqual([]);
    const functions = Object.values(update.Resources).filter(
      ({ Type }) => Type === 'AWS::Lambda::Function',
    );
    const standIns = functionsOf(stackFor(config));
    expect(update.Resources).toMatchObject(standIns);
    expect(functions.length * 2).toBe(Object.keys(standIns).length);
  });
});
