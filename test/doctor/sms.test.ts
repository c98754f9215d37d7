import { describe, expect, it } from 'vitest';
import { judgeSms } from '../../shared/doctor/mail-and-texts.ts';
import { fullConfig } from '../stack/configs.ts';
import { read, textsOf } from './readings.ts';

describe('judgeSms', () => {
  const good = {
    inSandbox: false,
    spendLimit: 20,
    optedOut: [],
    defaultType: undefined,
    hasUsNumber: undefined,
  };
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
    expect(textsOf(judgeSms(read(sms), fullConfig))).toEqual(words);
  });

  const american = { ...fullConfig, alerts: { ...fullConfig.alerts, sms: ['+12025550100'] } };
  it.each([
    ['without', false, [expect.stringMatching(/^warn: \+12025550100: .*10DLC or toll-free$/)]],
    ['with', true, ['ok: out of the sandbox, up to 20 USD a month']],
  ])('judges a number of the United States %s a number to send from', (_, hasUsNumber, words) => {
    expect(textsOf(judgeSms(read({ ...good, hasUsNumber }), american))).toEqual(words);
    expect(textsOf(judgeSms(read({ ...good, hasUsNumber }), fullConfig))).toEqual([
      'ok: out of the sandbox, up to 20 USD a month',
    ]);
  });

  const texting = { ...fullConfig, alerts: { ...fullConfig.alerts, mail: [], ops: [] } };
  it.each([
    [undefined, 'warn: texts of alarms go out as promotional ones, which AWS calls noncritical'],
    [
      'Promotional',
      'warn: texts of alarms go out as promotional ones, which AWS calls noncritical',
    ],
    ['Transactional', 'ok: out of the sandbox, up to 20 USD a month'],
  ])('judges a default type of %s where alarms of CloudWatch text', (defaultType, words) => {
    const checks = judgeSms(read({ ...good, defaultType }), texting);
    expect(textsOf(checks)).toEqual([words]);
    expect(textsOf(judgeSms(read({ ...good, defaultType }), fullConfig))[0]).toMatch(/^ok/);
  });
});
