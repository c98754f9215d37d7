import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { recipientsOf } from '../../shared/config/recipients.ts';
import { aConfig } from '../support/builders.ts';

const issuesOf = (text: string): readonly string[] => {
  try {
    parseConfig(text, 'hosts.yml');
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
};

const FULL = `bucket: acme-backups
region: eu-west-1
timezone: Europe/Amsterdam
window: { opens: "00:00", due: "08:15", hardDue: "12:15" }
keepDays: 6
alerts:
  from: backups@example.net
  mail: [ops@example.net]
  sms: ["+31600000000"]
  heartbeat: https://hc.example/ping/abc
recipients: [0123456789012345]
hosts:
  mail: {}
  web:  { window: { due: "10:00" }, recipients: [89ABCDEF01234567] }
  nas:  { target: s3://other-bucket/office/nas/, filePrefix: nas-, size: { min: 10GiB, shrink: 50% } }
  lab:  { paused: { until: 2026-12-01, because: "disk swap" }, since: 2026-11-01 }
`;

describe('parseConfig', () => {
  it('takes a config of four lines', () => {
    const config = parseConfig(
      'bucket: acme-backups\nregion: eu-west-1\nhosts:\n  mail: {}\n',
      'hosts.yml',
    );
    expect(config.hosts).toMatchObject([
      {
        name: 'mail',
        target: { bucket: 'acme-backups', prefix: 'mail/' },
        timezone: 'UTC',
        window: { opens: '00:00', due: '08:15', graceMinutes: 240 },
      },
    ]);
  });

  it('reads every key of a full config', () => {
    const { hosts, alerts, ...config } = parseConfig(FULL, 'hosts.yml');
    expect(config).toMatchObject({ bucket: 'acme-backups', keepDays: 6, existing: false });
    expect(alerts).toEqual({
      ...aConfig([]).alerts,
      from: 'backups@example.net',
      sms: ['+31600000000'],
      heartbeat: 'https://hc.example/ping/abc',
      weeklyTest: true,
    });
    const [mail, web, nas, lab] = hosts;
    expect(mail?.recipients).toEqual(['0123456789012345']);
    expect(web).toMatchObject({
      window: { opens: '00:00', due: '10:00', graceMinutes: 240 },
      recipients: ['89ABCDEF01234567'],
    });
    expect(nas).toMatchObject({
      target: { bucket: 'other-bucket', prefix: 'office/nas/' },
      filePrefix: { archive: 'nas-', manifest: 'nas-', signature: 'nas-' },
      size: { minBytes: 10 * 1024 ** 3, shrink: 0.5, grow: 2 },
    });
    expect(lab).toMatchObject({
      paused: { until: '2026-12-01', because: 'disk swap' },
      since: '2026-11-01',
    });
  });

  it('separates those who watch the monitor from those who watch the hosts, where the config does', () => {
    const alerts = (lines: string) =>
      parseConfig(
        `bucket: abc\nalerts:\n  mail: [a@b.example]\n${lines}hosts: {a: {}}\n`,
        'hosts.yml',
      ).alerts;
    expect(alerts('  ops: [c@d.example, e@f.example]\n')).toMatchObject({
      mail: ['a@b.example'],
      ops: ['c@d.example', 'e@f.example'],
    });
    expect(alerts('  ops: []\n').ops).toEqual([]);
    expect(alerts('').ops).toEqual(['a@b.example']);
  });

  it('keeps the last good backup of the hosts of its own bucket, where it says so', () => {
    const { keepLastGood, hosts } = parseConfig(
      FULL.replace('keepDays: 6', 'keepDays: 6\nkeepLastGood: true'),
      'hosts.yml',
    );
    expect(keepLastGood).toBe(true);
    expect(hosts.map((host) => [host.name, host.keepLastGood])).toEqual([
      ['mail', true],
      ['web', true],
      ['nas', false],
      ['lab', true],
    ]);
    const silent = parseConfig(FULL, 'hosts.yml');
    expect([silent, ...silent.hosts].some((one) => one.keepLastGood)).toBe(false);
    expect(issuesOf(FULL.replace('keepDays: 6', 'keepLastGood: yes'))).toEqual([
      'hosts.yml:5: keepLastGood is "yes", but must be true or false',
    ]);
  });

  it('sends no weekly test with weeklyTest: false, and accepts no other word for it', () => {
    const alerts = (line: string) => FULL.replace('alerts:', `alerts:\n  ${line}`);
    expect(parseConfig(alerts('weeklyTest: false'), 'hosts.yml').alerts.weeklyTest).toBe(false);
    expect(issuesOf(alerts('weeklyTest: never'))).toEqual([
      'hosts.yml:7: alerts.weeklyTest is "never", but must be true or false',
    ]);
    expect(issuesOf(alerts('weeklytest: false'))).toEqual([
      'hosts.yml:7: unknown key "weeklytest", did you mean "weeklyTest"?',
    ]);
  });

  it.each([
    ['no alerts at all', '', 'hosts.yml:1: nobody is notified'],
    ['ops alone', 'alerts: { ops: [a@b.example] }\n', 'hosts.yml:2: nobody is notified'],
    ['a heartbeat alone', 'alerts: { heartbeat: "https://hc.example/x" }\n', 'hosts.yml:2: nobody'],
    ['empty lists', 'alerts: { mail: [], sms: [], https: [] }\n', 'hosts.yml:2: nobody'],
    ['a sender alone', 'alerts: { from: a@b.example }\n', 'hosts.yml:2: nobody is notified'],
  ])('refuses to be deployed with %s, and can be read all the same', (_, alerts, words) => {
    const text = `bucket: acme-backups\n${alerts}hosts: { web: {} }\n`;
    expect(recipientsOf(parseConfig(text, 'hosts.yml').alerts)).toBe('missing');
    const deploy = () => parseConfig(text, 'hosts.yml', undefined, 'deploy');
    expect(deploy).toThrow(words);
    expect(deploy).toThrow('or, to notify nobody: alerts: none');
  });

  it.each([
    ['mail', 'alerts: { mail: [a@b.example] }', 'some'],
    ['sms', 'alerts: { sms: ["+31600000000"] }', 'some'],
    ['https', 'alerts: { https: ["https://hook.example/x"] }', 'some'],
    ['none', 'alerts: none', 'none'],
  ])('can be deployed with alerts by %s', (_, alerts, recipients) => {
    const text = `bucket: acme-backups\n${alerts}\nhosts: { web: {} }\n`;
    const config = parseConfig(text, 'hosts.yml', undefined, 'deploy');
    expect(recipientsOf(config.alerts)).toBe(recipients);
  });

  it.each([
    ['eu-west-1', []],
    ['us-gov-west-1', []],
    ['ap-east-1', ['hosts.yml:5: alerts.sms: SNS sends no SMS from ap-east-1']],
    ['cn-north-1', ['hosts.yml:5: alerts.sms: SNS sends no SMS from cn-north-1']],
  ])('can be deployed to %s with SMS only where SNS sends them', (region, mistakes) => {
    const alerts = 'alerts:\n  mail: [a@b.example]\n  sms: ["+31600000000"]\n';
    const text = (more: string) =>
      `bucket: acme-backups\nregion: ${region}\n${more}hosts: { web: {} }\n`;
    const issues = (more: string) => {
      try {
        parseConfig(text(more), 'hosts.yml', undefined, 'deploy');
        return [];
      } catch (error) {
        return (error as ConfigError).issues;
      }
    };
    expect(issues(alerts)).toEqual(mistakes.map((one) => expect.stringContaining(one)));
    expect(issues(alerts.replace(/ {2}sms.*\n/, ''))).toEqual([]);
    expect(parseConfig(text(alerts), 'hosts.yml').region).toBe(region);
  });

  it.each(['nobody', '[none]', '{ none: true }'])('does not take alerts: %s for none', (word) => {
    const text = `bucket: acme-backups\nalerts: ${word}\nhosts: { web: {} }\n`;
    expect(issuesOf(text)).toEqual([expect.stringMatching(/^hosts\.yml:2: /)]);
  });

  it('reads 25,000 hosts in a moment, as every run does', () => {
    const hosts = Array.from({ length: 25_000 }, (_, number) => `  host-${number}: {}`);
    const text = `bucket: acme-backups\nhosts:\n${hosts.join('\n')}\n`;
    const start = process.cpuUsage();
    expect(parseConfig(text, 'hosts.yml').hosts.length).toBe(25_000);
    // It takes a quarter of a second; it took over 5 s when each name was compared with all before it.
    // Of the processor: a busy machine is no failure.
    expect(process.cpuUsage(start).user).toBeLessThan(4_000_000);
  });

  it('says of a second document that the config is one', () => {
    const two = 'bucket: acme-backups\n---\nhosts: { web: {} }\n';
    expect(issuesOf(two)).toEqual([
      'hosts.yml:2: another document begins here, and the config is one: take out this line "---"',
    ]);
  });

  it('reports every mistake at once, each with its line and what to write', () => {
    const wrong = FULL.replace('recipients: [89ABCDEF01234567]', 'recipents: [xyz]')
      .replace('keepDays: 6', 'keepDays: six')
      .replace('Europe/Amsterdam', 'Europe/Amsterdm')
      .replace('due: "10:00"', 'due: "25:00"')
      .replace('ops@example.net', 'ops')
      .replace('until: 2026-12-01', 'until: 2026-02-31');
    expect(issuesOf(wrong)).toEqual([
      'hosts.yml:3: timezone is "Europe/Amsterdm", but must be an IANA time zone like Europe/Amsterdam',
      'hosts.yml:5: keepDays is "six", but must be a whole number of days from 2',
      'hosts.yml:8: alerts.mail is "ops", but must be an e-mail address',
      'hosts.yml:14: unknown key "recipents", did you mean "recipients"?',
      'hosts.yml:14: hosts.web.window.due is "25:00", but must be a time from "00:00" to "23:59"',
      'hosts.yml:16: hosts.lab.paused.until is "2026-02-31", but must be a date like 2026-12-01',
    ]);
  });

  it.each([
    ['an empty file', '', /no bucket/],
    ['no hosts', 'bucket: abc\nhosts: {}\n', /:2: no hosts: an empty config would check nothing/],
    ['no hosts key', 'bucket: abc\n', /no hosts/],
    ['a host twice', 'bucket: abc\nhosts:\n  a: {}\n  a: {}\n', /:4: the same key is there twice/],
    [
      'a key of a host twice',
      'bucket: abc\nhosts:\n  a: { since: 2026-11-01,\n    since: 2026-11-02 }\n',
      /:4: the same key is there twice/,
    ],
    ['a broken line', 'bucket: abc\nhosts: {a: {}\n', /hosts\.yml:\d+: /],
    [
      'the same target twice',
      'bucket: abc\nhosts:\n  a: {}\n  b: { target: s3://abc/a }\n',
      /:4: b and a cannot be told apart/,
    ],
    [
      'opens = due',
      'bucket: abc\nwindow: { opens: "08:15" }\nhosts: { a: {} }\n',
      /:2: window: opens and due are both 08:15/,
    ],
    [
      'a pause without end',
      'bucket: abc\nhosts: { a: { paused: { because: x } } }\n',
      /needs "until/,
    ],
    [
      'a pause without reason',
      'bucket: abc\nhosts: { a: { paused: { until: 2026-12-01 } } }\n',
      /because/,
    ],
    [
      'a name with a slash at its end',
      'bucket: abc\nhosts: { "a/": {} }\n',
      /cannot be a host's name/,
    ],
    [
      'a name with a line break',
      'bucket: abc\nhosts: { "a\\nb": {} }\n',
      /cannot be a host's name/,
    ],
    ['a list for a config', '- a\n- b\n', /must be a list of "key: value" lines/],
    [
      'a bad target',
      'bucket: abc\nhosts: { a: { target: /mnt } }\n',
      /must be s3:\/\/BUCKET\/PREFIX\//,
    ],
  ])('refuses %s', (_, text, problem) => {
    expect(issuesOf(text).join('\n')).toMatch(problem);
  });

  it('refuses names that IAM takes for one, where both have a user, and names both lines', () => {
    const config = (...hosts: string[]) => `bucket: abc\nhosts:\n  ${hosts.join('\n  ')}\n`;
    expect(issuesOf(config('web: {}', 'db: {}', 'Web: {}', 'WEB: {}'))).toEqual([
      'hosts.yml:5: Web and web (line 3) are one name for IAM, which does not tell capitals from small letters; give one of them another name',
      'hosts.yml:6: WEB and web (line 3) are one name for IAM, which does not tell capitals from small letters; give one of them another name',
    ]);
    expect(issuesOf(config('web: {}', 'Web: { target: s3://other/web/ }'))).toEqual([]);
    expect(issuesOf(config('de/web: {}', 'de/Web: {}'))).toEqual([]);
  });

  it('says of a host that is there twice just that: a target of its own would not help', () => {
    expect(issuesOf('bucket: acme-backups\nhosts:\n  web: {}\n  web: {}\n')).toEqual([
      'hosts.yml:4: the same key is there twice',
    ]);
  });

  it('does not say of two hosts without a name that they cannot be told apart', () => {
    const issues = issuesOf('bucket: acme-backups\nhosts:\n  "":\n  "":\n');
    expect(issues.map((issue) => issue.slice(0, 40))).toEqual([
      expect.stringMatching(/^hosts\.yml:3: "" cannot/),
      expect.stringMatching(/^hosts\.yml:4: the same key/),
      expect.stringMatching(/^hosts\.yml:4: "" cannot/),
    ]);
  });

  it('throws only ConfigError, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        issuesOf(text);
        issuesOf(`bucket: abc\nhosts:\n  ${text}`);
      }),
    );
  });
});

