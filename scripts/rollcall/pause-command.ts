// `rollcall pause` and `rollcall resume`: a pause in the config, with an end and a reason.
import type { Host } from '../../shared/config/config.ts';
import { pauseHost, resumeHost } from '../../shared/config/edit-config.ts';
import { DAY } from '../../shared/duplicity/time.ts';
import { dateIn } from '../../shared/rules/window.ts';
import { defineCommand, FLAG, TEXT } from './command.ts';
import { changeConfig, configOf, findHost, onlyName, readConfigToChange } from './config-file.ts';
import { parseDay, UsageError } from './terminal.ts';

const PAUSE_HELP = `rollcall pause - expect no backup from a host for a while

Examples
  rollcall pause lab --until 14d --because "disk swap"
  rollcall pause lab --until 30d --because "still waiting for the disk"    changes it
  rollcall pause lab --until 14d --because "disk swap" --dry-run           shows the line, and changes nothing

A host that should only be silent for a while, at once and without a deployment: rollcall mute.

A pause ends after 90 days at most, and every digest mentions it. Its archive is still watched: what is removed, and what
is about to expire, is reported all the same. It is in force after \`npx serverless deploy\`.

Options
  --until DAY      the first day that owes a backup again: 14d, or a date
  --because TEXT   why, in a few words
  --hosts FILE     the config; default $ROLLCALL_HOSTS, else hosts.yml
  --dry-run        change nothing
  -h, --help       this

Exit status
  0  done, or so already      3  refused; nothing was changed
`;

const PAUSE = {
  what: 'pause',
  first: 'the first day that owes a backup again',
  undo: 'resume',
};

export const pauseCommand = defineCommand({
  help: PAUSE_HELP,
  options: { until: TEXT, because: TEXT, hosts: TEXT, 'dry-run': FLAG },
  operands: true,
  run: async (options, operands) => {
    const name = onlyName(operands, 'pause');
    const configFile = await readConfigToChange(options.hosts);
    const host = findHost(configOf(configFile), name);
    const until = readUntil(options.until, host, PAUSE, Date.now());
    const because = readReason(options.because, PAUSE);
    await changeConfig(
      configFile,
      pauseHost(configFile, name, { until, because }).text,
      options['dry-run'],
    );
    process.stdout.write(`${name} owes no backup until ${until}; its archive is still watched\n`);
    return 0;
  },
});

/** What has the end: its name, what its end is, and the command that ends it before. */
export type Silence = {
  readonly what: string;
  readonly first: string;
  readonly undo: string;
};

const MOST_DAYS = 90;

/** A later day of the host's calendar. Throws `UsageError`. */
export function readUntil(
  text: string | undefined,
  { name, timezone }: Host,
  { what, first, undo }: Silence,
  now: number,
): string {
  const today = dateIn(timezone, now);
  const like = `give ${first}, as a date or in days: --until 14d`;
  if (text === undefined) {
    throw new UsageError(`a ${what} has an end, and --until is not given`, like);
  }
  const until = parseDay(text, today);
  if (until === undefined) {
    throw new UsageError(`--until ${JSON.stringify(text)} is not a day`, like);
  }
  if (until <= today) {
    throw new UsageError(
      `--until ${until} is over: today is ${today} at ${name}`,
      `give a later day; to end a ${what}: rollcall ${undo} ${name}`,
    );
  }
  if (Date.parse(until) - Date.parse(today) > MOST_DAYS * DAY) {
    throw new UsageError(
      `--until ${until} is too far away: a ${what} lasts ${MOST_DAYS} days at most`,
      `give ${parseDay(`${MOST_DAYS}d`, today)} or an earlier day; until that comes it can be made longer by the same command`,
    );
  }
  return until;
}

/** One line. Throws `UsageError`. */
export function readReason(text: string | undefined, { what }: Silence): string {
  const because = text?.trim() ?? '';
  if (because !== '' && /^[^\p{Cc}]{1,200}$/u.test(because)) return because;
  throw new UsageError(
    because === ''
      ? `a ${what} has a reason, and --because is not given`
      : 'the reason is too long, or not one line',
    'say it on one line, in at most 200 characters: --because "disk swap"',
  );
}

const RESUME_HELP = `rollcall resume - expect backups from a host again

Examples
  rollcall resume lab
  rollcall resume lab --dry-run      shows the line, and changes nothing

It is in force after \`npx serverless deploy\`; the next window that closes is judged.

Options
  --hosts FILE     the config; default $ROLLCALL_HOSTS, else hosts.yml
  --dry-run        change nothing
  -h, --help       this

Exit status
  0  done, or so already      3  refused; nothing was changed
`;

export const resumeCommand = defineCommand({
  help: RESUME_HELP,
  options: { hosts: TEXT, 'dry-run': FLAG },
  operands: true,
  run: async (options, operands) => {
    const name = onlyName(operands, 'resume');
    const configFile = await readConfigToChange(options.hosts);
    const host = findHost(configOf(configFile), name);
    if (host.paused === undefined) {
      process.stdout.write(`${name} is not paused\n`);
      return 0;
    }
    await changeConfig(configFile, resumeHost(configFile, name).text, options['dry-run']);
    process.stdout.write(`${name} owes its backups again\n`);
    return 0;
  },
});
