// `rollcall init`: proposes a config from what lies in a bucket, shows how it judges, and writes it after a yes.
import { lstat } from 'node:fs/promises';
import pMap from 'p-map';
import type { BucketReader } from '../../shared/aws/bucket-reader.ts';
import { faultOfBucketName, isAmazons } from '../../shared/config/aws-names.ts';
import { type Config, ConfigError, writeKey, writeValue } from '../../shared/config/config.ts';
import { EMAIL, ENDPOINT, ZONE } from '../../shared/config/config-values.ts';
import { isEqual } from '../../shared/config/edit-config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import type { Opener } from '../../shared/duplicity/backup-set.ts';
import { coldAmong } from '../../shared/duplicity/versions.ts';
import { count, toAscii } from '../../shared/messages/plain-text.ts';
import { type ObjectStore, TargetUnreadableError } from '../../shared/monitor/object-store.ts';
import { HEAD_BYTES, HIDDEN_RECIPIENT, readMessageHead } from '../../shared/openpgp/message.ts';
import { checkAll } from './check-command.ts';
import { defineCommand, FLAG, TEXT, TEXTS, type ValuesOf } from './command.ts';
import { configFileOf, createConfig, openAws } from './config-file.ts';
import { type Found, type FoundHost, findHosts } from './find-hosts.ts';
import { composeTable } from './format-report.ts';
import { guessKeepDays } from './guess-rhythm.ts';
import { askContents, openListings, readListings } from './saved-listing.ts';
import { ask, parseInstant, startProgress, UsageError } from './terminal.ts';

const HELP = `rollcall init - a first hosts.yml, from the backups that lie in a bucket

Examples
  rollcall init s3://acme-backups
      reads the bucket, prints what hosts.yml could say and how each host is judged by it, and asks before it writes
  rollcall init s3://acme-backups --timezone Europe/Amsterdam --mail ops@example.net --yes
      for scripts: asks nothing, and writes hosts.yml unless there is one
  rollcall init s3://acme-backups --out proposal.yml
      writes another file
  rollcall init s3://acme-backups/office/
      looks at this prefix alone
  aws s3api list-object-versions --bucket acme-backups > all.json
  rollcall init s3://acme-backups --listing all.json
      offline, from a saved listing; nothing is asked of AWS

Each line that is a guess says what it was seen from. What is not known is not written. A file that is there already is
never changed. Without a terminal and without --yes it only prints: what it prints is a config, with the rest as comments.

Options
  --out FILE            the file to write; default $ROLLCALL_HOSTS, else hosts.yml
  --timezone ZONE       the zone of all times, like Europe/Amsterdam; default UTC
  --mail ADDRESS        who gets the alarms; may be given again; asked for at a terminal
  --recipients          fail where the first bytes of the backups, with the ids of their keys, cannot be read
  --listing FILE        a saved list-objects-v2 or list-object-versions answer, "-" = standard input;
                        may be given again
  --at INSTANT          judge as of then: 2026-11-23T12:00:00Z or +01:00; default now
  --yes                 do not ask
  --dry-run             write nothing
  --endpoint-url URL    an S3-compatible endpoint; default $AWS_ENDPOINT_URL
  --region REGION       of the bucket, where it cannot be asked
  -h, --help            this

Exit status
  0  printed, or written      3  nothing to propose, refused, or could not look
`;

const OPTIONS = {
  ...{ out: TEXT, timezone: TEXT, mail: TEXTS, recipients: FLAG, listing: TEXTS, at: TEXT },
  ...{ yes: FLAG, 'dry-run': FLAG, 'endpoint-url': TEXT, region: TEXT },
};
type Options = ValuesOf<typeof OPTIONS>;

export const initCommand = defineCommand({ help: HELP, options: OPTIONS, operands: true, run });

