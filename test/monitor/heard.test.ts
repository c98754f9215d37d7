// Stories of some days, and what must be heard of them by whom: lost, doubled or misdirected is a failure.
import { describe, expect, it } from 'vitest';
import { STATE_PAGE } from '../../shared/monitor/state.ts';
import { aFull, anIncremental } from '../support/builders.ts';
import { aConfigText, aFleet } from './heard.ts';

const FROM = '2026-11-22T06:00:00Z';
const until = (day: number, month = 11) =>
  `2026-${month}-${String(day).padStart(2, '0')}T12:30:00Z`;
const night = (day: number) => `2026-11-${day}`;

describe('the end of an alarm', () => {
  it('is heard by those who watch the monitor when the next night brings it, with all that was missed', async () => {
    const fleet = aFleet();
    fleet.nights('web', night(25), night(26));
    await fleet.play(FROM, until(25));
    expect(fleet.alarms('ops')).toEqual([
      '24 08:15 1 of 2 hosts FAILED: web MISSING (2nd day)',
      '25 03:15 web OK AGAIN: full done Wed 25 Nov 03:00 UTC',
    ]);
    expect(fleet.heard.find(({ says }) => says.includes('OK AGAIN'))?.message.text).toContain(
      '2 windows missed',
    );
  });

  it.each([
    [
      'whose manifest came, and not all of its volumes',
      'INCOMPLETE',
      (name: string) => !/vol2/.test(name),
      1,
    ],
    ['with a volume that is far too small', 'DAMAGED', () => true, 2e6],
  ])('comes with the full that stands in for one %s', async (_, kind, isThere, shrink) => {
    const fleet = aFleet();
    const files = aFull({ begun: '2026-11-23T03:00:00Z', volumes: 5 }).filter(({ name }) =>
      isThere(name),
    );
    fleet.put(
      'web',
      files.map((one) => (/vol2/.test(one.name) ? { ...one, bytes: one.bytes / shrink } : one)),
    );
    fleet.put('web', aFull({ begun: '2026-11-23T13:00:00Z', volumes: 5 }));
    fleet.nights('web', night(24), night(26));
    await fleet.play(FROM, until(25));
    expect(fleet.alarms('SNS')).toEqual([
      expect.stringContaining(`FAILED: web ${kind}`),
      expect.stringMatching(/^23 13:01 web OVER: full done Mon 23 Nov 13:00 UTC, 4 h 45 min late/),
    ]);
  });

  it('comes once, and the alarm before it, where a chain is broken in the night and a full follows', async () => {
    const chain = aConfigText('web: { chain: { fullEvery: 7d } }, db: {}');
    const fleet = aFleet(chain.replace('region', 'keepDays: 14\nregion'));
    fleet.put('web', anIncremental('2026-11-22T02:00:00Z', '2026-11-23T03:00:00Z'));
    fleet.put('web', aFull({ begun: '2026-11-23T14:00:00Z' }));
    await fleet.play(FROM, '2026-11-24T02:00:00Z');
    expect(fleet.alarms('SNS')).toEqual([
      '23 03:01 1 of 2 hosts FAILED: web CHAIN-BROKEN',
      expect.stringMatching(/^23 14:01 web OVER: full done Mon 23 Nov 14:00 UTC/),
    ]);
  });

  it('is not near where the next backup fails in another way: that window is heard of, too', async () => {
    const chain = aConfigText('web: { chain: { fullEvery: 7d } }, db: {}');
    const fleet = aFleet(chain.replace('region', 'keepDays: 14\nregion'));
    fleet.put('web', anIncremental('2026-11-22T02:00:00Z', '2026-11-23T03:00:00Z'));
    const next = anIncremental('2026-11-23T03:00:00Z', '2026-11-24T03:00:00Z');
    fleet.put(
      'web',
      next.filter(({ name }) => !name.includes('manifest')),
    );
    await fleet.play(FROM, until(24));
    expect(fleet.alarms('SNS')).toEqual([
      '23 03:01 1 of 2 hosts FAILED: web CHAIN-BROKEN',
      '24 08:15 1 of 2 hosts FAILED: web CHAIN-BROKEN (2nd day)',
    ]);
    const last = fleet.heard.findLast(({ to, says }) => to === 'SNS' && /2nd day/.test(says));
    expect(last?.message.text.replace(/\s+/g, ' ')).toContain('24 Nov 03:00 is incomplete');
  });

  it('names the backup that stands in, though it came before the window closed', async () => {
    const fleet = aFleet();
    const files = aFull({ begun: '2026-11-23T03:00:00Z', volumes: 5 });
    fleet.put(
      'web',
      files.map((one) => (/vol2/.test(one.name) ? { ...one, bytes: 100 } : one)),
    );
    fleet.put('web', aFull({ begun: '2026-11-23T05:00:00Z', volumes: 5 }));
    await fleet.play(FROM, until(23));
    expect(fleet.alarms('SNS')).toEqual([
      '23 03:01 1 of 2 hosts FAILED: web DAMAGED',
      '23 08:15 web OVER: full done Mon 23 Nov 05:00 UTC',
    ]);
  });

  it('says that the host is paused, where it ends by that', async () => {
    const fleet = aFleet();
    const paused = 'web: { paused: { until: 2026-12-05, because: "disk swap" } }, db: {}';
    fleet.do('2026-11-23T10:00:00Z', () => fleet.change(aConfigText(paused)));
    await fleet.play(FROM, until(24));
    expect(fleet.alarms('SNS').at(-1)).toBe(
      '24 08:15 web OVER: paused until 2026-12-05: "disk swap"',
    );
  });

  it('says from when on a backup is owed, where it ends by that', async () => {
    const fleet = aFleet();
    const since = aConfigText('web: { since: 2026-11-26 }, db: {}');
    fleet.do('2026-11-23T10:00:00Z', () => fleet.change(since));
    await fleet.play(FROM, until(24));
    expect(fleet.alarms('SNS')).toEqual([
      '23 08:15 1 of 2 hosts FAILED: web MISSING',
      '24 08:15 web OVER: no backup is owed before 2026-11-26',
    ]);
  });

  it('comes with the warning that the window is another, also of backups that last past midnight', async () => {
    const fleet = aFleet();
    for (const day of [23, 24, 25, 26]) {
      const done = `2026-11-${day + 1}T01:00:00Z`;
      fleet.put('web', aFull({ begun: `2026-11-${day}T20:00:00Z`, done }));
    }
    const opens = aConfigText('web: { window: { opens: "19:30" } }, db: {}');
    fleet.do('2026-11-26T10:00:00Z', () => fleet.change(opens));
    await fleet.play(FROM, until(27));
    expect(fleet.alarms('SNS', '25')).toEqual([
      '25 08:15 1 of 2 hosts FAILED: web MISSING',
      expect.stringMatching(/^26 .* web OVER: backups come, and not in the window/),
    ]);
    expect(fleet.by('staff', '27')).toEqual([expect.stringContaining('2 of 2 hosts OK')]);
  });

  it('comes with the night after an incremental, which is a line of the digest from then on', async () => {
    const fleet = aFleet();
    fleet.nights('web', night(23), night(27));
    fleet.put('web', anIncremental('2026-11-23T03:00:00Z', '2026-11-23T05:00:00Z'));
    await fleet.play(FROM, until(25));
    expect(fleet.alarms('SNS')).toEqual([
      '23 05:01 1 of 2 hosts FAILED: web INCREMENTAL',
      '24 08:15 web OK AGAIN: no new one came; what is there stays a line of each digest',
    ]);
    expect(fleet.by('staff', '25')).toEqual([expect.stringContaining('2 of 2 hosts OK')]);
  });

  it('is not told of a window that was well, and is none after a change of the config', async () => {
    const fleet = aFleet(aConfigText('web: { window: { opens: "22:00" } }, db: {}'));
    fleet.nights('web', night(23), night(23));
    fleet.put('web', aFull({ begun: '2026-11-23T22:30:00Z' }));
    fleet.do('2026-11-24T15:00:00Z', () => fleet.change(aConfigText()));
    fleet.put('web', aFull({ begun: '2026-11-25T01:00:00Z' }));
    await fleet.play(FROM, until(25));
    expect(fleet.alarms('SNS')).toEqual([]);
  });

  it('is not told of a host that was not in the config, and is back', async () => {
    const fleet = aFleet();
    fleet.nights('web', night(23), night(27), [night(24), night(25), night(26)]);
    fleet.do('2026-11-23T10:00:00Z', () => fleet.change(aConfigText('db: {}')));
    fleet.do('2026-11-26T10:00:00Z', () => fleet.change(aConfigText()));
    await fleet.play(FROM, until(27));
    expect(fleet.alarms('SNS')).toEqual([]);
  });

  it('names the backup that ended it, after the window was moved', async () => {
    const fleet = aFleet();
    fleet.put('web', aFull({ begun: '2026-11-23T15:00:00Z' }));
    const moved = aConfigText('web: { window: { due: "20:00" } }, db: {}');
    fleet.do('2026-11-23T10:05:00Z', () => fleet.change(moved));
    await fleet.play(FROM, '2026-11-23T16:00:00Z');
    expect(fleet.alarms('SNS').at(-1)).toContain('web OK AGAIN: full done Mon 23 Nov 15:00 UTC');
  });

  it('names the copy that was the last one before it, also after days without a run', async () => {
    const fleet = aFleet();
    fleet.nights('web', night(24), night(26));
    await fleet.play(FROM, '2026-11-23T09:00:00Z');
    await fleet.play('2026-11-26T09:00:00Z', until(26));
    const last = fleet.heard.find(({ says }) => says.includes('OK AGAIN'));
    expect(last?.message.text.replace(/\s+/g, ' ')).toContain(
      'full done Thu 26 Nov 03:00 UTC (3 volumes, 421.0 MiB). Before it the last good copy was Wed 25 Nov 03:00 (24 h earlier; 1 window missed)',
    );
  });

  it.each([
    [
      'has left the config',
      'db: { admins: [dba@example.net] }',
      '23 10:15 web OVER: no longer in the config',
    ],
    [
      'has other admins',
      'web: { admins: [other@example.net] }, db: { admins: [dba@example.net] }',
      '25 03:01 web OK AGAIN',
    ],
  ])('is heard by the admins who heard of it, of a host that %s', async (_, hosts, end) => {
    const admins = '{ admins: [dba@example.net] }';
    const fleet = aFleet(aConfigText(`web: ${admins}, db: ${admins}`));
    fleet.nights('web', night(25), night(26));
    fleet.do('2026-11-23T10:00:00Z', () => fleet.change(aConfigText(hosts)));
    await fleet.play(FROM, until(25));
    expect(fleet.alarms('dba')).toEqual([
      '23 08:15 1 of 2 hosts FAILED: web MISSING',
      expect.stringContaining(end),
    ]);
  });
});

