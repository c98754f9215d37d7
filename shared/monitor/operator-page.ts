// What an operator said of hosts, in force at once: who is muted until when, and which problem is being worked on. It lies
// where the functions may read, and not write.
import * as v from 'valibot';
import type { Config, Host } from '../config/config.ts';
import { count, isoDate, maybe, readJson } from '../config/json.ts';
import { DAY, type Instant } from '../duplicity/time.ts';
import { formatInstant, quoteName } from '../messages/plain-text.ts';
import { placeOf } from '../rules/fingerprints.ts';
import type { News, Problem } from '../rules/problem.ts';
import { dateIn } from '../rules/window.ts';
import type { OwnNews } from './problems.ts';
import { RecordError, type RecordStore } from './state.ts';

/** The page, by name. */
export const OPERATOR_PAGE = 'operator/said.json';

const ACK_MS = 14 * DAY;

const ack = v.strictObject({ host: v.string(), kind: maybe(v.string()), at: count });
const mute = v.strictObject({
  ...{ host: v.string(), at: count, because: v.string() },
  /** The first day on which it is not in force, on the host's calendar. */
  until: isoDate,
});
const page = v.strictObject({ version: v.literal(1), acks: v.array(ack), mutes: v.array(mute) });
export type Ack = v.InferOutput<typeof ack>;
type Mute = v.InferOutput<typeof mute>;
export type OperatorPage = {
  readonly acks: readonly Ack[];
  readonly mutes: readonly Mute[];
  /** Why it could not be read. */
  readonly damage?: string;
};

export const NO_ENTRIES: OperatorPage = { acks: [], mutes: [] };

/** `undefined` for anything that `formatOperatorPage` does not write. Never throws. */
export function parseOperatorPage(text: string): OperatorPage | undefined {
  return readJson(page, text);
}

/** Version 1; instants are milliseconds since 1970. */
export function formatOperatorPage({ acks, mutes }: OperatorPage): string {
  return `${JSON.stringify({ version: 1, acks, mutes })}\n`;
}

/** Without what was over a month ago: until then it can be seen who was silent. */
export function dropOver({ acks, mutes }: OperatorPage, now: Instant): OperatorPage {
  const longAgo = now - 30 * DAY;
  return {
    acks: acks.filter(({ at }) => at + ACK_MS > longAgo),
    mutes: mutes.filter(({ until }) => Date.parse(until) > longAgo),
  };
}

/** What cannot be read holds nothing back, and is said. */
export async function readOperatorPage(records: RecordStore): Promise<OperatorPage> {
  try {
    const { text } = await records.read(OPERATOR_PAGE);
    if (text === undefined) return NO_ENTRIES;
    const damage = `${OPERATOR_PAGE} in the state bucket is damaged: no host is muted, and nothing acknowledged`;
    return parseOperatorPage(text) ?? { ...NO_ENTRIES, damage };
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return { ...NO_ENTRIES, damage: `no host is muted: ${error.message}` };
  }
}

// What would be lost, or cannot be seen, is reported, whatever is muted.
const NEVER_MUTED: readonly Problem['kind'][] = ['tampered', 'expiring', 'unreadable'];

/** A mute holds back all that is sent about a host; an acknowledgement the reminders of what was open when it was given. */
export function isHeldBack(
  { acks, mutes }: OperatorPage,
  problem: Problem,
  news: News,
  { hosts }: Pick<Config, 'hosts'>,
  now: Instant,
): boolean {
  const { host, kind } = problem;
  const zone = hosts.find(({ name }) => name === host)?.timezone;
  if (zone === undefined) return false;
  const isMuted = mutes.some((one) => one.host === host && dateIn(zone, now) < one.until);
  if (isMuted && !NEVER_MUTED.includes(kind)) return true;
  return news === 'reminder' && acks.some((one) => isOf(one, problem) && now - one.at < ACK_MS);
}

/** It was open when it was acknowledged. */
function isOf(ack: Ack, { host, kind, since }: Problem): boolean {
  return ack.host === host && (ack.kind ?? kind) === kind && ack.at >= since;
}

/** All that is known of what is open; `undefined`: that is not known. */
type Open = readonly Problem[] | undefined;

/**
 * What is in force, without what is of no host in the config. Everyone is notified once of each, and every digest lists
 * them.
 */
export function operatorNews(
  { acks, mutes }: OperatorPage,
  { hosts, timezone }: Pick<Config, 'hosts' | 'timezone'>,
  open: Open,
  now: Instant,
): OwnNews[] {
  const hostOf = (name: string) => hosts.filter((host) => host.name === name);
  const newsOf = (host: Host, at: Instant, say: (from: Instant) => string): OwnNews => ({
    ...{ kind: 'muted', severity: 'critical', since: at, place: placeOf(host) },
    // The year comes into the words with the next one.
    ...{ subjects: [`${at} ${say(at)}`], says: say(now) },
  });
  const isOpen = (ack: Ack) =>
    open?.some((one) => one.over === undefined && isOf(ack, one)) !== false;
  return [
    ...mutes.flatMap(({ until, because, at, ...one }) =>
      hostOf(one.host).flatMap((host) => {
        const say = () => `${host.name} is muted until ${until}: ${quoteName(because)}`;
        return dateIn(host.timezone, now) < until ? newsOf(host, at, say) : [];
      }),
    ),
    ...acks.flatMap((ack) =>
      hostOf(ack.host).flatMap((host) => {
        const what = ack.kind === undefined ? 'its problems' : ack.kind.toUpperCase();
        const say = (from: Instant) =>
          `${host.name}: no reminders of ${what}, acknowledged ${formatInstant(ack.at, timezone, from)}`;
        return now - ack.at < ACK_MS && isOpen(ack) ? newsOf(host, ack.at, say) : [];
      }),
    ),
  ];
}
