// `rollcall check`: judges now, or offline from saved listings.
import type { Config, Host } from '../../shared/config/config.ts';
import { NOBODY_NOTIFIED, recipientsOf } from '../../shared/config/recipients.ts';
import { reportHost } from '../../shared/messages/host-report.ts';
import { composeOpenMetrics } from '../../shared/messages/openmetrics.ts';
import { exitStatus, type Report, reportToJson } from '../../shared/messages/report.ts';
import { type CheckOptions, checkEach } from '../../shared/monitor/judge-hosts.ts';
import type { ObjectStore } from '../../shared/monitor/object-store.ts';
import {
  findUnknownPrefixes,
  reportOf,
  type UnknownPrefixes,
} from '../../shared/monitor/unknown-prefixes.ts';
import { defineCommand, FLAG, TEXT, TEXTS, type ValuesOf } from './command.ts';
import { findHost, openStore, readConfig } from './config-file.ts';
import { composeNagios, composeTable, toAsciiJson } from './format-report.ts';
import { coverBucket, openListings, readListings } from './saved-listing.ts';
import { chooseFormat, parseInstant, startProgress } from './terminal.ts';

const HELP = `rollcall check - did every host write its full backup?

Examples
  rollcall check                               the whole config, now, with your AWS credentials
  rollcall check --host web --host mail        these two only
  rollcall check --format json | jq .summary   for programs
  rollcall check --format nagios               one line and performance data, for a monitoring plug-in
  rollcall check --format openmetrics          for Prometheus, and node_exporter's textfile collector
  rollcall check --at 2026-11-23T12:00:00Z     as it was to be judged then
  aws s3api list-objects-v2 --bucket acme-backups > all.json
  rollcall check --listing all.json            offline, from a saved listing; nothing is asked of AWS
  aws s3api list-object-versions --bucket acme-backups | rollcall check --listing -

Options
  --hosts FILE          the config; default $ROLLCALL_HOSTS, else hosts.yml
  --host NAME           judge this host only; may be given again
  --at INSTANT          judge as of then, with --deep: 2026-11-23T12:00:00Z or +01:00; default now
  --listing FILE        a saved list-objects-v2 or list-object-versions answer, "-" = standard input;
                        may be given again
  --format FORMAT       table (default), json, nagios or openmetrics
  --json                the same as --format json
  --deep                list every volume of every set, not the newest sets' only
  --endpoint-url URL    an S3-compatible endpoint; default $AWS_ENDPOINT_URL, else the config's
  --region REGION       in place of the config's
  -h, --help            this

Exit status
  0  every host is ok      1  a warning      2  critical      3  could not check, or wrong usage
`;

const FORMATS = ['table', 'json', 'nagios', 'openmetrics'] as const;
type Format = (typeof FORMATS)[number];

const OPTIONS = {
  hosts: TEXT,
  host: TEXTS,
  at: TEXT,
  listing: TEXTS,
  format: TEXT,
  json: FLAG,
  deep: FLAG,
  'endpoint-url': TEXT,
  region: TEXT,
};
type Options = ValuesOf<typeof OPTIONS>;

export const checkCommand = defineCommand({ help: HELP, options: OPTIONS, run });

async function run(options: Options): Promise<number> {
  const now = options.at === undefined ? Date.now() : parseInstant(options.at);
  const format = chooseFormat(options, FORMATS);
  const config = await readConfig(options.hosts);
  const names = options.host && new Set(options.host);
  const hosts =
    names === undefined ? config.hosts : [...names].map((name) => findHost(config, name));
  const source = await openSource(options, config);

  // What was there at an instant of the past is known by the time of every object, not by names alone.
  const isDeep = options.deep || options.at !== undefined || source.offline;
  const report = await checkAll(source.store, config, {
    ...{ hosts, now, depth: isDeep ? 'all' : 'recent' },
    search: options.host === undefined && source.wholeBucket,
  });
  process.stdout.write(compose(report, format, config.timezone));
  if (recipientsOf(config.alerts) === 'missing') {
    process.stderr.write(`rollcall: warning: ${NOBODY_NOTIFIED.message}; ${NOBODY_NOTIFIED.fix}\n`);
  }
  return exitStatus(report);
}

/** Judges hosts of a config with progress at the terminal; `search` = for unknown prefixes, too. */
export async function checkAll(
  store: ObjectStore,
  config: Config,
  {
    hosts,
    search,
    ...how
  }: Omit<CheckOptions, 'onHost'> & { hosts: readonly Host[]; search: boolean },
): Promise<Report> {
  const progress = startProgress('host');
  const reports = await checkEach(store, hosts, { ...how, onHost: progress.show }, (judgement) =>
    reportHost(judgement, config.timezone),
  );
  const none: UnknownPrefixes = { prefixes: [], foreignObjects: 0 };
  const unknownPrefixes = search ? await findUnknownPrefixes(store.list, config) : none;
  progress.end();
  return reportOf(config.bucket, reports, unknownPrefixes, how.now);
}

function compose(report: Report, format: Format, timezone: string): string {
  switch (format) {
    case 'json':
      return `${toAsciiJson(reportToJson(report, timezone))}\n`;
    case 'nagios':
      return composeNagios(report, timezone);
    case 'openmetrics':
      return composeOpenMetrics(report);
    case 'table':
      return composeTable(report, timezone);
  }
}

async function openSource(
  options: Options,
  config: Config,
): Promise<{ store: ObjectStore; offline: boolean; wholeBucket: boolean }> {
  if (options.listing !== undefined) {
    const listings = await readListings(options.listing);
    const wholeBucket = coverBucket(listings, config.bucket);
    return { store: openListings(listings), offline: true, wholeBucket };
  }
  // Only an online check pays for loading the SDK.
  const { connectBuckets } = await import('../../shared/aws/s3-objects.ts');
  const store = connectBuckets(await openStore(config, options), (bucket) => {
    process.stderr.write(
      `rollcall: note: the store of ${bucket} does not cut keys at ".vol": each object is listed, which takes longer\n`,
    );
  });
  return { store, offline: false, wholeBucket: true };
}
