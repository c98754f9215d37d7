import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeNagios, composeTable } from '../../scripts/rollcall/format-report.ts';
import type { Host } from '../../shared/config/config.ts';
import { fail, ok, warn } from '../../shared/doctor/audit.ts';
import type { ChannelCheck } from '../../shared/doctor/channels.ts';
import { step } from '../../shared/doctor/fix.ts';
import { composeChannelNews } from '../../shared/messages/channel-text.ts';
import { composeRun } from '../../shared/messages/compose-alert.ts';
import {
  composeRecovery,
  composeTampering,
  composeTrouble,
} from '../../shared/messages/compose-event-alert.ts';
import {
  composeMessage,
  composePublication,
  type Message,
} from '../../shared/messages/compose-message.ts';
import { composeHtml } from '../../shared/messages/render-html.ts';
import { isEscalated, type Run, reportToJson } from '../../shared/messages/report.ts';
import { composeStatusPage } from '../../shared/messages/status-page.ts';
import { type Judgement, judge, type Unreadable } from '../../shared/rules/judge.ts';
import { aFull, aHost, anIncremental, anObject, at, collected } from '../support/builders.ts';
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

const run = (judgements: readonly Judgement[], override: Partial<Run> = {}): Run => ({
  report: {
    checkedAt: now,
    bucket: 'acme-backups',
    judgements,
    unknownHosts: [],
    foreignObjects: 0,
  },
  due: new Set(judgements.map(({ host }) => host.name)),
  digest: false,
  hostsInConfig: judgements.length,
  timezone,
  ...override,
});
const compose = (judgements: readonly Judgement[], override: Partial<Run> = {}): Message => {
  const message = composeRun(run(judgements, override));
  if (message === undefined) throw new Error('nothing was told');
  return message;
};
const asText = ({ subject, sms, text }: Message) => `Subject: ${subject}\nSMS: ${sms}\n\n${text}`;
const broken = (count: number) =>
  Array.from({ length: count }, (_, n) => judgement(`host-${n}`, collected(...saturday)));

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
const look: ChannelCheck = {
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
  died: [],
  repaired: [{ ...fail('sms', '+31600000000 has opted out', step('decide', 'opt in')), since }],
  urgent: false,
};

const GSM7 = /^[\n\r !"#$%&'()*+,\-./0-9:;<=>?@A-Z_a-z]*$/;

/** SNS's own bounds; a message beyond them is refused, and nobody hears. */
function expectBounded(message: Message): void {
  const { subject, text, sms } = message;
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
    for (const digest of [false, true]) {
      expect(composeRun(run(moved, { digest }))).toEqual(composeRun(run(fleet, { digest })));
    }
    const [before, after] = [run(fleet), run(moved)];
    expect(composeStatusPage(after)).toBe(composeStatusPage(before));
    expect(reportToJson(after.report, timezone)).toEqual(reportToJson(before.report, timezone));
    expect(composeTable(after.report, timezone)).toBe(composeTable(before.report, timezone));
    expect(composeNagios(after.report, timezone)).toBe(composeNagios(before.report, timezone));
    const about = { timezone, known: { hosts: [] } };
    for (const [index, one] of moved.entries()) {
      const same = fleet[index];
      if (same === undefined) continue;
      expect(composeTampering([], one, about)).toEqual(composeTampering([], same, about));
      const kinds = one.findings.map(({ kind }) => kind);
      expect(composeTrouble(one, kinds, [], about)).toEqual(composeTrouble(same, kinds, [], about));
      expect(composeRecovery(one, one, timezone)).toEqual(composeRecovery(same, same, timezone));
    }
  });

  it('are followed by the name of that zone in each message that has times', () => {
    const message = composeRun(run(fleet, { digest: true }));
    expect(message?.text).toContain('Mon 23 Nov 2026 08:15 Europe/Amsterdam');
    expect(message?.sms).toContain('Times: Europe/Amsterdam.');
    const without = composeRun(run([judgement('nas', denied)]));
    expect(without?.sms).not.toContain('Times:');
  });
});

