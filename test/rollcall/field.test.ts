// Listings built after public reports of people who back up with duplicity to S3, and what is right to say of each.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, describe, expect, it } from 'vitest';
import { fixturePath, readFixture } from '../support/recorded.ts';
import { runAlone } from './run-rollcall.ts';

const texts = v.union([v.string(), v.array(v.string())]);
const wanted = v.strictObject({
  verdict: v.optional(texts),
  has: v.optional(v.array(v.string())),
  hasNot: v.optional(v.array(v.string())),
  severity: v.optional(v.string()),
  says: v.optional(v.string()),
  saysNot: v.optional(v.string()),
});
const cases = v.parse(
  v.array(
    v.strictObject({
      name: v.string(),
      listing: v.string(),
      config: v.string(),
      at: v.string(),
      expect: v.record(v.string(), wanted),
      configError: v.optional(v.string()),
      note: v.optional(v.string()),
    }),
  ),
  JSON.parse(readFixture('field/cases.json')),
);

const page = readFileSync(new URL('../../docs/rhythms.md', import.meta.url), 'utf8');
const HEAD =
  'bucket: acme-backups\nregion: eu-west-1\ntimezone: UTC\nkeepDays: 40\nexisting: true\nalerts: none\nhosts:\n  ';
/** Of a saved listing: the line of hosts.yml, and what is said. */
const examples = page
  .split('<!-- ')
  .slice(1)
  .map((part) => {
    const [, listing = '', at = '', own = ''] = /^(\S+) (\S+) (.*?)-->/s.exec(part) ?? [];
    const block = (kind: string) =>
      new RegExp(`\`\`\`${kind}\\n(.*?)\`\`\``, 's').exec(part)?.[1]?.replace(/\s+/g, ' ').trim();
    return { listing, at, host: block('yaml') ?? own.trim(), says: block('text') ?? 'no text' };
  });

describe('the page of rhythms', () => {
  it.each(examples)(
    'shows what is said of $listing with "$host"',
    async ({ listing, at, host, says }) => {
      const dir = mkdtempSync(join(tmpdir(), 'rollcall-rhythms-'));
      try {
        const hostsFile = join(dir, 'hosts.yml');
        writeFileSync(hostsFile, `${HEAD}${host}\n`);
        const args = ['--hosts', hostsFile, '--listing', fixturePath(`field/${listing}`)];
        const { stdout } = await runAlone(['check', ...args, '--at', at], {});
        expect(stdout.replace(/\s+/g, ' ')).toContain(says);
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
  );

  it('has ten examples', () => expect(examples).toHaveLength(10));
});

describe('a case of the field', () => {
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-field-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  for (const { name, listing, config, at, expect: hosts, configError } of cases) {
    it(`is judged as it should: ${name}`, async () => {
      const hostsFile = join(dir, 'hosts.yml');
      writeFileSync(hostsFile, config);
      const args = ['--hosts', hostsFile, '--listing', fixturePath(`field/${listing}`)];
      const ran = await runAlone(['check', ...args, '--at', at, '--json'], {});
      if (configError !== undefined) {
        expect(ran.status).toBe(3);
        expect(ran.stderr).toContain(configError);
        return;
      }
      expect(ran).toMatchObject({ stderr: '' });
      const report = JSON.parse(ran.stdout);
      for (const [host, want] of Object.entries(hosts)) {
        const { verdict, findings } = report.hosts.find(
          (one: { host: string }) => one.host === host,
        );
        const kinds = findings.map((one: { kind: string }) => one.kind);
        if (want.verdict === 'not ok') expect(verdict).not.toBe('ok');
        else if (want.verdict !== undefined) expect(want.verdict, ran.stdout).toContain(verdict);
        for (const kind of want.has ?? []) expect(kinds).toContain(kind);
        for (const kind of want.hasNot ?? []) expect(kinds).not.toContain(kind);
        if (want.severity !== undefined) {
          expect(findings).toContainEqual(expect.objectContaining({ severity: want.severity }));
        }
        const said = JSON.stringify(findings);
        if (want.says !== undefined) expect(said).toMatch(new RegExp(want.says));
        if (want.saysNot !== undefined) expect(said).not.toContain(want.saysNot);
      }
    });
  }
});
