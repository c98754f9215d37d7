// `rollcall ack`: no more reminders of what somebody is working on, in force at once.
import type { Config } from '../../shared/config/config.ts';
import type { Ack, OperatorPage } from '../../shared/monitor/operator-page.ts';
import type { RecordStore } from '../../shared/monitor/state.ts';
import { isOwn, type Problem } from '../../shared/rules/problem.ts';
import { defineCommand, FLAG } from './command.ts';
import { askWhetherMeant, findHost, STATE_OPTIONS } from './config-file.ts';
import { changePage, ENTRY_HELP, openEntries, readProblems } from './operator-entries.ts';
import { UsageError } from './terminal.ts';

const ACK_HELP = `rollcall ack - no more reminders of what is wrong with a host

Examples
  rollcall ack web missing                 no more reminders of MISSING
  rollcall ack web                         of all that is wrong with it now
  rollcall ack                             what is acknowledged, and who is muted
  rollcall ack web --undo                  ends it

It is in force at once, without a deployment, and ends when the problem is over, or after 14 days. Everyone is
notified of it, and each digest lists it. What is new is notified all the same: another set or object, a problem that
becomes worse.

Options
  --undo                end it
${ENTRY_HELP}`;

export const ackCommand = defineCommand({
  help: ACK_HELP,
  options: { ...STATE_OPTIONS, undo: FLAG },
  operands: true,
  run: async (options, [name, word, ...more]) => {
    const { config, open: openRecords, list } = await openEntries(options);
    if (name === undefined && !options.undo) return list();
    if (name === undefined || more.length > 0) {
      throw new UsageError('give one host, and perhaps one finding', 'see: rollcall ack --help');
    }
    const kind = word?.toLowerCase();
    const records = await openRecords();
    if (options.undo) return undo(config, records, name, kind);
    findHost(config, name);
    const now = Date.now();
    const open = await openProblems(records, name);
    const what = wordsOf(name, kind, open);
    // The clock here may be behind the one that saw it begin.
    const ack: Ack = { host: name, kind, at: Math.max(now, ...open.map(({ since }) => since)) };
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
function wordsOf(name: string, kind: string | undefined, open: readonly Problem[]): string {
  const kinds = [...new Set(open.map((one) => one.kind))];
  const words = kinds.map((one) => one.toUpperCase()).join(', ');
  if (open.length === 0) {
    throw new UsageError(
      'nothing is wrong with it as of the last run: there is nothing to acknowledge',
      `judge it now: rollcall check --host ${name}; to keep it silent: rollcall mute ${name} --until 14d --because TEXT`,
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
  const problems = await readProblems(records);
  if (problems === undefined) {
    throw new UsageError(
      'what is open is not known: there is no state in the state bucket, or it is damaged',
      `the next run of the schedule begins it again; or keep the host silent: rollcall mute ${host} --until 14d --because TEXT`,
    );
  }
  return problems.filter((one) => one.host === host && one.over === undefined && !isOwn(one.kind));
}

async function undo(config: Config, records: RecordStore, host: string, kind?: string) {
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
  process.stdout.write(
    `${host}: ${what} ${says}${isChanged ? '' : askWhetherMeant(config, host)}; see: rollcall ack\n`,
  );
  return 0;
}
