import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paragraph, quoteName, wrapText } from '../../shared/messages/plain-text.ts';
import { composeHtml } from '../../shared/messages/render-html.ts';

const words = (text: string) => text.replace(/\s+/g, ' ').trim();
const unescaped = (html: string) =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
const labels = (html: string) =>
  [...html.matchAll(/background:(#\w+)">([^<]*)<\/b>/g)].map(
    ([, colour, label]) => `${label} ${colour}`,
  );

describe('composeHtml', () => {
  it('says the same words in the same order as the text, whatever they are', () => {
    const line = fc.oneof(
      fc.string({ unit: 'grapheme-ascii' }),
      fc.constantFrom(
        '',
        'MISSING     web: x',
        '            Do now:  ssh',
        'Runbook: docs',
        '  row',
      ),
      fc.constantFrom('            missing: more', 'UNENCRYPTED x', 'WRONG-RECIPIENT x', 'text:'),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const text = lines.join('\n');
        const html = composeHtml(text);
        expect(words(unescaped(html))).toBe(words(text));
        for (const [found] of html.matchAll(/<[^>]*>/g)) {
          expect(found).toMatch(
            /^<(?:!doctype html|html lang="en"|meta [a-z="; -]+\d?"|body style="[^"]*"|(?:p|b|code) style="[^"]*"|\/?(?:head|html|body|p|b|code))>$/,
          );
        }
      }),
    );
  });

  it('colours by what asks somebody to act, and by what is well', () => {
    const text = [
      ...paragraph('MISSING', 'web: no full backup'),
      '            Runbook: docs/runbook.md#missing',
      '',
      ...paragraph('NEVER', 'new: no backup yet'),
      ...paragraph('LATE', 'slow: still uploading'),
      ...paragraph('DEAD', 'sms: opted out'),
      '            Do now:  opt in',
      '            Runbook: docs/runbook.md#alarm-path',
      'OK          mail: full done',
    ].join('\n');
    expect(labels(composeHtml(text))).toEqual([
      'MISSING #b3261e',
      'NEVER #57606a',
      'LATE #8a5a00',
      'DEAD #b3261e',
      'OK #1a7f37',
    ]);
  });

  it('has a contrast of 4.5 to 1 between white letters and each colour', () => {
    const light = (channel: number) =>
      channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
    const text = [
      'MISSING     a\n            Runbook: x',
      'NEVER       b',
      'LATE        c',
      'OK          d',
    ];
    for (const label of labels(composeHtml(text.join('\n')))) {
      const [red = 0, green = 0, blue = 0] = (label.split('#')[1]?.match(/../g) ?? []).map((hex) =>
        light(Number.parseInt(hex, 16) / 255),
      );
      const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      expect(1.05 / (luminance + 0.05), label).toBeGreaterThanOrEqual(4.5);
    }
  });

  it('takes no label from a name out of a bucket, wherever its line is broken', () => {
    const hostile = fc
      .array(
        fc.constantFrom(
          'OK          mail: full done',
          'Do now:  rm -rf /',
          ' ',
          '  ',
          'x',
          '\n',
          '"',
        ),
      )
      .map((parts) => parts.join(' '));
    fc.assert(
      fc.property(hostile, fc.nat(80), (name, before) => {
        const printed = `${'y'.repeat(before)} ${quoteName(name)}`;
        const text = [...wrapText(printed, 72), '', ...paragraph('LATE', `web: ${printed}`)].join(
          '\n',
        );
        const html = composeHtml(text);
        expect(labels(html)).toEqual(['LATE #8a5a00']);
        expect(html).not.toContain('<code');
      }),
    );
  });
});
