// The page on which an operator says what holds of hosts at once: read and written from the command line.
import { toAscii } from '../../shared/messages/plain-text.ts';
import {
  describeOperatorPage,
  dropOver,
  formatOperatorPage,
  NO_ENTRIES,
  OPERATOR_PAGE,
  type OperatorPage,
  parseOperatorPage,
} from '../../shared/monitor/operator-page.ts';
import { RecordConflictError, RecordError, type RecordStore } from '../../shared/monitor/state.ts';
import { STACK, TEXT } from './command.ts';
import { openState, readConfig } from './config-file.ts';
import { UsageError } from './terminal.ts';

/** The options of each command that reads or writes it. */
export const ENTRY_OPTIONS = {
  ...{ hosts: TEXT, state: TEXT, stack: STACK, ledger: TEXT },
  'endpoint-url': TEXT,
};
export const ENTRY_HELP = `  --hosts FILE          the config; default $ROLLCALL_HOSTS, else hosts.yml
  --state PLACE         the folder or s3://BUCKET/PREFIX of rollcall run; default $ROLLCALL_STATE
  --stack NAME          the stack that has the state bucket; default rollcall-prod
  --ledger BUCKET       this bucket, without asking the stack
  --endpoint-url URL    an AWS of your own; default $AWS_ENDPOINT_URL
  -h, --help            this

Exit status
  0  done, or so already      3  refused; nothing was changed
`;

/** The config, and the state bucket. */
export async function openEntries(options: {
  readonly hosts?: string | undefined;
  readonly state?: string | undefined;
  readonly stack: string;
  readonly ledger?: string | undefined;
  readonly 'endpoint-url'?: string | undefined;
}) {
  const config = await readConfig(options.hosts);
  const open = () => openState(config, options);
  /** Prints who is muted and what is acknowledged. */
  const list = async () => {
    const lines = describeOperatorPage(await readEntries(await open()), config, Date.now());
    const none = ['no host is muted, and nothing acknowledged'];
    process.stdout.write(`${(lines.length > 0 ? lines : none).join('\n')}\n`);
    return 0;
  };
  return { config, open, list };
}

const TRIES = 8;

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
  for (let tries = 1; ; tries += 1) {
    const { page, tag } = await readTagged(records);
    const next = change(page);
    if (next === undefined) return false;
    try {
      await records.write(OPERATOR_PAGE, formatOperatorPage(dropOver(next, now)), tag);
      return true;
    } catch (error) {
      if (error instanceof RecordConflictError && tries < TRIES) continue;
      throw refuse(error, 's3:PutObject');
    }
  }
}

/** A page of the state bucket as it is. Throws `UsageError`. */
export async function readPage(records: RecordStore, page: string) {
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
  if (!(error instanceof RecordError)) return error;
  return new UsageError(
    toAscii(error.message),
    `allow ${right} on operator/* of the state bucket to these credentials: docs/security.md`,
    { cause: error },
  );
}
