// The one line to run on a host, so that it backs up to where the roll says.
import type { Host, Roster } from '../../shared/roster/roster.ts';

/** Where the public key is, and its fingerprint; without them the line says what stands there. */
export type PublicKey = {
  readonly file?: string | undefined;
  readonly fingerprint?: string | undefined;
};

/** The words of `rollcall-backup-setup` that the roll knows. */
function wordsFor(host: Host, roster: Roster, endpoint: string | undefined): string[] {
  const { bucket, prefix } = host.target;
  const { archive } = host.filePrefix;
  return [
    'rollcall-backup-setup',
    '--id',
    host.name,
    '--bucket',
    bucket,
    '--region',
    roster.region,
    ...(prefix === `${host.name}/` ? [] : ['--prefix', prefix.replace(/\/$/, '')]),
    ...(archive === '' ? [] : ['--file-prefix', archive]),
    ...(endpoint === undefined ? [] : ['--endpoint-url', endpoint]),
  ];
}

/** To be run on the host itself, as root, beside the public key; it asks for the AWS key. */
export function lineOnHost(
  host: Host,
  roster: Roster,
  key: PublicKey,
  endpoint: string | undefined,
): string {
  const { file = `${keyName(host)}.pub.gpg`, fingerprint = 'FINGERPRINT' } = key;
  const name = file.split('/').at(-1) ?? file;
  return [
    ...wordsFor(host, roster, endpoint),
    '--public-key',
    name,
    '--fingerprint',
    fingerprint.replaceAll(' ', ''),
  ]
    .map(quoteWord)
    .join(' ');
}

/** To be run here: both keys go through standard input, so that neither is ever an argument. */
export function lineFromHere(
  host: Host,
  roster: Roster,
  key: PublicKey,
  endpoint: string | undefined,
  credentialsFile: string,
): string {
  const { file = `${keyName(host)}-key/${keyName(host)}.pub.asc`, fingerprint = 'FINGERPRINT' } =
    key;
  const words = [
    ...wordsFor(host, roster, endpoint),
    '--fingerprint',
    fingerprint.replaceAll(' ', ''),
    '--public-key',
    '-',
    '--credentials',
    '-',
  ];
  const inputs = [credentialsFile, file].map(quoteWord).join(' ');
  return `cat ${inputs} | ssh ${quoteWord(keyName(host))} sudo ${words.map(quoteWord).join(' ')}`;
}

/** As rollcall-keygen calls the files of a host whose name has slashes. */
export function keyName({ name }: Host): string {
  return name.replaceAll('/', '_');
}

/** A word as a shell takes it. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
