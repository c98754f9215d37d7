// What people report of their backups to S3, and what is right to say of each: the verdict, the words, and a setting that
// makes it well when it is followed.
import { describe, expect, it } from 'vitest';
import { sourceOf } from '../../scripts/rollcall/listing-source.ts';
import { parseListing } from '../../scripts/rollcall/parse-listing.ts';
import { openListings } from '../../scripts/rollcall/saved-listing.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { describeFinding, nextStep } from '../../shared/messages/finding-text.ts';
import { checkHosts } from '../../shared/monitor/judge-hosts.ts';
import { type Judgement, judge } from '../../shared/rules/judge.ts';
import { aFingerprint, aFull, anIncremental, at, collected } from '../support/builders.ts';
import { aHistory } from '../support/versions.ts';

type Fields = Readonly<Record<string, string>>;
const hostOf = ({ zone = 'UTC', keep = '30', ...fields }: Fields) => {
  const line = Object.entries(fields).map(([key, value]) => `${key}: ${value}`);
  const head = `bucket: acme-backups\nexisting: true\ntimezone: ${zone}\nkeepDays: ${keep}\n`;
  const [host] = parseConfig(`${head}hosts:\n  web: { ${line.join(', ')} }\n`, 'hosts.yml').hosts;
  if (host === undefined) throw new Error('no host');
  return host;
};
const judged = (fields: Fields, objects: readonly StoredObject[], when: string) => {
  const there = objects.filter(({ firstModifiedAt }) => firstModifiedAt <= at(when));
  return judge(hostOf(fields), collected(...there), at(when));
};
/** In the zone of the message, which is UTC here. */
const saidOf = (judgement: Judgement) =>
  judgement.findings
    .map((one) => `${one.kind}: ${describeFinding(one, judgement, 'UTC')}`)
    .join('\n');
/** The config after the first hint: what it has of one key takes the place of what was there. */
const follow = (fields: Fields, said: string): Fields => {
  const [, whole = ''] = /write "(.+?)"(?: in| for)/.exec(said) ?? [];
  const line = whole.replace(/^web: \{ (.*) \}$/, '$1');
  const [, keep = fields.keep ?? '30'] = /"keepDays: (\d+)" at the top/.exec(said) ?? [];
  const parts = [...line.matchAll(/(\w+): (\{.*?\}|\[.*?\]|\w+)/g)];
  return { ...fields, keep, ...Object.fromEntries(parts.map(([, key, value]) => [key, value])) };
};
/** A full on each of these days of November 2026. */
const fulls = (days: readonly number[], begun: string, hours = 0.2, volumes = 3) =>
  days.flatMap((day) => {
    const start = at(`2026-11-${String(day).padStart(2, '0')}T${begun}:00Z`);
    const done = new Date(start + hours * 3_600_000).toISOString();
    return aFull({ begun: new Date(start).toISOString(), done, volumes });
  });
const times = (...begun: string[]) => begun.flatMap((one) => aFull({ begun: one }));
const WEEKDAYS = [2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20];
const weekdays = { days: '[mon, tue, wed, thu, fri]' };

describe('a night on which the clocks change', () => {
  it.each<[string, Fields, string[], string]>([
    [
      'in Melbourne, whose 02:30 is skipped',
      { zone: 'Australia/Melbourne' },
      ['2026-10-03T16:00:01Z'],
      '2026-10-03T21:30:00Z',
    ],
    [
      'in Melbourne, whose 02:30 comes twice',
      { zone: 'Australia/Melbourne' },
      ['2026-04-04T15:30:00Z', '2026-04-04T16:30:00Z'],
      '2026-04-04T22:30:00Z',
    ],
    [
      'by 30 minutes on Lord Howe, in spring',
      { zone: 'Australia/Lord_Howe', window: '{ opens: "02:15" }' },
      ['2026-10-03T15:30:05Z'],
      '2026-10-03T21:30:00Z',
    ],
    [
      'by 30 minutes on Lord Howe, in autumn',
      { zone: 'Australia/Lord_Howe', window: '{ opens: "01:45" }' },
      ['2026-04-04T14:50:00Z'],
      '2026-04-04T22:30:00Z',
    ],
    [
      'in Santiago, which has no midnight',
      { zone: 'America/Santiago' },
      ['2026-09-06T04:00:01Z'],
      '2026-09-06T12:00:00Z',
    ],
    ['of a leap day', {}, ['2028-02-29T02:14:00Z'], '2028-02-29T09:00:00Z'],
    [
      'of a new year',
      { window: '{ opens: "22:00", due: "06:00" }' },
      ['2026-12-31T22:05:00Z'],
      '2027-01-01T06:30:00Z',
    ],
  ])('is answered: %s', (_, fields, begun, when) => {
    expect(judged(fields, times(...begun), when).verdict).toBe('ok');
  });
});

