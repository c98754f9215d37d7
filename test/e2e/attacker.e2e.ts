// An intruder with the keys of hosts, against a stack that is really deployed: what is reported, and what comes back.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { IAMClient, RemoveUserFromGroupCommand } from '@aws-sdk/client-iam';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsOutput,
  type ObjectVersion,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SESClient, VerifyEmailIdentityCommand } from '@aws-sdk/client-ses';
import pMap from 'p-map';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatWrittenTime } from '../../shared/duplicity/time.ts';
import { formatInstant } from '../../shared/messages/plain-text.ts';
import { type Ministack, startMinistack } from '../support/ministack.ts';
import { copyProject } from '../support/project-copy.ts';
import { runProgram } from '../support/run-program.ts';
import { demandPrograms, makeHost } from './duplicity-host.ts';
import { expectOneMailWith } from './expect-mail.ts';
import { makeHostUser } from './host-user.ts';
import { noon } from './noon.ts';

const Bucket = 'acme-backups';
const group = `${Bucket}-hosts`;
const hosts = ['web', 'mail', 'app', 'db', 'calm'] as const;
type HostName = (typeof hosts)[number];
const HOUR = 3_600_000;
const { timezone, at } = noon(Date.now());
const backedUp = { yesterday: Date.now() - 26 * HOUR, today: Date.now() - 2 * HOUR };
const setOf = (day: keyof typeof backedUp) =>
  formatWrittenTime(backedUp[day] - (backedUp[day] % 1000));

// With pages of so few entries a host is flooded by thousands of names, and not by half a million.
const PAGE = 5;
const FLOOD = 500 * PAGE + 100;

const configWith = (subkey: string) => `bucket: ${Bucket}
region: eu-west-1
timezone: ${timezone}
window: { opens: "00:00", due: "11:45", hardDue: "11:50" }
alerts: { from: backups@example.net, mail: [ops@example.net] }
recipients: ["${subkey}"]
hosts: { web: {}, mail: {}, app: { size: { min: 1MiB } }, db: {}, calm: {} }
`;

