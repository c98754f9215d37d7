// Finds words that the project no longer uses, and prints which plain word stands for each. `npm run lint` runs it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

type Retired = { readonly finds: RegExp; readonly plain: string; readonly example: string };
type Allowed = { readonly name: string; readonly in: RegExp; readonly because: string };
export type Found = { readonly line: number; readonly word: string; readonly plain: string };

/** In prose, messages and test names. Ordinary English, such as "turn off" or "told apart", does not match. */
export const PHRASES: readonly Retired[] = [
  { finds: /\b(begun |written )anew\b/i, plain: 'again', example: 'begun anew' },
  { finds: /\bwhoever\b/i, plain: 'anyone who', example: 'Whoever reads' },
  { finds: /\bmend(s|ed|ing)?\b/i, plain: 'repair', example: 'mended' },
  { finds: /\brosters?\b/i, plain: 'config', example: 'the roster' },
  { finds: /\b(on|off|by|of) the roll\b/i, plain: 'in the config', example: 'off the roll' },
  { finds: /\b(the|a) roll('s| is| has| says)\b/i, plain: 'config', example: "the roll's guess" },
  { finds: /\bledgers?\b/i, plain: 'state bucket', example: 'the ledger' },
  { finds: /\bstrangers?\b/i, plain: 'unknown prefix', example: 'a stranger' },
  { finds: /\bdeeds?\b/i, plain: 'change', example: 'many deeds' },
  { finds: /\b(un|twice )told\b/i, plain: 'inconclusive, or notified', example: 'untold' },
  {
    finds: /\b(is|are|was|be) told (once|twice|of|when|in)\b/i,
    plain: 'is reported',
    example: 'is told once',
  },
  {
    finds: /\bcannot be told\b(?! apart)/i,
    plain: 'cannot be checked',
    example: 'it cannot be told',
  },
  { finds: /\bspoken\b/i, plain: 'notified', example: 'spoken of' },
  { finds: /\bseals?\b/i, plain: 'fingerprint', example: 'the seal' },
  { finds: /\bheadlines?\b/i, plain: 'verdict', example: 'the headline' },
  { finds: /\bbeside\b/i, plain: 'next to, or an assessment', example: 'beside it' },
  { finds: /\b(an|its) (office|ends)\b/i, plain: 'dependencies', example: 'an office' },
  { finds: /\b(whose|this|each|a host's) turns?\b/i, plain: 'window', example: 'whose turn' },
  { finds: /\bblind\b/i, plain: 'inconclusive', example: 'it is blind' },
  { finds: /\bdies (of|on)\b/i, plain: 'crashes on', example: 'dies on a name' },
  {
    finds: /\b(ways? of alarm|alarm paths?|dead ways?)\b/i,
    plain: 'channel',
    example: 'ways of alarm',
  },
];

/** The names that a file declares: each part of one, `broken` and `Seals`, is looked at. */
export const NAMES: readonly Retired[] = [
  { finds: /^(rolls?|roster)$/i, plain: 'config', example: 'fullRoll' },
  { finds: /^ledger$/i, plain: 'state bucket, or records', example: 'openLedger' },
  { finds: /^(seals?|sealed)$/i, plain: 'fingerprint', example: 'brokenSeals' },
  { finds: /^strangers?$/i, plain: 'unknown prefix', example: 'findStrangers' },
  { finds: /^deeds?$/i, plain: 'change', example: 'listDeeds' },
  { finds: /^(untold|blind)$/i, plain: 'inconclusive', example: 'isUntold' },
  { finds: /^spoken$/i, plain: 'notified', example: 'spokenFor' },
  { finds: /^headline$/i, plain: 'verdict', example: 'headlineOf' },
  { finds: /^office$/i, plain: 'dependencies', example: 'anOffice' },
  { finds: /^beside$/i, plain: 'assessment', example: 'readBeside' },
  { finds: /^turns?$/i, plain: 'window', example: 'turns' },
  { finds: /^unread$/i, plain: 'unknown, or unreadable', example: 'unreadNames' },
];

/** The same for names that other files use. A word in a function of five lines may be shorter. */
export const EXPORTED: readonly Retired[] = [
  {
    finds: /^(tell|told|say|said|speak|hear|heard|unheard|rings?)$/i,
    plain: 'format, notify or print',
    example: 'export function sayWho(',
  },
];

const CODE = /^(?!.*\.md$)/;
/** Names and words that were stored or published, or are somebody else's. Each is found in a file that it is for. */
export const ALLOWED: readonly Allowed[] = [
  {
    name: 'seals',
    in: CODE,
    because: 'a folder of the state bucket, and a field of its pages and of JSON version 1',
  },
  { name: 'sealedAt', in: CODE, because: 'a field of JSON version 1' },
  { name: 'untold', in: CODE, because: 'a field of JSON version 1' },
  { name: 'ledger', in: CODE, because: 'the option --ledger, and buckets that are named so' },
  { name: 'spoken', in: /monitor\//, because: 'a field of state.json' },
  { name: 'turns', in: /monitor\//, because: 'a field of state.json' },
  { name: 'unread', in: /monitor\//, because: 'a field of state.json' },
  {
    name: 'roll',
    in: /(monitor\/judge-fleet|monitor\/work|recipes)/,
    because: 'a field of the task of a worker, which the queue holds',
  },
  { name: 'roster', in: /adr\/README/, because: 'explains the words of older decisions' },
  { name: 'ledger', in: /adr\/README/, because: 'explains the words of older decisions' },
  { name: 'seal', in: /adr\/README/, because: 'explains the words of older decisions' },
  { name: 'unreadStems', in: CODE, because: 'a field of the answer of a worker' },
  { name: 'LEDGER_BUCKET', in: CODE, because: 'an environment variable of the functions' },
  { name: 'LedgerBucketPolicy', in: CODE, because: 'a logical id of the deployed template' },
];

const DECLARED =
  /\b(?:const|let|function\*?|class|type|interface)\s+([A-Za-z_]\w*)|(?:^|[{,(])\s*(?:readonly\s+)?([A-Za-z_]\w*)\??:/g;

/** This list itself, recorded data, and the history of releases, which keeps the words of its day. */
const SKIPPED =
  /^(test\/lint-words|test\/fixtures\/|test\/mutation\/package-lock|CHANGELOG|LICENSE)|\.(png|asc|gpg)$/;

/** What is retired in one file. Of a decision only the title counts: its page keeps the words of its day. */
export function findRetired(file: string, text: string, allowed = ALLOWED): Found[] {
  const lines = text.split('\n');
  const checked = /^docs\/adr\/\d/.test(file) ? lines.slice(0, 1) : lines;
  return checked.flatMap((content, index) => {
    // What stands in quotes of code in prose, or is a path, is a name and no prose.
    const prose = (file.endsWith('.md') ? content.replaceAll(/`[^`]*`/g, '') : content).replaceAll(
      /`[^`\s]*`|--\w[\w-]*|[\w-]*[/.]\w[\w/.-]*/g,
      '',
    );
    const phrases = PHRASES.flatMap(({ finds, plain }) => {
      const word = finds.exec(prose)?.[0];
      return word === undefined ? [] : [{ word, plain }];
    });
    const names = /\.(ts|cjs)$/.test(file) ? [...content.matchAll(DECLARED)] : [];
    const declared = names.flatMap(([, declaration, member = '']) => {
      const word = declaration ?? member;
      const parts = word.split(/(?=[A-Z][a-z])|_/);
      const lists = /^export /.test(content) ? [...NAMES, ...EXPORTED] : NAMES;
      const retired = lists.find(({ finds }) => parts.some((part) => finds.test(part)));
      return retired === undefined ? [] : [{ word, plain: retired.plain }];
    });
    return [...phrases, ...declared]
      .filter(({ word }) => !allowed.some((one) => one.name === word && one.in.test(file)))
      .map((one) => ({ line: index + 1, ...one }));
  });
}

if (import.meta.main) {
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'])
    .toString()
    .split('\n')
    .filter((file) => file !== '' && !SKIPPED.test(file));
  const found = files.flatMap((file) =>
    findRetired(file, readFileSync(file, 'utf8')).map((one) => ({ file, ...one })),
  );
  for (const { file, line, word, plain } of found)
    console.error(`${file}:${line}: "${word}" is retired; write "${plain}"`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