describe('a mistake that is in many lines', () => {
  const refused = (lines: readonly string[]) => {
    try {
      parseConfig(`bucket: acme\nhosts:\n${lines.join('\n')}\n`, 'hosts.yml');
    } catch (error) {
      if (error instanceof ConfigError) return error;
    }
    throw new Error('it was taken');
  };
  const hosts = (many: number, entry: (number: number) => string) =>
    Array.from({ length: many }, (_, number) => `  host-${number}.example: ${entry(number)}`);

  it('is reported once, with the lines that have it, however many hosts there are', () => {
    const { message, issues } = refused(hosts(1000, () => '{ recipents: [x], timezone: Mars/X }'));
    expect(issues).toHaveLength(2000);
    const lines = message.split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toBe(
      'hosts.yml:3: unknown key "recipents", did you mean "recipients"? (the same mistake is on 999 more lines: ' +
        '4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23 and 979 more)',
    );
    expect(lines[1]).toMatch(
      /^hosts\.yml:3: hosts\.host-0\.example\.timezone is "Mars\/X".*999 more/,
    );
  });

  it('is reported for each where there are three', () => {
    const { message } = refused(hosts(3, () => '{ recipents: [x] }'));
    expect(message.split('\n')).toHaveLength(3);
  });

  it('is reported a hundred kinds, and how many more there are', () => {
    const { message } = refused(hosts(400, (number) => `{ typo${number}: [x] }`));
    const lines = message.split('\n');
    expect(lines).toHaveLength(101);
    expect(lines.at(-1)).toBe('and 300 more mistakes: correct these first');
  });
});
