// The board as one page for a browser: no script, nothing from elsewhere, for a telephone and for a wall.
import type { ChannelStates } from '../doctor/channels.ts';
import { DAY, HOUR, type Instant } from '../duplicity/time.ts';
import { dateIn } from '../rules/window.ts';
import {
  BOARD_DAYS,
  type Board,
  type BoardRow,
  type Night,
  newestDate,
  signsUntil,
  worstFirst,
} from './board.ts';
import { composeLead } from './compose-message.ts';
import { SIGN_NAMES, type Tone } from './message-tree.ts';
import { composePage } from './page-style.ts';
import {
  count,
  escapeHtml,
  formatBytes,
  formatDate,
  formatInstant,
  formatMoment,
  formatTime,
  listSome,
  toAscii,
} from './plain-text.ts';
import { runbookOf, sharedCauses } from './problem-text.ts';
import { renderSparkline, renderSquares, SIGN_KEY } from './render-grid.ts';

export type PageAbout = {
  readonly bucket: string;
  readonly timezone: string;
  readonly hostsInConfig: number;
  readonly channels?: ChannelStates | undefined;
  readonly writtenAt: Instant;
  readonly runbook?: string | undefined;
};

/** So many hosts have a row that opens; of the others the page has a square and the name. */
const FULL_ROWS = 150;

/** It is written each hour, and one run may fail. */
const LATE_MS = 2.5 * HOUR;

/** Escaped throughout. A page cannot know its age: it says until when it must be newer. */
export function composeStatusPage(board: Board, about: PageAbout): string {
  const rows = worstFirst(board.rows);
  const { timezone, writtenAt } = about;
  const title = composeTitle(rows, about);
  const last = newestDate(rows) ?? dateIn(timezone, writtenAt);
  const [next] = rows
    .flatMap(({ nextDueAt = 0 }) => (nextDueAt > writtenAt ? [nextDueAt] : []))
    .sort((a, b) => a - b);
  const worst = rows[0]?.tone ?? 'note';
  const closes =
    next === undefined
      ? ''
      : ` The next window closes <b>${safe(formatInstant(next, timezone, writtenAt))}</b>.`;
  const full = rows.slice(0, FULL_ROWS);
  const rest = rows.slice(FULL_ROWS);
  return composePage(
    { title: safe(title), meta: '<meta name="robots" content="noindex">\n' },
    `<header class="${worst}">
<h1>${safe(title)}</h1>
<p>Bucket ${safe(about.bucket)}. As of <b>${safe(formatMoment(writtenAt, timezone))}</b>.${closes} This page is new each hour: if it is the same after <b>${safe(formatTime(writtenAt + LATE_MS, timezone))}</b>, nobody is watching (${safe(runbookOf('monitor-silent', about.runbook))}).</p>
</header>
<main>
${composeTiles(rows, about, last)}
${composeNotes(board, rows, about)}
<section aria-labelledby="hosts">
<h2 id="hosts">Hosts, worst first</h2>
${SIGN_KEY}
<div class="row head" aria-hidden="true"><span>host</span><span>${safe(daysOf(last))}</span><span>last backup</span><span>size</span><span>${BOARD_DAYS} days</span><span>last good copy until</span><span>restore proven</span></div>
${full.map((row) => composeRow(row, about, last)).join('\n')}
${rest.length === 0 ? '' : `<h3>${count(rest.length, 'more host')}</h3><ul class="chips">${rest.map(composeChip).join('')}</ul>`}
</section>
</main>`,
  );
}

function composeTitle(rows: readonly BoardRow[], { hostsInConfig }: PageAbout): string {
  const of = count(hostsInConfig, 'host');
  const failed = rows.filter(isFailed);
  const tampered = rows.filter(({ tone }) => tone === 'tampered');
  const lead = composeLead(tampered.map(({ host }) => host));
  if (failed.length > 0) return `${lead}${failed.length} of ${of} FAILED`;
  const ok = rows.filter(({ verdict }) => verdict === 'ok').length;
  return `${ok} of ${of} OK`;
}

function countNights(nights: readonly Night[]) {
  const good = nights.filter(([, sign]) => sign === 'ok' || sign === 'odd').length;
  return { good, owed: good + nights.filter(([, sign]) => sign === 'bad').length };
}

function isFailed({ tone }: BoardRow): boolean {
  return tone === 'bad' || tone === 'tampered';
}

