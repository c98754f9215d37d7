import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy } from '../support/deployed.ts';

const CONFIG = `bucket: backups
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net], heartbeat: "https://hc.example.net/ping/abc?rid=1" }
hosts: { web: {} }
`;
let deployed: Deployed;
let pings: string[];
let answer: () => Response;
beforeEach(async () => {
  deployed = await deploy(CONFIG);
  deployed.put('web/', aFull({ begun: '2026-11-21T03:15:00Z' }));
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'rollcall-prod-check-hosts');
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  pings = [];
  answer = () => new Response('OK');
  vi.stubGlobal('fetch', async (url: string, { method = 'GET', body = '' }: RequestInit) => {
    pings.push(`${method} ${url} ${body}`.trim());
    return answer();
  });
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await deployed.close();
});

const beats = () =>
  vi
    .mocked(process.stdout.write)
    .mock.calls.map(([line]) => `${line}`)
    .filter((line) => line.includes('GoodRuns'))
    .map((line) => JSON.parse(line));

describe('the heartbeat', () => {
  it('is sent inside and outside when a run comes to its end, also when hosts are bad', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(deployed.aws.outbox.mails[0]?.subject).toContain('web MISSING');
    expect(pings).toEqual(['GET https://hc.example.net/ping/abc?rid=1']);
    expect(beats()).toEqual([
      expect.objectContaining({ FunctionName: 'rollcall-prod-check-hosts' }),
    ]);
  });

  it('reports to the outside that a run failed, without anything of the config', async () => {
    deployed.aws.setIdentity('backups@example.net', 'Failed');
    await expect(deployed.tick('2026-11-23T08:15:00Z')).rejects.toThrow(/mail to ops@example.net/);
    expect(pings).toEqual([
      'POST https://hc.example.net/ping/abc/fail?rid=1 rollcall check-hosts failed: AggregateError, DeliveryError. Its log says why.',
    ]);
    expect(beats()).toEqual([]);
  });

  it('never replaces the error of a run by its own', async () => {
    deployed.aws.setIdentity('backups@example.net', 'Failed');
    answer = () => {
      throw new TypeError('fetch failed');
    };
    await expect(deployed.tick('2026-11-23T08:15:00Z')).rejects.toThrow(/mail to ops@example.net/);
  });

  it('fails a run whose heartbeat the watcher outside did not take', async () => {
    answer = () => new Response('gone', { status: 404 });
    await expect(deployed.tick('2026-11-23T08:15:00Z')).rejects.toThrow(
      'the heartbeat address answered 404; see alerts.heartbeat',
    );
    expect(beats()).toEqual([]);
  });
});
