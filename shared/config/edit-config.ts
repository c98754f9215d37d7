// Changes to the text of hosts.yml: one host in or out, paused or not, and every comment where it was.
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  type Node,
  type Pair,
  type YAMLMap,
} from 'yaml';
import { type Config, ConfigError, type Host, type ReadKeyFile, writeKey } from './config.ts';
import { parseConfig } from './parse-config.ts';
import { openYaml } from './yaml.ts';

/** The config is right, but so written that no single line can be changed; `hint` is what to write by hand. */
export class ConfigEditError extends Error {
  override readonly name = 'RollEditError';
  readonly hint: string;

  constructor(file: string, hint: string, options?: ErrorOptions) {
    super(`${file} is written in a form that cannot be edited safely; it is unchanged`, options);
    this.hint = hint;
  }
}

/** A config's text, what mistakes call it, and a reader of the key files that it names. */
export type ConfigText = {
  readonly text: string;
  readonly file: string;
  readonly readKeyFile?: ReadKeyFile;
};
/** What a pause says; `until` is the first date on which a backup is owed again. */
export type Pause = NonNullable<Host['paused']>;
/** The text after a change, and the config that it is: read again, and different in this one thing alone. */
export type EditedConfig = { readonly text: string; readonly config: Config };

/** Puts a host behind the last one. Throws `ConfigError` for what it may not be called or overlap with. */
export function addHost(
  file: ConfigText,
  name: string,
  fields: { readonly target?: string; readonly since: string },
): EditedConfig {
  const target = fields.target === undefined ? '' : `target: ${fields.target}, `;
  const entry = `${writeKey(name)}: { ${target}since: ${fields.since} }`;
  return change(
    file,
    `add under hosts:  ${entry}`,
    (document) => {
      const pair = pairOf(mapOf(document.contents), 'hosts');
      if (pair === undefined) return appendHosts(file.text, document, entry);
      const hosts = mapOf(pair.value);
      if (hosts !== undefined) return insertEntry(file.text, hosts, entry);
      if (!isEmpty(pair.value)) throw new YamlFormError('hosts is no map of its own');
      return insertLine(file.text, endOf(file.text, pair), `  ${entry}`);
    },
    (before, after) =>
      isEqual(asWritten(after).slice(0, -1), asWritten(before)) &&
      after.hosts.at(-1)?.name === name,
  );
}

/** Takes a host out. Throws `ConfigError` when nobody would be left. */
export function removeHost(file: ConfigText, name: string): EditedConfig {
  return change(
    file,
    `take out ${name} under hosts`,
    (document) => {
      const hosts = hostsOf(document);
      return removeEntry(file.text, hosts, indexOf(hosts, name));
    },
    (before, after) =>
      isEqual(
        asWritten(after),
        asWritten(before).filter((host) => host.name !== name),
      ),
  );
}

/** Pauses a host, or changes the pause that it has. */
export function pauseHost(file: ConfigText, name: string, { until, because }: Pause): EditedConfig {
  const entry = `paused: { until: ${until}, because: ${JSON.stringify(because)} }`;
  return change(
    file,
    `write at ${name}:  ${entry}`,
    (document) => {
      const paused = mapOf(pairOf(mapOf(hostPair(document, name).value), 'paused')?.value);
      if (paused === undefined) return addToHost(file.text, document, name, entry);
      // From the end, so that the places of what comes before it still hold.
      return [
        { value: pairOf(paused, 'until')?.value as Node, words: until },
        { value: pairOf(paused, 'because')?.value as Node, words: JSON.stringify(because) },
      ]
        .sort((a, b) => (b.value.range?.[0] ?? 0) - (a.value.range?.[0] ?? 0))
        .reduce((text, { value, words }) => replaceValue(text, value, words), file.text);
    },
    (before, after) =>
      isSameBut(before, after, name, (host) => ({ ...host, paused: { until, because } })),
  );
}

