import { describe, expect, it } from 'vitest';
import { readDrillNames } from '../../shared/messages/report.ts';

const hosts = ['web', 'db', 'office/nas', 'a/b', 'a_b'].map((name) => ({ name }));
const now = Date.parse('2026-11-23T08:15:00Z');

describe('readDrillNames', () => {
  it('takes the last proof and the last failure of each host', () => {
    const drills = readDrillNames(
      [
        'drills/web/20261001T100000Z.json',
        'drills/web/20261101T100000Z.json',
        'drills/web/20261102T100000Z.failed.json',
        'drills/db/20261103T100000Z.mismatch.json',
      ],
      now,
      hosts,
    );
    expect(Object.fromEntries(drills)).toEqual({
      web: {
        provenAt: Date.parse('2026-11-01T10:00:00Z'),
        failedAt: Date.parse('2026-11-02T10:00:00Z'),
      },
      db: { failedAt: Date.parse('2026-11-03T10:00:00Z') },
    });
  });

  it('knows a host whose name has slashes by what the kit calls it', () => {
    const drills = readDrillNames(['drills/office_nas/20261101T100000Z.json'], now, hosts);
    expect([...drills.keys()]).toEqual(['office/nas']);
  });

  it.each([
    'drills/elsewhere/20261101T100000Z.json',
    'drills/a_b/20261101T100000Z.json',
    'drills/web/20261101T100000Z.uncompared.json',
    'drills/web/20991101T100000Z.json',
    'drills/web/20261340T100000Z.json',
    'drills/web/20261101T100000Z.json/x',
    'drills/a/b/20261101T100000Z.json',
    'drills//20261101T100000Z.json',
    'drills/web/20261101T100000Z.fine.json',
    'x/drills/web/20261101T100000Z.json',
  ])('learns nothing from %s', (page) => {
    expect(readDrillNames([page], now, hosts).size).toBe(0);
  });
});
