// `rollcall run`: the scheduled run on any machine, once from cron or a timer, or again and again in a container.
import { setTimeout as sleep } from 'node:timers/promises';
import { withHeartbeat } from '../../shared/channels/heartbeat.ts';
import { type Config, ConfigError } from '../../shared/config/config.ts';
import { HOUR, MINUTE } from '../../shared/duplicity/time.ts';
import { formatDuration } from '../../shared/messages/plain-text.ts';
import { DeliveryError, RefusalError } from '../../shared/monitor/notify.ts';
import { type Outcome, runSchedule } from '../../shared/monitor/scheduled-run.ts';
import { RecordError, type RecordStore, STATE_PAGE } from '../../shared/monitor/state.ts';
import { defineCommand, FLAG, TEXT, type ValuesOf } from './command.ts';
import { configFileOf, openStore, readConfig } from './config-file.ts';
import {
  findStatePlace,
  formatPlace,
  noteGoodRun,
  openRecords,
  readGoodRun,
  refuseState,
  type StatePlace,
} from './state-place.ts';
import { print, UsageError } from './terminal.ts';

const HELP = `rollcall run - the scheduled run on your own machine: judge what is due, remember it, notify

Examples
  rollcall run --state /var/lib/rollcall                  once, for cron: each 15 minutes
  rollcall run --state /var/lib/rollcall --quiet          the same, and prints only what went wrong
  rollcall run --state /var/lib/rollcall --every 15m      for a container: runs until it is stopped
  rollcall run --state s3://acme-state/rollcall           remembers in a bucket, at the config's endpoint
  rollcall run --state DIR --healthy-within 2h            was the last good run so young? for a health check

It is the run of the functions on AWS, with the same mails, for any store that speaks S3. Windows that closed since the
last run are judged, however long ago that is. A run that is killed loses nothing: the next one sends what it did not.
It hears of no events: a file that somebody overwrote or removed is reported by the next run that judges its host,
but not a volume of an older backup: docs/limits.md.
Mail goes by "smtp" in hosts.yml. docs/setup-anywhere.md goes from nothing to the first mail.

Options
  --state PLACE         where it remembers: a folder, or s3://BUCKET/PREFIX; default $ROLLCALL_STATE
  --once                one run; the default
  --every TIME          again and again, from 1m to 1h; SIGTERM or Ctrl-C ends it after the run that is under way
  --healthy-within TIME runs nothing; ends with 0 where the last good run is younger, else with 3
  --quiet               print only what went wrong
  --hosts FILE          the config; default $ROLLCALL_HOSTS, else hosts.yml
  --endpoint-url URL    an S3-compatible endpoint; default $AWS_ENDPOINT_URL, else the config's
  --region REGION       in place of the config's
  -h, --help            this

Exit status, whatever was found of the hosts: the channels tell that
  0  it ran, and everyone who had to be notified was notified
  1  it ran, but without a memory, or with nobody to notify, or a channel refused and others tell of it
  3  it failed, or a channel refused, or wrong usage: the next run tries again
`;

const OPTIONS = {
  state: TEXT,
  once: FLAG,
  every: TEXT,
  'healthy-within': TEXT,
  quiet: FLAG,
  hosts: TEXT,
  'endpoint-url': TEXT,
  region: TEXT,
};
type Options = ValuesOf<typeof OPTIONS>;

const PERIOD = 15 * MINUTE;

export const runCommand = defineCommand({
  help: HELP,
  options: OPTIONS,
  run: async (options) => {
    const place = findStatePlace(options.state);
    if (place === undefined) {
      throw new UsageError(
        'nothing says where to remember what was sent',
        'name a folder: --state /var/lib/rollcall; or set ROLLCALL_STATE',
      );
    }
    const within = readTime('--healthy-within', options['healthy-within'], MINUTE, 30 * 24 * HOUR);
    if (within !== undefined) return checkHealth(options, place, within);
    const period = readTime('--every', options.every, MINUTE, HOUR);
    if (period !== undefined && options.once) {
      throw new UsageError('--once and --every differ', 'give one of them');
    }
    if (period !== undefined && options.hosts === '-') {
      throw new UsageError(
        'the config is read anew for each run, and standard input can be read once',
        'name a file: --hosts FILE',
      );
    }
    return period === undefined
      ? runOnce(options, place, await readConfig(options.hosts), PERIOD)
      : runEvery(options, place, period);
  },
});