describe('a host that stays silent', () => {
  it('is heard of each day by everyone, with the count, also when nothing of it is left', async () => {
    const fleet = await aFleet().play(FROM, until(30));
    for (const [to, first] of [
      ['staff', 23],
      ['SNS', 23],
      ['ops', 24],
    ] as const) {
      const days = Array.from({ length: 31 - first }, (_, index) => `${first + index} 08:15`);
      expect(
        fleet.alarms(to).map((line) => line.slice(0, 8)),
        to,
      ).toEqual(days);
    }
    const [last] = fleet.heard.filter(({ at: time, to }) => to === 'SNS' && time === '29 08:15');
    expect(last?.message.subject).toContain('web MISSING (7th day)');
    expect(last?.message.text.replace(/\s+/g, ' ')).toContain(
      'OVER web: the last good copy is gone',
    );
  });
});

describe('a host that cannot be read', () => {
  it('is heard of by those who watch the monitor after a day, and its end', async () => {
    const fleet = aFleet();
    fleet.nights('web', night(23), night(30));
    fleet.do('2026-11-22T20:00:00Z', () => fleet.lock('web'));
    fleet.do('2026-11-26T10:00:00Z', () => fleet.lock(undefined));
    await fleet.play(FROM, until(27));
    const unreadable = (day: number, hour = '08') =>
      expect.stringMatching(new RegExp(`^${day} ${hour}.* web UNREADABLE$`));
    const end = '26 10:15 web OK AGAIN: it can be read again, after 79 h';
    const days = [unreadable(25), unreadable(26), end];
    expect(fleet.alarms('SNS')).toEqual([
      unreadable(23, '03'),
      unreadable(23),
      unreadable(24),
      ...days,
    ]);
    expect(fleet.alarms('ops')).toEqual([unreadable(24, '03'), unreadable(24), ...days]);
  });
});

