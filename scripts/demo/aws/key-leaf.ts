// Makes a leaf of the key index: some hundred neighbouring keys, as strings while they change, as few bytes after.

/** What the index knows of a key without opening its versions; `kind` belongs to the user of the index. */
export type IndexEntry = {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAt: number;
  readonly kind: number;
};

/**
 * A run of neighbouring keys. Open, its keys are strings and can change; packed, they are one buffer outside the
 * heap, without the beginning they share, which for the files of one host is half of every name.
 */
export type Leaf = {
  first: string;
  count: number;
  open: string[] | undefined;
  packed: { shared: string; text: Buffer; ends: Uint32Array } | undefined;
  bytes: Float64Array;
  modifiedAt: Float64Array;
  kind: Uint8Array;
};

/** Keys a leaf holds before it is split. */
export const leafSize = 512;

/** A leaf with no keys, open. */
export function emptyLeaf(): Leaf {
  return {
    first: '',
    count: 0,
    open: [],
    packed: undefined,
    bytes: new Float64Array(leafSize),
    modifiedAt: new Float64Array(leafSize),
    kind: new Uint8Array(leafSize),
  };
}

/** Moves the keys from `cut` on into a new leaf; `keys` is the opened left one. */
export function splitLeaf(left: Leaf, keys: string[], cut: number): Leaf {
  const right = emptyLeaf();
  right.open = keys.splice(cut);
  right.count = right.open.length;
  right.first = right.open[0] ?? '';
  right.bytes.set(left.bytes.subarray(cut, left.count));
  right.modifiedAt.set(left.modifiedAt.subarray(cut, left.count));
  right.kind.set(left.kind.subarray(cut, left.count));
  left.count = cut;
  return right;
}

/** Where the first key not before this one stands. */
export function lowerBound(leaf: Leaf, key: string): number {
  let low = 0;
  let high = leaf.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keyAt(leaf, middle) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The key at a place. */
export function keyAt(leaf: Leaf, at: number): string {
  if (leaf.open) return leaf.open[at] as string;
  const { shared, text, ends } = leaf.packed as NonNullable<Leaf['packed']>;
  return (
    shared + text.toString('latin1', at === 0 ? 0 : (ends[at - 1] as number), ends[at] as number)
  );
}

/** The entry at a place. */
export function readEntry(leaf: Leaf, at: number): IndexEntry {
  return {
    key: keyAt(leaf, at),
    bytes: leaf.bytes[at] as number,
    modifiedAt: leaf.modifiedAt[at] as number,
    kind: leaf.kind[at] as number,
  };
}

/** Puts the columns of an entry at a place; the key is the caller's. */
export function writeEntry(leaf: Leaf, at: number, entry: IndexEntry): void {
  leaf.bytes[at] = entry.bytes;
  leaf.modifiedAt[at] = entry.modifiedAt;
  leaf.kind[at] = entry.kind;
}

/** Turns strings into one buffer. */
export function packLeaf(leaf: Leaf): void {
  if (!leaf.open) return;
  const first = leaf.open[0] ?? '';
  const last = leaf.open.at(-1) ?? '';
  let same = 0;
  while (same < first.length && first.charCodeAt(same) === last.charCodeAt(same)) same += 1;
  const ends = new Uint32Array(leaf.count);
  let end = 0;
  leaf.open.forEach((key, at) => {
    end += key.length - same;
    ends[at] = end;
  });
  const text = Buffer.from(leaf.open.map((key) => key.slice(same)).join(''), 'latin1');
  leaf.packed = { shared: first.slice(0, same), text, ends };
  leaf.open = undefined;
}

/** Turns the buffer into strings, to be changed by the caller. */
export function unpackLeaf(leaf: Leaf): string[] {
  if (!leaf.open) {
    leaf.open = Array.from({ length: leaf.count }, (_, at) => keyAt(leaf, at));
    leaf.packed = undefined;
  }
  return leaf.open;
}
