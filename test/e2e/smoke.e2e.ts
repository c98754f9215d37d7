// The trial for a real account, on the local AWS: what it proves there, and that it leaves nothing.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { IAMClient, ListUsersCommand } from '@aws-sdk/client-iam';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ministack, startMinistack } from '../support/ministack.ts';
import { ProgramError, runProgram } from '../support/run-program.ts';

const script = resolve(import.meta.dirname, '../../test/smoke/smoke-aws.ts');
const account = '000000000000';

describe('smoke-aws', () => {
  let ministack: Ministack;
  beforeAll(async () => {
    ministack = await startMinistack({ strict: true });
  });
  afterAll(() => ministack?.stop());

  const wordsOf = (...words: string[]) => [
    ...[script, '--region', ministack.region, '--endpoint-url', ministack.endpoint],
    ...['--emulator', 'ministack', ...words],
  ];
  const smoke = (...words: string[]) =>
    runProgram('node', wordsOf(...words), { env: { ...ministack.env, NO_COLOR: '1' } }).then(
      (printed) => ({ status: 0, printed }),
      (error: unknown) => {
        if (!(error instanceof ProgramError)) throw error;
        return { status: error.status, printed: error.printed };
      },
    );
  const config = () => ({
    ...{ region: ministack.region, endpoint: ministack.endpoint },
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  /** All that a trial could have made. */
  const things = async () => {
    const { Buckets = [] } = await new S3Client(config()).send(new ListBucketsCommand({}));
    const { Topics = [] } = await new SNSClient(config()).send(new ListTopicsCommand({}));
    const { Users = [] } = await new IAMClient(config()).send(new ListUsersCommand({}));
    return [
      ...Buckets.map(({ Name }) => Name),
      ...Topics.map(({ TopicArn }) => TopicArn),
      ...Users.map(({ UserName }) => UserName),
    ];
  };

  it('does nothing in another account than the one that is named', async () => {
    const printed = await smoke('--account', '111122223333', '--mail', 'me@example.net');
    expect([printed.status, printed.printed]).toEqual([
      3,
      expect.stringContaining(`these credentials are of the account ${account}`),
    ]);
    expect(await things()).toEqual([]);
  });

  it('proves all that the local AWS can, a line for each, and removes what it made', async () => {
    const { status, printed } = await smoke('--account', account, '--mail', 'me@example.net');
    expect(printed).toContain('smoke-aws: all of it holds');
    expect(status).toBe(0);
    expect(printed).toContain(
      '✓ test/smoke/contract.smoke.ts > AWS > S3 rolls up by a delimiter of',
    );
    expect(printed).toMatch(
      /✓ .*add-host makes a key with which real duplicity .* What hangs on it: every host backs up/,
    );
    expect(printed).toMatch(/✓ .*test-alert is taken by every channel/);
    expect(printed).toMatch(/✓ .*the janitor of the stack makes its round/);
    expect(printed).toContain('No changes to deploy');
    expect(printed).toMatch(/the backup bucket rollcall-smoke-\w+, with every version in it/);
    expect(printed).toMatch(/measured: a LIST takes \d+ ms/);
    expect(printed).toMatch(/measured: an event is reported [\d.]+ s after the upload/);
    expect(printed).toContain(
      'NOT ASKED, as there is no terminal: Did a mail "UNKNOWN uploads" come',
    );
    expect(await things()).toEqual([]);
  }, 480_000);

  /** Starts a trial, and ends it as Ctrl-C does when `when` says so; what it printed and its status. */
  const cutOff = async (when: (printed: string) => Promise<boolean>) => {
    const child = spawn('node', wordsOf('--account', account, '--mail', 'me@example.net'), {
      env: { ...ministack.env, NO_COLOR: '1' },
    });
    const ended = once(child, 'close');
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        printed += chunk;
      });
    }
    while (child.exitCode === null && !(await when(printed))) await sleep(50);
    child.kill('SIGINT');
    return { status: (await ended)[0], printed };
  };

  it('removes what it made when it is ended while CloudFormation makes the stack', async () => {
    const cloudFormation = new CloudFormationClient(config());
    const { status, printed } = await cutOff(async () => {
      const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({}));
      return Stacks.length > 0;
    });
    expect(status, printed).toBe(2);
    expect(printed).not.toContain('Service deployed');
    expect(await things()).toEqual([]);
    expect((await cloudFormation.send(new DescribeStacksCommand({}))).Stacks ?? []).toEqual([]);
  }, 120_000);

  it('removes what it made when it is ended in the middle of the checks', async () => {
    const { status, printed } = await cutOff(async (so) => so.includes(' ✓ '));
    expect(status, printed).toBe(2);
    expect(printed).toContain('smoke-aws: NOT all of it holds, or it was cut off');
    expect(await things()).toEqual([]);
  }, 120_000);
});
