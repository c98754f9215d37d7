import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeNagios, composeTable } from '../../scripts/rollcall/format-report.ts';
import { composePublication } from '../../shared/channels/mail-and-topic.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { composeMessage } from '../../shared/messages/compose-message.ts';
import type { Message } from '../../shared/messages/message-tree.ts';
import { renderHtml } from '../../shared/messages/render-html.ts';
import { renderText } from '../../shared/messages/render-text.ts';
import { reportToJson } from '../../shared/messages/report.ts';
import type { Judgement } from '../../shared/rules/judge.ts';
import {
  broken,
  compose,
  denied,
  digestOf,
  dropped,
  fleet,
  judgement,
  look,
  mail,
  newsOfChannels,
  now,
  optedOut,
  saturday,
  since,
  timezone,
  today,
  web,
} from '../support/a-fleet.ts';
import { notificationOf } from '../support/a-notification.ts';
import { anyText } from '../support/any-text.ts';
import { aFull, anIncremental, anObject, at, collected } from '../support/builders.ts';
import { aHistory } from '../support/versions.ts';

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

  it('is bounded whatever is in it', () => {
    const own: readonly Message[] = [
      compose(fleet),
      compose(fleet, { digest: digestOf(fleet, { test: true, channels: look }) }),
      compose([web], { news: newsOfChannels([dropped]) }),
      compose(broken(12)),
      compose(broken(2000)),
    ];
    for (const message of own) expectBounded(message);
  });

  it('sends a good day by mail only, and on Mondays the weekly test to all', () => {
    const digest = digestOf([mail]);
    expect(compose([mail], { digest })).toMatchObject({ urgency: 'digest', smsLine: undefined });
    expect(compose([mail], { digest: { ...digest, test: true } }).urgency).toBe('test');
  });

  it('reports a dead channel by SMS when it is somebody’s mail, and a repaired one by mail only', () => {
    expect(compose([], { news: newsOfChannels([dropped]) }).urgency).toBe('alert');
    expect(compose([], { news: newsOfChannels([optedOut]) }).smsLine).toBeUndefined();
    const { problems: before } = notificationOf(since, [], { news: newsOfChannels([optedOut]) });
    const message = compose([], { before, news: newsOfChannels([], before) });
    expect([message.urgency, message.smsLine]).toEqual(['digest', undefined]);
  });

  it('tells nobody to disable a key by which an upload came', () => {
    const inc = anIncremental('2026-11-23T01:14:00Z', '2026-11-23T05:00:00Z');
    const message = compose([judgement('web', collected(...today, ...inc))]);
    expect(message.smsLine).not.toContain('Disable that key');
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

  it('says where what is broken was the only copy, and not where there is another', () => {
    const torn = today.filter(({ name }) => !name.includes('vol7'));
    const textOf = (...files: typeof today) =>
      renderText(compose([judgement('db', collected(...files))])).replace(/\s+/g, ' ');
    expect(textOf(...torn)).toContain('No other good copy is in the bucket.');
    expect(textOf(...saturday, ...torn)).toContain('Last good copy: Sat 21 Nov');
    expect(textOf(...saturday, ...torn)).not.toContain('No other good copy');
  });

  it('composes no message when nothing is new', () => {
    expect(notificationOf(now, [fleet[0] as Judgement]).message).toBeUndefined();
    const { problems: before } = notificationOf(now, fleet);
    expect(notificationOf(now + 60_000, fleet, { before }).message).toBeUndefined();
  });

  it('calls no host OK AGAIN by SMS next to one that is, where something is still wrong with it', () => {
    const eve = aFull({ begun: '2026-11-22T01:14:00Z' });
    const gone = (objects: readonly StoredObject[]) =>
      aHistory(objects)
        .hide([eve[0]?.name ?? ''], '2026-11-22T05:02:00Z')
        .collected(now);
    const { problems: before } = notificationOf(now - 60_000, [
      judgement('web', collected(...eve)),
      judgement('db', gone(eve)),
    ]);
    const { message } = notificationOf(
      now,
      [judgement('web', collected(...eve, ...today)), judgement('db', gone([...eve, ...today]))],
      { before },
    );
    expect(message?.subject).toBe('[backup] 2 hosts OVER: web, db');
    expect(message?.smsLine).toBe('BACKUP OVER: web, db.');
  });

  it('has who is OK AGAIN in the SMS of those who failed, by name or as a number', () => {
    const eve = aFull({ begun: '2026-11-22T01:14:00Z' });
    const smsOf = (back: readonly string[], failed: readonly Judgement[]) => {
      const lacking = back.map((name) => judgement(name, collected(...eve)));
      const { problems: before } = notificationOf(now - 60_000, lacking);
      const well = back.map((name) => judgement(name, collected(...eve, ...today)));
      const { message } = notificationOf(now, [...well, ...failed], { before });
      expectBounded(message as Message);
      return message?.smsLine;
    };
    expect(smsOf(['nas'], broken(1))).toBe(
      'BACKUP 1/2 FAILED: host-0 MISSING (2nd day) last good Sat 21 Nov 01:14. Times: UTC. OK AGAIN: nas. Mail has the fix.',
    );
    const many = Array.from({ length: 12 }, (_, nth) => `a-long-name-${nth}`);
    expect(smsOf(many, broken(2))).toMatch(
      /host-1 MISSING.* 12 hosts OK AGAIN\. Mail has the fix\.$/,
    );
    expect(smsOf(many, broken(400))).toMatch(/^BACKUP 400\/412 FAILED: .* 12 hosts OK AGAIN\./);
    const gone = aHistory(today).hide([today[0]?.name ?? ''], '2026-11-23T05:02:00Z');
    const tampered = judgement('web', gone.collected(now));
    expect(smsOf(['nas'], [tampered])).toMatch(/^BACKUP TAMPERED: web.* OK AGAIN: nas\./);
  });

  it('says of a host how it is now, where a channel hears of several ends at once', () => {
    const [missing] = notificationOf(now, [judgement('web', collected())]).problems;
    if (missing === undefined) throw new Error('no problem');
    const ended = (kind: 'missing' | 'wrong-recipient', at: number, isWell: boolean) => ({
      ...{ ...missing, kind, notified: new Map(), over: { at, says: `${kind} is over`, isWell } },
    });
    const all = [ended('wrong-recipient', now - 2, false), ended('missing', now - 1, true)];
    for (const before of [all, all.toReversed()]) {
      const { message } = notificationOf(now, [], { before });
      expect(message?.subject).toBe('[backup] web OK AGAIN: missing is over');
    }
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