describe('what the last look could not find again', () => {
  it('says as of when it was so', async () => {
    const fleet = aFleet();
    fleet.do('2026-11-23T10:00:00Z', () => fleet.lock('web'));
    await fleet.play(FROM, until(25));
    const last = fleet.heard.findLast(({ to, says }) => to === 'SNS' && /UNREADABLE/.test(says));
    expect(last?.message.text.replace(/\s+/g, ' ')).toContain(
      'missing, as of Mon 23 Nov 08:15: no full backup since Sun 22 Nov 03:00 (29 h; 1 window)',
    );
  });
});

describe('a host of which no good backup is known', () => {
  it('is heard of by those who watch the monitor from the second window on', async () => {
    const fleet = aFleet(aConfigText('web: {}, nas: {}, db: {}'));
    fleet.nights('web', night(23), night(30));
    await fleet.play(FROM, until(26));
    expect(fleet.alarms('SNS')).toEqual([
      '23 08:15 1 of 3 hosts FAILED: nas NEVER',
      '24 08:15 1 of 3 hosts FAILED: nas NEVER (2nd day)',
      '25 08:15 1 of 3 hosts FAILED: nas NEVER (3rd day)',
      '26 08:15 1 of 3 hosts FAILED: nas NEVER (4th day)',
    ]);
    expect(fleet.alarms('ops')).toEqual(fleet.alarms('SNS').slice(1));
  });
});

