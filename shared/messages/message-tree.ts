// A message as a tree of blocks, made once: mail, page, chat, SMS and pager are each made of it, and none of another. Each
// has its own room, to which the rows of a tree are cut, and counted.
import type { Severity } from '../rules/finding.ts';
import type { News, ProblemKind } from '../rules/problem.ts';
import { countEach } from './plain-text.ts';

/** `alert` reaches every channel; `digest` is mail only; `test` is a digest that is sent to telephones too. */
export type Urgency = 'alert' | 'digest' | 'test';

/** How loud it is, the loudest first. */
export const TONES = ['tampered', 'bad', 'odd', 'good', 'note'] as const;
export type Tone = (typeof TONES)[number];

/** One thing that is wrong or well, and what to do about it. Texts are ASCII, with hostile names escaped. */
export type Item = {
  readonly tone: Tone;
  /** `MISSING`, `OK AGAIN`, `DEAD`. */
  readonly label: string;
  /** A host, `12 hosts` of a shared cause; empty for what is the monitor's own. */
  readonly who: string;
  readonly says: string;
  /** Each a paragraph of its own, the most important first. */
  readonly facts: readonly string[];
  /** Commands, or what else is done, in this order: each must be copied as it is, and is never wrapped. */
  readonly steps?: readonly string[];
  /** A path, or an address where the config has one. */
  readonly runbook?: string | undefined;
};

export type Row = {
  readonly tone: Tone;
  readonly cells: readonly string[];
  /** What it is counted as where it is cut: `MISSING`. */
  readonly counted?: string | undefined;
};

/** How a window went: a good backup in time, a late or doubtful one, none, none owed, nothing known. */
export const SIGNS = ['ok', 'odd', 'bad', 'paused', 'none'] as const;
export type Sign = (typeof SIGNS)[number];

/** What each sign means, for a key and for those who do not see it. */
export const SIGN_NAMES: Readonly<Record<Sign, string>> = {
  ok: 'ok',
  odd: 'late or doubtful',
  bad: 'failed',
  paused: 'paused',
  none: 'nothing known',
};

/** Where there is only text: a day of a grid, and of what is kept of a year. */
export const SIGN_LETTERS: Readonly<Record<Sign, string>> = {
  ...{ ok: '+', odd: '~', bad: 'x', paused: '-', none: '.' },
};

type GridRow = {
  readonly tone: Tone;
  readonly who: string;
  /** `MISSING 2nd day`, `ok`. */
  readonly label: string;
  /** One a day, the oldest first. */
  readonly signs: readonly Sign[];
  readonly counted?: string | undefined;
};

/** What a renderer left out, in words that count it. */
type Cut = { readonly more?: string | undefined; readonly rest?: string | undefined };

/** `rest` is the command that shows all; rows are sorted, the worst first, so that what is cut is the least bad. */
export type Block =
  | {
      readonly kind: 'banner';
      readonly tone: Tone;
      readonly text: string;
      /** When, and which bucket. */
      readonly below: string;
    }
  | ({ readonly kind: 'problem' } & Item & Cut)
  | ({ readonly kind: 'list'; readonly title?: string; readonly items: readonly Item[] } & Cut)
  | ({
      readonly kind: 'table';
      readonly title?: string;
      readonly columns: readonly string[];
      readonly rows: readonly Row[];
    } & Cut)
  | ({
      readonly kind: 'grid';
      readonly title: string;
      readonly rows: readonly GridRow[];
    } & Cut)
  | ({
      readonly kind: 'note';
      readonly text: string;
      /** Commands and the like, each on a line of its own. */
      readonly lines?: readonly string[];
    } & Cut);

/** A problem that a message is about, for channels that want one event each: with one key from its begin to its end. */
export type ProblemEvent = {
  /** The same for the alert, its reminders and its end, and for all of a shared cause; it holds names: hash it. */
  readonly key: string;
  readonly news: News;
  readonly kind: ProblemKind;
  /** As a message has it: `web`, `12 hosts`, empty for the monitor's own; and `MISSING`, `OK AGAIN`. */
  readonly who: string;
  readonly label: string;
  readonly severity: Severity;
  readonly says: string;
  readonly step?: string | undefined;
  readonly runbook?: string | undefined;
};