describe('composeRun', () => {
  it('counts the days of a host whose backups are incomplete, and escalates the second to ops', () => {
    const broken = today.filter(({ name }) => !name.includes('vol7'));
    const db = judgement('db', collected(...saturday, ...broken));
    expect(compose([db]).subject).toContain('db INCOMPLETE (2nd day)');
    expect(isEscalated(run([db]))).toBe(true);
  });

  it('writes an alert that is enough to act on', async () => {
    const message = compose(fleet);
    expectBounded(message);
    await expect(asText(message)).toMatchFileSnapshot('golden/alert-3-of-6.txt');
    await expect(composeHtml(message.text)).toMatchFileSnapshot('golden/alert-3-of-6.html');
  });

  it('writes what was done to a backup, how long the last good one lasts, and how to restore it', async () => {
    const full = (day: string, volumes = 31) =>
      aFull({ begun: `2026-11-${day}T01:14:00Z`, done: `2026-11-${day}T01:40:00Z`, volumes });
    const volume = 'duplicity-full.20261123T011400Z.vol7.difftar.gpg';
    const files = [...full('22'), ...full('23')];
    const overwritten = aHistory(files).put(volume, '2026-11-23T05:02:00Z');
    const hidden = aHistory(files).hide(
      full('23').map(({ name }) => name),
      '2026-11-23T05:02:00Z',
    );
    const gone = aHistory(full('14')).hide(
      full('14').map(({ name }) => name),
      '2026-11-21T00:00:00Z',
    );
    const message = compose(
      [
        judgement('web', overwritten.collected(now)),
        judgement('db', hidden.collected(now)),
        judgement('nas', collected(...full('18'))),
        judgement('lab', gone.collected(now)),
        judgement('mail', { ...collected(...today), inconclusive: 'denied' }),
      ],
      { digest: true },
    );
    expectBounded(message);
    await expect(asText(message)).toMatchFileSnapshot('golden/digest-tampered.txt');
  });

  it('writes a digest with what failed, what to know and what is good', async () => {
    const message = compose(fleet, { digest: true });
    await expect(asText(message)).toMatchFileSnapshot('golden/digest-3-of-6.txt');
  });

  it('writes a digest on a good day, by mail only', async () => {
    const message = compose([fleet[0] as Judgement, fleet[4] as Judgement], { digest: true });
    expect([message.urgency, message.sms]).toEqual(['digest', undefined]);
    await expect(asText(message)).toMatchFileSnapshot('golden/digest-good.txt');
  });

  it('ends a digest with the channels, and on Mondays with the weekly test', async () => {
    const message = compose(fleet.slice(0, 1), { digest: true, test: true, channels: look });
    expectBounded(message);
    expect(message.urgency).toBe('test');
    await expect(asText(message)).toMatchFileSnapshot('golden/digest-weekly-test.txt');
    await expect(composeHtml(message.text)).toMatchFileSnapshot('golden/digest-weekly-test.html');
  });

  it('reports a dead and a repaired channel with the alert that is sent anyway', async () => {
    const message = compose(fleet.slice(1, 2), {
      channels: { ...look, died: look.states.slice(0, 1) },
    });
    expectBounded(message);
    await expect(asText(message)).toMatchFileSnapshot('golden/alert-dead-path.txt');
  });

  it('names what a hostile host has uploaded, and escapes all of it', async () => {
    const names = [
      '"><script>alert(1)</script>.manifest.gpg',
      'x\r\nSubject: all is well\r\n',
      '\u001b[2J\u202egpj.gpg',
      `OK          mail: full done ${' '.repeat(80)}`,
    ];
    const bad = judgement('web', collected(...names.map((name) => anObject(name))));
    const { report, ...rest } = run([bad], { digest: true });
    const message = composeRun({ ...rest, report: { ...report, unknownHosts: names } });
    if (message === undefined) throw new Error('nothing was told');
    expectBounded(message);
    await expect(asText(message)).toMatchFileSnapshot('golden/digest-hostile.txt');
    await expect(composeHtml(message.text)).toMatchFileSnapshot('golden/digest-hostile.html');
  });

  it.each([1, 12, 2000])('stays within its bounds with %i bad hosts', async (count) => {
    const message = compose(broken(count));
    expectBounded(message);
    await expect(asText(message)).toMatchFileSnapshot(`golden/alert-${count}.txt`);
  });

  it('composes no message when no host whose window has closed has failed', () => {
    expect(composeRun(run([fleet[0] as Judgement]))).toBeUndefined();
    expect(composeRun(run(fleet, { due: new Set(['mail', 'slow']) }))).toBeUndefined();
  });

  it('sends an SMS only for a host whose window has just closed', () => {
    const message = compose(fleet, { due: new Set(['mail']), digest: true });
    expect([message.urgency, message.sms]).toEqual(['digest', undefined]);
    expect(message.subject).toContain('3 of 6 hosts FAILED');
  });

  it('numbers the digests of a year without a gap', () => {
    const number = (iso: string) => {
      const { report, ...rest } = run([fleet[0] as Judgement], { digest: true });
      return composeRun({ ...rest, report: { ...report, checkedAt: at(iso) } })?.subject.slice(-11);
    };
    expect(number('2026-01-01T07:15:00Z')).toBe('(#2026-001)');
    expect(number('2026-12-31T07:15:00Z')).toBe('(#2026-365)');
  });

  it('never lets a name from the bucket out unescaped', () => {
    const hostile = fc.string({ unit: 'binary', maxLength: 1024 });
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 5 }), hostile, (names, unknownPrefix) => {
        const objects = names.map((name) => anObject(name));
        const bad = judgement(
          'web',
          collected(
            ...objects,
            ...anIncremental('2026-11-22T01:00:00Z', '2026-11-23T01:00:00Z'),
            ...names.map((name) =>
              anObject(`duplicity-full.20261123T011400Z.vol1.difftar.${name}`),
            ),
          ),
        );
        const { report, ...rest } = run([bad], { digest: true });
        const message = composeRun({
          ...rest,
          report: { ...report, unknownHosts: [unknownPrefix] },
        });
        if (message === undefined) throw new Error('nothing was told');
        expectBounded(message);
        const html = composeHtml(message.text);
        expect(html).toMatch(/^[\n -~]*$/);
        expect(html.match(/<(?!\/?(?:html|head|meta|body|p|b|code)\b|!doctype)/)).toBeNull();
      }),
    );
  });

  it('keeps to 72 columns, but for commands and names', () => {
    for (const line of compose(fleet, { digest: true }).text.split('\n')) {
      if (!line.includes('Do now:')) expect(line.length).toBeLessThanOrEqual(72);
    }
  });
});