describe('what an operator said', () => {
  const acked = (fleet: ReturnType<typeof aFleet>, from: string) =>
    fleet.heard.filter(
      ({ at: time, message }) => time >= from && /acknowledged/.test(message.text),
    );

  it('is not said any more of an acknowledged problem that is over', async () => {
    const fleet = aFleet();
    fleet.nights('web', night(24), night(30), [night(26)]);
    fleet.do('2026-11-23T10:00:00Z', () => fleet.ack('web'));
    await fleet.play(FROM, until(28));
    expect(acked(fleet, '23')).toEqual([]);
    expect(fleet.alarms('SNS', '24')).toEqual([
      '24 03:01 web OK AGAIN: full done Tue 24 Nov 03:00 UTC',
      '26 08:15 1 of 2 hosts FAILED: web MISSING',
      '27 03:01 web OK AGAIN: full done Fri 27 Nov 03:00 UTC',
    ]);
  });

  it('is announced once, also in another year', async () => {
    const fleet = aFleet();
    fleet.nights('db', '2026-12-21', '2027-01-04');
    fleet.nights('web', '2026-12-20', '2026-12-29');
    fleet.do('2026-12-30T10:00:00Z', () => fleet.ack('web'));
    await fleet.play('2026-12-29T06:00:00Z', '2027-01-02T12:30:00Z');
    const sms = fleet.heard.filter(
      ({ to, message }) => to === 'SNS' && /acknowl/.test(message.smsLine ?? ''),
    );
    expect(sms.map(({ at: time }) => time)).toEqual(['31 08:15']);
  });

  it('is announced to the admins of a host, too', async () => {
    const rare = ', digest: problems-only';
    const fleet = aFleet(aConfigText('web: { admins: [dba@example.net] }, db: {}', rare));
    fleet.nights('web', night(23), night(30));
    fleet.do('2026-11-23T10:00:00Z', () => fleet.mute('web', '2026-11-30'));
    fleet.do('2026-11-23T10:00:00Z', () => fleet.mute('db', '2026-11-30'));
    await fleet.play(FROM, until(25));
    expect(fleet.alarms('dba')).toEqual(['24 08:15 web is muted until 2026-11-30: "disk swap"']);
  });
});

