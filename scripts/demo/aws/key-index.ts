// Makes the sorted index of a bucket's keys: millions of them in few bytes each, and any page of them at once.
import {
  emptyLeaf,
  type IndexEntry,
  keyAt,
  type Leaf,
  leafSize,
  lowerBound,
  packLeaf,
  readEntry,
  splitLeaf,
  unpackLeaf,
  writeEntry,
} from './key-leaf.ts';

/** Sorted by byte key; every call costs O(log n), and `from` then O(1) per entry it yields. */
export type KeyIndex = {
  readonly count: () => number;
  readonly get: (key: string) => IndexEntry | undefined;
  readonly set: (entry: IndexEntry) => void;
  readonly delete: (key: string) => void;
  readonly from: (key: string) => Generator<IndexEntry>;
};

// Writers that take turns over many hosts would otherwise unpack and pack a leaf for every object.
const openLeaves = 64;

/** An empty index. */
export function createKeyIndex(): KeyIndex {
  const leaves: Leaf[] = [];
  const open = new Set<Leaf>();
  let count = 0;

  const leafFor = (key: string): number => {
    let low = 0;
    let high = leaves.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((leaves[middle] as Leaf).first <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  };

  const openLeaf = (leaf: Leaf): string[] => {
    open.delete(leaf);
    open.add(leaf);
    if (open.size > openLeaves) {
      const [oldest] = open;
      if (oldest) {
        packLeaf(oldest);
        open.delete(oldest);
      }
    }
    return unpackLeaf(leaf);
  };

  const insert = (leafAt: number, at: number, entry: IndexEntry): void => {
    let leaf = leaves[leafAt] as Leaf;
    let slot = at;
    if (leaf.count === leafSize) {
      // A key behind all others begins a new leaf, so that writing in order leaves full leaves behind.
      const cut = leafAt === leaves.length - 1 && at === leafSize ? leafSize : leafSize / 2;
      const right = splitLeaf(leaf, openLeaf(leaf), cut);
      leaves.splice(leafAt + 1, 0, right);
      if (at > cut || cut === leafSize) {
        leaf = right;
        slot = at - cut;
      }
    }
    openLeaf(leaf).splice(slot, 0, entry.key);
    for (const column of [leaf.bytes, leaf.modifiedAt, leaf.kind]) {
      column.copyWithin(slot + 1, slot, leaf.count);
    }
    leaf.count += 1;
    writeEntry(leaf, slot, entry);
    if (slot === 0) leaf.first = entry.key;
    count += 1;
  };

  return {
    count: () => count,
    get: (key) => {
      const leaf = leaves[leafFor(key)];
      if (!leaf) return undefined;
      const at = lowerBound(leaf, key);
      return at < leaf.count && keyAt(leaf, at) === key ? readEntry(leaf, at) : undefined;
    },
    set: (entry) => {
      if (leaves.length === 0) leaves.push(emptyLeaf());
      const leafAt = leafFor(entry.key);
      const leaf = leaves[leafAt] as Leaf;
      const at = lowerBound(leaf, entry.key);
      if (at < leaf.count && keyAt(leaf, at) === entry.key) writeEntry(leaf, at, entry);
      else insert(leafAt, at, entry);
    },
    delete: (key) => {
      const leafAt = leafFor(key);
      const leaf = leaves[leafAt];
      if (!leaf) return;
      const at = lowerBound(leaf, key);
      if (at >= leaf.count || keyAt(leaf, at) !== key) return;
      openLeaf(leaf).splice(at, 1);
      for (const column of [leaf.bytes, leaf.modifiedAt, leaf.kind]) column.copyWithin(at, at + 1);
      leaf.count -= 1;
      count -= 1;
      if (leaf.count === 0) {
        leaves.splice(leafAt, 1);
        open.delete(leaf);
      } else if (at === 0) leaf.first = keyAt(leaf, 0);
    },
    *from(key) {
      let leafAt = leafFor(key);
      let at = leaves[leafAt] ? lowerBound(leaves[leafAt] as Leaf, key) : 0;
      for (let leaf = leaves[leafAt]; leaf; leaf = leaves[++leafAt], at = 0) {
        for (; at < leaf.count; at += 1) yield readEntry(leaf, at);
      }
    },
  };
}
