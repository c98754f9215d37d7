import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SESClient, VerifyEmailIdentityCommand } from '@aws-sdk/client-ses';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ministack, startMinistack } from '../support/ministack.ts';
import { copyProject } from '../support/project-copy.ts';
import { noon } from './noon.ts';

const Bucket = 'there-before';
const { timezone } = noon(Date.now());
const roll = `bucket: ${Bucket}
existing: true
region: eu-west-1
timezone: ${timezone}
alerts: { from: backups@example.net, mail: [ops@example.net] }
hosts: { web: {} }
`;

describe('a stack on a bucket that was there before', () => {
  const project = copyProject(roll);
  const set = `web/duplicity-full.${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`;
  let ministack: Ministack;
  let s3: S3Client;

  const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  const subjects = () =>
    expect.poll(async () => (await ministack.mails()).map(({ Subject }) => Subject), {
      timeout: 30_000,
      interval: 200,
    });

  beforeAll(async () => {
    ministack = await startMinistack({ strict: true });
    const { region, endpoint } = ministack;
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    s3 = new S3Client({ region, endpoint, credentials });
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket,
        NotificationConfiguration: { EventBridgeConfiguration: {} },
      }),
    );
    await new SESClient({ region, endpoint, credentials }).send(
      new VerifyEmailIdentityCommand({ EmailAddress: 'backups@example.net' }),
    );
  });
  afterAll(async () => {
    await ministack?.stop();
    project.remove();
  });

  it('is made by sls deploy', async () => {
    expect(await project.sls(['deploy'], ministack.env)).toContain('Service deployed');
  });

  it('hears of a manifest, and not of a volume', async () => {
    await put(`${set}.vol1.difftar.gpg`);
    await put(`${set}.manifest.gpg`);
    await subjects().toEqual([expect.stringContaining('web OK')]);
  });

  it('hears of a volume that is removed', async () => {
    await s3.send(new DeleteObjectCommand({ Bucket, Key: `${set}.vol1.difftar.gpg` }));
    await subjects().toEqual([expect.anything(), expect.stringContaining('web')]);
  });

  it('leaves the bucket to its owner when it is removed', async () => {
    await project.sls(['remove'], ministack.env);
    await put('still-there');
  });
});
