// A message as the HTML of a mail: every style stands at its element too, as many mail programs drop all other.
import {
  type Block,
  fitBlocks,
  type Item,
  type Message,
  SIGN_NAMES,
  SIGNS,
  type Sign,
  type Tone,
} from './message-tree.ts';
import { escapeHtml } from './plain-text.ts';

/** Mail services clip what is longer than 102 kB. */
const HTML_BOUND = 98_000;

/** Escaped throughout, no script, nothing from elsewhere; at most 98 kB: rows are left out and counted. */
export function renderHtml({ subject, blocks }: Pick<Message, 'subject' | 'blocks'>): string {
  const room = HTML_BOUND - page(subject, '').length;
  const fitted = fitBlocks(blocks, room, (some) => renderBlocks(some).length);
  return page(subject, renderBlocks(fitted));
}

function page(subject: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(subject)}</title>
<style>${DARK}</style>
</head>
<body class="p" style="${STYLES.page}">
<div role="main" style="${STYLES.body}">
${body}
</div>
</body>
</html>
`;
}

function renderBlocks(blocks: readonly Block[]): string {
  return blocks.map(renderBlock).join('\n');
}

function renderBlock(block: Block): string {
  const more = 'more' in block ? paragraph(block.more, 'more', 'm') : '';
  switch (block.kind) {
    case 'banner':
      return `<h1 class="h-${block.tone}" style="${STYLES.banner};${BANNER[block.tone]}">${escapeHtml(block.text)}</h1>${paragraph(block.below, 'below', 'm')}`;
    case 'problem':
      return renderItem(block, block.more);
    case 'list':
      return `${title(block.title)}${block.items.map((item) => renderItem(item)).join('\n')}${more}`;
    case 'table': {
      const head = block.columns.some((name) => name !== '')
        ? `<tr>${block.columns.map((name) => `<th scope="col" class="m" style="${STYLES.th}">${escapeHtml(name)}</th>`).join('')}</tr>`
        : '';
      const rows = block.rows.map(({ tone, cells }) => {
        const row = cells.map((text, index) => cell(text, index === 0 ? tone : undefined));
        return `<tr>${row.join('')}</tr>`;
      });
      return `${title(block.title)}<table style="${STYLES.table}">${head}${rows.join('\n')}</table>${more}`;
    }
    case 'grid': {
      const rows = block.rows.map(
        ({ who, tone, label, signs }) =>
          `<tr>${cell(who, tone)}<td style="${STYLES.signs}">${renderSigns(signs)}</td>${cell(label)}</tr>`,
      );
      const key = SIGNS.map((sign) => `${renderSigns([sign])}&#160;${SIGN_NAMES[sign]}`).join(
        ' &#160; ',
      );
      return `${title(block.title)}<p class="m" style="${STYLES.more}">${key}</p><table style="${STYLES.table}">${rows.join('\n')}</table>${more}`;
    }
    case 'note': {
      const lines = (block.lines ?? []).join('\n');
      const code =
        lines === '' ? '' : `<pre class="k" style="${STYLES.pre}">${escapeHtml(lines)}</pre>`;
      return `${paragraph(block.text, 'note', 'c')}${code}${more}`;
    }
  }
}

function title(text: string | undefined): string {
  return text === undefined ? '' : `<h2 class="c" style="${STYLES.title}">${escapeHtml(text)}</h2>`;
}

function paragraph(text: string | undefined, style: keyof typeof STYLES, name: string): string {
  return text === undefined
    ? ''
    : `<p class="${name}" style="${STYLES[style]}">${escapeHtml(text)}</p>`;
}

/** The first one of a row has its tone. */
function cell(text: string, tone?: Tone): string {
  const loud = tone === undefined ? '' : `;font-weight:bold;color:${INK[tone]}`;
  const name = tone === undefined ? 'c' : `t-${tone}`;
  return `<td class="${name}" style="${STYLES.td}${loud}">${escapeHtml(text)}</td>`;
}

/** The host's name stands out as the finding does. */
function renderItem(item: Item, more?: string): string {
  const { tone, label, who, says, facts, steps = [], runbook } = item;
  const pill = `<b style="${STYLES.pill};background:${FILL[tone]}">${escapeHtml(label)}</b>`;
  const name = `<b class="t-${tone}" style="${STYLES.who};color:${INK[tone]}">${escapeHtml(who)}</b>`;
  return [
    `<div class="b-${tone}" style="${STYLES.item};border-left:4px solid ${FILL[tone]};background:${PALE[tone]}">`,
    `<p class="c" style="${STYLES.says}">${pill} ${who === '' ? '' : `${name}<br>`}${escapeHtml(says)}</p>`,
    ...facts.map((fact) => paragraph(fact, 'fact', 'c')),
    paragraph(more, 'fact', 'm'),
    ...steps.map((step, at) => renderStep(at === 0 ? 'Do now' : 'Then', step)),
    runbook === undefined
      ? ''
      : `<p class="c" style="${STYLES.fact}">Runbook: ${link(runbook)}</p>`,
    '</div>',
  ].join('');
}

function renderStep(label: string, step: string): string {
  return `<p class="m" style="${STYLES.label}">${label}</p><pre class="k" style="${STYLES.pre}">${escapeHtml(step)}</pre>`;
}

