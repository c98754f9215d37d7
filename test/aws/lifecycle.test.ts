// The rules of a bucket as a countdown takes them: what is not understood is no rule that is left out, but unknown.
import { describe, expect, it } from 'vitest';
import { startReadingLifecycle } from '../../shared/aws/s3-objects.ts';
import { askAnswered } from './read-by-sdk.ts';

const read = (rules: string) => {
  const xml = `<?xml version="1.0"?><LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${rules}</LifecycleConfiguration>`;
  return startReadingLifecycle(askAnswered(Buffer.from(xml)))('b');
};
const rule = (inside: string) => `<Rule><ID>one</ID><Status>Enabled</Status>${inside}</Rule>`;
const DAYS = '<Expiration><Days>30</Days></Expiration>';
const EXPIRE = '<Key>expire</Key><Value>yes</Value>';

describe('the lifecycle of a bucket', () => {
  it.each<[string, string, object[]]>([
    ['no rule', '', []],
    ['a filter of everything', rule(`<Filter/>${DAYS}`), [{ prefix: '', hides: { days: 30 } }]],
    [
      'an empty prefix',
      rule(`<Filter><Prefix/></Filter>${DAYS}`),
      [{ prefix: '', hides: { days: 30 } }],
    ],
    [
      'a prefix',
      rule(`<Filter><Prefix>web/</Prefix></Filter>${DAYS}`),
      [{ prefix: 'web/', hides: { days: 30 } }],
    ],
    [
      'a prefix next to a size',
      rule(
        `<Filter><And><Prefix>a&amp;b/</Prefix><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan></And></Filter>${DAYS}`,
      ),
      [{ prefix: 'a&b/', hides: { days: 30 } }],
    ],
    [
      'a prefix as it was written before filters',
      rule(`<Prefix>old/</Prefix>${DAYS}`),
      [{ prefix: 'old/', hides: { days: 30 } }],
    ],
    [
      'a date',
      rule(
        '<Filter/><Expiration><Date>2026-12-24T00:00:00.000Z</Date></Expiration><Transition><Days>1</Days></Transition>',
      ),
      [{ prefix: '', hides: { date: Date.parse('2026-12-24T00:00Z') } }],
    ],
    [
      'days of noncurrent versions',
      rule(
        '<Filter/><NoncurrentVersionExpiration><NoncurrentDays>8</NoncurrentDays></NoncurrentVersionExpiration>',
      ),
      [{ prefix: '', noncurrentDays: 8 }],
    ],
    [
      'noncurrent versions of which the newest are kept',
      rule(
        '<Filter/><NoncurrentVersionExpiration><NoncurrentDays>8</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionExpiration>',
      ),
      [{ prefix: '' }],
    ],
    ['a rule that is off', rule(DAYS).replace('Enabled', 'Disabled'), []],
    ['a tag', rule(`<Filter><Tag>${EXPIRE}</Tag></Filter>${DAYS}`), []],
    [
      'a tag next to a prefix',
      rule(`<Filter><And><Prefix/><Tag>${EXPIRE}</Tag></And></Filter>${DAYS}`),
      [],
    ],
  ])('with %s', async (_, rules, expected) => {
    expect(await read(rules)).toEqual({ rules: expected });
  });

  it.each([
    [
      'days that are none',
      rule(DAYS.replace('30', '0')),
      'the rule "one" has no whole number of days',
    ],
    ['half days', rule(DAYS.replace('30', '1.5')), 'the rule "one" has no whole number of days'],
    [
      'no day of a calendar',
      rule('<Expiration><Date>2026-02-31T00:00:00Z</Date></Expiration>'),
      'a Expiration without a Date that can be read',
    ],
    [
      'two days',
      rule(DAYS.replace('</Exp', '<Days>1</Days></Exp')),
      'a Expiration with more than one Days',
    ],
    ['an end that is missing', '<Rule><Status>Enabled</Status>', 'XML'],
  ])('with %s is unknown', async (_, rules, why) => {
    expect(await read(rules)).toEqual({ unknown: expect.stringContaining(why) });
  });
});