describe('composeChannelNews', () => {
  const alone = (channels: ChannelCheck) => {
    const message = composeChannelNews(run([], { channels }));
    if (message === undefined) throw new Error('nothing was told');
    expectBounded(message);
    return message;
  };

  it('reports a dead channel in a message of its own, and by SMS when it is somebody’s mail', async () => {
    const message = alone({ ...look, died: [dropped], repaired: [], urgent: true });
    expect(message.urgency).toBe('alert');
    await expect(asText(message)).toMatchFileSnapshot('golden/path-dead.txt');
  });

  it('reports a repaired channel by mail only', async () => {
    const message = alone(look);
    expect([message.urgency, message.sms]).toEqual(['digest', undefined]);
    await expect(asText(message)).toMatchFileSnapshot('golden/path-repaired.txt');
  });

  it('composes no message when nothing has changed', () => {
    expect(composeChannelNews(run([], { channels: { ...look, repaired: [] } }))).toBeUndefined();
  });
});

describe('composePublication', () => {
  it('stays within what SNS takes, though each character of a text had to be escaped twice', () => {
    for (const character of ['"', '\\', '\n']) {
      const text = character.repeat(1_000_000);
      expectBoundedPublication(
        composeMessage({ subject: text, text, sms: text, urgency: 'alert', severity: 'info' }),
      );
    }
  });
});

function expectBoundedPublication(message: Message): void {
  expect(Buffer.byteLength(composePublication(message))).toBeLessThanOrEqual(256 * 1024);
}
