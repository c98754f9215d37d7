import { describe, expect, it } from 'vitest';
import type { Night } from '../../shared/messages/board.ts';
import {
  addHistory,
  formatHistory,
  HISTORY_DAYS,
  parseHistory,
} from '../../shared/messages/history.ts';
import { addDays } from '../../shared/rules/window.ts';
import { aBoard } from '../support/a-board.ts';

const nights = (days: number): Night[] =>
  Array.from({ length: days }, (_, day) => {
    const date = addDays('2025-01-01', day);
    return [date, 'ok', Date.parse(date) + (100 + (day % 60)) * 60_000, (6_000_000 + day) * 1024];
  });
const host = (days: number) => ({ place: 's3://b/web/', host: 'web', nights: nights(days) });

describe('the history of a host', () => {
  it('is read back to the minute and the KiB, and nothing else is taken for one', () => {
    const one = host(50);
    expect(parseHistory(formatHistory([one]))).toEqual([one]);
    for (const text of ['', '{}', 'null', '{"version":1,"hosts":[{"signs":"abc"}]}']) {
      expect(parseHistory(text)).toBeUndefined();
    }
  });

  it('takes at most 15 bytes a window', () => {
    const text = formatHistory([host(HISTORY_DAYS)]);
    expect((text.length - formatHistory([host(1)]).length) / HISTORY_DAYS).toBeLessThanOrEqual(15);
  });

  it('has 400 days at most, a board of thirty nights on top of what is known', () => {
    const { rows } = aBoard(1);
    const row = { ...(rows[0] as (typeof rows)[number]), place: 's3://b/web/' };
    const known = [{ place: 's3://b/web/', host: 'web', nights: nights(690) }];
    const [one] = addHistory(known, [row]);
    const dates = one?.nights.map(([date]) => date) ?? [];
    expect(dates.at(-1)).toBe('2026-11-23');
    expect(dates[0]).toBe(addDays('2026-11-23', 1 - HISTORY_DAYS));
    expect(new Set(dates).size).toBe(dates.length);
    expect(one?.nights.at(-1)).toEqual(row.nights.at(-1));
  });

  it('keeps a host that left the config', () => {
    expect(addHistory([host(5)], []).map((one) => one.host)).toEqual(['web']);
  });
});
