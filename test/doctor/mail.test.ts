import { describe, expect, it } from 'vitest';
import { judgeMail, type MailAccount, mailIdentities } from '../../shared/doctor/mail.ts';
import { fullRoll, smallestRoll } from '../stack/rolls.ts';
import { read, said, unread } from './readings.ts';

describe('judgeMail', () => {
  const good: MailAccount = {
    sendingEnabled: true,
    perDay: 50_000,
    identities: { 'example.net': 'Success' },
  };
  it.each<[string, Partial<MailAccount>, string[]]>([
    [
      'a verified domain',
      {},
      ['ok: backups@example.net is verified, and may send 50000 mails a day'],
    ],
    [
      'a pending sender',
      { identities: { 'backups@example.net': 'Pending' } },
      ['fail: the sender backups@example.net is not verified: every mail is refused'],
    ],
    [
      'a paused account',
      { sendingEnabled: false },
      ['fail: SES has paused sending for this account'],
    ],
    [
      'the sandbox',
      {
        perDay: 200,
        identities: { 'backups@example.net': 'Success', 'ops@example.net': 'Success' },
      },
      [
        'fail: boss@example.net is not verified, and the account is in the SES sandbox: it gets no mail',
      ],
    ],
    [
      'the sandbox with all verified',
      { perDay: 200 },
      ['warn: SES allows 200 mails a day, as in its sandbox: only verified addresses get any'],
    ],
  ])('judges %s', (_, over, words) => {
    expect(said(judgeMail(read({ ...good, ...over }), fullRoll))).toEqual(words);
  });
  it('asks for addresses and their domains', () => {
    expect(mailIdentities(fullRoll)).toEqual([
      'backups@example.net',
      'example.net',
      'ops@example.net',
      'boss@example.net',
    ]);
    expect(judgeMail(unread, smallestRoll)).toEqual([]);
  });
});
