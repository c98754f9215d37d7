// One run at a time in a folder: a file that says who runs, and that a run which was killed does not leave shut.
import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { link, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { readJson } from '../config/json.ts';
import { RecordError } from '../monitor/state.ts';
import { whyRefused } from './directory-records.ts';

const LOCK = 'run.lock';
const BEAT_MS = 15_000;
// Eight beats: who missed them all is dead, or its machine is.
const DEAD_MS = 120_000;
/** What a run has while it takes the lock: its draft, and the lock of a dead one that it moved away. */
const DRAFT = /^run\.lock\.[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?:\.dead)?$/;

/** Another run is under way in this folder. */
export class RunningError extends Error {
  override readonly name = 'RunningError';
  readonly hint: string;

  constructor(folder: string, by: string) {
    super(`another run is under way in ${folder}: ${by}`);
    this.hint =
      'nothing is lost: the next run judges what this one would have; wait, or end that run';
  }
}

const holder = v.object({
  ...{ id: v.string(), pid: v.number(), machine: v.string(), host: v.string() },
  ...{ born: v.string(), since: v.string() },
});
type Holder = v.InferOutput<typeof holder>;

/**
 * Shuts the folder until the function that it answers is called. A run that was killed is known at once by its process,
 * where it can be seen from here; where not, as from another container, by two minutes without a sign of life. Throws
 * `RunningError`, or `RecordError` where the folder cannot be written.
 */
export async function takeRunLock(folder: string, now: number): Promise<() => Promise<void>> {
  const path = join(folder, LOCK);
  const own: Holder = {
    ...{ id: randomUUID(), pid: process.pid, machine: machineOf(), host: hostname() },
    ...{ born: birthOf(process.pid) ?? '', since: new Date(now).toISOString() },
  };
  const draft = `${path}.${own.id}`;
  try {
    await writeFile(draft, `${JSON.stringify(own)}\n`, { mode: 0o600, flag: 'wx' });
    try {
      await shut(folder, path, draft);
      await removeLeftovers(folder, basename(draft)).catch(() => undefined);
    } finally {
      await rm(draft, { force: true });
    }
  } catch (error) {
    if (error instanceof RunningError) throw error;
    throw new RecordError(`${path} could not be written (${whyRefused(error)})`, { cause: error });
  }
  const beat = setInterval(() => {
    const at = new Date();
    utimes(path, at, at).catch(() => undefined);
  }, BEAT_MS);
  beat.unref();
  return async () => {
    clearInterval(beat);
    if ((await readHolder(path))?.id === own.id) await rm(path, { force: true });
  };
}

async function shut(folder: string, path: string, draft: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await link(draft, path);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries > 3) throw error;
    }
    const known = await readHolder(path);
    if (!(await isDead(path, draft, known))) {
      const by = known && `process ${known.pid} on ${known.host}, since ${known.since}`;
      throw new RunningError(folder, by ?? 'its lock says not which');
    }
    const dead = `${draft}.dead`;
    await rename(path, dead).catch(() => undefined);
    // Two that saw the dead one may both get here: the lock of the faster one is put back.
    const taken = await readHolder(dead);
    if (taken !== undefined && taken.id !== known?.id)
      await link(dead, path).catch(() => undefined);
    await rm(dead, { force: true });
  }
}

/** Of runs that were killed while they took the lock. */
async function removeLeftovers(folder: string, own: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const left = join(folder, entry.name);
    const isOne = entry.isFile() && DRAFT.test(entry.name) && entry.name !== own;
    if (isOne && (await isDead(left, join(folder, own), await readHolder(left)))) await rm(left);
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  return readJson(holder, await readFile(path, 'utf8').catch(() => ''));
}

/** Compared is with a file that was just written there: the clock of the disk may be another machine's. */
async function isDead(path: string, draft: string, known: Holder | undefined): Promise<boolean> {
  if (known !== undefined && known.machine === machineOf()) {
    return birthOf(known.pid) !== known.born;
  }
  const [lock, fresh] = await Promise.all([path, draft].map((one) => stat(one).catch(() => null)));
  return !lock || !fresh || fresh.mtimeMs - lock.mtimeMs > DEAD_MS;
}

/** The kernel's boot and the space of its process numbers: elsewhere a number is another process. */
function machineOf(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return `${hostname()} ${process.platform}`;
  }
}

/** When a process began, in ticks since the boot; `undefined` where there is none. Source: proc(5), stat. */
function birthOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return isAlive(pid) ? 'unknown' : undefined;
  }
}

/** Without /proc, as on a Mac. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
