import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeNagios, composeTable } from '../../scripts/rollcall/format-report.ts';
import { composePublication } from '../../shared/channels/mail-and-topic.ts';
import type { Host } from '../../shared/config/config.ts';
import { fail, ok, warn } from '../../shared/doctor/audit.ts';
import type { ChannelStates } from '../../shared/doctor/channels.ts';
import { step } from '../../shared/doctor/fix.ts';
import { composeMessage } from '../../shared/messages/compose-message.ts';
import type { Message } from '../../shared/messages/message-tree.ts';
import { renderHtml } from '../../shared/messages/render-html.ts';
import { renderText } from '../../shared/messages/render-text.ts';
import { type Digest, reportToJson } from '../../shared/messages/report.ts';
import { channelNews } from '../../shared/monitor/notify.ts';
import { EMPTY_STATE } from '../../shared/monitor/state.ts';
import type { Change } from '../../shared/rules/finding.ts';
import { type Judgement, judge, type Unreadable } from '../../shared/rules/judge.ts';
import type { Problem } from '../../shared/rules/problem.ts';
import { notificationOf } from '../support/a-notification.ts';
import { anyText } from '../support/any-text.ts';
import {
  aDigest,
  aFull,
  aHost,
  anIncremental,
  anObject,
  at,
  collected,
} from '../support/builders.ts';
import { aHistory } from '../support/versions.ts';

const now = at('2026-11-23T07:15:00Z');
const timezone = 'Europe/Amsterdam';
const saturday = aFull({
  begun: '2026-11-21T01:14:00Z',
  done: '2026-11-21T01:40:00Z',
  volumes: 31,
});
const earlier = ['19T01:02', '20T01:05'].flatMap((begun) =>
  aFull({
    begun: `2026-11-${begun}:00Z`,
    done: `2026-11-${begun.slice(0, 3)}01:31:00Z`,
    volumes: 31,
  }),
);
const bytes = 200 * 1024 * 1024;
const today = aFull({ begun: '2026-11-23T01:14:00Z', done: '2026-11-23T01:40:00Z', volumes: 31 });
const denied: Unreadable = {
  unreadable: 's3://acme-backups/nas/ could not be listed: AccessDenied (403)',
  hint: 'allow s3:ListBucket on acme-backups to the role of the function, or put its policy back: docs/runbook.md#changed-by-hand',
};

const lifecycle = { rules: [{ prefix: '', hides: { days: 6 }, noncurrentDays: 8 }] };
const judgement = (name: string, read: Parameters<typeof judge>[1], host: Partial<Host> = {}) =>
  judge(aHost({ name, timezone, ...host }), read, now, { lifecycle });

const fleet: Judgement[] = [
  judgement('mail', collected(...today)),
  judgement('web', collected(...earlier, ...saturday)),
  judgement('db', collected(...today.filter(({ name }) => !name.includes('vol7')))),
  judgement('nas', denied),
  judgement('lab', collected(...saturday), {
    paused: { until: '2026-12-01', because: 'disk swap' },
  }),
  judgement(
    'slow',
    collected(
      ...aFull({ begun: '2026-11-23T06:14:00Z', done: '2026-11-23T07:10:00Z' }).filter(
        ({ name }) => !name.includes('manifest'),
      ),
    ),
  ),
];

const digestOf = (
  judgements: readonly Judgement[],
  more: Omit<NonNullable<Parameters<typeof aDigest>[2]>, 'timezone'> = {},
): Digest => aDigest(now, judgements, { timezone, ...more });
type Options = Parameters<typeof notificationOf>[2];
const compose = (judgements: readonly Judgement[], more: Options = {}): Message => {
  const { message } = notificationOf(now, judgements, { timezone, ...more });
  if (message === undefined) throw new Error('nothing was sent');
  return message;
};
const asText = (message: Message) =>
  `Subject: ${message.subject}\nSMS: ${message.smsLine}\n\n${renderText(message)}`;
const broken = (count: number) => {
  const found = collected(...saturday);
  return Array.from({ length: count }, (_, n) => judgement(`host-${n}`, found));
};

