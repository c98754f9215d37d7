// `rollcall history HOST`: 400 days of one host, on the terminal or as a page.
import { writeFile } from 'node:fs/promises';
import { type Host, pagesOf, shardIndexOf } from '../../shared/config/config.ts';
import { type Night, parseBoard, sortNights } from '../../shared/messages/board.ts';
import { HISTORY, historyPage, parseHistory } from '../../shared/messages/history.ts';
import { SIGN_NAMES, SIGNS, type Sign } from '../../shared/messages/message-tree.ts';
import { count, formatBytes } from '../../shared/messages/plain-text.ts';
import { composeYear } from '../../shared/messages/status-page.ts';
import { BOARD_PAGE } from '../../shared/monitor/keep-board.ts';
import type { RecordStore } from '../../shared/monitor/state.ts';
import { placeOf } from '../../shared/rules/fingerprints.ts';
import { defineCommand, TEXT } from './command.ts';
import {
  findHost,
  onlyName,
  openState,
  readConfig,
  STATE_HELP,
  STATE_OPTIONS,
} from './config-file.ts';
import { refuseState } from './state-place.ts';
import { print, UsageError, writeTo } from './terminal.ts';

const HELP = `rollcall history - how the last 400 nights of a host went

Examples
  rollcall history web                     a line a month, a character a night
  rollcall history web --html web.html     the same as a page, with the curve of its size

It reads the state bucket and judges nothing. Each digest adds its day; the last days come from the board.

Options
  --html FILE           write a page for a browser in place of the lines
${STATE_HELP}

Exit status
  0  done      3  nothing is known of the host, the state bucket cannot be read, or wrong usage
`;

export const historyCommand = defineCommand({
  help: HELP,
  options: {
    html: TEXT,
    ...STATE_OPTIONS,
  },
  operands: true,
  run: async (options, operands) => {
    const name = onlyName(operands, 'history');
    const config = await readConfig(options.hosts);
    const host = findHost(config, name);
    const records = await openState(config, options);
    const nights = await readNights(records, host, config.hosts.length);
    if (nights.length === 0) {
      throw new UsageError(
        `nothing is known yet of how the nights of ${name} went`,
        'the first run that judges it begins its history; judge it now: rollcall check',
      );
    }
    if (options.html === undefined) print(composeLines(name, nights));
    else {
      const file = options.html;
      const write = () => writeFile(file, composeYear(name, nights));
      await writeTo(file, 'name another file: --html FILE', write);
      print(`the page of ${name}: ${file}`);
    }
    return 0;
  },
});

/** The board has the newest; pages of another cut have what was kept while the config had more or fewer hosts. */
async function readNights(records: RecordStore, host: Host, hosts: number): Promise<Night[]> {
  const place = placeOf(host);
  const of = pagesOf(hosts);
  try {
    const read = async (page: string) =>
      parseHistory((await records.read(page)).text ?? '')?.find((one) => one.place === place);
    const own = await read(historyPage({ index: shardIndexOf(place, of), of }));
    const others = own === undefined ? await records.list(HISTORY) : [];
    const found = own ?? (await Promise.all(others.map(read))).find((one) => one !== undefined);
    const board = parseBoard((await records.read(BOARD_PAGE)).text ?? '');
    const row = board?.rows.find((one) => one.place === place);
    return sortNights([...(found?.nights ?? []), ...(row?.nights ?? [])]);
  } catch (error) {
    throw refuseState(error, 's3:GetObject and s3:ListBucket');
  }
}

const BLOCKS: Readonly<Record<Sign, string>> = {
  ...{ ok: '\u2588', odd: '\u2592', bad: 'x', paused: '-', none: '\u00b7' },
};
const BARS = '\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588';
const CURVE = 60;

/** A line a month, a character a night, the sizes of the last sixty, and what each character means. */
export function composeLines(host: string, nights: readonly Night[]): string {
  const byMonth = Map.groupBy(nights, ([date]) => date.slice(0, 7));
  const months = [...byMonth].map(([month, own]) => {
    const signs = new Map(own.map(([date, sign]) => [Number(date.slice(8)), sign]));
    const days = new Date(
      Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0),
    ).getUTCDate();
    const line = Array.from({ length: days }, (_, at) => BLOCKS[signs.get(at + 1) ?? 'none']);
    return `  ${month}  ${line.join('')}`;
  });
  const of = (sign: Sign) => nights.filter(([, one]) => one === sign).length;
  const sizes = nights.slice(-CURVE).map(([, , , bytes]) => bytes);
  const most = Math.max(...sizes, 1);
  const curve = sizes.map((size) =>
    size === 0 ? ' ' : (BARS[Math.min(7, Math.floor((size / most) * 8))] ?? ''),
  );
  const [first, last] = [nights[0]?.[0], nights.at(-1)?.[0]];
  return [
    `${host}: ${count(nights.length, 'night')} from ${first} to ${last}: ${of('ok')} good, ${of('odd')} late or doubtful, ${of('bad')} failed, ${of('paused')} paused`,
    '',
    '           1   5    10   15   20   25   30',
    ...months,
    '',
    `  size     ${curve.join('')}  up to ${formatBytes(most)}`,
    '',
    `  ${SIGNS.map((sign) => `${BLOCKS[sign]} ${SIGN_NAMES[sign]}`).join('   ')}`,
  ].join('\n');
}
