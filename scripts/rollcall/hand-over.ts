// The one line to run on a host, so that it backs up to the target in the config.

import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { basename, dirname, relative, resolve } from 'node:path';
import type { NewKey } from '../../shared/aws/host-users.ts';
import { type Config, type Host, kitName } from '../../shared/config/config.ts';
import { quoteWord } from '../../shared/messages/plain-text.ts';
import { UsageError, writeTo } from './terminal.ts';

/** Where the public key is, and its fingerprint; without them the line has placeholders. */
export type PublicKey = {
  readonly file?: string | undefined;
  readonly fingerprint?: string | undefined;
};

/** Where a host's backups are, as the kits ask for it; `id` is what the kit calls the host. */
export function placeWords(
  { target, filePrefix: { archive } }: Host,
  { region }: Config,
  endpoint: string | undefined,
  id: string,
): string[] {
  const { bucket, prefix } = target;
  return [
    ...['--bucket', bucket, '--region', region],
    ...(prefix === `${id}/` ? [] : ['--prefix', prefix.replace(/\/$/, '')]),
    ...(archive === '' ? [] : ['--file-prefix', archive]),
    ...(endpoint === undefined ? [] : ['--endpoint-url', endpoint]),
  ];
}

function setupWords(host: Host, config: Config, endpoint: string | undefined): string[] {
  const { name } = host;
  return ['rollcall-backup-setup', '--id', name, ...placeWords(host, config, endpoint, name)];
}

/** To be run on the host itself, as root, next to the public key; it asks for the AWS key. */
export function lineOnHost(
  host: Host,
  config: Config,
  key: PublicKey,
  endpoint: string | undefined,
): string {
  const { file = `${kitName(host)}.pub.gpg`, fingerprint = 'FINGERPRINT' } = key;
  const name = file.split('/').at(-1) ?? file;
  return [
    ...setupWords(host, config, endpoint),
    '--public-key',
    name,
    '--fingerprint',
    fingerprint.replaceAll(' ', ''),
  ]
    .map(quoteWord)
    .join(' ');
}

/**
 * To be run here: both keys go through standard input, so that neither is ever an argument. Of a host that got a user,
 * so its name has no slash, and ssh may know it by that.
 */
export function lineFromHere(
  host: Host,
  config: Config,
  key: PublicKey,
  endpoint: string | undefined,
  credentialsFile: string,
): string {
  const { name } = host;
  const { file = `${name}-key/${name}.pub.asc`, fingerprint = 'FINGERPRINT' } = key;
  const words = [
    ...setupWords(host, config, endpoint),
    '--fingerprint',
    fingerprint.replaceAll(' ', ''),
    '--public-key',
    '-',
    '--credentials',
    '-',
  ];
  const inputs = [credentialsFile, file].map(quoteWord).join(' ');
  return `cat ${inputs} | ssh ${quoteWord(name)} sudo ${words.map(quoteWord).join(' ')}`;
}

/** A place for a secret, made ready before there is one; `drop` when there will be none. */
type Handover = {
  readonly give: (key: NewKey) => Promise<void>;
  readonly drop: () => Promise<void>;
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
  const hint = 'name a file that is not there yet: --credentials-file FILE';
  const handle = await writeTo(file, hint, () => open(file, 'wx', 0o600));
  return {
    give: async ({ id, secret }) => {
      const text = `[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`;
      const again =
        'the new key is deleted again, and the rest is done; put that right, and run it again';
      await writeTo(file, again, async () => {
        try {
          await handle.writeFile(text);
          await handle.sync();
        } finally {
          await handle.close();
        }
      });
    },
    drop: async () => {
      await handle.close().catch(() => undefined);
      await rm(file, { force: true });
    },
  };
}

/**
 * Throws `UsageError` when `file`, which need not be there yet, lies in a git work tree that does not ignore it, or
 * when git cannot say. Without a git program there is nothing to refuse. The statuses are those of git-check-ignore(1).
 */
export function refuseTrackedPath(file: string): void {
  const path = resolve(file);
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  const asked = spawnSync(
    'git',
    [
      // Anyone who owns the repository, and without a program that its config may name.
      ...['-c', 'safe.directory=*', '-c', 'core.fsmonitor=false'],
      // git follows no link on the way; with ./ the name is a path and never a pattern.
      ...['check-ignore', '--quiet', '--', `./${relative(folder, path)}`],
    ],
    { cwd: realpathSync(folder), env: withoutRepository(process.env), encoding: 'utf8' },
  );
  if ((asked.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return;
  const reason = asked.error?.message ?? asked.stderr.trim();
  if (asked.status === 0) return;
  if (/not a git repository|must be run in a work tree/.test(reason)) return;
  const elsewhere = `name a file outside of this work tree, as ~/${basename(path)}`;
  if (asked.status === 1) {
    throw new UsageError(
      `git would track ${file}, and a secret must never be committed`,
      `${elsewhere}; or add a line to its .gitignore, as: *.aws`,
    );
  }
  throw new UsageError(`git cannot say whether it would track ${file}: ${reason}`, elsewhere);
}

/** The caller may be at work on another repository, as a hook of git is. */
function withoutRepository(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_COMMON_DIR', 'GIT_PREFIX'];
  const rest = Object.entries(env).filter(([name]) => !own.includes(name));
  return { ...Object.fromEntries(rest), LC_ALL: 'C' };
}
