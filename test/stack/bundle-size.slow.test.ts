import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyProject } from '../support/project-copy.ts';

type Plugin = {
  readonly mostKb: Record<string, number>;
  new (
    serverless: { serviceDir: string; service: { functions: Record<string, { name: string }> } },
    options: object,
    printed: { log: { notice: (line: string) => void } },
  ): { hooks: Record<string, () => Promise<void>>; metafile?: Metafile };
};

const Bundle = createRequire(import.meta.url)('../../scripts/stack/bundle.cjs') as Plugin;
const config =
  'bucket: acme-backups\nalerts: { from: b@example.net, mail: [ops@example.net] }\nhosts: { web: {} }\n';

describe('the bundle', () => {
  const project = copyProject(config);
  const folder = join(project.dir, '.bundle');
  const names = Object.keys(Bundle.mostKb);
  const printed: string[] = [];
  const bundle = async (name = 'rollcall-prod-check-hosts') => {
    const log = { notice: (line: string) => printed.push(line) };
    const service = { functions: { checkHosts: { name } } };
    const plugin = new Bundle({ serviceDir: project.dir, service }, {}, { log });
    await plugin.hooks['before:package:createDeploymentArtifacts']?.();
    return plugin.metafile;
  };

  let metafile: Metafile | undefined;
  beforeAll(async () => {
    metafile = await bundle();
  });
  afterAll(project.remove);

  /** The files that a function loads before it runs: its own, and what that imports at once. */
  const filesAtStart = (file: string, seen = new Set<string>()): Set<string> => {
    seen.add(file);
    for (const { path, kind, external } of metafile?.outputs[file]?.imports ?? []) {
      const isNew = kind === 'import-statement' && !external && !seen.has(path);
      if (isNew) filesAtStart(path, seen);
    }
    return seen;
  };
  const packagesAtStart = (name: string) => {
    const files = [...filesAtStart(`.bundle/${name}.mjs`)];
    const inputs = files.flatMap((file) => Object.entries(metafile?.outputs[file]?.inputs ?? {}));
    return inputs.flatMap(([input, { bytesInOutput }]) =>
      bytesInOutput === 0 ? [] : (/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []),
    );
  };

  it.each(names)(
    'of %s is said to start with as much as it does, and is within its bound',
    (name) => {
      const sizes = [...filesAtStart(`.bundle/${name}.mjs`)].map(
        (file) => metafile?.outputs[file]?.bytes ?? 0,
      );
      const kb = Math.ceil(sizes.reduce((a, b) => a + b) / 1000);
      expect(printed).toContain(
        `${name}.mjs: starts with ${kb} kB (at most ${Bundle.mostKb[name]})`,
      );
      expect(kb).toBeLessThanOrEqual(Bundle.mostKb[name] ?? 0);
    },
  );

  it.each(names)('of %s parses JSON by its schemas, and no YAML', (name) => {
    expect(packagesAtStart(name)).toContain('valibot');
    expect(packagesAtStart(name)).not.toContain('yaml');
  });

  it.each(names)('of %s starts without any client of the SDK: most runs send nothing', (name) => {
    const packages = packagesAtStart(name);
    expect(packages.filter((one) => one.startsWith('@aws-sdk/'))).toEqual([]);
    expect(packages).toContain('@smithy/signature-v4');
  });

  it('is a file for each function, a folder of what it loads when it needs it, and the config', () => {
    expect(readdirSync(folder).sort()).toEqual(
      [...names, ...names.map((name) => `${name}.mjs`), 'config.json'].sort(),
    );
  });

  it('is not made for a stage that makes the name of a function longer than Lambda takes', async () => {
    const named = (stage: string) => bundle(`rollcall-${stage}-check-hosts`);
    await expect(named('s'.repeat(43))).resolves.toBeDefined();
    await expect(named('s'.repeat(45))).rejects.toThrow('choose a --stage that is 2 shorter');
  });

  it('is not made where one is over its bound', async () => {
    const { janitor = 0 } = Bundle.mostKb;
    Bundle.mostKb.janitor = 1;
    try {
      await expect(bundle()).rejects.toThrow('janitor.mjs is over 1 kB: see what it pulls in');
    } finally {
      Bundle.mostKb.janitor = janitor;
    }
  });
});
