// The commands by their names, each loaded when it is asked for; and how an error is shown: what is wrong, what to do.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command, LoadedCommand } from './command.ts';

/** In the order of `rollcall --help`. A command is added here, and nowhere else. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  check: {
    summary: 'judge hosts; exit status 0 ok, 1 warning, 2 critical, 3 could not check',
    load: async () => (await import('./check-command.ts')).checkCommand,
  },
  run: {
    summary: 'the scheduled run on any machine: judge, remember, notify; for cron or a container',
    load: async () => (await import('./run-command.ts')).runCommand,
  },
  status: {
    summary: "what the last daily report said; exit status as check's",
    load: async () => (await import('./status-command.ts')).statusCommand,
  },
  explain: {
    summary: 'read object names',
    load: async () => (await import('./explain-command.ts')).explainCommand,
  },
  doctor: {
    summary: "audit what is deployed; exit status as check's",
    load: async () => (await import('./doctor-command.ts')).doctorCommand,
  },
  cost: {
    summary: 'what a month of this config costs on AWS, and what would make it less',
    load: async () => (await import('./cost-command.ts')).costCommand,
  },
  init: {
    summary: 'a first config, from the backups that lie in a bucket',
    load: async () => (await import('./init-command.ts')).initCommand,
  },
  'add-host': {
    summary: 'a line in the config, an append-only key, and the line to run on the host',
    load: async () => (await import('./add-host-command.ts')).addHostCommand,
  },
  'remove-host': {
    summary: 'take them away again; the archive stays',
    load: async () => (await import('./remove-host-command.ts')).removeHostCommand,
  },
  'add-reader': {
    summary: 'a key for restores that can read the backups of some hosts, and nothing else',
    load: async () => (await import('./reader-command.ts')).addReaderCommand,
  },
  'remove-reader': {
    summary: 'take it away again',
    load: async () => (await import('./reader-command.ts')).removeReaderCommand,
  },
  history: {
    summary: 'how the last 400 nights of a host went',
    load: async () => (await import('./history-command.ts')).historyCommand,
  },
  ack: {
    summary: 'no more reminders of what is wrong with a host',
    load: async () => (await import('./ack-command.ts')).ackCommand,
  },
  mute: {
    summary: 'notify nobody of a host until a date',
    load: async () => (await import('./mute-command.ts')).muteCommand,
  },
  unmute: {
    summary: 'notify of it again',
    load: async () => (await import('./mute-command.ts')).unmuteCommand,
  },
  pause: {
    summary: 'expect no backup from a host until a date',
    load: async () => (await import('./pause-command.ts')).pauseCommand,
  },
  resume: {
    summary: 'expect them again',
    load: async () => (await import('./pause-command.ts')).resumeCommand,
  },
  undelete: {
    summary: 'bring back a set that is under delete markers',
    load: async () => (await import('./undelete-command.ts')).undeleteCommand,
  },
  'bucket-settings': {
    summary: 'what the bucket should be set to, as JSON for aws s3api',
    load: async () => (await import('./bucket-settings-command.ts')).bucketSettingsCommand,
  },
  janitor: {
    summary: 'what the janitor would tag now; it changes nothing',
    load: async () => (await import('./janitor-command.ts')).janitorCommand,
  },
  'test-alert': {
    summary: 'send a code word through every channel',
    load: async () => (await import('./test-alert-command.ts')).testAlertCommand,
  },
  'stack-resource': {
    summary: 'a resource as it was deployed, for the aws command that puts it back',
    load: async () => (await import('./stack-resource-command.ts')).stackResourceCommand,
  },
  completion: {
    summary: 'what completes commands and options in bash, zsh or fish',
    load: async () => (await import('./completion-command.ts')).completionOf(COMMANDS),
  },
  schema: {
    summary: 'the JSON Schema of hosts.yml, for editors',
    load: async () => (await import('./schema-command.ts')).schemaCommand,
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
    return await report(error, args[0] ?? '');
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
  const { UsageError } = await import('./terminal.ts');
  const meant = name.startsWith('-')
    ? 'the command comes before its options: rollcall check --host web; '
    : await suggest(name, Object.keys(COMMANDS));
  throw new UsageError(
    `there is no command ${JSON.stringify(name)}`,
    `${meant}see: rollcall --help`,
  );
}

/** Which one was meant; nothing where none is near. */
async function suggest(word: string, known: readonly string[]): Promise<string> {
  // Only who mistypes waits for these: the help is printed without them.
  const { closest, distance } = await import('fastest-levenshtein');
  const nearest = closest(word, known as string[]);
  return distance(word, nearest) <= Math.max(2, word.length / 3) ? `did you mean ${nearest}? ` : '';
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
async function report(error: unknown, name: string): Promise<number> {
  const { ConfigError } = await import('../../shared/config/config.ts');
  const { code = '' } = error as NodeJS.ErrnoException;
  if (error instanceof ConfigError) {
    for (const line of error.message.split('\n')) complain(`error: ${line}`);
    complain('hint: correct these lines, and run it again; docs/setup.md has a whole config');
  } else if (error instanceof Error && 'hint' in error) {
    // A mistake in the command line, a config that cannot be edited, a call that AWS refused.
    complain(`error: ${error.message}`);
    complain(`hint: ${error.hint}`);
  } else if (code.startsWith('ERR_PARSE_ARGS')) {
    const [problem = ''] = (error as Error).message.split(/\.\s/);
    complain(`error: ${problem}`);
    complain(`hint: ${await hintForOption(problem, name)}see: rollcall ${name} --help`);
  } else throw error;
  return 3;
}

/** What `node:util` says of the words behind a command. */
async function hintForOption(problem: string, command: string): Promise<string> {
  const { optionsIn } = await import('./completion-command.ts');
  const known = optionsIn((await open(command)).help).map(({ name }) => `--${name}`);
  const [, unknown, word, dashed] =
    /^(?:Unknown option '(--.*)'|Unexpected argument '(.*)'|Option '(.*)' argument is ambiguous)$/s.exec(
      problem,
    ) ?? [];
  if (unknown !== undefined) return suggest(unknown, known);
  if (word !== undefined && known.includes('--host'))
    return `a host is named with --host ${word}; `;
  return dashed === undefined ? '' : `a value with a dash in front is written ${dashed}=-VALUE; `;
}

function complain(line: string): void {
  process.stderr.write(`rollcall: ${line}\n`);
}
