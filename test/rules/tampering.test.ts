import { describe, expect, it } from 'vitest';
import { describeFinding, nextStep } from '../../shared/messages/finding-text.ts';
import type { Finding } from '../../shared/rules/finding.ts';
import { type Judgement, judge } from '../../shared/rules/judge.ts';
import type { Lifecycle } from '../../shared/rules/lifecycle.ts';
import { aFull, aHost, at } from '../support/builders.ts';
import { aHistory } from '../support/versions.ts';

const NOON = at('2026-11-23T12:00:00Z');
const today = aFull({ begun: '2026-11-23T03:00:00Z', done: '2026-11-23T03:10:00Z', volumes: 4 });
const sunday = aFull({ begun: '2026-11-22T03:00:00Z', done: '2026-11-22T03:10:00Z', volumes: 4 });
const MANIFEST = 'duplicity-full.20261123T030000Z.manifest.gpg';
const VOLUME = 'duplicity-full.20261123T030000Z.vol2.difftar.gpg';
const LAST = 'duplicity-full.20261123T030000Z.vol4.difftar.gpg';
const VOLUME3 = 'duplicity-full.20261123T030000Z.vol3.difftar.gpg';
const OLD_VOLUME = 'duplicity-full.20261122T030000Z.vol2.difftar.gpg';
const rules: Lifecycle = { rules: [{ prefix: '', hides: { days: 6 }, noncurrentDays: 8 }] };

const fresh = () => aHistory([...sunday, ...today]);
const judged = (
  history: ReturnType<typeof aHistory>,
  now = NOON,
  lifecycle: Lifecycle | undefined = rules,
): Judgement => judge(aHost(), history.collected(now), now, { lifecycle });
const found = <K extends Finding['kind']>({ findings }: Judgement, kind: K) =>
  findings.find((one): one is Extract<Finding, { kind: K }> => one.kind === kind);
const textAndStep = (judgement: Judgement) => {
  const [finding] = judgement.findings;
  if (finding === undefined) throw new Error('nothing was found');
  return {
    text: describeFinding(finding, judgement, judgement.host.timezone),
    step: nextStep(finding, judgement),
  };
};

