// `rollcall completion`: what a shell needs to complete commands and options, made of the commands' own helps.
import { type Command, defineCommand } from './command.ts';
import { UsageError } from './terminal.ts';

const HELP = `rollcall completion - complete commands and options in your shell: bash, zsh or fish

Examples
  rollcall completion bash > ~/.local/share/bash-completion/completions/rollcall
  rollcall completion zsh > ~/.zfunc/_rollcall       (with fpath+=~/.zfunc before compinit in ~/.zshrc)
  rollcall completion fish > ~/.config/fish/completions/rollcall.fish

A shell that is started after that completes. Write the file again after an update of rollcall.

Options
  -h, --help            this
`;

type Described = {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly Option[];
};
type Option = {
  readonly name: string;
  /** What its value is, as FILE; `undefined` for an option without a value. */
  readonly value: string | undefined;
  readonly text: string;
};

const SHELLS = { bash: composeBash, zsh: composeZsh, fish: composeFish };

export const completionOf = (commands: Readonly<Record<string, Command>>) =>
  defineCommand({
    help: HELP,
    options: {},
    operands: true,
    run: async (_, operands) => {
      const [shell, ...more] = operands;
      const compose = Object.entries(SHELLS).find(([name]) => name === shell)?.[1];
      if (compose === undefined || more.length > 0) {
        throw new UsageError(
          shell === undefined ? 'no shell was named' : `no completion for ${operands.join(' ')}`,
          'write one of bash, zsh, fish: rollcall completion bash',
        );
      }
      const described: Described[] = [];
      for (const [name, { summary, load }] of Object.entries(commands))
        described.push({ name, summary, options: optionsIn((await load()).help) });
      process.stdout.write(compose(described));
      return 0;
    },
  });

/** The options that a help describes, in its order. */
export function optionsIn(help: string): Option[] {
  const lines = help.matchAll(/^ {2}(?:-\w, )?--([a-z-]+)(?:[ =]([A-Z]+))? {2,}(.*)$/gm);
  return [...lines].map(([, name = '', value, text = '']) => ({ name, value, text }));
}

function composeBash(commands: readonly Described[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const cases = commands.map(
    ({ name, options }) =>
      `    ${name}) words='${options.map((option) => `--${option.name}`).join(' ')}' ;;\n`,
  );
  return `# bash completion of rollcall: rollcall completion bash
_rollcall() {
  local word=\${COMP_WORDS[COMP_CWORD]} words=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W '${names} help --help --version' -- "$word")
    return
  fi
  case \${COMP_WORDS[1]} in
    help) words='${names}' ;;
${cases.join('')}  esac
  if [[ \${COMP_WORDS[1]} == help || $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  fi
}
complete -o default -F _rollcall rollcall
`;
}

function composeZsh(commands: readonly Described[]): string {
  const bracketed = (text: string) => text.replace(/[[\]:\\]/g, '\\$&');
  const rule = ({ name, value, text }: Option) => {
    const action = value === undefined ? '' : `:${value}:${value === 'FILE' ? '_files' : ' '}`;
    return quote(`*--${name}[${bracketed(text)}]${action}`);
  };
  const cases = commands.map(
    ({ name, options }) =>
      `  ${name}) _arguments ${[...options.map(rule), quote('*: :_files')].join(' ')} ;;\n`,
  );
  return `#compdef rollcall
# zsh completion of rollcall: rollcall completion zsh
local -a commands
commands=(
${commands.map(({ name, summary }) => `  ${quote(`${name}:${summary}`)}\n`).join('')}  'help:more about a command'
)
if ((CURRENT == 2)); then
  _describe command commands
  return
fi
shift words
((CURRENT--))
case $words[1] in
  help) _describe command commands ;;
${cases.join('')}esac
`;
}

function composeFish(commands: readonly Described[]): string {
  const line = ({ name, summary, options }: Described) => {
    const command = `complete -c rollcall -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c rollcall -f -n __fish_use_subcommand -a ${name} -d ${quoteFish(summary)}`,
      ...options.map((option) => {
        const takes = option.value === undefined ? '' : option.value === 'FILE' ? ' -rF' : ' -x';
        return `${command} -l ${option.name}${takes} -d ${quoteFish(option.text)}`;
      }),
    ].join('\n');
  };
  const names = commands.map(({ name }) => name).join(' ');
  return `# fish completion of rollcall: rollcall completion fish
${commands.map(line).join('\n')}
complete -c rollcall -f -n __fish_use_subcommand -a help -d 'more about a command'
complete -c rollcall -f -n '__fish_seen_subcommand_from help' -a '${names}'
`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function quoteFish(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
