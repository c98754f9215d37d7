import {
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SESClient, VerifyEmailIdentityCommand } from '@aws-sdk/client-ses';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ministack, startMinistack } from '../support/ministack.ts';
import { copyProject } from '../support/project-copy.ts';
import { noon } from './noon.ts';

const Bucket = 'acme-fleet';
const { timezone, at } = noon(Date.now());
const configText = `bucket: ${Bucket}
region: eu-west-1
timezone: ${timezone}
window: { opens: "00:00", due: "11:45", hardDue: "11:50" }
alerts: { from: backups@example.net, mail: [ops@example.net], weeklyTest: false }
hosts: { web: {}, db: {}, nas: {}, silent: { since: 2020-01-01 } }
`;

describe('the stack of a config that one run cannot hold', () => {
  const project = copyProject(configText);
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  let ministack: Ministack;
  let s3: S3Client;

  const pagesIn = async (prefix: string) => {
    const { Buckets } = await s3.send(new ListBucketsCommand({}));
    const records = Buckets?.find(({ Name }) => Name?.includes('ledger'))?.Name;
    const list = new ListObjectsV2Command({ Bucket: records, Prefix: prefix });
    return ((await s3.send(list)).Contents ?? []).map(({ Key }) => Key ?? '');
  };

  beforeAll(async () => {
    ministack = await startMinistack({ strict: true });
    const { region, endpoint } = ministack;
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    s3 = new S3Client({ region, endpoint, credentials });
    await new SESClient({ region, endpoint, credentials }).send(
      new VerifyEmailIdentityCommand({ EmailAddress: 'backups@example.net' }),
    );
  });
  afterAll(async () => {
    await ministack?.stop();
    project.remove();
  });

  it('is made by sls deploy, with its workers', async () => {
    const env = { ...ministack.env, ROLLCALL_HOSTS_A_RUN: '2' };
    expect(await project.sls(['deploy'], env)).toContain('Service deployed');
    for (const host of ['web', 'db', 'nas']) {
      const names = [`full.${stamp}.vol1.difftar`, `full-signatures.${stamp}.sigtar`];
      for (const name of [...names, `full.${stamp}.manifest`]) {
        const Key = `${host}/duplicity-${name}.gpg`;
        await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
      }
    }
  });

  it('calls its workers over the queue, and makes one report of their answers', async () => {
    const tick = JSON.stringify({ scheduledAt: at('11:45').toISOString() });
    const printed = await project.sls(
      ['invoke', '--function', 'checkHosts', '--data', tick],
      ministack.env,
    );
    expect(JSON.parse(printed), ministack.log()).toEqual({
      ...{ hosts: 4, ok: 3, critical: 1, warning: 0, told: 'alert' },
    });
    expect(await pagesIn('hosts/')).toEqual(['hosts/0of1.json']);
    expect(await pagesIn('shards/')).toEqual([]);
    const subjects = (await ministack.mails()).map(({ Subject }) => Subject);
    expect(subjects.filter((subject) => subject.includes('silent'))).toEqual([
      '[backup] 1 of 4 hosts FAILED: silent NEVER',
    ]);
  });
});
