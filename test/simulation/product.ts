// The one file that knows the product: it runs its functions over the world's bucket, and says what a channel heard of whom.
import type { Config } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { hooksOf } from '../../shared/config/recipients.ts';
import type { Message } from '../../shared/messages/message-tree.ts';
import { composePosts } from '../../shared/messages/render-chat.ts';
import { renderText } from '../../shared/messages/render-text.ts';
import { runEvents } from '../../shared/monitor/event-run.ts';
import { openHostRecords } from '../../shared/monitor/host-records.ts';
import { foldVersions, type VersionRow } from '../../shared/monitor/list-sets.ts';
import {
  type Channel,
  forHosts,
  mailboxChannels,
  RefusalError,
} from '../../shared/monitor/notify.ts';
import type { ObjectEvent } from '../../shared/monitor/object-event.ts';
import {
  type ListAnswer,
  type ObjectStore,
  TargetUnreadableError,
} from '../../shared/monitor/object-store.ts';
import { runSchedule } from '../../shared/monitor/scheduled-run.ts';
import type { RecordStore } from '../../shared/monitor/state.ts';
import { tagSuperseded } from '../../shared/monitor/tag-superseded.ts';
import { KEY, readBody } from './body.ts';
import { type Change, NONCURRENT_DAYS } from './bucket.ts';
import { type Notified, readMessage } from './hearing.ts';
import { DeathError, type Life, makeLife } from './life.ts';
import { makeBucketMemory, makeFolderMemory } from './memory.ts';
import { type Member, nameOf, type Seat, type World } from './world.ts';

/** How the product is broken on purpose, so that each law is seen to fail. */
export type Sabotage =
  | 'says ok'
  | 'drops a message'
  | 'hides tampering'
  | 'says it twice'
  | 'cries wolf'
  | 'tags all'
  | 'tags nothing'
  | 'tells admins all'
  | 'forgets admins'
  | 'writes in place';

const BUCKET = 'backups';
/** Where hosts may delete: the stack's own bucket lets none. */
const OPEN_BUCKET = 'open-backups';
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

export type Product = ReturnType<typeof startProduct>;

/** `hear` is given each message that a channel was asked to take, whether it took it or not. */
export function startProduct(
  world: World,
  noteNotified: (heard: Notified) => void,
  sabotage?: Sabotage,
) {
  const isInPlace = sabotage === 'writes in place';
  const memory = world.plan.folder ? makeFolderMemory(world, isInPlace) : makeBucketMemory(world);
  const config = () => configOf(world);
  const send = startChannels(world, noteNotified, sabotage);
  const reach = (life: Life, records: RecordStore) => ({
    ...{ store: life.mortal(storeOf(world)), records },
    ...{ channels: send.channelsOf(config(), life), escalates: false },
    ops: [],
    judgeChannels: async () => [],
  });
  return {
    /** One run of the schedule; false where the function fails. `killAt`: at which of its calls it is killed. */
    tick(until: number, now: number, killAt?: number): Promise<boolean> {
      const life = makeLife(killAt);
      return ends(
        memory.during(life, (records) => runSchedule(reach(life, records), config(), until, now)),
      );
    },
    /** One run for a batch of events; false where the function fails. */
    onObjects: (changes: readonly Change[], now: number): Promise<boolean> =>
      ends(
        runEvents(
          reach(makeLife(), memory.records),
          config(),
          changes.map((one) => eventOf(world, one)),
          now,
        ),
      ),
    async tidy(now: number): Promise<boolean> {
      if (sabotage === 'tags nothing') return true;
      const tag = async (_: string, key: string) => void world.bucket.tagged.add(key);
      const { list } = storeOf(world);
      const { recall } = openHostRecords(memory.records, config().hosts.length, now);
      if (sabotage === 'tags all') for (const key of world.bucket.keys.keys()) await tag('', key);
      return ends(tagSuperseded({ list, tag, recall }, config(), now));
    },
    /** The hosts in a report that is new since this was asked last, each with its verdict and its critical findings. */
    report: (): Reported[] => readReport(memory.takeReport()),
    spoil: memory.spoil,
    remember: memory.remember,
    end: memory.end,
  };
}

/** A channel that refuses, a target that cannot be read, and death make a run fail; anything else is a bug. */
function ends(run: Promise<unknown>): Promise<boolean> {
  return run.then(
    () => true,
    (error) => {
      if (error instanceof AggregateError || error instanceof DeathError) return false;
      throw error;
    },
  );
}

