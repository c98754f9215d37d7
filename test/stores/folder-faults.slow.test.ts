// A kill at each call to the disk, and a disk that refuses at each: the page is old or new, and the next run goes on.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecordError } from '../../shared/monitor/state.ts';
import { directoryRecords } from '../../shared/stores/directory-records.ts';

const disk = vi.hoisted(() => ({
  calls: 0,
  failAt: 0,
  fault: undefined as undefined | string,
  reached: () => {},
  open: [] as { close: () => Promise<void> }[],
}));
vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>();
  /** At one of its calls the disk refuses; or the process is killed, and no call comes back any more. */
  const through = (act: unknown) =>
    typeof act !== 'function'
      ? act
      : async (...words: unknown[]) => {
          disk.calls += 1;
          if (disk.fault === 'killed' && disk.calls >= disk.failAt) {
            disk.reached();
            await new Promise(() => {});
          }
          if (disk.fault !== undefined && disk.calls === disk.failAt)
            throw Object.assign(new Error(disk.fault), { code: disk.fault });
          const answer = await (act as (...words: unknown[]) => unknown)(...words);
          const isHandle = typeof answer === 'object' && answer !== null && 'sync' in answer;
          return isHandle ? handle(answer as Record<string, unknown>) : answer;
        };
  const handle = (file: Record<string, unknown>) => {
    disk.open.push(file as never);
    return Object.fromEntries(
      ['writeFile', 'sync', 'close'].map((name) => [
        name,
        through((file[name] as (...words: unknown[]) => unknown).bind(file)),
      ]),
    );
  };
  return Object.fromEntries(Object.entries(real).map(([name, act]) => [name, through(act)]));
});

const parent = mkdtempSync(join(tmpdir(), 'rollcall-folder-'));
let folder: string;
let count = 0;

beforeEach(() => {
  count += 1;
  folder = join(parent, `state-${count}`);
});
afterEach(async () => {
  Object.assign(disk, { calls: 0, failAt: 0, fault: undefined });
  // What a kill would have closed.
  for (const file of disk.open.splice(0)) await file.close().catch(() => undefined);
});
afterAll(() => rmSync(parent, { recursive: true }));

/** A state with one page of each kind, and what can be done to it. */
async function aState(): Promise<void> {
  const kept = directoryRecords(folder);
  await kept.write('state.json', 'old', undefined);
  await kept.replace('status.html', 'old');
}
const ACTS = {
  'the first write': (kept: ReturnType<typeof directoryRecords>) =>
    kept.write('operator/said.json', 'new', undefined),
  'a write': (kept: ReturnType<typeof directoryRecords>) => kept.write('state.json', 'new', '1'),
  'a replacement': (kept: ReturnType<typeof directoryRecords>) =>
    kept.replace('status.html', 'new'),
};
const PAGE_OF = {
  'the first write': 'operator/said.json',
  'a write': 'state.json',
  'a replacement': 'status.html',
};

describe.each(Object.entries(ACTS))('%s to a folder', (name, act) => {
  const page = PAGE_OF[name as keyof typeof PAGE_OF];
  const before = name === 'the first write' ? undefined : 'old';

  it('leaves the page old or new, and writable, at whichever call the process is killed', async () => {
    await aState();
    const start = `${folder}-start`;
    cpSync(folder, start, { recursive: true });
    Object.assign(disk, { calls: 0 });
    await act(directoryRecords(folder));
    const calls = disk.calls;
    expect(calls).toBeGreaterThan(10);
    const left = new Set<string | undefined>();
    for (let failAt = 1; failAt <= calls; failAt += 1) {
      rmSync(folder, { recursive: true });
      cpSync(start, folder, { recursive: true });
      const killed = new Promise<void>((done) => {
        Object.assign(disk, { calls: 0, failAt, fault: 'killed', reached: done });
      });
      const ended = act(directoryRecords(folder)).then(() => true);
      await Promise.race([ended, killed]);
      Object.assign(disk, { fault: undefined });
      const next = directoryRecords(folder);
      const { text, tag } = await next.read(page);
      expect([before, 'new'], `killed at call ${failAt}`).toContain(text);
      left.add(text);
      await next.write(page, 'next', tag);
      expect((await next.read(page)).text).toBe('next');
    }
    expect([...left]).toEqual([before, 'new']);
  });

  it.each([
    ['ENOSPC', 'the disk is full; make room'],
    ['EROFS', 'it is on a read-only file system; mount it for writing'],
    ['EACCES', 'permission denied'],
    ['EIO', 'the disk fails'],
  ])('says what %s means, at whichever call, and the page is old or new', async (code, words) => {
    await aState();
    Object.assign(disk, { calls: 0 });
    const probe = `${folder}-probe`;
    cpSync(folder, probe, { recursive: true });
    await act(directoryRecords(probe));
    const calls = disk.calls;
    let refused = 0;
    for (let failAt = 1; failAt <= calls; failAt += 1) {
      rmSync(folder, { recursive: true });
      await aState();
      Object.assign(disk, { calls: 0, failAt, fault: code });
      const error = await act(directoryRecords(folder)).catch((one) => one);
      Object.assign(disk, { fault: undefined });
      if (error instanceof Error) {
        refused += 1;
        expect(error, `call ${failAt}`).toBeInstanceOf(RecordError);
        expect(error.message, `call ${failAt}`).toContain(words);
        expect(error.message).toContain(folder);
      }
      expect([before, 'new']).toContain((await directoryRecords(folder).read(page)).text);
    }
    expect(refused).toBeGreaterThan(3);
  });
});
