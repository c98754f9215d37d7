import { describe, expect, it } from 'vitest';
import { type Config, ConfigError } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';

const BASE = { bucket: 'acme-backups', hosts: '{ web: {} }' };

/** A config with one key more, or other than usual. */
function read(key: string, value: string): Config {
  const lines = Object.entries({ ...BASE, [key]: value }).map(
    ([name, text]) => `${name}: ${text}\n`,
  );
  return parseConfig(lines.join(''), 'hosts.yml');
}

const web = (config: Config) => config.hosts[0];

describe('a value of the config', () => {
  it.each<[string, string, (config: Config) => unknown, unknown]>([
    ['bucket', 'abc', ({ bucket }) => bucket, 'abc'],
    ['bucket', 'my.backups-2026', ({ bucket }) => bucket, 'my.backups-2026'],
    ['bucket', `a${'b'.repeat(61)}c`, ({ bucket }) => bucket, `a${'b'.repeat(61)}c`],
    ['timezone', 'Europe/Amsterdam', ({ region }) => region, 'us-east-1'],
    ['region', 'eu-west-1', ({ region }) => region, 'eu-west-1'],
    ['region', 'us-gov-west-1', ({ region }) => region, 'us-gov-west-1'],
    ['region', 'eusc-de-east-1', ({ region }) => region, 'eusc-de-east-1'],
    ['region', '{ new: eu-west-9 }', ({ region }) => region, 'eu-west-9'],
    ['region', '{ new: eu-west-1 }', ({ region }) => region, 'eu-west-1'],
    ['existing', 'true', ({ existing }) => existing, true],
    ['keepDays', '2', ({ keepDays }) => keepDays, 2],
    ['keepDays', '365', (config) => web(config)?.keepDays, 365],
    ['timezone', 'Asia/Kolkata', (config) => web(config)?.timezone, 'Asia/Kolkata'],
    ['window', '{ due: "10:07" }', (config) => web(config)?.window.graceMinutes, 240],
    ['window', '{ hardDue: "09:00" }', (config) => web(config)?.window.graceMinutes, 45],
    [
      'recipients',
      '["0x0123456789abcdef"]',
      (config) => web(config)?.recipients,
      ['0123456789ABCDEF'],
    ],
    [
      'recipients',
      '["0123 4567 89ab cdef 0123 4567 89ab cdef 0123 4567"]',
      (config) => web(config)?.recipients,
      ['0123456789ABCDEF0123456789ABCDEF01234567'],
    ],
    [
      'recipients',
      `["${'0F'.repeat(32)}"]`,
      (config) => web(config)?.recipients,
      ['0F'.repeat(32)],
    ],
    ['alerts', '{ sms: ["+31600000000", "+1234567"] }', ({ alerts }) => alerts.sms.length, 2],
    [
      'alerts',
      '{ mail: [a.b+c@mail.example.net] }',
      ({ alerts }) => alerts.mail,
      ['a.b+c@mail.example.net'],
    ],
    [
      'alerts',
      '{ https: ["https://hook.example/x?y=1"] }',
      ({ alerts }) => alerts.webhooks,
      [{ url: 'https://hook.example/x?y=1', format: 'json' }],
    ],
    ['size', '{ min: 500 }', (config) => web(config)?.size.minBytes, 500],
    ['size', '{ min: 500B }', (config) => web(config)?.size.minBytes, 500],
    ['size', '{ min: 2kB }', (config) => web(config)?.size.minBytes, 2000],
    ['size', '{ min: 2.25 KiB }', (config) => web(config)?.size.minBytes, 2304],
    ['size', '{ min: 3MB }', (config) => web(config)?.size.minBytes, 3_000_000],
    ['size', '{ min: 10GiB }', (config) => web(config)?.size.minBytes, 10 * 1024 ** 3],
    ['size', '{ min: 1TiB }', (config) => web(config)?.size.minBytes, 1024 ** 4],
    ['size', '{ shrink: 12.25% }', (config) => web(config)?.size.shrink, 0.1225],
    ['size', '{ shrink: 0% }', (config) => web(config)?.size, { minBytes: 0, shrink: 0, grow: 2 }],
    [
      'size',
      '{ grow: 300% }',
      (config) => web(config)?.size,
      { minBytes: 0, shrink: 0.5, grow: 3 },
    ],
    [
      'hosts',
      '{ web: { target: s3://other } }',
      (config) => web(config)?.target,
      { bucket: 'other', prefix: '' },
    ],
    ['hosts', '{ web: { target: s3://other/ } }', (config) => web(config)?.target.prefix, ''],
    [
      'hosts',
      '{ web: { target: s3://other/a/b// } }',
      (config) => web(config)?.target.prefix,
      'a/b/',
    ],
    ['hosts', `{ ${'w'.repeat(64)}: {} }`, (config) => web(config)?.name.length, 64],
    [
      'hosts',
      '{ web: { userId: AIDAIOSFODNN7EXAMPLE } }',
      (config) => web(config)?.userId,
      'AIDAIOSFODNN7EXAMPLE',
    ],
    ['hosts', '{ web: {} }', (config) => web(config)?.userId, undefined],
    ['hosts', '{ web: }', (config) => web(config)?.name, 'web'],
    [
      'hosts',
      '{ web: { filePrefix: { archive: a-, manifest: m- } } }',
      (config) => web(config)?.filePrefix,
      { archive: 'a-', manifest: 'm-', signature: '' },
    ],
    [
      'hosts',
      '{ web: { paused: { until: 2028-02-29, because: disks } } }',
      (config) => web(config)?.paused,
      { until: '2028-02-29', because: 'disks' },
    ],
  ])('%s: %s is taken', (key, value, of, expected) => {
    expect(of(read(key, value))).toEqual(expected);
  });

  it.each([
    ['bucket', 'ab', 'its name must have 3 to 63 characters'],
    ['bucket', 'Acme', 'its name must be of a-z'],
    ['bucket', '-acme', 'its name must begin and end with'],
    ['bucket', 'acme-', 'its name must begin and end with'],
    ['bucket', 'acme/x', 'its name must be of a-z'],
    ['region', 'xeu-west-1', 'AWS had no such region'],
    ['region', 'eu-west-1a', 'an AWS region'],
    ['region', 'eu-1', 'an AWS region'],
    ['existing', 'yes', 'true or false'],
    ['keepDays', '1', 'a whole number of days from 2'],
    ['keepDays', '6.5', 'a whole number of days from 2'],
    ['keepDays', '-6', 'a whole number of days from 2'],
    ['keepDays', '100000', 'a whole number of days from 2'],
    ['timezone', 'Amsterdam', 'an IANA time zone'],
    ['window', '{ due: "24:00" }', 'a time from "00:00" to "23:59"'],
    ['window', '{ due: "x10:00" }', 'a time from "00:00" to "23:59"'],
    ['window', '{ due: "10:000" }', 'a time from "00:00" to "23:59"'],
    ['window', '{ opens: "08:15" }', 'the window has no length'],
    ['recipients', '["0123456789abcde"]', 'an OpenPGP key id'],
    ['recipients', '["0123456789abcdef0"]', 'an OpenPGP key id'],
    ['recipients', '["g123456789abcdef"]', 'an OpenPGP key id'],
    ['recipients', '["000x0123456789ab"]', 'an OpenPGP key id'],
    ['alerts', '{ mail: ["a@b@example.net"] }', 'an e-mail address'],
    ['alerts', '{ mail: ["a@example.net, b@example.net"] }', 'an e-mail address'],
    ['alerts', '{ mail: ["a@localhost"] }', 'an e-mail address'],
    ['alerts', '{ sms: ["0031600000000"] }', 'a telephone number'],
    ['alerts', '{ sms: ["tel:+31600000000"] }', 'a telephone number'],
    ['alerts', '{ sms: ["+31600000000x"] }', 'a telephone number'],
    ['alerts', '{ heartbeat: "http://hc.example/x" }', 'an https:// address'],
    ['alerts', '{ heartbeat: "x https://hc.example/x" }', 'an https:// address'],
    ['alerts', '{ heartbeat: "https://hc.example/x y" }', 'an https:// address'],
    ['alerts', '{ heartbeat: "https://" }', 'an https:// address'],
    ['alerts', '{ https: ["http://hook.example/x"] }', 'alerts.https must be an https:// address'],
    ['alerts', '{ https: ["https://me:pass@hook.example/"] }', 'without a user or password'],
    ['alerts', '{ https: ["https://me@hook.example/"] }', 'without a user or password'],
    ['size', '{ min: 10 GiBs }', 'a size like 500MiB'],
    ['size', '{ min: -10GiB }', 'a size like 500MiB'],
    ['size', '{ min: 1.xGiB }', 'a size like 500MiB'],
    ['size', `{ min: ${'9'.repeat(310)}B }`, 'a size like 500MiB'],
    ['size', `{ grow: ${'9'.repeat(320)}% }`, 'a share over 100%'],
    ['size', '{ shrink: 50 }', 'a share under 100%'],
    ['size', '{ shrink: 100% }', 'a share under 100%'],
    ['size', '{ shrink: -50% }', 'a share under 100%'],
    ['size', '{ grow: 100% }', 'a share over 100%'],
    ['size', '{ grow: 200%x }', 'a share over 100%'],
    ['hosts', '{ web: { target: xs3://other/a/ } }', 's3://BUCKET/PREFIX/'],
    ['hosts', '{ web: { target: s3://o } }', 'the name of the bucket "o" must have 3 to 63'],
    ['hosts', '{ web: { target: s3:///web/ } }', 's3://BUCKET/PREFIX/'],
    ['hosts', '{ web: { target: "s3://other x" } }', 's3://BUCKET/PREFIX/'],
    ['hosts', '{ web: { filePrefix: /a } }', 'what --file-prefix got'],
    ['hosts', '{ web: { filePrefix: a//b } }', 'what --file-prefix got'],
    ['hosts', '{ web: { since: 2026-02-30 } }', 'a date like 2026-12-01'],
    ['hosts', '{ web: { since: 2026-02-28x } }', 'a date like 2026-12-01'],
    ['hosts', '{ web: { since: 12026-02-28 } }', 'a date like 2026-12-01'],
    ['hosts', '{ web: { paused: { because: disks } } }', 'a pause always ends'],
    ['hosts', '{ web: { paused: { until: 2026-12-01 } } }', 'needs "because: REASON"'],
    [
      'hosts',
      '{ web: { paused: { until: 2026-12-01, because: "  " } } }',
      'needs "because: REASON"',
    ],
    ['hosts', `{ ${'w'.repeat(65)}: {} }`, "cannot be a host's name"],
    ['hosts', '{ "web web": {} }', "cannot be a host's name"],
    ...[
      'AIDAEXAMPLE',
      'AROAIOSFODNN7EXAMPLE',
      'aidaiosfodnn7example',
      "AIDAIOSFODNN7EXAMPLE'",
      `AIDA${'A'.repeat(125)}`,
    ].map((id): [string, string, string] => [
      'hosts',
      `{ web: { userId: ${id} } }`,
      'must be the UserId of an IAM user',
    ]),
    ['hosts', '{ web/: {} }', "cannot be a host's name"],
    ['hosts', '[web]', 'hosts must be a list of "key: value" lines'],
    ['hosts', '{ web: 3 }', 'hosts.web must be a list of "key: value" lines'],
    ['bucket', '[acme-backups]', 'bucket must be a single value'],
    ['alerts', '{ mail: ops@example.net }', 'alerts.mail must be a list: [one, two]'],
    ['hosts', '{ web: {}, web: {} }', 'the same key is there twice'],
    ['colour', 'red', 'unknown key "colour"; known here: bucket, existing, '],
    ['bukcet', 'acme', 'unknown key "bukcet", did you mean "bucket"?'],
  ])('%s: %s is refused, and what it must be is said', (key, value, rule) => {
    const attempt = () => read(key, value);
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(rule);
  });

  it.each([
    '{ https: ["http://hook.example/SECRET"] }',
    '{ https: ["https://me:SECRET@hook.example/"] }',
    '{ heartbeat: "hc.example/SECRET" }',
  ])('does not show what is a secret in alerts: %s', (value) => {
    expect(() => read('alerts', value)).not.toThrow(/SECRET/);
    expect(() => read('alerts', value)).toThrow(ConfigError);
  });
});
