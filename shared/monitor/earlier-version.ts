// What the version before remembered: nothing that was on its way, and no fingerprint, is lost by a deployment.

import pMap from 'p-map';
import * as v from 'valibot';
import { doOverlap, type Host, type Shard, shardIndexOf } from '../config/config.ts';
import { instant, maybe, readJson, texts } from '../config/json.ts';
import type { Instant } from '../duplicity/time.ts';
import { type Fingerprint, placeOf } from '../rules/fingerprints.ts';
import type { Problem } from '../rules/problem.ts';
import { addDays } from '../rules/window.ts';
import { BLANK } from './problems.ts';
import { fingerprint } from './record-page.ts';
import {
  channelStates,
  dateByPlace,
  EMPTY_STATE,
  type MonitorState,
  type RecordStore,
  refusalMap,
} from './state.ts';

const earlierState = v.object({
  ...{ version: v.literal(1), judgedUntil: v.nullable(instant) },
  pending: v.array(
    v.object({
      ...{ id: v.string(), left: texts, since: instant },
      message: v.object({
        ...{ subject: v.string(), text: v.string() },
        urgency: v.picklist(['alert', 'digest', 'test']),
      }),
    }),
  ),
  paths: maybe(channelStates),
  turns: maybe(
    v.object({
      ...{ unread: texts, judged: dateByPlace, late: maybe(dateByPlace) },
      digest: maybe(v.string()),
    }),
  ),
  refusals: maybe(refusalMap),
});

/**
 * The state of version 1 as one of today; `undefined` for any other text. Messages that a channel has not taken become a
 * problem that is new to that channel alone. Hosts that were unreadable or late are asked about again, as version 2 asks
 * about each window that was not judged for good. Never throws.
 */
export function readEarlierState(
  text: string,
  hosts: readonly Host[],
  channels: readonly string[],
  now: Instant,
): MonitorState | undefined {
  const earlier = readJson(earlierState, text);
  if (earlier === undefined) return undefined;
  const { judgedUntil, pending, paths, turns, refusals } = earlier;
  const placeBy = new Map(hosts.map((host) => [host.name, placeOf(host)]));
  const open = new Set([...(turns?.unread ?? []), ...(turns?.late?.keys() ?? [])]);
  const judged = [...(turns?.judged ?? [])].flatMap(([name, date]): [string, string][] => {
    const place = placeBy.get(name);
    return place === undefined ? [] : [[place, open.has(name) ? addDays(date, -1) : date]];
  });
  return {
    ...EMPTY_STATE,
    judgedUntil: judgedUntil ?? undefined,
    judged: new Map(judged),
    digestOn: turns?.digest,
    problems: pending.map(({ id, message, left, since }): Problem => {
      const severity = message.urgency === 'alert' ? 'critical' : 'warning';
      const notified = { at: now, severity, subjects: 1 } as const;
      return {
        ...{ ...BLANK, kind: 'earlier', severity, since, lastSeen: now, subjects: [id] },
        says: message.subject.replace('[backup] ', ''),
        details: message.text.split('\n'),
        notified: new Map(
          channels.filter((name) => !left.includes(name)).map((name) => [name, notified]),
        ),
      };
    }),
    channels: paths,
    refusals: refusals ?? new Map(),
  };
}

/** All of those pages begin so. Nothing is written there any more. */
export const EARLIER_FULLS = 'seals/';

const READ_MS = 40 * 86_400_000;
const PAGES_AT_ONCE = 8;

/** The fulls of a shard's hosts, and how many of the pages are not what a run wrote. */
export type EarlierFulls = { readonly fulls: readonly Fingerprint[]; readonly spoiled: number };

const earlierPage = v.object({ version: v.literal(1), seals: v.array(fingerprint) });

/** A page is read once, for however many shards one run asks. It throws `RecordError`. */
export function openEarlierFulls(
  records: RecordStore,
  now: Instant,
): (shard: Shard) => Promise<EarlierFulls> {
  let names: Promise<string[]> | undefined;
  const pages = new Map<string, Promise<readonly Fingerprint[] | undefined>>();
  const read = async (name: string) =>
    readJson(earlierPage, (await records.read(name)).text ?? '')?.seals;
  return async (shard) => {
    names ??= records.list(EARLIER_FULLS);
    const asked = (await names).filter((name) => {
      const page = readEarlierPage(name);
      return page !== undefined && page.at > now - READ_MS && doOverlap(page, shard);
    });
    const found = await pMap(
      asked,
      (name) => {
        const page = pages.get(name) ?? read(name);
        pages.set(name, page);
        return page;
      },
      { concurrency: PAGES_AT_ONCE },
    );
    const isOwn = ({ place }: Fingerprint) => shardIndexOf(place, shard.of) === shard.index;
    return {
      fulls: found.flatMap((seals = []) => seals.filter(isOwn)),
      spoiled: found.filter((seals) => seals === undefined).length,
    };
  };
}

/** `seals/2026/11/23T081500Z.json`, and `23T081500Z.3of32.json` of a config that was cut. */
function readEarlierPage(name: string): (Shard & { readonly at: Instant }) | undefined {
  const [, date, time, index = '0', of = '1'] =
    /^seals\/(\d{4}\/\d\d\/\d\d)T(\d{6})Z(?:\.(\d{1,9})of(\d{1,9}))?\.json$/.exec(name) ?? [];
  const clock = time?.replace(/(..)(..)(..)/, '$1:$2:$3');
  const at = Date.parse(`${date?.replaceAll('/', '-')}T${clock}Z`);
  return Number.isNaN(at) ? undefined : { at, index: Number(index), of: Number(of) };
}