export type Reported = { readonly name: string; readonly isOk: boolean; readonly bad: string[] };

function readReport(text: string | undefined): Reported[] {
  if (text === undefined) return [];
  const { hosts } = JSON.parse(text) as {
    hosts: { host: string; verdict: string; findings: { kind: string; severity: string }[] }[];
  };
  return hosts.map(({ host, verdict, findings }) => ({
    ...{ name: host, isOk: verdict === 'ok' },
    bad: findings.filter(({ severity }) => severity === 'critical').map(({ kind }) => kind),
  }));
}

let lastConfig: { text: string; config: ReturnType<typeof parseConfig> } | undefined;

/** By the text that an operator writes, which stays what it is. */
function configOf({ members, keepDays, plan, seats }: World) {
  const hosts = members
    .filter(({ inConfig }) => inConfig)
    .map((member) => {
      const { zone, opens, due, hardDue, grace, days } = member.times;
      const { rhythm } = member.habit;
      const until = grace === undefined ? `hardDue: "${hardDue}"` : `grace: ${grace}h`;
      const more = [
        `window: { opens: "${opens}", due: "${due}", ${until} }`,
        ...(member.since === undefined ? [] : [`since: ${member.since}`]),
        ...(days === undefined ? [] : [`days: [${days.map((day) => DAYS[day]).join(', ')}]`]),
        ...(rhythm?.kind === 'chain' ? [`chain: { fullEvery: ${rhythm.fullEvery}d }`] : []),
        ...(rhythm?.kind === 'prunes' ? [`prunes: { keep: ${rhythm.keep} }`] : []),
      ];
      const admins = seats.filter(({ id, isOf }) => ['admin', 'hook'].includes(id) && isOf(member));
      const theirs = admins.map(({ id, address }) =>
        id === 'hook' ? `{ url: "${address}", format: slack }` : address,
      );
      if (theirs.length > 0) more.push(`admins: [${theirs.join(', ')}]`);
      const target = `target: s3://${bucketOf(member)}/${member.prefix}`;
      return `  ${nameOf(member)}: { ${target}, timezone: ${zone}, ${more.join(', ')} }`;
    });
  const mail = seats.find(({ id }) => id === 'mail')?.address;
  const text = [
    `bucket: ${BUCKET}\nregion: eu-west-1\ntimezone: UTC\nkeepDays: ${keepDays}`,
    `keepLastGood: ${plan.keepLastGood}\nrecipients: ["${KEY}"]`,
    `alerts: { from: backups@example.net, mail: [${mail}], sms: ["+31600000000"], weeklyTest: false }`,
    ...(hosts.length === 0 ? ['hosts: {}'] : ['hosts:', ...hosts]),
  ].join('\n');
  if (lastConfig?.text !== text) lastConfig = { text, config: parseConfig(text, 'hosts.yml') };
  return lastConfig.config;
}

/** A chat shows the same tree in a form of its own. */
function textFor({ id, address: url }: Seat, message: Message): string {
  const text = renderText(message);
  if (id !== 'hook') return text;
  return `${text}\n${JSON.stringify(composePosts(message, { format: 'slack', url }))}`;
}

function bucketOf({ habit }: Member): string {
  return habit.rhythm?.kind === 'prunes' ? OPEN_BUCKET : BUCKET;
}

function eventOf(world: World, { what, key, at }: Change): ObjectEvent {
  const member = world.members.find(({ prefix }) => key.startsWith(prefix));
  const bucket = member === undefined ? BUCKET : bucketOf(member);
  // S3 tells of a marker that is removed as of a version.
  const left = { created: 'unknown', marked: 'marker', unmarked: 'version' } as const;
  return {
    what: what === 'created' ? 'created' : 'removed',
    left: left[what],
    ...{ bucket, key, at, principal: undefined, address: undefined },
  };
}

