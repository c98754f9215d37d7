// The board, the page for a browser and the history of each host, kept up to date in the state bucket.
import { type Config, pagesOf, shardIndexOf } from '../config/config.ts';
import type { ChannelStates } from '../doctor/channels.ts';
import type { Instant } from '../duplicity/time.ts';
import {
  type Board,
  composeGrid,
  EMPTY_BOARD,
  formatBoard,
  parseBoard,
  updateBoard,
} from '../messages/board.ts';
import {
  addHistory,
  formatHistory,
  HISTORY,
  historyPage,
  parseHistory,
} from '../messages/history.ts';
import type { JudgedHost } from '../messages/host-report.ts';
import { composeBoardMetrics } from '../messages/openmetrics.ts';
import type { Digest } from '../messages/report.ts';
import { composeStatusPage } from '../messages/status-page.ts';
import {
  RecordConflictError,
  RecordError,
  type RecordStore,
  rewritePage,
  STATUS_PAGE,
} from './state.ts';

/** The page, by name. */
export const BOARD_PAGE = 'board.json';

/** The same as metrics, for the textfile collector of node_exporter. */
export const METRICS_PAGE = 'metrics.prom';

type BoardNews = {
  readonly judged: readonly JudgedHost[];
  readonly channels: ChannelStates | undefined;
  readonly digest?: Digest | undefined;
};

/** The grid of 30 days for the digest, and whether no digest was there before; or why nothing was kept. */
type KeptBoard = Pick<Digest, 'grid' | 'isFirst'> & { readonly lost?: string };

/**
 * Puts what was judged onto the board, and writes board and page where a row of it changed; with a digest the history,
 * too. Never throws for the state bucket: what could not be kept is said, and is no reason not to notify.
 */
export async function keepBoard(
  records: RecordStore,
  config: Config,
  { judged, channels, digest }: BoardNews,
  now: Instant,
): Promise<KeptBoard> {
  const { hosts, bucket } = config;
  // The rows of other runs stand, too. A damaged board starts again.
  const change = (text: string) =>
    updateBoard(parseBoard(text) ?? EMPTY_BOARD, judged, { hosts, digest });
  try {
    const board = await rewrite(records, BOARD_PAGE, change, formatBoard);
    const about = { ...config, hostsInConfig: hosts.length, channels, writtenAt: now };
    await Promise.all([
      records.replace(STATUS_PAGE, composeStatusPage(board, about)),
      records.replace(METRICS_PAGE, composeBoardMetrics(board, bucket, now)),
    ]);
    const isFirst = digest !== undefined && (await keepHistory(records, config, board));
    return { grid: composeGrid(board), ...(isFirst && { isFirst }) };
  } catch (error) {
    if (!(error instanceof RecordError || error instanceof RecordConflictError)) throw error;
    return { lost: `the status page is not kept: ${error.message}` };
  }
}

/** Puts `change` of a page in its place, of what another run has written in between where there is such; answers it. */
async function rewrite<Value>(
  records: RecordStore,
  page: string,
  change: (text: string) => Value | Promise<Value>,
  format: (value: Value) => string,
): Promise<Value> {
  let value: Value | undefined;
  const read = () => records.read(page);
  await rewritePage(records, page, read, async ({ text }) => {
    value = await change(text ?? '');
    const next = format(value);
    return next === text ? undefined : next;
  });
  return value as Value;
}

/**
 * The nights of the board go onto the pages of 400 days, once a day: the board holds more than that in between. Answers
 * whether there was no such page before.
 */
async function keepHistory(
  records: RecordStore,
  { hosts }: Config,
  { rows }: Board,
): Promise<boolean> {
  const of = pagesOf(hosts.length);
  const byPage = Map.groupBy(rows, ({ place }) =>
    historyPage({ index: shardIndexOf(place, of), of }),
  );
  let isFirst = byPage.size > 0;
  for (const [name, own] of byPage) {
    const change = async (text: string) => {
      const known = parseHistory(text) ?? (await historyElsewhere(records, byPage));
      if (text !== '' || known.length > 0) isFirst = false;
      return addHistory(known, own);
    };
    await rewrite(records, name, change, formatHistory);
  }
  return isFirst;
}

/** Where the config grew or shrank, a host's days lie on a page of another cut. */
async function historyElsewhere(records: RecordStore, pages: ReadonlyMap<string, unknown>) {
  const others = (await records.list(HISTORY)).filter((page) => !pages.has(page));
  const found = await Promise.all(
    others.map(async (page) => parseHistory((await records.read(page)).text ?? '') ?? []),
  );
  return found.flat();
}