describe('a setting that is proposed', () => {
  const chain = [
    ...fulls([15], '02:14'),
    ...[16, 17, 18, 19, 20, 21, 22, 23].flatMap((day) =>
      anIncremental(`2026-11-${day - 1}T02:14:00Z`, `2026-11-${day}T02:14:00Z`),
    ),
  ];
  const eve = '{ opens: "22:00", due: "06:00" }';
  const mirrored = [17, 18, 19, 20, 21, 22, 23].flatMap((day) =>
    aFull({ begun: `2026-11-${day}T02:14:00Z`, done: `2026-11-${day}T12:02:00Z` }),
  );
  const daily = fulls([18, 19, 20, 21, 22], '02:14', 11, 60);
  const underWay = fulls([23], '02:14', 10, 60).slice(0, 40);

  it.each<[string, Fields, readonly StoredObject[], string, string, string[]]>([
    [
      'of weekdays in the evening is of the days after',
      weekdays,
      fulls(WEEKDAYS, '20:30'),
      '17T09:00',
      'window: { opens: "20:00" }, days: [tue, wed, thu, fri, sat] }',
      ['17T09:00', '18T09:00', '21T09:00', '23T09:00'],
    ],
    [
      'of weekdays past midnight, too',
      weekdays,
      fulls(WEEKDAYS, '23:00', 2.5),
      '20T09:00',
      'opens: "22:30" }, days: [tue, wed, thu, fri, sat] }',
      ['18T09:00', '21T09:00', '23T09:00'],
    ],
    [
      'of the evenings before weekdays keeps the days',
      weekdays,
      fulls([8, 9, 10, 11, 12, 15, 16, 17, 18, 19], '23:00', 2.5),
      '20T09:00',
      '{ window: { opens: "22:30" } }',
      ['16T09:00', '20T09:00', '23T08:00'],
    ],
    [
      'of evenings that have the days of the evening',
      { ...weekdays, window: eve },
      fulls(WEEKDAYS, '22:05', 1),
      '23T06:30',
      'days: [tue, wed, thu, fri, sat]',
      ['18T06:30', '21T06:30', '23T06:30'],
    ],
    [
      'of a copy of the target that is made at noon',
      {},
      mirrored,
      '23T09:00',
      'window: { due: "13:30" }',
      ['23T09:00', '23T13:45'],
    ],
    [
      'of a backup that takes eleven hours each day',
      {},
      [...daily, ...underWay],
      '23T12:20',
      'Files of it still arrive. If that is the plan, write "web: { window: { due: "14:30" } }"',
      ['23T12:20'],
    ],
    [
      'of chains that keepDays would cut',
      { keep: '6' },
      chain,
      '23T09:00',
      '"chain: { fullEvery: 31d }" for this host, and "keepDays: 36" at the top,',
      ['23T09:00'],
    ],
  ])('%s', (_, fields, objects, when, says, then) => {
    const said = saidOf(judged(fields, objects, `2026-11-${when}:00Z`));
    expect(said).toContain(says);
    const followed = follow(fields, said);
    const verdicts = then.map((one) => judged(followed, objects, `2026-11-${one}:00Z`).verdict);
    expect(verdicts).toEqual(then.map(() => 'ok'));
  });

  it('is the same of a bucket of which the newest fulls alone are read', async () => {
    const objects = fulls(WEEKDAYS, '20:30', 0.5, 400);
    const rows = objects.map(({ name, bytes, modifiedAt }) => ({
      ...{ Key: `web/${name}`, Size: bytes, LastModified: new Date(modifiedAt).toISOString() },
    }));
    const listing = parseListing(sourceOf(JSON.stringify({ Contents: rows })), 'all.json');
    for (const [day, depth] of [17, 18, 19, 20].flatMap((one) => [
      [one, 'recent'] as const,
      [one, 'all'] as const,
    ])) {
      const now = at(`2026-11-${day}T09:00:00Z`);
      const store = openListings([listing]);
      const [judgement] = await checkHosts(store, [hostOf(weekdays)], { now, depth });
      expect(judgement && saidOf(judgement)).toContain('days: [tue, wed, thu, fri, sat]');
    }
  });

  it('is none where the copy of the night before stayed out as well', () => {
    const said = saidOf(judged({}, mirrored.slice(0, -5), '2026-11-24T09:00:00Z'));
    expect(said).toMatch(/^missing: no full backup since Sun 22 Nov 02:14 [^"]+$/);
  });

  it('asks for no second run while the first one still arrives', () => {
    const judgement = judged({}, [...daily, ...underWay], '2026-11-23T12:20:00Z');
    const [found] = judgement.findings;
    expect(found?.kind).toBe('incomplete');
    expect(found && nextStep(found, judgement)).toBeUndefined();
  });

  it('is by the clock of the host, whatever that of the message', () => {
    const zone = { zone: 'America/New_York' };
    const late = fulls([19, 20, 21, 22, 23], '04:50', 0.6);
    expect(saidOf(judged(zone, late, '2026-11-23T14:00:00Z'))).toContain(
      '23:50 by the clock of America/New_York, and the window is 00:00 to 08:15. If',
    );
    const once = [...fulls([20, 21, 22], '12:00'), ...late.slice(-5)];
    expect(saidOf(judged(zone, once, '2026-11-23T14:00:00Z'))).toContain(
      'set "opens" in hosts.yml to before 23:50 by the clock of America/New_York',
    );
  });

  it('is none for a name of next year', () => {
    const ahead = fulls([23], '02:14').map((one) => ({
      ...one,
      name: one.name.replace('20261123', '20271123'),
    }));
    const said = saidOf(judged({}, [...fulls([22], '02:14'), ...ahead], '2026-11-23T09:00:00Z'));
    expect(said).toContain('it counts for neither day\n');
  });
});

describe('a host that backs up more often than it owes', () => {
  it('is well, and not out of its window', () => {
    const nightly = fulls([17, 18, 19, 20, 21, 22, 23], '00:05');
    const days = { days: '[tue, fri]' };
    expect(judged(days, nightly, '2026-11-23T09:00:00Z').verdict).toBe('ok');
  });
});

describe('a backup after the day of its window', () => {
  it('is not what was missed, and the message says so and asks for no other', () => {
    const byHand = fulls([8, 15, 23], '10:00');
    const judgement = judged({ days: '[sun]' }, byHand, '2026-11-23T12:00:00Z');
    expect(saidOf(judgement)).toContain(
      'no full backup came for Sun 22 Nov 08:15 (1 window). The one of Mon 23 Nov 10:00 is good, and counts for another day',
    );
    expect(judgement.findings.map((one) => nextStep(one, judgement))[0]).toBe(
      'rollcall ack web missing',
    );
  });

  it('leaves the windows counted that were missed before it', () => {
    const objects = [...fulls([17, 18], '02:14'), ...times('2026-11-24T00:10:00Z')];
    expect(judged({}, objects, '2026-11-24T00:30:00Z')).toMatchObject({
      verdict: 'missing',
      windowsMissed: 5,
    });
  });
});

describe('a host whose backups are all gone', () => {
  const when = at('2026-11-29T09:00:00Z');
  const full = fulls([14], '02:14');

  it('is missing for as long as delete markers show that there were some', () => {
    const history = aHistory(full).hide(
      full.map(({ name }) => name),
      '2026-11-21T00:00:00Z',
    );
    for (const { name } of full) history.forget(name);
    const judgement = judge(hostOf({ keep: '6' }), history.collected(), when);
    expect(judgement).toMatchObject({ verdict: 'missing', windowsMissed: 15 });
  });

  it('is missing for as long as the record knows of some', () => {
    const fingerprints = [aFingerprint({ startedAt: at('2026-11-14T02:14:00Z') })];
    const evidence = { fingerprints };
    const judgement = judge(hostOf({ keep: '6' }), collected(), when, evidence);
    expect(judgement).toMatchObject({ verdict: 'missing', windowsMissed: 15 });
    expect(saidOf(judgement)).toContain('no complete full backup is in the bucket (15 windows)');
    expect(judge(hostOf({}), collected(), when).verdict).toBe('never');
  });
});

describe('a host that removes its own old backups, and does not say so', () => {
  const hiding = (objects: readonly StoredObject[], isGone: (name: string) => boolean) => {
    const names = objects.map(({ name }) => name).filter(isGone);
    return aHistory(objects).hide(names, '2026-11-22T03:00:00Z').collected();
  };
  const settingOf = (fields: Fields, read: ReturnType<typeof hiding>) =>
    judge(hostOf(fields), read, at('2026-11-23T09:00:00Z')).findings[0];

  it.each([
    [3, 'prunes: true'],
    [2, 'prunes: { keep: 2 }'],
    [1, 'prunes: { keep: 1 }'],
  ])('and keeps %s fulls: the setting is named', (keep, setting) => {
    const nights = [18, 19, 20, 21, 22, 23];
    const gone = nights.slice(0, -keep).map((day) => `202611${day}T`);
    const read = hiding(fulls(nights, '02:14'), (name) => gone.some((one) => name.includes(one)));
    expect(settingOf({}, read)).toMatchObject({ kind: 'tampered', setting });
    const [, value = ''] = setting.split(/: (.*)/);
    expect(settingOf({ prunes: value }, read)).toBeUndefined();
  });

  it('is reported in a mail that can be read', () => {
    const nights = Array.from({ length: 14 }, (_, nth) => nth + 10);
    const read = hiding(fulls(nights, '02:14'), (name) => !name.includes('20261123'));
    const judgement = judge(hostOf({}), read, at('2026-11-23T09:00:00Z'));
    const said = saidOf(judgement);
    expect(said.split('finished,')).toHaveLength(4);
    expect(said).toContain(
      '10 more sets were changed, of Fri 13 Nov 02:14 to Sun 22 Nov 02:14: 50 files hidden by a delete marker',
    );
  });

  it('and keeps the incrementals of the last full alone', () => {
    const chains = [
      ...fulls([8, 15, 22], '02:14'),
      ...['09', '16', '23'].flatMap((day) =>
        anIncremental(
          `2026-11-${String(Number(day) - 1).padStart(2, '0')}T02:14:00Z`,
          `2026-11-${day}T02:14:00Z`,
        ),
      ),
    ];
    const read = hiding(chains, (name) => /\.to\.202611(?:09|16)T/.test(name));
    const chain = { chain: '{ fullEvery: 7d }' };
    expect(settingOf(chain, read)).toMatchObject({ setting: 'prunes: { keep: 1 }' });
    expect(settingOf({ ...chain, prunes: '{ keep: 1 }' }, read)).toBeUndefined();
  });
});

describe('another size of volumes', () => {
  const MiB = 1024 * 1024;
  it('does not make the number of volumes of the nights before a lost one', () => {
    const small = [20, 21, 22].flatMap((day) =>
      aFull({ begun: `2026-11-${day}T02:14:00Z`, volumes: 80, volumeBytes: 25 * MiB }),
    );
    const big = aFull({ begun: '2026-11-23T02:14:00Z', volumes: 10 }).map((one) =>
      one.name.includes('.vol10.') ? { ...one, bytes: 195 * MiB } : one,
    );
    const judgement = judged({}, [...small, ...big], '2026-11-23T09:00:00Z');
    expect(judgement.verdict).toBe('ok');
    expect(judgement.findings).toMatchObject([{ kind: 'maybe-truncated', severity: 'info' }]);
  });
});
