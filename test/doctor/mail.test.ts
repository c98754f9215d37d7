import { describe, expect, it } from 'vitest';
import { judgeMail, type MailAccount } from '../../shared/doctor/mail-and-texts.ts';
import { fullConfig, smallestConfig } from '../stack/configs.ts';
import { read, textsOf, unreadable } from './readings.ts';

describe('judgeMail', () => {
  const good: MailAccount = {
    sendingEnabled: true,
    inSandbox: false,
    perDay: 50_000,
    verified: ['example.net'],
    suppressed: [],
  };
  it.each<[string, Partial<MailAccount>, string[]]>([
    [
      'a verified domain',
      {},
      ['ok: backups@example.net is verified, and may send 50000 mails a day'],
    ],
    [
      'a sender who is not verified',
      { verified: ['ops@example.net'] },
      ['fail: the sender backups@example.net is not verified: every mail is refused'],
    ],
    [
      'a paused account',
      { sendingEnabled: false },
      ['fail: SES has paused sending for this account'],
    ],
    [
      'the sandbox',
      { inSandbox: true, verified: ['backups@example.net', 'ops@example.net'] },
      [
        'fail: boss@example.net is not verified, and the account is in the SES sandbox: it gets no mail',
      ],
    ],
    [
      'the sandbox with all verified',
      { inSandbox: true },
      ['warn: the account is in the SES sandbox: only verified addresses get any mail'],
    ],
    [
      'a recipient whose mail is dropped',
      { suppressed: ['boss@example.net'] },
      ['fail: boss@example.net is on the suppression list: SES takes its mail, and drops it'],
    ],
  ])('judges %s', (_, over, words) => {
    expect(textsOf(judgeMail(read({ ...good, ...over }), fullConfig))).toEqual(words);
  });

  it('reports who is not notified', () => {
    const silent = (over: Partial<MailAccount>) =>
      judgeMail(read({ ...good, ...over }), fullConfig).flatMap((one) =>
        'silent' in one ? one.silent : [],
      );
    const everybody = ['ops@example.net', 'boss@example.net'];
    expect(silent({ sendingEnabled: false })).toEqual(everybody);
    expect(silent({ verified: [] })).toEqual(everybody);
    expect(silent({ suppressed: ['boss@example.net'] })).toEqual(['boss@example.net']);
  });

  it('reports nothing where no mail is sent by SES', () => {
    expect(judgeMail(unreadable, smallestConfig)).toEqual([]);
  });
});
