import { describe, expect, it } from 'vitest';
import { judgeHooks, judgeOldKeys } from '../../shared/doctor/channels.ts';
import { aConfig, aHost } from '../support/builders.ts';
import { now, read, textsOf, unreadable } from './readings.ts';

const { alerts } = aConfig([aHost()]);
const webhooks = ['https://a.example/SECRET', 'https://b.example/SECRET'].map((url) => ({
  ...{ url, format: 'slack' as const },
}));

describe('judgeHooks', () => {
  it('fails for the one that takes no message, by its host alone', () => {
    const refusals = new Map([['hook b.example', { since: now, says: 'answers 404' }]]);
    const checks = judgeHooks(read(refusals), { ...alerts, webhooks });
    expect(checks.map(({ check }) => check)).toEqual(['hook a.example', 'hook b.example']);
    expect(textsOf(checks)).toEqual([
      'ok: has refused no message',
      'fail: takes no message: answers 404',
    ]);
    expect(JSON.stringify(checks)).not.toContain('SECRET');
  });

  it('reports nothing without an address, and never ok for what could not be read', () => {
    expect(judgeHooks(unreadable, alerts)).toEqual([]);
    expect(textsOf(judgeHooks(unreadable, { ...alerts, webhooks }))).toEqual([
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
