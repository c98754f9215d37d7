// What an operator said of hosts, in force at once: who is muted until when, and which problem is being worked on. It lies
// where the functions may read, and not write.
import * as v from 'valibot';
import type { Config } from '../config/config.ts';
import { count, maybe, readJson } from '../config/json.ts';
import { DAY, type Instant } from '../duplicity/time.ts';
import { formatInstant, quoteName } from '../messages/plain-text.ts';
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
  until: v.pipe(v.string(), v.isoDate()),
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
  { host, kind, since }: Problem,
  news: News,
  { hosts }: Pick<Config, 'hosts'>,
  now: Instant,
): boolean {
  const zone = hosts.find(({ name }) => name === host)?.timezone;
  if (zone === undefined) return false;
  const isMuted = mutes.some((one) => one.host === host && dateIn(zone, now) < one.until);
  if (isMuted && !NEVER_MUTED.includes(kind)) return true;
  const isAcked = acks.some(
    (one) =>
      one.host === host && (one.kind ?? kind) === kind && one.at >= since && now - one.at < ACK_MS,
  );
  return isAcked && news === 'reminder';
}

/** The page without what is over, or is of no host in the config. */
function inForce(
  { acks, mutes }: OperatorPage,
  { hosts }: Pick<Config, 'hosts'>,
  now: Instant,
): OperatorPage {
  const zoneOf = (host: string) => hosts.find(({ name }) => name === host)?.timezone;
  return {
    acks: acks.filter(({ host, at }) => zoneOf(host) !== undefined && now - at < ACK_MS),
    mutes: mutes.filter(({ host, until }) => {
      const zone = zoneOf(host);
      return zone !== undefined && dateIn(zone, now) < until;
    }),
  };
}

/** Everyone is notified once of each, and every digest lists those that are in force. */
export function operatorNews(page: OperatorPage, config: Config, now: Instant): OwnNews[] {
  return linesOf(page, config, now).map(({ at, text }) => ({
    ...{ kind: 'muted', severity: 'critical', since: at, subjects: [`${at} ${text}`], says: text },
  }));
}

/** Those that are in force, in words. */
export function describeOperatorPage(page: OperatorPage, config: Config, now: Instant): string[] {
  return linesOf(page, config, now).map(({ text }) => text);
}

function linesOf(page: OperatorPage, config: Config, now: Instant) {
  const { acks, mutes } = inForce(page, config, now);
  return [
    ...mutes.map(({ host, until, because, at }) => ({
      at,
      text: `${host} is muted until ${until}: ${quoteName(because)}`,
    })),
    ...acks.map(({ host, kind, at }) => {
      const what = kind === undefined ? 'its problems' : kind.toUpperCase();
      const when = formatInstant(at, config.timezone, now);
      return { at, text: `${host}: no reminders of ${what}, acknowledged ${when}` };
    }),
  ];
}
