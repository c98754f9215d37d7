// `rollcall mute`: a pause in the config, with an end and a reason.
import { parseArgs } from 'node:util';
import type { Host } from '../../shared/config/config.ts';
import { DATE } from '../../shared/config/config-values.ts';
import { pauseHost, resumeHost } from '../../shared/config/edit-config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { dateIn } from '../../shared/rules/window.ts';
import { changeConfig, findHost, onlyName, readConfigToChange } from './config-file.ts';
import { UsageError } from './terminal.ts';

export const MUTE_HELP = `rollcall mute - expect no backup from a host for a while

Examples
  rollcall mute lab --until 2026-12-01 --because "disk swap"
  rollcall mute lab --until 2026-12-24 --because "still waiting for the disk"    changes it
  rollcall mute lab --until 2026-12-01 --because "disk swap" --dry-run           shows the line, and changes nothing

A pause always ends, and every digest mentions it. Its archive is still watched: what is removed, and what
is about to expire, is told all the same. It is in force after \`npx serverless deploy\`.

Options
  --until DATE     the first day that owes a backup again
  --because TEXT   why, in a few words
  --hosts FILE     the config; default $ROLLCALL_HOSTS, else hosts.yml
  --dry-run        change nothing
  -h, --help       this

Exit status
  0  done, or so already      3  refused; nothing was changed
`;

/** Runs the command; returns its exit status. Throws errors with a hint. */
export async function runMute(args: readonly string[]): Promise<number> {
  const { values: options, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      until: { type: 'string' },
      because: { type: 'string' },
      hosts: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (options.help) {
    process.stdout.write(MUTE_HELP);
    return 0;
  }
  const name = onlyName(positionals, 'mute');
  const file = await readConfigToChange(options.hosts);
  const host = findHost(parseConfig(file.text, file.file, file.readKeyFile), name);
  const until = readUntil(options.until, host, Date.now());
  const because = readReason(options.because);
  await changeConfig(file, pauseHost(file, name, { until, because }).text, options['dry-run']);
  process.stdout.write(`${name} owes no backup until ${until}; its archive is still watched\n`);
  return 0;
}

function readUntil(text: string | undefined, { name, timezone }: Host, now: number): string {
  const like = 'give the first day that owes a backup again: --until 2026-12-01';
  if (text === undefined)
    throw new UsageError('a pause has an end, and --until is not given', like);
  const until = DATE.parse(text);
  if (until === undefined) {
    throw new UsageError(`--until ${JSON.stringify(text)} is not a date`, like);
  }
  const today = dateIn(timezone, now);
  if (until > today) return until;
  throw new UsageError(
    `--until ${until} is over: today is ${today} at ${name}`,
    `give a later day; to end a pause: rollcall unmute ${name}`,
  );
}

function readReason(text: string | undefined): string {
  const because = text?.trim() ?? '';
  if (because !== '' && /^[^\p{Cc}]{1,200}$/u.test(because)) return because;
  throw new UsageError(
    because === '' ? 'a pause has a reason, and --because is not given' : 'the reason is too long',
    'say it on one line, in at most 200 characters: --because "disk swap"',
  );
}

export const UNMUTE_HELP = `rollcall unmute - expect backups from a host again

Examples
  rollcall unmute lab
  rollcall unmute lab --dry-run      shows the line, and changes nothing

It is in force after \`npx serverless deploy\`; the next window that closes is judged.

Options
  --hosts FILE     the config; default $ROLLCALL_HOSTS, else hosts.yml
  --dry-run        change nothing
  -h, --help       this

Exit status
  0  done, or so already      3  refused; nothing was changed
`;

/** Runs the command; returns its exit status. Throws errors with a hint. */
export async function runUnmute(args: readonly string[]): Promise<number> {
  const { values: options, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      hosts: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (options.help) {
    process.stdout.write(UNMUTE_HELP);
    return 0;
  }
  const name = onlyName(positionals, 'unmute');
  const file = await readConfigToChange(options.hosts);
  const host = findHost(parseConfig(file.text, file.file, file.readKeyFile), name);
  if (host.paused === undefined) {
    process.stdout.write(`${name} is not paused\n`);
    return 0;
  }
  await changeConfig(file, resumeHost(file, name).text, options['dry-run']);
  process.stdout.write(`${name} owes its backups again\n`);
  return 0;
}
