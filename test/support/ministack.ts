// Starts MiniStack, the AWS that the end-to-end suite deploys to.
import { spawn } from 'node:child_process';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { endProgram } from './end-program.ts';
import { freePort } from './free-port.ts';
import { runProgram } from './run-program.ts';

const project = resolve(import.meta.dirname, '../..');
const requirements = join(import.meta.dirname, 'ministack-requirements.txt');
const venv = join(project, '.venv');
const region = 'eu-west-1';
const START_MS = 30_000;

/** A mail that MiniStack took for SES. */
export type Mail = {
  readonly Source: string;
  readonly To: readonly string[];
  readonly Subject: string;
  readonly BodyText: string;
};

/** A MiniStack that runs. */
export type Ministack = {
  readonly endpoint: string;
  readonly region: string;
  /** The environment of a program that shall talk to it as the account's root; `aws` is in its PATH. */
  readonly env: NodeJS.ProcessEnv;
  readonly mails: () => Promise<Mail[]>;
  /** From now on S3 takes what is written for so many milliseconds older; 0 = as it is. */
  readonly setS3Back: (ms: number) => void;
  /** The end of its log, for the message of a test that fails. */
  readonly log: () => string;
  readonly stop: () => Promise<void>;
};

/**
 * Starts one on a free port of the loopback.
 *
 * `strict`: it speaks TLS and enforces IAM, so that policies decide as on AWS, and only
 * `test`/`test` is the root of the account. Else it speaks http and believes everybody.
 * `pageSize`: how many entries its S3 lists at once, where that shall be fewer than AWS's thousand.
 */
export async function startMinistack({
  strict,
  pageSize = 1000,
}: {
  strict: boolean;
  pageSize?: number;
}): Promise<Ministack> {
  await installMinistack();
  const dir = mkdtempSync(join(tmpdir(), 'ministack-'));
  const port = await freePort();
  const endpoint = `${strict ? 'https' : 'http'}://127.0.0.1:${port}`;
  const certificate = join(dir, 'ministack-tls/server.crt');
  const trust = { NODE_EXTRA_CA_CERTS: certificate, AWS_CA_BUNDLE: certificate };
  const bin = join(project, 'node_modules/.bin');
  // Of that environment the AWS CLI alone: its Python lacks what the host's has.
  const tools = join(dir, 'tools');
  mkdirSync(tools);
  symlinkSync(join(venv, 'bin/aws'), join(tools, 'aws'));
  const path = `${bin}:${tools}:${process.env.PATH}`;
  const back = join(dir, 's3-back');

  const server = spawn(
    join(venv, 'bin/python'),
    [join(import.meta.dirname, 'ministack-server.py')],
    {
      cwd: dir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        // It runs functions on the first node in PATH, which must be that of the runtime.
        PATH: path,
        HOME: dir,
        // Where it keeps its certificate and unpacks the functions.
        TMPDIR: dir,
        BIND_HOST: '127.0.0.1',
        GATEWAY_PORT: `${port}`,
        MINISTACK_REGION: region,
        ROLLCALL_S3_BACK: back,
        ROLLCALL_S3_PAGE: `${pageSize}`,
        ...(strict ? { AUTH: 'true', USE_SSL: '1', ...trust } : {}),
      },
    },
  );
  const logFile = join(dir, 'ministack.log');
  const sink = createWriteStream(logFile);
  server.stdout.pipe(sink);
  server.stderr.pipe(sink);
  const log = () => readFileSync(logFile, 'utf8').split('\n').slice(-60).join('\n');

  const stop = async () => {
    await endProgram(server);
    rmSync(dir, { recursive: true, force: true });
  };
  const trustIt = () => {
    if (!strict || !existsSync(certificate)) return;
    setDefaultCACertificates([...getCACertificates('default'), readFileSync(certificate, 'utf8')]);
  };
  const until = Date.now() + START_MS;
  while (!(await answers(`${endpoint}/_ministack/health`))) {
    if (server.exitCode !== null || Date.now() > until) {
      const printed = log();
      await stop();
      throw new Error(`MiniStack does not start; its log ends with:\n${printed}`);
    }
    await sleep(100);
    trustIt();
  }

  return {
    endpoint,
    region,
    env: {
      PATH: path,
      HOME: dir,
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_DEFAULT_REGION: region,
      AWS_EC2_METADATA_DISABLED: 'true',
      // The framework else looks every 5 seconds how far its stack is.
      SLS_AWS_MONITORING_FREQUENCY: '200',
      ...(strict ? trust : {}),
    },
    mails: async () => {
      const answer = await fetch(`${endpoint}/_ministack/ses/messages`);
      const { messages } = (await answer.json()) as { messages: { [account: string]: Mail[] } };
      return Object.values(messages).flat();
    },
    setS3Back: (ms) => writeFileSync(back, `${ms / 1000}`),
    log,
    stop,
  };
}

// Its own environment, made again whenever the pinned versions change.
async function installMinistack(): Promise<void> {
  const installed = join(venv, 'ministack-requirements.txt');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === wanted) return;
  console.log('installing MiniStack into .venv (once)');
  await runProgram('python3', ['-m', 'venv', '--clear', venv]).catch((cause) => {
    throw new Error('no virtual environment: install python3 and python3-venv', { cause });
  });
  await runProgram(join(venv, 'bin/pip'), ['install', '--quiet', '--requirement', requirements]);
  await copyFile(requirements, installed);
}

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    (response) => response.ok,
    () => false,
  );