/** Only an address of the config's is a link; a path is none that a mail could open. */
function link(runbook: string): string {
  const text = escapeHtml(runbook);
  return /^https:\/\//.test(runbook)
    ? `<a class="a" style="color:#0550ae" href="${text}">${text}</a>`
    : text;
}

/** Runs of one sign are one element: a month of good days is short. */
function renderSigns(signs: readonly Sign[]): string {
  const runs: { sign: Sign; text: string }[] = [];
  for (const sign of signs) {
    const last = runs.at(-1);
    if (last?.sign === sign) last.text += MARKS[sign];
    else runs.push({ sign, text: MARKS[sign] });
  }
  return runs
    .map(({ sign, text }) => `<span class="g-${sign}" style="color:${SQUARE[sign]}">${text}</span>`)
    .join('');
}

/** Colour and form: no sign is known by its colour alone. */
const MARKS: Readonly<Record<Sign, string>> = {
  ...{ ok: '&#9632;', odd: '&#9650;', bad: '&#10005;', paused: '&#8722;', none: '&#183;' },
};

// On white, and on its own pale ground, each ink has a contrast of 4.5 to 1 at least; white letters on each fill too.
const INK: Readonly<Record<Tone, string>> = {
  ...{ tampered: '#8f0d1d', bad: '#a1160f', odd: '#7a4a00', good: '#14632b', note: '#4a5058' },
};
const FILL: Readonly<Record<Tone, string>> = {
  ...{ tampered: '#7d0016', bad: '#b3261e', odd: '#8a5a00', good: '#1a7f37', note: '#57606a' },
};
const PALE: Readonly<Record<Tone, string>> = {
  ...{ tampered: '#ffe1e4', bad: '#fff3f2', odd: '#fff8e6', good: '#f2fbf4', note: '#f6f7f9' },
};
const SQUARE: Readonly<Record<Sign, string>> = {
  ...{ ok: '#1a7f37', odd: '#8a5a00', bad: '#b3261e', paused: '#57606a', none: '#6e7781' },
};
const BANNER: Readonly<Record<Tone, string>> = {
  tampered: 'background:#7d0016;color:#fff;padding:18px 16px;font-size:24px',
  bad: 'background:#b3261e;color:#fff;padding:12px 16px',
  odd: 'background:#fff1cc;color:#5c3800;padding:12px 16px',
  good: 'background:#dff5e4;color:#0f5223;padding:12px 16px',
  note: 'background:#eceff2;color:#24292f;padding:12px 16px',
};

const STYLES = {
  page: 'margin:0;padding:0;background:#ffffff;color:#1c2128',
  body: "max-width:720px;margin:0 auto;padding:16px;font:15px/1.5 -apple-system,'Segoe UI',system-ui,sans-serif;overflow-wrap:anywhere",
  banner: 'margin:0;border-radius:6px;font-size:20px;line-height:1.3',
  below: 'margin:8px 0 16px;color:#4a5058;font-size:13px',
  title: 'margin:24px 0 8px;font-size:16px',
  note: 'margin:12px 0',
  more: 'margin:6px 0;color:#4a5058;font-size:13px',
  item: 'margin:0 0 10px;padding:10px 14px;border-radius:4px',
  says: 'margin:0 0 6px',
  fact: 'margin:4px 0;font-size:14px',
  label: 'margin:8px 0 0;color:#4a5058;font-size:12px',
  pill: 'padding:2px 8px;border-radius:4px;color:#fff;font-size:13px;letter-spacing:.02em',
  who: 'font-size:16px;margin-left:4px',
  pre: 'margin:2px 0 6px;padding:8px 10px;border-radius:4px;background:#eceff2;color:#1c2128;font:13px/1.5 ui-monospace,Consolas,monospace;white-space:pre-wrap;word-break:break-word',
  table: 'border-collapse:collapse;width:100%;font-size:14px',
  th: 'text-align:left;font-weight:normal;color:#4a5058;font-size:12px;padding:2px 10px 2px 0',
  td: 'padding:3px 10px 3px 0;border-top:1px solid #d8dee4;vertical-align:top',
  signs:
    'padding:3px 10px 3px 0;border-top:1px solid #d8dee4;font:13px/1 ui-monospace,Consolas,monospace;white-space:nowrap',
} as const;

// Programs that know a dark mode read this sheet; the others show the colours that stand at each element.
const DARK = `@media (prefers-color-scheme:dark){.p{background:#0d1117!important;color:#e6edf3!important}.c{color:#e6edf3!important}.m{color:#a9b4c0!important}.k{background:#1f262e!important;color:#e6edf3!important}.a{color:#79c0ff!important}td,.b-tampered,.b-bad,.b-odd,.b-good,.b-note{border-color:#30363d}.b-tampered{background:#3b0a12!important}.b-bad{background:#2b1113!important}.b-odd{background:#26200f!important}.b-good{background:#0f2417!important}.b-note{background:#161b22!important}.t-tampered,.t-bad,.g-bad{color:#ff9a94!important}.t-odd,.g-odd{color:#f0c05a!important}.t-good,.g-ok{color:#5fd37a!important}.t-note,.g-paused,.g-none{color:#a9b4c0!important}.h-odd{background:#4a3500!important;color:#ffe9b8!important}.h-good{background:#113d20!important;color:#c9f5d5!important}.h-note{background:#21262d!important;color:#e6edf3!important}}`;
