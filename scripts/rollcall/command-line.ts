// The commands by their names, each loaded when it is asked for; and how an error is shown: what is wrong, what to do.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { closest, distance } from 'fastest-levenshtein';
import { ConfigError } from '../../shared/config/config.ts';
import { UsageError } from './terminal.ts';

/** What a command is, once it is loaded: `run` returns the exit status, `help` is its --help. */
export type LoadedCommand = {
  readonly run: (args: readonly string[]) => Promise<number>;
  readonly help: string;
};

type Command = {
  /** One line for `rollcall --help` and for completion. */
  readonly summary: string;
  readonly load: () => Promise<LoadedCommand>;
};

/** In the order of `rollcall --help`. A command is added here, and nowhere else. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  check: {
    summary: 'judge hosts; exit status 0 ok, 1 warning, 2 critical, 3 could not check',
    load: async () => {
      const { runCheck, CHECK_HELP } = await import('./check-command.ts');
      return { run: runCheck, help: CHECK_HELP };
    },
  },
  status: {
    summary: "what the last daily report said; exit status as check's",
    load: async () => {
      const { runStatus, STATUS_HELP } = await import('./status-command.ts');
      return { run: runStatus, help: STATUS_HELP };
    },
  },
  explain: {
    summary: 'read object names',
    load: async () => {
      const { runExplain, EXPLAIN_HELP } = await import('./explain-command.ts');
      return { run: runExplain, help: EXPLAIN_HELP };
    },
  },
  doctor: {
    summary: "audit what is deployed; exit status as check's",
    load: async () => {
      const { runDoctor, DOCTOR_HELP } = await import('./doctor-command.ts');
      return { run: runDoctor, help: DOCTOR_HELP };
    },
  },
  'add-host': {
    summary: 'a line in the config, an append-only key, and the line to run on the host',
    load: async () => {
      const { runAddHost, ADD_HOST_HELP } = await import('./add-host-command.ts');
      return { run: runAddHost, help: ADD_HOST_HELP };
    },
  },
  'remove-host': {
    summary: 'take them away again; the archive stays',
    load: async () => {
      const { runRemoveHost, REMOVE_HOST_HELP } = await import('./remove-host-command.ts');
      return { run: runRemoveHost, help: REMOVE_HOST_HELP };
    },
  },
  'add-reader': {
    summary: 'a key for restores that can read the backups of some hosts, and nothing else',
    load: async () => {
      const { runAddReader, ADD_READER_HELP } = await import('./add-reader-command.ts');
      return { run: runAddReader, help: ADD_READER_HELP };
    },
  },
  'remove-reader': {
    summary: 'take it away again',
    load: async () => {
      const { runRemoveReader, REMOVE_READER_HELP } = await import('./add-reader-command.ts');
      return { run: runRemoveReader, help: REMOVE_READER_HELP };
    },
  },
  mute: {
    summary: 'expect no backup from a host until a date',
    load: async () => {
      const { runMute, MUTE_HELP } = await import('./mute-command.ts');
      return { run: runMute, help: MUTE_HELP };
    },
  },
  unmute: {
    summary: 'expect them again',
    load: async () => {
      const { runUnmute, UNMUTE_HELP } = await import('./mute-command.ts');
      return { run: runUnmute, help: UNMUTE_HELP };
    },
  },
  undelete: {
    summary: 'bring back a set that is under delete markers',
    load: async () => {
      const { runUndelete, UNDELETE_HELP } = await import('./undelete-command.ts');
      return { run: runUndelete, help: UNDELETE_HELP };
    },
  },
  'bucket-settings': {
    summary: 'what the bucket should be set to, as JSON for aws s3api',
    load: async () => {
      const { runBucketSettings, BUCKET_SETTINGS_HELP } = await import(
        './bucket-settings-command.ts'
      );
      return { run: runBucketSettings, help: BUCKET_SETTINGS_HELP };
    },
  },
  janitor: {
    summary: 'what the janitor would tag now; it changes nothing',
    load: async () => {
      const { runJanitor, JANITOR_HELP } = await import('./janitor-command.ts');
      return { run: runJanitor, help: JANITOR_HELP };
    },
  },
  'test-alert': {
    summary: 'send a code word through every channel',
    load: async () => {
      const { runTestAlert, TEST_ALERT_HELP } = await import('./test-alert-command.ts');
      return { run: runTestAlert, help: TEST_ALERT_HELP };
    },
  },
  'stack-resource': {
    summary: 'a resource as it was deployed, for the aws command that puts it back',
    load: async () => {
      const { runStackResource, STACK_RESOURCE_HELP } = await import('./stack-resource-command.ts');
      return { run: runStackResource, help: STACK_RESOURCE_HELP };
    },
  },
  completion: {
    summary: 'what completes commands and options in bash, zsh or fish',
    load: async () => {
      const { runCompletion, COMPLETION_HELP } = await import('./completion-command.ts');
      return { run: (args) => runCompletion(args, COMMANDS), help: COMPLETION_HELP };
    },
  },
  schema: {
    summary: 'the JSON Schema of hosts.yml, for editors',
    load: async () => {
      const { runSchema, SCHEMA_HELP } = await import('./schema-command.ts');
      return { run: runSchema, help: SCHEMA_HELP };
    },
  },
};

const HEAD = `rollcall - did every host write a complete, encrypted duplicity backup, on time?

Examples
  rollcall check                     judge the whole config now
  rollcall check --listing all.json  judge a saved listing, offline
  rollcall status                    what did the last daily report say?
  rollcall explain KEY               how is this object name read?
  rollcall doctor                    is what is deployed what the config asks for?
  rollcall add-host web              add a host to the config, and give it a key that can only append
`;

/** Runs one command; returns its exit status. Throws what is a bug. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    return await runCommand(args);
  } catch (error) {
    return report(error);
  }
}

async function runCommand([name, ...args]: readonly string[]): Promise<number> {
  switch (name) {
    case undefined:
      process.stdout.write(composeHelp());
      return 3;
    case '--help':
    case '-h':
    case 'help':
      process.stdout.write(args[0] === undefined ? composeHelp() : (await open(args[0])).help);
      return 0;
    case '--version': {
      const { default: about } = await import('../../package.json', { with: { type: 'json' } });
      process.stdout.write(`rollcall ${about.version}\n`);
      return 0;
    }
    default:
      return (await open(name)).run(args);
  }
}

/** Throws `UsageError` for a command that there is not. */
async function open(name: string): Promise<LoadedCommand> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command.load();
  const nearest = closest(name, Object.keys(COMMANDS));
  const isNear = distance(name, nearest) <= Math.max(2, name.length / 3);
  throw new UsageError(
    `there is no command ${JSON.stringify(name)}`,
    isNear ? `did you mean ${nearest}? see: rollcall --help` : 'see: rollcall --help',
  );
}

function composeHelp(): string {
  return `${composeOverview()}
Pages that hints name as docs/..., and the kits for hosts in scripts/, are in ${packageFolder()}
`;
}

/** What `rollcall --help` prints on every machine; the man page begins with it. */
export function composeOverview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length)) + 2;
  const lines = Object.entries(COMMANDS).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}${summary}\n`,
  );
  return `${HEAD}
Commands
${lines.join('')}
rollcall COMMAND --help, or rollcall help COMMAND, says more, examples first. rollcall --version: which one this is.
`;
}

/** The folder with package.json: it holds the docs and the kits, in a checkout and in an installed package. */
function packageFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(`${folder}/package.json`) && folder !== '/') folder = dirname(folder);
  return folder;
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
