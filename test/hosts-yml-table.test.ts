import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ConfigError } from '../shared/config/config.ts';
import { parseConfig } from '../shared/config/parse-config.ts';

const page = readFileSync(new URL('../docs/setup.md', import.meta.url), 'utf8');
const section = page.split(/^### /m).find((one) => one.startsWith('Every key of hosts.yml')) ?? '';
const rows = [...section.matchAll(/^\| `([\w.]+)` \| (.+?) \| (.+?) \| `(.+?)` \|$/gm)].map(
  ([, key = '', , without = '', example = '']) => ({ key, without, example }),
);

const minimal = 'bucket: acme-backups\nhosts:\n  web: {}\n';
const inHost = (line: string) =>
  `bucket: acme-backups\nexisting: true\nkeepDays: 40\nhosts:\n  web:\n    ${line}\n`;
const parse = (text: string) =>
  parseConfig(text, 'hosts.yml', () => ({ fingerprints: ['0123456789ABCDEF'] }));

/** The keys that are known at a place, as the mistake about an unknown one lists them. */
function knownAt(configText: string): string[] {
  try {
    parse(configText);
  } catch (error) {
    const list = /known here: (.*)/.exec((error as ConfigError).issues.join('\n'))?.[1];
    return list?.split(', ') ?? [];
  }
  return [];
}

describe('the table of every key of hosts.yml', () => {
  const unknown = 'xxxxxxxxxxxxxxxxxxxx: 1';
  const places: [string, string][] = [
    ['', `${unknown}\n${minimal}`],
    ['window.', `window: { ${unknown} }\n${minimal}`],
    ['alerts.', `alerts: { ${unknown} }\n${minimal}`],
    ['smtp.', `smtp: { host: mail.example.net, ${unknown} }\n${minimal}`],
    ['size.', `size: { ${unknown} }\n${minimal}`],
    ['hosts.NAME.', inHost(unknown)],
    ['hosts.NAME.paused.', inHost(`paused: { ${unknown} }`)],
  ];

  it.each(places)('has each key that is known at "%s", and no other', (place, configText) => {
    const nested = new Set(places.map(([one]) => one.slice(0, -1)));
    const known = knownAt(configText)
      .map((key) => `${place}${key}`)
      .filter((key) => !nested.has(key) && key !== 'hosts')
      .sort();
    const pattern = new RegExp(`^${place.replaceAll('.', '\\.')}[A-Za-z]+$`);
    const listed = rows.map(({ key }) => key).filter((key) => pattern.test(key));
    expect(known.length).toBeGreaterThan(1);
    expect(listed.sort()).toEqual(known);
  });

  it.each(rows)('has an example of $key that can be read', ({ key, example }) => {
    const words = key.split('.');
    expect(example).toContain(words.at(-1));
    const text = key.startsWith('hosts.')
      ? inHost(example)
      : `${example}\n${example.startsWith('bucket:') ? 'hosts: { web: {} }' : minimal}`;
    expect(() => parse(text)).not.toThrow();
  });

  it('says what holds without a key', () => {
    const { hosts, window, alerts, ...config } = parse(minimal);
    const size = hosts[0]?.size;
    const without = Object.fromEntries(rows.map((row) => [row.key, row.without]));
    expect(without).toMatchObject({
      timezone: `\`${config.timezone}\``,
      region: `\`${config.region}\``,
      keepDays: `\`${config.keepDays}\``,
      keepLastGood: `\`${config.keepLastGood}\``,
      existing: `\`${config.existing}\``,
      'window.opens': `\`"${window.opens}"\``,
      'window.due': `\`"${window.due}"\``,
      'window.grace': `\`${window.graceMinutes / 60}h\``,
      'alerts.weeklyTest': `\`${alerts.weeklyTest}\``,
      'size.min': `\`${size?.minBytes}\``,
      'size.shrink': `\`${(size?.shrink ?? 0) * 100}%\``,
      'size.grow': `\`${(size?.grow ?? 0) * 100}%\``,
    });
  });
});
