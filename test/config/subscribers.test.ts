import { describe, expect, it } from 'vitest';
import { alertSubscribers, hooksOf, opsSubscribers } from '../../shared/config/recipients.ts';
import { aConfig } from '../support/builders.ts';

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
      { name: 'hook example.net', url: 'https://example.net/hook', format: 'json' },
    ]);
    expect(named('ssm:/rollcall/slack')).toEqual(['hook /rollcall/slack']);
  });

  it('gives a name to each, also two of one host, and one of the same address', () => {
    const at = (path: string) => `https://hooks.chat.example/${path}`;
    expect(named(at('a'), at('b'), 'https://other.example:8443/x', at('b'))).toEqual([
      'hook hooks.chat.example',
      'hook hooks.chat.example #2',
      'hook other.example:8443',
    ]);
  });

  it('posts once, in the format of webhooks, to an address that https has too', () => {
    const url = 'https://example.net/hook';
    const webhooks = [
      { url, format: 'json' as const },
      { url, format: 'slack' as const },
    ];
    expect(hooksOf({ alerts: { webhooks }, hosts: [] })).toEqual([
      { name: 'hook example.net', url, format: 'slack' },
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
