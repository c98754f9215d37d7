import { describe, expect, it } from 'vitest';
import { judgeSms } from '../../shared/doctor/sms.ts';
import { fullRoll } from '../stack/rolls.ts';
import { read, said } from './readings.ts';

describe('judgeSms', () => {
  const good = { inSandbox: false, spendLimit: 20, optedOut: [] };
  it.each([
    ['an account in order', good, ['ok: out of the sandbox, up to 20 USD a month']],
    [
      'the sandbox',
      { ...good, inSandbox: true },
      ['fail: the account is in the SMS sandbox: only numbers verified there get a text'],
    ],
    [
      'the first limit',
      { ...good, spendLimit: undefined },
      ['warn: texts stop at 1 USD a month, which is some ten of them'],
    ],
    [
      'who opted out',
      { ...good, optedOut: ['+31600000001'] },
      ['fail: +31600000001 has opted out, and gets no text'],
    ],
  ])('judges %s', (_, sms, words) => {
    expect(said(judgeSms(read(sms), fullRoll))).toEqual(words);
  });
});
