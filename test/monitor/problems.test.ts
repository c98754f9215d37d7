import { describe, expect, it } from 'vitest';
import type { Host } from '../../shared/config/config.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { renderText } from '../../shared/messages/render-text.ts';
import type { Change } from '../../shared/rules/finding.ts';
import { type Judgement, judge, type Unreadable } from '../../shared/rules/judge.ts';
import { MOST_CHANGES, MOST_SUBJECTS, type Problem } from '../../shared/rules/problem.ts';
import { type Notified, notificationOf } from '../support/a-notification.ts';
import { aFull, aHost, anIncremental, anObject, at, collected } from '../support/builders.ts';
import { aHistory } from '../support/versions.ts';

const full = (day: number, begun = '03:15', done = begun) =>
  aFull({ begun: `2026-11-${day}T${begun}:00Z`, done: `2026-11-${day}T${done}:00Z` });
const denied: Unreadable = { unreadable: 'AccessDenied (403)', hint: 'allow it' };
const bytes = 200 * 1024 * 1024;
const web = aHost();

/** Runs after one another, of which one channel isNotified. Each answers the subject of its message. */
function aMonitor() {
  let problems: readonly Problem[] = [];
  const message = (
    iso: string,
    judgements: readonly Judgement[],
    more: Parameters<typeof notificationOf>[2] = {},
  ): Notified['message'] => {
    const notified = notificationOf(at(iso), judgements, { before: problems, ...more });
    problems = notified.problems;
    return notified.message;
  };
  return {
    open: () => problems.filter(({ over }) => over === undefined),
    message,
    isNotified: (
      iso: string,
      read: readonly StoredObject[] | Parameters<typeof judge>[1],
      { host = web, changes = [] }: { host?: Host; changes?: readonly Change[] } = {},
    ) => {
      const found = Array.isArray(read) ? collected(...read) : read;
      const judgement = judge(host, found as Parameters<typeof judge>[1], at(iso), { changes });
      return message(iso, [judgement], { changes })?.subject.replace('[backup] ', '');
    },
  };
}