function storeOf(world: World): ObjectStore {
  const { bucket } = world;
  const look = () => {
    if (!world.has('bucket locked')) return;
    throw new TargetUnreadableError('SlowDown (503)', 'wait');
  };
  return {
    list: async ({
      prefix,
      delimiter,
      startAfter = '',
      onePage,
      versions,
    }): Promise<ListAnswer> => {
      look();
      const rows: VersionRow[] = [];
      const prefixes = new Set<string>();
      const inside = [...bucket.keys.keys()].filter(
        (key) => key.startsWith(prefix) && key > startAfter,
      );
      for (const key of inside.sort()) {
        const cutAt = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
        const history = versions === true ? (bucket.keys.get(key) ?? []) : [bucket.current(key)];
        for (const [nth, version] of history.entries()) {
          if (version === undefined) continue;
          if (cutAt >= 0) prefixes.add(key.slice(0, cutAt + (delimiter ?? '').length));
          else rows.push({ key, latest: nth === 0, version: versionOf(version) });
        }
      }
      const cut = onePage === true && rows.length > 1000;
      const { objects, hidden } = foldVersions(cut ? rows.slice(0, 1000) : rows);
      const shown =
        versions === true
          ? objects
          : objects.map(({ key, bytes, modifiedAt, firstModifiedAt }) => ({
              key,
              bytes,
              modifiedAt,
              firstModifiedAt,
            }));
      return { objects: shown, hidden, prefixes: [...prefixes], cut };
    },
    readPart: async (_, key, { from, bytes }) => {
      look();
      const body = bucket.current(key)?.body;
      return body === undefined ? new Uint8Array() : readBody(body, from, bytes);
    },
    readLifecycle: async () => ({
      rules: [
        {
          prefix: '',
          noncurrentDays: NONCURRENT_DAYS,
          ...(world.plan.keepLastGood ? {} : { hides: { days: world.keepDays } }),
        },
      ],
    }),
    readWrittenAt: async (_, key) => {
      look();
      return bucket.current(key)?.at;
    },
    readExpiry: async () => undefined,
  };
}

function versionOf({
  id,
  at,
  body,
}: {
  id: string;
  at: number;
  body: { bytes: number; etag: string } | undefined;
}) {
  return body === undefined
    ? { what: 'marker' as const, versionId: id, at }
    : { what: 'upload' as const, versionId: id, at, bytes: body.bytes, etag: body.etag };
}

function startChannels(world: World, noteNotified: (heard: Notified) => void, sabotage?: Sabotage) {
  // A message that was refused may come when its host has another name.
  const names = () => world.members.flatMap((member) => (member.inConfig ? member.names : []));
  let dropped = 0;
  const channelOf = (seat: Seat): Channel => ({
    name: { mail: `mail to ${seat.address}`, phone: 'SMS', admin: 'admin', hook: 'hook' }[seat.id],
    ...(seat.id === 'mail' || seat.id === 'admin' ? { address: seat.address } : {}),
    // The mailbox tells of it.
    ...(seat.id === 'hook' ? { isReported: true } : {}),
    send: async (message) => {
      // A phone hears nothing that has no text for it.
      if (seat.id === 'phone' && message.smsLine === undefined) return;
      const wasTaken = !world.has(`${seat.id} refuses`);
      const heard = {
        ...readMessage({ ...message, text: textFor(seat, message) }, seat.id, names()),
        at: world.now,
        wasTaken,
      };
      const isAlarm = heard.about.some(({ says }) => says === 'bad');
      const isTamper = heard.about.some(({ kind }) => kind === 'tampered');
      const isDropped = sabotage === 'drops a message' && seat.id === 'phone' && isAlarm;
      if (isDropped && dropped++ === 0) return;
      if (sabotage === 'hides tampering' && isTamper) return;
      noteNotified(heard);
      if (sabotage === 'says it twice') noteNotified(heard);
      const about = (says: 'ok' | 'bad') =>
        names().map((name) => ({ name, kind: 'missing', says }));
      const forged = { ...heard, whole: `forged ${world.now}`, digest: undefined };
      if (sabotage === 'says ok' && isAlarm) noteNotified({ ...forged, about: about('ok') });
      if (sabotage === 'cries wolf') noteNotified({ ...forged, about: about('bad') });
      if (!wasTaken) throw new RefusalError(`${seat.id} refuses`);
    },
  });
  const seatAt = (at: string) =>
    world.seats.filter(({ id, address }) => id === at || address === at);
  return {
    channelsOf(config: Config, life: Life): Channel[] {
      const open = (at: string | undefined = '') => seatAt(at).map(channelOf).map(life.mortal);
      if (sabotage === 'tells admins all') return world.seats.flatMap(({ id }) => open(id));
      return [
        ...mailboxChannels(config, (to) => to.flatMap(open)),
        ...open('phone'),
        ...hooksOf(config).flatMap(({ url, hosts = [] }) =>
          open(url).map((one) => forHosts(one, hosts)),
        ),
      ].filter(({ name }) => sabotage !== 'forgets admins' || !['admin', 'hook'].includes(name));
    },
  };
}
