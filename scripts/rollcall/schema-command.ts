// `rollcall schema`: the JSON Schema of hosts.yml, by which an editor completes keys and marks mistakes.
import { parseArgs } from 'node:util';
import { CONFIG_SCHEMA } from './config-schema.ts';
import { toAsciiJson } from './format-report.ts';

export const SCHEMA_HELP = `rollcall schema - the JSON Schema of hosts.yml, for editors

Examples
  rollcall schema > hosts.schema.json

An editor with yaml-language-server completes the keys of hosts.yml when its first line is
  # yaml-language-server: $schema=hosts.schema.json

What the schema cannot say, rollcall check does: names that AWS refuses, targets that overlap, a pause without an end.

Options
  -h, --help            this
`;

/** Runs the command; returns its exit status. */
export async function runSchema(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { help: { type: 'boolean', short: 'h', default: false } },
  });
  process.stdout.write(values.help ? SCHEMA_HELP : `${toAsciiJson(CONFIG_SCHEMA)}\n`);
  return 0;
}
