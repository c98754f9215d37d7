import { describe, expect, it } from 'vitest';
import { fail, ok } from '../../shared/doctor/audit.ts';
import { step } from '../../shared/doctor/fix.ts';
import { collectSets } from '../../shared/duplicity/backup-set.ts';
import { NO_PREFIX } from '../../shared/duplicity/file-name.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import {
  type Board,
  type BoardRow,
  composeGrid,
  EMPTY_BOARD,
  formatBoard,
  parseBoard,
  updateBoard,
} from '../../shared/messages/board.ts';
import { reportHost } from '../../shared/messages/host-report.ts';
import {
  composeStatusPage,
  composeYear,
  type PageAbout,
} from '../../shared/messages/status-page.ts';
import { judge } from '../../shared/rules/judge.ts';
import { aBoard, BOARD_NOW } from '../support/a-board.ts';
import { aFull, aHost, at, collected } from '../support/builders.ts';

const about = (hosts: number, more: Partial<PageAbout> = {}): PageAbout => ({
  ...{ bucket: 'acme-backups', timezone: 'UTC', hostsInConfig: hosts, writtenAt: BOARD_NOW },
  ...more,
});
const pageOf = (board: Board, more: Partial<PageAbout> = {}) =>
  composeStatusPage(board, about(board.rows.length, more));