async function run(options: Options, operands: readonly string[]): Promise<number> {
  const place = parsePlace(operands);
  const now = options.at === undefined ? Date.now() : parseInstant(options.at);
  const timezone = check(options.timezone ?? 'UTC', '--timezone', ZONE);
  for (const address of options.mail ?? []) check(address, '--mail', EMAIL);
  const out = configFileOf(options.out);
  const isThere = await lstat(out).then(
    () => true,
    () => false,
  );
  const { store, region } = await openSource(options, place.bucket);

  const listing = startProgress('object', 'listed');
  const onPage = (rows: number) => listing.show(rows);
  const answer = await store.list({ ...place, versions: true, onPage });
  listing.end();
  const { objects, hidden, inconclusive } = answer;
  const lifecycle = await store.readLifecycle(place.bucket);
  const found = findHosts({ bucket: place.bucket, objects, hidden, lifecycle, timezone, now });
  const recipients = await readRecipients(store, found.hosts, options);
  const canAsk = process.stdin.isTTY === true && !options.yes && !options['dry-run'] && !isThere;
  const mail = options.mail ?? (canAsk && found.hosts.length > 0 ? await askMail() : []);

  const date = new Date(now).toISOString().slice(0, 10);
  const where = `s3://${place.bucket}${place.prefix && `/${place.prefix}`}`;
  const from = `${where}, ${count(objects.length, 'object')}, on ${date}`;
  const endpoint = options.listing === undefined ? endpointOf(options) : undefined;
  const facts = { ...{ from, region, endpoint, mail, recipients }, isRuled: 'rules' in lifecycle };
  const { text, config } = propose(found, { ...place, timezone, ...facts });
  process.stdout.write(text);
  if (config === undefined) {
    throw new UsageError(
      `no backups of duplicity's are in ${where} that hosts.yml could name`,
      'for a bucket that is still empty: cp hosts.example.yml hosts.yml',
    );
  }
  // The bucket is listed once: it is judged by the same answer.
  const askAgain = askContents(objects, hidden);
  const list: ObjectStore['list'] = async (query) => ({
    ...askAgain(query),
    ...(query.versions && inconclusive !== undefined && { inconclusive }),
  });
  const search = place.prefix === '';
  const how = { hosts: config.hosts, now, depth: 'all', search } as const;
  const table = composeTable(await checkAll({ ...store, list }, config, how), timezone);
  process.stdout.write(`\n# So it is judged now:\n${comment(table.trimEnd().split('\n'))}`);
  if (mail.length === 0) {
    inform('nobody is notified yet: write into it: alerts: { mail: [you@example.net] }');
  }

  if (options['dry-run']) inform('nothing is written (--dry-run)');
  else if (isThere) {
    inform(`${out} is there, and stays as it is; to write the proposal, add: --out FILE`);
    return options.yes ? 3 : 0;
  } else if (!canAsk && !options.yes) {
    inform(`nothing is written: nobody can be asked here. Say so with --yes, to write ${out}`);
  } else if (options.yes || /^y(es)?$/i.test(await ask(`Write it to ${out}? (yes or no) `))) {
    await createConfig(out, text);
    inform(
      `${out} is written. Read it, correct what is wrong, then: rollcall check --hosts ${out}`,
    );
  } else inform('nothing is written');
  return 0;
}

function inform(line: string): void {
  process.stderr.write(`rollcall: ${line}\n`);
}