const since = at('2026-11-23T05:15:00Z');
const dropped = {
  ...fail(
    'mail',
    'boss@example.net is on the suppression list: SES takes its mail, and drops it',
    step('decide', 'aws sesv2 delete-suppressed-destination --email-address boss@example.net'),
    ['boss@example.net'],
  ),
  since,
};
const look: ChannelStates = {
  lookedAt: now,
  states: [
    dropped,
    { ...ok('alerts topic', '2 subscriptions, all confirmed'), since },
    {
      ...{ check: 'ops topic', status: 'unknown', since },
      says: 'could not read who is subscribed to ops: AccessDenied (403)',
      fix: 'allow sns:ListSubscriptionsByTopic to the role of the function, or put its policy back: docs/runbook.md#changed-by-hand',
    },
    {
      ...warn('sms', 'texts stop at 1 USD a month', step('ask-aws', 'ask AWS Support for more')),
      since,
    },
  ],
};
const optedOut = { ...fail('sms', '+31600000000 has opted out', step('decide', 'opt in')), since };
const mail = ['boss@example.net'];
/** Of the channels, as a run finds them after it had found them `before`. */
const newsOfChannels = (states: ChannelStates['states'], before: readonly Problem[] = []) =>
  channelNews({ ...EMPTY_STATE, problems: before }, { lookedAt: now, states }, { mail });

