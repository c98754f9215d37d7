// A plugin of the framework: makes a few readable files of each function, with the config next to it, and looks before a deploy
// and a removal.
const { mkdir, rm, writeFile } = require('node:fs/promises');
const { join } = require('node:path');
const { build } = require('esbuild');
const { formatPackedConfig } = require('../../shared/config/config.ts');
const { readStackConfig } = require('./package-stack.ts');

const outDir = '.bundle';

// What a function loads before it runs: each cold start reads and compiles it. A dependency that is pulled in whole shows
// here first.
const MOST_KB = { 'check-hosts': 640, 'check-shard': 490, 'on-object': 590, janitor: 240 };

// Source: "AWS::Lambda::Function", CloudFormation Template Reference. The stage stands in each name.
const LONGEST_NAME = 64;

/**
 * Bundles before the framework zips what `package.patterns` of serverless.yml names, and prints how big each bundle is.
 * Throws for one that is over its bound, and for a stage that makes the name of a function too long.
 */
module.exports = class Bundle {
  static mostKb = MOST_KB;

  constructor(serverless, _, { log } = {}) {
    const bundle = async () => {
      refuseLongNames(Object.values(serverless.service.functions));
      // What is in each: the tests look into it.
      this.metafile = await bundleFunctions(serverless.serviceDir);
      for (const [name, most] of Object.entries(MOST_KB)) {
        const size = bytesAtStart(this.metafile, `${outDir}/${name}.mjs`);
        log?.notice(`${name}.mjs: starts with ${Math.ceil(size / 1000)} kB (at most ${most})`);
        if (size > most * 1000)
          throw new Error(`${name}.mjs is over ${most} kB: see what it pulls in`);
      }
    };
    // Loaded when they are needed: packaging takes no SDK and no credentials.
    let removal;
    this.hooks = {
      'before:package:createDeploymentArtifacts': bundle,
      'before:package:function:package': bundle,
      'before:deploy:deploy': () => require('./deploy-hook.ts').refuseBadDeploy(serverless, log),
      'before:remove:remove': async () => {
        removal = await require('./remove-hook.ts').prepareRemoval(serverless, log);
      },
      'after:remove:remove': () => removal?.printRest(),
      error: () => removal?.putBack(),
    };
  }
};

function refuseLongNames(functions) {
  const most = Math.max(...functions.map(({ name }) => name.length)) - LONGEST_NAME;
  if (most <= 0) return;
  const long = functions.filter(({ name }) => name.length > LONGEST_NAME).map(({ name }) => name);
  throw new Error(
    `Lambda takes no name of more than ${LONGEST_NAME} characters (${long.join(', ')}): ` +
      `choose a --stage that is ${most} shorter`,
  );
}

async function bundleFunctions(projectDir) {
  const out = join(projectDir, outDir);
  await rm(out, { recursive: true, force: true });
  await mkdir(out);
  const config = readStackConfig(projectDir, process.env);
  await writeFile(join(out, 'config.json'), formatPackedConfig(config));
  const built = await Promise.all(
    Object.keys(MOST_KB).map((name) => bundleFunction(projectDir, name)),
  );
  return { outputs: Object.assign({}, ...built.map(({ outputs }) => outputs)) };
}

/** What is imported when it is needed, as a channel's client, is a file next to it. */
async function bundleFunction(projectDir, name) {
  const { metafile } = await build({
    absWorkingDir: projectDir,
    entryPoints: [`functions/${name}.ts`],
    outdir: outDir,
    splitting: true,
    chunkNames: `${name}/[name]-[hash]`,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // The SDK is bundled, and in its ES modules: a third smaller, and a quarter faster to load.
    mainFields: ['module', 'main'],
    alias: { '@aws-sdk/credential-provider-node': './shared/aws/function-credentials.ts' },
    plugins: [httpWithoutFetch],
    // What is CommonJS inside asks for `require`, which an ES module does not have.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    // Not minified: a stack trace names functions, and an auditor can read what runs.
    minify: false,
    logLevel: 'warning',
    metafile: true,
  });
  return metafile;
}

/**
 * To import node:http as an ES module makes Node load its fetch, too: 20 ms of every run with a mail, as the library
 * that composes it does so.
 */
const httpWithoutFetch = {
  name: 'http-without-fetch',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^(?:node:)?http$/ }, () => ({ path: 'http', namespace: 'builtin' }));
    onLoad({ filter: /./, namespace: 'builtin' }, () => ({
      contents: "module.exports = process.getBuiltinModule('node:http');",
    }));
  },
};

/** The file and all that it imports at once. */
function bytesAtStart({ outputs }, file, seen = new Set()) {
  if (seen.has(file)) return 0;
  seen.add(file);
  const { bytes, imports } = outputs[file];
  return imports
    .filter(({ kind, external }) => kind === 'import-statement' && !external)
    .reduce((sum, { path }) => sum + bytesAtStart({ outputs }, path, seen), bytes);
}
