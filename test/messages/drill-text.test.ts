import { describe, expect, it } from 'vitest';
import { composeDrills, isWarned } from '../../shared/messages/compose-digest.ts';
import { renderText } from '../../shared/messages/render-text.ts';
import type { Drills } from '../../shared/messages/report.ts';
import { judge } from '../../shared/rules/judge.ts';
import { aDigest, aFull, aHost, at, collected } from '../support/builders.ts';

const now = at('2026-11-23T08:15:00Z');
const lines = (names: readonly string[], drills: Drills | undefined) => {
  const judgements = names.map((name) => judge(aHost({ name }), collected(), now));
  const blocks = composeDrills(aDigest(now, judgements, { drills }));
  return blocks.length === 0 ? '' : renderText({ blocks });
};
const provenAt = (day: string) => ({ provenAt: at(`2026-${day}T10:00:00Z`) });

describe('composeDrills', () => {
  it("shows the age of each host's proof, who never had one, and what to run", () => {
    const drills = new Map([
      ['web', provenAt('11-20')],
      ['db', provenAt('09-22')],
    ]);
    expect(lines(['web', 'db', 'nas'], drills)).toBe(
      [
        'RESTORES    last proven: db 61 days ago (Tue 22 Sep), web 2 days ago',
        '            (Fri 20 Nov); never proven: nas.',
        '            Next:    restore-drill nas',
        '',
      ].join('\n'),
    );
  });

  it('names a host with slashes as the kit does in the command', () => {
    expect(lines(['office/nas'], new Map())).toMatch(/office\/nas\.\n.*restore-drill office_nas\n/);
  });

  it('reports a drill that failed since the last proof', () => {
    const failed = { ...provenAt('11-20'), failedAt: at('2026-11-21T10:00:00Z') };
    const repaired = { ...provenAt('11-20'), failedAt: at('2026-11-19T10:00:00Z') };
    const drills = new Map([
      ['web', failed],
      ['db', repaired],
    ]);
    expect(lines(['db', 'web'], drills)).toContain('The last drill FAILED of web.');
    expect(lines(['db', 'web'], drills)).toContain('Next:    restore-drill web');
  });

  it('warns of those whose proof is older than the config allows, or who have none', () => {
    const judgements = ['web', 'db', 'nas'].map((name) =>
      judge(aHost({ name }), collected(...aFull({ begun: '2026-11-23T03:15:00Z' })), now),
    );
    const drills = new Map([
      ['web', provenAt('11-20')],
      ['db', provenAt('08-22')],
    ]);
    const digest = { ...aDigest(now, judgements, { drills }), restoreProofDays: 90 };
    const text = renderText({ blocks: composeDrills(digest) }).replace(/\s+/g, ' ');
    expect(text).toContain('WARNING: not proven for over 90 days: db, nas.');
    expect(isWarned(digest)).toBe(true);
    expect(isWarned({ ...digest, restoreProofDays: 3660, drills: new Map() })).toBe(true);
    const allProven = new Map(['web', 'db', 'nas'].map((name) => [name, provenAt('11-20')]));
    expect(isWarned({ ...digest, drills: allProven })).toBe(false);
    expect(isWarned({ ...digest, drills: undefined })).toBe(false);
  });

  it('names a few of many hosts', () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `host-${index}`);
    expect(lines(names, new Map()).replace(/\s+/g, ' ')).toContain('host-4 and 9995 more.');
    expect(lines(names, new Map()).length).toBeLessThan(250);
  });

  it('is empty where the receipts were not read', () => {
    expect(lines(['web'], undefined)).toBe('');
  });
});
