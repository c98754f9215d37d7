// 400 days of one host as a page for a browser: a row a month, and the curve of its size.
import type { Night } from './board.ts';
import { composePage } from './page-style.ts';
import { escapeHtml, formatBytes, toAscii } from './plain-text.ts';
import { renderSparkline, renderSquares, SIGN_KEY } from './render-grid.ts';

/** Escaped throughout, no script, nothing from elsewhere. Nights are sorted, the oldest first. */
export function composeYear(host: string, nights: readonly Night[]): string {
  const name = escapeHtml(toAscii(host));
  const [first = '', last = ''] = [nights[0]?.[0], nights.at(-1)?.[0]];
  const good = nights.filter(([, sign]) => sign === 'ok' || sign === 'odd').length;
  const owed = nights.filter(([, sign]) => sign !== 'paused').length;
  const months = [...Map.groupBy(nights, ([date]) => date.slice(0, 7))].map(([month, own]) => {
    const signs = new Map(own.map(([date, sign]) => [Number(date.slice(8)), sign]));
    const days = Array.from({ length: 31 }, (_, at) => signs.get(at + 1));
    return `<div class="month"><span>${month}</span>${renderSquares(days)}</div>`;
  });
  const failed = nights.filter(([, sign]) => sign === 'bad').map(([date]) => `<li>${date}</li>`);
  const sizes = nights.map(([, , , bytes]) => bytes);
  const title = `${name}: ${good} of ${owed} nights good`;
  return composePage(
    { title, style: STYLE },
    `<header class="${good === owed ? 'good' : 'odd'}"><h1>${title}</h1><p>${first} to ${last}</p></header>
<main>
${SIGN_KEY}
${months.join('\n')}
<h2>Size, up to ${escapeHtml(formatBytes(Math.max(...sizes, 0)))}</h2>
<div class="curve">${renderSparkline(sizes)}</div>
${failed.length === 0 ? '' : `<h2>Failed</h2><ul>${failed.join('')}</ul>`}
</main>`,
  );
}

const STYLE =
  '.month{display:grid;grid-template-columns:5.5em minmax(0,620px);align-items:center;gap:8px;margin:5px 0}.month span{color:var(--ink2)}.curve .sp{width:100%;max-width:700px;height:auto}';
