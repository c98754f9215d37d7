// What the doctor advises: of a closed list, so that no fix is printed that was never tried.
import { quoteWord } from '../messages/plain-text.ts';

/**
 * Commands that repair by themselves. test/e2e/cures.e2e.ts breaks the thing, runs what is printed, word for word, and
 * asks again. `npx serverless deploy` is among them only for what the deployed template lacks: CloudFormation compares
 * templates, and leaves alone what was changed or deleted behind its back.
 */
export const COMMANDS = [
  'deploy',
  'create-bucket',
  'versioning',
  'public-access-block',
  'ownership',
  'encryption',
  'bucket-policy',
  'lifecycle',
  'notification',
  'group',
  'group-policy',
  'detach-group-policy',
  'add-host',
  'join-group',
  'strip-user',
  'subscribe',
  'unsubscribe',
  'topic-policy',
  'alarm',
  'enable-alarm',
  'create-schedule',
  'update-schedule',
] as const;

/** What takes a decision, another service's people, or a click in somebody's mailbox: no command does it alone. */
export const STEPS = [
  'ask-aws',
  'decide',
  'edit-config',
  'look',
  'rotate-key',
  'unsubscribe-unconfirmed',
  'verify-address',
  'wait',
] as const;

declare const FIX: unique symbol;

/** Only `command` and `step` make one. */
export type Fix = string & { readonly [FIX]: true };

/** A line for a shell, to be pasted as it is. */
export const command = (_: (typeof COMMANDS)[number], line: string): Fix => line as Fix;

/** Words for a person; a command in them is a part of what is to be done. */
export const step = (_: (typeof STEPS)[number], words: string): Fix => words as Fix;

/** The change is in hosts.yml or in Rollcall, and not in force yet. */
export const deploy: Fix = command('deploy', 'npx serverless deploy');

/** What the operator named next to the defaults, and must name again. */
export type Asked = { readonly stack?: string; readonly hosts?: string };

/** A line for `rollcall` that asks about the same stack and config. */
export function rollcallLine(words: string, { stack, hosts }: Asked): string {
  return [
    `npx rollcall ${words}`,
    ...(stack === undefined ? [] : [`--stack ${quoteWord(stack)}`]),
    ...(hosts === undefined ? [] : [`--hosts ${quoteWord(hosts)}`]),
  ].join(' ');
}

/** What `rollcall` prints, as one word of another command. */
export const printed = (words: string, asked: Asked): string =>
  `"$(${rollcallLine(words, asked)})"`;
