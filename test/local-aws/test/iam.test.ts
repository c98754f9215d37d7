// Shows what IAM says of users: ids that are never used again, names that differ by more than case, and quotas.
import {
  AddUserToGroupCommand,
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteUserCommand,
  GetUserCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import type { S3EventRecord } from '../s3/event.ts';
import { startLocal } from './clients.ts';

async function startIam() {
  const records: S3EventRecord[] = [];
  const local = await startLocal({ onEvent: ({ Records }) => void records.push(...Records) });
  const { endpoint, region, credentials } = local.aws;
  const iam = new IAMClient({ endpoint, region, credentials, maxAttempts: 1 });
  return { ...local, iam, records };
}

describe('the users of IAM', () => {
  it('have an id of the form that AWS gives, and another one when they are made again', async () => {
    const { iam } = await startIam();
    const make = () => iam.send(new CreateUserCommand({ UserName: 'web' }));
    const { User: first } = await make();
    expect(first?.UserId).toMatch(/^AIDA[A-Z2-7]{17}$/);
    const { User: found } = await iam.send(new GetUserCommand({ UserName: 'web' }));
    expect(found?.UserId).toBe(first?.UserId);
    await iam.send(new DeleteUserCommand({ UserName: 'web' }));
    expect((await make()).User?.UserId).not.toBe(first?.UserId);
  });

  it('are named by that id in the events of what their keys did', async () => {
    const { aws, iam, records, s3As } = await startIam();
    const { User } = await iam.send(new CreateUserCommand({ UserName: 'web' }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'web' }));
    aws.createBucket('backups');
    const s3 = s3As(AccessKey?.AccessKeyId ?? '');
    await s3.send(new PutObjectCommand({ Bucket: 'backups', Key: 'a', Body: 'x' }));
    await aws.settled();
    expect(records[0]?.userIdentity.principalId).toBe(`AWS:${User?.UserId}`);
  });

  it('cannot have names that differ by case alone', async () => {
    const { iam } = await startIam();
    await iam.send(new CreateUserCommand({ UserName: 'web' }));
    await expect(iam.send(new CreateUserCommand({ UserName: 'Web' }))).rejects.toThrow(
      expect.objectContaining({ name: expect.stringMatching(/^EntityAlreadyExists/) }),
    );
  });

  it('end at the quotas of an account', async () => {
    const { aws, iam } = await startIam();
    const refuses = (call: Promise<unknown>, quota: string) =>
      expect(call).rejects.toThrow(`Cannot exceed quota for ${quota}`);
    await iam.send(new CreateUserCommand({ UserName: 'web' }));
    for (let group = 0; group < 11; group += 1) {
      aws.iam.groups.set(`group-${group}`, { path: '/', policies: new Map() });
    }
    const join = (GroupName: string) =>
      iam.send(new AddUserToGroupCommand({ UserName: 'web', GroupName }));
    for (let group = 0; group < 10; group += 1) await join(`group-${group}`);
    await join('group-9');
    await refuses(join('group-10'), 'GroupsPerUser: 10');
    const makeKey = () => iam.send(new CreateAccessKeyCommand({ UserName: 'web' }));
    await makeKey();
    await makeKey();
    await refuses(makeKey(), 'AccessKeysPerUser: 2');
    const [web] = aws.iam.users.values();
    if (web === undefined) throw new Error('web is not there');
    for (let user = aws.iam.users.size; user < 5000; user += 1) {
      aws.iam.users.set(`user-${user}`, { ...web, name: `user-${user}` });
    }
    await refuses(iam.send(new CreateUserCommand({ UserName: 'db' })), 'UsersPerAccount: 5000');
  });
});
