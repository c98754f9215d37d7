// `rollcall run` as a process, and a state that cannot be used: it says so, notifies all the same, and loses nothing.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { endProgram } from '../support/end-program.ts';
import { freePort } from '../support/free-port.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { type OwnWorld, openOwnWorld } from './own-world.ts';

let world: OwnWorld;
let mail: MailServer;
const state = () => join(world.folder, 'state');
const ALARM = '2 of 2 hosts FAILED: web MISSING, db MISSING';
const smtp = (port: number) => `{ host: 127.0.0.1, port: ${port}, tls: none }`;

beforeAll(async () => {
  [world, mail] = await Promise.all([openOwnWorld(), startMailServer()]);
});
beforeEach(async () => {
  world.reset();
  world.write(smtp(mail.port));
  // An hour before anything is due.
  expect(await world.run('07:00')).toMatchObject({ status: 0, stderr: '' });
  mail.mails.length = 0;
});
afterAll(() => Promise.all([world.close(), mail.stop()]));

type Bad = {
  readonly says: RegExp;
  /** The start of the command, and how the state is made bad and good again. */
  readonly wrap?: () => readonly string[];
  readonly spoil: () => unknown;
  readonly repair: () => unknown;
  /** What is open can be read. */
  readonly isReadable?: true;
};
const mark = () => join(state(), 'rollcall-state.json');
const markAs = (version: number) => () => writeFileSync(mark(), `{"rollcallState":${version}}\n`);

/** The command runs in a mount namespace of its own, where the folder is a disk that is like this. */
const onDisk = (make: string) => () => [
  ...['unshare', '--mount', '--map-root-user', 'sh', '-ec'],
  `cp -a "$0" "$0.copy"; ${make}; shift; exec "$@"`,
  ...[state(), '--'],
];
const READ_ONLY = onDisk('mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"');
const FULL = onDisk(
  'mount -t tmpfs -o size=256k,mode=700 none "$0"; cp -a "$0.copy/." "$0"; head -c 1M /dev/zero > "$0/lost+found" 2>/dev/null || true',
);
const canMount =
  spawnSync('unshare', ['--mount', '--map-root-user', 'mount', '-t', 'tmpfs', 'none', '/mnt'])
    .status === 0;
const still = () => undefined;

const BAD: Readonly<Record<string, Bad>> = {
  'of a newer version': {
    says: /is a state of version 2, and this rollcall knows version 1; install the rollcall that wrote it, or a newer one/,
    ...{ spoil: markAs(2), repair: markAs(1) },
  },
  'of an older version': {
    says: /is a state of version 0, .*; install the rollcall that wrote it, or name a new folder/,
    ...{ spoil: markAs(0), repair: markAs(1) },
  },
  'whose mark is half written': {
    says: /rollcall-state.json is damaged; if the folder is a state, write into it: \{"rollcallState":1\}/,
    spoil: () => truncateSync(mark(), 9),
    // As the hint says.
    repair: markAs(1),
  },
  'that lies below a file': {
    says: /cannot be used as state \(a part of its path is no folder; name another\)/,
    spoil: () => {
      cpSync(state(), `${state()}.kept`, { recursive: true });
      rmSync(state(), { recursive: true });
      writeFileSync(state(), '');
    },
    repair: () => {
      rmSync(state());
      cpSync(`${state()}.kept`, state(), { recursive: true });
    },
  },
};
const ON_DISK: typeof BAD = {
  'that is read-only': {
    says: /it is on a read-only file system; mount it for writing/,
    ...{ wrap: READ_ONLY, spoil: still, repair: still, isReadable: true },
  },
  'on a full disk': {
    says: /the disk is full; make room/,
    ...{ wrap: FULL, spoil: still, repair: still, isReadable: true },
  },
};

