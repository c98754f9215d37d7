// Keeps secrets out of git: before one is written to a file, git is asked whether it would track that file.
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { UsageError } from './terminal.ts';

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
