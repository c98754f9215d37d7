import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { membersOf, setIdOfSet } from '../../shared/duplicity/backup-set.ts';
import { NO_PREFIX } from '../../shared/duplicity/file-name.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { worstSeverity } from '../../shared/rules/finding.ts';
import { type Judgement, judge } from '../../shared/rules/judge.ts';
import { findCopies } from '../../shared/rules/tampering.ts';
import { anyText } from '../support/any-text.ts';
import { aFull, aHost, anIncremental, anObject, at, collected } from '../support/builders.ts';
import { formatFileName } from '../support/format-file-name.ts';
import { aHistory } from '../support/versions.ts';

const NOON = at('2026-11-23T12:00:00Z');
const host = aHost();
const judged = (objects: readonly StoredObject[], now = NOON) =>
  judge(host, collected(...objects), now);

/** Instants of some days around the judged one, to the minute. */
const instant = fc
  .integer({ min: at('2026-11-20T00:00Z') / 60_000, max: at('2026-11-24T00:00Z') / 60_000 })
  .map((minutes) => new Date(minutes * 60_000).toISOString());

const aSet = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(instant, fc.integer({ min: 0, max: 240 }), fc.integer({ min: 1, max: 5 }))
      .map(([begun, minutes, volumes]) =>
        aFull({ begun, done: new Date(at(begun) + minutes * 60_000).toISOString(), volumes }),
      ),
  },
  { weight: 1, arbitrary: fc.tuple(instant, instant).map(([a, b]) => anIncremental(a, b)) },
);
const bucket = fc.array(aSet, { maxLength: 5 }).map((sets) => {
  const names = new Map(sets.flat().map((object) => [object.name, object]));
  return [...names.values()];
});
const foreign = anyText({ maxLength: 40 })
  .filter((name) => !/^d(?:uplicity|[fi]|fs|ns)/.test(name))
  .map((name) => anObject(name));

const essence = ({ verdict, findings, answer, lastGood }: Judgement) => ({
  verdict,
  findings: findings.filter(({ kind }) => kind !== 'foreign'),
  answer: answer?.startedAt,
  lastGood: lastGood?.startedAt,
});
const kindsOf = ({ findings }: Judgement) => findings.map(({ kind }) => kind);
const badness = (judgement: Judgement) =>
  judgement.verdict === 'ok'
    ? 0
    : ['info', 'warning', 'critical'].indexOf(worstSeverity(judgement.findings)) + 1;

