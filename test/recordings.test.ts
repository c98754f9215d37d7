import { describe, expect, it } from 'vitest';
import { openListings } from '../scripts/rollcall/saved-listing.ts';
import { iso } from '../shared/messages/host-report.ts';
import { checkHosts } from '../shared/monitor/judge-hosts.ts';
import { aHost } from './support/builders.ts';
import { type Expected, expected, recordedListing } from './support/recorded.ts';

/** What the recordings' own rule cannot see: it looks at neither encryption nor file prefixes. */
const UNENCRYPTED = ['web-07', 'web-08'];

async function judgeRecorded({ listing, host, as_of }: Expected) {
  const [judgement] = await checkHosts(
    openListings([recordedListing(listing)]),
    [aHost({ name: host })],
    { now: Date.parse(as_of), depth: 'all' },
  );
  if (judgement === undefined) throw new Error('no verdict');
  return judgement;
}

describe('the recorded listings', () => {
  it.each(expected)('$host in $listing is judged right ($reason)', async (known) => {
    const judgement = await judgeRecorded(known);
    const { answer, lastGood, verdict, findings, sets } = judgement;

    expect(known.accept).toContain(answer === undefined ? 'no' : 'yes');
    if (known.ok) expect(verdict).toBe(UNENCRYPTED.includes(known.host) ? 'unencrypted' : 'ok');
    else expect(verdict).not.toBe('ok');

    expect(lastGood === undefined ? null : iso(lastGood.startedAt)).toBe(
      known.newest_complete_full_set,
    );
    const today = sets.filter(
      ({ type, startedAt }) => type === 'full' && iso(startedAt).startsWith('2026-11-23'),
    );
    expect(today.length).toBe(known.full_sets_today);
    const judged = answer ?? today.at(-1);
    expect(judged === undefined ? null : iso(judged.startedAt)).toBe(known.set);
    expect(judged?.volumes?.count ?? 0).toBe(known.volumes);
    expect(judged?.volumes?.missing ?? []).toEqual(known.missing_volumes);
    expect(judged?.hasSignatures ?? false).toBe(known.signature_present);

    const kinds = findings.map(({ kind }) => kind);
    expect(kinds.includes('incremental')).toBe(known.incrementals_uploaded_today.length > 0);
    if (known.reason === 'no-manifest' || known.reason === 'missing-volumes') {
      expect(verdict).toBe('incomplete');
    }
    if (known.reason === 'no-full-set-of-today') expect(verdict).toBe('missing');
    if (known.reason === 'no-duplicity-objects') expect(verdict).toBe('never');
  });

  it('find six volumes behind a file prefix once the config tells it', async () => {
    const one = { archive: 'web14-', manifest: 'web14-', signature: 'web14-' };
    const three = { archive: 'a_', manifest: 'm_', signature: 's_' };
    const judged = await Promise.all(
      (
        [
          ['full-one-file-prefix.json', 'web-14', one],
          ['full-file-prefix.json', 'web-13', three],
        ] as const
      ).map(async ([listing, name, filePrefix]) => {
        const list = openListings([recordedListing(listing)]);
        const now = Date.parse('2026-11-23T12:00:00Z');
        return checkHosts(list, [aHost({ name, filePrefix })], { now, depth: 'all' });
      }),
    );
    for (const [judgement] of judged) {
      expect(judgement?.verdict).toBe('ok');
      expect(judgement?.answer?.volumes?.count).toBe(6);
    }
  });

  it('explain a set that was resumed the next day in plain words', async () => {
    const known = expected.find(({ listing }) => listing === 'resumed-next-day.json') as Expected;
    const { findings } = await judgeRecorded(known);
    expect(findings[0]).toMatchObject({
      kind: 'missing',
      strayed: [{ startedAt: Date.parse('2026-11-22T23:58:02Z') }],
    });
  });

  it('ignore the statistics of --jsonstat without calling them foreign', async () => {
    const known = expected.find(({ listing }) => listing.startsWith('full-jsonstat')) as Expected;
    expect((await judgeRecorded(known)).findings).toEqual([]);
  });
});
