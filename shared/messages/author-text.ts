// Who wrote or removed something, as far as an S3 event shows it, and the command that shows the rest.
import type { Host } from '../config/config.ts';
import type { Change } from '../rules/finding.ts';
import type { Block } from './message-tree.ts';
import { quoteName } from './plain-text.ts';

/** Whom the ids in events can be compared with; each is left out where it is not known. */
export type Known = {
  readonly hosts: readonly Pick<Host, 'name' | 'userId'>[];
  /** The account of the stack, 12 digits. */
  readonly account?: string | undefined;
  /** The unique ID of the stack's break-glass role, `AROA...`. */
  readonly breakGlassRoleId?: string | undefined;
};

type Who =
  | { readonly kind: 'user'; readonly id: string }
  | { readonly kind: 'role'; readonly id: string; readonly session: string }
  | { readonly kind: 'root' | 'account'; readonly account: string }
  | { readonly kind: 'federated'; readonly account: string; readonly session: string }
  | { readonly kind: 'other'; readonly text: string };

// Source: IAM User Guide, "IAM identifiers" (prefixes), and "Variables and tags", the values of aws:userid.
const ID = '[A-Z0-9]{12,124}';
const SESSION = '(?<session>[\\w+=,.@-]{2,64})';
const FORMS = {
  user: new RegExp(`^(?:AWS:)?(?<id>AIDA${ID})$`),
  role: new RegExp(`^(?:AWS:)?(?<id>AROA${ID}):${SESSION}$`),
  root: /^AWS:(?<account>\d{12})$/,
  federated: new RegExp(`^(?:AWS:)?(?<account>\\d{12}):${SESSION}$`),
  // What S3 sends to EventBridge. Source: Amazon S3 User Guide, "Amazon S3 events in EventBridge", requester.
  account: /^(?<account>\d{12})$/,
};

/** The text comes from outside: only what has the form of an id is taken for one. */
function parseWho(text = ''): Who {
  const forms = Object.entries(FORMS).flatMap(([kind, form]) => {
    const parts = form.exec(text)?.groups;
    return parts === undefined ? [] : [{ kind, ...parts } as Who];
  });
  return forms[0] ?? { kind: 'other', text };
}

/**
 * Whether somebody is known by an event and surely no host: the hosts' keys are those of IAM users. A user is only known to
 * be none of them where the config has the id of each.
 */
export function hasNoHostKey(
  principal: string | undefined,
  hosts: readonly Pick<Host, 'userId'>[],
): boolean {
  const who = parseWho(principal);
  if (who.kind === 'role' || who.kind === 'root') return true;
  return who.kind === 'user' && hosts.every(({ userId = who.id }) => userId !== who.id);
}

/** `web's own key`, `the key of host db`, `the break-glass role (session alice)`, `user AIDA...`; ASCII. */
export function formatPrincipal(
  principal: string | undefined,
  known: Known,
  own?: Pick<Host, 'name' | 'userId'>,
): string {
  const who = parseWho(principal);
  switch (who.kind) {
    case 'user':
      return formatHostName(who.id, known, own) ?? `user ${who.id}`;
    case 'role':
      return who.id === known.breakGlassRoleId
        ? `the break-glass role (session ${who.session})`
        : `role ${who.id} (session ${who.session})`;
    case 'root':
      return `the root user of ${formatAccount(who.account, known)}`;
    case 'federated':
      return `the federated user ${who.session} of ${formatAccount(who.account, known)}`;
    case 'account':
      return `somebody of ${formatAccount(who.account, known)}`;
    case 'other':
      // In quotes: it cannot pass for words of ours.
      return who.text === '' ? 'an unknown principal' : quoteName(who.text);
  }
}

function formatHostName(
  id: string,
  { hosts }: Known,
  own: Pick<Host, 'name' | 'userId'> | undefined,
): string | undefined {
  if (own?.userId === id) return `${own.name}'s own key`;
  const [first, ...more] = hosts.filter(({ userId }) => userId === id);
  if (first === undefined) return undefined;
  return `the key of host ${first.name}${more.length > 0 ? ` and ${more.length} more` : ''}`;
}

function formatAccount(account: string, known: Known): string {
  if (known.account === undefined) return `account ${account}`;
  return known.account === account ? `this account (${account})` : `ANOTHER account (${account})`;
}

const COMMANDS_SHOWN = 5;

/** For each unknown id, the command that shows whose it is; nothing where all are known. */
export function composeWhoIs(
  changes: readonly Pick<Change, 'principal'>[],
  known: Known,
): NoteBlock[] {
  const unknown = [...new Set(changes.map(({ principal }) => principal))].map(parseWho);
  const notes = [...new Map(unknown.flatMap((who) => whoIs(who, known))).values()];
  const more = notes.length - COMMANDS_SHOWN;
  return [
    ...notes.slice(0, COMMANDS_SHOWN),
    ...(more > 0 ? [noteOf(`and ${more} more ids`)] : []),
    ...(unknown.some(({ kind }) => kind === 'account') ? [noteOf(ACCOUNT_ALONE)] : []),
  ];
}

type NoteBlock = Extract<Block, { kind: 'note' }>;

function noteOf(text: string): NoteBlock {
  return { kind: 'note', text };
}

/** By the id, as a role has many sessions. */
function whoIs(who: Who, known: Known): [id: string, note: NoteBlock][] {
  if (who.kind === 'user' && formatHostName(who.id, known, undefined) === undefined) {
    return [askFor(who.id, `list-users --query "Users[?UserId=='${who.id}'].Arn"`)];
  }
  if (who.kind === 'role' && who.id !== known.breakGlassRoleId) {
    return [askFor(who.id, `list-roles --query "Roles[?RoleId=='${who.id}'].Arn"`)];
  }
  return [];
}

function askFor(id: string, query: string): [id: string, note: NoteBlock] {
  const text = `Who is ${id}? Ask IAM. An empty answer: it was deleted, or is of another account.`;
  return [id, { ...noteOf(text), lines: [`  aws iam ${query}`] }];
}

// Source: AWS CloudTrail API Reference, "LookupEvents": management events; User Guide, "Logging data events".
const ACCOUNT_ALONE =
  'By EventBridge S3 tells the account and no more. Which key it was stands only in a CloudTrail trail that logs S3 data events, or in the server access logs of the bucket, if one of them was on.';
