// `rollcall unmute`: ends a pause before its time.
import { parseArgs } from 'node:util';
import { resumeHost } from '../../shared/roster/edit-roll.ts';
import { readRoster } from '../../shared/roster/read-roster.ts';
import { findHost, onlyName } from './find-host.ts';
import { changeRoll, readRollToChange } from './roll-file.ts';

export const UNMUTE_HELP = `rollcall unmute - expect backups from a host again

Examples
  rollcall unmute lab
  rollcall unmute lab --dry-run      shows the line, and changes nothing

It is in force after \`npx serverless deploy\`; the next window that closes is judged.

Options
  --hosts FILE     the roll; default $ROLLCALL_HOSTS, else hosts.yml
  --dry-run        change nothing
  --help           this

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
      help: { type: 'boolean', default: false },
    },
  });
  if (options.help) {
    process.stdout.write(UNMUTE_HELP);
    return 0;
  }
  const name = onlyName(positionals, 'unmute');
  const roll = await readRollToChange(options.hosts);
  const host = findHost(readRoster(roll.text, roll.file, roll.readKeyFile), name);
  if (host.paused === undefined) {
    process.stdout.write(`${name} is not paused\n`);
    return 0;
  }
  await changeRoll(roll, resumeHost(roll, name).text, options['dry-run']);
  process.stdout.write(`${name} owes its backups again\n`);
  return 0;
}
