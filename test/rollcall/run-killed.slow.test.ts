// `rollcall run` as a process: killed at any moment it loses no alarm, and asked to end it leaves all in order.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalAws, startLocalAws } from '../local-aws/local-aws.ts';
import { endProgram } from '../support/end-program.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { putOldFulls, writeHostsFile } from '../support/missing-hosts.ts';
import { environmentOf, script, startAlone } from './run-rollcall.ts';

const hosts = ['web', 'db'];
let aws: LocalAws;
let mail: MailServer;
let folder: string;
let children: ChildProcess[] = [];

beforeAll(async () => {
  [aws, mail] = await Promise.all([startLocalAws(), startMailServer()]);
  putOldFulls(aws, hosts);
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-killed-'));
  writeHostsFile(folder, { aws, mail, hosts });
  mail.mails.length = 0;
});
afterEach(async () => {
  for (const child of children) await endProgram(child);
  children = [];
  rmSync(folder, { recursive: true, force: true });
});
afterAll(() => Promise.all([aws.close(), mail.stop()]));

const words = (...more: string[]) => [
  ...['run', '--hosts', join(folder, 'hosts.yml'), '--state', join(folder, 'state')],
  ...more,
];
const env = () => ({ ...environmentOf(aws), AWS_ENDPOINT_URL: '' });
function start(...more: string[]): ChildProcess {
  const child = spawn(process.execPath, [script, ...words(...more)], { env: env() });
  children.push(child);
  return child;
}
const alarms = () => mail.withSubject('MISSING').length;

describe('rollcall run, killed', () => {
  it('at one moment after another, still sends the alarm, and at most once more than it was killed', async () => {
    // How long a whole run takes here, from its start to its end.
    const before = performance.now();
    expect((await startAlone(words(), env())).status).toBe(0);
    const whole = performance.now() - before;
    expect(alarms()).toBe(1);
    const KILLS = 8;
    for (let kill = 1; kill <= KILLS; kill += 1) {
      rmSync(join(folder, 'state'), { recursive: true, force: true });
      mail.mails.length = 0;
      const child = start();
      await sleep((whole * (0.3 + (0.7 * kill) / KILLS)) | 0);
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      const sentBefore = alarms();
      // The lock of the dead one is no hindrance. What it claimed is free after twenty minutes, or was sent.
      const next = await startAlone(words(), env());
      expect(next.stderr, `killed ${kill}`).toBe('');
      expect(next.status).toBe(0);
      const left = readdirSync(join(folder, 'state'));
      expect(left.filter((name) => name.startsWith('state.json'))).toHaveLength(1);
      expect(left.filter((name) => name.startsWith('run.lock'))).toEqual([]);
      if (sentBefore === 0 && alarms() === 0) {
        // Claimed by the dead run: it is sent when the claim has expired.
        const late = { ...env(), NODE_OPTIONS: `--import=${laterBy(21)}` };
        expect((await startAlone(words(), late)).status).toBe(0);
      }
      expect(alarms(), `killed ${kill}`).toBeGreaterThanOrEqual(1);
      expect(alarms()).toBeLessThanOrEqual(2);
    }
  });
});

/** A module that sets the clock of a process ahead by so many minutes. */
function laterBy(minutes: number): string {
  const file = join(folder, 'later.mjs');
  writeFileSync(file, `const now = Date.now; Date.now = () => now() + ${minutes * 60_000};\n`);
  return file;
}

describe('rollcall run --every', () => {
  it('runs at once, ends on SIGTERM with 0, and leaves no lock', async () => {
    const child = start('--every', '1m');
    let printed = '';
    child.stdout?.on('data', (data: Buffer) => {
      printed += data;
    });
    while (!printed.includes('\n')) await sleep(20);
    expect(printed).toMatch(/judged 2: 0 ok, 0 with warnings, 2 failed; sent: alert/);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(readdirSync(join(folder, 'state'))).not.toContain('run.lock');
    expect(alarms()).toBe(1);
  });

  it('says what is wrong with hosts.yml, and goes on until it is stopped', async () => {
    writeFileSync(join(folder, 'hosts.yml'), 'bucket: [');
    const child = start('--every', '1m');
    let said = '';
    child.stderr?.on('data', (data: Buffer) => {
      said += data;
    });
    while (!said.includes('\n')) await sleep(20);
    expect(said).toContain('rollcall: error: ');
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    expect((await ended)[0]).toBe(3);
  });

  it('lets two of them take turns', async () => {
    const runs = await Promise.all([1, 2, 3].map(() => startAlone(words(), env())));
    expect(runs.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(alarms()).toBe(1);
  });
});
