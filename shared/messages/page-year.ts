// 400 days of one host as a page for a browser: a row a month, and the curve of its size.
import type { Night } from './board.ts';
import { SIGNS } from './message-tree.ts';
import { PAGE_STYLE } from './page-style.ts';
import { escapeHtml, formatBytes, toAscii } from './plain-text.ts';
import {
  renderSigns,
  renderSparkline,
  renderSquares,
  SIGN_NAMES,
  SIGN_STYLE,
} from './render-grid.ts';

const STEP = 12;

/** Escaped throughout, no script, nothing from elsewhere. Nights are sorted, the oldest first. */
export function composeYear(host: string, nights: readonly Night[]): string {
  const name = escapeHtml(toAscii(host));
  const [first = '', last = ''] = [nights[0]?.[0], nights.at(-1)?.[0]];
  const good = nights.filter(([, sign]) => sign === 'ok' || sign === 'odd').length;
  const owed = nights.filter(([, sign]) => sign !== 'paused').length;
  const months = [...Map.groupBy(nights, ([date]) => date.slice(0, 7))].map(([month, own]) => {
    const squares = own.map(([date, sign]) => ({
      sign,
      x: (Number(date.slice(8)) - 1) * STEP,
      y: 0,
    }));
    return `<div class="month"><span>${month}</span>${renderSigns(squares, 31 * STEP - 2, 10)}</div>`;
  });
  const failed = nights.filter(([, sign]) => sign === 'bad').map(([date]) => `<li>${date}</li>`);
  const sizes = nights.map(([, , , bytes]) => bytes);
  const key = SIGNS.map((sign) => `<span>${renderSquares([sign])}${SIGN_NAMES[sign]}</span>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${name}: ${good} of ${owed} nights good</title>
<style>${PAGE_STYLE}${SIGN_STYLE}${STYLE}</style>
</head>
<body>
<header class="${good === owed ? 'good' : 'odd'}"><h1>${name}: ${good} of ${owed} nights good</h1><p>${first} to ${last}</p></header>
<main>
<p class="key" aria-hidden="true">${key.join(' ')}</p>
${months.join('\n')}
<h2>Size, up to ${escapeHtml(formatBytes(Math.max(...sizes, 0)))}</h2>
<div class="curve">${renderSparkline(sizes)}</div>
${failed.length === 0 ? '' : `<h2>Failed</h2><ul>${failed.join('')}</ul>`}
</main>
</body>
</html>
`;
}

const STYLE =
  '.month{display:grid;grid-template-columns:5.5em minmax(0,620px);align-items:center;gap:8px;margin:5px 0}.month span{color:var(--ink2)}.curve .sp{width:100%;max-width:700px;height:auto}';