export type Message = {
  /** Of the worst in it. */
  readonly severity: Severity;
  readonly urgency: Urgency;
  /** ASCII, under 100 characters, no line break: SNS refuses others. */
  readonly subject: string;
  /** One GSM-7 segment of at most 160 characters; not with `digest`. */
  readonly smsLine: string | undefined;
  readonly blocks: readonly Block[];
  /** All that is new to the channel, and for a digest nothing else; the worst first. */
  readonly events: readonly ProblemEvent[];
};

type Measure = (blocks: readonly Block[]) => number;

/**
 * The blocks with as many of their rows as there is room for, and what is left out counted. Each block gets a fair share;
 * what some do not need, the first ones get. `measure` is the size of some blocks as they are rendered.
 */
export function fitBlocks(all: readonly Block[], room: number, measure: Measure): readonly Block[] {
  if (measure(all) <= room) return all;
  const parts = dropProblems(all, room, measure).map((block) => {
    const bare = measure([cutBlock(block, 0)]);
    return { block, bare, need: Math.max(0, measure([block]) - bare) };
  });
  const bareAll = measure(parts.map(({ block }) => cutBlock(block, 0)));
  const left = Math.max(0, room - bareAll);
  const share = left / Math.max(1, parts.filter(({ need }) => need > 0).length);
  let spare = parts.reduce((rest, { need }) => rest - Math.min(need, share), left);
  return parts.map(({ block, bare, need }) => {
    const grant = Math.min(need, share);
    const more = Math.min(spare, need - grant);
    spare -= more;
    const fits = (size: number) => measure([cutBlock(block, size)]) <= bare + grant + more;
    return cutBlock(block, mostThatFit(partsOf(block).length, fits));
  });
}

/** Where not even the heads of all problems have room, the least bad ones are counted in the place of the last of them. */
function dropProblems(blocks: readonly Block[], room: number, measure: Measure): readonly Block[] {
  const leastBad = blocks
    .filter((block) => block.kind === 'problem')
    .reverse()
    .sort((a, b) => TONES.indexOf(b.tone) - TONES.indexOf(a.tone));
  const without = (number: number): readonly Block[] => {
    const least = leastBad.slice(0, number);
    const dropped = new Set<Block>(least);
    const last = blocks.findLastIndex((block) => dropped.has(block));
    const note: Block = { kind: 'note', text: describeCut({}, least) };
    return blocks.flatMap((block, index) =>
      index === last ? note : dropped.has(block) ? [] : block,
    );
  };
  const fits = (kept: number) =>
    measure(without(leastBad.length - kept).map((block) => cutBlock(block, 0))) <= room;
  return without(leastBad.length - mostThatFit(leastBad.length, fits));
}

/** The greatest number, up to `all`, that fits as all below it do; 0 where none does. */
export function mostThatFit(all: number, fits: (number: number) => boolean): number {
  let [low, high] = [0, all];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** In which member of a block lies what may be cut. */
const PARTS = {
  problem: 'facts',
  list: 'items',
  table: 'rows',
  grid: 'rows',
  note: 'lines',
} as const;

type Part = string | { readonly label?: string; readonly counted?: string | undefined };

function partsOf(block: Block): readonly Part[] {
  switch (block.kind) {
    case 'banner':
      return [];
    case 'problem':
      return block.facts;
    case 'list':
      return block.items;
    case 'note':
      return block.lines ?? [];
    default:
      return block.rows;
  }
}

function cutBlock(block: Block, size: number): Block {
  const parts = partsOf(block);
  if (block.kind === 'banner' || size >= parts.length) return block;
  const more = describeCut(block, parts.slice(size));
  return { ...block, [PARTS[block.kind]]: parts.slice(0, size), more };
}

/** `and 12 more (10 MISSING, 2 UNREADABLE): rollcall check`. */
function describeCut({ rest = 'rollcall check' }: Cut, cut: readonly Part[]): string {
  const words = cut.flatMap((one) =>
    typeof one === 'string' ? [] : (one.counted ?? one.label ?? []),
  );
  return `and ${cut.length} more${words.length === 0 ? '' : ` (${countEach(words)})`}: ${rest}`;
}
