// Days of a small fleet through both runs, and what each channel heard: acts at their times, a tick of the schedule each hour.
import { parseConfig } from '../../shared/config/parse-config.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { runEvents } from '../../shared/monitor/event-run.ts';
import { type Channel, mailboxChannels } from '../../shared/monitor/notify.ts';
import type { ObjectEvent } from '../../shared/monitor/object-event.ts';
import {
  type KeyedObject,
  type ObjectStore,
  TargetUnreadableError,
} from '../../shared/monitor/object-store.ts';
import { type Ack, formatOperatorPage, OPERATOR_PAGE } from '../../shared/monitor/operator-page.ts';
import { runSchedule } from '../../shared/monitor/scheduled-run.ts';
import { addDays } from '../../shared/rules/window.ts';
import { aFull, at } from '../support/builders.ts';
import { inMemoryStore, keyed } from '../support/in-memory.ts';
import { memoryChannel, memoryRecords, type SentMessage } from '../support/records-in-memory.ts';

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];

/** One message: when, to whom, its subject without the mark, and all of it. */
export type Received = { readonly at: string; readonly to: string; readonly says: string } & {
  readonly message: SentMessage;
};

/** web and db, of which db has a full each night. */
export function aConfigText(hosts = 'web: {}, db: {}', alerts = ''): string {
  return `bucket: backups
region: eu-west-1
alerts: { from: b@example.net, mail: [staff@example.net], sms: ["+31600000000"], weeklyTest: true${alerts} }
hosts: { ${hosts} }
`;
}

/** Lifecycle takes what is over a week old. `2026-11-22` is a Sunday. */
export function aFleet(configText = aConfigText()) {
  let config = parseConfig(configText, 'hosts.yml');
  let now = 0;
  const records = memoryRecords();
  const objects: KeyedObject[] = [];
  const heard: Received[] = [];
  const acts: { readonly at: number; readonly act: () => unknown }[] = [];
  const said: {
    acks: Ack[];
    mutes: { host: string; at: number; until: string; because: string }[];
  } = { acks: [], mutes: [] };
  const channel = (name: string): Channel => {
    const kept = memoryChannel(name);
    return {
      name,
      send: async (message) => {
        await kept.send(message);
        const [sent] = kept.sent.splice(0);
        const says = message.subject.replace('[backup] ', '');
        const time = new Date(now).toISOString().slice(8, 16).replace('T', ' ');
        if (sent !== undefined) heard.push({ at: time, to: name, says, message: sent });
      },
    };
  };
  let locked: string | undefined;
  const storeOf = (there: readonly KeyedObject[]): ObjectStore => {
    const store = inMemoryStore(there);
    const list: ObjectStore['list'] = async (query) => {
      if (query.prefix !== `${locked}/`) return store.list(query);
      throw new TargetUnreadableError('AccessDenied (403)', 'ask who changed the policy');
    };
    return { ...store, list };
  };
  const dependencies = () => ({
    store: storeOf(
      objects.filter(({ modifiedAt }) => modifiedAt <= now && modifiedAt > now - 7 * DAY),
    ),
    ...{ records, escalates: true, ops: [channel('ops')], judgeChannels: async () => [] },
    channels: [
      ...mailboxChannels(config, (to) => to.map((one) => channel(one.replace(/@.*/, '')))),
      ...(config.alerts.sms.length > 0 ? [channel('SNS')] : []),
    ],
  });
  const fleet = {
    ...{ heard, records },
    /** Its target cannot be read any more; `undefined`: each can. */
    lock: (host: string | undefined) => {
      locked = host;
    },
    do: (iso: string, act: () => unknown) => void acts.push({ at: at(iso), act }),
    change: (text: string) => {
      config = parseConfig(text, 'hosts.yml');
    },
    /** Uploads; S3's event comes a minute later. */
    put(host: string, files: readonly StoredObject[]) {
      const own = keyed(`${host}/`, files);
      objects.push(...own);
      const events = own.map(
        ({ key, modifiedAt }): ObjectEvent => ({
          ...{ bucket: 'backups', key, at: modifiedAt, what: 'created', left: 'unknown' },
          ...{ principal: undefined, address: undefined },
        }),
      );
      const last = Math.max(...own.map(({ modifiedAt }) => modifiedAt));
      acts.push({
        at: last + MINUTE,
        act: () => runEvents(dependencies(), config, events, now).catch(() => undefined),
      });
    },
    /** A full at 03:00 of each day from one to another, but for some. */
    nights(host: string, from: string, to: string, but: readonly string[] = []) {
      for (let date = from; date <= to; date = addDays(date, 1)) {
        if (!but.includes(date)) fleet.put(host, aFull({ begun: `${date}T03:00:00Z` }));
      }
    },
    ack: (host: string) =>
      say({ ...said, acks: [...said.acks, { host, kind: undefined, at: now }] }),
    mute: (host: string, until: string) =>
      say({ ...said, mutes: [...said.mutes, { host, until, at: now, because: 'disk swap' }] }),
    tick: (until = now) => runSchedule(dependencies(), config, until, now),
    /** Ticks at a quarter past each hour; what fails is done again by a later one. */
    async play(from: string, to: string) {
      const all = [...acts];
      for (let tick = at(from) + HOUR / 4; tick <= at(to); tick += HOUR) {
        all.push({ at: tick, act: () => fleet.tick().catch(() => undefined) });
      }
      for (const one of all.toSorted((a, b) => a.at - b.at)) {
        if (one.at < at(from) || one.at > at(to)) continue;
        now = one.at;
        await one.act();
      }
      return fleet;
    },
    /** What somebody heard from a day on: `23 08:15 1 of 2 hosts FAILED: web MISSING`. */
    by: (to: string, from = '', all: readonly Received[] = heard) =>
      all
        .filter((one) => one.to === to && one.at >= from)
        .map(({ at: time, says }) => `${time} ${says}`),
    /** The same without digests and tests. */
    alarms: (to: string, from = '') => {
      const rings = heard.filter(({ message }) => message.urgency === 'alert');
      return fleet.by(to, from, rings);
    },
  };
  async function say(page: typeof said) {
    Object.assign(said, page);
    await records.replace(OPERATOR_PAGE, formatOperatorPage(said));
  }
  fleet.nights('web', '2026-11-15', '2026-11-22');
  fleet.nights('db', '2026-11-15', '2026-12-20');
  return fleet;
}
