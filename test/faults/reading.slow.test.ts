// Faults while a bucket is read: the host is unreadable, nobody else is, and nothing becomes ok.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Fault, FaultRule } from '../local-aws/fault.ts';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, STATE_BUCKET } from '../support/deployed.ts';
import { buildMessage, noise, recordedMessages } from '../support/recorded-message.ts';

const CONFIG = `bucket: backups
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net] }
hosts:
  mail: {}
  web: { recipients: [B95D68253E90E86D] }
  nas: { target: s3://backups/office/nas/ }
`;
const TICK = '2026-11-23T08:15:00Z';
const today = aFull({ begun: '2026-11-23T03:15:02Z' });
const messageOf = (bytes: number) =>
  recordedMessages
    .filter(({ to, plain }) => to === 'curve25519' && plain === bytes)
    .map((message) => Buffer.from(buildMessage(message, noise(bytes))))
    .at(0) ?? Buffer.alloc(0);
const ALL = ['mail', 'web', 'nas'];

let deployed: Deployed;
beforeEach(async () => {
  deployed = await deploy(CONFIG);
  for (const prefix of ['mail/', 'office/nas/']) deployed.put(prefix, today);
  for (const { name, modifiedAt } of today) {
    const body = messageOf(/vol[12]/.test(name) ? 8150 : 4050);
    deployed.aws.put('backups', `web/${name}`, body, { modified: modifiedAt });
  }
});
afterEach(() => {
  vi.unstubAllGlobals();
  return deployed.close();
});

const fail = (fault: Fault, rule: Omit<FaultRule, 'fault'> = { prefix: 'mail/' }) =>
  deployed.aws.faults.add({ service: 's3', ...rule, fault });
const mail = () => deployed.aws.outbox.mails[0];
const text = () => mail()?.text.replace(/\s+/g, ' ') ?? '';

/** The one mail says that these hosts are unreadable and why, and that all others are ok. */
async function expectUnreadable(
  reason: RegExp,
  hosts: readonly string[] = ['mail'],
): Promise<void> {
  await deployed.tick(TICK);
  const named = hosts.map((host) => `${host} UNREADABLE`).join(', ');
  expect(mail()?.subject).toBe(`[backup] ${hosts.length} of 3 hosts FAILED: ${named}`);
  expect(text()).toMatch(reason);
  for (const host of ALL.filter((one) => !hosts.includes(one))) {
    expect(text()).toContain(`OK ${host}: full done`);
  }
}

async function expectAllWell(): Promise<void> {
  await deployed.tick(TICK);
  expect(mail()?.subject).toBe('[backup] 3 of 3 hosts OK - Mon 23 Nov (#2026-327)');
}

/** As if nothing had been run before. */
function startAgain(): void {
  deployed.aws.faults.clear();
  deployed.aws.outbox.clear();
  deployed.aws.remove(STATE_BUCKET, 'state.json');
}

/** Patience a hundred times shorter: what a client waits for is waited for, but not by the test. */
function hurry(): void {
  const wait = setTimeout;
  vi.stubGlobal('setTimeout', (run: () => void, ms = 0) => wait(run, ms / 100));
}

