import { join, resolve } from 'node:path';
import { IAMClient } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SESClient, VerifyEmailIdentityCommand } from '@aws-sdk/client-ses';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ministack, startMinistack } from '../support/ministack.ts';
import { copyProject } from '../support/project-copy.ts';
import { runProgram } from '../support/run-program.ts';
import { makeHostUser } from './host-user.ts';
import { noon } from './noon.ts';

const Bucket = 'there-before';
const script = resolve(import.meta.dirname, '../../scripts/rollcall.ts');
const { timezone } = noon(Date.now());
const configText = `bucket: ${Bucket}
existing: true
region: eu-west-1
timezone: ${timezone}
alerts: { from: backups@example.net, mail: [ops@example.net] }
hosts: { web: {} }
`;

describe('a stack on a bucket that was there before', () => {
  const project = copyProject(configText);
  const set = `web/duplicity-full.${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`;
  let ministack: Ministack;
  let s3: S3Client;

  const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  /** One a line, so that a failure shows them all. */
  const subjects = () =>
    expect.poll(async () => (await ministack.mails()).map(({ Subject }) => Subject).join('\n'), {
      timeout: 30_000,
      interval: 200,
    });

  beforeAll(async () => {
    ministack = await startMinistack({ strict: true });
    const { region, endpoint } = ministack;
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    s3 = new S3Client({ region, endpoint, credentials });
    await s3.send(new CreateBucketCommand({ Bucket }));
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

  it('gets its notification and its policy by rollcall bucket-settings', async () => {
    const print = async (what: string) => {
      const words = [script, 'bucket-settings', what, '--hosts', join(project.dir, 'hosts.yml')];
      const printed = await runProgram('node', words, { env: ministack.env });
      return JSON.parse(printed.slice(0, printed.lastIndexOf('}') + 1));
    };
    const NotificationConfiguration = await print('notification');
    await s3.send(
      new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }),
    );
    const Policy = JSON.stringify(await print('policy'));
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    expect(Policy).toContain('RollcallOnlyBreakGlassChangesObjects');
    const { Policy: inForce = '' } = await s3.send(new GetBucketPolicyCommand({ Bucket }));
    expect(JSON.parse(inForce)).toEqual(JSON.parse(Policy));
  });

  it('lets a host append, and nothing more, under that policy', async () => {
    const { region, endpoint } = ministack;
    const iam = new IAMClient({
      ...{ region, endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } },
    });
    const credentials = await makeHostUser(iam, `${Bucket}-hosts`, 'web');
    const host = new S3Client({ region, endpoint, credentials, maxAttempts: 1 });
    const Key = 'web/duplicity-full.20200101T000000Z.vol1.difftar.gpg';
    await host.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    await expect(host.send(new DeleteObjectCommand({ Bucket, Key }))).rejects.toThrow();
  });

  it('hears of a manifest, and not of a volume', async () => {
    await put(`${set}.vol1.difftar.gpg`);
    await put(`${set}.manifest.gpg`);
    await subjects().toMatch(/^.*web NO-SIGNATURES$/);
  });

  it('hears of a volume that is removed', async () => {
    await s3.send(new DeleteObjectCommand({ Bucket, Key: `${set}.vol1.difftar.gpg` }));
    // The run of an upload's event may come in between: it sees the gap, and not yet who made it.
    await subjects().toMatch(/^.*web NO-SIGNATURES\n(?:.*web INCOMPLETE\n)?.*TAMPERED: web\. .*$/);
  });

  it('leaves the bucket to its owner when it is removed', async () => {
    await project.sls(['remove'], ministack.env);
    await put('still-there');
  });
});