describe('composeStatusPage', () => {
  it('shows the worst host first, when it was written, and until when it must be newer', () => {
    const page = pageOf(aBoard(8));
    const order = ['<h1>3 of 8 hosts FAILED', 'Mon 23 Nov 2026 08:15 UTC', 'Tue 24 Nov 08:15'];
    const hosts = ['>nas<', '>web<', '>db<', '>slow<', '>lab<', '>mail<'];
    const places = [...order, ...hosts].map((text) => page.indexOf(text));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(page).toContain('Do now: <code>ssh web &#39;'.replaceAll('&#39;', "'"));
  });

  it('is loudest where a backup was tampered with', () => {
    const board = aBoard(3);
    const rows = board.rows.map((row, index) =>
      index === 2 ? { ...row, tone: 'tampered' as const, verdict: 'tampered' } : row,
    );
    const page = pageOf({ ...board, rows });
    expect(page).toContain('<header class="tampered">');
    expect(page).toContain('<h1>TAMPERED: db. 3 of 3 hosts FAILED');
  });

  it('has one box for a cause that hosts share, and one for each channel that is dead', () => {
    const { rows } = aBoard(1);
    const board = {
      rows: [1, 2, 3].map((n) => ({ ...(rows[0] as BoardRow), host: `nas${n}` })),
      notes: [],
    };
    const dead = {
      ...fail('mail', 'on the suppression list', step('decide', 'remove it')),
      since: 0,
    };
    const page = pageOf(board, {
      channels: { lookedAt: BOARD_NOW, states: [dead, { ...ok('sms', 'well'), since: 0 }] },
    });
    expect(page.match(/One cause for 3 hosts/g)).toHaveLength(1);
    expect(page).toContain('Channel mail:');
    expect(page).toContain('1 dead');
  });

  it('calls no set bad of which the volumes were not read, and keeps what was known of it', () => {
    const host = aHost();
    const [one, two, three] = ['21', '22', '23'].map((day) =>
      aFull({ begun: `2026-11-${day}T03:15:00Z` }),
    );
    const look = (iso: string, objects: readonly StoredObject[], unlisted: readonly string[]) => ({
      host,
      report: reportHost(
        judge(host, collectSets({ objects, volumeStems: [...unlisted] }, NO_PREFIX), at(iso)),
        'UTC',
      ),
    });
    const isVolume = ({ name }: StoredObject) => name.includes('.vol');
    const withoutVolumes = [...(one ?? []), ...(two ?? [])].filter((file) => !isVolume(file));
    const stems = ['21', '22'].map((day) => `duplicity-full.202611${day}T031500Z.vol`);
    const first = look('2026-11-22T09:00:00Z', two ?? [], []);
    const next = look('2026-11-23T09:00:00Z', [...withoutVolumes, ...(three ?? [])], stems);
    const board = [first, next].reduce(
      (known, judged) => updateBoard(known, [judged], { hosts: [host] }),
      EMPTY_BOARD,
    );
    expect(board.rows[0]?.sets.map(({ startedAt, good }) => [startedAt, good])).toEqual([
      [at('2026-11-23T03:15:00Z'), true],
      [at('2026-11-22T03:15:00Z'), true],
    ]);
    expect(new Set(board.rows[0]?.sets.map(({ bytes }) => bytes)).size).toBe(1);
    expect(pageOf(board)).not.toContain('not good');
  });

  it('keeps how a night went, where a later look at it could not read the host', () => {
    const host = aHost();
    const there = collected(...aFull({ begun: '2026-11-22T03:15:00Z' }));
    const locked = { unreadable: 'AccessDenied (403)', hint: 'fix it' };
    const board = [
      judge(host, there, at('2026-11-22T08:15:00Z')),
      judge(host, locked, at('2026-11-23T03:00:00Z')),
      judge(host, locked, at('2026-11-23T08:15:00Z')),
    ].reduce(
      (known, one) =>
        updateBoard(known, [{ host, report: reportHost(one, 'UTC') }], { hosts: [host] }),
      EMPTY_BOARD,
    );
    const nights = board.rows[0]?.nights.map(([date, sign]) => `${date} ${sign}`);
    expect(nights).toEqual(['2026-11-22 ok', '2026-11-23 bad']);
  });

  it('contains no markup but its own, whatever a bucket contains', () => {
    const evil = '<script>alert(1)</script>\u202e"><img src=x onerror=y>';
    const row: Partial<BoardRow> = {
      ...{ host: evil, verdict: evil, lastGood: evil },
      findings: [{ kind: evil, severity: 'critical', says: evil, step: evil }],
      sets: [{ startedAt: BOARD_NOW, good: true, bytes: 1, type: evil }],
    };
    const page = pageOf(
      { rows: aBoard(200, row).rows, notes: [evil] },
      { bucket: evil, runbook: `https://${evil}` },
    );
    const tags = new Set([...page.matchAll(/<\/?([a-z0-9!]+)/gi)].map(([, tag]) => tag));
    const known =
      '!doctype html head meta title style body header main section h1 h2 h3 p b ul li span i em div details summary svg path code br small a';
    expect([...tags].filter((tag) => !known.split(' ').includes(tag ?? ''))).toEqual([]);
    expect(page).not.toContain('onerror=y>');
    expect(page).toMatch(/^[\n -~]*$/);
  });

  it('says of each host until when its last good copy is there, and loudest that there is none', () => {
    const until = (more: Partial<BoardRow>) =>
      /class="until"><i>good copy until <\/i>(.*?)<\/span>/.exec(pageOf(aBoard(1, more)))?.[1];
    const day = BOARD_NOW + 5 * 86_400_000;
    expect(until({ verdict: 'missing', expiresAt: day })).toBe('Sat 28 Nov');
    expect(until({ verdict: 'missing', expiresAt: undefined })).toBe('not hidden');
    const nothing = { expiresAt: undefined, lastGoodAt: undefined };
    expect(until({ verdict: 'missing', ...nothing })).toBe('<b>none</b>');
    expect(until({ verdict: 'unreadable', ...nothing })).toBe('-');
  });

  it('is under 150 kB for 40 hosts, and stays small for ten thousand', () => {
    expect(pageOf(aBoard(40)).length).toBeLessThan(150_000);
    const page = pageOf(aBoard(10_000));
    expect(page.length).toBeLessThan(2_500_000);
    expect(page).toContain('9850 more hosts');
    expect(page).toContain('host-9999');
  });
});

