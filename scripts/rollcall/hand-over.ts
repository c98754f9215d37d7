// The one line to run on a host, so that it backs up to the target in the config.

import { type FileHandle, open, rm } from 'node:fs/promises';
import type { NewKey } from '../../shared/aws/host-users.ts';
import type { Config, Host } from '../../shared/config/config.ts';
import { quoteWord } from '../../shared/messages/plain-text.ts';
import { refuseTrackedPath } from './git-tracks.ts';
import { UsageError } from './terminal.ts';

/** Where the public key is, and its fingerprint; without them the line has placeholders. */
export type PublicKey = {
  readonly file?: string | undefined;
  readonly fingerprint?: string | undefined;
};

/** The words of `rollcall-backup-setup` that the config knows. */
function wordsFor(host: Host, config: Config, endpoint: string | undefined): string[] {
  const { bucket, prefix } = host.target;
  const { archive } = host.filePrefix;
  return [
    'rollcall-backup-setup',
    '--id',
    host.name,
    '--bucket',
    bucket,
    '--region',
    config.region,
    ...(prefix === `${host.name}/` ? [] : ['--prefix', prefix.replace(/\/$/, '')]),
    ...(archive === '' ? [] : ['--file-prefix', archive]),
    ...(endpoint === undefined ? [] : ['--endpoint-url', endpoint]),
  ];
}

/** To be run on the host itself, as root, next to the public key; it asks for the AWS key. */
export function lineOnHost(
  host: Host,
  config: Config,
  key: PublicKey,
  endpoint: string | undefined,
): string {
  const { file = `${keyName(host)}.pub.gpg`, fingerprint = 'FINGERPRINT' } = key;
  const name = file.split('/').at(-1) ?? file;
  return [
    ...wordsFor(host, config, endpoint),
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
  config: Config,
  key: PublicKey,
  endpoint: string | undefined,
  credentialsFile: string,
): string {
  const { file = `${keyName(host)}-key/${keyName(host)}.pub.asc`, fingerprint = 'FINGERPRINT' } =
    key;
  const words = [
    ...wordsFor(host, config, endpoint),
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

/** A place for a secret, made ready before there is one; `drop` when there will be none. */
export type Handover = {
  readonly give: (key: NewKey) => Promise<void>;
  readonly drop: () => Promise<void>;
};

/** Where no key is made. */
export const NOTHING_TO_HAND_OVER: Handover = {
  give: async () => undefined,
  drop: async () => undefined,
};

/**
 * The file must be new, and none that git would track. Without one, standard output must be a terminal: what goes into
 * a pipe or a log stays there. Throws `UsageError`.
 */
export async function openHandover(file: string | undefined): Promise<Handover> {
  if (file !== undefined) return openFile(file);
  if (process.stdout.isTTY !== true) {
    throw new UsageError(
      'standard output is no terminal, and a secret must not go into a pipe or a log',
      'have it written to a file that only you can read: --credentials-file FILE',
    );
  }
  return {
    give: async ({ id, secret }) => {
      process.stdout.write(
        `\nIts key, shown here once and kept nowhere:\n\n  ${id}\n  ${secret}\n`,
      );
    },
    drop: async () => undefined,
  };
}

async function openFile(file: string): Promise<Handover> {
  refuseTrackedPath(file);
  let handle: FileHandle;
  try {
    handle = await open(file, 'wx', 0o600);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new UsageError(
      code === 'EEXIST' ? `${file} is there already` : `cannot write ${file}: ${code}`,
      'name a file that is not there yet: --credentials-file FILE',
      { cause },
    );
  }
  return {
    give: async ({ id, secret }) => {
      try {
        await handle.writeFile(
          `[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`,
        );
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    drop: async () => {
      await handle.close().catch(() => undefined);
      await rm(file, { force: true });
    },
  };
}
