// Makes a leaf of the key index: some hundred neighbouring keys, as objects while they are in use, as few bytes after.

/** What the index knows of a key without opening its versions; `kind` (0-255) belongs to the user of the index. */
export type IndexEntry = {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAt: number;
  readonly kind: number;
};

/** A run of neighbouring entries. `open` and `packed` say the same; a change takes `packed` away. */
export type Leaf = {
  first: string;
  open: IndexEntry[] | undefined;
  packed: Buffer | undefined;
};

/** Entries a leaf holds before it is split. */
export const leafSize = 256;

// Shared length 1, rest length 2, size 8, time 8, kind 1.
const fixedBytes = 20;
const mostShared = 255;

/** A leaf of these entries, open. */
export function createLeaf(entries: IndexEntry[]): Leaf {
  return { first: entries[0]?.key ?? '', open: entries, packed: undefined };
}

/** The entries of a leaf; anyone who changes them must take `packed` away. */
export function openLeaf(leaf: Leaf): IndexEntry[] {
  leaf.open ??= unpack(leaf.packed);
  return leaf.open;
}

/**
 * Keeps the entries as bytes alone, outside the heap. A key is written as how much it shares with the one before and
 * what is its own: of the name of a volume that is the number and what follows.
 */
export function closeLeaf(leaf: Leaf): void {
  leaf.packed ??= pack(leaf.open ?? []);
  leaf.open = undefined;
}

/** Where the first entry not before this key stands. */
export function lowerBound(entries: readonly IndexEntry[], key: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle] as IndexEntry).key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function pack(entries: readonly IndexEntry[]): Buffer {
  const shares = entries.map(({ key }, at) => countShared(entries[at - 1]?.key ?? '', key));
  const total = entries.reduce(
    (sum, { key }, at) => sum + fixedBytes + key.length - (shares[at] as number),
    0,
  );
  // Not from Node's pool: a slice of it would keep the whole.
  const packed = Buffer.allocUnsafeSlow(total);
  let at = 0;
  entries.forEach(({ key, bytes, modifiedAt, kind }, number) => {
    const shared = shares[number] as number;
    at = packed.writeUInt8(shared, at);
    at = packed.writeUInt16LE(key.length - shared, at);
    at += packed.write(key.slice(shared), at, 'latin1');
    at = packed.writeDoubleLE(bytes, at);
    at = packed.writeDoubleLE(modifiedAt, at);
    at = packed.writeUInt8(kind, at);
  });
  return packed;
}

function unpack(packed: Buffer | undefined): IndexEntry[] {
  const entries: IndexEntry[] = [];
  let before = '';
  for (let at = 0; packed && at < packed.length; ) {
    const own = at + 3;
    const end = own + packed.readUInt16LE(at + 1);
    const key = before.slice(0, packed.readUInt8(at)) + packed.toString('latin1', own, end);
    const bytes = packed.readDoubleLE(end);
    const modifiedAt = packed.readDoubleLE(end + 8);
    entries.push({ key, bytes, modifiedAt, kind: packed.readUInt8(end + 16) });
    before = key;
    at = end + 17;
  }
  return entries;
}

function countShared(before: string, key: string): number {
  const most = Math.min(before.length, key.length, mostShared);
  let same = 0;
  while (same < most && before.charCodeAt(same) === key.charCodeAt(same)) same += 1;
  return same;
}
