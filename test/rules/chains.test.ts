// Chains: an incremental is as good as all that it builds on.
import { describe, expect, it } from 'vitest';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { describeFinding, nextStep } from '../../shared/messages/finding-text.ts';
import type { Finding, OpenedBy } from '../../shared/rules/finding.ts';
import { type HostEvidence, judge } from '../../shared/rules/judge.ts';
import { findSuperseded } from '../../shared/rules/retention.ts';
import { aFull, aHost, anIncremental, at, collected } from '../support/builders.ts';
import { aHistory } from '../support/versions.ts';

const host = aHost({ chain: { fullEveryDays: 7 }, keepDays: 30 });
const time = (day: number) => `2026-11-${String(day).padStart(2, '0')}T03:15:00Z`;
const full = (day: number) => aFull({ begun: time(day) });
const link = (day: number, on = day - 1) => anIncremental(time(on), time(day));
/** A full on the 16th and an incremental each day until the 23rd. */
const chain = (...without: number[]) => [
  ...full(16),
  ...[17, 18, 19, 20, 21, 22, 23].flatMap((day) => (without.includes(day) ? [] : link(day))),
];
const now = at('2026-11-23T09:00:00Z');
const judged = (objects: readonly StoredObject[], evidence: HostEvidence = {}, when = now) =>
  judge(host, collected(...objects), when, evidence);
const broken = ({ findings }: { findings: readonly Finding[] }) =>
  findings.flatMap((one) => (one.kind === 'chain-broken' ? one : []));
const manifestOf = (objects: readonly StoredObject[]) =>
  objects.filter(({ name }) => !name.includes('manifest'));

