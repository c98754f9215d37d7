// One host of hosts.yml: what it says itself, over what the config says for all.
import type { FilePrefix } from '../duplicity/file-name.ts';
import { readTarget } from './aws-names.ts';
import { CHAIN_SPARE_DAYS, type Host, isKeyFile, longestRest, type ReadKeyFile } from './config.ts';
import {
  DATE,
  readChain,
  readDays,
  readPrunes,
  readSize,
  readWindow,
  ZONE,
} from './config-values.ts';
import { readAdmins } from './parse-alerts.ts';
import {
  fieldsOf,
  holdsMap,
  itemsOf,
  matching,
  note,
  type Place,
  textOf,
  type YamlReader,
} from './yaml.ts';

/** What holds for a host where it says nothing itself. */
export type HostDefaults = Omit<Host, 'name' | 'target'> & {
  readonly bucket: string;
  /** The bucket was there before the stack. */
  readonly existing: boolean;
  readonly graceIfMoved: number;
  /** No host may be left unchecked until after this date. */
  readonly latest: string | undefined;
  readonly endpoint?: string | undefined;
};

/** Reads `NAME: { ... }`; the place is the one that mistakes about the whole host point at. */
export function parseHost(
  yaml: YamlReader,
  [name, value, key]: [string, Place, Place],
  { bucket, endpoint, existing, graceIfMoved, latest, ...defaults }: HostDefaults,
  readKeyFile: ReadKeyFile,
): { host: Host; place: Place } {
  if (!isHostName(name)) {
    note(
      yaml,
      key,
      `"${name}" cannot be a host's name: use letters, digits and . _ - + = , @ (at most 64), as IAM user names do`,
    );
  }
  const fields =
    value.node === undefined
      ? {}
      : fieldsOf(yaml, value, [
          'target',
          'filePrefix',
          'timezone',
          'window',
          'days',
          'chain',
          'prunes',
          'recipients',
          'size',
          'admins',
          'paused',
          'since',
          'userId',
        ]);
  const since = matching(yaml, fields.since, DATE.rule, DATE.parse);
  const userId = matching(yaml, fields.userId, USER_ID.rule, USER_ID.parse);
  const paused = readPause(yaml, fields.paused);
  const admins = readAdmins(yaml, fields.admins);
  for (const [place, date] of [
    [fields.since, since],
    [fields.paused, paused?.until],
  ] as const) {
    if (place === undefined || latest === undefined || (date ?? '') <= latest) continue;
    note(
      yaml,
      place,
      `${place.path} is "${date}", so that nobody would miss a backup of ${name} for over 90 days; write a date until ${latest}, or take the host out`,
    );
  }
  const days = readDays(yaml, fields.days);
  const chain = readChain(yaml, fields.chain);
  const prunes = readPrunes(yaml, fields.prunes);
  const ownPrefix = { bucket, prefix: `${name}/` };
  const target = readTarget(yaml, fields.target, { bucket, endpoint }) ?? ownPrefix;
  // The stack protects the bucket that it makes, and makes none in another store.
  const isProtected = !existing && endpoint === undefined && target.bucket === bucket;
  const host: Host = {
    name,
    target,
    filePrefix: readFilePrefix(yaml, fields.filePrefix) ?? defaults.filePrefix,
    timezone: matching(yaml, fields.timezone, ZONE.rule, ZONE.parse) ?? defaults.timezone,
    window: readWindow(yaml, fields.window, defaults.window, graceIfMoved),
    recipients:
      fields.recipients === undefined
        ? defaults.recipients
        : parseRecipients(yaml, fields.recipients, readKeyFile),
    size: readSize(yaml, fields.size, defaults.size),
    keepDays: defaults.keepDays,
    keepLastGood: defaults.keepLastGood && target.bucket === bucket,
    ...(days === undefined ? {} : { days }),
    ...(chain === undefined ? {} : { chain }),
    ...(prunes === undefined ? {} : { prunes }),
    ...(isProtected ? { isProtected } : {}),
    ...admins,
    ...(paused === undefined ? {} : { paused }),
    ...(since === undefined ? {} : { since }),
    ...(userId === undefined ? {} : { userId }),
  };
  if (prunes !== undefined && host.isProtected) {
    note(
      yaml,
      fields.prunes ?? key,
      `${name}: prunes says that the host removes its old sets, but in ${bucket} no host can delete: the stack hides them after keepDays; take "prunes" out`,
    );
  }
  noteShortKeep(yaml, host, fields, key);
  return { host, place: key };
}

