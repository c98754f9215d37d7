import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { formatOperatorPage, OPERATOR_PAGE } from '../../shared/monitor/operator-page.ts';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, STATE_BUCKET, s3Event } from '../support/deployed.ts';
import { putLifecycle } from '../support/put-lifecycle.ts';

const CONFIG = `bucket: backups
region: eu-west-1
keepDays: 40
alerts: { from: backups@example.net, mail: [ops@example.net], sms: ["+31600000000"] }
hosts: { web: {}, lab: {} }
`;
const day = (number: number) => new Date(Date.UTC(2026, 10, number)).toISOString().slice(0, 10);
const full = (number: number) => aFull({ begun: `${day(number)}T03:00:00Z` });

let deployed: Deployed;
beforeEach(async () => {
  deployed = await deploy(CONFIG);
});
afterEach(() => deployed.close());

/** What an operator said at an instant. */
function say(iso: string, { mute, ack }: { mute?: string; ack?: string | null }): void {
  const at = Date.parse(iso);
  const mutes = mute === undefined ? [] : [{ host: 'web', at, until: mute, because: 'disk swap' }];
  const acks = ack === undefined ? [] : [{ host: 'web', at, kind: ack ?? undefined }];
  put(formatOperatorPage({ acks, mutes }));
}
const put = (text: string) => deployed.aws.put(STATE_BUCKET, OPERATOR_PAGE, Buffer.from(text));

async function setLifecycle(config: string): Promise<void> {
  const { endpoint, region, credentials } = deployed.aws;
  const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await putLifecycle(s3, parseConfig(config, 'hosts.yml'), 'backups');
  s3.destroy();
}

/** What each channel was told since the last time. */
function told() {
  const { mails, sms } = deployed.aws.outbox;
  const answer = {
    subjects: mails.map(({ subject }) => subject.replace(/^\[backup\] /, '')),
    text: mails.map((mail) => mail.text.replace(/\s+/g, ' ')).join('\n'),
    sms: sms.map(({ text }) => text).join('\n'),
  };
  deployed.aws.outbox.clear();
  return answer;
}

// Never two hours without a run, which would be news of its own.
const UNTIL_DIGEST = ['00:30', '02:15', '04:00', '05:45', '07:30', '08:15'];
const REST = ['10:00', '11:45', '12:15', '14:00', '15:45', '17:30', '19:15', '21:00', '22:45'];

/** A day of the schedule on which lab is well: up to the digest, and from then on. */
async function runDay(number: number) {
  deployed.put('lab/', full(number));
  const run = async (times: readonly string[]) => {
    for (const time of times) await deployed.tick(`${day(number)}T${time}:00Z`);
    return told();
  };
  return { digest: await run(UNTIL_DIGEST), later: await run(REST) };
}

describe('a host that is muted', () => {
  it('is announced once and listed each day, is silent, and is notified of when the mute ends', async () => {
    deployed.put('web/', full(20));
    await runDay(20);
    say(`${day(20)}T23:30:00Z`, { mute: day(23) });
    const first = await runDay(21);
    expect(first.digest.sms).toContain('web is muted until 2026-11-23');
    expect(first.digest.text.split('MUTED')).toHaveLength(2);
    expect(first.digest.subjects.join()).not.toContain('FAILED');
    expect(first.digest.text).not.toContain('MISSING');
    expect(first.later.subjects).toEqual([]);
    const second = await runDay(22);
    expect(second.digest.sms).toBe('');
    expect(second.digest.subjects).toEqual([expect.stringMatching(/^1 of 2 hosts OK/)]);
    expect(second.digest.text).toContain('web is muted until 2026-11-23: "disk swap"');
    expect(second.later.subjects).toEqual([]);
    const last = await runDay(23);
    // At midnight what is still open, and the next window that is missed.
    expect(last.digest.subjects).toEqual([
      '1 of 2 hosts FAILED: web MISSING (2nd day)',
      '1 of 2 hosts FAILED: web MISSING (3rd day)',
    ]);
    expect(last.digest.sms).toContain('web');
    expect(last.digest.text).not.toContain('MUTED');
  });

  it('is notified of when it is tampered with', async () => {
    deployed.put('web/', full(20));
    await runDay(20);
    say(`${day(20)}T23:30:00Z`, { mute: day(30) });
    const [first] = full(20);
    deployed.aws.remove('backups', `web/${first?.name}`);
    const at = `${day(20)}T23:40:00Z`;
    await deployed.event(
      s3Event('ObjectRemoved:DeleteMarkerCreated', `web/${first?.name}`, at),
      at,
    );
    expect(told().subjects).toEqual([expect.stringContaining('TAMPERED: web')]);
  });

  it('is notified of when it cannot be read', async () => {
    deployed.put('web/', full(20));
    await runDay(20);
    say(`${day(20)}T23:30:00Z`, { mute: day(30) });
    const fault = { error: 'AccessDenied' } as const;
    deployed.aws.faults.add({ service: 's3', operation: 'ListObjectVersions', fault });
    deployed.aws.faults.add({ service: 's3', operation: 'ListObjectsV2', fault });
    await deployed.tick(`${day(21)}T08:15:00Z`);
    expect(told().text).toMatch(/unreadable|could not be/i);
  });

  it('is notified of each day while its last good copy is about to expire', async () => {
    const config = CONFIG.replace('keepDays: 40', 'keepDays: 6');
    deployed.change(config);
    await setLifecycle(config);
    deployed.put('web/', full(18));
    for (const number of [18, 19, 20]) await runDay(number);
    say(`${day(20)}T23:30:00Z`, { mute: day(30) });
    for (const number of [21, 22]) {
      const { digest, later } = await runDay(number);
      expect(`${digest.text}${later.text}`, `day ${number}`).toContain('expiring');
    }
  });
});

