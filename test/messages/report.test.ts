import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseReport, reportToJson } from '../../shared/messages/report.ts';
import { judge } from '../../shared/rules/judge.ts';
import { aDigest, aFull, aHost, at, collected } from '../support/builders.ts';

const now = at('2026-11-23T08:15:00Z');
const { report } = aDigest(
  now,
  [
    judge(aHost({ name: 'web' }), collected(...aFull({ begun: '2026-11-23T03:00:00Z' })), now),
    judge(aHost({ name: 'db' }), collected(...aFull({ begun: '2026-11-21T03:00:00Z' })), now),
    judge(aHost({ name: 'nas' }), { unreadable: 'denied', hint: 'allow it' }, now),
  ],
  { report: { unknownHosts: ['eve'] }, timezone: 'Europe/Amsterdam' },
);
const text = JSON.stringify(reportToJson(report, 'Europe/Amsterdam'));

describe('parseReport', () => {
  it('reads what was written', () => {
    const stored = parseReport(text);
    expect(stored?.timezone).toBe('Europe/Amsterdam');
    // One of before its times had one zone.
    const { timezone: _, ...old } = JSON.parse(text);
    expect(parseReport(JSON.stringify(old))).toEqual({ ...stored, timezone: undefined });
    expect(stored).toMatchObject({
      ...{ checkedAt: '2026-11-23T08:15:00Z', bucket: 'acme-backups', unknownHosts: ['eve'] },
      ...{ hosts: report.hosts },
    });
    expect(stored?.hosts.map(({ host, verdict }) => [host, verdict])).toEqual([
      ['web', 'ok'],
      ['db', 'missing'],
      ['nas', 'unreadable'],
    ]);
    expect(stored?.hosts[1]?.lastGood?.startedAt).toBe('2026-11-21T03:00:00Z');
  });

  it('is undefined for a text that was cut or made up', () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), (length) => {
        expect(parseReport(text.slice(0, length))).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.json(), (made) => {
        expect(parseReport(made)).toBeUndefined();
      }),
    );
    const changed = (change: object) => JSON.stringify({ ...JSON.parse(text), ...change });
    for (const change of [
      { version: 2 },
      { checkedAt: '+275760-09-13T00:00:00Z' },
      { checkedAt: 0 },
      { hosts: {} },
      { hosts: [{}] },
      { hosts: [{ host: 'web', verdict: 'fine', findings: [], lastGood: null }] },
      { unknownHosts: [1] },
      { timezone: 'Europe/Nowhere' },
      { timezone: 1 },
    ])
      expect(parseReport(changed(change))).toBeUndefined();
  });
});