describe('reading', () => {
  it('without a fault', () => expectAllWell());

  it('throttled for a while', async () => {
    const storm = fail({ error: 'SlowDown' }, { bucket: 'backups', first: 3 });
    await expectAllWell();
    expect(storm.hits()).toBe(3);
  });

  it('throttled to the end', async () => {
    hurry();
    fail({ error: 'SlowDown' });
    await expectUnreadable(/SlowDown \(503\).*S3 is throttling/);
  });

  it('a storm of 503 and 500 over the whole bucket', async () => {
    hurry();
    const subjects: (string | undefined)[] = [];
    for (let seed = 1; seed <= 8; seed += 1) {
      startAgain();
      fail({ error: 'SlowDown' }, { bucket: 'backups', probability: 0.4, seed });
      fail({ error: 'InternalError' }, { bucket: 'backups', probability: 0.4, seed: seed + 100 });
      await deployed.tick(TICK);
      subjects.push(mail()?.subject);
      for (const host of ALL) {
        expect(text()).toMatch(
          RegExp(`(UNREADABLE|OK) ${host}: |UNREADABLE . hosts: .* Hosts: [^.]*${host}`),
        );
      }
    }
    // Who is hit is up to the order in which requests arrive; that not all storms end alike, to the seeds.
    expect(new Set(subjects).size).toBeGreaterThan(1);
  });

  it('an internal error to the end', async () => {
    hurry();
    fail({ error: 'InternalError' });
    await expectUnreadable(/InternalError \(500\)/);
  });

  it('an error in an answer with status 200', async () => {
    const error = { error: 'InternalError', status: 200 };
    const told = fail(error, { prefix: 'mail/', first: 3 });
    await expectAllWell();
    expect(told.hits()).toBe(3);
    startAgain();
    hurry();
    fail(error);
    await expectUnreadable(/could not be listed: InternalError/);
  });

  it('no answer at all', async () => {
    hurry();
    fail({ hang: true });
    await expectUnreadable(/mail\/ could not be listed: ETIMEDOUT/);
  });

  it('a connection reset before the answer', async () => {
    hurry();
    fail({ reset: 'before' });
    await expectUnreadable(/could not be listed: ECONNRESET/);
  });

  it('a connection reset in the middle of the answer', async () => {
    fail({ reset: 'mid-body' });
    await expectUnreadable(/could not be listed/);
  });

  it('XML that ends anywhere', async () => {
    const cuts = 25;
    for (let cut = 0; cut < cuts; cut += 1) {
      startAgain();
      fail({ truncate: cut / cuts });
      await expectUnreadable(/mail\/ (could not be listed|was answered with)/);
    }
  });

  it('an empty answer', async () => {
    fail({ truncate: 0 });
    await expectUnreadable(/answered with no listing at all/);
  });

  it('the same token for ever', async () => {
    fail({ page: 'same-token' });
    await expectUnreadable(/same continuation token twice/);
  });

  it('tokens that lead in a circle', async () => {
    fail({ page: 'looping' });
    await expectUnreadable(/same continuation token twice/);
  });

  it('pages without an end', async () => {
    fail({ page: 'endless' });
    await expectUnreadable(/500 pages/);
  });

  it('an empty page with a token', async () => {
    fail({ page: 'empty' }, { prefix: 'mail/', first: 1 });
    await expectAllWell();
  });

  it('a clock that is too far from that of S3', async () => {
    hurry();
    fail({ error: 'RequestTimeTooSkewed' }, { bucket: 'backups' });
    await expectUnreadable(/the clock of the function differs from that of S3/, ALL);
  });

  it('AccessDenied for one host', async () => {
    fail({ error: 'AccessDenied' });
    await expectUnreadable(/AccessDenied \(403\).*allow s3:ListBucket/);
  });

  // Denied twice, as the SDK asks again where its clock and the server's differ, which they do in these tests.
  it('AccessDenied for one page of many', async () => {
    for (let n = 0; n < 1001; n += 1) deployed.aws.put('backups', `mail/~${n}`, { bytes: 1 });
    fail({ error: 'AccessDenied' }, { operation: 'ListObjectsV2', prefix: 'mail/', nth: [2, 3] });
    await expectUnreadable(/AccessDenied \(403\)/);
  });

  it('AccessDenied for contents', async () => {
    fail({ error: 'AccessDenied' }, { bucket: 'backups', operation: 'GetObject' });
    await expectUnreadable(/contents of a backup .* allow s3:GetObject/, ['web']);
  });

  it('AccessDenied for versions', async () => {
    fail({ error: 'AccessDenied' }, { operation: 'ListObjectVersions' });
    await deployed.tick(TICK);
    expect(mail()?.subject).toBe('[backup] 3 of 3 hosts OK, 3 warnings - Mon 23 Nov (#2026-327)');
    expect(text()).toMatch(
      /UNCHECKED tampering with 3 hosts cannot be checked: .* allow s3:ListBucketVersions/,
    );
  });

  it('AccessDenied for lifecycle', async () => {
    fail({ error: 'AccessDenied' }, { operation: 'GetBucketLifecycleConfiguration' });
    await deployed.tick('2026-11-24T08:15:00Z');
    expect(mail()?.subject).toMatch(/3 of 3 hosts FAILED: mail MISSING/);
    expect(text()).toContain("hidden by lifecycle Mon 30 Nov (by the config's keepDays)");
  });

  it('AccessDenied for the bucket outside of the targets', async () => {
    fail({ error: 'AccessDenied' }, { operation: 'ListObjectsV2', bucket: 'backups', nth: [4, 5] });
    await deployed.tick(TICK);
    expect(mail()?.subject).toBe('[backup] 3 of 3 hosts OK - Mon 23 Nov (#2026-327)');
    expect(text()).toContain('UNSEARCHED could not look for unknown hosts');
  });

  it('a bucket that is gone', async () => {
    fail({ error: 'NoSuchBucket' }, { bucket: 'backups' });
    await expectUnreadable(/there is no bucket backups/, ALL);
  });

  it('a bucket in another region', async () => {
    fail({ redirectTo: 'us-west-2' }, { bucket: 'backups' });
    await expectUnreadable(
      /backups is in us-west-2, and the stack in another region: docs\/setup.md#a-bucket-in-another-region/,
      ALL,
    );
  });

  it('an empty bucket', async () => {
    await deployed.close();
    deployed = await deploy(CONFIG);
    await deployed.tick('2026-11-22T08:15:00Z');
    // In their first window the hosts may still be on their way.
    expect(mail()?.subject).toBe('[backup] NO BACKUP YET of 3 hosts - Sun 22 Nov (#2026-326)');
    deployed.aws.outbox.clear();
    await deployed.tick(TICK);
    expect(mail()?.subject).toBe('[backup] 3 of 3 hosts FAILED: mail NEVER, web NEVER, nas NEVER');
  });
});