describe('a host that is acknowledged', () => {
  it('has no reminders, for 14 days', async () => {
    deployed.put('web/', full(5));
    await runDay(5);
    expect((await runDay(6)).digest.subjects).toEqual([expect.stringContaining('FAILED: web ')]);
    say(`${day(6)}T23:30:00Z`, { ack: 'missing' });
    expect((await runDay(7)).digest.sms).toContain('no reminders of MISSING');
    for (let number = 8; number <= 20; number += 1) {
      const { digest, later } = await runDay(number);
      expect(digest.sms, `day ${number}`).not.toContain('web');
      expect(later.subjects).toEqual([]);
    }
    expect((await runDay(21)).digest.sms).toContain('web');
  });

  it('is notified of when that is over, and when it begins again', async () => {
    deployed.put('web/', full(5));
    await runDay(5);
    await runDay(6);
    say(`${day(6)}T23:30:00Z`, { ack: null });
    await runDay(7);
    deployed.put('web/', full(8));
    expect((await runDay(8)).digest.text).toContain('OK AGAIN');
    expect((await runDay(9)).digest.sms).toContain('web');
  });
});

describe('a host that is acknowledged, and becomes worse', () => {
  it('is notified of what was not open then', async () => {
    deployed.put('web/', full(5));
    await runDay(5);
    await runDay(6);
    say(`${day(6)}T23:30:00Z`, { ack: null });
    await runDay(7);
    const [first] = full(5);
    deployed.aws.remove('backups', `web/${first?.name}`);
    const at = `${day(7)}T23:40:00Z`;
    const removed = s3Event('ObjectRemoved:DeleteMarkerCreated', `web/${first?.name}`, at);
    await deployed.event(removed, at);
    expect(told().subjects).toEqual([expect.stringContaining('TAMPERED: web')]);
  });
});

describe('a last good copy that goes within two days', () => {
  it('is notified of each day, though the host is acknowledged', async () => {
    const config = CONFIG.replace('keepDays: 40', 'keepDays: 6');
    deployed.change(config);
    await setLifecycle(config);
    deployed.put('web/', full(18));
    for (const number of [20, 21]) await runDay(number);
    say(`${day(21)}T23:30:00Z`, { ack: null });
    for (const number of [22, 23, 24]) {
      const { digest } = await runDay(number);
      expect(digest.sms, `day ${number}`).toContain('web');
    }
  });
});

describe('a damaged page of operators', () => {
  it('mutes nobody, and everyone is warned', async () => {
    deployed.put('web/', full(20));
    await runDay(20);
    put('{"version":1,"mutes":"all"}');
    const { digest } = await runDay(21);
    expect(digest.subjects).toEqual([expect.stringContaining('FAILED: web ')]);
    expect(digest.text).toContain('operator/said.json in the state bucket is damaged');
  });
});