function readTime(
  option: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const [, number, unit] = /^(\d{1,4})\s*([mhd])$/.exec(text) ?? [];
  const time = Number(number) * (unit === 'm' ? MINUTE : unit === 'h' ? HOUR : 24 * HOUR);
  if (time >= least && time <= most) return time;
  throw new UsageError(
    `${option} ${JSON.stringify(text)} is no time between ${formatDuration(least)} and ${formatDuration(most)}`,
    `write it like ${option} 15m`,
  );
}

async function checkHealth(options: Options, place: StatePlace, within: number): Promise<number> {
  const connect = async () => openStore(await readConfig(options.hosts), options);
  const now = Date.now();
  let at: number | undefined;
  try {
    at = await readGoodRun(await openRecords(place, connect));
  } catch (error) {
    throw refuseState(error);
  }
  const age = at === undefined ? undefined : now - at;
  const says = age === undefined ? 'no run went well yet' : `the last good run: ${formatAge(age)}`;
  const isHealthy = age !== undefined && age <= within && age > -5 * MINUTE;
  if (!options.quiet || !isHealthy) print(says);
  return isHealthy ? 0 : 3;
}

function formatAge(age: number): string {
  return age < 0 ? 'ahead of the clock' : `${formatDuration(age)} ago`;
}