function comment(lines: readonly string[]): string {
  return lines.map((line) => `${`# ${line}`.trimEnd()}\n`).join('');
}

function parsePlace([place = '', ...more]: readonly string[]) {
  const [, bucket = '', path = ''] = /^s3:\/\/([^/\s]+)(?:\/(.*))?$/s.exec(place) ?? [];
  const fault = faultOfBucketName(bucket, false);
  if (bucket === '' || more.length > 0) {
    const isBucket = faultOfBucketName(place, false) === undefined;
    throw new UsageError(
      place === '' ? 'no bucket was named' : `${JSON.stringify(place)} is not one bucket`,
      isBucket ? `did you mean: rollcall init s3://${place}` : 'write: rollcall init s3://BUCKET',
    );
  }
  if (fault !== undefined) {
    throw new UsageError(`the name of the bucket ${JSON.stringify(bucket)} ${fault}`, 'correct it');
  }
  return { bucket, prefix: path === '' || path.endsWith('/') ? path : `${path}/` };
}

function check(text: string, option: string, value: typeof ZONE | typeof EMAIL): string {
  if (value.parse(text) !== undefined) return text;
  throw new UsageError(`${option} ${JSON.stringify(text)} is not ${value.rule}`, 'correct it');
}

async function openSource(options: Options, bucket: string) {
  if (options.listing !== undefined) {
    if (options.recipients) {
      throw new UsageError(
        'a saved listing holds names, and no first bytes of the backups',
        'leave --recipients out, or --listing',
      );
    }
    return { store: openListings(await readListings(options.listing)), region: options.region };
  }
  const { connectBuckets } = await import('../../shared/aws/s3-objects.ts');
  const { connectBucketReader } = await import('../../shared/aws/bucket-reader.ts');
  const connection = await openAws({ region: process.env.AWS_REGION || 'us-east-1' }, options);
  const region = options.region ?? (await askRegion(connectBucketReader(connection, bucket)));
  if (region === undefined) {
    throw new UsageError(`there is no bucket ${bucket}`, 'correct the name, or choose AWS_PROFILE');
  }
  if (region === 'not known') return { store: connectBuckets(connection), region: undefined };
  return { store: connectBuckets({ ...connection, region }), region };
}

/** Of a store that is not Amazon's. */
function endpointOf(options: Options): string | undefined {
  const asked = options['endpoint-url'] ?? process.env.AWS_ENDPOINT_URL ?? '';
  return isAmazons(URL.parse(asked)?.hostname ?? '') ? undefined : ENDPOINT.parse(asked);
}

/** S3 refuses this call without a word: what is not allowed, the listing says. */
async function askRegion({ region }: Pick<BucketReader, 'region'>): Promise<string | undefined> {
  try {
    return await region();
  } catch (error) {
    if (error instanceof Error && error.name === 'AwsCallError') return 'not known';
    throw error;
  }
}

async function askMail(): Promise<string[]> {
  for (;;) {
    const address = await ask('Who is to get the alarms? A mail address, or nothing for now: ');
    if (address === '') return [];
    if (EMAIL.parse(address) !== undefined) return [address];
    process.stderr.write(`That is not ${EMAIL.rule}.\n`);
  }
}

/** The ids of the keys that open a host's newest full, or why they are not known. */
type Recipients = { readonly ids: readonly string[] } | { readonly why: string };

/** Throws `TargetUnreadableError` where they must be known, and may not be read. */
async function readRecipients(
  { readPart }: ObjectStore,
  hosts: readonly FoundHost[],
  options: Pick<Options, 'recipients' | 'listing'>,
): Promise<readonly Recipients[]> {
  let refusal = options.listing && { why: 'a saved listing does not hold them' };
  const progress = startProgress('host', 'opened');
  let done = 0;
  const readOne = async ({ newest, host: { target } }: FoundHost): Promise<Recipients> => {
    done += 1;
    progress.show(done, hosts.length);
    const isThere = (opener: Opener) => coldAmong([opener.storageClass]).length === 0;
    const openers = newest?.openers.filter(isThere) ?? [];
    const opener = openers.find(({ of }) => of === 'first') ?? openers[0];
    if (refusal !== undefined) return refusal;
    if (opener === undefined) return { why: 'no full can be opened' };
    try {
      const key = `${target.prefix}${opener.name}`;
      const head = await readPart(target.bucket, key, { from: 0, bytes: HEAD_BYTES });
      return head === undefined ? { why: 'in cold storage' } : recipientsIn(head);
    } catch (error) {
      if (options.recipients || !(error instanceof TargetUnreadableError)) throw error;
      // The others would be refused alike.
      refusal = { why: error.message };
      return refusal;
    }
  };
  const read = await pMap(hosts, readOne, { concurrency: 8 });
  progress.end();
  return read;
}

function recipientsIn(head: Uint8Array): Recipients {
  const { kind, recipients, symmetric } = readMessageHead(head);
  if (kind !== 'openpgp') return { why: 'the newest full does not begin as an encrypted one' };
  if (symmetric > 0) return { why: 'a passphrase opens the newest full' };
  if (recipients.includes(HIDDEN_RECIPIENT)) return { why: 'the newest full hides them' };
  return { ids: [...new Set(recipients)].sort() };
}

type Facts = {
  readonly bucket: string;
  readonly from: string;
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  readonly timezone: string;
  readonly mail: readonly string[];
  /** Of each host. */
  readonly recipients: readonly Recipients[];
  /** The rules of the bucket's lifecycle are known. */
  readonly isRuled: boolean;
};

/** Some lines of the proposal; those that the parser does not take become a comment. */
type Part = { readonly lines: readonly string[]; readonly what: string; readonly of?: FoundHost };
type Refusal = { readonly what: string; readonly why: string };

/** The text, and the config that it is; no config where no host is left. */
export function propose(found: Found, facts: Facts): { text: string; config: Config | undefined } {
  let [parts, refused] = [partsOf(found, facts), [] as Refusal[]];
  while (parts.some(({ of }) => of !== undefined)) {
    const text = composeText(parts, [...found.others, ...refused], found.left, facts);
    const { config, faults } = tryConfig(text, parts);
    if (faults.size === 0) return { text, config };
    for (const [{ what }, why] of faults) refused = [...refused, { what, why }];
    parts = parts.filter((part) => !faults.has(part));
  }
  return {
    text: composeText([], [...found.others, ...refused], found.left, facts),
    config: undefined,
  };
}

/** What is wrong with which part, as the parser says it; or that it reads another host than was meant. */
function tryConfig(text: string, parts: readonly Part[]) {
  const faults = new Map<Part, string>();
  try {
    const config = parseConfig(text, 'hosts.yml');
    const byName = new Map(config.hosts.map((host) => [host.name, host]));
    for (const part of parts) {
      const { name = '', target, filePrefix } = part.of?.host ?? {};
      const read = byName.get(name);
      const isMeant = isEqual([read?.target, read?.filePrefix], [target, filePrefix]);
      if (part.of !== undefined && !isMeant) faults.set(part, 'hosts.yml cannot name this prefix');
    }
    return { config, faults };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const issue of error.issues) {
      const [, line = '', why = ''] = /^hosts\.yml:(\d+): (.*)$/s.exec(issue) ?? [];
      const part = partAt(parts, Number(line));
      if (part === undefined) throw error;
      if (!faults.has(part)) faults.set(part, why);
    }
    return { config: undefined, faults };
  }
}