describe('an intruder with the keys of hosts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-attacker-'));
  const inside = (name: string) => join(folder, name);
  let ministack: Ministack;
  let host: Awaited<ReturnType<typeof makeHost>>;
  let project: ReturnType<typeof copyProject>;
  let admin: S3Client;
  let before: ObjectVersion[];
  const stolen = new Map<HostName, Awaited<ReturnType<typeof makeHostUser>>>();

  const client = (credentials = { accessKeyId: 'test', secretAccessKey: 'test' }) => ({
    ...{ region: ministack.region, endpoint: ministack.endpoint, credentials, maxAttempts: 1 },
  });
  const as = (name: HostName) => new S3Client(client(stolen.get(name)));
  const put = (name: HostName, file: string, Body: string | Uint8Array = 'garbage') =>
    as(name).send(new PutObjectCommand({ Bucket, Key: `${name}/${file}`, Body }));
  const mailWith = (...words: string[]) => expectOneMailWith(ministack, words);
  /** Every version of every backup of a host, in however many pages. */
  const versions = async (name: HostName) => {
    const found: ObjectVersion[] = [];
    let page: ListObjectVersionsOutput | undefined;
    do {
      page = await admin.send(
        new ListObjectVersionsCommand({
          ...{ Bucket, Prefix: `${name}/duplicity-full` },
          ...{ KeyMarker: page?.NextKeyMarker, VersionIdMarker: page?.NextVersionIdMarker },
        }),
      );
      found.push(...(page.Versions ?? []));
    } while (page.IsTruncated);
    return found;
  };
  const allVersions = async () => (await Promise.all(hosts.map(versions))).flat();
  /** The files of a set as the host wrote them, the manifest last. */
  const filesOf = (name: HostName, set: string) =>
    before
      .map(({ Key = '' }) => Key)
      .filter((key) => key.startsWith(`${name}/`) && key.includes(set))
      .sort((a, b) => Number(a.includes('manifest')) - Number(b.includes('manifest')));
  const rollcall = (...words: string[]) =>
    runProgram(
      'node',
      [
        resolve(import.meta.dirname, '../../scripts/rollcall.ts'),
        ...words,
        '--hosts',
        join(project.dir, 'hosts.yml'),
      ],
      { env: ministack.env },
    );
  const kit = (program: string, ...words: string[]) =>
    runProgram(resolve(import.meta.dirname, '../../scripts/restore/bin', program), words, {
      env: { ...ministack.env, HOME: inside('home'), TMPDIR: folder },
    });

  beforeAll(async () => {
    demandPrograms();
    [ministack, host] = await Promise.all([
      startMinistack({ strict: true, pageSize: PAGE }),
      makeHost({ PATH: process.env.PATH }),
    ]);
    project = copyProject(configWith(host.subkey));
    await project.sls(['deploy'], ministack.env);
    await new SESClient(client()).send(
      new VerifyEmailIdentityCommand({ EmailAddress: 'backups@example.net' }),
    );
    admin = new S3Client(client());
    const iam = new IAMClient(client());
    for (const name of hosts) stolen.set(name, await makeHostUser(iam, group, name));
  });
  afterAll(async () => {
    await ministack?.stop();
    await host?.remove();
    project?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it('finds full backups of two days that duplicity wrote, and every other host backed up as well', async () => {
    const { accessKeyId = '', secretAccessKey = '' } = stolen.get('web') ?? {};
    const credentials = {
      ...{ ...ministack.env, PATH: process.env.PATH },
      ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    };
    for (const day of ['yesterday', 'today'] as const) {
      writeFileSync(join(host.source, 'notes'), `as of ${day}\n`);
      await runProgram('cp', ['-a', host.source, inside(day)]);
      ministack.setS3Back(Date.now() - backedUp[day]);
      await host.backUp(`boto3+s3://${Bucket}/web`, credentials, ministack.endpoint, backedUp[day]);
    }
    before = await versions('web');
    expect(before).toHaveLength(2 * 5);
    for (const key of filesOf('web', setOf('today'))) {
      const { Body } = await admin.send(new GetObjectCommand({ Bucket, Key: key }));
      const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
      for (const name of hosts.slice(1)) await put(name, key.slice('web/'.length), bytes);
    }
    ministack.setS3Back(0);
    before = await allVersions();
    expect(before).toHaveLength((2 + 4) * 5);
    await mailWith('web OK');
  });

  it.each<[string, (s3: S3Client, of: { Bucket: string; Key: string }) => Promise<unknown>]>([
    ['delete', (s3, of) => s3.send(new DeleteObjectCommand(of))],
    [
      'delete a version for good',
      (s3, of) =>
        s3.send(new DeleteObjectCommand({ ...of, VersionId: before[0]?.VersionId ?? '' })),
    ],
    [
      'delete many at once',
      (s3, { Key }) =>
        s3
          .send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }] } }))
          .then(({ Errors }) =>
            Promise.reject(new Error(Errors?.map(({ Message }) => Message).join())),
          ),
    ],
    ['read a backup', (s3, of) => s3.send(new GetObjectCommand(of))],
    [
      'tag',
      (s3, of) =>
        s3.send(
          new PutObjectTaggingCommand({
            ...of,
            Tagging: { TagSet: [{ Key: 'expire', Value: 'yes' }] },
          }),
        ),
    ],
    [
      'lock for a hundred years',
      (s3, of) =>
        s3.send(
          new PutObjectRetentionCommand({
            ...of,
            Retention: { Mode: 'COMPLIANCE', RetainUntilDate: new Date('2126-01-01') },
          }),
        ),
    ],
    [
      'suspend versions',
      (s3) =>
        s3.send(
          new PutBucketVersioningCommand({
            Bucket,
            VersioningConfiguration: { Status: 'Suspended' },
          }),
        ),
    ],
    [
      'shorten the lifecycle',
      (s3) =>
        s3.send(
          new PutBucketLifecycleConfigurationCommand({
            Bucket,
            LifecycleConfiguration: {
              Rules: [{ Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 1 } }],
            },
          }),
        ),
    ],
    [
      'upload to the deep archive',
      (s3, of) => s3.send(new PutObjectCommand({ ...of, Body: 'x', StorageClass: 'DEEP_ARCHIVE' })),
    ],
    [
      'write for another host',
      (s3, { Key }) =>
        s3.send(new PutObjectCommand({ Bucket, Key: Key.replace('web/', 'mail/'), Body: 'x' })),
    ],
  ])('may not %s', async (_, change) => {
    const [Key = ''] = filesOf('web', setOf('today'));
    await expect(change(as('web'), { Bucket, Key })).rejects.toThrow(/not authorized|denied/i);
  });

  it('is reported when it writes over a volume, and over a manifest', async () => {
    const parts = { web: '.vol1.', db: '.manifest.' } as const;
    for (const name of ['web', 'db'] as const) {
      const file = filesOf(name, setOf('today'))
        .find((key) => key.includes(parts[name]) && key.includes('full.'))
        ?.slice(name.length + 1);
      await put(name, file ?? '');
      await mailWith(`TAMPERED ${name}:`, '1 file was overwritten', `${file}" was written`);
    }
  });

  it('is reported when it uploads a newer set that the right key does not open', async () => {
    const set = `duplicity-full.${formatWrittenTime(Date.now() - 60_000)}`;
    await put('mail', `${set}.vol1.difftar.gpg`);
    await put('mail', `${set}.manifest.gpg`);
    await mailWith('WRONG-RECIPIENT mail:', set);
  });

  it('uploads forged sets to the right key: of today, of 2099 and of the past', async () => {
    const garbage = await host.encrypt('nothing that was ever on this host');
    const times = [Date.now() - 60_000, Date.parse('2099-01-01'), Date.parse('2020-01-01')];
    for (const time of times) {
      const set = formatWrittenTime(time - (time % 1000));
      await put('app', `duplicity-full.${set}.vol1.difftar.gpg`, garbage);
      await put('app', `duplicity-full-signatures.${set}.sigtar.gpg`, garbage);
      await put('app', `duplicity-full.${set}.manifest.gpg`, garbage);
    }
  });

  it('floods the prefix of a host with thousands of names', async () => {
    const s3 = as('db');
    const names = Array.from({ length: FLOOD }, (_, index) => `db/duplicity-0${index}.gpg`);
    await pMap(names, (Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' })), {
      concurrency: 20,
    });
  });

  it('is reported when it has more rights and hides a whole backup', async () => {
    const files = filesOf('web', setOf('yesterday'));
    for (const Key of files) await admin.send(new DeleteObjectCommand({ Bucket, Key }));
    await mailWith('TAMPERED web:', 'hidden by a delete marker', 'was removed');
  });

  it('is reported in one mail, host by host, when the schedule next checks the hosts', async () => {
    const tick = JSON.stringify({ scheduledAt: at('11:45').toISOString() });
    await project.sls(['invoke', '--function', 'checkHosts', '--data', tick], ministack.env);
    const subject = 'TAMPERED: db, web. 3 of 5 hosts FAILED: mail WRONG-RECIPIENT';
    // Only a digest names who is well.
    await mailWith(subject, 'OK calm:');
    const text = (await ministack.mails())
      .filter((one) => one.Subject.includes(subject))
      .map((one) => one.BodyText.replace(/\s+/g, ' '))
      .find((one) => one.includes('OK calm:'));
    expect(text).not.toContain('WARNING');
    // First where it is news; an event may have been so quick that it is not.
    expect(text).toMatch(/\bexpiring(?: web)?: the last good copy/i);
    for (const words of [
      // Overwritten and hidden, file by file.
      '5 files were hidden by a delete marker',
      '1 file was overwritten',
      'their good versions are still there',
      ...filesOf('web', setOf('yesterday')).map((key) => `"${key}" was removed`),
      // A newer set that nobody opens.
      'WRONG-RECIPIENT mail:',
      'is no encrypted OpenPGP message',
      `Last good copy: ${formatInstant(Math.floor(backedUp.today / 1000) * 1000, timezone, Date.now())}, 3 volumes`,
      // Garbage to the right key: too small, one too many, and of times that cannot be.
      'SHRUNK app:',
      'DUPLICATE-FULL app: 2 fulls in one window',
      "ahead of S3's clock",
      'after the time in its name',
      // The flood hides its own host, and no other.
      'UNREADABLE db:',
      'holds over 500 pages of objects',
      'OK calm:',
    ]) {
      expect(text).toContain(words);
    }
  });

  it('has destroyed nothing: every version that was there is there', async () => {
    const after = new Map((await allVersions()).map((one) => [one.VersionId, one]));
    for (const { Key, VersionId, ETag } of before) {
      expect(after.get(VersionId)).toMatchObject({ Key, ETag });
    }
  });

  it('has hidden nothing for good: undelete brings the backup back in its place', async () => {
    expect(await rollcall('undelete', 'web', setOf('yesterday'))).toContain('5 files brought back');
    for (const { Key = '', ETag } of before.filter((one) =>
      one.Key?.includes(setOf('yesterday')),
    )) {
      expect((await admin.send(new HeadObjectCommand({ Bucket, Key }))).ETag).toBe(ETag);
    }
  });

  it.each(['yesterday', 'today'] as const)(
    'cannot keep the backup of %s from being restored, byte for byte',
    async (day) => {
      if (day === 'yesterday') {
        await host.exportKey(inside('web.key'));
        await kit(
          'restore-add-host',
          ...['web', '--bucket', Bucket, '--region', ministack.region, '--no-look'],
          ...['--key', inside('web.key'), '--endpoint-url', ministack.endpoint],
        );
      }
      const printed = await kit('restore-set', 'web', setOf(day), inside(`set-${day}`));
      if (day === 'today') expect(printed).toContain('overwritten');
      expect(printed).toContain("match the manifest's checksums");
      await kit('restore', 'web', '--from', inside(`set-${day}`), 'all', inside(`out-${day}`));
      await runProgram('diff', ['-r', inside(day), inside(`out-${day}`)]);
    },
  );

  it('leaves a stack that sls remove takes down', async () => {
    const iam = new IAMClient(client());
    for (const UserName of hosts)
      await iam.send(new RemoveUserFromGroupCommand({ UserName, GroupName: group }));
    await project.sls(['remove'], ministack.env);
    await admin.send(new HeadObjectCommand({ Bucket, Key: before[0]?.Key ?? '' }));
  });
});