function describeBad(cases: typeof BAD): void {
  describe.each(Object.entries(cases))('with a state %s', (_, bad) => {
    const { says, wrap = () => [], spoil, repair, isReadable } = bad;

    it('it sends the alarm, says what to do, and ends with 1', async () => {
      spoil();
      const { status, stderr } = await world.run('08:15', [], {}, wrap());
      expect(stderr).toMatch(says);
      expect(stderr).toContain('warning: no memory: ');
      expect(stderr.trimEnd().split('\n').at(-1)).toBe(
        `rollcall: hint: what is wrong, and what to do: rollcall doctor --state ${state()}`,
      );
      expect(status).toBe(1);
      const [alarm] = mail.withSubject(ALARM);
      expect(alarm?.source.replace(/=?\r\n/g, '')).toMatch(/no memory|is not remembered/);
      expect(mail.mails).toHaveLength(1);
    });

    it('and a mail server that is down, what was not sent is sent once both are well', async () => {
      spoil();
      world.write(smtp(await freePort()));
      const { status, stderr } = await world.run('08:15', [], {}, wrap());
      expect(stderr).toMatch(/cannot be reached \(ECONNREFUSED\)/);
      expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
        isReadable
          ? /hint: nothing is lost: the next run sends it again/
          : /hint: nothing remembers what was not sent: look now: rollcall check; and put the state right/,
      );
      expect(status).toBe(3);
      repair();
      world.write(smtp(mail.port));
      expect(await world.run('08:45')).toMatchObject({ status: 0, stderr: '' });
      expect(mail.withSubject(ALARM)).toHaveLength(1);
      expect((await world.run('09:00')).status).toBe(0);
      expect(mail.withSubject('MISSING')).toHaveLength(1);
    });
  });
}
describe('rollcall run', () => {
  describeBad(BAD);
  // Where no disk can be mounted, test/stores has each of its refusals at each call.
  describe.skipIf(!canMount)('on a disk of its own', () => describeBad(ON_DISK));

  it('goes on where any of its records is half written, and never forgets the alarm', async () => {
    await world.run('08:15');
    const pages = readdirSync(state(), { recursive: true, encoding: 'utf8' }).filter(
      (name) => statSync(join(state(), name)).isFile() && name !== 'rollcall-state.json',
    );
    expect(pages.length).toBeGreaterThan(4);
    cpSync(state(), `${state()}.kept`, { recursive: true });
    for (const page of pages) {
      rmSync(state(), { recursive: true });
      cpSync(`${state()}.kept`, state(), { recursive: true });
      mail.mails.length = 0;
      truncateSync(join(state(), page), readFileSync(join(state(), page)).length >> 1);
      const { status, stderr } = await world.run('08:45');
      expect([0, 1], `${page}: ${stderr}`).toContain(status);
      expect(stderr, page).not.toMatch(/error|SyntaxError|at file:/);
      if (page.startsWith('state.json')) {
        expect(mail.mails.some(({ source }) => source.includes('saved state was damaged'))).toBe(
          true,
        );
        expect(mail.withSubject('MISSING')).not.toEqual([]);
      }
      mail.mails.length = 0;
      expect(await world.run('09:00'), page).toMatchObject({ status: 0, stderr: '' });
      expect(mail.mails, page).toEqual([]);
    }
  });
});

describe('rollcall run next to a run that is under way', () => {
  let holder: ChildProcess | undefined;
  const lock = new URL('../../shared/stores/run-lock.ts', import.meta.url).pathname;
  /** A process that holds the folder until it is ended, or, `untilAsked`, until another has tried in vain. */
  async function hold({ untilAsked = false } = {}): Promise<ChildProcess> {
    const program = `
      import { existsSync, watch } from 'node:fs';
      import { takeRunLock } from ${JSON.stringify(lock)};
      const folder = ${JSON.stringify(state())};
      const end = await takeRunLock(folder, Date.now());
      process.stdout.write('taken');
      watch(folder, (_, name) => {
        const isDone = name?.startsWith('run.lock.') && !existsSync(folder + '/' + name);
        if (${untilAsked} && isDone) end().then(() => process.exit());
      });`;
    holder = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout as NodeJS.ReadableStream, 'data');
    return holder;
  }
  afterAll(() => holder && endProgram(holder));

  it('waits until that one ends, and then does its work', async () => {
    const other = await hold({ untilAsked: true });
    const { status, stderr } = await world.run('08:15');
    expect(stderr).toMatch(
      new RegExp(
        `^rollcall: another run is under way in .*: process ${other.pid} on .*; waits for it\n$`,
      ),
    );
    expect(status).toBe(0);
    expect(mail.withSubject(ALARM)).toHaveLength(1);
  });

  it('gives up after two and a half minutes, says who holds it, and the next one does the work', async () => {
    const other = await hold();
    const { status, stderr } = await world.run('08:15', [], { TEST_SPEED: '100' });
    expect(stderr).toMatch(
      new RegExp(`error: another run is under way in .*: process ${other.pid} on`),
    );
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
      /hint: nothing is lost: the next run judges what this one would have; wait, or end that run/,
    );
    expect(status).toBe(3);
    expect(mail.mails).toEqual([]);
    // As the hint says.
    await endProgram(other);
    expect(await world.run('08:30')).toMatchObject({ status: 0, stderr: '' });
    expect(mail.withSubject(ALARM)).toHaveLength(1);
  });

  it('does not wait for one that was killed', async () => {
    const other = await hold();
    other.kill('SIGKILL');
    await once(other, 'exit');
    expect(await world.run('08:15')).toMatchObject({ status: 0, stderr: '' });
    expect(mail.withSubject(ALARM)).toHaveLength(1);
    expect(readdirSync(state())).not.toContain('run.lock');
  });
});
