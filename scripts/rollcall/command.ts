// What a command is, and what all of them do alike: their options are read, and their help is printed.
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** Loaded when it is asked for: each start would pay for all of them. */
export type Command = {
  /** One line for `rollcall --help` and for completion. */
  readonly summary: string;
  readonly load: () => Promise<LoadedCommand>;
};

/** `run` returns the exit status, `help` is its --help. */
export type LoadedCommand = {
  readonly run: (args: readonly string[]) => Promise<number>;
  readonly help: string;
};

export const TEXT = { type: 'string' } as const;
export const TEXTS = { type: 'string', multiple: true } as const;
export const FLAG = { type: 'boolean', default: false } as const;
export const STACK = { type: 'string', default: 'rollcall-prod' } as const;
const HELP = { ...FLAG, short: 'h' } as const;

type Options = NonNullable<ParseArgsConfig['options']>;
export type ValuesOf<Known extends Options> = ReturnType<
  typeof parseArgs<{ options: Known }>
>['values'];

/** `run` is given the options and, with `operands`, the other words; its errors have a hint. */
export function defineCommand<Known extends Options>({
  help,
  options,
  operands = false,
  run,
}: {
  readonly help: string;
  readonly options: Known;
  readonly operands?: boolean;
  readonly run: (options: ValuesOf<Known>, operands: readonly string[]) => number | Promise<number>;
}): LoadedCommand {
  return {
    help,
    run: async (args) => {
      const { values, positionals } = parseArgs({
        args: [...args],
        allowPositionals: operands,
        options: { ...options, help: HELP },
      });
      if (!('help' in values && values.help)) return run(values as ValuesOf<Known>, positionals);
      process.stdout.write(help);
      return 0;
    },
  };
}