describe('judgeTampering', () => {
  it('finds nothing in sets that were written once', () => {
    const judgement = judged(fresh());
    expect([judgement.verdict, judgement.findings]).toEqual(['ok', []]);
  });

  it('says tampered when a volume got other bytes after its set was finished', () => {
    const judgement = judged(fresh().put(VOLUME, '2026-11-23T09:00:00Z'));
    expect(judgement.verdict).toBe('tampered');
    expect(textAndStep(judgement)).toEqual({
      text: `after the full of Mon 23 Nov 03:00 was finished, 1 file was overwritten ("${VOLUME}"), Mon 23 Nov 09:00; its good version is still there`,
      step: "disable the host's key, then restore the old versions: restore-set web 20261123T030000Z ./set",
    });
  });

  it('says missing, too, where all that has the name of the window was there before it opened', () => {
    const ahead = aFull({ begun: '2026-11-23T03:00:00Z', volumes: 4 }).map((one) => ({
      ...{ ...one, modifiedAt: at('2026-11-20T03:00:00Z') },
      firstModifiedAt: at('2026-11-20T03:00:00Z'),
    }));
    const kinds = (iso?: string) => {
      const history = aHistory([...sunday, ...ahead]);
      if (iso !== undefined) history.put(VOLUME, iso);
      return judged(history).findings.map(({ kind }) => kind);
    };
    expect(kinds()).toEqual(['damaged']);
    expect(kinds('2026-11-22T12:00:00Z')).toEqual(['tampered', 'missing']);
    // It was written in the window, and so it is what came of it.
    expect(kinds('2026-11-23T09:00:00Z')).toEqual(['tampered']);
  });

  it('never takes an overwritten full for the last good copy', () => {
    const judgement = judged(fresh().put(VOLUME, '2026-11-23T09:00:00Z'));
    expect(judgement.lastGood?.startedAt).toBe(at('2026-11-22T03:00:00Z'));
  });

  it('says tampered when the manifest itself is written again, which keeps its first time, and answers no more', () => {
    const judgement = judged(fresh().put(MANIFEST, '2026-11-23T11:00:00Z'));
    expect(judgement.verdict).toBe('tampered');
    expect(judgement.sets.at(-1)?.manifest?.writtenAt).toBe(at('2026-11-23T03:10:00Z'));
    expect(judgement.answer).toBeUndefined();
  });

  it('is not fooled by a new manifest over a new volume', () => {
    const both = fresh().put(VOLUME, '2026-11-23T09:00:00Z').put(MANIFEST, '2026-11-23T09:01:00Z');
    expect(found(judged(both), 'tampered')?.sets[0]?.overwritten.count).toBe(2);
  });

  it.each([
    ['within five minutes of the manifest', '2026-11-23T03:15:00Z', 'ok'],
    ['a second later', '2026-11-23T03:15:01Z', 'tampered'],
  ])('counts other bytes %s as %s -> %s', (_, when, verdict) => {
    expect(judged(fresh().put(LAST, when)).verdict).toBe(verdict);
  });

  it('thinks nothing of the same bytes again, whenever they come', () => {
    const again = fresh()
      .retry(VOLUME, '2026-11-23T03:04:00Z')
      .retry(MANIFEST, '2026-11-23T10:00:00Z');
    expect(judged(again).findings).toEqual([]);
  });

  it('tells a resumed run as information, for as long as it is of the window', () => {
    const killed = aFull({ begun: '2026-11-23T03:00:00Z', done: '2026-11-23T03:02:00Z' });
    const history = aHistory([
      ...sunday,
      ...killed.filter(({ name }) => !name.includes('manifest')),
    ]).put(VOLUME3, '2026-11-23T05:00:00Z');
    history.put(MANIFEST, '2026-11-23T05:10:00Z');
    const judgement = judged(history);
    expect(judgement.verdict).toBe('ok');
    expect(found(judgement, 'resumed')).toMatchObject({
      severity: 'info',
      names: [VOLUME3],
      count: 1,
    });
    const next = aFull({ begun: '2026-11-24T03:00:00Z' });
    for (const { name, bytes } of next) history.put(name, '2026-11-24T03:00:00Z', { bytes });
    expect(judged(history, at('2026-11-24T12:00:00Z')).findings).toEqual([]);
  });

  it('says nothing of a set that was never finished', () => {
    const killed = aHistory(today.filter(({ name }) => !name.includes('manifest')))
      .put(VOLUME, '2026-11-23T09:00:00Z')
      .hide(VOLUME, '2026-11-23T09:30:00Z');
    expect(found(judged(killed), 'tampered')).toBeUndefined();
  });

  it('says tampered when a volume is hidden, and how to get it back', () => {
    const judgement = judged(fresh().hide(OLD_VOLUME, '2026-11-23T09:00:00Z'));
    expect(judgement.verdict).toBe('tampered');
    expect(textAndStep(judgement)).toEqual({
      text: `after the full of Sun 22 Nov 03:00 was finished, 1 file was hidden by a delete marker ("${OLD_VOLUME}"), Mon 23 Nov 09:00; its good version is still there`,
      step: "disable the host's key, then: rollcall undelete web 20261122T030000Z",
    });
  });

  it('knows a set as finished though its manifest is hidden, and says when nothing is left', () => {
    const hidden = fresh().hide(
      today.map(({ name }) => name),
      '2026-11-23T09:00:00Z',
    );
    const judgement = judged(hidden);
    expect(judgement.findings.map(({ kind }) => kind)).toEqual(['tampered', 'missing']);
    expect(found(judgement, 'tampered')?.sets[0]?.hidden.count).toBe(6);
    const gone = judged(hidden.forget(VOLUME));
    expect(textAndStep(gone).text).toContain('of 1 file the good version is gone');
  });

  it.each<[string, string, Lifecycle | undefined, string]>([
    ['at midnight, old enough by the rules', '2026-11-29T00:00:00Z', rules, 'lifecycle'],
    ['at a midnight some days late', '2026-12-01T00:00:00Z', rules, 'lifecycle'],
    ['at midnight, but too young', '2026-11-28T00:00:00Z', rules, 'somebody'],
    ['at any hour, old enough by the rules', '2026-11-29T07:43:01Z', rules, 'lifecycle'],
    ['a second before midnight', '2026-11-28T23:59:59Z', rules, 'somebody'],
    ['old enough by keepDays, rules unread', '2026-11-29T00:00:00Z', { unknown: 'x' }, 'lifecycle'],
    ['too young by keepDays, rules unread', '2026-11-28T00:00:00Z', { unknown: 'x' }, 'somebody'],
    ['with no rule, but as keepDays say', '2026-11-29T00:00:00Z', { rules: [] }, 'lifecycle'],
    [
      'by a rule that is shorter than keepDays',
      '2026-11-26T00:00:00Z',
      { rules: [{ prefix: 'web/', hides: { days: 3 } }] },
      'lifecycle',
    ],
    [
      'by a rule for another host',
      '2026-11-26T00:00:00Z',
      { rules: [{ prefix: 'mail/', hides: { days: 3 } }] },
      'somebody',
    ],
  ])('of a marker %s blames the right one', (_, when, lifecycle, culprit) => {
    const judgement = judged(fresh().hide(OLD_VOLUME, when), at('2026-12-02T12:00:00Z'), lifecycle);
    expect(found(judgement, 'tampered') === undefined).toBe(culprit === 'lifecycle');
  });

  it('calls no set tampered that lifecycle hides volume by volume over midnight', () => {
    const night = aFull({ begun: '2026-11-16T23:50:00Z', done: '2026-11-17T00:40:00Z' }).map(
      (object) =>
        object.name.includes('vol1.')
          ? { ...object, modifiedAt: at('2026-11-16T23:55:00Z') }
          : object,
    );
    const [first = '', ...rest] = night.map(({ name }) => name);
    const dying = aHistory([...night, ...today]).hide(first, '2026-11-23T00:00:00Z');
    expect(judged(dying).findings).toEqual([]);
    dying.hide(rest, '2026-11-24T00:00:00Z');
    expect(found(judged(dying, at('2026-11-24T12:00:00Z')), 'tampered')).toBeUndefined();
  });

  it('needs one bad file alone, whatever became of the others', () => {
    const overwritten = fresh()
      .put(VOLUME, '2026-11-23T09:00:00Z')
      .retry(MANIFEST, '2026-11-23T10:00:00Z');
    expect(judged(overwritten).lastGood?.startedAt).toBe(at('2026-11-22T03:00:00Z'));
    const both = fresh().put(VOLUME, '2026-11-23T09:00:00Z').hide(MANIFEST, '2026-11-23T08:00:00Z');
    expect(found(judged(both), 'tampered')?.sets).toMatchObject([
      {
        ...{ overwritten: { count: 1 }, hidden: { count: 1 }, lost: 0 },
        ...{ firstAt: at('2026-11-23T08:00:00Z'), lastAt: at('2026-11-23T09:00:00Z') },
      },
    ]);
    expect(found(judged(both), 'resumed')).toBeUndefined();
  });

  it('takes for good what came in the last instant that is duplicity’s own', () => {
    const late = fresh().put(LAST, '2026-11-23T03:15:00Z').retry(LAST, '2026-11-23T09:00:00Z');
    const judgement = judged(late);
    expect(judgement.verdict).toBe('ok');
    expect(found(judgement, 'resumed')).toMatchObject({ names: [LAST], count: 1 });
  });

  it.each([
    ['after it opened', '2026-11-23T00:10:00Z', 1],
    ['as it opened', '2026-11-23T00:00:00Z', 1],
    ['before', '2026-11-22T23:59:59Z', 0],
  ])(
    'tells of a resumed run that began before the window and was finished %s',
    (_, done, count) => {
      const begun = '2026-11-22T23:50:00Z';
      const night = aFull({ begun, done });
      const volume = 'duplicity-full.20261122T235000Z.vol1.difftar.gpg';
      const again = aHistory([...night, ...today]).put(volume, done);
      expect(judged(again).findings.filter(({ kind }) => kind === 'resumed')).toHaveLength(count);
    },
  );

  it('counts the age of a hidden file from its own upload', () => {
    const night = aFull({ begun: '2026-11-16T23:50:00Z', done: '2026-11-17T00:40:00Z' });
    const names = night.map(({ name }) => name);
    const early = aHistory([...night, ...today]).hide(names, '2026-11-23T00:00:00Z');
    expect(found(judged(early), 'tampered')?.sets[0]?.hidden.count).toBe(names.length);
  });

  it.each([
    ['denied', 'warning', 's3:ListBucketVersions'],
    ['not offered', 'info', 'lists no versions'],
    ['not kept', 'info', 'turn versioning on'],
  ] as const)(
    'says so when versions are %s, and judges the rest',
    (inconclusive, severity, words) => {
      const read = { ...fresh().collected(), inconclusive };
      const judgement = judge(aHost(), read, NOON, { lifecycle: rules });
      expect(judgement.verdict).toBe('ok');
      expect(judgement.findings).toMatchObject([
        { kind: 'tampered', severity, untold: inconclusive },
      ]);
      expect(textAndStep(judgement).text).toContain(words);
    },
  );
});
