// Random configs: a right one with lines lost, moved, doubled and mistyped, and YAML of every strange kind.

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { anyText } from '../support/any-text.ts';

const example = readFileSync(new URL('../../hosts.example.yml', import.meta.url), 'utf8').split(
  '\n',
);

const values = fc.constantFrom(
  '',
  '{}',
  '[]',
  'null',
  '~',
  'true',
  '0',
  '-1',
  '1e9',
  '.inf',
  '"',
  "'",
  '|',
  '>',
  '- a',
  '? [a]',
  '*none',
  '&a x',
  '*a',
  '<<: *a',
  '!!binary x',
  '!x y',
  '"24:00"',
  '"08:15"',
  'Europe/Nowhere',
  '2026-02-30',
  '2026-12-01',
  's3://b',
  's3://other-bucket/x/',
  '10GiB',
  '50%',
  '1e400%',
  'acme',
  '[[[[]]]]',
  '{a: {b: {c: {d: e}}}}',
  '# only a comment',
  '\ttab',
  '\u0000',
  '\u2028',
  'a: b: c',
  '[a, b',
  '{a: b',
  '"\\x"',
  '123456789012345678901234567890',
  '__proto__',
  'constructor',
  '0123456789ABCDEF',
  'mail@example.net',
  '"+31600000000"',
);
const keys = fc.constantFrom(
  'bucket',
  'region',
  'timezone',
  'window',
  'keepDays',
  'keepLastGood',
  'alerts',
  'recipients',
  'size',
  'hosts',
  'existing',
  'opens',
  'due',
  'hardDue',
  'mail',
  'web',
  'nas',
  'target',
  'filePrefix',
  'paused',
  'until',
  'because',
  'since',
  'min',
  'shrink',
  'recipents',
  '__proto__',
  'a/b',
  '..',
  'a b',
  '""',
  '? x',
  'toString',
  'constructor',
);
type Edit = (lines: string[]) => string[];
const edits: fc.Arbitrary<Edit> = fc.oneof(
  fc.nat().map(
    (at): Edit =>
      (lines) =>
        lines.filter((_, line) => line !== at % lines.length),
  ),
  fc.tuple(fc.nat(), fc.nat()).map(
    ([from, to]): Edit =>
      (lines) =>
        lines.toSpliced(to % lines.length, 0, lines[from % lines.length] ?? ''),
  ),
  fc.tuple(fc.nat(), keys, values, fc.nat({ max: 6 })).map(
    ([at, key, value, depth]): Edit =>
      (lines) =>
        lines.toSpliced(at % lines.length, 0, `${' '.repeat(depth)}${key}: ${value}`),
  ),
  fc.tuple(fc.nat(), values).map(
    ([at, value]): Edit =>
      (lines) => {
        const place = at % lines.length;
        return lines.with(place, (lines[place] ?? '').replace(/:.*/, `: ${value}`));
      },
  ),
  fc.tuple(fc.nat(), fc.nat(), anyText({ maxLength: 2 })).map(
    ([at, column, text]): Edit =>
      (lines) => {
        const place = at % lines.length;
        const line = lines[place] ?? '';
        const cut = column % (line.length + 1);
        return lines.with(place, line.slice(0, cut) + text + line.slice(cut + 1));
      },
  ),
);
const edited = fc
  .array(edits, { minLength: 1, maxLength: 6 })
  .map((all) =>
    all.reduce((lines, edit) => edit(lines.length === 0 ? [''] : lines), example).join('\n'),
  );
const small = fc
  .array(fc.tuple(keys, values), { maxLength: 6 })
  .map((pairs) =>
    ['bucket: acme-backups', 'hosts:', ...pairs.map(([key, value]) => `  ${key}: ${value}`)].join(
      '\n',
    ),
  );
const nested = fc
  .tuple(fc.constantFrom('[', '{a: ', '- ', '? '), fc.integer({ min: 1, max: 60 }))
  .map(([one, depth]) => `bucket: acme-backups\nhosts: ${one.repeat(depth)}`);

/** The text of a config. */
export const configs: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: edited },
  { weight: 4, arbitrary: small },
  { weight: 1, arbitrary: nested },
  { weight: 1, arbitrary: anyText({ maxLength: 80 }) },
);