const HEAD_LINES = 2;

function partAt(parts: readonly Part[], line: number): Part | undefined {
  let end = HEAD_LINES;
  return parts.find(({ lines }) => {
    end += lines.length;
    return line <= end && line > end - lines.length;
  });
}

function partsOf({ hosts }: Found, facts: Facts): Part[] {
  const { bucket, region, endpoint, timezone, mail, recipients, isRuled } = facts;
  const part = (line: string, seen = ''): Part => ({ lines: [withSeen(line, seen)], what: line });
  const all = new Set(recipients.map((one) => JSON.stringify(one)));
  const [shared] = all.size === 1 ? recipients : [];
  const keyLine = (ids: readonly string[]) =>
    withSeen(`recipients: [${ids.join(', ')}]`, 'read from the newest full: is it your key?');
  return [
    part(`bucket: ${bucket}`),
    part('existing: true', 'it is there: the stack makes none, and only listens'),
    region === undefined
      ? part('# region: eu-west-1', 'not known here; us-east-1 unless you write it')
      : part(`region: ${writeValue(region)}`),
    ...(endpoint === undefined ? [] : [part(`endpoint: ${writeValue(endpoint)}`)]),
    timezone === 'UTC'
      ? part('# timezone: Europe/Amsterdam', 'of all times here; UTC unless you write one')
      : part(`timezone: ${writeValue(timezone)}`),
    ...guessKeepDays(hosts, isRuled).map(({ days, seen }) => part(`keepDays: ${days}`, seen)),
    mail.length === 0
      ? part('# alerts: { mail: [you@example.net] }', 'nobody is notified yet: write who is')
      : part(`alerts: { mail: [${mail.map(writeValue).join(', ')}] }`),
    ...(shared === undefined
      ? []
      : 'ids' in shared
        ? [{ lines: [keyLine(shared.ids)], what: 'recipients' }]
        : [part('# recipients: [0123456789ABCDEF]', `not known: ${shared.why}`)]),
    part('hosts:'),
    ...hosts.map((one, index): Part => {
      const own = shared === undefined ? recipients[index] : undefined;
      const unknown = own !== undefined && 'why' in own ? `; recipients not known: ${own.why}` : '';
      const lines = one.settings.map(({ line, seen }) => withSeen(line, seen));
      if (own !== undefined && 'ids' in own) lines.push(keyLine(own.ids));
      const { name, target } = one.host;
      const head = `  ${writeKey(name)}:${lines.length === 0 ? ' {}' : ''}`;
      return {
        lines: [withSeen(head, `${one.seen}${unknown}`), ...lines.map((line) => `    ${line}`)],
        ...{ what: `${name}, s3://${target.bucket}/${target.prefix}`, of: one },
      };
    }),
  ];
}

function withSeen(line: string, seen: string): string {
  return seen === '' ? line : `${line}   # ${toAscii(seen)}`;
}

const REFUSALS_SHOWN = 100;

function composeText(
  parts: readonly Part[],
  refused: readonly Refusal[],
  left: number,
  { from }: Facts,
): string {
  const lines = refused.map(({ what, why }) => `${toAscii(what)}: ${toAscii(why)}`);
  const more = lines.length - REFUSALS_SHOWN;
  const below = [
    ...(lines.length > 0 ? ['Not proposed:', ...lines.slice(0, REFUSALS_SHOWN)] : []),
    ...(more > 0 ? [`and ${more} more`] : []),
    ...(left > 0
      ? [`${left} more prefixes hold backups: look at a part of the bucket, s3://BUCKET/PREFIX/`]
      : []),
  ];
  const head = [
    `Proposed by rollcall init from ${toAscii(from)}.`,
    'A line that is a guess says what it was seen from. Read it all, and correct what is wrong.',
  ];
  return `${comment(head)}${parts.flatMap((part) => part.lines).join('\n')}\n${comment(below)}`;
}
