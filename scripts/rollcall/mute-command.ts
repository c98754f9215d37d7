// `rollcall mute`, `unmute` and `ack`: what an operator says of a host, in force at once and without a deployment.
import { quoteName, toAscii } from '../../shared/messages/plain-text.ts';
import {
  type Ack,
  describeOperatorPage,
  dropOver,
  formatOperatorPage,
  NO_ENTRIES,
  OPERATOR_PAGE,
  type OperatorPage,
  parseOperatorPage,
} from '../../shared/monitor/operator-page.ts';
import {
  parseState,
  RecordConflictError,
  RecordError,
  type RecordStore,
  STATE_PAGE,
} from '../../shared/monitor/state.ts';
import { isOwn, type Problem } from '../../shared/rules/problem.ts';
import { defineCommand, FLAG, STACK, TEXT } from './command.ts';
import { findHost, findStateBucket, onlyName, openAws, readConfig } from './config-file.ts';
import { readReason, readUntil } from './pause-command.ts';
import { UsageError } from './terminal.ts';

const SAID_OPTIONS = { hosts: TEXT, stack: STACK, ledger: TEXT, 'endpoint-url': TEXT };
const SAID_HELP = `  --hosts FILE          the config; default $ROLLCALL_HOSTS, else hosts.yml
  --stack NAME          the stack that has the state bucket; default rollcall-prod
  --ledger BUCKET       this bucket, without asking the stack
  --endpoint-url URL    an AWS of your own; default $AWS_ENDPOINT_URL
  -h, --help            this

Exit status
  0  done, or so already      3  refused; nothing was changed
`;

/** The config, and the state bucket. */
async function openSaid(options: {
  readonly hosts?: string | undefined;
  readonly stack: string;
  readonly ledger?: string | undefined;
  readonly 'endpoint-url'?: string | undefined;
}) {
  const config = await readConfig(options.hosts);
  const open = async () => {
    const connection = await openAws(config, options);
    return findStateBucket(connection, options.stack, options.ledger);
  };
  /** Prints who is muted and what is acknowledged. */
  const list = async () => {
    const lines = describeOperatorPage(await readSaid(await open()), config, Date.now());
    const none = ['no host is muted, and nothing acknowledged'];
    process.stdout.write(`${(lines.length > 0 ? lines : none).join('\n')}\n`);
    return 0;
  };
  return { config, open, list };
}

const MUTE_HELP = `rollcall mute - notify nobody of a host for a while

Examples
  rollcall mute lab --until 2026-12-01 --because "disk swap"
  rollcall mute lab --until 2026-12-24 --because "still waiting for the disk"    changes it
  rollcall mute                            who is muted, and what is acknowledged
  rollcall unmute lab                      ends it

It is in force at once, without a deployment. Everyone is notified of it, and each digest lists it. tampered,
expiring and unreadable are told all the same. What is still wrong when it ends is told then. That no backup is
owed for a while is another thing: rollcall pause.

Options
  --until DATE          the first day on which it is told again, 90 days from now at most
  --because TEXT        why, in a few words
${SAID_HELP}`;

const MUTE = {
  ...{ what: 'mute', first: 'the first day on which the host is told again', undo: 'unmute' },
  mostDays: 90,
};

export const muteCommand = defineCommand({
  help: MUTE_HELP,
  options: { ...SAID_OPTIONS, until: TEXT, because: TEXT },
  operands: true,
  run: async (options, operands) => {
    const { config, open, list } = await openSaid(options);
    const isList = operands.length === 0 && (options.until ?? options.because) === undefined;
    if (isList) return list();
    const host = findHost(config, onlyName(operands, 'mute'));
    const now = Date.now();
    const until = readUntil(options.until, host, MUTE, now);
    const because = readReason(options.because, MUTE);
    const add = ({ acks, mutes }: OperatorPage) => {
      const known = mutes.find((one) => one.host === host.name);
      if (known?.until === until && known.because === because) return undefined;
      const others = mutes.filter((one) => one.host !== host.name);
      return { acks, mutes: [...others, { host: host.name, at: now, because, until }] };
    };
    const isNew = await changePage(await open(), add, now);
    const says = `${host.name} is muted until ${until}: ${quoteName(because)}`;
    process.stdout.write(
      `${says}${isNew ? '; everyone is notified of it with the next window that is judged' : ' already'}\n`,
    );
    return 0;
  },
});

const UNMUTE_HELP = `rollcall unmute - notify of a host again

Examples
  rollcall unmute lab
  rollcall mute                            who is muted, and what is acknowledged

It is in force at once: what is wrong with the host is told by the next run.

Options
${SAID_HELP}`;