describe('the page of a year', () => {
  it('counts as owed what was owed: no night of a pause, and none before the first backup was due', () => {
    const page = composeYear('web', [
      ['2026-11-20', 'none', 0, 0],
      ['2026-11-21', 'ok', at('2026-11-21T03:10:00Z'), 5],
      ['2026-11-22', 'bad', 0, 0],
      ['2026-11-23', 'paused', 0, 0],
    ]);
    expect(page).toContain('web: 1 of 2 nights good');
  });
});

describe('the board', () => {
  const full = (day: number) =>
    aFull({ begun: `2026-11-${day}T03:15:00Z`, done: `2026-11-${day}T03:30:00Z` });
  const seen = (now: string, days: readonly number[]) => {
    const host = aHost({ name: 'web' });
    const judgement = judge(host, collected(...days.flatMap(full)), at(now));
    return { host, report: reportHost(judgement, 'UTC') };
  };
  const shownOn = (board: Board, ...judged: ReturnType<typeof seen>[]) =>
    judged.reduce((one, next) => updateBoard(one, [next], { hosts: [next.host] }), board);
  const nightsOf = ({ rows }: Board) =>
    rows[0]?.nights.map(([date, sign]) => `${date.slice(8)} ${sign}`);

  it('keeps how each window went, and takes a miss not back when a bucket shows less or more later', () => {
    const board = shownOn(
      EMPTY_BOARD,
      seen('2026-11-21T08:15:00Z', [20, 21]),
      seen('2026-11-22T08:15:00Z', [20, 21]),
      seen('2026-11-23T08:15:00Z', [22, 23]),
    );
    expect(nightsOf(board)).toEqual(['20 ok', '21 ok', '22 bad', '23 ok']);
  });

  it('says late of a backup that came after its window, once it came', () => {
    const late = aFull({ begun: '2026-11-23T10:00:00Z', done: '2026-11-23T11:02:00Z' });
    const host = aHost({ name: 'web' });
    const judgement = judge(host, collected(...full(22), ...late), at('2026-11-23T11:03:00Z'));
    const missed = seen('2026-11-23T08:15:00Z', [22]);
    const board = shownOn(EMPTY_BOARD, missed, { host, report: reportHost(judgement, 'UTC') });
    expect(nightsOf(board)).toEqual(['22 ok', '23 odd']);
    expect(board.rows[0]?.tone).toBe('good');
  });

  it('is not set back by a run that looked before', () => {
    const newer = shownOn(EMPTY_BOARD, seen('2026-11-23T08:15:00Z', [23]));
    expect(shownOn(newer, seen('2026-11-22T08:15:00Z', []))).toEqual(newer);
  });

  it('forgets a host that left the config, and reads back what it wrote, and nothing else', () => {
    const board = shownOn(EMPTY_BOARD, seen('2026-11-23T08:15:00Z', [23]));
    expect(updateBoard(board, [], { hosts: [] }).rows).toEqual([]);
    expect(parseBoard(formatBoard(board))).toEqual(board);
    for (const text of ['', '{}', 'null', '{"version":2}', '<html>']) {
      expect(parseBoard(text)).toBeUndefined();
    }
  });

  it('has at most thirty nights a host', () => {
    let board = EMPTY_BOARD;
    for (let day = 0; day < 40; day += 1) {
      const now = new Date(Date.parse('2026-10-01T08:15:00Z') + day * 86_400_000).toISOString();
      board = shownOn(board, seen(now, []));
    }
    expect(board.rows[0]?.nights).toHaveLength(30);
  });

  it('gives a mail the grid, the worst first', () => {
    const grid = composeGrid(aBoard(8));
    expect(grid?.kind === 'grid' && grid.rows.map(({ who }) => who).slice(0, 3)).toEqual([
      ...['nas', 'web', 'db'],
    ]);
    expect(composeGrid(EMPTY_BOARD)).toBeUndefined();
  });
});
