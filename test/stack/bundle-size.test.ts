import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyProject } from '../support/project-copy.ts';

type Plugin = new (serverless: {
  serviceDir: string;
}) => { hooks: Record<string, () => Promise<void>> };

const roll =
  'bucket: acme-backups\nalerts: { from: b@example.net, mail: [ops@example.net] }\nhosts: { web: {} }\n';

// Every kilobyte is read and compiled at each cold start. A dependency that is pulled in whole shows here first.
const BOUNDS = {
  'check-hosts.mjs': 1_500_000,
  'on-object.mjs': 1_300_000,
  'janitor.mjs': 1_300_000,
};

describe('the bundle', () => {
  const project = copyProject(roll);
  const folder = join(project.dir, '.bundle');

  beforeAll(async () => {
    const Bundle = createRequire(import.meta.url)('../../scripts/stack/bundle.cjs') as Plugin;
    const { hooks } = new Bundle({ serviceDir: project.dir });
    await hooks['before:package:createDeploymentArtifacts']?.();
  });
  afterAll(project.remove);

  it.each(Object.entries(BOUNDS))('of %s stays under %i bytes', (file, bound) => {
    expect(statSync(join(folder, file)).size).toBeLessThan(bound);
  });

  it('is one file for each function, and the roll with its keys', () => {
    expect(readdirSync(folder).sort()).toEqual(
      [...Object.keys(BOUNDS), 'hosts.yml', 'keys.json'].sort(),
    );
  });
});
