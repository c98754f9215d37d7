// Changes to the text of a roll: one host in or out, paused or not, and every comment where it was.
import type { Document, Node, Pair } from 'yaml';
import { ConfigError } from './config-error.ts';
import { isEqual } from './is-equal.ts';
import type { ReadKeyFile } from './key-files.ts';
import { readRoster } from './read-roster.ts';
import { hostsOf, indexOf, isEmpty, mapOf, pairOf, writeKey } from './roll-nodes.ts';
import type { Host, Roster } from './roster.ts';
import {
  endOf,
  insertEntry,
  insertLine,
  removeEntry,
  replaceValue,
  YamlFormError,
} from './yaml-entry.ts';
import { openYaml } from './yaml-reader.ts';

/** The roll is right, but so written that no single line can be changed; `hint` is what to write by hand. */
export class RollEditError extends Error {
  override readonly name = 'RollEditError';
  readonly hint: string;

  constructor(file: string, hint: string, options?: ErrorOptions) {
    super(`${file} is written in a form that cannot be edited safely; it is unchanged`, options);
    this.hint = hint;
  }
}

/** A roll's text, what mistakes call it, and a reader of the key files that it names. */
export type RollText = {
  readonly text: string;
  readonly file: string;
  readonly readKeyFile?: ReadKeyFile;
};
/** What a pause says; `until` is the first date on which a backup is owed again. */
export type Pause = NonNullable<Host['paused']>;
/** The text after a change, and the roll that it is: read again, and different in this one thing alone. */
export type EditedRoll = { readonly text: string; readonly roster: Roster };

/** Puts a host behind the last one. Throws `ConfigError` for what it may not be called or overlap with. */
export function addHost(
  roll: RollText,
  name: string,
  says: { readonly target?: string; readonly since: string },
): EditedRoll {
  const target = says.target === undefined ? '' : `target: ${says.target}, `;
  const entry = `${writeKey(name)}: { ${target}since: ${says.since} }`;
  return change(
    roll,
    `add under hosts:  ${entry}`,
    (document) => {
      const pair = pairOf(mapOf(document.contents), 'hosts');
      if (pair === undefined) return appendHosts(roll.text, document, entry);
      const hosts = mapOf(pair.value);
      if (hosts !== undefined) return insertEntry(roll.text, hosts, entry);
      if (!isEmpty(pair.value)) throw new YamlFormError('hosts is no map of its own');
      return insertLine(roll.text, endOf(roll.text, pair), `  ${entry}`);
    },
    (before, after) =>
      isEqual(after.hosts.slice(0, -1), before?.hosts ?? []) && after.hosts.at(-1)?.name === name,
  );
}

/** Takes a host out. Throws `ConfigError` when nobody would be left. */
export function removeHost(roll: RollText, name: string): EditedRoll {
  return change(
    roll,
    `take out ${name} under hosts`,
    (document) => {
      const hosts = hostsOf(document);
      return removeEntry(roll.text, hosts, indexOf(hosts, name));
    },
    (before, after) =>
      isEqual(
        after.hosts,
        before?.hosts.filter((host) => host.name !== name),
      ),
  );
}

/** Pauses a host, or changes the pause that it has. */
export function pauseHost(roll: RollText, name: string, { until, because }: Pause): EditedRoll {
  const entry = `paused: { until: ${until}, because: ${JSON.stringify(because)} }`;
  return change(
    roll,
    `write at ${name}:  ${entry}`,
    (document) => {
      const paused = mapOf(pairOf(mapOf(hostPair(document, name).value), 'paused')?.value);
      if (paused === undefined) return addToHost(roll.text, document, name, entry);
      // From the end, so that the places of what comes before it still hold.
      return [
        { value: pairOf(paused, 'until')?.value as Node, words: until },
        { value: pairOf(paused, 'because')?.value as Node, words: JSON.stringify(because) },
      ]
        .sort((a, b) => (b.value.range?.[0] ?? 0) - (a.value.range?.[0] ?? 0))
        .reduce((text, { value, words }) => replaceValue(text, value, words), roll.text);
    },
    (before, after) =>
      isSameBut(before, after, name, (host) => ({ ...host, paused: { until, because } })),
  );
}

