// The records as a folder of this machine: a page is a file, and each version of it a file of its own until the next.
import { randomUUID } from 'node:crypto';
import {
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  dateOfPage,
  KEPT_REPORTS_DAYS,
  REPORTS,
  RecordConflictError,
  RecordError,
  type RecordStore,
} from '../monitor/state.ts';

/** What says that a folder is a state, and of which version. */
const MARK = 'rollcall-state.json';
const VERSION = 1;
const DRAFTS = '.drafts';
/** What a new file system has in it. */
const NEW_DISK = 'lost+found';
const LEFT_BEHIND_MS = 3_600_000;
const TRIES = 20;

const WHY: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; make room',
  EDQUOT: 'the quota of the disk is used up; make room',
  EROFS: 'it is on a read-only file system; mount it for writing',
  EACCES: 'permission denied; make it the folder of the user who runs this: chown, chmod 700',
  EPERM: 'permission denied; make it the folder of the user who runs this: chown, chmod 700',
  ENOENT: 'a folder above it is not there; make it, or mount its disk',
  ENOTDIR: 'a part of its path is no folder; name another',
  EISDIR: 'a folder is in its place; take it away',
  EIO: 'the disk fails; look at it',
};

/** Why the system refused, in words that say what to do. */
export function whyRefused(error: unknown): string {
  const { code = 'Error' } = error as NodeJS.ErrnoException;
  return WHY[code] ?? code;
}

/** Why it does not let a file be read or written that is no state. */
export function whyNot(error: unknown, missing = 'there is no such file'): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return missing;
    case 'EISDIR':
      return 'it is a folder';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    default:
      return whyRefused(error);
  }
}

/**
 * A folder as the place of records, made where there is none: mode 0700, its files 0600. A page that is written on top
 * of what was read is the file `PAGE~N`, N its tag: `link` makes the next one only where there is none, so that of two
 * writers one is refused, and a writer that is killed leaves the page as it was. What is replaced in any case is the
 * file `PAGE`, which any program reads. Each is on the disk before it has its name.
 * Source: link(2), rename(2), fsync(2).
 */
export function directoryRecords(folder: string): RecordStore {
  let opened: Promise<void> | undefined;
  const ready = () => {
    opened ??= openFolder(folder);
    // What was refused may be put right before the next run of the same process.
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
  async function attempt<Value>(page: string, what: string, work: () => Promise<Value>) {
    try {
      await ready();
      return await work();
    } catch (error) {
      if (error instanceof RecordError || error instanceof RecordConflictError) throw error;
      throw new RecordError(`${join(folder, page)} could not be ${what} (${whyRefused(error)})`, {
        cause: error,
      });
    }
  }
  const put = async (page: string, text: string, tag: string | undefined): Promise<string> => {
    const draft = await writeDraft(folder, text);
    try {
      await mkdir(dirname(join(folder, page)), { recursive: true, mode: 0o700 });
      if ((await newest(folder, page))?.tag !== tag) throw conflict(folder, page);
      const next = 1 + (tag === undefined || tag === REPLACED ? 0 : Number(tag));
      await link(draft, join(folder, `${page}~${next}`)).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'EEXIST' ? conflict(folder, page) : error;
      });
      // The writer may have slept since it looked: then a higher one was there first.
      if ((await newest(folder, page))?.tag !== String(next)) throw conflict(folder, page);
      await sync(dirname(join(folder, page)));
      await removeBelow(folder, page, next);
      return String(next);
    } finally {
      await unlink(draft).catch(() => undefined);
    }
  };
  return {
    read: (page) =>
      attempt(page, 'read', async () => {
        for (let tries = 1; ; tries += 1) {
          const found = await newest(folder, page);
          if (found === undefined) return { text: undefined, tag: undefined };
          try {
            return { text: await readFile(join(folder, found.file), 'utf8'), tag: found.tag };
          } catch (error) {
            // Another run wrote the next one, and took this one away.
            if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries >= TRIES) throw error;
          }
        }
      }),
    write: (page, text, tag) => attempt(page, 'written', () => put(page, text, tag)),
    replace: (page, text) =>
      attempt(page, 'written', async () => {
        for (let tries = 1; ; tries += 1) {
          const { tag } = (await newest(folder, page)) ?? {};
          if (tag === undefined || tag === REPLACED) break;
          try {
            await put(page, text, tag);
            return;
          } catch (error) {
            if (!(error instanceof RecordConflictError) || tries >= TRIES) throw error;
          }
        }
        const draft = await writeDraft(folder, text);
        const path = join(folder, page);
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await rename(draft, path);
        await sync(dirname(path));
      }),
    list: (prefix) =>
      attempt(prefix, 'listed', async () => {
        const within = prefix.slice(0, prefix.lastIndexOf('/') + 1);
        const entries = await readdir(join(folder, within), {
          recursive: true,
          withFileTypes: true,
        }).catch(noFolder);
        const pages = entries
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, '/').length))
          .filter((name) => name !== MARK && !name.startsWith(DRAFTS))
          .map((name) => name.replace(/~\d+$/, ''));
        return [...new Set(pages)].filter((page) => page.startsWith(prefix)).sort();
      }),
  };
}

