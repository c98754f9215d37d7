// The package as somebody gets it: what is in it, and that it runs where nothing else is.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../scripts/rollcall/command-line.ts';
import { fixturePath } from '../support/recorded.ts';

const root = new URL('../..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'rollcall-installed-'));
const about = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const prefix = join(folder, 'prefix');
const installed = join(prefix, 'lib/node_modules/rollcall');
const program = join(installed, 'dist/rollcall.mjs');
// Nothing can be fetched: an install that needs something else fails.
const env = {
  PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}`,
  HOME: folder,
  npm_config_registry: 'http://127.0.0.1:9/',
  npm_config_fetch_retries: '0',
  npm_config_cache: join(folder, 'cache'),
  npm_config_update_notifier: 'false',
};
let tarball = '';
let packed: string[] = [];

function run(command: string, args: readonly string[], cwd = folder): SpawnSyncReturns<string> {
  return spawnSync(command, args, { cwd, env, encoding: 'utf8' });
}

beforeAll(() => {
  const pack = run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], root);
  expect(pack.status, pack.stderr).toBe(0);
  const [{ filename, files }] = JSON.parse(pack.stdout);
  tarball = join(folder, filename);
  packed = files.map(({ path }: { path: string }) => path);
  const install = run('npm', ['install', '--global', '--prefix', prefix, tarball]);
  expect(install.status, install.stderr).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the package', () => {
  it('holds the command line, the kits, the docs and the licence, and nothing else', () => {
    const allowed =
      /^(?:dist\/rollcall\.(?:mjs|1)|dist\/lib\/[\w.-]+\.mjs|scripts\/(?:host|restore|keys)\/.*|docs\/.*\.md|docs\/metrics\/[\w.-]+|docs\/status-page\.png|LICENSE|README\.md|CHANGELOG\.md|hosts\.example\.yml|package\.json)$/;
    expect(packed.filter((path) => !allowed.test(path))).toEqual([]);
    expect(packed).toEqual(
      expect.arrayContaining([
        ...['dist/rollcall.mjs', 'LICENSE', 'README.md', 'CHANGELOG.md', 'hosts.example.yml'],
        ...['docs/runbook.md', 'scripts/host/install', 'scripts/restore/install'],
        ...['scripts/keys/rollcall-keygen'],
      ]),
    );
  });

  it('names no other package, and brings none', () => {
    expect(about.dependencies).toBeUndefined();
    expect(existsSync(join(installed, 'node_modules'))).toBe(false);
    expect(about.private).toBe(true);
  });

  it('is installed with the kits that its help points to, ready to run', () => {
    const help = run(join(prefix, 'bin/rollcall'), ['--help']);
    expect([help.status, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toContain(`are in ${installed}\n`);
    const kit = run(join(installed, 'scripts/host/install'), ['--help']);
    expect(kit.status, kit.stderr).toBe(0);
  });

  it('prints its help without loading any command: it starts with 12 kB', () => {
    const start = readFileSync(program, 'utf8');
    const imported = [...start.matchAll(/^(?:import|} from) "(\.[^"]+)"/gm)].map(([, file = '']) =>
      readFileSync(join(dirname(program), file), 'utf8'),
    );
    expect(start.length + imported.join('').length).toBeLessThan(12_000);
  });

  it('has a man page with the help of each command', () => {
    const page = readFileSync(join(installed, 'dist/rollcall.1'), 'utf8');
    const text = page.replaceAll('\\-', '-').replaceAll('\\e', '\\');
    expect(page).toMatch(/^\.TH ROLLCALL 1\n\.SH NAME\n/);
    expect(
      Object.keys(COMMANDS).filter((name) => !text.includes(`.SH "rollcall ${name}"\n`)),
    ).toEqual([]);
    expect(text).toContain('--listing FILE        a saved list-objects-v2');
    expect(page).not.toContain(root);
    // A line that begins so would be an order to the formatter.
    expect(page.match(/^[.'](?!TH|SH|nf|fi).*$/gm)).toBeNull();
  });

  it('runs by npx from the file', () => {
    const npx = run('npx', ['--yes', '--package', tarball, 'rollcall', '--version']);
    expect([npx.status, npx.stdout]).toEqual([0, `rollcall ${about.version}\n`]);
  });
});

/** From its own package on npm, as the project's Node is. */
function node22(): string {
  const dir = join(folder, 'node22');
  mkdirSync(dir);
  writeFileSync(join(dir, 'package.json'), '{ "allowScripts": { "node": true } }');
  const fetched = spawnSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--prefix', dir, 'node@22'],
    { cwd: dir, env: { ...process.env, PATH: env.PATH }, encoding: 'utf8' },
  );
  expect(fetched.status, fetched.stderr).toBe(0);
  return join(dir, 'node_modules/node/bin/node');
}

describe.each([
  ['24', () => process.execPath],
  ['22', node22],
])('the installed command on Node %s', (major, find) => {
  let node = '';
  beforeAll(() => {
    node = find();
  });

  it('is run by that Node', () => {
    expect(run(node, ['--version']).stdout).toMatch(new RegExp(`^v${major}\\.`));
  });

  it('judges a saved listing as the checkout does', () => {
    const hosts = join(folder, 'hosts.yml');
    writeFileSync(hosts, 'bucket: backups\nalerts: none\nhosts: { web-01: {} }\n');
    const listing = fixturePath('listings/full-rsa3072.json');
    const at = ['--at', '2026-11-23T12:00:00Z'];
    const args = ['check', '--hosts', hosts, '--listing', listing, ...at, '--json'];
    const [here, there] = [
      run(process.execPath, [join(root, 'scripts/rollcall.ts'), ...args]),
      run(node, [program, ...args]),
    ];
    expect([there.status, there.stdout, there.stderr]).toEqual([0, here.stdout, '']);
  });

  it('reaches out to AWS with the SDK that it brings', () => {
    const hosts = join(folder, 'hosts.yml');
    const args = ['check', '--hosts', hosts, '--endpoint-url', 'http://127.0.0.1:9'];
    const keys = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y', AWS_MAX_ATTEMPTS: '1' };
    const ran = spawnSync(node, [program, ...args], {
      env: { ...env, ...keys },
      encoding: 'utf8',
    });
    expect([ran.status, ran.stderr]).toEqual([3, '']);
    expect(ran.stdout).toMatch(/unreadable[\s\S]*check the network/);
  });

  it.each([['--help'], ['--version']])('answers %s within 2.5 times bare Node', (option) => {
    // In turn, and compared pair by pair, so that a busy machine is as busy for both.
    const times = Array.from({ length: 15 }, () => {
      const bare = timed(node, ['-e', '0']);
      return timed(node, [program, option]) / bare;
    });
    expect(median(times)).toBeLessThan(2.5);
  });
});

function timed(command: string, args: readonly string[]): number {
  const begun = performance.now();
  expect(run(command, args).status).toBe(0);
  return performance.now() - begun;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
