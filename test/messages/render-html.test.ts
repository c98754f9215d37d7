import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Block, type Item, SIGNS, TONES } from '../../shared/messages/message-tree.ts';
import { renderHtml } from '../../shared/messages/render-html.ts';
import { anyText } from '../support/any-text.ts';

const item: Item = {
  ...{ tone: 'bad', label: 'MISSING', who: 'web', says: 'no full backup', facts: ['a fact'] },
  ...{
    steps: ["ssh web 'sudo rollcall-backup run'"],
    runbook: 'https://wiki.example.net/#missing',
  },
};
const htmlOf = (...blocks: Block[]) => renderHtml({ subject: '[backup] web', blocks });

describe('renderHtml', () => {
  it('has a title, a language, a width for telephones and both modes of colour', () => {
    const html = htmlOf({ kind: 'note', text: 'x' });
    expect(html).toContain('<html lang="en">');
    expect(html).toContain('<title>[backup] web</title>');
    expect(html).toContain('name="viewport" content="width=device-width, initial-scale=1"');
    expect(html).toContain('name="color-scheme" content="light dark"');
    expect(html).toContain('@media (prefers-color-scheme:dark)');
  });

  it('makes a link of an address only', () => {
    expect(htmlOf({ kind: 'problem', ...item })).toContain(
      'href="https://wiki.example.net/#missing"',
    );
    const path = htmlOf({ kind: 'problem', ...item, runbook: 'docs/runbook.md#missing' });
    expect(path).not.toContain('<a ');
    expect(path).toContain('docs/runbook.md#missing');
  });

  it('holds every text, and nothing but its own tags, whatever the texts are', () => {
    const text = anyText({ maxLength: 200 });
    fc.assert(
      fc.property(fc.array(text, { minLength: 8, maxLength: 8 }), (texts) => {
        const [a = '', b = '', c = '', d = '', e = '', f = '', g = '', h = ''] = texts;
        const evil: Item = {
          tone: 'bad',
          label: a,
          who: b,
          says: c,
          facts: [d],
          steps: [e],
          runbook: f,
        };
        const html = renderHtml({
          subject: g,
          blocks: [
            { kind: 'banner', tone: 'tampered', text: h, below: a },
            { kind: 'problem', ...evil },
            { kind: 'list', title: b, items: [evil] },
            { kind: 'table', columns: [c], rows: [{ tone: 'odd', cells: [d, e] }] },
            { kind: 'grid', title: f, rows: [{ tone: 'good', who: g, label: h, signs: SIGNS }] },
            { kind: 'note', text: a, lines: [b, c] },
          ],
        });
        const tags = new Set([...html.matchAll(/<\/?([a-z0-9!]+)/gi)].map(([, tag]) => tag));
        const known =
          'html head meta title style body div h1 h2 p b br pre table tr th td span !doctype';
        expect([...tags].filter((tag) => !known.split(' ').includes(tag ?? ''))).toEqual([]);
        const shown = html
          .replace(/<[^>]*>/g, '')
          .replace(/&(?:lt|gt|quot|amp);/g, (entity) => ENTITIES[entity] ?? '');
        for (const one of texts) expect(shown).toContain(one);
      }),
    );
  });

  it('stays under 100 kB, and counts by kind what it leaves out', () => {
    const rows = Array.from({ length: 5000 }, (_, n) => ({
      ...{ tone: 'bad' as const, cells: [`host-${n}`, 'MISSING (2nd day)'], counted: 'MISSING' },
    }));
    const html = htmlOf({ kind: 'problem', ...item }, { kind: 'table', columns: [], rows });
    expect(html.length).toBeLessThan(100_000);
    const named = new Set(html.match(/host-\d+/g)).size;
    expect(named).toBeGreaterThan(300);
    expect(html).toContain(`and ${5000 - named} more (${5000 - named} MISSING): rollcall check`);
    expect(html).toContain('>web<');
  });

  it.each(TONES)('can be read in the tone %s: 4.5 to 1 in light and in dark', (tone) => {
    const html = htmlOf(
      { kind: 'banner', tone, text: 'banner', below: '' },
      { kind: 'problem', ...item, tone },
      { kind: 'table', columns: [], rows: [{ tone, cells: ['cell'] }] },
    );
    const styleOf = (name: string) =>
      new RegExp(`class="${name}-${tone}" style="([^"]*)"`).exec(html)?.[1] ?? '';
    const colour = (style: string, what: string) =>
      new RegExp(`(?:^|;)${what}:(#\\w+)`).exec(style)?.[1];
    const dark = /\{(\.p\{.*)\}<\/style>/.exec(html)?.[1] ?? '';
    const darkOf = (name: string, what: string) =>
      new RegExp(`\\.${name}(?:,[^{]*)?\\{[^}]*?\\b${what}:(#\\w+)`).exec(dark)?.[1];
    const ground = colour(styleOf('b'), 'background');
    const ink = colour(styleOf('t'), 'color');
    const fill = /<b style="[^"]*background:(#\w+)/.exec(html)?.[1];
    const head = styleOf('h');
    const pairs = [
      [ink, ground],
      [ink, '#ffffff'],
      ['#1c2128', ground],
      ['#4a5058', ground],
      ['#ffffff', fill],
      [colour(head, 'color'), colour(head, 'background')],
      [darkOf(`t-${tone}`, 'color'), darkOf(`b-${tone}`, 'background')],
      [darkOf(`t-${tone}`, 'color'), '#0d1117'],
      [darkOf('c', 'color'), darkOf(`b-${tone}`, 'background')],
      [darkOf('m', 'color'), darkOf(`b-${tone}`, 'background')],
      [
        darkOf(`h-${tone}`, 'color') ?? colour(head, 'color'),
        darkOf(`h-${tone}`, 'background') ?? colour(head, 'background'),
      ],
    ];
    for (const [one, other] of pairs) {
      expect(contrast(one, other), `${one} on ${other}`).toBeGreaterThanOrEqual(4.5);
    }
  });
});

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ '&lt;': '<', '&gt;': '>', '&quot;': '"', '&amp;': '&' },
};

/** Source: WCAG 2.2, "contrast ratio" and "relative luminance". */
function contrast(one = '', other = ''): number {
  const long = (hex: string) => (hex.length === 4 ? hex.replace(/(?<=#\w*)(\w)/g, '$1$1') : hex);
  const light = (hex: string) => {
    const [red = 0, green = 0, blue = 0] = (long(hex).slice(1).match(/../g) ?? []).map((two) => {
      const part = Number.parseInt(two, 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [high = 0, low = 0] = [light(one), light(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}
