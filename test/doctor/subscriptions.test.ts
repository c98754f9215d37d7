import { describe, expect, it } from 'vitest';
import { judgeSubscriptions } from '../../shared/doctor/mail-and-texts.ts';
import { read, textsOf } from './readings.ts';

describe('judgeSubscriptions', () => {
  const topic = { check: 'ops topic', arn: 'arn:aws:sns:eu-west-1:111122223333:ops' };
  const ops = { protocol: 'email', endpoint: 'ops@example.net' } as const;
  it.each([
    ['confirmed', [{ ...ops, confirmed: true }], 'ok: 1 subscription, all confirmed'],
    [
      'waiting',
      [{ ...ops, confirmed: false }],
      'fail: email ops@example.net has not confirmed, and is not notified',
    ],
    [
      'gone',
      [],
      'fail: email ops@example.net is in the config, and not subscribed: it is not notified',
    ],
    [
      'joined by an unknown address',
      [
        { ...ops, confirmed: true },
        { ...ops, endpoint: 'x@y.net', confirmed: true },
      ],
      'warn: email x@y.net is subscribed, and is not in the config',
    ],
    [
      'joined by an address of before, whose path is a secret',
      [
        { ...ops, confirmed: true },
        { protocol: 'https', endpoint: 'https://chat.example/hook/SECRET', confirmed: false },
      ],
      'warn: https chat.example is subscribed, and is not in the config',
    ],
  ])('reports that it is %s', (_, found, words) => {
    expect(textsOf(judgeSubscriptions(topic, read(found), [ops]))).toEqual([words]);
  });
});