describe('a problem', () => {
  it('is reported when it is new, and not again while it lasts', () => {
    const { isNotified } = aMonitor();
    expect(isNotified('2026-11-23T08:15:00Z', full(22))).toBe('1 of 1 host FAILED: web MISSING');
    expect(isNotified('2026-11-23T08:30:00Z', full(22))).toBeUndefined();
    expect(isNotified('2026-11-23T23:45:00Z', full(22))).toBeUndefined();
  });

  it('is reported with every set that it is about', () => {
    const { message, isNotified, open } = aMonitor();
    const odd = (begun: string) =>
      full(23, begun).map((one) => (one.name.includes('vol1.') ? { ...one, bytes: 1 } : one));
    const read = collected(...full(22), ...odd('03:15'), ...odd('05:15'));
    const now = '2026-11-23T08:15:00Z';
    const told = message(now, [judge(web, read, at(now))]);
    const text = (told && renderText(told))?.replace(/\s+/g, ' ');
    expect(text).toContain('DAMAGED web: the full of Mon 23 Nov');
    expect(text).toMatch(
      /of Mon 23 Nov 03:15 .*of Mon 23 Nov 05:15|of Mon 23 Nov 05:15 .*of Mon 23 Nov 03:15/,
    );
    const damaged = open().find(({ kind }) => kind === 'damaged');
    expect(damaged?.subjects).toHaveLength(2);
    expect(
      isNotified('2026-11-23T08:30:00Z', [...full(22), ...odd('03:15'), ...odd('05:15')]),
    ).toBeUndefined();
    const third = [...full(22), ...odd('03:15'), ...odd('05:15'), ...odd('07:15')];
    expect(isNotified('2026-11-23T08:45:00Z', third)).toBe('1 of 1 host FAILED: web DAMAGED');
  });

  it('is reported for again for each window that is missed, with their number', () => {
    const { isNotified } = aMonitor();
    const subjects = ['23', '24', '25'].map((day) =>
      isNotified(`2026-11-${day}T08:15:00Z`, full(22)),
    );
    expect(subjects).toEqual([
      '1 of 1 host FAILED: web MISSING',
      '1 of 1 host FAILED: web MISSING (2nd day)',
      '1 of 1 host FAILED: web MISSING (3rd day)',
    ]);
  });

  it('is notified again when it becomes graver', () => {
    const { isNotified } = aMonitor();
    const volumes = full(23, '07:40', '08:10').filter(({ name }) => name.includes('.vol'));
    expect(isNotified('2026-11-23T08:15:00Z', [...full(22), ...volumes])).toBe(
      '1 warning: web LATE',
    );
    expect(isNotified('2026-11-23T08:30:00Z', [...full(22), ...volumes])).toBeUndefined();
    expect(isNotified('2026-11-23T12:15:00Z', [...full(22), ...volumes])).toBe(
      '1 of 1 host FAILED: web INCOMPLETE',
    );
  });

  it('that was only a warning ends without a message', () => {
    const { isNotified, open } = aMonitor();
    const volumes = full(23, '07:40', '08:10').filter(({ name }) => name.includes('.vol'));
    isNotified('2026-11-23T08:15:00Z', [...full(22), ...volumes]);
    expect(isNotified('2026-11-23T09:00:00Z', [...full(22), ...full(23, '07:40', '08:50')])).toBe(
      undefined,
    );
    expect(open()).toEqual([]);
  });

  it('is notified again when it is about one more set', () => {
    const { isNotified } = aMonitor();
    const history = aHistory([...full(21), ...full(22), ...full(23)]);
    const volume = (day: number) => `duplicity-full.202611${day}T031500Z.vol1.difftar.gpg`;
    history.put(volume(21), '2026-11-23T09:00:00Z', { bytes });
    expect(isNotified('2026-11-23T09:01:00Z', history.collected(at('2026-11-23T09:01:00Z')))).toBe(
      'TAMPERED: web. 1 of 1 host FAILED',
    );
    expect(isNotified('2026-11-23T09:02:00Z', history.collected(at('2026-11-23T09:02:00Z')))).toBe(
      undefined,
    );
    history.put(volume(22), '2026-11-23T09:03:00Z', { bytes });
    expect(isNotified('2026-11-23T09:04:00Z', history.collected(at('2026-11-23T09:04:00Z')))).toBe(
      'TAMPERED: web. 1 of 1 host FAILED',
    );
  });

  it('of tampering ends without an all-clear, where lifecycle may have taken by now what did not come back', () => {
    const nights = (until: number) =>
      Array.from({ length: until - 20 }, (_, back) => full(21 + back)).flat();
    const history = aHistory(nights(29));
    const volume = 'duplicity-full.20261121T031500Z.vol1.difftar.gpg';
    history.put(volume, '2026-11-23T09:00:00Z', { bytes });
    const { isNotified } = aMonitor();
    const tick = (iso: string) => isNotified(iso, history.collected(at(iso)));
    expect(tick('2026-11-23T09:01:00Z')).toContain('TAMPERED: web');
    for (const { name } of full(21)) history.hide(name, '2026-11-28T00:00:00Z').forget(name);
    history.forget(volume);
    expect(tick('2026-11-29T08:15:00Z')).toBe(
      'web OVER: its files did not come back, and by its age it may be gone by now, after 143 h',
    );
  });

  it('of tampering ends, too, where the bucket keeps no versions that would tell of it', () => {
    const plain = (...days: number[]) =>
      days.flatMap((day) => full(day)).map((one) => ({ ...one, versionId: 'null' }));
    const removed: Change = {
      ...{ what: 'removed', key: 'web/duplicity-full.20261121T031500Z.vol1.difftar.gpg' },
      ...{ at: at('2026-11-23T09:00:00Z'), left: 'version' },
      ...{ principal: undefined, address: undefined },
    };
    const { isNotified, open } = aMonitor();
    const tick = (iso: string, ...days: number[]) =>
      isNotified(iso, plain(...days), { changes: [removed] });
    expect(tick('2026-11-23T09:01:00Z', 22, 23)).toContain('TAMPERED: web');
    expect(tick('2026-11-24T08:15:00Z', 22, 23, 24)).toBeUndefined();
    expect(tick('2026-11-29T08:15:00Z', 27, 28, 29)).toContain('web OVER: its files did not come');
    expect(open()).toEqual([]);
  });

  it('of a chain names the full that came, though the incrementals before it are as broken as they were', () => {
    const chain = aHost({ chain: { fullEveryDays: 7 } });
    const { isNotified } = aMonitor();
    const links = ['21', '22', '23'].map((day, nth) =>
      anIncremental(`2026-11-${20 + nth}T03:15:00Z`, `2026-11-${day}T03:15:00Z`),
    );
    const read = collected(...links.flat());
    expect(isNotified('2026-11-23T08:15:00Z', read, { host: chain })).toContain('CHAIN-BROKEN');
    const next = collected(...links.flat(), ...full(24));
    expect(isNotified('2026-11-24T03:16:00Z', next, { host: chain })).toContain(
      'web OK AGAIN: full done Tue 24 Nov 03:15 UTC',
    );
  });

  it('names the full that stands in, though that was there before', () => {
    const { isNotified, message } = aMonitor();
    const odd = full(23, '05:15').map((one) =>
      one.name.includes('vol1.') ? { ...one, bytes: 1 } : one,
    );
    const read = [...full(22), ...full(23), ...odd];
    expect(isNotified('2026-11-23T05:16:00Z', read)).toContain('web DAMAGED');
    const now = '2026-11-23T08:15:00Z';
    const told = message(now, [judge(web, collected(...read), at(now))]);
    expect(told?.subject).toBe('[backup] web OVER: full done Mon 23 Nov 03:15 UTC');
    expect(told && renderText(told)).not.toMatch(/missed|not found/);
  });

  it('that is there on every day, as an incremental is, is reported once, and its end', () => {
    const { isNotified } = aMonitor();
    const inc = anIncremental('2026-11-23T03:15:00Z', '2026-11-23T05:00:00Z');
    expect(isNotified('2026-11-23T08:15:00Z', [...full(23), ...inc])).toContain('web INCREMENTAL');
    const later = [...full(23), ...inc, ...full(24), ...full(25)];
    expect(isNotified('2026-11-24T08:15:00Z', later.slice(0, -5))).toContain(
      'web OK AGAIN: no new',
    );
    expect(isNotified('2026-11-25T08:15:00Z', later)).toBeUndefined();
  });

  it('ends with what came, how late it was, and what was missed', () => {
    const { isNotified, message } = aMonitor();
    isNotified('2026-11-22T08:15:00Z', full(21));
    isNotified('2026-11-23T08:15:00Z', full(21));
    const late = [...full(21), ...full(23, '10:15', '11:02')];
    const told = message('2026-11-23T11:03:00Z', [
      judge(web, collected(...late), at('2026-11-23T11:03:00Z')),
    ]);
    expect(told?.subject).toBe(
      '[backup] web OK AGAIN: full done Mon 23 Nov 11:02 UTC, 2 h 47 min late',
    );
    expect((told && renderText(told))?.replace(/\s+/g, ' ')).toContain('2 windows missed');
    expect(isNotified('2026-11-23T11:04:00Z', late)).toBeUndefined();
  });

  it('ends once, though the missed window is looked at again after the next one was answered', () => {
    const { isNotified } = aMonitor();
    const night = [...full(22), ...full(24)];
    isNotified('2026-11-23T08:15:00Z', full(22));
    expect(isNotified('2026-11-24T03:16:00Z', night)).toContain(
      'web OK AGAIN: full done Tue 24 Nov',
    );
    for (const later of ['24T03:17', '24T04:30', '24T07:45', '24T08:15']) {
      expect(isNotified(`2026-11-${later}:00Z`, night), later).toBeUndefined();
    }
  });

  it('ends where the missed backup came while no run looked, though the next one still arrives', () => {
    const missed = '2026-11-23T08:15:00Z';
    const arriving = full(24, '07:40', '08:10').filter(({ name }) => name.includes('.vol'));
    const isNotifiedNext = (came: readonly StoredObject[]) => {
      const { isNotified } = aMonitor();
      isNotified(missed, full(22));
      return ['08:15', '08:30', '08:45'].map((time) =>
        isNotified(`2026-11-24T${time}:00Z`, [...full(22), ...came, ...arriving]),
      );
    };
    expect(isNotifiedNext(full(23, '10:15', '11:02'))).toEqual([
      'web OVER: full done Mon 23 Nov 11:02 UTC',
      '1 warning: web LATE',
      undefined,
    ]);
    expect(isNotifiedNext([])).toEqual([undefined, undefined, undefined]);
    // Of its own window it is still owed.
    const { isNotified } = aMonitor();
    isNotified(missed, full(22));
    const later = full(23, '08:30', '09:10').filter(({ name }) => name.includes('.vol'));
    expect(isNotified('2026-11-23T09:15:00Z', [...full(22), ...later])).toBeUndefined();
  });

  it('ends with OK AGAIN only when nothing else is wrong', () => {
    const { isNotified } = aMonitor();
    const poison = anObject('duplicity-full.20261123T101500Z.vol0.difftar.gpg');
    const late = [...full(22), ...full(23, '10:15', '11:02')];
    isNotified('2026-11-23T08:15:00Z', [...full(22), poison]);
    expect(isNotified('2026-11-23T11:03:00Z', [...late, poison])).toMatch(/^web OVER: full done/);
    expect(isNotified('2026-11-23T11:30:00Z', late)).toBe(
      'web OK AGAIN: poisoned is not found any more, after 3 h 15 min',
    );
  });

  it('ends with OK AGAIN though versions may not be listed, which says nothing of backups', () => {
    const { isNotified } = aMonitor();
    const late = collected(...full(22), ...full(23, '10:15', '11:02'));
    isNotified('2026-11-23T08:15:00Z', { ...collected(...full(22)), inconclusive: 'denied' });
    expect(isNotified('2026-11-23T11:03:00Z', { ...late, inconclusive: 'denied' })).toContain(
      'web OK AGAIN',
    );
  });

  it('neither begins nor ends by what cannot be checked', () => {
    const { isNotified, open } = aMonitor();
    expect(
      isNotified('2026-11-23T08:15:00Z', { ...collected(...full(23)), inconclusive: 'denied' }),
    ).toBeUndefined();
    const history = aHistory(full(23));
    history.put(full(23)[0]?.name ?? '', '2026-11-23T09:00:00Z', { bytes });
    const now = at('2026-11-23T09:01:00Z');
    isNotified('2026-11-23T09:01:00Z', history.collected(now));
    expect(
      isNotified('2026-11-23T09:15:00Z', { ...collected(...full(23)), inconclusive: 'denied' }),
    ).toBeUndefined();
    expect(open().map(({ kind }) => kind)).toEqual(['tampered']);
  });

  it('stays as it is while its host cannot be read', () => {
    const { isNotified, open } = aMonitor();
    isNotified('2026-11-23T08:15:00Z', full(22));
    expect(isNotified('2026-11-23T09:00:00Z', denied)).toBe('1 of 1 host FAILED: web UNREADABLE');
    expect(open().map(({ kind }) => kind)).toEqual(['missing', 'unreadable']);
    expect(isNotified('2026-11-23T09:15:00Z', full(22))).toMatch(
      /^web OVER: it can be read again, after 15 min/,
    );
    expect(isNotified('2026-11-23T09:30:00Z', full(22))).toBeUndefined();
    expect(isNotified('2026-11-24T08:15:00Z', full(22))).toContain('web MISSING (2nd day)');
  });

  it('of windows that nobody looked at is an alarm, also while the next backup arrives', () => {
    const { message } = aMonitor();
    const arriving = (last: string) =>
      full(23, '05:00', last).filter(({ name }) => !/manifest|sigtar/.test(name));
    const subject = (iso: string, today: readonly StoredObject[], judgedOn?: string) => {
      const read = collected(...full(19), ...today);
      return message(iso, [judge(web, read, at(iso), { judgedOn })])?.subject;
    };
    expect(subject('2026-11-23T08:15:00Z', arriving('08:10'), '2026-11-19')).toBe(
      '[backup] 1 of 1 host FAILED: web MISSING (4th day)',
    );
    expect(subject('2026-11-23T08:30:00Z', arriving('08:25'))).toBeUndefined();
    expect(subject('2026-11-23T09:00:00Z', full(23, '05:00', '08:50'))).toMatch(/web OK AGAIN/);
  });

  it('of a host that is paused is over, and not well', () => {
    const { isNotified } = aMonitor();
    const paused = { until: '2026-12-01', because: 'moved' };
    isNotified('2026-11-23T08:15:00Z', full(22));
    expect(isNotified('2026-11-23T09:00:00Z', full(22), { host: aHost({ paused }) })).toBe(
      'web OVER: paused until 2026-12-01: "moved"',
    );
  });

  it('of a host that left the config is over, by name', () => {
    const { isNotified, message } = aMonitor();
    isNotified('2026-11-23T08:15:00Z', full(22));
    const told = message('2026-11-23T08:30:00Z', []);
    expect(told?.subject).toBe(
      '[backup] web OVER: no longer in the config, or with another target or file prefix',
    );
    expect(message('2026-11-23T08:45:00Z', [])).toBeUndefined();
    expect(isNotified('2026-11-23T09:00:00Z', full(22))).toContain('web MISSING');
  });

  it('of a host that only has another name now follows it', () => {
    const { isNotified, open } = aMonitor();
    isNotified('2026-11-23T08:15:00Z', full(22));
    const renamed = aHost({ name: 'www', target: web.target });
    expect(isNotified('2026-11-23T08:30:00Z', full(22), { host: renamed })).toBeUndefined();
    expect(open().map(({ host }) => host)).toEqual(['www']);
    expect(isNotified('2026-11-24T08:15:00Z', full(22), { host: renamed })).toContain(
      'www MISSING (2nd day)',
    );
  });

  it('is found with who made it, however old, as long as it is open', () => {
    const { isNotified, open } = aMonitor();
    const change: Change = {
      ...{ what: 'removed', key: `web/${full(23)[0]?.name}`, at: at('2026-11-23T09:00:00Z') },
      ...{ left: 'version', principal: 'AWS:AIDAEXAMPLE', address: '203.0.113.9' },
    };
    const left = full(23).slice(1);
    isNotified('2026-11-23T09:01:00Z', left, { changes: [change] });
    isNotified('2026-11-23T09:15:00Z', left, { changes: [change] });
    expect(open().find(({ kind }) => kind === 'tampered')).toMatchObject({
      ...{ changes: [change], changeCount: 1, files: [full(23)[0]?.name] },
    });
  });
});

