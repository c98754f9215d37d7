// What the monitor remembers, in the two places where it may lie: a bucket, and a folder as `rollcall run --state` keeps it.
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noteGoodRun } from '../../scripts/rollcall/state-place.ts';
import type { Outcome } from '../../shared/monitor/scheduled-run.ts';
import { RecordConflictError, RecordError, type RecordStore } from '../../shared/monitor/state.ts';
import { directoryRecords } from '../../shared/stores/directory-records.ts';
import { RunningError, takeRunLock } from '../../shared/stores/run-lock.ts';
import { insertDisk } from './disk.ts';
import { drawFor } from './draw.ts';
import { DeathError, type Life } from './life.ts';
import { DAY, type Spoiling, type World } from './world.ts';

export type Memory = {
  /** A run with its records; it fails with a `DeathError` when it is killed. */
  readonly during: (
    life: Life,
    run: (records: RecordStore) => Promise<Outcome>,
  ) => Promise<unknown>;
  readonly records: RecordStore;
  /** The report that is new since this was asked last. */
  readonly takeReport: () => string | undefined;
  /** Once a day: what was then can be brought back. */
  readonly remember: () => void;
  readonly spoil: (how: Spoiling) => void;
  readonly end: () => void;
};

/** The pages, as somebody sees them who is no run. */
type Shelf = {
  readonly read: (page: string) => string | undefined;
  readonly write: (page: string, text: string) => void;
  readonly remove: (page: string) => void;
  /** Answers what brings them back as they are. */
  readonly copy: () => () => void;
};

const STATE = 'state.json';

function spoiler(world: World, { read, write, remove, copy }: Shelf) {
  const past: (() => void)[] = [];
  const needsPast = world.plan.incidents.some(({ kind }) => kind === 'memory rolled back');
  return {
    remember: () => {
      if (needsPast) past.push(copy());
      if (past.length > 3) past.shift();
    },
    spoil(how: Spoiling): void {
      const state = read(STATE);
      if (how === 'lost') remove(STATE);
      else if (how === 'garbled') write(STATE, '{"version":1,"jud');
      else if (how === 'rolled back') past[0]?.();
      else if (state !== undefined) {
        const ahead = { ...JSON.parse(state), judgedUntil: world.now + 0.9 * DAY };
        write(STATE, JSON.stringify(ahead));
      }
    },
  };
}

/** Hands out the newest report once. */
function reporter(records: RecordStore) {
  let report: string | undefined;
  return {
    takeReport: () => {
      const taken = report;
      report = undefined;
      return taken;
    },
    records: {
      ...records,
      replace: async (page: string, text: string) => {
        await records.replace(page, text);
        if (page.startsWith('reports/')) report = text;
      },
    },
  };
}

/** The state bucket. */
export function makeBucketMemory(world: World): Memory {
  let pages = new Map<string, { text: string; tag: string }>();
  let writes = 0;
  const look = () => {
    if (world.has('memory locked')) throw new RecordError('AccessDenied (403)');
  };
  const put = (page: string, text: string) => {
    writes += 1;
    pages.set(page, { text, tag: String(writes) });
    return String(writes);
  };
  const { takeReport, records } = reporter({
    read: async (page) => {
      look();
      const found = pages.get(page);
      return { text: found?.text, tag: found?.tag };
    },
    write: async (page, text, tag) => {
      look();
      if (tag !== pages.get(page)?.tag) throw new RecordConflictError('written by another run');
      return put(page, text);
    },
    replace: async (page, text) => {
      look();
      put(page, text);
    },
    list: async (prefix) => {
      look();
      return [...pages.keys()].filter((page) => page.startsWith(prefix)).sort();
    },
  });
  const shelf: Shelf = {
    read: (page) => pages.get(page)?.text,
    write: put,
    remove: (page) => void pages.delete(page),
    copy: () => {
      const then = new Map(pages);
      return () => {
        pages = then;
      };
    },
  };
  return {
    ...{ takeReport, records, ...spoiler(world, shelf), end: () => undefined },
    during: (life, run) => Promise.race([run(life.mortal(records)), life.death]),
  };
}

