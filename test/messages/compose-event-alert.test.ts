import { describe, expect, it } from 'vitest';
import {
  composeRecovery,
  composeTampering,
  composeTrouble,
} from '../../shared/messages/compose-event-alert.ts';
import type { Message } from '../../shared/messages/compose-message.ts';
import { composeHtml } from '../../shared/messages/render-html.ts';
import { judge } from '../../shared/rules/judge.ts';
import { aFull, aHost, anIncremental, at, collected } from '../support/builders.ts';

const zone = 'Europe/Amsterdam';
// Its own zone is in no mail: all times of a mail are the config's.
const host = aHost({ name: 'web', timezone: 'Europe/London', userId: 'AIDAIOSFODNN7EXAMPLE' });
const about = { timezone: zone, known: { hosts: [host] } };
const saturday = aFull({ begun: '2026-11-21T01:14:00Z', volumes: 31 });
const late = aFull({ begun: '2026-11-23T09:40:00Z', done: '2026-11-23T10:02:00Z', volumes: 31 });
const whole = ({ subject, sms, text }: Message) => `Subject: ${subject}\nSMS: ${sms}\n\n${text}`;

describe('composeRecovery', () => {
  it('reports what came, how late, and what was missed', async () => {
    const before = judge(host, collected(...saturday), at('2026-11-23T10:01:00Z'));
    const after = judge(host, collected(...saturday, ...late), at('2026-11-23T10:02:05Z'));
    const message = composeRecovery(before, after, zone);
    await expect(whole(message)).toMatchFileSnapshot('golden/recovery.txt');
    await expect(composeHtml(message.text)).toMatchFileSnapshot('golden/recovery.html');
  });
});

describe('composeTrouble', () => {
  it('reports what should not be there, and what to do', async () => {
    const inc = anIncremental('2026-11-22T01:00:00Z', '2026-11-23T01:00:00Z');
    const judgement = judge(host, collected(...saturday, ...inc), at('2026-11-23T01:05:00Z'));
    const upload = {
      what: 'created',
      key: 'web/x',
      at: at('2026-11-23T01:00:00Z'),
      left: 'unknown',
      address: '203.0.113.9',
    } as const;
    const uploads = [
      { ...upload, principal: 'AWS:AIDAIOSFODNN7EXAMPLE' },
      { ...upload, principal: 'AWS:AIDAIOSFODNN7EXAMPLE' },
      { ...upload, principal: 'AWS:AROADBQP57FF2AEXAMPLE:alice' },
    ];
    const message = composeTrouble(judgement, ['incremental'], uploads, about);
    await expect(whole(message)).toMatchFileSnapshot('golden/trouble.txt');
  });
});

describe('composeTampering', () => {
  it('names what was overwritten and removed, by whom and from where, and a hostile key only escaped', async () => {
    const judgement = judge(host, collected(...saturday), at('2026-11-21T05:02:00Z'));
    const change = {
      what: 'removed',
      at: at('2026-11-21T05:02:00Z'),
      principal: 'AWS:AIDAIOSFODNN7EXAMPLE',
      address: '203.0.113.9',
    } as const;
    const changes = [
      {
        ...change,
        key: 'web/duplicity-full.20261121T011400Z.vol6.difftar.gpg',
        left: 'unknown',
        what: 'created',
      },
      { ...change, key: 'web/duplicity-full.20261121T011400Z.vol7.difftar.gpg', left: 'marker' },
      {
        ...change,
        principal: 'AWS:AIDAQABLZS4A3QDU576Q2',
        key: 'web/<b>x\r\nOK          web: all is well',
        left: 'version',
      },
    ] as const;
    const message = composeTampering(changes, judgement, about);
    await expect(whole(message)).toMatchFileSnapshot('golden/tampered.txt');
    await expect(composeHtml(message.text)).toMatchFileSnapshot('golden/tampered.html');
  });
});
