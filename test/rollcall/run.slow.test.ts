// The scheduled run on a machine of one's own: a store that is not Amazon's, a folder or a bucket as state, a mail server.
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { aFull } from '../support/builders.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { environmentOf, runAlone } from './run-rollcall.ts';

let aws: LocalAws;
let mail: MailServer;
let folder: string;
let bucket: string;
let count = 0;
const clock = { now: Date.parse('2026-11-23T08:00:00Z') };
const today = aFull({ begun: '2026-11-23T03:15:00Z' });
const yesterday = aFull({ begun: '2026-11-22T03:15:00Z' });
const state = () => join(folder, 'state');

beforeAll(async () => {
  [aws, mail] = await Promise.all([startLocalAws({ now: () => clock.now }), startMailServer()]);
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-run-'));
  count += 1;
  bucket = `backups-${count}`;
  aws.createBucket(bucket);
  aws.createBucket(`${bucket}-memory`);
  for (const host of ['web', 'db']) put(host, yesterday);
  write();
});
afterEach(() => {
  vi.useRealTimers();
  aws.faults.clear();
  mail.refused.clear();
  mail.mails.length = 0;
  rmSync(folder, { recursive: true, force: true });
});
afterAll(() => Promise.all([aws.close(), mail.stop()]));

function put(host: string, full: ReturnType<typeof aFull>): void {
  for (const { name, bytes, modifiedAt } of full)
    aws.put(bucket, `${host}/${name}`, { bytes }, { modified: modifiedAt });
}

function write(more = '', alerts = 'mail: [ops@example.net, boss@example.net]'): void {
  writeFileSync(
    join(folder, 'hosts.yml'),
    `bucket: ${bucket}
region: eu-west-1
endpoint: ${aws.endpoint}
smtp: { host: 127.0.0.1, port: ${mail.port}, tls: none }
alerts: { from: backups@example.net, ${alerts}, weeklyTest: false }
hosts: { web: {}, db: {} }
${more}`,
  );
}

async function run(iso: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  clock.now = Date.parse(iso);
  vi.useFakeTimers({ toFake: ['Date'], now: clock.now });
  const words = ['run', '--hosts', join(folder, 'hosts.yml'), '--state', state(), ...args];
  return runAlone(words, { ...environmentOf(aws), AWS_ENDPOINT_URL: '', ...env });
}
const subjects = () =>
  mail.mails
    .map(({ to, source }) => `${to}: ${/^subject: (.*(?:\r\n .*)*)/im.exec(source)?.[1]}`)
    .sort();
const toBoth = (subject: string) => ['boss', 'ops'].map((to) => `${to}@example.net: ${subject}`);

