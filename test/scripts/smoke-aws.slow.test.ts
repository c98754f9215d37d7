import { resolve } from 'node:path';
import { CreateUserCommand, IAMClient, ListUsersCommand } from '@aws-sdk/client-iam';
import { CreateBucketCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { startLocalAws } from '../local-aws/local-aws.ts';
import { cleanUp } from '../smoke/account/clean-up.ts';
import { principalOf } from '../smoke/account/read-account.ts';
import { ProgramError, runProgram } from '../support/run-program.ts';

const script = resolve(import.meta.dirname, '../../test/smoke/smoke-aws.ts');
// An address at which nobody listens: anyone who asked AWS anything would fail.
const env = { PATH: process.env.PATH, AWS_ENDPOINT_URL: 'http://127.0.0.1:9' };
const account = ['--account', '111122223333'];
const region = ['--region', 'eu-central-1'];
const mail = ['--mail', 'me@example.net'];

describe('smoke-aws', () => {
  it.each([
    ['an account', [...region, ...mail], 'which account may it be done in?'],
    ['an account of twelve digits', ['--account', 'mine', ...region, ...mail], 'which account'],
    ['a region', [...account, ...mail], 'where?'],
    [
      'a region that is like the others',
      [...account, '--region', 'us-east-1', ...mail],
      'us-east-1',
    ],
    ['an address', [...account, ...region], 'who gets the mails?'],
    ['a name of its own to clean', [...account, ...region, '--clean', 'acme'], 'a name as a run'],
    ['options that it knows', ['--acount', '1'], '--acount'],
  ])('does nothing without %s', async (_, words, printed) => {
    const run = runProgram('node', [script, ...words], { env });
    const error = await run.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProgramError);
    expect(error).toMatchObject({ status: 3, printed: expect.stringContaining(printed) });
  });

  it('prints what it would do, and sends no request to AWS, with --dry-run', async () => {
    const printed = await runProgram(
      'node',
      [script, ...account, ...region, ...mail, '--dry-run'],
      {
        env,
      },
    );
    expect(printed).toMatch(
      /in the account 111122223333, in eu-central-1:\nwould deploy the stack rollcall-smoke-\w{6}:/,
    );
    expect(printed).toContain('would remove all of it');
  });

  it('has examples first in its help, and what it costs', async () => {
    const help = await runProgram('node', [script, '--help'], { env });
    expect(help.split('\n')[2]).toBe('Examples');
    expect(help).toContain('costs less than');
  });

  it('never takes another name for one of its own', async () => {
    const nobody = { region: 'eu-central-1', endpoint: 'http://127.0.0.1:9' };
    for (const name of ['', 'rollcall-prod', 'rollcall-smoke-', 'rollcall-smoke-abc123-x']) {
      await expect(cleanUp(nobody, name)).rejects.toThrow(RangeError);
    }
  });

  it('removes what it can, and says the rest with why and the command', async () => {
    const aws = await startLocalAws({});
    const { region, endpoint, credentials } = aws;
    const s3 = new S3Client({ region, endpoint, credentials, forcePathStyle: true });
    const buckets = ['rollcall-smoke-abc123', 'contract-abc123-1', 'rollcall-smoke-abc1234'];
    for (const Bucket of buckets) await s3.send(new CreateBucketCommand({ Bucket }));
    const iam = new IAMClient({ region, endpoint, credentials });
    await iam.send(new CreateUserCommand({ UserName: 'rollcall-smoke-abc123-host' }));
    aws.faults.add({
      bucket: 'rollcall-smoke-abc123',
      fault: { error: 'AccessDenied', status: 403 },
    });
    const left = await cleanUp({ region, endpoint, credentials }, 'rollcall-smoke-abc123');
    // The local AWS keeps no logs: what cannot be asked for is left too.
    expect(left.map(({ what }) => what)).toEqual(['the bucket rollcall-smoke-abc123', 'its logs']);
    expect(left[0]?.why).toContain('AccessDenied');
    expect(left[0]?.command).toContain('aws s3 rb s3://rollcall-smoke-abc123');
    aws.faults.clear();
    const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
    expect(Buckets.map(({ Name }) => Name)).toEqual([
      'rollcall-smoke-abc123',
      'rollcall-smoke-abc1234',
    ]);
    expect((await iam.send(new ListUsersCommand({}))).Users ?? []).toEqual([]);
    await aws.close();
  });

  it.each([
    ['arn:aws:iam::111122223333:user/ops/alice', 'arn:aws:iam::111122223333:user/ops/alice'],
    ['arn:aws:iam::111122223333:root', 'arn:aws:iam::111122223333:root'],
    [
      'arn:aws-cn:sts::111122223333:assumed-role/Admin_0f/alice@example.net',
      'arn:aws-cn:iam::111122223333:role/*Admin_0f',
    ],
  ])('knows %s in a policy as %s', (arn, principal) => {
    expect(principalOf(arn)).toBe(principal);
  });
});
