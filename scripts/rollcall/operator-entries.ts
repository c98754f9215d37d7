// The page on which an operator says what holds of hosts at once: read and written from the command line.
import {
  dropOver,
  formatOperatorPage,
  NO_ENTRIES,
  OPERATOR_PAGE,
  type OperatorPage,
  operatorNews,
  parseOperatorPage,
} from '../../shared/monitor/operator-page.ts';
import {
  parseState,
  RecordConflictError,
  type RecordStore,
  rewritePage,
  STATE_PAGE,
} from '../../shared/monitor/state.ts';
import type { Problem } from '../../shared/rules/problem.ts';
import type { ValuesOf } from './command.ts';
import { openState, readConfig, STATE_HELP, type STATE_OPTIONS } from './config-file.ts';
import { refuseState } from './state-place.ts';
import { UsageError } from './terminal.ts';

export const ENTRY_HELP = `${STATE_HELP}

Exit status
  0  done, or so already      3  refused; nothing was changed
`;

/** The config, and the state bucket. */
export async function openEntries(options: ValuesOf<typeof STATE_OPTIONS>) {
  const config = await readConfig(options.hosts);
  const open = () => openState(config, options);
  /** Prints who is muted and what is acknowledged. */
  const list = async () => {
    const records = await open();
    const [page, problems] = [await readEntries(records), await readProblems(records)];
    const lines = operatorNews(page, config, problems, Date.now()).map(({ says }) => says);
    const none = ['no host is muted, and nothing acknowledged'];
    process.stdout.write(`${(lines.length > 0 ? lines : none).join('\n')}\n`);
    return 0;
  };
  return { config, open, list };
}

/** All that the last run knew of; `undefined`: there is no state, or it is damaged. Throws `UsageError`. */
export async function readProblems(records: RecordStore): Promise<readonly Problem[] | undefined> {
  const { text } = await readPage(records, STATE_PAGE);
  return parseState(text ?? '')?.problems;
}

/** Throws `UsageError` when it cannot be read. */
async function readEntries(records: RecordStore): Promise<OperatorPage> {
  return (await readTagged(records)).page;
}

/**
 * Writes what `change` makes of the page, again and again while others write; `undefined` = nothing is to be changed.
 * Answers whether something was. Throws `UsageError`.
 */
export async function changePage(
  records: RecordStore,
  change: (page: OperatorPage) => OperatorPage | undefined,
  now: number,
): Promise<boolean> {
  const format = ({ page }: { readonly page: OperatorPage }) => {
    const next = change(page);
    return next && formatOperatorPage(dropOver(next, now));
  };
  const read = () => readTagged(records);
  try {
    return (await rewritePage(records, OPERATOR_PAGE, read, format)) !== undefined;
  } catch (error) {
    throw refuse(error, 's3:PutObject');
  }
}

/** A page of the state bucket as it is. Throws `UsageError`. */
async function readPage(records: RecordStore, page: string) {
  try {
    return await records.read(page);
  } catch (error) {
    throw refuse(error, 's3:GetObject');
  }
}

async function readTagged(records: RecordStore) {
  const { text, tag } = await readPage(records, OPERATOR_PAGE);
  const page = text === undefined ? NO_ENTRIES : parseOperatorPage(text);
  if (page !== undefined) return { page, tag };
  // It is not written over: it may be what a later version wrote.
  throw new UsageError(
    `${OPERATOR_PAGE} in the state bucket is damaged: no host is muted, and nothing acknowledged`,
    'see who wrote it, put an earlier version of it back or delete it, and run this again: docs/runbook.md#muted',
  );
}

function refuse(error: unknown, right: string): unknown {
  if (error instanceof RecordConflictError) {
    return new UsageError('others write to it all the time; nothing was changed', 'run it again');
  }
  return refuseState(error, `${right} on operator/*`);
}
