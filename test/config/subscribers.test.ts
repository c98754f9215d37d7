import { describe, expect, it } from 'vitest';
import { alertSubscribers, hooksOf, opsSubscribers } from '../../shared/config/recipients.ts';
import { aConfig } from '../support/builders.ts';

const alerts = {
  ...aConfig([]).alerts,
  mail: ['a@example.net', 'b@example.net'],
  sms: ['+31600000001'],
  https: ['https://example.net/hook'],
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
  it('names an address by its host alone', () => {
    expect(hooksOf(alerts)).toEqual([
      { name: 'hook example.net', url: 'https://example.net/hook' },
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