/** Writes the UserId of a host's IAM user, in the place of another one if there is one. */
export function setUserId(file: ConfigText, name: string, userId: string): EditedConfig {
  const entry = `userId: ${userId}`;
  return change(
    file,
    `write at ${name}:  ${entry}`,
    (document) => {
      const old = pairOf(mapOf(hostPair(document, name).value), 'userId');
      if (old === undefined) return addToHost(file.text, document, name, entry);
      if (isEmpty(old.value)) throw new YamlFormError('a userId that is left empty');
      return replaceValue(file.text, old.value as Node, userId);
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
export function resumeHost(file: ConfigText, name: string): EditedConfig {
  return change(
    file,
    `take out "paused" at ${name}`,
    (document) => {
      const hosts = hostsOf(document);
      const host = mapOf(hosts.items[indexOf(hosts, name)]?.value);
      if (host === undefined) throw new YamlFormError('the host is no map of its own');
      return removeEntry(file.text, host, indexOf(host, 'paused'));
    },
    (before, after) => isSameBut(before, after, name, ({ paused: _, ...rest }) => rest),
  );
}

/** No cut is believed: the result must be a config, and differ from the old one as it was meant to. */
function change(
  file: ConfigText,
  byHand: string,
  cut: (document: Document) => string,
  isMeant: (before: Config | undefined, after: Config) => boolean,
): EditedConfig {
  const { document, issues } = openYaml(file.text, file.file);
  if (issues.length > 0) throw new ConfigError(issues);
  const listed = pairOf(mapOf(document.contents), 'hosts')?.value;
  const isEmptyList = isEmpty(listed) || mapOf(listed)?.items.length === 0;
  const before = isEmptyList ? undefined : parseConfig(file.text, file.file, file.readKeyFile);
  let text: string;
  try {
    text = cut(document);
  } catch (cause) {
    if (!(cause instanceof YamlFormError)) throw cause;
    throw new ConfigEditError(file.file, byHand, { cause });
  }
  if (openYaml(text, file.file).issues.length > 0) throw new ConfigEditError(file.file, byHand);
  const after = parseConfig(text, file.file, file.readKeyFile);
  if (before !== undefined && !isEqual({ ...before, hosts: [] }, { ...after, hosts: [] })) {
    throw new ConfigEditError(file.file, byHand);
  }
  if (!isMeant(before, after)) throw new ConfigEditError(file.file, byHand);
  return { text, config: after };
}

function isSameBut(
  before: Config | undefined,
  after: Config,
  name: string,
  meant: (host: Host) => Host,
): boolean {
  return isEqual(
    asWritten(after),
    asWritten(before).map((host) => (host.name === name ? meant(host) : host)),
  );
}

/** The hosts without what they know of one another, which changes with any of them. */
function asWritten(config: Config | undefined): Host[] {
  return (config?.hosts ?? []).map(({ others: _, ...host }) => host);
}

function appendHosts(text: string, document: Document, entry: string): string {
  if (mapOf(document.contents)?.flow === true) throw new YamlFormError('a flow map');
  const end = text === '' || text.endsWith('\n') ? '' : '\n';
  return `${text}${end}hosts:\n  ${entry}\n`;
}

/** The map under `hosts`. Throws `YamlFormError` where it is none of its own. */
function hostsOf(document: Document): YAMLMap {
  const hosts = mapOf(pairOf(mapOf(document.contents), 'hosts')?.value);
  if (hosts === undefined) throw new YamlFormError('hosts is no map of its own');
  return hosts;
}

/** The entry of that name. */
function pairOf(map: YAMLMap | undefined, name: string): Pair | undefined {
  return map?.items.find((pair) => nameOf(pair) === name);
}

/** Its place; -1 where there is none. */
function indexOf(map: YAMLMap, name: string): number {
  return map.items.findIndex((pair) => nameOf(pair) === name);
}

/** As the reader of the config takes it: `0123` is that text, and not a number. */
function nameOf({ key }: Pair): string {
  return isScalar(key) ? (key.source ?? String(key.value)) : String(key);
}

/** The map that a node is; an alias is none. */
function mapOf(node: unknown): YAMLMap | undefined {
  return isMap(node) ? node : undefined;
}

/** True for a value that was left out. */
function isEmpty(node: unknown): boolean {
  if (isAlias(node)) return false;
  return node === null || node === undefined || (isScalar(node) && node.source === '');
}

/** A form of YAML that this does not cut into, such as `? key`. */
class YamlFormError extends Error {
  override readonly name = 'YamlFormError';
}

/** Puts `entry` (`key: value`, on one line) behind the map's last one, in the style of the map. */
function insertEntry(text: string, map: YAMLMap, entry: string): string {
  const last = map.items.at(-1);
  if (map.flow === true) {
    if (last !== undefined) return splice(text, endOf(text, last), 0, `, ${entry}`);
    const inside = startOf(map) + 1;
    return splice(text, inside, 0, text[inside] === '}' ? ` ${entry} ` : ` ${entry}`);
  }
  const first = map.items[0];
  if (first === undefined || last === undefined) throw new YamlFormError('a map without entries');
  return insertLine(text, endOf(text, last), `${indentOf(text, first)}${entry}`);
}

/** Puts a line below the one in which `at` lies. */
function insertLine(text: string, at: number, line: string): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const end = lineEnd(text, at);
  const begun = end > 0 && text[end - 1] !== '\n';
  return splice(text, end, 0, begun ? `${newline}${line}` : `${line}${newline}`);
}

/** Takes the entry out, with the rest of its lines; comments on lines of their own stay. */
function removeEntry(text: string, map: YAMLMap, index: number): string {
  const pair = map.items[index];
  if (pair === undefined) throw new YamlFormError('no such entry');
  const start = startOf(pair.key as Node);
  const end = endOf(text, pair);
  if (map.flow !== true) {
    const from = start - indentOf(text, pair).length;
    return splice(text, from, lineEnd(text, end) - from, '');
  }
  const before = map.items[index - 1];
  const comma = text.indexOf(',', end);
  const cut =
    before !== undefined
      ? removeBehind(text, endOf(text, before), start, end)
      : map.items.length > 1 && comma !== -1
        ? splice(text, start, skipBlanks(text, comma + 1) - start, '')
        : splice(text, start, end - start, '');
  const opens = startOf(map);
  return map.items.length === 1 ? tidyEmpty(cut, opens) : cut;
}

/** Puts other text in the place of a value. A block scalar owns the end of its last line. */
function replaceValue(text: string, value: Node, words: string): string {
  const [from, to] = [startOf(value), value.range?.[1] ?? 0];
  const newline = /\r?\n$/.exec(text.slice(from, to))?.[0] ?? '';
  return splice(text, from, to - from, `${words}${newline}`);
}

/** Where an entry's value ends, or its colon where it has none. Comments behind it do not count. */
function endOf(text: string, of: Pair | Node): number {
  if (!isPair(of)) {
    const last = isCollection(of) && of.flow !== true ? of.items.at(-1) : undefined;
    return last === undefined ? (of.range?.[1] ?? 0) : endOf(text, last as Pair | Node);
  }
  const value = of.value as Node | null;
  if (value?.range && value.range[1] > value.range[0]) return endOf(text, value);
  const end = (of.key as Node).range?.[1] ?? 0;
  return end + (/^[ \t]*:/.exec(text.slice(end, end + 99))?.[0].length ?? 0);
}

function removeBehind(text: string, before: number, start: number, end: number): string {
  const comma = text.indexOf(',', before);
  if (comma === -1 || comma > start) throw new YamlFormError('no comma between two entries');
  const blanks = /[ \t]*$/.exec(text.slice(comma + 1, start))?.[0].length ?? 0;
  const without = splice(text, start - blanks, end - start + blanks, '');
  return splice(without, comma, 1, '');
}

function tidyEmpty(text: string, opens: number): string {
  const blanks = /^\{[ \t]+\}/.exec(text.slice(opens));
  return blanks === null ? text : splice(text, opens, blanks[0].length, '{}');
}

function indentOf(text: string, pair: Pair): string {
  const start = startOf(pair.key as Node);
  const indent = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
  if (/[^ ]/.test(indent)) throw new YamlFormError('a key that does not begin its line');
  return indent;
}

function lineEnd(text: string, at: number): number {
  if (at > 0 && text[at - 1] === '\n') return at;
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end + 1;
}

function skipBlanks(text: string, at: number): number {
  return at + (/^[ \t]*/.exec(text.slice(at))?.[0].length ?? 0);
}

function startOf(node: Node): number {
  if (!node.range) throw new YamlFormError('a value without a place');
  return node.range[0];
}

function splice(text: string, at: number, length: number, words: string): string {
  return text.slice(0, at) + words + text.slice(at + length);
}

/** True when both hold the same, whatever the order of their keys. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(left);
  return (
    Array.isArray(a) === Array.isArray(b) &&
    keys.length === Object.keys(right).length &&
    keys.every((key) => key in right && isEqual(left[key], right[key]))
  );
}