function composeTiles(rows: readonly BoardRow[], about: PageAbout, last: string): string {
  const of = (test: (row: BoardRow) => boolean) => rows.filter(test).length;
  const bytes = rows.reduce((sum, row) => sum + (row.date === last ? (row.bytes ?? 0) : 0), 0);
  const { good, owed } = countNights(rows.flatMap(({ nights }) => nights));
  const states = about.channels?.states ?? [];
  const dead = states.filter(({ status }) => status === 'fail').length;
  const weak = states.filter(({ status }) => status === 'warn' || status === 'unknown').length;
  const channels =
    dead > 0 ? `${dead} dead` : weak > 0 ? `${weak} weak` : states.length > 0 ? 'fine' : 'not seen';
  const tiles: readonly (readonly [Tone | 'plain', string, string])[] = [
    ['bad', String(of(isFailed)), 'failed'],
    ['odd', String(of(({ tone }) => tone === 'odd')), 'late or doubtful'],
    ['note', String(of(({ tone }) => tone === 'note')), 'paused or new'],
    ['good', String(of(({ tone }) => tone === 'good')), 'ok'],
    ['plain', formatBytes(bytes), 'last night'],
    ['plain', owed === 0 ? '-' : formatPercent(good, owed), `of ${owed} nights good`],
    [dead > 0 ? 'bad' : weak > 0 ? 'odd' : 'plain', channels, 'channels'],
  ];
  const text = tiles.map(
    ([tone, value, label]) =>
      `<li class="${value === '0' ? 'zero' : tone}"><b>${safe(value)}</b> <span>${safe(label)}</span></li>`,
  );
  return `<ul class="tiles">${text.join('')}</ul>`;
}

/** Never 100 % where one is missing. */
function formatPercent(good: number, owed: number): string {
  return `${(Math.floor((good / owed) * 1000) / 10).toFixed(good === owed ? 0 : 1)} %`;
}

/** One box for what several hosts share, then dead channels, then what lies outside of the targets. */
function composeNotes({ notes }: Board, rows: readonly BoardRow[], about: PageAbout): string {
  const bad = rows.filter(isFailed).map((row) => ({
    host: row.host,
    problems: row.findings.map((one) => ({ ...one, lastGoodAt: row.lastGoodAt })),
  }));
  const shared = sharedCauses(bad, { ...about, at: about.writtenAt }).map(
    ({ hosts, cause, step }) => {
      const who = `<b>One cause for ${count(hosts.length, 'host')}:</b> ${safe(cause)}`;
      const names = safe(listSome(hosts.slice(0, 20), hosts.length));
      return boxOf('bad', [who, names, ...(step === undefined ? [] : [todo(step)])]);
    },
  );
  const weak = (about.channels?.states ?? []).flatMap((state) => {
    if (state.status === 'ok') return [];
    const says = `<b>Channel ${safe(state.check)}:</b> ${safe(state.says)}`;
    return [boxOf(state.status === 'fail' ? 'bad' : 'odd', [says, todo(state.fix)])];
  });
  const others = notes.map((text) => boxOf('odd', [safe(text)]));
  return [...shared, ...weak, ...others].join('\n');
}

function boxOf(tone: 'bad' | 'odd', paragraphs: readonly string[]): string {
  return `<div class="box ${tone}">${paragraphs.map((text) => `<p>${text}</p>`).join('')}</div>`;
}

function todo(step: string): string {
  return `Do now: <code>${safe(step)}</code>`;
}

function daysOf(last: string): string {
  const at = Date.parse(last);
  const first = at - (BOARD_DAYS - 1) * DAY;
  return `${formatDate(first, 'UTC', at)} to ${formatDate(at, 'UTC', at)}`;
}

function composeRow(row: BoardRow, about: PageAbout, last: string): string {
  const { timezone, writtenAt } = about;
  const { host, tone, doneAt, bytes, provenAt, nights } = row;
  const cell = (name: string, label: string, value: string) =>
    `<span class="${name}"><i>${label} </i>${value}</span>`;
  const lastGood =
    row.lastGoodAt === undefined ? '-' : formatDate(row.lastGoodAt, timezone, writtenAt);
  const done = doneAt === undefined ? lastGood : formatDone(doneAt, row, about);
  const proven = provenAt === undefined ? 'never' : formatAge(writtenAt - provenAt);
  return `<details class="${tone}"><summary class="row"><span class="who"><b>${safe(host)}</b> <em>${safe(verdictOf(row))}</em></span>${renderSquares(signsUntil(nights, last))}${cell('done', 'last backup', safe(done))}${cell('size', 'size', bytes === undefined ? '-' : safe(formatBytes(bytes)))}${renderSparkline(nights.map(([, , , size]) => size))}${cell('until', 'good copy until', formatUntil(row, about))}${cell('proven', 'proven', safe(proven))}</summary><div class="more">${composeDetails(row, about)}</div></details>`;
}

function verdictOf({ verdict, missed, tone }: BoardRow): string {
  const days = missed > 1 && tone !== 'good' ? `, ${missed} days` : '';
  return `${tone === 'good' || tone === 'note' ? verdict : verdict.toUpperCase()}${days}`;
}

function formatDone(
  doneAt: Instant,
  { date }: Pick<BoardRow, 'date'>,
  { timezone, writtenAt }: PageAbout,
): string {
  const time = formatTime(doneAt, timezone);
  if (dateIn(timezone, doneAt) === date) return time;
  return `${time} (${formatDate(doneAt, timezone, writtenAt)})`;
}