/**
 * What the lifecycle of a state bucket does, but by their number, one a day: by a clock that is years ahead, all would be
 * old. One that cannot be removed is left for the next time.
 */
export async function removeOldReports(folder: string): Promise<void> {
  const pages = (await directoryRecords(folder).list(REPORTS)).filter(dateOfPage);
  for (const page of pages.slice(0, -KEPT_REPORTS_DAYS)) {
    const month = dirname(join(folder, page));
    const isOf = (name: string) => name === basename(page) || versionOf(name, basename(page)) > 0;
    for (const name of (await readdir(month)).filter(isOf)) {
      await rm(join(month, name), { force: true }).catch(() => undefined);
    }
    // Those that are empty go, too.
    for (const one of [month, dirname(month)]) await rmdir(one).catch(() => undefined);
  }
}

function conflict(folder: string, page: string): RecordConflictError {
  return new RecordConflictError(`${join(folder, page)} was written by another run`);
}

/** Only where nothing was ever written: any other refusal must not look like an empty state. */
function noFolder(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

/** The tag of a page that was replaced in any case. */
const REPLACED = 'replaced';

/** The file that is the page now. */
async function newest(
  folder: string,
  page: string,
): Promise<{ file: string; tag: string } | undefined> {
  const [within, name] = [dirname(page), basename(page)];
  const names: string[] = await readdir(join(folder, within)).catch(noFolder);
  const highest = Math.max(...names.map((one) => versionOf(one, name)));
  if (highest > 0) return { file: `${page}~${highest}`, tag: String(highest) };
  return names.includes(name) ? { file: page, tag: REPLACED } : undefined;
}

function versionOf(file: string, name: string): number {
  const [, version] = /~([1-9]\d{0,14})$/.exec(file) ?? [];
  return file === `${name}~${version}` ? Number(version) : 0;
}

async function removeBelow(folder: string, page: string, version: number): Promise<void> {
  const within = join(folder, dirname(page));
  for (const one of await readdir(within)) {
    const older = versionOf(one, basename(page));
    if (older > 0 && older < version) await rm(join(within, one), { force: true });
  }
}

/** The whole text, on the disk, under a name that nobody reads. */
async function writeDraft(folder: string, text: string): Promise<string> {
  const draft = join(folder, DRAFTS, randomUUID());
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
  return draft;
}

/** So that a name that was made outlasts a loss of power. */
async function sync(within: string): Promise<void> {
  const handle = await open(within, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the folder where there is none or an empty one. Throws `RecordError` for one that is something else. */
async function openFolder(folder: string): Promise<void> {
  try {
    // Its own folder only: the one above is not made, as it may be a disk that is not mounted.
    await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await mkdir(join(folder, DRAFTS), { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      // One that cannot be written can still be read.
      if (!['EEXIST', 'EROFS', 'EACCES', 'EPERM', 'ENOSPC'].includes(error.code ?? '')) throw error;
    });
    const text = await readFile(join(folder, MARK), 'utf8').catch(noFile);
    if (text === undefined) {
      await markFolder(folder);
      return;
    }
    const version = /^\{"rollcallState":(\d{1,9})\}\s*$/.exec(text)?.[1];
    if (version === String(VERSION)) {
      await removeDrafts(folder);
      return;
    }
    throw new RecordError(
      version === undefined
        ? `${join(folder, MARK)} is damaged; if the folder is a state, write into it: {"rollcallState":${VERSION}}`
        : `${folder} is a state of version ${version}, and this rollcall knows version ${VERSION}; install the rollcall that wrote it, or ${Number(version) > VERSION ? 'a newer one' : 'name a new folder'}`,
    );
  } catch (error) {
    if (error instanceof RecordError) throw error;
    throw new RecordError(`${folder} cannot be used as state (${whyRefused(error)})`, {
      cause: error,
    });
  }
}

function noFile(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}

async function markFolder(folder: string): Promise<void> {
  const others = (await readdir(folder)).filter((name) => name !== DRAFTS && name !== NEW_DISK);
  if (others.length > 0) {
    await rmdir(join(folder, DRAFTS)).catch(() => undefined);
    throw new RecordError(
      `${folder} holds other files and no state; name a folder that is new or empty`,
    );
  }
  const draft = await writeDraft(folder, `{"rollcallState":${VERSION}}\n`);
  await rename(draft, join(folder, MARK));
  await sync(folder);
}

/** What a writer that was killed left; one that is young may still be written. */
async function removeDrafts(folder: string): Promise<void> {
  const names: string[] = await readdir(join(folder, DRAFTS)).catch(noFolder);
  for (const name of names) {
    const draft = join(folder, DRAFTS, name);
    const { mtimeMs } = await stat(draft).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > LEFT_BEHIND_MS) await rm(draft, { force: true }).catch(() => {});
  }
}
