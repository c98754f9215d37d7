// The one place that a new secret goes to: the terminal, or a file that only its owner can read.
import { type FileHandle, open, rm } from 'node:fs/promises';
import type { NewKey } from '../../shared/aws/host-users.ts';
import { refuseTrackedPath } from './git-tracks.ts';
import { UsageError } from './usage-error.ts';

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
 * The file must be new, and none that git would track. Without one, standard output must be a terminal: what goes into a pipe or a log
 * stays there. Throws `UsageError`.
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
