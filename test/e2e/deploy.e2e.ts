import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  CloudFormationClient,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import { AddUserToGroupCommand, GetGroupCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SESClient, VerifyEmailIdentityCommand } from '@aws-sdk/client-ses';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStack } from '../../shared/aws/deployed-stack.ts';
import { type Ministack, startMinistack } from '../support/ministack.ts';
import { copyProject } from '../support/project-copy.ts';
import { runProgram } from '../support/run-program.ts';
import { demandPrograms, makeHost } from './duplicity-host.ts';
import { expectOneMailWith } from './expect-mail.ts';
import { makeHostUser } from './host-user.ts';
import { noon } from './noon.ts';

const Bucket = 'acme-backups';
const script = resolve(import.meta.dirname, '../../scripts/rollcall.ts');
const group = `${Bucket}-hosts`;
const doctor = resolve(import.meta.dirname, '../../scripts/rollcall.ts');
const { timezone, at } = noon(Date.now());
const configText = `bucket: ${Bucket}
region: eu-west-1
timezone: ${timezone}
keepLastGood: true
window: { opens: "00:00", due: "11:45", hardDue: "11:50" }
alerts: { from: backups@example.net, mail: [ops@example.net], sms: ["+31600000000"] }
hosts: { web: { since: 2020-01-01 }, silent: { since: 2020-01-01 } }
`;