describe('rollcall run', () => {
  it('sends what the functions send: the alarm, nothing twice, and that it is over', async () => {
    put('db', today);
    const early = await run('2026-11-23T08:00:00Z');
    expect([early.status, early.stderr]).toEqual([0, '']);
    expect(early.stdout).toMatch(/^2026-11-23T08:00:00.000Z no host was due; nothing to send; /);
    expect(subjects()).toEqual([]);
    const due = await run('2026-11-23T08:15:07Z');
    expect([due.status, due.stderr]).toEqual([0, '']);
    expect(due.stdout).toContain('judged 2: 1 ok, 0 with warnings, 1 failed; sent: alert');
    expect(subjects()).toEqual(toBoth('[backup] 1 of 2 hosts FAILED: web MISSING'));
    for (const time of ['08:30', '09:00']) await run(`2026-11-23T${time}:00Z`);
    expect(mail.mails).toHaveLength(2);
    mail.mails.length = 0;
    for (const host of ['web', 'db']) put(host, aFull({ begun: '2026-11-24T03:15:00Z' }));
    await run('2026-11-24T08:15:00Z');
    expect(subjects()[0]).toMatch(/web OK AGAIN|2 of 2 hosts OK/);
  });

  it('judges every window that closed since the last run', async () => {
    for (const host of ['web', 'db']) put(host, today);
    await run('2026-11-23T08:15:00Z');
    mail.mails.length = 0;
    await run('2026-11-25T12:00:00Z');
    const text = mail.mails[0]?.source.replace(/=\r\n/g, '').replace(/\s+/g, ' ') ?? '';
    expect(text).toMatch(/2 windows/);
    expect(text).toMatch(/no run between/);
  });

  it('remembers in a bucket of the same store as well', async () => {
    const place = ['--state', `s3://${bucket}-memory/eu/rollcall`];
    await run('2026-11-23T08:15:00Z', place);
    expect(mail.mails).toHaveLength(2);
    expect((await run('2026-11-23T08:30:00Z', place)).status).toBe(0);
    expect(mail.mails).toHaveLength(2);
    expect(existsSync(state())).toBe(false);
    const health = await run('2026-11-23T08:31:00Z', [...place, '--healthy-within', '2m']);
    expect(health.status).toBe(0);
  });

  it('prints nothing with --quiet when all went well', async () => {
    const { stdout, stderr, status } = await run('2026-11-23T08:15:00Z', ['--quiet']);
    expect([stdout, stderr, status]).toEqual(['', '', 0]);
  });

  it('fails while an address refuses, tells the others, and sends it when it takes mail again', async () => {
    put('db', today);
    mail.refused.add('boss@example.net');
    const { status, stderr } = await run('2026-11-23T08:15:00Z');
    expect(status).toBe(3);
    expect(stderr).toMatch(/error: mail to boss@example.net: 127.0.0.1:\d+ does not take mail/);
    expect(stderr).toContain('hint: nothing is lost: the next run sends it again');
    expect(subjects()).toEqual(['ops@example.net: [backup] 1 of 2 hosts FAILED: web MISSING']);
    mail.mails.length = 0;
    mail.refused.clear();
    expect((await run('2026-11-23T08:45:00Z')).status).toBe(0);
    expect(subjects()).toContain('boss@example.net: [backup] 1 of 2 hosts FAILED: web MISSING');
    expect(subjects().filter((one) => one.includes('web MISSING'))).toHaveLength(1);
  });

  it('goes on without a memory where the folder cannot be one, and says so by mail', async () => {
    writeFileSync(join(folder, 'file'), '');
    const { status, stderr } = await run('2026-11-23T08:15:00Z', ['--state', join(folder, 'file')]);
    expect(status).toBe(1);
    expect(stderr).toContain('cannot be used as state (a part of its path is no folder');
    expect(subjects()).toEqual(toBoth('[backup] 2 of 2 hosts FAILED: web MISSING, db MISSING'));
    expect(mail.mails[0]?.source).toMatch(/no memory/);
  });

  it('starts a state that was damaged again, and says so', async () => {
    await run('2026-11-23T08:15:00Z');
    mail.mails.length = 0;
    const page = readdirSync(state()).find((name) => name.startsWith('state.json~')) ?? '';
    writeFileSync(join(state(), page), readFileSync(join(state(), page)).subarray(0, 100));
    expect((await run('2026-11-23T08:30:00Z')).status).toBe(0);
    expect(mail.mails.some(({ source }) => /saved state was damaged/.test(source))).toBe(true);
  });

  it('reports a target that cannot be read as that, and never as missing', async () => {
    aws.faults.add({ service: 's3', fault: { error: 'AccessDenied', status: 403 } });
    expect((await run('2026-11-23T08:15:00Z')).status).toBe(0);
    expect(subjects()[0]).toContain('UNREADABLE');
    expect(subjects()[0]).not.toContain('MISSING');
  });

  it('posts to webhooks, and says of a heartbeat that is not taken that it was not', async () => {
    const posts: string[] = [];
    const server = createServer((request, answer) => {
      posts.push(request.url ?? '');
      answer.statusCode = 500;
      answer.end();
    }).listen(0, '127.0.0.1');
    await new Promise((done) => server.once('listening', done));
    vi.stubGlobal('fetch', (url: string, how: RequestInit) =>
      realFetch(
        `http://127.0.0.1:${(server.address() as AddressInfo).port}${new URL(url).pathname}`,
        how,
      ),
    );
    write('', 'mail: [ops@example.net], heartbeat: https://hc.example.net/abc');
    const { status, stderr } = await run('2026-11-23T08:15:00Z');
    server.close();
    vi.unstubAllGlobals();
    expect(status).toBe(3);
    expect(stderr).toMatch(/error: all messages were sent, but the heartbeat was not taken: .*500/);
    expect(posts).toEqual(['/abc']);
  });

  it('sends an SMS where there is AWS, and refuses to start where there is none', async () => {
    write('', 'mail: [ops@example.net], sms: ["+31600000000"]');
    const refused = await run('2026-11-23T08:15:00Z');
    expect(refused.status).toBe(3);
    expect(refused.stderr).toMatch(
      /an SMS goes by SNS of AWS, which is not where the backups are\n.*hint: set ROLLCALL_AWS_PROFILE/,
    );
    expect(mail.mails).toEqual([]);
    writeFileSync(
      join(folder, 'credentials'),
      `[phones]\naws_access_key_id = ${aws.credentials.accessKeyId}\naws_secret_access_key = ${aws.credentials.secretAccessKey}\n`,
    );
    await run('2026-11-23T08:15:00Z', [], {
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
      AWS_ENDPOINT_URL_SNS: aws.endpoint,
      ROLLCALL_AWS_PROFILE: 'phones',
      ROLLCALL_AWS_REGION: 'eu-west-1',
    });
    expect(aws.outbox.sms.map(({ text }) => text)).toEqual([
      expect.stringContaining('BACKUP 2/2 FAILED'),
    ]);
    expect(mail.mails).toHaveLength(1);
  });

  it.each([
    ['webhooks: [{ url: "ssm:/rollcall/slack", format: slack }]', '{}'],
    [
      `webhooks: [{ url: "https://events.example.net/x", format: pagerduty, key: "ssm:/rollcall/pd" }]`,
      '{}',
    ],
    ['mail: [ops@example.net]', '{ admins: [{ url: "ssm:/rollcall/slack", format: slack }] }'],
  ])(
    'refuses to start where %s, host %s, lies in AWS and no profile is named',
    async (alerts, host) => {
      write(
        '',
        `mail: [ops@example.net], ${alerts}`.replace('mail: [ops@example.net], mail', 'mail'),
      );
      const file = join(folder, 'hosts.yml');
      writeFileSync(file, readFileSync(file, 'utf8').replace('web: {}', `web: ${host}`));
      const { status, stderr } = await run('2026-11-23T08:15:00Z');
      expect(stderr).toMatch(
        /the address or the key of a webhook is a parameter of AWS, which is not where the backups are\n.*hint: set ROLLCALL_AWS_PROFILE and ROLLCALL_AWS_REGION .*, or take it out of hosts.yml\n$/,
      );
      expect(status).toBe(3);
      expect(mail.mails).toEqual([]);
    },
  );

  it('tells the others of a webhook whose address no profile of this machine can read', async () => {
    write('', 'mail: [ops@example.net], webhooks: [{ url: "ssm:/rollcall/slack", format: slack }]');
    const { status, stderr } = await run('2026-11-23T08:15:00Z', [], {
      ...{ ROLLCALL_AWS_PROFILE: 'nobody', ROLLCALL_AWS_REGION: 'eu-west-1' },
    });
    expect(stderr).toContain('warning: hook /rollcall/slack takes no message');
    expect(stderr).toMatch(/hint: what is wrong, and what to do: rollcall doctor --state .*\n$/);
    expect(status).toBe(1);
    expect(subjects()).toEqual([
      'ops@example.net: [backup] 2 of 2 hosts FAILED: web MISSING, db MISSING',
    ]);
    const asked = ['doctor', '--hosts', join(folder, 'hosts.yml'), '--state', state()];
    const doctor = await runAlone(asked, { ...environmentOf(aws), AWS_ENDPOINT_URL: '' });
    expect(doctor.stdout.replace(/\s+/g, ' ')).toContain(
      'could not read the parameter /rollcall/slack: CredentialsProviderError; the profile nobody is not in your AWS configuration',
    );
  });

  it('refuses a config whose mail nothing can send, before anything is judged', async () => {
    const text = readFileSync(join(folder, 'hosts.yml'), 'utf8');
    writeFileSync(join(folder, 'hosts.yml'), text.replace(/^smtp.*\n/m, ''));
    const { status, stderr } = await run('2026-11-23T08:15:00Z');
    expect(status).toBe(3);
    expect(stderr).toMatch(/nothing here can send mail\n.*hint: write into hosts.yml: smtp:/);
    expect(existsSync(state())).toBe(false);
  });

  it.each([
    [[], 'nothing says where to remember'],
    [['--state', 'ftp://x/y'], 'is no place for a state'],
    [['--state', 'x', '--every', '5s'], '--every "5s" is no time between'],
    [['--state', 'x', '--every', '2h'], 'is no time between'],
    [['--state', 'x', '--every', '15m', '--once'], '--once and --every differ'],
    [['--state', 'x', '--every', '15m', '--hosts', '-'], 'read anew for each run'],
    [['--state', 'x', '--healthy-within', 'soon'], 'is no time between'],
  ])('refuses %j with what to write', async (args, words) => {
    const { status, stderr } = await runAlone(['run', ...args], environmentOf(aws));
    expect(status).toBe(3);
    expect(stderr).toContain(words);
    expect(stderr).toContain('hint: ');
  });
});

