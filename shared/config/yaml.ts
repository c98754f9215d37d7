// A closed, strict way into a YAML document: every mistake is noted with its line, none is thrown.
import { closest, distance } from 'fastest-levenshtein';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';

/** A place in the document, and the words for it (`hosts.web.window`). */
export type Place = { readonly node: Node | undefined; readonly path: string };

/** The document, and the mistakes found in it so far. */
export type YamlReader = {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly issues: string[];
};

/** Parses; syntax mistakes are noted like all others. */
export function openYaml(text: string, file: string): YamlReader & { readonly root: Place } {
  const lines = new LineCounter();
  // The library compares each key with all before it, which takes minutes for a big fleet: `entriesOf` does it.
  const options = { lineCounter: lines, prettyErrors: false, uniqueKeys: false };
  const document = parseDocument(text, options);
  const reader: YamlReader = { file, document, lines, issues: [] };
  for (const error of document.errors) {
    const line = lines.linePos(error.pos[0]).line;
    const words =
      error.code === 'MULTIPLE_DOCS'
        ? 'another document begins here, and the config is one: take out this line "---"'
        : error.message.split('\n')[0];
    reader.issues.push(`${file}:${line}: ${words}`);
  }
  return { ...reader, root: { node: document.contents as Node | undefined, path: '' } };
}

/** Notes a mistake at a place. */
export function note(reader: YamlReader, place: Place, problem: string): undefined {
  const offset = place.node?.range?.[0] ?? 0;
  reader.issues.push(`${reader.file}:${reader.lines.linePos(offset).line}: ${problem}`);
  return undefined;
}

/** The entries of a map with any keys, in order. A value left empty is an empty map's place. */
export function entriesOf(reader: YamlReader, place: Place): [name: string, Place, Place][] {
  const node = resolve(reader, place.node);
  if (isEmpty(node)) return [];
  if (!isMap(node)) {
    note(reader, place, `${place.path || 'the config'} must be a list of "key: value" lines`);
    return [];
  }
  const names = new Set<string>();
  return node.items.map((pair) => {
    const key = pair.key as Node;
    const name = isScalar(key) ? (key.source ?? String(key.value)) : String(key);
    const path = place.path === '' ? name : `${place.path}.${name}`;
    if (names.has(name)) note(reader, { node: key, path }, 'the same key is there twice');
    names.add(name);
    const value = (pair.value as Node | null) ?? undefined;
    // An empty value has no place of its own: mistakes about it point at its key.
    return [name, { node: isEmpty(value) ? undefined : value, path }, { node: key, path }];
  });
}

/** The values of a map whose keys are known; any other key is a mistake, with the nearest known one. */
export function fieldsOf<Key extends string>(
  reader: YamlReader,
  place: Place,
  keys: readonly Key[],
): Partial<Record<Key, Place>> {
  const fields: Partial<Record<Key, Place>> = {};
  for (const [name, value, key] of entriesOf(reader, place)) {
    if ((keys as readonly string[]).includes(name)) {
      if (value.node !== undefined) fields[name as Key] = value;
    } else note(reader, key, `unknown key "${name}"${suggest(name, keys)}`);
  }
  return fields;
}

/** The items of a list. */
export function itemsOf(reader: YamlReader, place: Place | undefined): Place[] {
  if (place === undefined) return [];
  const node = resolve(reader, place.node);
  if (isSeq(node)) return node.items.map((item) => ({ node: item as Node, path: place.path }));
  note(reader, place, `${place.path} must be a list: [one, two]`);
  return [];
}

/** A scalar as it is written in the file: `0123456789012345` stays that text. */
export function textOf(reader: YamlReader, place: Place | undefined): string | undefined {
  if (place === undefined) return undefined;
  const node = resolve(reader, place.node);
  if (isScalar(node)) return node.source ?? String(node.value);
  return note(reader, place, `${place.path} must be a single value`);
}

/** True where the place holds a map. */
export function holdsMap(reader: YamlReader, place: Place): boolean {
  return isMap(resolve(reader, place.node));
}

/** True where the place holds this one word. */
export function holdsWord(reader: YamlReader, place: Place, word: string): boolean {
  const node = resolve(reader, place.node);
  return isScalar(node) && node.source === word;
}

/** A text that must fit; `rule` completes "… must be". One that is a secret is not shown. */
export function matching<Value>(
  reader: YamlReader,
  place: Place | undefined,
  rule: string,
  parse: (text: string) => Value | undefined,
  isSecret = false,
): Value | undefined {
  const text = textOf(reader, place);
  if (text === undefined || place === undefined) return undefined;
  const is = isSecret ? '' : `is "${text}", but `;
  return parse(text) ?? note(reader, place, `${place.path} ${is}must be ${rule}`);
}

function resolve(reader: YamlReader, node: Node | undefined): Node | undefined {
  return isAlias(node) ? node.resolve(reader.document) : node;
}

function isEmpty(node: Node | undefined): boolean {
  return node === undefined || node === null || (isScalar(node) && node.source === '');
}

/** Which one was meant, or else which there are; nothing where there are none. */
export function suggest(name: string, keys: readonly string[]): string {
  if (keys.length === 0) return '';
  const nearest = closest(name, keys as string[]);
  return distance(name, nearest) <= Math.max(2, name.length / 3)
    ? `, did you mean "${nearest}"?`
    : `; known here: ${keys.join(', ')}`;
}
