// Finds words that the project no longer uses, and says which plain word stands for each. `npm run lint` runs it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What is looked for, and what to write instead. Stored names, such as `seals/` and `--ledger`, do not match. */
const RETIRED: readonly (readonly [RegExp, string])[] = [
  [/\bbegun anew\b/i, 'started again'],
  [/\bwhoever\b/i, 'anyone who'],
  [/\bmend(s|ed|ing)?\b/i, 'repair'],
  [/\bnobody's roll\b/i, 'of no host in the config'],
  [/\b(on|off) the roll\b/i, 'in the config'],
  [/\bthe roll (says|names|asks|is|has|keeps)\b/i, 'the config'],
  [/\bthe ledger\b/i, 'the state bucket'],
  [/\bways? of alarm\b/i, 'channel'],
  [/\btwice told\b/i, 'a duplicate message'],
];
/** This list itself, and recorded data. Pages of docs are not checked yet. */
const SKIPPED = /^(test\/lint-words\.ts|test\/fixtures\/|test\/mutation\/package-lock)/;

const files = execFileSync('git', ['ls-files', 'functions', 'scripts', 'shared', 'test'])
  .toString()
  .split('\n')
  .filter((file) => file !== '' && !SKIPPED.test(file));
let found = 0;
for (const file of files) {
  for (const [index, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    for (const [pattern, plain] of RETIRED) {
      const word = pattern.exec(line)?.[0];
      if (word === undefined) continue;
      found += 1;
      console.error(`${file}:${index + 1}: "${word}" is retired; write "${plain}"`);
    }
  }
}
process.exitCode = found === 0 ? 0 : 1;