const realFetch = globalThis.fetch;

describe('rollcall run --healthy-within', () => {
  it('is well while the last good run is young', async () => {
    const healthy = (iso: string) => run(iso, ['--healthy-within', '2h']);
    expect(await healthy('2026-11-23T08:00:00Z')).toMatchObject({
      ...{ status: 3, stdout: 'no run went well yet\n' },
    });
    await run('2026-11-23T08:15:00Z');
    expect(await healthy('2026-11-23T10:15:00Z')).toMatchObject({
      ...{ status: 0, stdout: 'the last good run: 2 h ago\n' },
    });
    expect((await healthy('2026-11-23T10:16:00Z')).status).toBe(3);
    expect((await healthy('2026-11-23T08:00:00Z')).status).toBe(3);
  });

  it('does not count a run that failed', async () => {
    for (const one of ['boss', 'ops']) mail.refused.add(`${one}@example.net`);
    await run('2026-11-23T08:15:00Z');
    expect((await run('2026-11-23T08:16:00Z', ['--healthy-within', '2h'])).status).toBe(3);
  });

  it('says why the state cannot be read', async () => {
    writeFileSync(join(folder, 'file'), '');
    chmodSync(join(folder, 'file'), 0o600);
    const { status, stderr } = await run('2026-11-23T08:16:00Z', [
      ...['--healthy-within', '2h', '--state', join(folder, 'file')],
    ]);
    expect([status, stderr]).toEqual([3, expect.stringContaining('cannot be used as state')]);
  });
});