/** Runs at each multiple of the period, as cron would, and once at the start. */
async function runEvery(options: Options, place: StatePlace, period: number): Promise<number> {
  const stop = new AbortController();
  const end = () => {
    if (stop.signal.aborted) process.exit(130);
    complain('ends after the run that is under way; once more ends it now');
    stop.abort();
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  let status = 0;
  let config: Config | undefined;
  while (!stop.signal.aborted) {
    try {
      config = await readConfig(options.hosts);
      status = await runOnce(options, place, config, period);
    } catch (error) {
      if (!(error instanceof ConfigError) && !hasHint(error)) throw error;
      status = 3;
      for (const line of error.message.split('\n')) complain(`error: ${line}`);
      if (hasHint(error)) complain(`hint: ${error.hint}`);
      // Somebody is writing it, and nobody would hear of a host meanwhile.
      if (error instanceof ConfigError && config !== undefined) {
        complain('hint: correct these lines; until then the config as it was is judged');
        await runOnce(options, place, config, period).catch((cause) => complain(`error: ${cause}`));
      }
    }
    const next = period - (Date.now() % period);
    await sleep(next, undefined, { signal: stop.signal }).catch(() => undefined);
  }
  process.off('SIGINT', end);
  process.off('SIGTERM', end);
  return status;
}

function hasHint(error: unknown): error is Error & { readonly hint: string } {
  return error instanceof Error && 'hint' in error;
}

/** Judges, remembers, notifies; answers the exit status. Throws what only the operator can put right. */
async function runOnce(
  options: Options,
  place: StatePlace,
  config: Config,
  period: number,
): Promise<number> {
  const { connectOwnMachine } = await import('./run-dependencies.ts');
  const { startBudget } = await import('../../shared/lambda/connect.ts');
  const startedAt = Date.now();
  const connection = await openStore(config, options);
  const records = await openRecords(place, async () => connection);
  const hostsFile = configFileOf(options.hosts);
  const dependencies = await connectOwnMachine({ config, connection, hostsFile }, records);
  const unlock = await lock(place, records);
  let found: Outcome | undefined;
  try {
    // After the wait for another run, which has judged what was due before.
    const now = Date.now();
    const budget = startBudget({ getRemainingTimeInMillis: () => now + period - Date.now() });
    const outcome = await withHeartbeat(config.alerts.heartbeat, async () => {
      found = await runSchedule(dependencies, config, now, now, budget);
      if (isRemembered(found)) {
        await noteGoodRun(records, now);
        await forget(place);
      }
      return found;
    });
    const status = report(outcome, options.quiet, Date.now() - startedAt);
    if (status !== 0) {
      complain(
        `hint: what is wrong, and what to do: rollcall doctor --state ${formatPlace(place)}`,
      );
    }
    return status;
  } catch (error) {
    if (found !== undefined && !(error instanceof RecordError)) {
      const why = error instanceof Error ? error.message : 'Error';
      complain(`error: all messages were sent, but the heartbeat was not taken: ${why}`);
      complain('hint: is alerts.heartbeat in hosts.yml still right?');
      return 3;
    }
    if (!(error instanceof AggregateError)) throw refuseState(error);
    for (const one of error.errors) complain(`error: ${formatRefusal(one)}`);
    complain(
      (await isReadable(records))
        ? 'hint: nothing is lost: the next run sends it again; test it: rollcall test-alert'
        : `hint: nothing remembers what was not sent: look now: rollcall check; and put the state right: rollcall doctor --state ${formatPlace(place)}`,
    );
    return 3;
  } finally {
    await unlock();
  }
}

/** Where not even what is open can be read, the next run does not know what this one did not send. */
function isReadable(records: RecordStore): Promise<boolean> {
  return records.read(STATE_PAGE).then(
    ({ text }) => text !== undefined,
    () => false,
  );
}

const WAIT_MS = 150_000;

/** Without a folder that can be written there is no lock: the run goes on, and says that it has no memory. */
async function lock(place: StatePlace, records: RecordStore): Promise<() => Promise<void>> {
  if (!('folder' in place)) return async () => undefined;
  // It makes the folder; where it cannot, the run says so itself.
  await records.list('reports/').catch(() => undefined);
  const { RunningError, takeRunLock } = await import('../../shared/stores/run-lock.ts');
  const until = Date.now() + WAIT_MS;
  for (let isSaid = false; ; isSaid = true) {
    try {
      return await takeRunLock(place.folder, Date.now());
    } catch (error) {
      if (error instanceof RecordError) return async () => undefined;
      if (!(error instanceof RunningError) || Date.now() > until) throw error;
      if (!isSaid) complain(`${error.message}; waits for it`);
      await sleep(1_000);
    }
  }
}

/** In a bucket its lifecycle does that. */
async function forget(place: StatePlace): Promise<void> {
  if (!('folder' in place)) return;
  const { removeOldReports } = await import('../../shared/stores/directory-records.ts');
  await removeOldReports(place.folder);
}

function isRemembered({ noMemory, lost }: Outcome): boolean {
  return noMemory === undefined && lost === undefined;
}

function report(outcome: Outcome, isQuiet: boolean, ms: number): number {
  const { hosts, ok, critical, warning, told, unheard, refused = [], noMemory, lost } = outcome;
  if (!isQuiet) {
    const judged =
      hosts === 0
        ? 'no host was due'
        : `judged ${hosts}: ${ok} ok, ${warning} with warnings, ${critical} failed`;
    const said = told === 'nobody' ? 'nothing to send' : `sent: ${told}`;
    print(`${new Date().toISOString()} ${judged}; ${said}; ${(ms / 1000).toFixed(1)} s`);
  }
  const faults = [
    ...[unheard, noMemory, lost].filter((one) => one !== undefined),
    ...refused.map((name) => `${name} takes no message`),
  ];
  for (const one of faults) complain(`warning: ${one}`);
  return faults.length === 0 ? 0 : 1;
}

function formatRefusal(error: unknown): string {
  if (!(error instanceof DeliveryError)) return error instanceof Error ? error.message : 'Error';
  const { cause, channel } = error;
  if (cause instanceof RefusalError) return `${channel}: ${cause.message}`;
  return `${channel} did not take the message (${(cause as Error | undefined)?.name ?? 'Error'})`;
}

function complain(line: string): void {
  process.stderr.write(`rollcall: ${line}\n`);
}
