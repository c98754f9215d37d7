// The disk below a folder: a run may be killed at each of its calls, and each may be refused. Nothing waits for it, so
// that the same plan always lives in the same way.
import { AsyncLocalStorage } from 'node:async_hooks';
import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { type Life, never } from './life.ts';

type Calls = Record<string, (...words: never[]) => unknown>;
const calls: Calls = createRequire(import.meta.url)('node:fs/promises');
const SIMPLE = [
  ...['link', 'mkdir', 'readdir', 'readFile', 'rename', 'rm', 'rmdir'],
  ...['stat', 'unlink', 'utimes', 'writeFile'],
];
const WRITES = ['mkdir', 'open', 'rename', 'writeFile', 'link'];

/** Why it refuses, if it does: a full one is read all the same. */
export type Refusal = 'ENOSPC' | 'EIO' | undefined;

/** In place of node:fs/promises, for what is done within `enter`; until it is taken out again. */
export function insertDisk({ now, refusal }: { now: () => number; refusal: () => Refusal }) {
  const lives = new AsyncLocalStorage<Life>();
  const handles = new Map<Life, Set<number>>();
  const writtenAt = new Map<string, number>();
  const refuse = (name: string) => {
    const code = refusal();
    if (code === undefined || (code === 'ENOSPC' && !WRITES.includes(name))) return;
    throw Object.assign(new Error(code), { code });
  };
  const simple = (name: string) => (life: Life, words: never[]) => {
    if (life.pass() !== 'alive') return never();
    refuse(name);
    const answer = (fs as unknown as Calls)[`${name}Sync`]?.(...words);
    const [path = ''] = words as unknown as string[];
    // The world's clock is not this machine's.
    const age = now() - (writtenAt.get(path) ?? now());
    return name === 'stat' ? { mtimeMs: Date.now() - age } : answer;
  };
  const open = (life: Life, [path, flags, mode]: [string, string, number]) => {
    if (life.pass() !== 'alive') return never();
    refuse(flags === 'r' ? 'read' : 'open');
    const file = fs.openSync(path, flags, mode);
    if (flags !== 'r') writtenAt.set(path, now());
    handles.set(life, (handles.get(life) ?? new Set()).add(file));
    return {
      writeFile: async (text: string) => {
        const state = life.pass();
        // Killed while it writes: half of it is there.
        if (state === 'dying') fs.writeFileSync(file, text.slice(0, text.length / 2));
        if (state !== 'alive') return never();
        refuse('writeFile');
        return fs.writeFileSync(file, text);
      },
      // What a process wrote outlasts it.
      sync: async () => (life.pass() === 'alive' ? undefined : never()),
      close: async () => {
        if (life.pass() !== 'alive') return never();
        handles.get(life)?.delete(file);
        return fs.closeSync(file);
      },
    };
  };
  const real = { ...calls };
  const replace = (name: string, act: (life: Life, words: never) => unknown) => {
    calls[name] = async (...words: never[]) => {
      const life = lives.getStore();
      return life === undefined ? real[name]?.(...words) : act(life, words as never);
    };
  };
  for (const name of SIMPLE) replace(name, simple(name));
  replace('open', open);
  syncBuiltinESMExports();
  return {
    enter: <Done>(life: Life, act: () => Promise<Done>) => lives.run(life, act),
    /** What the system closes for a process that has ended. */
    closeAll: (life: Life) => {
      for (const file of handles.get(life) ?? []) fs.closeSync(file);
      handles.delete(life);
    },
    takeOut: () => {
      Object.assign(calls, real);
      syncBuiltinESMExports();
    },
  };
}