describe('a chain', () => {
  it('answers with its newest incremental, which is the last good copy', () => {
    const { verdict, answer, lastGood, findings } = judged(chain());
    expect([verdict, findings]).toEqual(['ok', []]);
    expect([answer?.type, answer?.startedAt]).toEqual(['inc', at(time(23))]);
    expect(lastGood).toBe(answer);
  });

  it('is not said to have missed what lifecycle may have taken the full of, when nobody looked for a week', () => {
    const links = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, nth) => link(from + nth)).flat();
    // The full of the 10th is gone.
    const there = [...links(11, 16), ...full(17), ...links(18, 23)];
    const unseen = (keepDays: number) =>
      judge({ ...host, keepDays }, collected(...there), now, { judgedOn: '2026-11-15' }).unseen;
    expect(unseen(12)).toEqual({ missed: [], unknown: ['2026-11-16'] });
    expect(unseen(30)).toEqual({ missed: ['2026-11-16'], unknown: [] });
  });

  it('restores up to the set before the one that is not there, and no further', () => {
    const judgement = judged(chain(20));
    expect(judgement.verdict).toBe('chain-broken');
    expect(broken(judgement)).toMatchObject([
      {
        ...{ severity: 'critical', startedAt: at(time(23)), lacksAt: at(time(20)) },
        ...{ isThere: false },
      },
    ]);
    expect(judgement.lastGood?.startedAt).toBe(at(time(19)));
    expect(judgement.findings.map(({ kind }) => kind)).not.toContain('missing');
  });

  it('says of a set that is there and not good that it is there', () => {
    const objects = [...full(16), ...link(17), ...manifestOf(link(18)), ...link(19), ...link(20)];
    const judgement = judged(objects, {}, at('2026-11-20T09:00:00Z'));
    expect(broken(judgement)).toMatchObject([{ lacksAt: at(time(18)), isThere: true }]);
    expect(judgement.lastGood?.startedAt).toBe(at(time(17)));
  });

  it('restores nothing without its full', () => {
    const judgement = judged([...link(22), ...link(23)]);
    expect(broken(judgement)).toMatchObject([{ lacksAt: at(time(21)) }]);
    expect(judgement.lastGood).toBeUndefined();
  });

  it('is of no interest any more once a newer full answers', () => {
    const objects = [...chain(20).filter(({ name }) => !name.includes('20261123')), ...full(23)];
    expect(judged(objects)).toMatchObject({ verdict: 'ok', findings: [] });
  });

  it('takes no set of the time of another one for a member', () => {
    // Planting one cannot make a bad chain good, nor hide that it is bad.
    const judgement = judged([...chain(17), ...anIncremental(time(16), time(19))]);
    expect(judgement.verdict).toBe('chain-broken');
    expect(judgement.lastGood?.startedAt).toBe(at(time(16)));
  });

  it('is bad where one of its sets is to a foreign key, whichever it is', () => {
    const strict = { ...host, recipients: ['0123456789ABCDEF'] };
    const foreign: OpenedBy = {
      ...{ name: 'x', reads: 'openpgp', symmetric: 0, ending: 'whole' },
      recipients: ['FEDCBA9876543210'],
    };
    const opened = new Map([[at(time(18)), [foreign]]]);
    const judgement = judge(strict, collected(...chain()), now, { opened });
    expect(judgement.lastGood?.startedAt).toBe(at(time(17)));
    expect(judgement.verdict).toBe('chain-broken');
  });

  it('finds no full that another chain covers, as with an incremental from the future', () => {
    const written = { modifiedAt: at(time(23)), firstModifiedAt: at(time(23)) };
    const forged = anIncremental(time(17), time(30)).map((file) => ({ ...file, ...written }));
    const objects = [...full(16), ...link(17), ...full(23), ...forged];
    const judgement = judged(objects);
    expect(broken(judgement)).toMatchObject([
      { startedAt: at(time(23)), lacksAt: at(time(30)), why: 'another' },
    ]);
    expect(judgement.lastGood?.startedAt).toBe(at(time(17)));
    // Without chains a full is a full, whatever else lies there.
    const plain = judge(aHost(), collected(...objects), now, {});
    expect(plain.answer?.startedAt).toBe(at(time(23)));
  });

  it('ends before the last incremental where that one alone has no signatures', () => {
    const unsigned = (day: number) => link(day).filter(({ name }) => !name.includes('sigtar'));
    const judgement = judged([...chain(23), ...unsigned(23)]);
    expect(broken(judgement)).toMatchObject([{ lacksAt: at(time(23)), why: 'no signatures' }]);
    expect(judgement.lastGood?.startedAt).toBe(at(time(22)));
    const two = judged([...chain(22, 23), ...unsigned(22), ...unsigned(23)]);
    expect(two.lastGood?.startedAt).toBe(at(time(23)));
  });

  it('is a fault each day where the config has no chain', () => {
    const plain = aHost({ keepDays: 30 });
    const { verdict, findings } = judge(plain, collected(...chain()), now);
    expect(verdict).toBe('missing');
    expect(findings.map(({ kind }) => kind)).toContain('incremental');
  });
});

describe('a full that is overdue', () => {
  const kinds = (objects: readonly StoredObject[], when = now) =>
    judged(objects, {}, when).findings.map(({ kind, severity }) => `${severity} ${kind}`);

  it('is one that did not come a day after an incremental was begun in its place', () => {
    expect(kinds(chain())).toEqual([]);
    const longer = [...chain(), ...link(24)];
    expect(kinds(longer, at('2026-11-24T09:00:00Z'))).toEqual([]);
    const tooLong = [...longer, ...link(25)];
    expect(kinds(tooLong, at('2026-11-25T09:00:00Z'))).toEqual(['warning full-overdue']);
    const cured = [...tooLong, ...full(26)];
    expect(kinds(cured, at('2026-11-26T09:00:00Z'))).toEqual([]);
  });
});

