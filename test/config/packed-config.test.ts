import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatPackedConfig, parsePackedConfig } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';

const EVERYTHING = `bucket: acme-backups
existing: true
region: { new: eu-west-9 }
timezone: Europe/Amsterdam
window: { opens: "22:00", due: "07:00" }
keepDays: 40
keepLastGood: true
recipients: [0123456789ABCDEF, keys/web.asc]
size: { min: 10MiB, shrink: 40%, grow: 300% }
alerts:
  from: backups@example.net
  mail: [ops@example.net]
  sms: ["+31600000000"]
  https: [https://chat.example/SECRET]
  ops: [boss@example.net]
  heartbeat: https://heartbeat.example/x
  weeklyTest: false
hosts:
  web: {}
  db:
    target: s3://other-backups/db/
    filePrefix: x-
    timezone: Asia/Kolkata
    paused: { until: 2026-12-01, because: moved }
    since: 2026-11-24
    userId: AIDAIOSFODNN7EXAMPLE
`;
const example = readFileSync(new URL('../../hosts.example.yml', import.meta.url), 'utf8');
const keyFile = () => ({ fingerprints: ['A'.repeat(40)] });

describe('parsePackedConfig', () => {
  it.each([
    ['every key', EVERYTHING],
    ['what hosts.example.yml says', example],
    ['no more than it must have', 'bucket: acme-backups\nhosts: { web: {} }\n'],
    ['nobody to notify', 'bucket: acme-backups\nalerts: none\nhosts: { web: {} }\n'],
  ])('is the inverse of formatPackedConfig for a config with %s', (_, text) => {
    const config = parseConfig(text, 'hosts.yml', keyFile);
    expect(parsePackedConfig(formatPackedConfig(config))).toStrictEqual(config);
  });

  it('is undefined for a text that is cut or of another version', () => {
    const text = formatPackedConfig(parseConfig(EVERYTHING, 'hosts.yml', keyFile)).trimEnd();
    for (let end = 0; end < text.length; end += 7) {
      expect(parsePackedConfig(text.slice(0, end))).toBeUndefined();
    }
    for (const other of [
      text.replace('"version":1', '"version":2'),
      text.replace('"hosts":', '"host":'),
      'bucket: acme-backups\nhosts: { web: {} }\n',
      'null',
      '[]',
    ]) {
      expect(parsePackedConfig(other)).toBeUndefined();
    }
  });
});
