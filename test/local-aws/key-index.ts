// Makes the sorted index of a bucket's keys: millions of them in few bytes each, and any page of them at once.
import {
  closeLeaf,
  createLeaf,
  type IndexEntry,
  type Leaf,
  leafSize,
  lowerBound,
  openLeaf,
} from './key-leaf.ts';

/** Sorted by byte key; every call costs O(log n), and `from` then O(1) per entry it yields. */
export type KeyIndex = {
  readonly count: () => number;
  readonly get: (key: string) => IndexEntry | undefined;
  readonly set: (entry: IndexEntry) => void;
  readonly delete: (key: string) => void;
  readonly from: (key: string) => Generator<IndexEntry>;
};

// Writers that take turns over many hosts would otherwise open and close a leaf for every object.
const mostOpen = 64;

/** An empty index. */
export function createKeyIndex(): KeyIndex {
  const leaves: Leaf[] = [];
  // In the order of their last use.
  const inUse = new Set<Leaf>();
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

  const use = (leaf: Leaf): IndexEntry[] => {
    inUse.delete(leaf);
    inUse.add(leaf);
    if (inUse.size > mostOpen) {
      const [oldest] = inUse as Set<Leaf | undefined>;
      if (oldest) {
        inUse.delete(oldest);
        closeLeaf(oldest);
      }
    }
    return openLeaf(leaf);
  };

  const change = (leafAt: number, start: number, gone: number, added: IndexEntry[]): void => {
    const leaf = leaves[leafAt] as Leaf;
    const entries = use(leaf);
    entries.splice(start, gone, ...added);
    leaf.packed = undefined;
    count += added.length - gone;
    leaf.first = entries[0]?.key ?? '';
    if (entries.length === 0) {
      leaves.splice(leafAt, 1);
      inUse.delete(leaf);
    } else if (entries.length > leafSize) {
      // A key behind all others of its leaf begins a new one, so that writing in order leaves full leaves behind.
      const cut = start === leafSize ? leafSize : leafSize / 2;
      const right = createLeaf(entries.splice(cut));
      leaves.splice(leafAt + 1, 0, right);
      use(right);
    }
  };

  return {
    count: () => count,
    get: (key) => {
      const leaf = leaves[leafFor(key)];
      if (!leaf) return undefined;
      const entries = use(leaf);
      const entry = entries[lowerBound(entries, key)];
      return entry?.key === key ? entry : undefined;
    },
    set: (entry) => {
      const leafAt = leafFor(entry.key);
      const leaf = leaves[leafAt];
      if (!leaf) {
        leaves.push(createLeaf([]));
        change(0, 0, 0, [entry]);
        return;
      }
      const entries = use(leaf);
      const at = lowerBound(entries, entry.key);
      change(leafAt, at, entries[at]?.key === entry.key ? 1 : 0, [entry]);
    },
    delete: (key) => {
      const leafAt = leafFor(key);
      const leaf = leaves[leafAt];
      if (!leaf) return;
      const entries = use(leaf);
      const at = lowerBound(entries, key);
      if (entries[at]?.key === key) change(leafAt, at, 1, []);
    },
    *from(key) {
      let leafAt = leafFor(key);
      const first = leaves[leafAt];
      let at = first ? lowerBound(use(first), key) : 0;
      for (let leaf = first; leaf; leaf = leaves[++leafAt], at = 0) {
        const entries = use(leaf);
        for (; at < entries.length; at += 1) yield entries[at] as IndexEntry;
      }
    },
  };
}
