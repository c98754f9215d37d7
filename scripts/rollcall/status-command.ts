// `rollcall status`: what the last digest found, as the state bucket has it; nothing is judged.
import { spawn } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOUR } from '../../shared/duplicity/time.ts';
import { count, formatDuration, formatInstant, toAscii } from '../../shared/messages/plain-text.ts';
import {
  describeUnknown,
  exitStatus,
  parseReport,
  type StoredReport,
} from '../../shared/messages/report.ts';
import {
  dateOfPage,
  REPORTS,
  type RecordStore,
  reportPage,
  STATUS_PAGE,
} from '../../shared/monitor/state.ts';
import { defineCommand, FLAG, TEXT } from './command.ts';
import { openState, readConfig, STATE_HELP, STATE_OPTIONS } from './config-file.ts';
import { composeRows, PREFIXES_SHOWN, rowOf, toAsciiJson } from './format-report.ts';
import { refuseState } from './state-place.ts';
import { chooseFormat, print, UsageError, writeTo } from './terminal.ts';

const HELP = `rollcall status - what did the last daily report say?

Examples
  rollcall status                          the last one, and how old it is
  rollcall status --date 2026-11-20        the one of that day
  rollcall status --format json | jq .summary
  rollcall status --ledger BUCKET          without asking CloudFormation for its name
  rollcall status --open                   the page of the fleet, in your browser
  rollcall status --save status.html       the same as a file, for a wall or a static site

It reads the state bucket, one list and one object, and judges nothing: rollcall check does. A report is written with
each digest, once a day; a last one older than 26 hours says that nobody is watching, and ends with 3.

Options
  --date DATE           a day in the config's calendar; default the last there is
  --format FORMAT       table (default) or json
  --json                the same as --format json
  --open                fetch the page with your credentials and open it; $BROWSER, else what your desktop has
  --save FILE           write the page to this file
${STATE_HELP}

Exit status, by what the report says
  0  every host was ok      1  a warning      2  critical      3  could not check, too old, no report, or wrong usage
`;

const STALE_MS = 26 * HOUR;
const SKEW_MS = 5 * 60_000;

export const statusCommand = defineCommand({
  help: HELP,
  options: {
    date: TEXT,
    format: TEXT,
    json: FLAG,
    open: FLAG,
    save: TEXT,
    ...STATE_OPTIONS,
  },

  run: async (options) => {
    const { date } = options;
    const format = chooseFormat(options, ['table', 'json']);
    if (date !== undefined && !/^\d{4}-\d\d-\d\d$/.test(date)) {
      throw new UsageError(
        `--date ${JSON.stringify(date)} is not a day`,
        'write it like 2026-11-23',
      );
    }
    const config = await readConfig(options.hosts);
    const records = await openState(config, options);
    if (options.open || options.save !== undefined) return showPage(records, options.save);
    const { report, text } = await readReport(records, date);
    const zone = report.timezone ?? config.timezone;

    const age = Date.now() - Date.parse(report.checkedAt);
    const stale = date === undefined && (age > STALE_MS || age < -SKEW_MS);
    const loud = stale ? `WARNING: ${formatStale(age)}\n` : '';
    if (format === 'json') {
      process.stderr.write(loud);
      process.stdout.write(`${toAsciiJson(JSON.parse(text))}\n`);
    } else {
      process.stdout.write(`${loud}${formatAge(report, age, zone)}\n\n`);
      process.stdout.write(composeReport(report, zone));
    }
    return stale ? 3 : exitStatus(report);
  },
});

/** Writes the page to a file that is the reader's alone, and opens it where no file was asked for. */
async function showPage(records: RecordStore, save: string | undefined): Promise<number> {
  const { text } = await unlessRefused(() => records.read(STATUS_PAGE));
  if (text === undefined) {
    throw new UsageError(
      'there is no page in the state bucket yet',
      'the first is written with the first host that is judged; until then: rollcall check',
    );
  }
  const file = await writeTo(save ?? tmpdir(), 'name another file: --save FILE', async () => {
    const path = save ?? join(await mkdtemp(join(tmpdir(), 'rollcall-')), 'status.html');
    await writeFile(path, text, { mode: 0o600 });
    return path;
  });
  print(`the page: ${file}`);
  if (save !== undefined) return 0;
  const opener = process.env.BROWSER ?? (process.platform === 'darwin' ? 'open' : 'xdg-open');
  const child = spawn(opener, [file], { stdio: 'ignore', detached: true });
  const isOpened = await new Promise((done) => {
    child.once('spawn', () => done(true));
    child.once('error', () => done(false));
  });
  child.unref();
  if (!isOpened) print('no browser could be started from here: open that file in one');
  return 0;
}

async function unlessRefused<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw refuseState(error, 's3:ListBucket and s3:GetObject');
  }
}

async function readReport(
  records: RecordStore,
  date: string | undefined,
): Promise<{ report: StoredReport; text: string }> {
  return unlessRefused(async () => {
    const page = date === undefined ? await lastPage(records) : reportPage(date);
    const { text } = await records.read(page);
    if (text === undefined) {
      throw new UsageError(
        `there is no report of ${date}`,
        'one is written with each digest; the last there is: rollcall status',
      );
    }
    const report = parseReport(text);
    if (report !== undefined) return { report, text };
    throw new UsageError(
      `${page} in the state bucket is not a report of version 1`,
      'somebody else wrote it: look at its versions, and judge now: rollcall check',
    );
  });
}

async function lastPage(records: RecordStore): Promise<string> {
  const pages = await records.list(REPORTS);
  const last = pages.findLast((page) => dateOfPage(page) !== undefined);
  if (last !== undefined) return last;
  throw new UsageError(
    'there is no report in the state bucket yet',
    'the first is written with the first digest; until then: rollcall check, rollcall doctor',
  );
}

function formatStale(age: number): string {
  const what =
    age < 0
      ? 'this report is from the future: a clock is wrong, or it is forged'
      : `this report is ${formatDuration(age)} old; one is due every day`;
  return `${what}. Nobody is watching: rollcall doctor, and docs/runbook.md#monitor-silent`;
}

function formatAge({ checkedAt, bucket }: StoredReport, age: number, zone: string): string {
  const at = Date.parse(checkedAt);
  return `checked ${formatInstant(at, zone, at + age)} ${zone}, ${formatDuration(age)} ago; bucket ${toAscii(bucket)}`;
}

function composeReport(report: StoredReport, zone: string): string {
  const { hosts } = report;
  const ok = hosts.filter(({ verdict }) => verdict === 'ok').length;
  return composeRows(
    hosts.map((host) => rowOf(host, zone)),
    zone,
    [`${ok} of ${count(hosts.length, 'host')} ok`, ...describeUnknown(report, PREFIXES_SHOWN)],
  );
}
