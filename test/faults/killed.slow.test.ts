// A run that is killed at any request, or that runs at the same time as another: who is notified, and how often.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Fault } from '../local-aws/fault.ts';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, s3Event } from '../support/deployed.ts';

const CONFIG = `bucket: backups
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net], sms: ["+31600000000"] }
hosts: { web: {}, db: {} }
`;
// A run that was killed still says so when its connections end, which is after its test.
console.log = () => undefined;

const VICTIM = 'AKIAVICTIM';
const MANIFEST = 'web/duplicity-full.20261123T031500Z.manifest.gpg';
const REMOVED = s3Event('ObjectRemoved:DeleteMarkerCreated', MANIFEST, '2026-11-23T11:02:00Z');

/** What is run, and what is run after it whatever became of it. */
type Job = {
  readonly prepare?: (at: Deployed) => unknown;
  readonly run: (at: Deployed) => Promise<unknown>;
  readonly afterwards: (at: Deployed) => Promise<unknown>;
};

const schedule: Job = {
  run: (at) => at.tick('2026-11-23T08:15:00Z'),
  // Lambda's retry of what failed, and the next ticks: what a dead run has claimed is free after 20 minutes.
  afterwards: async (at) => {
    await at.tick('2026-11-23T08:15:00Z', '2026-11-23T08:16:00Z');
    await at.tick('2026-11-23T08:30:00Z');
    await at.tick('2026-11-23T08:45:00Z');
  },
};
const event: Job = {
  prepare: (at) => at.aws.remove('backups', MANIFEST, { modified: '2026-11-23T11:02:00Z' }),
  run: (at) => at.event(REMOVED, '2026-11-23T11:02:05Z'),
  afterwards: async (at) => {
    await at.event(REMOVED, '2026-11-23T11:03:05Z');
    await at.tick('2026-11-23T11:15:00Z');
    await at.tick('2026-11-23T11:30:00Z');
  },
};

/** Nobody looked for three days; web has lacked two windows, and is well again. */
const outage: Job = {
  ...schedule,
  prepare: async (at) => {
    for (const host of ['web/', 'db/']) at.put(host, aFull({ begun: '2026-11-20T03:15:00Z' }));
    for (const day of [21, 22, 23]) at.put('db/', aFull({ begun: `2026-11-${day}T04:15:00Z` }));
    await at.tick('2026-11-20T08:15:00Z');
  },
};

let deployed: Deployed;
afterEach(() => deployed.close());

async function start(): Promise<void> {
  deployed = await deploy(CONFIG);
  deployed.put('web/', aFull({ begun: '2026-11-23T03:15:00Z' }));
  deployed.put('db/', aFull({ begun: '2026-11-22T03:15:00Z' }));
}

/** How often each channel was notified of what the job is about. */
function timesNotified(): number[] {
  const { mails, topicMessages } = deployed.aws.outbox;
  const ofJob = ({ subject = '' }) => /FAILED|TAMPERED|windows were missed/.test(subject);
  const alerts = topicMessages.filter(({ topicArn }) => topicArn.endsWith(':alerts'));
  return [mails.filter(ofJob).length, alerts.filter(ofJob).length];
}

/** Lets the victim run until its so-manieth request meets the fault; `undefined` when it asked less. */
async function strike(job: Job, nth: number, fault: Fault) {
  const rule = deployed.aws.faults.add({ principal: VICTIM, nth, fault });
  vi.stubEnv('AWS_ACCESS_KEY_ID', VICTIM);
  let over = false;
  const run = job.run(deployed).finally(() => {
    over = true;
  });
  // One that was killed fails when its connections end with the test.
  run.catch(() => undefined);
  while (rule.hits() === 0 && !over) await new Promise((resume) => setImmediate(resume));
  // What it sends at the same time is still signed with its key: a client is made when it first sends.
  await sleep(80);
  vi.stubEnv('AWS_ACCESS_KEY_ID', deployed.aws.credentials.accessKeyId);
  return rule.hits() === 0 ? undefined : { run };
}

