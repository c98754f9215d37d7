// Random names: duplicity's own, near misses of them, and text of no kind.
import fc from 'fast-check';
import { anyText } from '../support/any-text.ts';

const two = (max: number) => fc.nat({ max }).map((number) => String(number).padStart(2, '0'));
const stamps = fc
  .tuple(fc.integer({ min: 1899, max: 2101 }), two(13), two(32), two(24), two(61), two(62))
  .map(
    ([year, month, day, hour, minute, second]) =>
      `${year}${month}${day}T${hour}${minute}${second}Z`,
  );
const goodStamps = fc
  .integer({ min: 946_684_800, max: 4_102_444_799 })
  .map((s) => new Date(s * 1000).toISOString().replace('.000Z', 'Z').replace(/[-:]/g, ''));
const oldStamps = fc
  .tuple(
    fc.integer({ min: 946_684_800, max: 4_102_444_799 }),
    fc.constantFrom('Z', '+05:30', '-04:30', '+99:99', '+5:30', ''),
  )
  .map(([s, zone]) => `${new Date(s * 1000).toISOString().slice(0, 19)}${zone}`);
const times = fc.oneof(
  { weight: 6, arbitrary: goodStamps },
  { weight: 2, arbitrary: stamps },
  { weight: 1, arbitrary: oldStamps },
  { weight: 1, arbitrary: fc.nat().map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '2D',
      '1h30m',
      '2026-11-23',
      '11-23-2026',
      '20261123Z',
      '',
      '.',
      '.to.',
      'T',
      'now',
    ),
  },
);
const numbers = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 2000 }).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '0',
      '00',
      '01',
      '-1',
      '+1',
      '1.5',
      '',
      '９',
      '99999999999999999999',
      '1e3',
      '0x1',
    ),
  },
);
const b36 = fc.oneof(
  fc.nat({ max: 4_102_444_799 }).map((number) => number.toString(36)),
  fc.stringMatching(/^[0-9a-zA-Z.]{0,14}$/),
);
const dependencies = fc.constantFrom(
  '.gpg',
  '.gpg',
  '.gpg',
  '',
  '.gz',
  '.g',
  '.z',
  '.bak',
  '.gpg.bak',
  '.part',
  '.part.gpg',
  '.p',
  '.p.g',
  '.p.z',
  '\n',
  '.',
  'gpg',
  '.xgz',
  '.gpg\n',
  '~',
);

const long = fc
  .tuple(
    fc.constantFrom('full', 'full', 'inc', 'full-signatures', 'new-signatures'),
    times,
    times,
    numbers,
    dependencies,
    fc.nat({ max: 9 }),
  )
  .map(([type, from, to, number, end, shape]) => {
    const chained = (type === 'inc' || type === 'new-signatures') !== (shape === 0);
    const span = chained ? `${from}.to.${to}` : from;
    const kinds = [`vol${number}.difftar`, 'manifest', 'sigtar', 'jsonstat'];
    const kind = type.endsWith('signatures') !== (shape === 1) ? 'sigtar' : kinds[shape % 4];
    return `duplicity-${type}.${span}.${kind}${end}`;
  });
const short = fc
  .tuple(
    fc.constantFrom('df', 'di', 'dfs', 'dns'),
    b36,
    b36,
    b36,
    fc.constantFrom('dt', 'm', 'st'),
    dependencies,
    fc.nat({ max: 3 }),
  )
  .map(
    ([type, a, b, c, kind, end, parts]) =>
      `${[type, a, b, c].slice(0, parts + 1).join('.')}.${kind}${end}`,
  );
const whole = fc.oneof({ weight: 6, arbitrary: long }, { weight: 2, arbitrary: short });

const nearMisses = fc
  .tuple(
    whole,
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.constantFrom(
          '',
          '.',
          '0',
          'T',
          'Z',
          't',
          '\n',
          ' ',
          '/',
          'v',
          '\u0000',
          'é',
          '\ud83d\ude00',
        ),
      ),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([name, edits]) =>
    edits.reduce((text, [place, put]) => {
      const at = place % (text.length + 1);
      return text.slice(0, at) + put + text.slice(at + (place % 2));
    }, name),
  );
// As long as a key can be, and made of what a backtracking reader is slow on.
const pumped = fc
  .tuple(
    fc.constantFrom('duplicity-full.', 'duplicity-inc.', 'duplicity-new-signatures.', 'di.', 'df.'),
    fc.constantFrom('.to.', '.vol1', '.vol', 'T', '1', '.', '.manifest', 'a.to.b', '.dt', '0'),
    fc.integer({ min: 1, max: 500 }),
    dependencies,
  )
  .map(([begin, part, times_, end]) => `${begin}${part.repeat(times_)}`.slice(0, 1000) + end);

/** A name that S3 might list. */
export const names: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: whole },
  { weight: 6, arbitrary: nearMisses },
  { weight: 1, arbitrary: pumped },
  { weight: 1, arbitrary: anyText({ maxLength: 60 }) },
);
