import { describe, expect, it } from 'vitest';
import { composeBoardMetrics, composeOpenMetrics } from '../../shared/messages/openmetrics.ts';
import { reportOf } from '../../shared/monitor/unknown-prefixes.ts';
import { at } from '../support/builders.ts';

const now = at('2026-11-23T08:15:00Z');
const good = { startedAt: '2026-11-23T03:15:00Z', bytes: 5_000_000, volumes: 31 };
const host = (override: object) => ({
  ...{ host: 'web', target: 's3://backups/web/', verdict: 'ok' as const, findings: [] },
  ...{ answer: null, lastGood: null, sets: [], windowsMissed: 0, changes: [], ...override },
});
const finding = (kind: string, severity: string) => ({
  kind,
  severity,
  message: 'm',
  subjects: [],
});
const compose = (hosts: readonly object[], prefixes: string[] = [], bucket = 'backups') =>
  composeOpenMetrics(
    reportOf(bucket, hosts as never, { prefixes, foreignObjects: 0 }, now),
    new Map([['web', { provenAt: at('2026-11-20T08:15:00Z') }]]),
  );
const samples = (text: string, name: string) =>
  text.split('\n').filter((line) => line.startsWith(`${name}{`));

describe('composeOpenMetrics', () => {
  it('has the age, size, expiry and proof of each host, and when it was checked', () => {
    const text = compose([host({ lastGood: good, expiresAt: '2026-11-30T00:00:00Z' })]);
    expect(text.split('\n').filter((line) => /^[^#]/.test(line))).toEqual([
      'rollcall_backup_ok{bucket="backups",host="web"} 1',
      'rollcall_backup_age_seconds{bucket="backups",host="web"} 18000',
      'rollcall_backup_bytes{bucket="backups",host="web"} 5000000',
      'rollcall_backup_volumes{bucket="backups",host="web"} 31',
      'rollcall_backup_expires_seconds{bucket="backups",host="web"} 575100',
      'rollcall_restore_proven_age_seconds{bucket="backups",host="web"} 259200',
      'rollcall_unknown_prefixes{bucket="backups"} 0',
      'rollcall_check_timestamp_seconds{bucket="backups"} 1795421700',
    ]);
    expect(text.endsWith('# EOF\n')).toBe(true);
  });

  it('has no sample for what is not known, and is 0 where something is wrong', () => {
    const missing = finding('missing', 'critical');
    const paused = finding('paused', 'info');
    const text = compose([
      host({ host: 'db', verdict: 'missing', findings: [missing] }),
      host({ host: 'lab', verdict: 'paused', findings: [paused] }),
      host({ host: 'nas', verdict: 'unreadable', findings: [finding('unreadable', 'critical')] }),
    ]);
    expect(samples(text, 'rollcall_backup_ok')).toEqual([
      'rollcall_backup_ok{bucket="backups",host="db"} 0',
      'rollcall_backup_ok{bucket="backups",host="nas"} 0',
    ]);
    expect(text).not.toContain('rollcall_backup_age_seconds');
  });

  it('names each kind of finding once, at its worst', () => {
    const text = compose([
      host({
        verdict: 'tampered',
        findings: [
          finding('shrunk', 'warning'),
          finding('tampered', 'warning'),
          finding('tampered', 'critical'),
          { ...finding('tampered', 'info'), untold: 'denied' },
        ],
      }),
    ]);
    expect(samples(text, 'rollcall_problem')).toEqual([
      'rollcall_problem{bucket="backups",host="web",kind="shrunk",severity="warning"} 1',
      'rollcall_problem{bucket="backups",host="web",kind="tampered",severity="critical"} 1',
    ]);
  });

  it('counts prefixes that nobody owns, and puts none of their names into a label', () => {
    const text = compose([host({})], ['evil"} 1\nup 0']);
    expect(text).toContain('rollcall_unknown_prefixes{bucket="backups"} 1');
    expect(text).not.toContain('evil');
  });

  it('escapes a name, whatever is in it', () => {
    const text = compose([host({ host: 'a"b\\c\nd\u0007\ud800' })]);
    expect(samples(text, 'rollcall_backup_ok')).toEqual([
      'rollcall_backup_ok{bucket="backups",host="a\\"b\\\\c\\nd\ufffd\ufffd"} 1',
    ]);
  });
});

describe('composeBoardMetrics', () => {
  it('has the same of the rows of the board', () => {
    const row = {
      ...{
        place: 'backups/web/',
        host: 'web',
        judgedAt: now,
        date: '2026-11-23',
        tone: 'good' as const,
      },
      ...{ verdict: 'ok', missed: 0, findings: [], more: 0, doneAt: now, bytes: 5, volumes: 31 },
      ...{ lastGood: undefined, lastGoodAt: at('2026-11-23T03:15:00Z'), expiresAt: undefined },
      ...{ nextDueAt: undefined, provenAt: undefined, nights: [] },
      sets: [{ startedAt: at('2026-11-23T03:15:00Z'), good: true, bytes: 5_000_000, type: 'full' }],
    };
    const bad = {
      ...{
        ...row,
        host: 'db',
        verdict: 'missing',
        bytes: undefined,
        volumes: undefined,
        sets: [],
        lastGoodAt: undefined,
      },
      findings: [{ kind: 'missing', severity: 'critical' as const, says: 's', step: undefined }],
    };
    const text = composeBoardMetrics({ rows: [row, bad], notes: [] }, 'backups', now);
    expect(text.split('\n').filter((line) => /^[^#]/.test(line))).toEqual([
      'rollcall_backup_ok{bucket="backups",host="web"} 1',
      'rollcall_backup_ok{bucket="backups",host="db"} 0',
      'rollcall_backup_age_seconds{bucket="backups",host="web"} 18000',
      'rollcall_backup_bytes{bucket="backups",host="web"} 5000000',
      'rollcall_backup_volumes{bucket="backups",host="web"} 31',
      'rollcall_problem{bucket="backups",host="db",kind="missing",severity="critical"} 1',
      'rollcall_check_timestamp_seconds{bucket="backups"} 1795421700',
    ]);
  });
});
