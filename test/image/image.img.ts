// The Dockerfile, built and run as compose.yml says: without root, with nothing to write but its state, and its health.
import { chownSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { putOldFulls, writeHostsFile } from '../support/missing-hosts.ts';
import type { ProgramError } from '../support/run-program.ts';
import { openPodman, type Podman } from './podman.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const TAG = 'localhost/rollcall-test';
const NAME = `rollcall-${process.pid}`;
const IN_IMAGE = ['node', '/app/dist/rollcall.mjs'];
/** What else it takes here: the servers of the test are on the loopback, and no limit is above this machine's. */
const HERE = ['--network=host', '--ulimit=nofile=1024:4096', '--ulimit=nproc=1024:1024'];
const LOGIN: Parameters<typeof startMailServer>[0] = {
  ...{ authOptional: false, allowInsecureAuth: true },
  onAuth: ({ username = '', password }, _, done) =>
    done(password === 'pass word' ? null : new Error('no'), { user: username }),
};
let engine: Podman;
let aws: LocalAws;
let mail: MailServer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-image-'));
  [aws, mail] = await Promise.all([startLocalAws(), startMailServer(LOGIN)]);
  putOldFulls(aws, ['web']);
  const [base = ''] = /(?<=^FROM )\S+/m.exec(read('Dockerfile')) ?? [];
  engine = await openPodman(base);
  await engine.build(root, TAG);
  cpSync(join(root, 'compose.yml'), join(folder, 'compose.yml'));
  const { accessKeyId, secretAccessKey } = aws.credentials;
  writeFileSync(
    join(folder, 'store.env'),
    `AWS_ACCESS_KEY_ID=${accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`,
    { mode: 0o600 },
  );
  writeConfig('ops@example.net');
});
afterAll(async () => {
  await engine?.podman('rm', '--force', '--time=1', NAME).catch(() => undefined);
  engine?.remove();
  await Promise.all([aws?.close(), mail?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

function writeConfig(to: string): void {
  const login = ', user: backups, passwordFile: smtp-password';
  writeHostsFile(folder, { aws, mail, hosts: ['web'], to, login });
  writeFileSync(join(folder, 'smtp-password'), 'pass word\n', { mode: 0o600 });
  // As docs/setup-anywhere.md says.
  for (const name of ['hosts.yml', 'smtp-password']) chownSync(join(folder, name), 1000, 1000);
}

/** Each key of the service as an option of podman's. Throws for one that is not known here. */
function optionsOf(service: Record<string, unknown>): string[] {
  return Object.entries(service).flatMap(([key, value]) => {
    switch (key) {
      // Who starts it again, and what is process 1, is the engine's; how long it may take to end, each stop's.
      case 'build':
      case 'restart':
      case 'init':
      case 'stop_grace_period':
        return [];
      case 'read_only':
        return [`--read-only=${value}`];
      case 'cap_drop':
        return (value as string[]).map((one) => `--cap-drop=${one.toLowerCase()}`);
      case 'security_opt':
        return (value as string[]).map((one) => `--security-opt=${one.split(':')[0]}`);
      case 'mem_limit':
        return [`--memory=${value}`];
      case 'env_file':
        return [`--env-file=${join(folder, String(value))}`];
      case 'volumes':
        return (value as string[]).map((one) => `--volume=${one.replace(/^\.\//, `${folder}/`)}`);
      default:
        throw new Error(`compose.yml has ${key}, which this test does not know`);
    }
  });
}

const start = () => {
  const { rollcall } = parse(readFileSync(join(folder, 'compose.yml'), 'utf8')).services;
  const words = ['run', '--detach', '--name', NAME, '--read-only-tmpfs=false'];
  return engine.podman(...words, ...optionsOf(rollcall), ...HERE, TAG);
};
const inside = (...words: string[]) => engine.podman('exec', NAME, ...words);
async function logs(words: RegExp): Promise<string> {
  for (let tries = 0; tries < 120; tries += 1, await sleep(500)) {
    const said = await engine.podman('logs', NAME);
    if (words.test(said)) return said;
  }
  throw new Error(`never said ${words}: ${await engine.podman('logs', NAME)}`);
}
/** The health check of the image, as an engine runs it. */
const health = () =>
  engine.podman('healthcheck', 'run', NAME).then(
    () => 0,
    (error: ProgramError) => error.status,
  );

it('is built from the Dockerfile, with its user, health and command', async () => {
  const [{ Config, Healthcheck }] = JSON.parse(await engine.podman('inspect', TAG));
  expect(Config).toMatchObject({ User: 'node', Entrypoint: IN_IMAGE });
  expect(Config.Cmd).toEqual(['run', '--every', '15m']);
  expect((Healthcheck ?? Config.Healthcheck).Test).toContain('--healthy-within');
  console.log(`the base image was ${engine.base}`);
});

it('runs as compose.yml says: the alarm arrives, and it is healthy', async () => {
  await start();
  expect(await logs(/judged 1/)).toMatch(/judged 1: 0 ok, 0 with warnings, 1 failed; sent: alert/);
  expect(mail.withSubject('web MISSING')).toHaveLength(1);
  expect(await health()).toBe(0);
});

it('runs without root, and can write nothing but its state', async () => {
  expect((await inside('id', '-u')).trim()).toBe('1000');
  const write = (file: string) =>
    inside('node', '-e', `require('node:fs').writeFileSync('${file}', '')`).then(
      () => 'written',
      ({ printed }: ProgramError) => /E[A-Z]+/.exec(printed.replaceAll('Error', ''))?.[0],
    );
  for (const file of ['/app/x', '/tmp/x', '/home/node/x', '/etc/rollcall/hosts.yml']) {
    expect(await write(file), file).toMatch(/^E(?:ROFS|ACCES)$/);
  }
  expect(await inside('cat', '/proc/1/status')).toMatch(/^CapEff:\s0+$/m);
  expect(await inside('cat', '/proc/1/status')).toMatch(/^NoNewPrivs:\s1$/m);
  const mode = await inside('stat', '-c', '%a', '/var/lib/rollcall');
  expect(mode.trim()).toBe('700');
});

it('is well by the doctor, as the docs call it', async () => {
  const said = await inside(...IN_IMAGE, 'doctor').catch(({ printed }: ProgramError) => printed);
  for (const check of ['state', 'last run', 'mail server']) {
    expect(said).toMatch(new RegExp(`^ok +${check} `, 'm'));
  }
});

it('ends when it is told to, and remembers in its volume', async () => {
  await engine.podman('stop', '--time=60', NAME);
  const [{ State }] = JSON.parse(await engine.podman('inspect', NAME));
  expect(State.ExitCode).toBe(0);
  await engine.podman('rm', NAME);
  await start();
  await logs(/no host was due; nothing to send/);
  expect(mail.withSubject('web MISSING')).toHaveLength(1);
});

it('is not healthy where no run went well', async () => {
  await engine.podman('rm', '--force', '--time=10', NAME);
  await engine.podman('volume', 'rm', 'state');
  mail.refused.add('gone@example.net');
  writeConfig('gone@example.net');
  await start();
  expect(await logs(/hint: nothing is lost/)).toMatch(/mail to gone@example.net: .* \(550\)/);
  expect(await health()).toBe(1);
});
