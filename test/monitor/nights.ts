// Nights after one another through the schedule: a few of them for each change, 400 now and then.
import { expect } from 'vitest';
import type { Config } from '../../shared/config/config.ts';
import type { ObjectStore } from '../../shared/monitor/object-store.ts';
import { runSchedule } from '../../shared/monitor/scheduled-run.ts';
import { parseState } from '../../shared/monitor/state.ts';
import { placeOf } from '../../shared/rules/fingerprints.ts';
import { addDays, dateIn } from '../../shared/rules/window.ts';
import { aConfig, aFull, aHost, at } from '../support/builders.ts';
import { inMemoryStore, keyed } from '../support/in-memory.ts';
import { memoryChannel, memoryRecords } from '../support/records-in-memory.ts';
import { ZONES } from '../support/zones.ts';

const QUARTER = 15 * 60_000;
const DAY = 86_400_000;

/** Runs of the schedule with one memory; `reads` is the bucket as of now. */
function aSchedule(config: Config, reads: () => ObjectStore) {
  const [records, mail] = [memoryRecords(), memoryChannel('mail')];
  return {
    mail,
    state: () => parseState(records.text ?? ''),
    run: (until: number) =>
      runSchedule(
        {
          ...{ store: reads(), records, channels: [mail], ops: [memoryChannel('ops')] },
          ...{ escalates: false, judgeChannels: async () => [] },
        },
        config,
        until,
        until,
      ),
  };
}

/** Every tick of so many days: each window of ten zones is judged once, in order, and each day has one digest. */
export async function expectEachWindowOnce(date: string, days: number): Promise<void> {
  const hosts = ZONES.map((timezone) => aHost({ name: timezone, timezone }));
  const config = aConfig(hosts, { timezone: 'Europe/Amsterdam' });
  const { mail, state, run } = aSchedule(config, () => inMemoryStore([]));
  const judgedDates = new Map<string, string[]>(ZONES.map((zone) => [zone, []]));
  const digests: string[] = [];
  const start = at(`${date}T00:00Z`);
  for (let until = start; until < start + days * DAY; until += QUARTER) {
    const sent = mail.sent.length;
    await run(until);
    const texts = mail.sent.slice(sent).map(({ text }) => text);
    if (texts.some((text) => text.includes('Digest #')))
      digests.push(dateIn(config.timezone, until));
    const known = (state() ?? expect.fail('no state')).judged;
    for (const host of hosts) {
      const dates = judgedDates.get(host.name) ?? [];
      const judged = known.get(placeOf(host));
      if (judged !== undefined && judged !== dates.at(-1)) dates.push(judged);
    }
  }
  for (const [zone, dates] of judgedDates) {
    const consecutive = dates.map((_, day) => addDays(dates[0] ?? '', day));
    expect(dates, zone).toEqual(consecutive);
    // One a day; and the one that had closed before, where the first digest looks before the first window closes.
    expect(dates.length - days, zone).toBeOneOf([0, 1]);
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
    const { mail, run } = aSchedule(config, () => store);
    for (const hour of [12, 14]) await run(start + day * DAY + hour * 3_600_000);
    const isAlarm = mail.sent.some(({ urgency }) => urgency === 'alert');
    if (isAlarm === (fault === 'none')) wrong.push(`${begun} ${fault}`);
  }
  return wrong;
}
