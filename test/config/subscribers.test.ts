import { describe, expect, it } from 'vitest';
import { alertSubscribers, hooksOf, opsSubscribers } from '../../shared/config/recipients.ts';
import { aConfig, aHost } from '../support/builders.ts';

const alerts = {
  ...aConfig([]).alerts,
  mail: ['a@example.net', 'b@example.net'],
  sms: ['+31600000001'],
  webhooks: [{ url: 'https://example.net/hook', format: 'json' as const }],
};
const sms = { protocol: 'sms', endpoint: '+31600000001' };

describe('alertSubscribers', () => {
  it('are every address of the config when nobody sends mail of our own', () => {
    expect(alertSubscribers(alerts)).toEqual([
      { protocol: 'email', endpoint: 'a@example.net' },
      { protocol: 'email', endpoint: 'b@example.net' },
      sms,
    ]);
  });

  it('leave the mail addresses out when a sender writes to them', () => {
    expect(alertSubscribers({ ...alerts, from: 'rollcall@example.net' })).toEqual([sms]);
  });
});

describe('hooksOf', () => {
  const named = (...urls: string[]) =>
    hooksOf({
      alerts: { webhooks: urls.map((url) => ({ url, format: 'slack' as const })) },
      hosts: [],
    }).map(({ name }) => name);

  it('names an address by its host alone, and a parameter by its name', () => {
    expect(hooksOf({ alerts, hosts: [] })).toEqual([
      {
        ...{ name: 'hook example.net', stands: '"alerts: webhooks"' },
        ...{ url: 'https://example.net/hook', format: 'json' },
      },
    ]);
    expect(named('ssm:/rollcall/slack')).toEqual(['hook /rollcall/slack']);
  });

  it('gives a name to each, also two of one host, and one of the same address', () => {
    const at = (path: string) => `https://hooks.chat.example/${path}`;
    expect(named(at('a'), at('b'), 'https://other.example:8443/x', at('b'))).toEqual([
      'hook hooks.chat.example #93121f',
      'hook hooks.chat.example #1431fa',
      'hook other.example:8443',
    ]);
  });

  it('keeps the name of each of one host when another is added before it, or removed', () => {
    const at = (path: string) => `https://hooks.chat.example/${path}`;
    const [a, b, c] = named(at('a'), at('b'), at('c'));
    expect(named(at('c'), at('a'))).toEqual([c, a]);
    expect(named(at('b'), at('c'), at('a'))).toEqual([b, c, a]);
  });

  it('tells where in the config each is', () => {
    const hook = (path: string) => ({
      ...{ url: `https://hooks.chat.example/${path}`, format: 'slack' as const },
    });
    const hosts = [aHost({ name: 'db', adminHooks: [hook('c')] })];
    const found = hooksOf({ alerts: { webhooks: [hook('a'), hook('b')] }, hosts });
    expect(found.map(({ stands }) => stands)).toEqual([
      '"alerts: webhooks", number 1 of hooks.chat.example',
      '"alerts: webhooks", number 2 of hooks.chat.example',
      '"db: admins"',
    ]);
  });

  it('posts once, in the format of webhooks, to an address that https has too', () => {
    const url = 'https://example.net/hook';
    const webhooks = [
      { url, format: 'json' as const },
      { url, format: 'slack' as const },
    ];
    expect(hooksOf({ alerts: { webhooks }, hosts: [] })).toEqual([
      { name: 'hook example.net', stands: '"alerts: webhooks"', url, format: 'slack' },
    ]);
  });
});

describe('opsSubscribers', () => {
  it('are mailed by the topic, sender or not', () => {
    const mailed = [{ protocol: 'email', endpoint: 'ops@example.net' }];
    expect(opsSubscribers(alerts)).toEqual(mailed);
    expect(opsSubscribers({ ...alerts, from: 'rollcall@example.net' })).toEqual(mailed);
  });

  it('are the telephones where the config has no mail address', () => {
    expect(opsSubscribers({ ...alerts, mail: [], ops: [] })).toEqual([sms]);
  });
});
