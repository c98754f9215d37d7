import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RecordError } from '../../shared/monitor/state.ts';
import { RunningError, takeRunLock } from '../../shared/stores/run-lock.ts';

let folder: string;
const now = Date.parse('2026-11-23T08:15:00Z');
const lock = () => join(folder, 'run.lock');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** As if another machine, or another container, held it. */
function holdElsewhere(silentMs: number): void {
  const known = JSON.parse(readFileSync(lock(), 'utf8'));
  writeFileSync(
    lock(),
    JSON.stringify({ ...known, id: 'theirs', machine: 'another', host: 'nas' }),
  );
  const at = new Date(Date.now() - silentMs);
  utimesSync(lock(), at, at);
}

describe('takeRunLock', () => {
  it('lets one run in, and the next when it has ended', async () => {
    const end = await takeRunLock(folder, now);
    await expect(takeRunLock(folder, now)).rejects.toThrow(
      `another run is under way in ${folder}: process ${process.pid} on`,
    );
    await expect(takeRunLock(folder, now)).rejects.toThrow(/since 2026-11-23T08:15:00.000Z/);
    await end();
    await (await takeRunLock(folder, now))();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('lets one in of many that come at once', async () => {
    const all = await Promise.allSettled(
      Array.from({ length: 16 }, () => takeRunLock(folder, now)),
    );
    const errors = all.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(errors).toHaveLength(15);
    for (const error of errors) expect(error).toBeInstanceOf(RunningError);
    expect(readdirSync(folder)).toEqual(['run.lock']);
  });

  it('knows at once a run that was killed', async () => {
    const program = `
      import { takeRunLock } from ${JSON.stringify(new URL('../../shared/stores/run-lock.ts', import.meta.url).pathname)};
      await takeRunLock(${JSON.stringify(folder)}, Date.now());
      process.stdout.write('taken');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await expect(takeRunLock(folder, now)).rejects.toThrow(RunningError);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await takeRunLock(folder, now))();
  });

  it('believes a run of another machine while it gives signs of life', async () => {
    const end = await takeRunLock(folder, now);
    holdElsewhere(60_000);
    await expect(takeRunLock(folder, now)).rejects.toThrow(`process ${process.pid} on nas, since`);
    // What is another's by now is not taken away.
    await end();
    expect(readdirSync(folder)).toEqual(['run.lock']);
  });

  it('takes over from one that has given none for over two minutes', async () => {
    await takeRunLock(folder, now);
    holdElsewhere(121_000);
    const end = await takeRunLock(folder, now);
    await expect(takeRunLock(folder, now)).rejects.toThrow(RunningError);
    await end();
  });

  it('takes over what is half written, when it is old', async () => {
    writeFileSync(lock(), '{"id":"x","pi');
    await expect(takeRunLock(folder, now)).rejects.toThrow(/its lock says not which/);
    const at = new Date(Date.now() - 121_000);
    utimesSync(lock(), at, at);
    await (await takeRunLock(folder, now))();
  });

  describe('removes what a run left behind that was killed while it took the lock', () => {
    const id = '00000000-0000-4000-8000-000000000000';
    const own = ['draft', 'dead'].map((end) => `run.lock.${end === 'draft' ? id : `${id}.dead`}`);
    const leave = (name: string, text: string, silentMs: number) => {
      writeFileSync(join(folder, name), text);
      const at = new Date(Date.now() - silentMs);
      utimesSync(join(folder, name), at, at);
    };
    /** A holder as the runs of this machine write it. */
    const holder = async (changes: object) => {
      const end = await takeRunLock(folder, now);
      const text = readFileSync(lock(), 'utf8');
      await end();
      return JSON.stringify({ ...JSON.parse(text), ...changes });
    };
    const kept = async () => {
      const end = await takeRunLock(folder, now);
      const names = readdirSync(folder).filter((name) => name !== 'run.lock');
      await end();
      return names;
    };

    it.each(own)('at once where its process has ended: %s', async (name) => {
      leave(name, await holder({ born: '1' }), 0);
      expect(await kept()).toEqual([]);
    });

    it.each(own)('after two minutes where its process cannot be seen: %s', async (name) => {
      leave(name, await holder({ machine: 'another' }), 60_000);
      expect(await kept()).toEqual([name]);
      leave(name, await holder({ machine: 'another' }), 121_000);
      expect(await kept()).toEqual([]);
    });

    it.each(['', '{"id":"x","pi'])('also half written: %j', async (text) => {
      for (const name of own) leave(name, text, 60_000);
      expect(await kept()).toEqual(own);
      for (const name of own) leave(name, text, 121_000);
      expect(await kept()).toEqual([]);
    });

    it('and nothing of a run that is at work, nor what is none of ours', async () => {
      leave(own[0] ?? '', await holder({}), 3_600_000);
      const others = ['run.lock.bak', `run.lock.${id}.old`, `a.run.lock.${id}`, 'state.json'];
      for (const name of others) leave(name, '', 3_600_000);
      mkdirSync(join(folder, own[1] ?? ''));
      symlinkSync('state.json', join(folder, `run.lock.${id.replace('4', '5')}`));
      const all = readdirSync(folder);
      expect(await kept()).toEqual(all);
    });
  });

  it('says which folder it cannot write, and why', async () => {
    rmSync(folder, { recursive: true });
    const error = await takeRunLock(folder, now).catch((one) => one);
    expect(error).toBeInstanceOf(RecordError);
    expect(error.message).toContain(
      `${lock()} could not be written (a folder above it is not there`,
    );
  });
});