describe('a verdict', () => {
  it('is the same for every order of the keys', () => {
    fc.assert(
      fc.property(
        bucket.chain((objects) =>
          fc.tuple(
            fc.constant(objects),
            fc.shuffledSubarray(objects, { minLength: objects.length }),
          ),
        ),
        ([objects, shuffled]) => {
          expect(essence(judged(shuffled))).toEqual(essence(judged(objects)));
        },
      ),
    );
  });

  it('stays the same when foreign keys are added', () => {
    fc.assert(
      fc.property(bucket, fc.array(foreign, { maxLength: 5 }), (objects, strange) => {
        expect(essence(judged([...objects, ...strange]))).toEqual(essence(judged(objects)));
      }),
    );
  });

  it("is never improved by the loss of one of the answering set's files", () => {
    fc.assert(
      fc.property(bucket, fc.nat(), (objects, pick) => {
        const before = judged(objects);
        const { answer } = before;
        // With a second full in the window the other one answers, and is compared with fewer earlier ones.
        if (answer === undefined || kindsOf(before).includes('duplicate-full')) return;
        const time = formatFileName({
          type: 'full',
          manifest: true,
          volume: undefined,
          time: answer.startedAt,
          start: undefined,
          end: undefined,
          encrypted: true,
          compressed: false,
          partial: false,
        }).split('.')[1] as string;
        const members = objects.filter(
          ({ name }) => name.startsWith('duplicity-full') && name.split('.')[1] === time,
        );
        const lost = members[pick % members.length];
        const after = judged(objects.filter((object) => object !== lost));
        // A warning about the size of this full goes when another full of the window takes its place.
        const replaced = after.answer !== undefined && after.answer.startedAt !== answer.startedAt;
        if (replaced) return;
        expect(badness(after)).toBeGreaterThanOrEqual(badness(before));
      }),
    );
  });

  it('is ok only with a complete full that both clocks place in the window', () => {
    fc.assert(
      fc.property(bucket, (objects) => {
        const judgement = judged(objects);
        if (judgement.verdict !== 'ok') return;
        const { answer, window } = judgement;
        // Clocks differ: one of the two may be five minutes early.
        const early = window.opensAt - 5 * 60_000;
        expect(answer?.startedAt).toBeGreaterThanOrEqual(early);
        expect(answer?.startedAt).toBeLessThan(window.endsAt);
        expect(answer?.manifest?.writtenAt).toBeGreaterThanOrEqual(early);
        expect(answer?.manifest?.writtenAt).toBeLessThanOrEqual(NOON);
        expect(answer?.volumes?.missing).toEqual([]);
      }),
    );
  });

  it('is either ok or has at least one finding', () => {
    fc.assert(
      fc.property(bucket, (objects) => {
        const judgement = judged(objects);
        if (judgement.verdict !== 'ok') {
          expect(judgement.findings.map(({ kind }) => kind)).toContain(judgement.verdict);
        }
      }),
    );
  });

  it('is the same from the versions of an untouched bucket as from its objects', () => {
    fc.assert(
      fc.property(bucket, (objects) => {
        const versions = judge(host, aHistory(objects).collected(NOON), NOON);
        const seen = objects.filter(({ modifiedAt }) => modifiedAt <= NOON);
        expect({ ...versions, sets: [] }).toEqual({ ...judged(seen), sets: [] });
      }),
    );
  });

  it('is never improved by overwriting or hiding a file of a finished set', () => {
    const change = fc.constantFrom('put' as const, 'hide' as const);
    fc.assert(
      fc.property(bucket, fc.nat(), change, instant, (objects, pick, kind, when) => {
        const victim = objects[pick % Math.max(1, objects.length)];
        const doneAt = Math.max(...objects.map(({ modifiedAt }) => modifiedAt));
        if (victim === undefined || at(when) <= doneAt + 5 * 60_000 || at(when) >= NOON) return;
        const history = aHistory(objects);
        const before = judge(host, history.collected(NOON), NOON);
        history[kind](victim.name, new Date(at(when) + 1000).toISOString());
        const after = judge(host, history.collected(NOON), NOON);
        expect(after.findings[0]?.kind).toBe('tampered');
        expect(badness(after)).toBeGreaterThanOrEqual(badness(before));
      }),
    );
  });

  it('only gets information from parity next to every file, and never better from some of it', () => {
    const parityOf = ({ name, modifiedAt }: StoredObject) => {
      const written = new Date(modifiedAt).toISOString();
      return ['.par2', '.vol0+1.par2'].map((end) => anObject(`${name}${end}`, { written }));
    };
    const kinds = ({ findings }: Judgement) =>
      findings.map(({ kind, severity }) => `${severity} ${kind}`);
    fc.assert(
      fc.property(bucket, fc.nat(), (objects, pick) => {
        if (objects.length === 0) return;
        const clean = judged(objects);
        const parity = objects.flatMap(parityOf);
        const held = judged([...objects, ...parity]);
        expect(essence({ ...held, findings: [] })).toEqual(essence({ ...clean, findings: [] }));
        expect(kinds(held).filter((one) => one !== 'info parity')).toEqual(kinds(clean));
        expect(held.findings.filter((one) => one.kind !== 'parity')).toEqual(clean.findings);

        const some = parity.filter((_, index) => index !== pick % parity.length);
        const bad = judged([...objects, ...some]);
        expect(badness(bad)).toBeGreaterThanOrEqual(badness(clean));
      }),
    );
  });

  it('is never ok by a copy of which nobody has read the bytes', () => {
    fc.assert(
      fc.property(bucket, fc.nat(), instant, (objects, pick, when) => {
        const set = judged(objects).sets[pick % Math.max(1, judged(objects).sets.length)];
        const doneAt = Math.max(...objects.map(({ modifiedAt }) => modifiedAt));
        if (set === undefined || at(when) <= doneAt + 5 * 60_000 || at(when) > NOON) return;
        const own = membersOf(
          objects.map(({ name }) => name),
          NO_PREFIX,
        )(set);
        const files = objects.filter(({ name }) => own.includes(name));
        const history = files.reduce((all, one) => all.copy(one, when), aHistory(objects));
        const collection = history.collected(NOON);
        const before = judge(host, aHistory(objects).collected(NOON), NOON);
        for (const authors of ['unknowable', undefined] as const) {
          const copies = findCopies(host, collection, [], authors);
          const after = judge(host, collection, NOON, { copies });
          expect(badness(after)).toBeGreaterThanOrEqual(badness(before));
          const isFinished = set.manifest !== undefined;
          if (!isFinished) continue;
          expect(kindsOf(after)).toContain(authors === undefined ? 'tampered' : 'copied');
          const copy = after.assessments.find(
            ({ set: one }) => setIdOfSet(one) === setIdOfSet(set),
          );
          expect(copy?.good).toBe(false);
        }
      }),
    );
  });

  it('stays the same when foreign keys are changed or removed', () => {
    fc.assert(
      fc.property(bucket, foreign, instant, (objects, strange, when) => {
        const clean = judge(host, aHistory(objects).collected(NOON), NOON);
        const history = aHistory([...objects, strange]).put(strange.name, when);
        expect(essence(judge(host, history.collected(NOON), NOON))).toEqual(essence(clean));
        history.hide(strange.name, when);
        expect(essence(judge(host, history.collected(NOON), NOON))).toEqual(essence(clean));
      }),
    );
  });
});
