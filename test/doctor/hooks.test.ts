import { describe, expect, it } from 'vitest';
import { judgeHooks, judgeOldKeys } from '../../shared/doctor/channels.ts';
import { aConfig, aHost } from '../support/builders.ts';
import { now, read, textsOf, unreadable } from './readings.ts';

const config = aConfig([aHost()]);
const { alerts } = config;
const webhooks = ['https://a.example/SECRET', 'https://b.example/SECRET'].map((url) => ({
  ...{ url, format: 'slack' as const },
}));

const withHooks = { ...config, alerts: { ...alerts, webhooks } };

describe('judgeHooks', () => {
  it('fails for the one that takes no message, by its host alone', () => {
    const refusals = new Map([['hook b.example', { since: now, says: 'answers 404' }]]);
    const checks = judgeHooks(read(refusals), withHooks);
    expect(checks.map(({ check }) => check)).toEqual(['hook a.example', 'hook b.example']);
    expect(textsOf(checks)).toEqual([
      'ok: has refused no message',
      'fail: takes no message: answers 404',
    ]);
    expect(JSON.stringify(checks)).not.toContain('SECRET');
  });

  it('names the host where a dead one is of its admins', () => {
    const adminHooks = [{ url: 'https://dba.example/SECRET', format: 'slack' as const }];
    const refusals = new Map([['hook dba.example', { since: now, says: 'answers 404' }]]);
    const checks = judgeHooks(read(refusals), {
      ...config,
      hosts: [aHost({ name: 'db', adminHooks })],
    });
    expect(checks).toMatchObject([
      { status: 'fail', fix: expect.stringContaining('in hosts.yml, "db: admins", still right?') },
    ]);
    expect(JSON.stringify(checks)).not.toContain('SECRET');
  });

  it('reports nothing without an address, and never ok for what could not be read', () => {
    expect(judgeHooks(unreadable, config)).toEqual([]);
    expect(textsOf(judgeHooks(unreadable, withHooks))).toEqual([
      'unknown: could not read it: AccessDenied (403)',
    ]);
  });
});

describe('judgeOldKeys', () => {
  it('warns of alerts.https, with the line to write and no address', () => {
    expect(judgeOldKeys(alerts)).toEqual([]);
    const [check, ...others] = judgeOldKeys({ ...alerts, webhooks, hasHttps: true });
    expect(others).toEqual([]);
    expect(check).toMatchObject({
      status: 'warn',
      says: 'alerts.https is the older name of webhooks',
      fix: expect.stringContaining('webhooks: [{ url: THE ADDRESS, format: FORMAT }]'),
    });
    expect(JSON.stringify(check)).not.toContain('SECRET');
  });
});
