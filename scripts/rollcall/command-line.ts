// The commands by their names, and how an error of theirs is told: in two lines that end with what to do.
import { ConfigError } from '../../shared/config/config.ts';
import { runAddHost } from './add-host-command.ts';
import { runAddReader, runRemoveReader } from './add-reader-command.ts';
import { runBucketSettings } from './bucket-settings-command.ts';
import { runCheck } from './check-command.ts';
import { runDoctor } from './doctor-command.ts';
import { runExplain } from './explain-command.ts';
import { runJanitor } from './janitor-command.ts';
import { runMute, runUnmute } from './mute-command.ts';
import { runRemoveHost } from './remove-host-command.ts';
import { runStackResource } from './stack-resource-command.ts';
import { runStatus } from './status-command.ts';
import { UsageError } from './terminal.ts';
import { runTestAlert } from './test-alert-command.ts';
import { runUndelete } from './undelete-command.ts';

const HELP = `rollcall - did every host write a complete, encrypted duplicity backup, on time?

Examples
  rollcall check                     judge the whole config now
  rollcall check --listing all.json  judge a saved listing, offline
  rollcall status                    what did the last daily report say?
  rollcall explain KEY               how is this object name read?
  rollcall doctor                    is what is deployed what the config asks for?
  rollcall add-host web              add a host to the config, and give it a key that can only append

Commands
  check         judge hosts; exit status 0 ok, 1 warning, 2 critical, 3 could not check
  status        what the last daily report said; exit status as check's
  explain       read object names
  doctor        audit what is deployed; exit status as check's
  add-host      a line in the config, an append-only key, and the line to run on the host
  remove-host   take them away again; the archive stays
  add-reader    a key for restores that can read the backups of some hosts, and nothing else
  remove-reader take it away again
  mute          expect no backup from a host until a date
  unmute        expect them again
  undelete      bring back a set that is under delete markers
  bucket-settings  what the bucket should be set to, as JSON for aws s3api
  janitor       what the janitor would tag now; it changes nothing
  test-alert    send a code word through every channel
  stack-resource  a resource as it was deployed, for the aws command that puts it back

rollcall COMMAND --help says more, examples first.
`;

const COMMANDS: Record<string, (args: readonly string[]) => Promise<number>> = {
  check: runCheck,
  status: runStatus,
  explain: runExplain,
  doctor: runDoctor,
  'add-host': runAddHost,
  'remove-host': runRemoveHost,
  'add-reader': runAddReader,
  'remove-reader': runRemoveReader,
  mute: runMute,
  unmute: runUnmute,
  undelete: runUndelete,
  'bucket-settings': runBucketSettings,
  janitor: runJanitor,
  'test-alert': runTestAlert,
  'stack-resource': runStackResource,
};

/** Runs one command; returns its exit status. Throws what is a bug. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    return await runCommand(args);
  } catch (error) {
    return report(error);
  }
}

async function runCommand([command, ...args]: readonly string[]): Promise<number> {
  if (command === undefined || command === '--help' || command === 'help') {
    process.stdout.write(HELP);
    return command === undefined ? 3 : 0;
  }
  const run = COMMANDS[command];
  if (run === undefined) {
    throw new UsageError(`there is no command ${JSON.stringify(command)}`, 'see: rollcall --help');
  }
  return run(args);
}

/** What the operator can put right is two lines; anything else is a bug, with its trace. */
function report(error: unknown): number {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (error instanceof ConfigError) {
    for (const issue of error.issues) complain(`error: ${issue}`);
    complain('hint: correct these lines, and run it again; docs/setup.md has a whole config');
  } else if (error instanceof Error && 'hint' in error) {
    // A mistake in the command line, a config that cannot be edited, a call that AWS refused.
    complain(`error: ${error.message}`);
    complain(`hint: ${error.hint}`);
  } else if (code.startsWith('ERR_PARSE_ARGS')) {
    complain(`error: ${(error as Error).message.split('. ')[0]}`);
    complain('hint: see: rollcall COMMAND --help');
  } else throw error;
  return 3;
}

function complain(line: string): void {
  process.stderr.write(`rollcall: ${line}\n`);
}