/** Does the same to the first request of a job, to the second and so on; returns how often each channel was notified. */
async function atEach<Outcome>(act: (nth: number) => Promise<Outcome | undefined>) {
  const outcomes: Outcome[] = [];
  for (let nth = 1; ; nth += 1) {
    await start();
    const outcome = await act(nth);
    if (outcome === undefined) return outcomes;
    outcomes.push(outcome);
    await deployed.close();
  }
}

const never = new Promise<void>(() => undefined);

function killAtEach(job: Job, hold: 'undone' | 'done') {
  return atEach(async (nth) => {
    await job.prepare?.(deployed);
    const struck = await strike(job, nth, { hold, until: never });
    if (struck === undefined) return undefined;
    // The dead ask nothing any more.
    deployed.aws.faults.add({ principal: VICTIM, fault: { hold: 'undone', until: never } });
    const before = timesNotified();
    await job.afterwards(deployed);
    return before.map((sent, channel) => ({ nth, sent, told: timesNotified()[channel] ?? 0 }));
  });
}

/** Holds one run at each of its requests in turn while another goes from its beginning to its end. */
function interleaveAtEach(job: Job, hold: 'undone' | 'done') {
  return atEach(async (nth) => {
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    await job.prepare?.(deployed);
    const struck = await strike(job, nth, { hold, until });
    if (struck === undefined) return undefined;
    await job.run(deployed);
    release();
    await struck.run;
    await job.afterwards(deployed);
    return timesNotified();
  });
}

/** Nothing is lost, and only what was sent and not yet noted is sent again, once. */
function expectAtLeastOnce(outcomes: Awaited<ReturnType<typeof killAtEach>>): void {
  for (const { nth, sent, told: timesNotified } of outcomes.flat()) {
    expect(timesNotified, `killed at request ${nth}`).toBeGreaterThanOrEqual(1);
    expect(timesNotified, `killed at request ${nth}`).toBeLessThanOrEqual(1 + sent);
  }
  // There was a kill between the two, and there were kills before.
  expect(new Set(outcomes.flat().map(({ told: timesNotified }) => timesNotified))).toEqual(
    new Set([1, 2]),
  );
}

function expectOnce(outcomes: readonly number[][]): void {
  expect(outcomes.length).toBeGreaterThan(5);
  expect(outcomes).toEqual(outcomes.map(() => [1, 1]));
}

describe('a run of the schedule', () => {
  it('killed before any of its requests is done', async () => {
    expectAtLeastOnce(await killAtEach(schedule, 'undone'));
  });

  it('killed when any of its requests is done and not answered', async () => {
    expectAtLeastOnce(await killAtEach(schedule, 'done'));
  });

  it('at the same time as another run of the same tick, held before any of its requests', async () => {
    expectOnce(await interleaveAtEach(schedule, 'undone'));
  });

  it('at the same time as another run of the same tick, held after any of its requests', async () => {
    expectOnce(await interleaveAtEach(schedule, 'done'));
  });
});

describe('the first run after an outage', () => {
  it('killed before any of its requests is done, brings what nobody saw', async () => {
    expectAtLeastOnce(await killAtEach(outage, 'undone'));
  });

  it('killed when any of its requests is done and not answered, brings what nobody saw', async () => {
    expectAtLeastOnce(await killAtEach(outage, 'done'));
  });
});

describe('a run of an event', () => {
  it('killed before any request of its own is done', async () => {
    expectAtLeastOnce(await killAtEach(event, 'undone'));
  });

  it('killed when any request of its own is done and not answered', async () => {
    expectAtLeastOnce(await killAtEach(event, 'done'));
  });

  it('at the same time as another run of the same event, held before any of its requests', async () => {
    expectOnce(await interleaveAtEach(event, 'undone'));
  });

  it('at the same time as another run of the same event, held after any of its requests', async () => {
    expectOnce(await interleaveAtEach(event, 'done'));
  });
});
