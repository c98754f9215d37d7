// Faults while a message is sent, and while the state bucket is read and written: a message is late or doubled, never lost.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FaultRule } from '../local-aws/fault.ts';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, STATE_BUCKET } from '../support/deployed.ts';

const CONFIG = `bucket: backups
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net, boss@example.net], sms: ["+31600000000"] }
hosts: { web: {} }
`;
const SEND = { service: 'ses', operation: ['SendRawEmail'] } as const;
const PUBLISH = { service: 'sns', operation: 'Publish' } as const;
const STATE = { service: 's3', bucket: STATE_BUCKET, prefix: 'state.json' } as const;

let deployed: Deployed;
beforeEach(async () => {
  deployed = await deploy(CONFIG);
  deployed.put('web/', aFull({ begun: '2026-11-21T03:15:00Z' }));
});
afterEach(() => deployed.close());

const fail = (rule: FaultRule) => deployed.aws.faults.add(rule);
const due = () => deployed.tick('2026-11-23T08:15:00Z');
const FAILED = /^\[backup\] 1 of 1 host FAILED: web MISSING/;

/** How often each mailbox and the phone were notified that the host failed. */
function timesNotified() {
  const { mails, sms } = deployed.aws.outbox;
  const to = (address: string) =>
    mails.filter((one) => one.to.includes(address) && FAILED.test(one.subject)).length;
  return {
    ops: to('ops@example.net'),
    boss: to('boss@example.net'),
    phone: sms.filter(({ text }) => text.includes('web MISSING')).length,
  };
}
const text = () => deployed.aws.outbox.mails[0]?.text.replace(/\s+/g, ' ');

describe('a notification, with', () => {
  it('SES throttled for a while', async () => {
    fail({ ...SEND, first: 2, fault: { error: 'Throttling', status: 400 } });
    await due();
    expect(timesNotified()).toEqual({ ops: 1, boss: 1, phone: 1 });
  });

  it('SNS throttled for a while', async () => {
    fail({ ...PUBLISH, first: 2, fault: { error: 'Throttled', status: 429 } });
    await due();
    expect(timesNotified()).toEqual({ ops: 1, boss: 1, phone: 1 });
  });

  it('SES dead', async () => {
    const dead = fail({ service: 'ses', fault: { error: 'AccessDenied', status: 403 } });
    await expect(due()).rejects.toThrow(AggregateError);
    expect(timesNotified()).toEqual({ ops: 0, boss: 0, phone: 1 });
    dead.remove();
    await deployed.tick('2026-11-23T08:30:00Z');
    expect(timesNotified()).toEqual({ ops: 1, boss: 1, phone: 1 });
  });

  it('SNS dead', async () => {
    const dead = fail({ service: 'sns', fault: { error: 'AuthorizationError', status: 403 } });
    await expect(due()).rejects.toThrow(AggregateError);
    expect(timesNotified()).toEqual({ ops: 1, boss: 1, phone: 0 });
    dead.remove();
    await deployed.tick('2026-11-23T08:30:00Z');
    expect(timesNotified()).toEqual({ ops: 1, boss: 1, phone: 1 });
  });

  it('one address refused', async () => {
    // In the sandbox SES refuses addresses that are not verified.
    deployed.aws.ses.sandbox = true;
    deployed.aws.setIdentity('ops@example.net', 'Success');
    await expect(due()).rejects.toThrow(/^mail to boss@example.net did not take the message/);
    expect(timesNotified()).toEqual({ ops: 1, boss: 0, phone: 1 });
  });

  it('one webhook dead', async () => {
    const https = 'https: ["https://chat.example/hook"]';
    deployed.change(CONFIG.replace('alerts: {', `alerts: { ${https},`));
    let posts = 0;
    vi.stubGlobal('fetch', async () => {
      posts += 1;
      return new Response('', { status: posts === 1 ? 404 : 200 });
    });
    await due();
    expect(timesNotified()).toEqual({ ops: 1, boss: 1, phone: 1 });
    await deployed.tick('2026-11-23T08:30:00Z');
    await deployed.tick('2026-11-23T08:45:00Z');
    vi.unstubAllGlobals();
    expect([timesNotified(), posts]).toEqual([{ ops: 1, boss: 1, phone: 1 }, 2]);
  });

  it('every channel dead', async () => {
    const dead = ['ses', 'sns'] as const;
    const rules = dead.map((service) =>
      fail({ service, fault: { error: 'AccessDenied', status: 403 } }),
    );
    for (const tick of ['08:15', '08:30', '14:00']) {
      await expect(deployed.tick(`2026-11-23T${tick}:00Z`)).rejects.toThrow(AggregateError);
    }
    for (const rule of rules) rule.remove();
    await deployed.tick('2026-11-23T14:15:00Z');
    expect(timesNotified()).toEqual({ ops: 1, boss: 1, phone: 1 });
  });

  it('a mail of which the answer was lost', async () => {
    fail({ ...SEND, first: 1, fault: { reset: 'mid-body' } });
    await due();
    // The SDK asks again: the first mail had gone out.
    expect(timesNotified().ops + timesNotified().boss).toBe(3);
  });
});

describe('the state bucket', () => {
  it('corrupt', async () => {
    deployed.aws.put(STATE_BUCKET, 'state.json', 'half a {');
    await due();
    await due();
    expect(timesNotified()).toEqual({ ops: 1, boss: 1, phone: 1 });
    expect(text()).toContain('WARNING: the saved state was damaged and starts again');
  });

  it('out of reach', async () => {
    fail({ ...STATE, fault: { error: 'AccessDenied', status: 403 } });
    await due();
    expect(timesNotified()).toEqual({ ops: 1, boss: 1, phone: 1 });
    expect(text()).toContain(
      'WARNING: no memory: s3://backups-ledger/state.json could not be read',
    );
  });

  it('lost between two runs', async () => {
    await deployed.tick('2026-11-23T08:00:00Z');
    deployed.aws.remove(STATE_BUCKET, 'state.json');
    await due();
    expect(timesNotified()).toEqual({ ops: 1, boss: 1, phone: 1 });
  });

  it('written by somebody else at every try', async () => {
    fail({ ...STATE, operation: 'PutObject', fault: { error: 'PreconditionFailed', status: 412 } });
    await due();
    expect(timesNotified()).toEqual({ ops: 1, boss: 1, phone: 1 });
  });

  it('written, and the answer lost', async () => {
    await deployed.tick('2026-11-23T08:00:00Z');
    fail({ ...STATE, operation: 'PutObject', first: 1, fault: { reset: 'mid-body' } });
    await due();
    await deployed.tick('2026-11-23T08:30:00Z');
    expect(timesNotified()).toEqual({ ops: 1, boss: 1, phone: 1 });
  });
});