/** The bucket would forget a backup before the next is owed: what is right would alarm, or nothing be left. */
function noteShortKeep(
  yaml: YamlReader,
  host: Host,
  fields: { chain?: Place; days?: Place; window?: Place },
  key: Place,
): void {
  const { name, keepDays, keepLastGood } = host;
  for (const { by, least, why } of keepNeeds(host)) {
    const place = fields[by] ?? (by === 'window' ? key : undefined);
    if (place === undefined || keepLastGood || keepDays >= least) continue;
    note(
      yaml,
      place,
      `${name}: keepDays is ${keepDays}, but ${why}; write "keepDays: ${least}" or more at the top`,
    );
  }
}

/** The least `keepDays` that each setting of a host can do with. */
export function keepNeeds({ chain, days, window }: Pick<Host, 'chain' | 'days' | 'window'>) {
  // duplicity makes the next full at the first run after its time, which may be some days later.
  const chainDays = (chain?.fullEveryDays ?? 0) + CHAIN_SPARE_DAYS;
  const rest = longestRest(days ?? []);
  const graceDays = Math.ceil(window.graceMinutes / (24 * 60));
  const needs = [
    { by: 'chain', least: chainDays, why: `a chain needs its full for ${chainDays} days` },
    { by: 'days', least: rest + 1, why: `${rest} days lie between two of its backups` },
    { by: 'window', least: graceDays + 1, why: `a backup may be ${graceDays} days on its way` },
  ] as const;
  return needs.filter(({ by }) => by === 'window' || { chain, days }[by] !== undefined);
}

/** Slashes are allowed, as duplicity's server ids may hold them; such a host brings its own credentials. */
function isHostName(name: string): boolean {
  return name.length <= 64 && /^[A-Za-z0-9][\w+=,.@-]*(?:\/[A-Za-z0-9][\w+=,.@-]*)*$/.test(name);
}

/** Source: IAM User Guide, "IAM identifiers", for the letters; IAM API Reference, "User", for their number. */
const USER_ID = {
  rule: 'the UserId of an IAM user, AIDA and more capitals and digits; rollcall add-host writes it',
  parse: (text: string) => (/^AIDA[A-Z0-9]{12,124}$/.test(text) ? text : undefined),
};

const FILE_PREFIX = {
  rule: 'what --file-prefix got: no "/" at its beginning, no "//" and no control characters',
  parse: (text: string) => (/^\/|\/\/|\p{Cc}/u.test(text) ? undefined : text),
};

function readFilePrefix(yaml: YamlReader, place: Place | undefined): FilePrefix | undefined {
  if (place === undefined) return undefined;
  if (!holdsMap(yaml, place)) {
    const one = matching(yaml, place, FILE_PREFIX.rule, FILE_PREFIX.parse);
    return one === undefined ? undefined : { archive: one, manifest: one, signature: one };
  }
  const fields = fieldsOf(yaml, place, ['archive', 'manifest', 'signature']);
  const read = (field: Place | undefined) =>
    matching(yaml, field, FILE_PREFIX.rule, FILE_PREFIX.parse) ?? '';
  return {
    archive: read(fields.archive),
    manifest: read(fields.manifest),
    signature: read(fields.signature),
  };
}

function readPause(yaml: YamlReader, place: Place | undefined): Host['paused'] {
  if (place === undefined) return undefined;
  const fields = fieldsOf(yaml, place, ['until', 'because']);
  const until = matching(yaml, fields.until, DATE.rule, DATE.parse);
  const because = textOf(yaml, fields.because);
  if (fields.until === undefined) {
    note(yaml, place, `${place.path} needs "until: DATE"; a pause always ends`);
  }
  if (because === undefined || because.trim() === '') {
    note(yaml, place, `${place.path} needs "because: REASON"; every digest shows it`);
  }
  return until === undefined || because === undefined ? undefined : { until, because };
}

const RULE =
  'an OpenPGP key id or fingerprint: 16, 40 or 64 hexadecimal digits; or a public key file that ends in .asc, .gpg or .pgp';

/** The ids and fingerprints of a list, in upper-case hex; a key file stands for all that encrypt in it. */
export function parseRecipients(
  yaml: YamlReader,
  place: Place | undefined,
  readKeyFile: ReadKeyFile,
): string[] {
  return itemsOf(yaml, place).flatMap((item): string | readonly string[] => {
    const text = textOf(yaml, item);
    if (text === undefined) return [];
    if (!isKeyFile(text)) return matching(yaml, item, RULE, parseId) ?? [];
    const file = readKeyFile(text);
    if ('fingerprints' in file) return file.fingerprints;
    note(yaml, item, `${item.path}: ${text} ${file.problem}`);
    return [];
  });
}

function parseId(text: string): string | undefined {
  const digits = text.replace(/^0x/i, '').replaceAll(' ', '').toUpperCase();
  return /^(?:[0-9A-F]{16}|[0-9A-F]{40}|[0-9A-F]{64})$/.test(digits) ? digits : undefined;
}
