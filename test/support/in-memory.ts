// A bucket in memory, asked as the check asks: every page whole, or cut after a number of rows.
import { holdRows, type SavedListing } from '../../scripts/rollcall/parse-listing.ts';
import { askListings } from '../../scripts/rollcall/saved-listing.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import type { VersionRow } from '../../shared/monitor/list-sets.ts';
import type {
  KeyedObject,
  ListAnswer,
  ListObjects,
  ListQuery,
  ObjectStore,
} from '../../shared/monitor/object-store.ts';

export const keyed = (prefix: string, objects: readonly StoredObject[]): KeyedObject[] =>
  objects.map(({ name, ...object }) => ({ ...object, key: `${prefix}${name}` }));

/** Tells every query in `asked`; one page holds at most `pageRows` rows. */
export function inMemory(
  objects: readonly KeyedObject[],
  { pageRows = 1000, asked = [] as ListQuery[], versions = [] as readonly VersionRow[] } = {},
): ListObjects {
  const whole: SavedListing = {
    file: 'memory',
    bucket: undefined,
    prefix: '',
    blocks: [holdRows({ objects, versions })],
    from: undefined,
    next: undefined,
  };
  const list = askListings([whole]);
  return async (query) => {
    asked.push(query);
    const answer = await list(query);
    return query.onePage ? cutAfter(answer, pageRows) : answer;
  };
}

/** The same with contents: the bytes of some keys. */
export function inMemoryStore(
  objects: readonly KeyedObject[],
  contents: Readonly<Record<string, Uint8Array>> = {},
): ObjectStore {
  return {
    list: inMemory(objects),
    readPart: async (_, key, { from, bytes }) => contents[key]?.subarray(from, from + bytes),
    readLifecycle: async () => ({ unknown: 'not asked' }),
    readWrittenAt: async (_, key) => objects.find((one) => one.key === key)?.modifiedAt,
    readExpiry: async () => undefined,
  };
}

function cutAfter({ objects, prefixes, ...rest }: ListAnswer, rows: number): ListAnswer {
  const cut = objects.length + prefixes.length > rows;
  return {
    ...rest,
    objects: objects.slice(0, rows),
    prefixes: prefixes.slice(0, rows - objects.length),
    cut,
  };
}