/** That there is no good copy at all is the worst that a row can say; of a target that was not read nobody knows. */
function formatUntil(
  { lastGoodAt, expiresAt, verdict }: BoardRow,
  { timezone, writtenAt }: PageAbout,
): string {
  if (expiresAt !== undefined) return safe(formatDate(expiresAt, timezone, writtenAt));
  if (verdict === 'unreadable') return '-';
  return lastGoodAt === undefined ? '<b>none</b>' : 'not hidden';
}

function formatAge(ms: number): string {
  const days = Math.floor(ms / DAY);
  return days === 0 ? 'today' : `${count(days, 'day')} ago`;
}

/** What was found and what to do, the sets in the bucket, and the nights that were not plainly good. */
function composeDetails(row: BoardRow, about: PageAbout): string {
  const { timezone, writtenAt } = about;
  const found = row.findings.map(({ kind, severity, says, step }) => {
    const book =
      severity === 'critical' ? ` <small>${link(runbookOf(kind, about.runbook))}</small>` : '';
    return `<li><b>${safe(kind)}</b>: ${safe(says)}.${step === undefined ? '' : `<br>${todo(step)}`}${book}</li>`;
  });
  if (row.more > 0)
    found.push(`<li>and ${row.more} more: rollcall check --host ${safe(row.host)}</li>`);
  const sets = row.sets.map(
    ({ startedAt, good, bytes, type }) =>
      `<li>${safe(formatInstant(startedAt, timezone, writtenAt))}, ${safe(type)}, ${safe(formatBytes(bytes))}${good ? '' : ', <b>not good</b>'}</li>`,
  );
  const odd = row.nights
    .filter(([, sign]) => sign === 'bad' || sign === 'odd')
    .map(([date, sign, doneAt]) => {
      const done = doneAt === 0 ? '' : `, done ${formatDone(doneAt, { date }, about)}`;
      return `<li>${safe(formatDate(Date.parse(date), 'UTC', writtenAt))}: ${SIGN_NAMES[sign]}${safe(done)}</li>`;
    });
  const list = (title: string, items: readonly string[]) =>
    items.length === 0 ? '' : `<div><h3>${title}</h3><ul>${items.join('')}</ul></div>`;
  const copy = row.lastGood === undefined ? '' : `<p>${safe(row.lastGood)}</p>`;
  const all = [
    list('Found', found),
    list('Sets in the bucket', sets),
    list(`Of the last ${BOARD_DAYS} days`, odd),
  ].join('');
  return `${copy}${all === '' ? '<p>Nothing is wrong.</p>' : all}`;
}

function composeChip({ host, tone }: BoardRow): string {
  return `<li class="${tone}">${safe(host)}</li>`;
}

function link(runbook: string): string {
  return runbook.startsWith('https://') ? `<a href="${safe(runbook)}">runbook</a>` : safe(runbook);
}

/** All text from a bucket, the config or S3 goes into the page through this. */
function safe(text: string): string {
  return escapeHtml(toAscii(text));
}

/** 400 days of one host: a row a month, and the curve of its size. Escaped throughout; the oldest night comes first. */
export function composeYear(host: string, nights: readonly Night[]): string {
  const [first = '', last = ''] = [nights[0]?.[0], nights.at(-1)?.[0]];
  const { good, owed } = countNights(nights);
  const months = [...Map.groupBy(nights, ([date]) => date.slice(0, 7))].map(([month, own]) => {
    const signs = new Map(own.map(([date, sign]) => [Number(date.slice(8)), sign]));
    const days = Array.from({ length: 31 }, (_, at) => signs.get(at + 1));
    return `<div class="month"><span>${month}</span>${renderSquares(days)}</div>`;
  });
  const failed = nights.filter(([, sign]) => sign === 'bad').map(([date]) => `<li>${date}</li>`);
  const sizes = nights.map(([, , , bytes]) => bytes);
  const title = safe(`${host}: ${good} of ${owed} nights good`);
  return composePage(
    { title, style: STYLE },
    `<header class="${good === owed ? 'good' : 'odd'}"><h1>${title}</h1><p>${first} to ${last}</p></header>
<main>
${SIGN_KEY}
${months.join('\n')}
<h2>Size, up to ${safe(formatBytes(Math.max(...sizes, 0)))}</h2>
<div class="curve">${renderSparkline(sizes)}</div>
${failed.length === 0 ? '' : `<h2>Failed</h2><ul>${failed.join('')}</ul>`}
</main>`,
  );
}

const STYLE =
  '.month{display:grid;grid-template-columns:5.5em minmax(0,620px);align-items:center;gap:8px;margin:5px 0}.month span{color:var(--ink2)}.curve .sp{width:100%;max-width:700px;height:auto}';