/** Writes the UserId of a host's IAM user, in the place of another one if there is one. */
export function setUserId(roll: RollText, name: string, userId: string): EditedRoll {
  const entry = `userId: ${userId}`;
  return change(
    roll,
    `write at ${name}:  ${entry}`,
    (document) => {
      const old = pairOf(mapOf(hostPair(document, name).value), 'userId');
      if (old === undefined) return addToHost(roll.text, document, name, entry);
      if (isEmpty(old.value)) throw new YamlFormError('a userId that is left empty');
      return replaceValue(roll.text, old.value as Node, userId);
    },
    (before, after) => isSameBut(before, after, name, (host) => ({ ...host, userId })),
  );
}

function hostPair(document: Document, name: string): Pair {
  const hosts = hostsOf(document);
  return hosts.items[indexOf(hosts, name)] as Pair;
}

function addToHost(text: string, document: Document, name: string, entry: string): string {
  const pair = hostPair(document, name);
  const host = mapOf(pair.value);
  if (host !== undefined) return insertEntry(text, host, entry);
  if (!isEmpty(pair.value)) throw new YamlFormError('the host is no map of its own');
  const at = endOf(text, pair);
  return `${text.slice(0, at)} { ${entry} }${text.slice(at)}`;
}

/** Ends a host's pause now. */
export function resumeHost(roll: RollText, name: string): EditedRoll {
  return change(
    roll,
    `take out "paused" at ${name}`,
    (document) => {
      const hosts = hostsOf(document);
      const host = mapOf(hosts.items[indexOf(hosts, name)]?.value);
      if (host === undefined) throw new YamlFormError('the host is no map of its own');
      return removeEntry(roll.text, host, indexOf(host, 'paused'));
    },
    (before, after) => isSameBut(before, after, name, ({ paused: _, ...rest }) => rest),
  );
}

/** No cut is believed: the result must be a roll, and differ from the old one as it was meant to. */
function change(
  roll: RollText,
  byHand: string,
  cut: (document: Document) => string,
  isMeant: (before: Roster | undefined, after: Roster) => boolean,
): EditedRoll {
  const { document, issues } = openYaml(roll.text, roll.file);
  if (issues.length > 0) throw new ConfigError(issues);
  const listed = pairOf(mapOf(document.contents), 'hosts')?.value;
  const nobody = isEmpty(listed) || mapOf(listed)?.items.length === 0;
  const before = nobody ? undefined : readRoster(roll.text, roll.file, roll.readKeyFile);
  let text: string;
  try {
    text = cut(document);
  } catch (cause) {
    if (!(cause instanceof YamlFormError)) throw cause;
    throw new RollEditError(roll.file, byHand, { cause });
  }
  if (openYaml(text, roll.file).issues.length > 0) throw new RollEditError(roll.file, byHand);
  const after = readRoster(text, roll.file, roll.readKeyFile);
  if (before !== undefined && !isEqual({ ...before, hosts: [] }, { ...after, hosts: [] })) {
    throw new RollEditError(roll.file, byHand);
  }
  if (!isMeant(before, after)) throw new RollEditError(roll.file, byHand);
  return { text, roster: after };
}

function isSameBut(
  before: Roster | undefined,
  after: Roster,
  name: string,
  meant: (host: Host) => Host,
): boolean {
  return isEqual(
    after.hosts,
    before?.hosts.map((host) => (host.name === name ? meant(host) : host)),
  );
}

function appendHosts(text: string, document: Document, entry: string): string {
  if (mapOf(document.contents)?.flow === true) throw new YamlFormError('a flow map');
  const end = text === '' || text.endsWith('\n') ? '' : '\n';
  return `${text}${end}hosts:\n  ${entry}\n`;
}
