// Nights after one another through `judgeFleet`: a few of them for each change, 400 now and then.
import { expect } from 'vitest';
import { composeRun } from '../../shared/messages/compose-alert.ts';
import { judgeFleet } from '../../shared/monitor/judge-fleet.ts';
import { addDays, dateIn } from '../../shared/rules/window.ts';
import { aConfig, aFull, aHost, at } from '../support/builders.ts';
import { inMemoryStore, keyed } from '../support/in-memory.ts';
import { ZONES } from '../support/zones.ts';

const QUARTER = 15 * 60_000;
const DAY = 86_400_000;

/** Every tick of so many days: each window of ten zones is due once, in order, and each day has one digest. */
export async function expectEachWindowOnce(date: string, days: number): Promise<void> {
  const hosts = ZONES.map((timezone) => aHost({ name: timezone, timezone }));
  const config = aConfig(hosts, { timezone: 'Europe/Amsterdam' });
  const store = inMemoryStore([]);
  const judgedDates = new Map<string, string[]>(ZONES.map((zone) => [zone, []]));
  const digests: string[] = [];
  const start = at(`${date}T00:00Z`);
  for (let from = start; from < start + days * DAY; from += QUARTER) {
    const until = from + QUARTER;
    const run = await judgeFleet(store, config, { from, until }, until);
    if (run.digest) digests.push(dateIn(config.timezone, until));
    for (const { host, window } of run.report.judgements) {
      if (run.due.has(host.name)) judgedDates.get(host.name)?.push(window.date);
    }
  }
  const consecutive = (dates: readonly string[]) =>
    Array.from({ length: dates.length }, (_, day) => addDays(dates[0] ?? '', day));
  for (const [zone, dates] of judgedDates) {
    expect(dates, zone).toEqual(consecutive(dates));
    expect(dates.length, zone).toBe(days);
  }
  expect(digests.length).toBe(days);
  expect(new Set(digests).size).toBe(days);
}

/** The nights on which a host with every kind of fault was reported wrongly, or not reported. */
export async function wrongNights(date: string, nights: number): Promise<string[]> {
  const host = aHost({ timezone: 'America/New_York' });
  const config = aConfig([host], { timezone: host.timezone });
  const start = at(`${date}T00:00Z`);
  const wrong: string[] = [];
  for (let day = 0; day < nights; day += 1) {
    // 02:30 in New York falls into the skipped hour once a year, and occurs twice once a year.
    const begun = new Date(start + day * DAY + 7.5 * 3_600_000).toISOString();
    const earlier = new Date(start + (day - 1) * DAY + 7.5 * 3_600_000).toISOString();
    const fault = (['none', 'no run', 'killed', 'volume lost', 'none', 'none'] as const)[day % 6];
    const night = aFull({ begun }).filter(
      ({ name }) =>
        !(fault === 'no run') &&
        !(fault === 'killed' && /manifest|sigtar|vol3/.test(name)) &&
        !(fault === 'volume lost' && /vol2/.test(name)),
    );
    const store = inMemoryStore(keyed('web/', [...aFull({ begun: earlier }), ...night]));
    const until = start + day * DAY + 14 * 3_600_000;
    const run = await judgeFleet(store, config, { from: until - DAY / 12, until }, until);
    const message = composeRun({ ...run, digest: false });
    if ((message === undefined) !== (fault === 'none')) wrong.push(`${begun} ${fault}`);
  }
  return wrong;
}