const GSM7 = /^[\n\r !"#$%&'()*+,\-./0-9:;<=>?@A-Z_a-z]*$/;

/** SNS's own bounds; a message beyond them is refused, and nobody hears. */
function expectBounded(message: Message): void {
  const { subject, smsLine: sms } = message;
  const text = renderText(message);
  expectBoundedPublication(message);
  expect(subject).toMatch(/^[ -~]{1,99}$/);
  expect(text).toMatch(/^[\n -~]*$/);
  expect(text.length).toBeLessThanOrEqual(40_000);
  if (sms !== undefined) {
    expect(sms).toMatch(GSM7);
    expect(sms.length).toBeLessThanOrEqual(160);
  }
}

describe('the times in messages', () => {
  it('are in one zone, whatever zones the hosts have', () => {
    const moved = fleet.map((one) => ({ ...one, host: { ...one.host, timezone: 'Asia/Tokyo' } }));
    const [before, after] = [digestOf(fleet), digestOf(moved)];
    expect(compose(moved)).toEqual(compose(fleet));
    expect(compose(moved, { digest: after })).toEqual(compose(fleet, { digest: before }));
    expect(reportToJson(after.report, timezone)).toEqual(reportToJson(before.report, timezone));
    expect(composeTable(after.report, timezone)).toBe(composeTable(before.report, timezone));
    expect(composeNagios(after.report, timezone)).toBe(composeNagios(before.report, timezone));
  });

  it('are followed by the name of that zone in each message that has times', () => {
    const message = compose(fleet, { digest: digestOf(fleet) });
    expect(renderText(message)).toContain('Mon 23 Nov 2026 08:15 Europe/Amsterdam');
    expect(message.smsLine).toContain('Times: Europe/Amsterdam.');
    expect(compose([judgement('nas', denied)]).smsLine).not.toContain('Times:');
  });
});

describe('composeNotification', () => {
  it('counts the days of a host whose backups are incomplete', () => {
    const broken = today.filter(({ name }) => !name.includes('vol7'));
    const db = judgement('db', collected(...saturday, ...broken));
    expect(compose([db]).subject).toContain('db INCOMPLETE (2nd day)');
  });

  it('writes an alert that is enough to act on', async () => {
    const message = compose(fleet);
    expectBounded(message);
    await expect(asText(message)).toMatchFileSnapshot('golden/alert-3-of-6.txt');
    await expect(renderHtml(message)).toMatchFileSnapshot('golden/alert-3-of-6.html');
  });

  it('writes what was done to a backup, how long the last good one lasts, and how to restore it', async () => {
    const full = (day: string, volumes = 31) =>
      aFull({ begun: `2026-11-${day}T01:14:00Z`, done: `2026-11-${day}T01:40:00Z`, volumes });
    const volume = 'duplicity-full.20261123T011400Z.vol7.difftar.gpg';
    const files = [...full('22'), ...full('23')];
    const overwritten = aHistory(files).put(volume, '2026-11-23T05:02:00Z', { bytes });
    const hidden = aHistory(files).hide(
      full('23').map(({ name }) => name),
      '2026-11-23T05:02:00Z',
    );
    const gone = aHistory(full('14')).hide(
      full('14').map(({ name }) => name),
      '2026-11-21T00:00:00Z',
    );
    const judgements = [
      judgement('web', overwritten.collected(now)),
      judgement('db', hidden.collected(now)),
      judgement('nas', collected(...full('18'))),
      judgement('lab', gone.collected(now)),
      judgement('mail', { ...collected(...today), inconclusive: 'denied' }),
    ];
    const message = compose(judgements, { digest: digestOf(judgements) });
    expectBounded(message);
    await expect(asText(message)).toMatchFileSnapshot('golden/digest-tampered.txt');
  });

  it('writes who overwrote and removed what, from where, and a hostile key only escaped', async () => {
    const own = 'AIDAIOSFODNN7EXAMPLE';
    const change: Change = {
      ...{ what: 'removed', at: at('2026-11-23T05:02:00Z'), left: 'version' },
      ...{ key: 'web/duplicity-full.20261123T011400Z.vol7.difftar.gpg' },
      ...{ principal: `AWS:${own}`, address: '203.0.113.9' },
    };
    const volume = 'duplicity-full.20261123T011400Z.vol6.difftar.gpg';
    const changes: readonly Change[] = [
      { ...change, what: 'created', key: `web/${volume}`, left: 'unknown' },
      change,
      {
        ...{ ...change, principal: 'AWS:AIDAQABLZS4A3QDU576Q2' },
        key: 'web/duplicity-full.20261123T011400Z.vol8.difftar.gpg',
        address: '\r\nOK          web: all is well',
      },
    ];
    const left = today.filter(({ name }) => !/vol[78]\./.test(name));
    const read = aHistory(left).put(volume, '2026-11-23T05:02:00Z', { bytes }).collected(now);
    const web = judge(aHost({ timezone, userId: own }), read, now, { lifecycle, changes });
    const message = compose([web], { changes });
    expectBounded(message);
    await expect(asText(message)).toMatchFileSnapshot('golden/tampered.txt');
    await expect(renderHtml(message)).toMatchFileSnapshot('golden/tampered.html');
  });

  it('writes whose key uploaded what should not be there, and who that is', async () => {
    const inc = anIncremental('2026-11-23T01:14:00Z', '2026-11-23T05:00:00Z');
    const upload = {
      ...({ what: 'created', left: 'unknown', address: '203.0.113.9' } as const),
      ...{ key: `web/${inc[0]?.name}`, at: at('2026-11-23T05:00:00Z') },
    };
    const changes: readonly Change[] = [
      { ...upload, principal: 'AWS:AIDAIOSFODNN7EXAMPLE' },
      { ...upload, principal: 'AWS:AROADBQP57FF2AEXAMPLE:alice' },
    ];
    const host = { userId: 'AIDAIOSFODNN7EXAMPLE' };
    const message = compose([judgement('web', collected(...today, ...inc), host)], { changes });
    expectBounded(message);
    expect(message.smsLine).not.toContain('Disable that key');
    await expect(asText(message)).toMatchFileSnapshot('golden/trouble.txt');
  });

  it('writes what came, how late, and what was missed', async () => {
    const { problems: before } = notificationOf(now, [judgement('web', collected(...saturday))]);
    const late = aFull({
      begun: '2026-11-23T09:40:00Z',
      done: '2026-11-23T10:02:00Z',
      volumes: 31,
    });
    const doneAt = at('2026-11-23T10:02:05Z');
    const host = aHost({ name: 'web', timezone });
    const web = judge(host, collected(...saturday, ...late), doneAt, { lifecycle });
    const { message } = notificationOf(doneAt, [web], { timezone, before });
    expectBounded(message as Message);
    await expect(asText(message as Message)).toMatchFileSnapshot('golden/recovery.txt');
    await expect(renderHtml(message as Message)).toMatchFileSnapshot('golden/recovery.html');
  });

  it('writes a digest with what failed, what to know and what is good', async () => {
    const message = compose(fleet, { digest: digestOf(fleet) });
    await expect(asText(message)).toMatchFileSnapshot('golden/digest-3-of-6.txt');
  });

  it('writes a digest on a good day, by mail only', async () => {
    const good = [fleet[0] as Judgement, fleet[4] as Judgement];
    const message = compose(good, { digest: digestOf(good) });
    expect([message.urgency, message.smsLine]).toEqual(['digest', undefined]);
    await expect(asText(message)).toMatchFileSnapshot('golden/digest-good.txt');
  });

  it('ends a digest with the channels, and on Mondays with the weekly test', async () => {
    const good = fleet.slice(0, 1);
    const digest = digestOf(good, { test: true, channels: look });
    const message = compose(good, { digest });
    expectBounded(message);
    expect(message.urgency).toBe('test');
    await expect(asText(message)).toMatchFileSnapshot('golden/digest-weekly-test.txt');
    await expect(renderHtml(message)).toMatchFileSnapshot('golden/digest-weekly-test.html');
  });

  it('reports a dead and a repaired channel with the alert that is sent anyway', async () => {
    const { problems: before } = notificationOf(since, [], { news: newsOfChannels([optedOut]) });
    const news = newsOfChannels([dropped], before);
    const message = compose(fleet.slice(1, 2), { before, news });
    expectBounded(message);
    await expect(asText(message)).toMatchFileSnapshot('golden/alert-dead-path.txt');
  });

  it('reports a dead channel in a message of its own, and by SMS when it is somebody’s mail', async () => {
    const message = compose([], { news: newsOfChannels([dropped]) });
    expectBounded(message);
    expect(message.urgency).toBe('alert');
    await expect(asText(message)).toMatchFileSnapshot('golden/path-dead.txt');
    expect(compose([], { news: newsOfChannels([optedOut]) }).smsLine).toBeUndefined();
  });

  it('reports a repaired channel by mail only', async () => {
    const { problems: before } = notificationOf(since, [], { news: newsOfChannels([optedOut]) });
    const message = compose([], { before, news: newsOfChannels([], before) });
    expect([message.urgency, message.smsLine]).toEqual(['digest', undefined]);
    await expect(asText(message)).toMatchFileSnapshot('golden/path-repaired.txt');
  });

  it('names what a hostile host has uploaded, and escapes all of it', async () => {
    const names = [
      '"><script>alert(1)</script>.manifest.gpg',
      'x\r\nSubject: all is well\r\n',
      '\u001b[2J\u202egpj.gpg',
      `OK          mail: full done ${' '.repeat(80)}`,
    ];
    const bad = judgement('web', collected(...names.map((name) => anObject(name))));
    const digest = digestOf([bad], { report: { unknownHosts: names } });
    const message = compose([bad], { digest });
    expectBounded(message);
    await expect(asText(message)).toMatchFileSnapshot('golden/digest-hostile.txt');
    await expect(renderHtml(message)).toMatchFileSnapshot('golden/digest-hostile.html');
  });

  it.each([1, 12, 2000])('stays within its bounds with %i bad hosts', async (count) => {
    const message = compose(broken(count));
    expectBounded(message);
    await expect(asText(message)).toMatchFileSnapshot(`golden/alert-${count}.txt`);
  });

  it('begins subject and SMS with who is TAMPERED, however many others fail', () => {
    const gone = aHistory(today).hide([today[0]?.name ?? ''], '2026-11-23T05:02:00Z');
    const tampered = (name: string) => judgement(name, gone.collected(now));
    const [web, db] = [tampered('web'), tampered('db')];
    expect(compose([web, ...broken(2)])).toMatchObject({
      subject:
        '[backup] TAMPERED: web. 3 of 3 hosts FAILED: host-0 MISSING (2nd day), host-1 MISSING (2nd day)',
      smsLine: expect.stringMatching(/^BACKUP TAMPERED: web\. 3\/3 FAILED: /),
    });
    expect(compose([web, db, ...broken(12)])).toMatchObject({
      subject: '[backup] TAMPERED: web, db. 14 of 14 hosts FAILED: 12 MISSING',
      smsLine: 'BACKUP TAMPERED: web, db. 14/14 FAILED: 12 MISSING. Mail has the fix.',
    });
    const many = compose(Array.from({ length: 40 }, (_, n) => tampered(`host-${n}`)));
    expectBounded(many);
    expect(many.subject).toBe(
      '[backup] TAMPERED: host-0, host-1, host-2, host-3, +36 more. 40 of 40 hosts FAILED',
    );
    const longest = compose([tampered('x'.repeat(64)), ...broken(3)]);
    expectBounded(longest);
    expect(longest.subject).toContain('x'.repeat(64));
  });

  it('composes no message when nothing is new', () => {
    expect(notificationOf(now, [fleet[0] as Judgement]).message).toBeUndefined();
    const { problems: before } = notificationOf(now, fleet);
    expect(notificationOf(now + 60_000, fleet, { before }).message).toBeUndefined();
  });

  it('sends an SMS only of what the channel has not notified', () => {
    const { problems: before } = notificationOf(now, fleet);
    const message = compose(fleet, { before, digest: digestOf(fleet) });
    expect([message.urgency, message.smsLine]).toEqual(['digest', undefined]);
    expect(message.subject).toContain('3 of 6 hosts FAILED');
    expect(renderText(message)).toContain('MISSING     web');
  });

  it('numbers the digests of a year without a gap', () => {
    const good = [fleet[0] as Judgement];
    const number = (iso: string) =>
      compose(good, { digest: digestOf(good, { report: { checkedAt: at(iso) } }) }).subject.slice(
        -11,
      );
    expect(number('2026-01-01T07:15:00Z')).toBe('(#2026-001)');
    expect(number('2026-12-31T07:15:00Z')).toBe('(#2026-365)');
  });

  it('never lets a name from the bucket out unescaped', () => {
    const hostile = anyText({ maxLength: 1024 });
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 5 }), hostile, (names, unknownPrefix) => {
        const inc = anIncremental('2026-11-22T01:00:00Z', '2026-11-23T01:00:00Z');
        const volume = 'duplicity-full.20261123T011400Z.vol1.difftar';
        const uploaded = names.flatMap((name) => [anObject(name), anObject(`${volume}.${name}`)]);
        const bad = judgement('web', collected(...uploaded, ...inc));
        const changes = names.map((name) => ({
          ...({ what: 'created', key: `web/${name}`, at: now, left: 'unknown' } as const),
          ...{ principal: name, address: unknownPrefix },
        }));
        const digest = digestOf([bad], { report: { unknownHosts: [unknownPrefix] } });
        for (const message of [compose([bad], { digest, changes }), compose([bad], { changes })]) {
          expectBounded(message);
          const html = renderHtml(message);
          expect(html).toMatch(/^[\n -~]*$/);
          expect(
            html.match(
              /<(?!\/?(?:html|head|meta|title|style|body|div|h1|h2|p|b|br|pre|table|tr|th|td)\b|!doctype)/,
            ),
          ).toBeNull();
        }
      }),
    );
  });

  it('keeps to 72 columns, but for commands and names', () => {
    for (const line of renderText(compose(fleet, { digest: digestOf(fleet) })).split('\n')) {
      if (!line.includes('Do now:')) expect(line.length).toBeLessThanOrEqual(72);
    }
  });
});

describe('composePublication', () => {
  it('stays within what SNS takes, though each character of a text had to be escaped twice', () => {
    for (const character of ['"', '\\', '\n']) {
      const text = character.repeat(200_000);
      expectBoundedPublication(
        composeMessage({
          ...{ subject: text, smsLine: text, urgency: 'alert', severity: 'info' },
          blocks: [{ kind: 'note', text: '', lines: text.split('\n') }],
        }),
      );
    }
  });
});

function expectBoundedPublication(message: Message): void {
  expect(Buffer.byteLength(composePublication(message))).toBeLessThanOrEqual(256 * 1024);
}
