#!/usr/bin/env node
// Tries once, on a real AWS account, what Rollcall takes for granted of AWS, and takes away all that it made.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { UsageError } from '../../scripts/rollcall/terminal.ts';
import type { Connection } from '../../shared/aws/client.ts';
import { readStack } from '../../shared/aws/deployed-stack.ts';
import { cleanUp, type Left, TRIAL_NAME, usersOf } from './account/clean-up.ts';
import { type Caller, readCaller } from './account/read-account.ts';

const HELP = `smoke-aws - does AWS do what Rollcall takes for granted of it? Once, before you rely on it

Examples
  npm run smoke-aws -- --account 111122223333 --region eu-central-1 --mail you@example.net --dry-run
  npm run smoke-aws -- --account 111122223333 --region eu-central-1 --mail you@example.net
  npm run smoke-aws -- --account 111122223333 --region eu-central-1 --clean rollcall-smoke-k3x9qa

It deploys a stack and buckets of its own, under a new name, deploys it again, runs the checks of test/smoke, a line for
each and what hangs on it, and asks you whether the mails came. Then, also after a failure or Ctrl-C, it removes all of
it, and says what it could not remove, with the commands. Nothing that was there before is touched. It takes about 45
minutes, most of it waiting: a quarter of an hour until new versions hold, another until the schedule comes due. It
costs less than 0.10 USD. An account that has nothing else is best; the credentials must be able to deploy, and to make users.
It needs duplicity, gpg and python3-boto3 here, which write a backup with the key of a host.

Options
  --account NUMBER      the account that it may be done in: compared with whose credentials these are
  --region REGION       where; any but us-east-1, whose S3 makes buckets by rules of its own
  --mail ADDRESS        who gets the mails, and clicks the link in the first one
  --dry-run             say what would be made, and ask AWS nothing
  --clean NAME          only remove what a run of that name has left
  --endpoint-url URL    an AWS of your own
  --emulator NAME       which emulator that is (ministack): what it is known to do otherwise is no failure
  --help                this

Exit status
  0  all of it holds      2  something does not: docs/setup.md      3  refused, or something could not be removed
`;

const root = resolve(import.meta.dirname, '../..');
// A deployment that was cut off: CloudFormation makes all of it in two minutes, and takes it back in as many.
const CHANGED_MS = 15 * 60_000;
const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;

type Trial = Connection & { readonly name: string; readonly env: NodeJS.ProcessEnv };

