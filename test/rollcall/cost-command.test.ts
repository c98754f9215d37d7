// What a month costs: the requests of the functions are counted as they are made, and the model counts the same.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { costOf } from '../../scripts/rollcall/month-cost.ts';
import {
  digest,
  dueTick,
  HOURLY,
  IDLE_TICK,
  judgement,
  MANIFEST_EVENT,
  ORDINARY_BATCH,
  type Requests,
} from '../../scripts/rollcall/prices.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, s3Event } from '../support/deployed.ts';
import { runAlone } from './run-rollcall.ts';

const CONFIG = `bucket: backups
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net] }
hosts: { web: {}, db: {}, nas: {} }
`;
const HOSTS = ['web', 'db', 'nas'];
const VOLUMES = 4;
const night = (day: number) => {
  const date = `2026-11-${day}`;
  return aFull({ begun: `${date}T03:00:00Z`, done: `${date}T03:10:00Z`, volumes: VOLUMES });
};

describe('what S3 is asked in the course of a day', () => {
  let deployed: Deployed;
  beforeAll(async () => {
    deployed = await deploy(CONFIG);
    for (const host of HOSTS)
      for (const day of [18, 19, 20, 21]) deployed.put(`${host}/`, night(day));
    for (const at of ['2026-11-21T08:15:00Z', '2026-11-22T02:45:00Z']) await deployed.tick(at);
  });
  afterAll(() => deployed.close());

  /** What is asked of S3 meanwhile, by what it is charged as. */
  const counted = async (work: () => Promise<unknown>): Promise<Requests> => {
    deployed.aws.requests.clear();
    await work();
    const asked = deployed.aws.requests.records.map(({ operation }) => operation);
    const written = asked.filter((one) => /^(?:List(?:Objects|ObjectV)|PutObject)/.test(one));
    return {
      writes: written.length,
      reads: asked.filter((one) => /^(?:GetObject|HeadObject)$/.test(one)).length,
    };
  };
  const plus = (...all: readonly Requests[]): Requests => ({
    writes: all.reduce((sum, { writes }) => sum + writes, 0),
    reads: all.reduce((sum, { reads }) => sum + reads, 0),
  });

  it('is what rollcall cost counts with', async () => {
    expect(await counted(() => deployed.tick('2026-11-22T03:00:00Z'))).toEqual(IDLE_TICK);
    for (const host of HOSTS) {
      for (const object of night(22)) {
        deployed.put(`${host}/`, [object]);
        const event = s3Event(
          'ObjectCreated:Put',
          `${host}/${object.name}`,
          '2026-11-22T03:05:00Z',
        );
        const asked = await counted(() => deployed.event(event, '2026-11-22T03:05:20Z'));
        expect(asked, object.name).toEqual(
          object.name.includes('manifest')
            ? plus(MANIFEST_EVENT, judgement(VOLUMES))
            : ORDINARY_BATCH,
        );
      }
    }
    expect(await counted(() => deployed.tick('2026-11-22T03:45:00Z'))).toEqual(
      plus(IDLE_TICK, HOURLY),
    );
    expect(await counted(() => deployed.tick('2026-11-22T08:15:00Z'))).toEqual(
      plus(IDLE_TICK, dueTick(1), digest(HOSTS.length), ...HOSTS.map(() => judgement(VOLUMES))),
    );
  });
});

describe('the cost of a month', () => {
  const config = parseConfig(CONFIG, 'hosts.yml');
  const lineOf = (text: string, what: string, volumes = 50) =>
    costOf(parseConfig(text, 'hosts.yml'), volumes).find((line) => line.what === what);

  it('grows with hosts, their volumes, their days and their due times, and with nothing else', () => {
    const judged = 'S3: hosts judged by the schedule';
    expect(lineOf(CONFIG, judged)?.count).toBe(3 * 30 * 2);
    expect(lineOf(CONFIG, judged, 5000)?.count).toBe(3 * 30 * 7);
    const sundays = `keepDays: 8\n${CONFIG.replace('nas: {}', 'nas: { days: [sun] }')}`;
    expect(lineOf(sundays, judged)?.count).toBe(Math.round((2 + 1 / 7) * 30 * 2));
    const reads = (text: string) =>
      costOf(parseConfig(text, 'hosts.yml'), 50)
        .filter(({ what, unit }) => what === 'S3: the schedule' && unit === 'reads')
        .map(({ count }) => count)[0];
    const twice = CONFIG.replace('nas: {}', 'nas: { window: { due: "10:00" } }');
    expect((reads(twice) ?? 0) - (reads(CONFIG) ?? 0)).toBe(30 * 3);
  });

  it('has an alarm for each that the stack has, and more for a janitor', () => {
    const alarms = lineOf(CONFIG, 'alarms')?.count ?? 0;
    expect(lineOf(`${CONFIG}keepLastGood: true\n`, 'alarms')?.count).toBeGreaterThan(alarms);
  });

  it('has three metrics a host for the hours in which it is judged, and a dashboard, where they are asked for', () => {
    const asked = `${CONFIG}metrics: cloudwatch\n`;
    // 3 hosts, 30 days, 3 metrics, one hour of 720 each.
    expect(lineOf(asked, 'metrics of hosts')?.usd).toBeCloseTo((3 * 30 * 3 * 0.3) / 720, 9);
    expect(lineOf(asked, 'the dashboard')?.usd).toBe(3);
    expect(lineOf(CONFIG, 'metrics of hosts')).toBeUndefined();
  });

  it('has the events of a bucket that was there, which the stack does not make', () => {
    expect(
      lineOf(`${CONFIG}existing: true\n`, 'events of a bucket that was there')?.usd,
    ).toBeGreaterThan(0);
    expect(costOf(config, 50).some(({ what }) => what.includes('was there'))).toBe(false);
  });
});

describe('rollcall cost', () => {
  const run = (...words: readonly string[]) =>
    runAlone(['cost', '--hosts', '-', ...words], {}, CONFIG);

  it('prints the sum, where it comes from, of when the prices are, and what would make it less', async () => {
    const { stdout, status } = await run('--as-if', '40');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^\d\.\d\d USD a month for 40 hosts, 0\.0\d\d each, with fulls of 50 volumes\n/,
    );
    expect(stdout).toContain('list prices of us-east-1, noted on 2026-');
    expect(stdout).toMatch(/0\.\d0 {2}alarms/);
    expect(stdout).toContain('What would make it less:\n  the first 10 of an account are free');
  });

  it('prints JSON whose lines sum up to it', async () => {
    const { stdout } = await run('--format', 'json', '--volumes', '500');
    const { usd, lines, hosts, volumes, prices } = JSON.parse(stdout);
    const sum = lines.reduce((all: number, line: { usd: number }) => all + line.usd, 0);
    expect([hosts, volumes, prices.region]).toEqual([3, 500, 'us-east-1']);
    expect(Math.abs(sum - usd)).toBeLessThan(0.01);
  });

  it('refuses what is no number, and says what to write', async () => {
    const { stderr, status } = await run('--volumes', 'many');
    expect(status).toBe(3);
    expect(stderr).toContain('hint: write it like: rollcall cost --volumes 100');
  });
});