/**
 * A folder: runs take turns by its lock, and a run that is killed leaves what is on the disk. `isInPlace`: that is half of
 * a page, as of a store that writes over what was there.
 */
export function makeFolderMemory(world: World, isInPlace: boolean): Memory {
  // Not on a disk, where there is another place.
  const parent = fs.mkdtempSync(
    join(fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'rollcall-folder-'),
  );
  const folder = join(parent, 'state');
  const code = drawFor('disk', world.plan.seed).pick(['ENOSPC', 'EIO'] as const);
  const disk = insertDisk({
    now: () => world.now,
    refusal: () => (world.has('memory locked') ? code : undefined),
  });
  // Each run is a process of its own, and opens it anew.
  const { takeReport, records } = reporter({
    read: (page) => directoryRecords(folder).read(page),
    write: (page, text, tag) => directoryRecords(folder).write(page, text, tag),
    replace: (page, text) => directoryRecords(folder).replace(page, text),
    list: (prefix) => directoryRecords(folder).list(prefix),
  });
  const filesOf = (page: string) =>
    fs.readdirSync(folder).filter((name) => /~\d+$/.test(name) && name.startsWith(`${page}~`));
  const newest = (page: string) =>
    filesOf(page).sort((a, b) => Number(b.split('~')[1]) - Number(a.split('~')[1]))[0];
  let copies = 0;
  const shelf: Shelf = {
    read: (page) => {
      const file = newest(page);
      return file && fs.readFileSync(join(folder, file), 'utf8');
    },
    write: (page, text) => fs.writeFileSync(join(folder, newest(page) ?? `${page}~1`), text),
    remove: (page) => {
      for (const file of filesOf(page)) fs.rmSync(join(folder, file));
    },
    copy: () => {
      copies += 1;
      const copy = join(parent, `copy-${copies}`);
      fs.cpSync(folder, copy, { recursive: true });
      return () => {
        fs.rmSync(folder, { recursive: true });
        fs.cpSync(copy, folder, { recursive: true });
      };
    },
  };
  return {
    ...{ takeReport, records, ...spoiler(world, shelf) },
    during: async (life, run) => {
      let unlock: () => Promise<void> = async () => undefined;
      const whole = disk.enter(life, async () => {
        await records.list('reports/').catch(() => undefined);
        unlock = await lock(folder, world.now);
        try {
          const { noMemory, lost } = await run(records);
          if (noMemory === undefined && lost === undefined) await noteGoodRun(records, world.now);
        } finally {
          await unlock();
        }
      });
      try {
        return await Promise.race([whole, life.death]);
      } catch (error) {
        if (error instanceof DeathError) {
          // It beats no more.
          void disk.enter(life, unlock);
          disk.closeAll(life);
          bury(join(folder, 'run.lock'));
          const text = shelf.read(STATE);
          if (isInPlace && text !== undefined) shelf.write(STATE, text.slice(0, text.length / 2));
        }
        throw error;
      }
    },
    end: () => {
      disk.takeOut();
      fs.rmSync(parent, { recursive: true });
    },
  };
}

/** As `rollcall run` waits for another. */
async function lock(folder: string, now: number): Promise<() => Promise<void>> {
  for (;;) {
    try {
      return await takeRunLock(folder, now);
    } catch (error) {
      if (error instanceof RecordError) return async () => undefined;
      if (!(error instanceof RunningError)) throw error;
      await new Promise((resume) => setImmediate(resume));
    }
  }
}

/** The lock is of a process that is no more: its number is another's now. */
function bury(lock: string): void {
  if (!fs.existsSync(lock)) return;
  const holder = JSON.parse(fs.readFileSync(lock, 'utf8'));
  fs.writeFileSync(lock, JSON.stringify({ ...holder, born: 'long ago' }));
}