export const unmuteCommand = defineCommand({
  help: UNMUTE_HELP,
  options: SAID_OPTIONS,
  operands: true,
  run: async (options, operands) => {
    const { open } = await openSaid(options);
    // One that is not in the config any more can be muted still.
    const name = onlyName(operands, 'unmute');
    const isMuted = await changePage(
      await open(),
      ({ acks, mutes }) => {
        const others = mutes.filter((one) => one.host !== name);
        return others.length === mutes.length ? undefined : { acks, mutes: others };
      },
      Date.now(),
    );
    const says = isMuted ? 'is not muted any more' : 'is not muted';
    process.stdout.write(`${quoteName(name)} ${says}\n`);
    return 0;
  },
});

const ACK_HELP = `rollcall ack - no more reminders of what is wrong with a host

Examples
  rollcall ack web missing                 no more reminders of MISSING
  rollcall ack web                         of all that is wrong with it now
  rollcall ack                             what is acknowledged, and who is muted
  rollcall ack web --undo                  ends it

It is in force at once, without a deployment, and ends when the problem is over, or after 14 days. Everyone is
notified of it, and each digest lists it. What is new is told all the same: another set or object, a problem that
becomes worse.

Options
  --undo                end it
${SAID_HELP}`;

export const ackCommand = defineCommand({
  help: ACK_HELP,
  options: { ...SAID_OPTIONS, undo: FLAG },
  operands: true,
  run: async (options, [name, word, ...more]) => {
    const { config, open, list } = await openSaid(options);
    if (name === undefined && !options.undo) return list();
    if (name === undefined || more.length > 0) {
      throw new UsageError('give one host, and perhaps one finding', 'see: rollcall ack --help');
    }
    const kind = word?.toLowerCase();
    const records = await open();
    if (options.undo) return undo(records, name, kind);
    findHost(config, name);
    const now = Date.now();
    const what = wordsOf(kind, await openProblems(records, name));
    const ack: Ack = { host: name, kind, at: now };
    const add = ({ acks, mutes }: OperatorPage) => ({
      mutes,
      acks: [...acks.filter((one) => one.host !== name || one.kind !== kind), ack],
    });
    await changePage(records, add, now);
    process.stdout.write(`${name}: no more reminders of ${what}\n`);
    return 0;
  },
});

/** Throws `UsageError`: nothing is open, or not that. */
function wordsOf(kind: string | undefined, open: readonly Problem[]): string {
  const kinds = [...new Set(open.map((one) => one.kind))];
  const words = kinds.map((one) => one.toUpperCase()).join(', ');
  if (open.length === 0) {
    throw new UsageError(
      'nothing is wrong with it as of the last run: there is nothing to acknowledge',
      'judge it now: rollcall check; to keep it silent: rollcall mute HOST',
    );
  }
  if (kind === undefined) return words;
  if (kinds.some((one) => one === kind)) return kind.toUpperCase();
  throw new UsageError(
    `${JSON.stringify(kind)} is not open; what is: ${words}`,
    `name one of them, or none for all: ${kinds[0]}`,
  );
}

async function openProblems(records: RecordStore, host: string): Promise<Problem[]> {
  const { text } = await readPage(records, STATE_PAGE);
  const state = text === undefined ? undefined : parseState(text);
  if (state === undefined) {
    throw new UsageError(
      'what is open is not known: there is no state in the state bucket, or it is damaged',
      'the next run of the schedule begins it again; or keep the host silent: rollcall mute HOST',
    );
  }
  return state.problems.filter(
    (one) => one.host === host && one.over === undefined && !isOwn(one.kind),
  );
}

async function undo(records: RecordStore, host: string, kind: string | undefined) {
  const isUndone = ({ host: own, ...ack }: Ack) =>
    own === host && (kind === undefined || ack.kind === kind);
  const isChanged = await changePage(
    records,
    ({ acks, mutes }) =>
      acks.some(isUndone) ? { mutes, acks: acks.filter((one) => !isUndone(one)) } : undefined,
    Date.now(),
  );
  const says = isChanged ? 'is not acknowledged any more' : 'was not acknowledged';
  const what = kind === undefined ? 'what is wrong' : kind.toUpperCase();
  process.stdout.write(`${host}: ${what} ${says}; see: rollcall ack\n`);
  return 0;
}

const TRIES = 8;

/** Throws `UsageError` when it cannot be read. */
async function readSaid(records: RecordStore): Promise<OperatorPage> {
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
  if (!(error instanceof RecordError)) return error;
  return new UsageError(
    toAscii(error.message),
    `allow ${right} on operator/* of the state bucket to these credentials: docs/security.md`,
    { cause: error },
  );
}