describe('how long a chain lasts', () => {
  it('is as long as its full does', () => {
    const { countdown } = judged(chain(), {}, at('2026-12-14T09:00:00Z'));
    const alone = judged(full(16), {}, at('2026-12-14T09:00:00Z')).countdown;
    expect(countdown?.set.startedAt).toBe(at(time(23)));
    expect(countdown?.hiddenAt).toBe(alone?.hiddenAt);
  });

  it('is for as long as a set that stays builds on it', () => {
    const kept = { ...host, keepLastGood: true, keepDays: 2 };
    const later = ['2026-11-26', '2026-11-27'].flatMap((day) =>
      aFull({ begun: `${day}T03:15:00Z` }),
    );
    // One more incremental of the old chain, written after the fulls that would replace it.
    const branch = anIncremental(time(23), time(24)).map((file) => ({
      ...file,
      modifiedAt: at('2026-11-28T03:15:00Z'),
    }));
    const superseded = (objects: readonly StoredObject[]) =>
      findSuperseded(kept, collected(...objects), at('2026-12-10T09:00:00Z')).sets.length;
    expect(superseded([...chain(), ...later])).toBe(8);
    expect(superseded([...chain(), ...later, ...branch])).toBe(0);
    const other = [...full(15), ...chain(), ...later, ...branch];
    expect(superseded(other)).toBe(1);
  });

  it('replaces nothing with incrementals alone', () => {
    const kept = { ...host, keepLastGood: true, keepDays: 2 };
    expect(findSuperseded(kept, collected(...chain()), at('2026-12-10T09:00:00Z')).sets).toEqual(
      [],
    );
  });
});

describe('a chain of a full and one incremental without signatures', () => {
  it('is restored as a whole: duplicity leaves out the last of two incrementals or more', () => {
    const bare = link(17).filter(({ name }) => !name.includes('sigtar'));
    const judgement = judged([...full(16), ...bare], {}, at('2026-11-17T09:00:00Z'));
    expect([broken(judgement), judgement.verdict]).toEqual([[], 'no-signatures']);
    const last = link(18).filter(({ name }) => !name.includes('sigtar'));
    const longer = judged([...full(16), ...link(17), ...last], {}, at('2026-11-18T09:00:00Z'));
    expect(longer.verdict).toBe('chain-broken');
  });
});

describe('a chain with a run that was killed and resumed', () => {
  /** The set of a day, of which a volume was written twice before its manifest. */
  const resumedOn = (day: number, more: readonly StoredObject[] = []) => {
    const set = day === 16 ? full(16) : link(day);
    const isManifest = ({ name }: StoredObject) => name.includes('manifest');
    const before = [...chain(), ...more].filter(
      (one) => !set.some(({ name }) => name === one.name),
    );
    const history = aHistory([...before, ...manifestOf(set)]);
    const volume = set.findLast(({ name }) => name.includes('.vol'));
    history.put(volume?.name ?? '', time(day).replace('03:15', '05:00'), volume);
    const manifest = set.find(isManifest);
    history.put(manifest?.name ?? '', time(day).replace('03:15', '05:10'), manifest);
    return judge(host, history.collected(now), now);
  };
  const resumed = ({ findings }: { findings: readonly Finding[] }) =>
    findings.flatMap((one) => (one.kind === 'resumed' ? one : []));

  it.each([16, 20, 23])('is in doubt from the %ith on, until the next full', (day) => {
    const judgement = resumedOn(day);
    expect(judgement.verdict).toBe('resumed');
    expect(judgement.lastGood?.startedAt).toBe(at(time(23)));
    expect(resumed(judgement)).toMatchObject([
      { severity: 'warning', startedAt: at(time(day)), count: 1 },
    ]);
  });

  it('says what may be missing, and what ends that', () => {
    const judgement = resumedOn(20);
    const [finding] = resumed(judgement);
    if (finding === undefined) throw new Error('nothing was found');
    expect(describeFinding(finding, judgement, 'UTC')).toBe(
      'the incremental of Fri 20 Nov 03:15 was killed and resumed, and finished Fri 20 Nov 05:10: what changed on the host in between may be missing from it, and from all incrementals until the next full',
    );
    expect(nextStep(finding, judgement)).toBe('make a full backup on web');
  });

  it('is no more in doubt when a newer full begins another', () => {
    const next = aFull({ begun: '2026-11-23T05:15:00Z' });
    expect(resumed(resumedOn(20, next))).toEqual([]);
  });
});
