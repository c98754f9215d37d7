import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { ConfigError } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { runAlone } from './run-rollcall.ts';

const { stdout } = await runAlone(['schema'], {});
const isValid = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(JSON.parse(stdout));
const read = (text: string) =>
  parseConfig(text, 'hosts.yml', () => ({ fingerprints: ['0123456789ABCDEF'] }));

const EVERY_KEY = `bucket: acme-backups
existing: true
region: { new: eu-north-9 }
timezone: Europe/Amsterdam
window: { opens: "00:00", due: 08:15, hardDue: "12:15" }
keepDays: 30
keepLastGood: true
alerts:
  from: backups@example.net
  mail: [ops@example.net]
  sms: [+31600000000]
  https: [https://chat.example.net/hook]
  ops: [admin@example.net]
  heartbeat: https://hc.example.net/ping/abc
  weeklyTest: false
recipients: [0123456789012345, keys/web.pub.asc]
size: { min: 500, shrink: 50%, grow: 200% }
hosts:
  mail:
  web:
    target: s3://other-bucket/office/web/
    filePrefix: nas-
    timezone: Asia/Tokyo
    window: { due: "10:00" }
    recipients: []
    size: { min: 10GiB }
    paused: { until: 2026-12-01, because: disk swap }
    since: 2026-11-01
    userId: AIDAQ3EXAMPLEEXAMPLE
  db:
    filePrefix: { archive: a-, manifest: m-, signature: s- }
`;

/** The keys that the reader knows at a place, as its mistake about an unknown one lists them. */
function knownTo(text: string): string[] {
  try {
    read(text);
  } catch (error) {
    return (
      /known here: (.*)/.exec((error as ConfigError).issues.join('\n'))?.[1]?.split(', ') ?? []
    );
  }
  return [];
}

const UNKNOWN = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx';
const top = (line: string) => `${line}\nbucket: acme-backups\nhosts: { web: {} }\n`;
const inHost = (line: string) => `bucket: acme-backups\nhosts: { web: { ${line} } }\n`;
const PLACES: [string, (key: string) => string, string[]][] = [
  ['the top', (key) => top(`${key}: x`), []],
  ['window', (key) => top(`window: { ${key}: x }`), ['properties', 'window']],
  ['size', (key) => top(`size: { ${key}: x }`), ['properties', 'size']],
  ['alerts', (key) => top(`alerts: { ${key}: x }`), ['properties', 'alerts', 'anyOf', '1']],
  ['region', (key) => top(`region: { ${key}: x }`), ['properties', 'region', 'anyOf', '1']],
  ['a host', (key) => inHost(`${key}: x`), HOST()],
  ['paused', (key) => inHost(`paused: { ${key}: x }`), HOST('paused')],
  ['filePrefix', (key) => inHost(`filePrefix: { ${key}: x }`), HOST('filePrefix', 'anyOf', '1')],
  ["a host's window", (key) => inHost(`window: { ${key}: x }`), HOST('window')],
  ["a host's size", (key) => inHost(`size: { ${key}: x }`), HOST('size')],
];

function HOST(...more: string[]): string[] {
  const host = ['properties', 'hosts', 'additionalProperties'];
  return more.length === 0 ? host : [...host, 'properties', ...more];
}

describe('rollcall schema', () => {
  it('takes a config with every key, as the reader does', () => {
    expect(read(EVERY_KEY).hosts).toHaveLength(3);
    expect([isValid(parse(EVERY_KEY)), isValid.errors]).toEqual([true, null]);
  });

  it('takes the example, and alerts: none', () => {
    const example = readFileSync(new URL('../../hosts.example.yml', import.meta.url), 'utf8');
    expect([isValid(parse(example)), isValid.errors]).toEqual([true, null]);
    expect(isValid(parse(top('alerts: none')))).toBe(true);
  });

  it.each(PLACES)(
    'knows at %s the keys that the reader knows, and refuses others as it does',
    (...place) => {
      const [, write, path] = place;
      // biome-ignore lint/suspicious/noExplicitAny: a schema is any JSON.
      const at = path.reduce<any>((schema, step) => schema[step], JSON.parse(stdout));
      const known = knownTo(write(UNKNOWN));
      expect(known.length).toBeGreaterThan(0);
      expect(Object.keys(at.properties).sort()).toEqual([...known].sort());
      expect(() => read(write(UNKNOWN))).toThrow(`unknown key "${UNKNOWN}"`);
      expect(isValid(parse(write(UNKNOWN)))).toBe(false);
      expect(isValid.errors?.map(({ params }) => params.additionalProperty)).toContain(UNKNOWN);
    },
  );

  it.each([
    ['hosts: { web: {} }\n', 'no bucket'],
    ['bucket: acme-backups\n', 'no hosts'],
    [top('keepDays: 1'), 'keepDays'],
    [top('existing: perhaps'), 'existing'],
    [top('window: { due: noon }'), 'window.due'],
    [inHost('paused: { until: 2026-12-01 }'), 'because'],
  ])('refuses %j as the reader does', (text, problem) => {
    expect(() => read(text)).toThrow(problem);
    expect(isValid(parse(text))).toBe(false);
  });
});
