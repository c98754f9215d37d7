// One entry of a YAML map, put in or taken out of the text: every other byte stays as it was.
import { isCollection, isPair, type Node, type Pair, type YAMLMap } from 'yaml';

/** A form of YAML that this does not cut into, such as `? key`. */
export class YamlFormError extends Error {
  override readonly name = 'YamlFormError';
}

/** Puts `entry` (`key: value`, on one line) behind the map's last one, in the style of the map. */
export function insertEntry(text: string, map: YAMLMap, entry: string): string {
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
export function insertLine(text: string, at: number, line: string): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const end = lineEnd(text, at);
  const begun = end > 0 && text[end - 1] !== '\n';
  return splice(text, end, 0, begun ? `${newline}${line}` : `${line}${newline}`);
}

/** Takes the entry out, with the rest of its lines; comments on lines of their own stay. */
export function removeEntry(text: string, map: YAMLMap, index: number): string {
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
export function replaceValue(text: string, value: Node, words: string): string {
  const [from, to] = [startOf(value), value.range?.[1] ?? 0];
  const newline = /\r?\n$/.exec(text.slice(from, to))?.[0] ?? '';
  return splice(text, from, to - from, `${words}${newline}`);
}

/** Where an entry's value ends, or its colon where it has none. Comments behind it do not count. */
export function endOf(text: string, of: Pair | Node): number {
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
