// Squares and curves as SVG, of a page and of a year: each sign has a colour and a form, so that none needs its colour.
import { SIGN_NAMES, SIGNS, type Sign } from './message-tree.ts';

const STEP = 12;
const SIDE = 10;

// Inside of its square, drawn over it: a wave, a cross, a bar.
const FORMS: Partial<Readonly<Record<Sign, string>>> = {
  odd: 'm2.2 6.2l1.4-1.7 2.8 1.7 1.4-1.7',
  bad: 'm2.8 2.8l4.4 4.4m0-4.4l-4.4 4.4',
  paused: 'm2.8 5h4.4',
};

/** One row of squares, with a gap where there is no sign; in words how many there are of each. */
export function renderSquares(signs: readonly (Sign | undefined)[]): string {
  const squares = signs.flatMap((sign, at) => (sign === undefined ? [] : [{ sign, x: at * STEP }]));
  const bySign = Map.groupBy(squares, ({ sign }) => sign);
  const words = [...bySign].map(([sign, own]) => `${own.length} ${SIGN_NAMES[sign]}`).join(', ');
  const paths = [...bySign].map(([sign, own]) => {
    const fill = own.map(({ x }) => `M${x} 0h${SIDE}v${SIDE}h-${SIDE}z`).join('');
    const form = FORMS[sign];
    const over = form === undefined ? '' : own.map(({ x }) => moveForm(form, x)).join('');
    return `<path class="${sign}" d="${fill}"/>${over === '' ? '' : `<path class="f" d="${over}"/>`}`;
  });
  const width = signs.length * STEP - (STEP - SIDE);
  return `<svg class="sq" viewBox="0 0 ${width} ${SIDE}" role="img" aria-label="${words}">${paths.join('')}</svg>`;
}

/** What each sign means, with its square. */
export const SIGN_KEY = `<p class="key" aria-hidden="true">${SIGNS.map((sign) => `<span>${renderSquares([sign])}${SIGN_NAMES[sign]}</span>`).join(' ')}</p>`;

/** `M` in place of the first `m`, at a square. */
function moveForm(form: string, x: number): string {
  return form.replace(/^m([\d.]+)/, (_, dx) => `M${round(x + Number(dx))}`);
}

const WIDE = 90;
const HIGH = 20;

/** Sizes as a curve from zero up; nights without a backup are gaps. */
export function renderSparkline(sizes: readonly number[]): string {
  const most = Math.max(...sizes, 1);
  const step = WIDE / Math.max(1, sizes.length - 1);
  let isOpen = false;
  const d = sizes
    .map((size, at) => {
      if (size === 0) {
        isOpen = false;
        return '';
      }
      const move = isOpen ? 'L' : 'M';
      isOpen = true;
      return `${move}${round(at * step)} ${round(HIGH - 2 - (size / most) * (HIGH - 4))}`;
    })
    .join('');
  return `<svg class="sp" viewBox="0 0 ${WIDE} ${HIGH}" aria-hidden="true"><path d="${d}"/></svg>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** For both modes of colour: 3 to 1 on the ground at least. */
export const SIGN_STYLE = [
  '.sq{display:block;width:100%;height:auto;overflow:visible}.sq .ok{fill:var(--ok)}.sq .odd{fill:var(--odd)}.sq .bad{fill:var(--bad)}',
  '.sq .paused{fill:var(--dim)}.sq .none{fill:none;stroke:var(--line);stroke-width:1}',
  '.sq .f{fill:none;stroke:var(--on);stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}',
  '.sp{height:20px;width:90px}.sp path{fill:none;stroke:var(--ink2);stroke-width:1.4;stroke-linejoin:round}',
].join('');
