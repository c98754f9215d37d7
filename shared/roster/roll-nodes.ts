// Where things stand in the document of a roll: its hosts, and the entries of a map by their names.
import { type Document, isAlias, isMap, isScalar, type Pair, type YAMLMap } from 'yaml';
import { YamlFormError } from './yaml-entry.ts';

/** The map under `hosts`. Throws `YamlFormError` where it is none of its own. */
export function hostsOf(document: Document): YAMLMap {
  const hosts = mapOf(pairOf(mapOf(document.contents), 'hosts')?.value);
  if (hosts === undefined) throw new YamlFormError('hosts is no map of its own');
  return hosts;
}

/** The entry of that name. */
export function pairOf(map: YAMLMap | undefined, name: string): Pair | undefined {
  return map?.items.find((pair) => nameOf(pair) === name);
}

/** Its place; -1 where there is none. */
export function indexOf(map: YAMLMap, name: string): number {
  return map.items.findIndex((pair) => nameOf(pair) === name);
}

/** As the reader of the roll takes it: `0123` is that text, and not a number. */
function nameOf({ key }: Pair): string {
  return isScalar(key) ? (key.source ?? String(key.value)) : String(key);
}

/** The map that a node is; an alias is none. */
export function mapOf(node: unknown): YAMLMap | undefined {
  return isMap(node) ? node : undefined;
}

/** True for a value that was left out. */
export function isEmpty(node: unknown): boolean {
  if (isAlias(node)) return false;
  return node === null || node === undefined || (isScalar(node) && node.source === '');
}

/** Plain where YAML reads it as it stands, also inside `{ }`. */
export function writeKey(name: string): string {
  return /^[A-Za-z][\w.@+=/-]*$/.test(name) ? name : JSON.stringify(name);
}