describe('the bounds of a problem', () => {
  const sets = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) => {
      const day = new Date(at('2020-01-01T00:00:00Z') + (from + index) * 86_400_000);
      return aFull({ begun: day.toISOString(), volumes: 1, signatures: false });
    });
  const removals = (count: number): Change[] =>
    sets(count).map(([first], index) => ({
      ...{ what: 'removed', key: `web/${first?.name}`, at: at('2026-11-23T09:00:00Z') + index },
      ...{ left: 'version', principal: 'AWS:AIDAEXAMPLE', address: '203.0.113.9' },
    }));
  const eternal = aHost({ keepDays: 9999 });

  it.each([1, 1000])('tell of %i changes more than are kept', (more) => {
    const { isNotified, message, open } = aMonitor();
    const changes = removals(MOST_CHANGES + more);
    const judgement = judge(eternal, collected(...full(23)), at('2026-11-23T09:30:00Z'), {
      changes,
    });
    const told = message('2026-11-23T09:30:00Z', [judgement], { changes });
    expect(open()[0]?.changes).toHaveLength(MOST_CHANGES);
    expect((told && renderText(told))?.replace(/\s+/g, ' ')).toContain(
      `And ${more} more change${more === 1 ? '' : 's'}.`,
    );
    expect((told && renderText(told))?.replace(/\s+/g, ' ')).toContain(
      `${changes.length} files were removed`,
    );
    expect(
      isNotified('2026-11-23T09:31:00Z', full(23), { host: eternal, changes }),
    ).toBeUndefined();
  });

  it.each([1, 1000])('tell of what comes after %i subjects more than are kept', (more) => {
    const { isNotified, open } = aMonitor();
    const changes = removals(2 * (MOST_SUBJECTS + more));
    const half = changes.slice(0, MOST_SUBJECTS + more);
    const news = (iso: string, some: readonly Change[]) =>
      isNotified(iso, full(23), { host: eternal, changes: some });
    expect(news('2026-11-23T09:30:00Z', half)).toContain('TAMPERED: web');
    expect(news('2026-11-23T09:31:00Z', half)).toBeUndefined();
    expect(news('2026-11-23T09:32:00Z', changes)).toContain('TAMPERED: web');
    expect(news('2026-11-23T09:33:00Z', changes)).toBeUndefined();
    expect(open()[0]?.subjects.length).toBeLessThanOrEqual(MOST_SUBJECTS + 2);
  });
});
