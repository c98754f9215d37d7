import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CreateGroupCommand, GetUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SESClient, VerifyEmailIdentityCommand } from '@aws-sdk/client-ses';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ministack, startMinistack } from '../support/ministack.ts';
import { copyProject } from '../support/project-copy.ts';
import { ProgramError, runProgram } from '../support/run-program.ts';
import { makeHostUser } from './host-user.ts';

const Bucket = 'acme-backups';
const script = resolve(import.meta.dirname, '../../scripts/rollcall.ts');
const config = `bucket: ${Bucket}
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net], ops: [admin@example.net] }
hosts:
  mail: {}   # the oldest
`;

describe('the operator', () => {
  const project = copyProject(config);
  const hosts = join(project.dir, 'hosts.yml');
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-operate-'));
  const file = join(folder, 'web.aws');
  let ministack: Ministack;

  const client = (credentials = { accessKeyId: 'test', secretAccessKey: 'test' }) => ({
    ...{ region: ministack.region, endpoint: ministack.endpoint, credentials, maxAttempts: 1 },
  });
  /** What it printed, and how it ended. */
  const rollcall = async (...words: string[]) => {
    const all = [script, ...words, '--hosts', hosts];
    try {
      return { status: 0, printed: await runProgram('node', all, { env: ministack.env }) };
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      return { status: error.status, printed: error.printed };
    }
  };
  const audit = async () => {
    const { printed } = await rollcall('doctor', '--format', 'json');
    const { checks } = JSON.parse(printed) as {
      checks: { check: string; status: string; says: string }[];
    };
    return checks;
  };
  const secretIn = () => {
    const text = readFileSync(file, 'utf8');
    const [, accessKeyId = '', secretAccessKey = ''] =
      /key_id = (.*)\n.*secret_access_key = (.*)\n/.exec(text) ?? [];
    return { accessKeyId, secretAccessKey };
  };
  const put = (credentials: { accessKeyId: string; secretAccessKey: string }, Key: string) =>
    new S3Client(client(credentials)).send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  const set = 'duplicity-full.20261123T031702Z.manifest.gpg';

  beforeAll(async () => {
    ministack = await startMinistack({ strict: true });
    await project.sls(['deploy'], ministack.env);
    await new SESClient(client()).send(
      new VerifyEmailIdentityCommand({ EmailAddress: 'backups@example.net' }),
    );
  });
  afterAll(async () => {
    await ministack?.stop();
    project.remove();
    rmSync(folder, { recursive: true });
  });

  it('adds a host, and is given its key in one place', async () => {
    const { status, printed } = await rollcall('add-host', 'web', '--credentials-file', file);
    expect([status, printed]).toEqual([
      0,
      expect.stringContaining('rollcall-backup-setup --id web'),
    ]);
    const { User } = await new IAMClient(client()).send(new GetUserCommand({ UserName: 'web' }));
    expect(readFileSync(hosts, 'utf8')).toContain(`userId: ${User?.UserId}`);
    const { secretAccessKey } = secretIn();
    expect(secretAccessKey).toMatch(/^\S{20,}$/);
    expect(printed).not.toContain(secretAccessKey);
    for (const dir of [project.dir, folder]) {
      const holding = readdirSync(dir).filter(
        (name) =>
          /\.(yml|aws|json)$/.test(name) &&
          readFileSync(join(dir, name), 'utf8').includes(secretAccessKey),
      );
      expect(holding).toEqual(dir === folder ? ['web.aws'] : []);
    }
  });

  it('is refused a host of another stack, and one that its bucket has in other capitals', async () => {
    const iam = new IAMClient(client());
    await iam.send(new CreateGroupCommand({ GroupName: 'other-bucket-hosts' }));
    await makeHostUser(iam, 'other-bucket-hosts', 'db');
    const before = readFileSync(hosts, 'utf8');
    const dump = join(folder, 'db.aws');
    const db = await rollcall('add-host', 'db', '--credentials-file', dump);
    expect([db.status, db.printed]).toEqual([
      3,
      expect.stringContaining('would write to both buckets, other-bucket'),
    ]);
    const web = await rollcall('add-host', 'Web', '--credentials-file', dump);
    expect([web.status, web.printed]).toEqual([3, expect.stringContaining('are one name for IAM')]);
    expect([readFileSync(hosts, 'utf8'), existsSync(dump)]).toEqual([before, false]);
  });

  it('gives the host a key that writes below its own name, and nowhere else', async () => {
    await put(secretIn(), `web/${set}`);
    await expect(put(secretIn(), `mail/${set}`)).rejects.toThrow(/not authorized/);
    await expect(put(secretIn(), 'web/plain')).rejects.toThrow(/not authorized/);
  });

  it('sees the key once on a terminal, and never again', async () => {
    const words = ['node', script, 'add-host', 'mail', '--hosts', hosts];
    const inTerminal = `import pty, sys; sys.exit(pty.spawn(${JSON.stringify(words)}) >> 8)`;
    const run = () => runProgram('python3', ['-c', inTerminal], { env: ministack.env });
    const first = await run();
    const [, accessKeyId = '', secretAccessKey = ''] =
      /^ {2}(\w{16,})\r\n {2}(\S{20,})\r\n/m.exec(first) ?? [];
    await put({ accessKeyId, secretAccessKey }, `mail/${set}`);
    expect(first.split(secretAccessKey)).toHaveLength(2);
    const second = await run();
    expect(second).toContain(accessKeyId);
    expect(second).not.toContain(secretAccessKey);
  });

  it('sees in the doctor that the stack is in order', async () => {
    await project.sls(['invoke', '--function', 'checkHosts', '--data', '{}'], ministack.env);
    const checks = await audit();
    const not = checks.filter(({ status }) => status !== 'ok').map(({ check }) => check);
    // MiniStack sets no lifecycle for CloudFormation, and does not say whether SES sends.
    expect([...new Set(not)]).toEqual(['lifecycle', 'keepDays', 'mail']);
    expect(checks.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['stack', 'versioning', 'bucket policy', 'host group', 'host users']),
    );
    expect(checks.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['host keys', 'events', 'ops topic', 'alarms', 'last run']),
    );
  });

  it('sees in the doctor when a host could overwrite without a trace', async () => {
    const VersioningConfiguration = { Status: 'Suspended' as const };
    const command = new PutBucketVersioningCommand({ Bucket, VersioningConfiguration });
    await new S3Client(client()).send(command);
    expect(await audit()).toContainEqual(
      expect.objectContaining({ check: 'versioning', status: 'fail' }),
    );
  });

  it('removes a host, and nothing of it is left but its archive', async () => {
    const before = secretIn();
    const { status, printed } = await rollcall('remove-host', 'web', '--yes');
    expect([status, printed]).toEqual([0, expect.stringContaining(`s3://${Bucket}/web/`)]);
    expect(readFileSync(hosts, 'utf8')).not.toContain('web');
    const iam = new IAMClient(client());
    await expect(iam.send(new GetUserCommand({ UserName: 'web' }))).rejects.toThrow(
      /cannot be found|not found|NoSuchEntity/i,
    );
    await expect(put(before, `web/${set}`)).rejects.toThrow();
    expect((await rollcall('remove-host', 'web', '--yes')).printed).toContain('nothing to do');
  });
});
