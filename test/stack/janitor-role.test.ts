import { describe, expect, it } from 'vitest';
import { keepingConfig } from './configs.ts';
import { account, accountWith, allow, type Call, type Caller } from './stack-account.ts';

const stack = accountWith(keepingConfig);
const bucket = 'arn:aws:s3:::acme-backups';
const records = 'arn:aws:s3:::rollcall-prod-ledgerbucket';
const volume = `${bucket}/web/duplicity-full.20261123T031702Z.vol1.difftar.gpg`;
const tags = (tag: string, value: string) => ({
  [`s3:RequestObjectTag/${tag}`]: value,
  's3:RequestObjectTagKeys': [tag],
});
const expire = tags('expire', 'yes');

describe('the role of the janitor', () => {
  const { janitor } = stack;

  it.each<Call>([
    ['lists the backups', 's3:ListBucket', bucket],
    ['reads who can open the fulls', 's3:GetObject', `${records}/seals/2026/11/23T081500Z.json`],
    ['lists what is remembered', 's3:ListBucket', records],
    ['lists their versions', 's3:ListBucketVersions', bucket],
    ['tags what may go', 's3:PutObjectTagging', volume, expire],
    [
      'keeps an invocation that failed',
      'sqs:SendMessage',
      `arn:aws:sqs:eu-west-1:${account}:rollcall-prod-FailedRuns`,
    ],
  ])('%s', async (_, action, resource, context) => {
    expect(await stack.may(janitor, action, resource, context)).toBe(true);
  });

  const never: Call[] = [
    ['put another tag', 's3:PutObjectTagging', volume, tags('owner', 'eve')],
    ['put another value', 's3:PutObjectTagging', volume, tags('expire', 'no')],
    [
      'put a second tag',
      's3:PutObjectTagging',
      volume,
      { ...expire, 's3:RequestObjectTagKeys': ['expire', 'owner'] },
    ],
    ['tag an older version', 's3:PutObjectVersionTagging', volume, expire],
    ['take a tag away', 's3:DeleteObjectTagging', volume],
    ['delete', 's3:DeleteObject', volume],
    ['delete a version', 's3:DeleteObjectVersion', volume],
    ['read a backup', 's3:GetObject', volume],
    ['read an older version', 's3:GetObjectVersion', volume],
    ['write a backup', 's3:PutObject', volume],
    ['give up an upload', 's3:AbortMultipartUpload', volume],
    [
      'tag in another bucket of the config',
      's3:PutObjectTagging',
      'arn:aws:s3:::other-bucket/x',
      expire,
    ],
    ['list another bucket of the config', 's3:ListBucket', 'arn:aws:s3:::other-bucket'],
    ['change the lifecycle', 's3:PutLifecycleConfiguration', bucket],
    ['change the bucket policy', 's3:PutBucketPolicy', bucket],
    ['suspend versions', 's3:PutBucketVersioning', bucket],
    ['read what runs remember', 's3:GetObject', `${records}/state.json`],
    ['change what runs remember', 's3:PutObject', `${records}/state.json`],
    ['change what is remembered of fulls', 's3:PutObject', `${records}/seals/x.json`],
    ['publish', 'sns:Publish', `arn:aws:sns:eu-west-1:${account}:rollcall-prod-AlertsTopic`],
    ['become the break-glass role', 'sts:AssumeRole', stack.breakGlass.arn],
  ];
  it.each(never)('cannot %s', async (_, action, resource, context) => {
    expect(await stack.may(janitor, action, resource, context)).toBe(false);
  });

  it('is held by the bucket to tagging, even if somebody grants it everything', async () => {
    const overgrown = {
      ...janitor,
      policies: [{ Version: '2012-10-17', Statement: [allow('s3:*')] }],
    };
    expect(await stack.may(overgrown, 's3:PutObjectTagging', volume)).toBe(true);
    const changes = ['DeleteObject', 'DeleteObjectVersion', 'DeleteObjectTagging', 'PutObjectAcl'];
    for (const change of [...changes, 'PutObjectVersionTagging', 'PutObjectRetention']) {
      expect(await stack.may(overgrown, `s3:${change}`, volume)).toBe(false);
    }
    expect(await stack.may(overgrown, 's3:PutLifecycleConfiguration', bucket)).toBe(false);
  });
});

describe('where there is a janitor', () => {
  const everything = { Version: '2012-10-17', Statement: [allow('s3:*')] };
  it.each<[string, Caller]>([
    ['a host', stack.host('web')],
    ['a host that was given too much', stack.host('web', everything)],
    ['check-hosts', stack.checkHosts],
    ['on-object', stack.onObject],
    ['an administrator', stack.administrator('user/alice')],
    ['another role with a name like its', stack.administrator('role/rollcall-prod-JanitorRole2')],
  ])('%s cannot tag', async (_, caller) => {
    expect(await stack.may(caller, 's3:PutObjectTagging', volume, expire)).toBe(false);
  });

  it('the break-glass role still can', async () => {
    expect(await stack.may(stack.breakGlass, 's3:PutObjectTagging', volume)).toBe(true);
  });

  it('the scheduler starts it too', async () => {
    const janitor = `arn:aws:lambda:eu-west-1:${account}:function:rollcall-prod-JanitorLambdaFunction`;
    expect(await stack.may(stack.scheduler, 'lambda:InvokeFunction', janitor)).toBe(true);
  });
});
