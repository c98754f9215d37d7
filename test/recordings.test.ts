import { describe, expect, it } from 'vitest';
import { openListings } from '../scripts/rollcall/saved-listing.ts';
import { iso } from '../shared/messages/host-report.ts';
import { checkHosts } from '../shared/monitor/judge-hosts.ts';
import { aHost } from './support/builders.ts';
import { type Expected, expected, readFixture, recordedListing } from './support/recorded.ts';

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

/** What was measured of a chain; see test/fixtures/README.md. */
type MeasuredChain = {
  readonly listing: string;
  readonly as_of: string;
  readonly keepDays?: number;
  readonly filePrefix?: string;
  /** Of each set: which run wrote it last, and which run's tree a restore to its time brought back. */
  readonly points: readonly Point[];
  /** The same after the step that the finding names. */
  readonly cured?: readonly Point[];
};
type Point = { readonly at: string; readonly holds: string; readonly restores: string };
const chains = JSON.parse(readFixture('chains.json')) as readonly MeasuredChain[];

/** The findings with `chain`, worst first, and the verdict without. */
const VERDICTS: Readonly<Record<string, readonly [string, string]>> = {
  whole: ['', 'missing'],
  prefix: ['', 'missing'],
  killed: ['critical incomplete', 'missing'],
  'killed-resumed': ['critical missing, warning resumed', 'missing'],
  'killed-resumed-and-on': ['warning resumed', 'missing'],
  'killed-cache-lost': ['', 'missing'],
  // What was deleted by hand is tampering, and what that did to the chain is said with it.
  gap: ['critical tampered, critical chain-broken', 'tampered'],
  'gap-manifest': ['critical tampered, critical chain-broken', 'tampered'],
  'gap-volume': ['critical tampered, critical chain-broken', 'tampered'],
  'gap-signatures': ['critical tampered', 'tampered'],
  'signatures-lost': ['critical tampered', 'tampered'],
  'newest-without-signatures': ['critical tampered, critical chain-broken', 'tampered'],
  'newest-two-without-signatures': ['critical tampered, warning no-signatures', 'tampered'],
  'newest-signatures-empty': ['critical chain-broken', 'missing'],
  'gap-signatures-empty': ['warning no-signatures', 'missing'],
  'full-signatures-empty': ['warning no-signatures', 'missing'],
  'fulls-signatures-empty': ['warning no-signatures', 'no-signatures'],
  'two-machines': ['critical missing', 'missing'],
  'two-machines-newer-lost': [
    'critical tampered, critical chain-broken, critical incomplete, info overlapping',
    'tampered',
  ],
  overlapping: ['warning chain-broken', 'incremental'],
  'overlapping-newer-lost': [
    'critical tampered, critical chain-broken, critical incomplete',
    'tampered',
  ],
  'full-expired': ['critical chain-broken, critical missing, critical expiring', 'missing'],
  'two-chains': ['critical tampered', 'tampered'],
  'two-chains-gap': ['critical tampered, critical chain-broken', 'tampered'],
  'two-chains-full-damaged': ['critical tampered, critical chain-broken', 'tampered'],
};

describe('the recorded chains of real duplicity', () => {
  const judgeChain = async (
    { listing, as_of, keepDays = 40, filePrefix: own = '' }: MeasuredChain,
    chain?: { fullEveryDays: number },
  ) => {
    const filePrefix = { archive: own, manifest: own, signature: own };
    const host = aHost({ keepDays, filePrefix, ...(chain && { chain }) });
    const [judgement] = await checkHosts(openListings([recordedListing(listing)]), [host], {
      ...{ now: Date.parse(as_of), depth: 'all' },
    });
    if (judgement === undefined) throw new Error('no verdict');
    return judgement;
  };
  const scenarioOf = ({ listing }: MeasuredChain) =>
    listing.replace(/^chain-|(-3[\d.]+)?\.json$/g, '');
  const plain = (at: number) => iso(at).replace('.000', '');

  it.each(chains)(
    'restore in $listing what Rollcall calls good, and nothing else',
    async (known) => {
      const { assessments, lastGood } = await judgeChain(known, { fullEveryDays: 7 });
      const restored = (known.cured ?? known.points).filter(
        ({ holds, restores }) => holds === restores,
      );
      const good = assessments.filter((one) => one.good).map(({ startedAt }) => plain(startedAt));
      expect(good).toEqual(restored.map(({ at }) => at));
      const newest = restored.at(-1)?.at;
      expect(lastGood && plain(lastGood.startedAt)).toBe(newest);
    },
  );

  it.each(chains)('are judged right in $listing', async (known) => {
    const { findings } = await judgeChain(known, { fullEveryDays: 7 });
    const said = findings.map(({ severity, kind }) => `${severity} ${kind}`).join(', ');
    const { verdict } = await judgeChain(known);
    expect([said, verdict]).toEqual(VERDICTS[scenarioOf(known)]);
  });
});
