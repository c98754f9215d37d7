// Starts Versity's gateway, an S3 server over a folder: one program, on the loopback.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { STORE_DOMAIN, type Store } from '../anywhere/store.ts';
import { endProgram } from '../support/end-program.ts';
import { freePort } from '../support/free-port.ts';
import { runProgram } from '../support/run-program.ts';

const MODULE = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';
const folder = resolve(import.meta.dirname, '../../.versitygw');
const START_MS = 30_000;

/** The program, built once by Go from its module. Throws with what to do where there is no Go. */
async function fetchVersitygw(): Promise<string> {
  const program = join(folder, 'versitygw');
  if (existsSync(program)) return program;
  console.log('building versitygw into .versitygw (once, some minutes)');
  mkdirSync(folder, { recursive: true });
  try {
    const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0' };
    await runProgram('go', ['install', MODULE], { env });
  } catch (cause) {
    throw new Error(`versitygw cannot be had here: install Go 1.26 or newer`, { cause });
  }
  return program;
}

/** What it keeps of the objects is in a folder of its own next to them; so are their versions, if it shall have them. */
export async function startVersitygw({ versions = false } = {}): Promise<Store> {
  const program = await fetchVersitygw();
  const data = mkdtempSync(join(tmpdir(), 'versitygw-'));
  for (const name of ['objects', 'notes', 'versions', 'users']) mkdirSync(join(data, name));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: 'rollcall', secretAccessKey: 'a-secret-of-this-test' };
  const child = spawn(
    program,
    [
      ...['--port', `127.0.0.1:${port}`, '--region', 'fsn1'],
      ...['--virtual-domain', STORE_DOMAIN, '--iam-dir', join(data, 'users')],
      ...['posix', '--sidecar', join(data, 'notes')],
      ...(versions ? ['--versioning-dir', join(data, 'versions')] : []),
      join(data, 'objects'),
    ],
    {
      stdio: 'ignore',
      env: {
        PATH: process.env.PATH,
        ROOT_ACCESS_KEY: credentials.accessKeyId,
        ROOT_SECRET_KEY: credentials.secretAccessKey,
      },
    },
  );
  const stop = async () => {
    await endProgram(child);
    rmSync(data, { recursive: true, force: true });
  };
  const until = Date.now() + START_MS;
  const answers = () =>
    fetch(endpoint).then(
      () => true,
      () => false,
    );
  while (!(await answers())) {
    if (child.exitCode !== null || Date.now() > until) {
      await stop();
      throw new Error('versitygw does not start');
    }
    await sleep(100);
  }
  const addUser = async (name: string) => {
    const user = { accessKeyId: name, secretAccessKey: randomUUID() };
    const words = [
      ...['admin', '--endpoint-url', endpoint, '--region', 'fsn1'],
      ...['create-user', '-a', name, '-s', user.secretAccessKey, '-r', 'user'],
    ];
    const env = {
      ADMIN_ACCESS_KEY_ID: credentials.accessKeyId,
      ADMIN_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    };
    await runProgram(program, words, { env });
    return { ...user, principal: name };
  };
  return { endpoint, region: 'fsn1', credentials, addUser, stop };
}