async function main(args: readonly string[]): Promise<number> {
  const { values: options } = parseArgs({
    args: [...args],
    options: {
      account: { type: 'string', default: '' },
      region: { type: 'string', default: '' },
      mail: { type: 'string', default: '' },
      clean: { type: 'string' },
      emulator: { type: 'string', default: '' },
      'endpoint-url': { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { account, region, mail, clean, emulator, 'endpoint-url': endpoint } = options;
  demand(/^\d{12}$/.test(account), '--account: which account may it be done in?', 'its 12 digits');
  demand(REGION.test(region), '--region: where?', 'for instance --region eu-central-1');
  demand(region !== 'us-east-1', 'us-east-1 makes buckets by rules of its own', 'take another one');
  demand(
    clean !== undefined || /^[^\s"@]+@[^\s"@]+$/.test(mail),
    '--mail: who gets the mails?',
    'an address of yours',
  );
  demand(
    clean === undefined || TRIAL_NAME.test(clean),
    '--clean: a name as a run prints it',
    'rollcall-smoke-k3x9qa',
  );
  const name = clean ?? `rollcall-smoke-${suffix()}`;
  if (options['dry-run']) {
    process.stdout.write(composePlan(account, region, name, clean !== undefined));
    return 0;
  }
  const connection: Connection = { region, endpoint };
  const caller = await readCaller(connection);
  demand(
    caller.account === account,
    `these credentials are of the account ${caller.account}, and --account says ${account}: nothing was done`,
    'log in to the other one, or see: aws sts get-caller-identity',
  );
  if (clean === undefined) demandDuplicity();

  const folder = mkdtempSync(join(tmpdir(), 'rollcall-smoke-'));
  const hosts = join(folder, 'hosts.yml');
  writeFileSync(hosts, composeConfig(name, region, mail || 'nobody@example.net'));
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: `${root}/node_modules/.bin:${process.env.PATH}`,
    ROLLCALL_HOSTS: hosts,
    // Else, where its stack cannot be removed, the bucket's policy would keep the trial from removing the bucket.
    ROLLCALL_ADMINS: [process.env.ROLLCALL_ADMINS, caller.principal].filter(Boolean).join(),
    ROLLCALL_CONTRACT_RUN: suffixOf(name),
    ROLLCALL_SMOKE: JSON.stringify({
      ...{ name, region, endpoint, emulator },
      partition: caller.partition,
    }),
    ...(endpoint === undefined ? {} : { AWS_ENDPOINT_URL: endpoint }),
  };
  const trial: Trial = { ...connection, name, env };
  try {
    return await (clean === undefined ? run(trial, mail, caller) : remove(trial));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function run(trial: Trial, mail: string, { id }: Caller): Promise<number> {
  const { name } = trial;
  print(
    `everything is called ${name}. Should this be cut off: the same command with --clean ${name}`,
  );
  // Whatever runs now hears it too, and ends; what was made is removed after it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(signal));
  let held = false;
  let status = 3;
  try {
    const deploy = ['deploy', '--stage', stageOf(name)];
    held =
      (await runs('sls', deploy, trial)) &&
      (await runs('sls', deploy, trial, 'No changes to deploy')) &&
      (await ask(`AWS has mailed links to ${mail}: click each, then press Enter`, '')) &&
      (await runs('vitest', ['run', '--config', 'test/smoke/vitest.config.ts'], trial)) &&
      (await ask(
        `Did a mail "UNKNOWN uploads" come, with the id ${id} or your name, and your address? [y/n]`,
        'y',
      )) &&
      (await ask('Did a mail "TEST" come, with the code word above? [y/n]', 'y'));
  } finally {
    print('removing all of it');
    status = await remove(trial);
    print(
      held ? 'all of it holds' : 'NOT all of it holds, or it was cut off: the lines above say what',
    );
  }
  return status !== 0 ? status : held ? 0 : 2;
}

let child: ReturnType<typeof spawn> | undefined;
const cut = new AbortController();

function stop(signal: NodeJS.Signals): void {
  cut.abort();
  child?.kill(signal);
}

/** Whether it ended well, and said what it had to say. */
async function runs(
  program: string,
  words: readonly string[],
  { env }: Trial,
  expected = '',
): Promise<boolean> {
  if (cut.signal.aborted) return false;
  const { status, said: printed } = await start(program, words, env);
  if (status !== 0 || cut.signal.aborted) return false;
  if (!printed.includes(expected)) {
    print(`DOES NOT HOLD: ${program} ${words.join(' ')} did not say "${expected}"`);
    return false;
  }
  return true;
}

function start(
  program: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ status: number | null; said: string }> {
  return new Promise((done, fail) => {
    let printed = '';
    child = spawn(program, words, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const [stream, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ] as const) {
      stream?.on('data', (data: Buffer) => {
        printed += data;
        to.write(data);
      });
    }
    child.on('error', fail);
    child.on('close', (status) => done({ status, said: printed }));
  });
}

/** With no terminal nobody is asked, and that is said; it proves nothing then. */
async function ask(question: string, wanted: string): Promise<boolean> {
  if (process.stdin.isTTY !== true) {
    print(`NOT ASKED, as there is no terminal: ${question}`);
    return true;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  terminal.on('SIGINT', () => stop('SIGINT'));
  try {
    const answer = await terminal.question(`smoke-aws: ${question} `, { signal: cut.signal });
    return answer.trim().toLowerCase() === wanted;
  } catch (error) {
    if (cut.signal.aborted) return false;
    throw error;
  } finally {
    terminal.close();
  }
}

/** The stack, and then what the stack leaves on purpose: its buckets, with every version in them, and a host's user. */
async function remove(trial: Trial): Promise<number> {
  const { name, region, endpoint } = trial;
  const left: Left[] = [];
  const command = `aws cloudformation delete-stack --stack-name ${name} --region ${region}`;
  try {
    if (!(await removeStack(trial))) {
      left.push({ what: `the stack ${name}`, why: 'the lines above say why', command });
    }
  } catch (error) {
    left.push({ what: `the stack ${name}`, why: String(error), command });
  }
  left.push(...(await cleanUp({ region, endpoint }, name)));
  for (const one of left) print(`LEFT BEHIND: ${one.what}: ${one.why}\n  by hand: ${one.command}`);
  print(left.length === 0 ? `nothing of ${name} is left` : `or run it again with --clean ${name}`);
  return left.length === 0 ? 0 : 3;
}

/** A stack that is just being changed cannot be removed: what Ctrl-C ended goes on in AWS. */
async function removeStack({ name, region, endpoint, env }: Trial): Promise<boolean> {
  const read = () => readStack({ region, endpoint }, name);
  const until = Date.now() + CHANGED_MS;
  let stack = await read();
  const isChanging = () =>
    stack?.status.endsWith('_IN_PROGRESS') && stack.status !== 'REVIEW_IN_PROGRESS';
  if (isChanging()) print(`${name} is ${stack?.status}: waiting for it`);
  while (isChanging() && Date.now() < until) {
    await sleep(endpoint === undefined ? 10_000 : 200);
    stack = await read();
  }
  if (stack === undefined) return true;
  const { status } = await start('sls', ['remove', '--stage', stageOf(name)], env);
  return status === 0 && (await read()) === undefined;
}

function demandDuplicity(): void {
  const missing = ['/usr/bin/duplicity', '/usr/bin/gpg'].filter((program) => !existsSync(program));
  demand(
    missing.length === 0,
    `${missing.join(' and ')} missing: a host's key is tried with a real backup`,
    'apt-get install duplicity python3-boto3 gnupg openssl; or run it in a Debian container',
  );
}

function composePlan(account: string, region: string, name: string, only: boolean): string {
  const what = only
    ? [`would remove all that is called ${name}`]
    : [
        `would deploy the stack ${name}: three functions, a backup bucket, a state bucket, topics, alarms`,
        `would make buckets contract-${suffixOf(name)}-..., topics alerts-${suffixOf(name)}-..., the users ${Object.values(usersOf(name)).join(' and ')}`,
        'would deploy again, run the checks of test/smoke, and ask whether the mails came',
        'would remove all of it, every version in the buckets too',
      ];
  return `${[`in the account ${account}, in ${region}:`, ...what, 'nothing is done, and nothing was asked (--dry-run)'].join('\n')}\n`;
}

const composeConfig = (bucket: string, region: string, mail: string): string => `bucket: ${bucket}
region: ${region}
keepLastGood: true
alerts: { mail: ["${mail}"] }
hosts: { ${usersOf(bucket).host}: {} }
`;

const stageOf = (name: string) => name.slice('rollcall-'.length);
const suffixOf = (name: string) => name.slice('rollcall-smoke-'.length);

function suffix(): string {
  const from = 'abcdefghijkmnpqrstuvwxyz23456789';
  return Array.from({ length: 6 }, () => from[randomInt(from.length)]).join('');
}

function demand(holds: boolean, message: string, hint: string): void {
  if (!holds) throw new UsageError(message, hint);
}

function print(line: string): void {
  process.stdout.write(`smoke-aws: ${line}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (!('hint' in error) && !code.startsWith('ERR_PARSE_ARGS')) throw error;
  const hint = 'hint' in error ? error.hint : 'see: npm run smoke-aws -- --help';
  console.error(`smoke-aws: error: ${message}\nsmoke-aws: hint: ${hint}`);
  process.exitCode = 3;
}