describe('a window that nobody saw', () => {
  it.each([
    ['a run', '2026-11-26T03:20:00Z'],
    ['the look that a backup asks for', '2026-11-26T02:59:00Z'],
  ])('is heard of once, though %s is killed when it has written the record', async (_, back) => {
    const fleet = aFleet();
    fleet.nights('web', night(25), night(30));
    await fleet.play(FROM, '2026-11-22T20:00:00Z');
    const { write } = fleet.records;
    fleet.do(back, () => {
      Object.assign(fleet.records, {
        write: async (...page: Parameters<typeof write>) => {
          if (page[0] !== STATE_PAGE) return write(...page);
          Object.assign(fleet.records, { write });
          throw new Error('killed');
        },
      });
    });
    await fleet.play(back, until(28));
    expect(
      fleet.by(
        'SNS',
        '',
        fleet.heard.filter(({ says }) => says.includes('web')),
      ),
    ).toEqual([expect.stringContaining('2 windows were missed')]);
  });
});

describe('a digest', () => {
  it('comes to each of many mailboxes, also to those that are new', async () => {
    const mailboxes = (name: string) =>
      aConfigText().replace(
        'staff@example.net',
        Array.from({ length: 70 }, (_, index) => `${name}${index}@example.net`).join(', '),
      );
    const fleet = aFleet(mailboxes('old'));
    fleet.do('2026-11-23T10:00:00Z', () => fleet.change(mailboxes('new')));
    await fleet.play(FROM, until(25));
    const hears = (name: string, day: string) =>
      fleet.heard.filter(({ at: time, to }) => to.startsWith(name) && time === `${day} 08:15`)
        .length;
    expect([hears('old', '23'), hears('new', '24'), hears('new', '25')]).toEqual([70, 70, 70]);
  });

  it('of a Monday is the test of every channel, though its run is killed', async () => {
    const fleet = aFleet();
    fleet.nights('web', night(23), night(26));
    const { write } = fleet.records;
    fleet.do('2026-11-23T08:14:00Z', () => {
      Object.assign(fleet.records, {
        write: async (...page: Parameters<typeof write>) => {
          await write(...page);
          if (page[0] !== STATE_PAGE) return '';
          Object.assign(fleet.records, { write });
          throw new Error('killed');
        },
      });
    });
    await fleet.play(FROM, until(25));
    const tests = fleet.heard.filter(({ message }) => message.urgency === 'test');
    expect(tests.map(({ at: time, to }) => `${time} ${to}`)).toEqual([
      '23 09:15 staff',
      '23 09:15 SNS',
      '23 09:15 ops',
    ]);
  });

  it.each([
    ['weekly', '2026-11-22T20:00:00Z', '2026-11-24T01:00:00Z'],
    ['weekly', '2026-11-22T20:00:00Z', '2026-11-26T12:00:00Z'],
    ['weekdays', '2026-11-22T20:00:00Z', '2026-11-24T01:00:00Z'],
    ['weekdays', '2026-11-26T20:00:00Z', '2026-11-28T01:00:00Z'],
    ['problems-only', '2026-11-22T20:00:00Z', '2026-11-24T12:00:00Z'],
  ])('of the rhythm %s comes after an outage from %s to %s', async (rhythm, from, to) => {
    const fleet = aFleet(aConfigText('db: {}', `, digest: ${rhythm}`));
    await fleet.play(FROM, from);
    fleet.heard.length = 0;
    await fleet.play(to, new Date(Date.parse(to) + 7_200_000).toISOString());
    const digest = fleet.heard.filter(({ to, says }) => to === 'staff' && /OK/.test(says));
    expect(digest).toHaveLength(1);
    const tests = fleet.heard.filter(({ message }) => message.urgency === 'test');
    expect(tests.length > 0).toBe(from < '2026-11-23');
  });

  it('comes, and an alarm, though the state says that days to come were judged', async () => {
    const fleet = aFleet();
    fleet.do('2026-11-22T12:00:00Z', () => {
      const state = JSON.parse(fleet.records.text ?? '');
      const judged = state.judged.map(([, places]: [string, string[]]) => ['2026-11-30', places]);
      fleet.records.text = JSON.stringify({ ...state, digestOn: '2026-11-30', judged });
    });
    await fleet.play(FROM, until(23));
    expect(fleet.alarms('SNS')).toEqual(['23 08:15 1 of 2 hosts FAILED: web MISSING']);
  });
});
