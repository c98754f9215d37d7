#!/usr/bin/env node
// Tries once, on a real AWS account, what Rollcall takes for granted of AWS, and takes away all that it made.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import type { Connection } from '../shared/aws/connection.ts';
import { readStack } from '../shared/aws/read-stack.ts';
import { UsageError } from './rollcall/usage-error.ts';
import { cleanUp, TRIAL_NAME } from './smoke/clean-up.ts';
import { readAccount } from './smoke/read-account.ts';

const HELP = `smoke-aws - does AWS do what Rollcall takes for granted of it? Once, before you rely on it

Examples
  npm run smoke-aws -- --account 111122223333 --region eu-central-1 --mail you@example.net --dry-run
  npm run smoke-aws -- --account 111122223333 --region eu-central-1 --mail you@example.net
  npm run smoke-aws -- --account 111122223333 --region eu-central-1 --clean rollcall-smoke-k3x9qa

It deploys a stack and buckets of its own, under a new name, runs the checks of test/smoke, a line for each, and asks you
whether the mail came. Then, also after a failure or Ctrl-C, it removes all of it. Nothing that was there before is
touched. It takes about ten minutes, and costs less than 0.05 USD. An account that has nothing else is best; the
credentials must be able to deploy, and to make a user.

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

const root = resolve(import.meta.dirname, '..');
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
  const found = await readAccount(connection);
  demand(
    found === account,
    `these credentials are of the account ${found}, and --account says ${account}: nothing was done`,
    'log in to the other one, or see: aws sts get-caller-identity',
  );

  const folder = mkdtempSync(join(tmpdir(), 'rollcall-smoke-'));
  const hosts = join(folder, 'hosts.yml');
  writeFileSync(hosts, composeRoll(name, region, mail || 'nobody@example.net'));
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: `${root}/node_modules/.bin:${process.env.PATH}`,
    ROLLCALL_HOSTS: hosts,
    ROLLCALL_CONTRACT_RUN: suffixOf(name),
    ROLLCALL_SMOKE: JSON.stringify({ name, region, endpoint, emulator }),
    ...(endpoint === undefined ? {} : { AWS_ENDPOINT_URL: endpoint }),
  };
  const trial: Trial = { ...connection, name, env };
  try {
    return await (clean === undefined ? run(trial, mail) : remove(trial));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function run(trial: Trial, mail: string): Promise<number> {
  const { name } = trial;
  say(
    `everything is called ${name}. Should this be cut off: the same command with --clean ${name}`,
  );
  // Whatever runs now hears it too, and ends; what was made is removed after it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(signal));
  let held = false;
  let status = 3;
  try {
    held =
      (await runs('sls', ['deploy', '--stage', stageOf(name)], trial)) &&
      (await ask(`AWS has mailed a link to ${mail}: click it, then press Enter`, '')) &&
      (await runs('vitest', ['run', '--config', 'test/smoke/vitest.config.ts'], trial)) &&
      (await ask(
        'Did a mail "UNKNOWN upload" come, and does it name you and your address? [y/n]',
        'y',
      ));
  } finally {
    say('removing all of it');
    status = await remove(trial);
    say(
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

async function runs(program: string, words: readonly string[], { env }: Trial): Promise<boolean> {
  if (cut.signal.aborted) return false;
  const status = await start(program, words, env);
  return status === 0 && !cut.signal.aborted;
}

function start(
  program: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number | null> {
  return new Promise((done, fail) => {
    child = spawn(program, words, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', fail);
    child.on('close', done);
  });
}

/** With no terminal nobody is asked, and that is said; it proves nothing then. */
async function ask(question: string, wanted: string): Promise<boolean> {
  if (process.stdin.isTTY !== true) {
    say(`NOT ASKED, as there is no terminal: ${question}`);
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

/** The stack, and then what the stack leaves on purpose: its buckets, with every version in them. */
async function remove(trial: Trial): Promise<number> {
  const { name, region, endpoint, env } = trial;
  const stack = await readStack({ region, endpoint }, name);
  const removed =
    stack === undefined || (await start('sls', ['remove', '--stage', stageOf(name)], env)) === 0;
  const left = await cleanUp({ region, endpoint }, name);
  if (!removed) left.push(`the stack ${name}`);
  for (const one of left) say(`LEFT BEHIND: ${one}`);
  say(left.length === 0 ? `nothing of ${name} is left` : `run it again with --clean ${name}`);
  return left.length === 0 ? 0 : 3;
}

function composePlan(account: string, region: string, name: string, only: boolean): string {
  const what = only
    ? [`would remove all that is called ${name}`]
    : [
        `would deploy the stack ${name}: two functions, a backup bucket, a ledger, topics, alarms`,
        `would make buckets contract-${suffixOf(name)}-..., topics alerts-${suffixOf(name)}-..., the user ${name}-head`,
        'would run the checks of test/smoke, and ask whether the mail came',
        'would remove all of it, every version in the buckets too',
      ];
  return `${[`in the account ${account}, in ${region}:`, ...what, 'nothing is done, and nothing was asked (--dry-run)'].join('\n')}\n`;
}

const composeRoll = (bucket: string, region: string, mail: string): string => `bucket: ${bucket}
region: ${region}
alerts: { mail: ["${mail}"] }
hosts: { web: {} }
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

function say(line: string): void {
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