describe('the deployed stack', () => {
  const project = copyProject(configText);
  let ministack: Ministack;
  let host: Awaited<ReturnType<typeof makeHost>>;
  let hostKey: Awaited<ReturnType<typeof makeHostUser>>;

  const client = (credentials = { accessKeyId: 'test', secretAccessKey: 'test' }) => ({
    region: ministack.region,
    endpoint: ministack.endpoint,
    credentials,
  });
  const keys = async () =>
    ((await new S3Client(client()).send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(
      ({ Key }) => Key ?? '',
    );
  const mailWith = (...words: string[]) => expectOneMailWith(ministack, words);

  beforeAll(async () => {
    demandPrograms();
    [ministack, host] = await Promise.all([
      startMinistack({ strict: true }),
      makeHost({ PATH: process.env.PATH }),
    ]);
  });
  afterAll(async () => {
    await ministack?.stop();
    await host?.remove();
    project.remove();
  });

  it('is made by sls deploy', async () => {
    expect(await project.sls(['deploy'], ministack.env)).toContain('Service deployed');
    await new SESClient(client()).send(
      new VerifyEmailIdentityCommand({ EmailAddress: 'backups@example.net' }),
    );
  });

  it('is left as it is by a second sls deploy, as its bundles are the same', async () => {
    expect(await project.sls(['deploy'], ministack.env)).toContain('No changes to deploy');
  });

  it('has the policy that rollcall bucket-settings prints for it', async () => {
    const { Policy = '' } = await new S3Client(client()).send(
      new GetBucketPolicyCommand({ Bucket }),
    );
    const words = [script, 'bucket-settings', 'policy', '--hosts', join(project.dir, 'hosts.yml')];
    const printed = await runProgram('node', words, { env: ministack.env });
    expect(JSON.parse(printed.slice(0, printed.lastIndexOf('}') + 1))).toEqual(JSON.parse(Policy));
  });

  it('keeps its bucket: another name in hosts.yml, or "existing: true", is refused before anything is done', async () => {
    const hosts = join(project.dir, 'hosts.yml');
    for (const [other, words] of [
      [configText.replace(Bucket, 'other-backups'), /set "bucket: acme-backups" again/],
      [`${configText}existing: true\n`, /take "existing: true" out of hosts.yml/],
    ] as const) {
      writeFileSync(hosts, other);
      await expect(project.sls(['deploy'], ministack.env)).rejects.toThrow(words);
    }
    writeFileSync(hosts, configText);
    expect(await project.sls(['deploy'], ministack.env)).toContain('No changes to deploy');
    await new S3Client(client()).send(new GetBucketPolicyCommand({ Bucket }));
  });

  it('makes a user a host by the group it is put into', async () => {
    hostKey = await makeHostUser(new IAMClient(client()), group, 'web');
  });

  it('takes a full backup that duplicity writes with the key of a host', async () => {
    const credentials = {
      ...ministack.env,
      PATH: process.env.PATH,
      AWS_ACCESS_KEY_ID: hostKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: hostKey.secretAccessKey,
    };
    await host.backUp(`boto3+s3://${Bucket}/web`, credentials, ministack.endpoint);
    const volumes = (await keys()).filter((key) => /^web\/.*\.vol\d+\.difftar\.gpg$/.test(key));
    expect(volumes).toHaveLength(3);
  });

  it('mails that the host has done it, when the manifest arrives', async () => {
    await mailWith('web', 'OK');
  });

  it.each(['deletes', 'reads', 'tags', 'writes without encryption', 'writes for another host'])(
    'refuses a host that %s',
    async (change) => {
      const s3 = new S3Client({ ...client(hostKey), maxAttempts: 1 });
      const [Key = ''] = await keys();
      const put = (key: string) => s3.send(new PutObjectCommand({ Bucket, Key: key, Body: 'x' }));
      const changes: { [change: string]: () => Promise<unknown> } = {
        deletes: () => s3.send(new DeleteObjectCommand({ Bucket, Key })),
        tags: () =>
          s3.send(
            new PutObjectTaggingCommand({
              ...{ Bucket, Key },
              Tagging: { TagSet: [{ Key: 'expire', Value: 'yes' }] },
            }),
          ),
        reads: () => s3.send(new GetObjectCommand({ Bucket, Key })),
        'writes without encryption': () => put('web/duplicity-full.20261123T031702Z.manifest'),
        'writes for another host': () => put('silent/duplicity-full.20261123T031702Z.manifest.gpg'),
      };
      await expect(changes[change]?.()).rejects.toThrow(/not authorized/);
    },
  );

  it('mails who did not answer, when the schedule checks the hosts', async () => {
    const tick = JSON.stringify({ scheduledAt: at('11:45').toISOString() });
    await project.sls(['invoke', '--function', 'checkHosts', '--data', tick], ministack.env);
    await mailWith('silent', 'FAILED');
  });

  it('lets the janitor make its round, which tags nothing that is new', async () => {
    const printed = await project.sls(
      ['invoke', '--function', 'janitor', '--data', '{}'],
      ministack.env,
    );
    expect(JSON.parse(printed)).toEqual({ hosts: 2, held: 0, sets: 0, tagged: 0, left: 0 });
  });

  it('mails what was removed, when somebody removes a volume', async () => {
    const Key = (await keys()).find((key) => key.includes('.vol2.')) ?? '';
    await new S3Client(client()).send(new DeleteObjectCommand({ Bucket, Key }));
    await mailWith('web', Key.slice('web/'.length));
  });

  it('is left whole, with the host in its group, when the framework refuses to remove it', async () => {
    const protect = (EnableTerminationProtection: boolean) =>
      new CloudFormationClient(client()).send(
        new UpdateTerminationProtectionCommand({
          StackName: 'rollcall-prod',
          EnableTerminationProtection,
        }),
      );
    await protect(true);
    await expect(project.sls(['remove'], ministack.env)).rejects.toThrow(
      /back in the group acme-backups-hosts: web/,
    );
    await protect(false);
    const found = await new IAMClient(client()).send(new GetGroupCommand({ GroupName: group }));
    expect(found.Users?.map(({ UserName }) => UserName)).toEqual(['web']);
  });

  it('is removed by sls remove, and leaves every version of the backups', async () => {
    const printed = await project.sls(['remove'], ministack.env);
    expect(printed).toContain('successfully removed');
    expect(printed).toMatch(/the backup bucket acme-backups, with every version in it/);
    expect(printed).toMatch(/the state bucket rollcall-prod-ledgerbucket-\S+: /);
    const deletion = `aws iam delete-access-key --user-name web --access-key-id ${hostKey.accessKeyId}`;
    expect(printed).toContain(`${deletion} && aws iam delete-user --user-name web`);
    const s3 = new S3Client(client());
    const { Versions, DeleteMarkers } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    expect([Versions?.length, DeleteMarkers?.length]).toEqual([5, 1]);
  });

  it('is not made again over the bucket that stayed, and nothing else is made', async () => {
    const words =
      /Nothing was made or changed\.[\s\S]*a bucket acme-backups in this account already/;
    await expect(project.sls(['deploy'], ministack.env)).rejects.toThrow(words);
    const stack = await readStack({ ...client(), endpoint: ministack.endpoint }, 'rollcall-prod');
    expect(stack).toBeUndefined();
  });

  it('comes back with "existing: true", and the host that stayed goes on', async () => {
    writeFileSync(join(project.dir, 'hosts.yml'), `${configText}existing: true\n`);
    const NotificationConfiguration = { EventBridgeConfiguration: {} };
    const s3 = new S3Client(client());
    await s3.send(
      new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }),
    );
    expect(await project.sls(['deploy'], ministack.env)).toContain('Service deployed');
    const iam = new IAMClient(client());
    await iam.send(new AddUserToGroupCommand({ GroupName: group, UserName: 'web' }));
    const Key = 'web/duplicity-full.20261123T031702Z.manifest.gpg';
    const host = new S3Client({ ...client(hostKey), maxAttempts: 1 });
    await host.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  });

  it('stands in no way of its own next deploy, as the doctor says', async () => {
    const printed = await runProgram(
      'node',
      [doctor, 'doctor', '--before-deploy', '--hosts', join(project.dir, 'hosts.yml')],
      { env: ministack.env },
    );
    expect(printed).toContain('3 of 3 checks ok');
  });

  it('shares its bucket with no other stage', async () => {
    await expect(project.sls(['deploy', '--stage', 'test'], ministack.env)).rejects.toThrow(
      /group acme-backups-hosts is of the stack rollcall-prod: two stages cannot share a bucket/,
    );
  });

  it('says in the words of the framework when there are no credentials', async () => {
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...none } = ministack.env;
    await expect(project.sls(['deploy'], none)).rejects.toThrow('provider credentials not found');
  });
});
