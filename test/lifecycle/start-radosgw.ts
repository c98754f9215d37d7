// Starts the smallest Ceph that is an S3: one monitor, one store in memory, one gateway, all on the loopback.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { STORE_DOMAIN, type Store } from '../anywhere/store.ts';
import { endProgram } from '../support/end-program.ts';
import { freePort } from '../support/free-port.ts';
import { runProgram } from '../support/run-program.ts';
import { fetchRadosgw } from './fetch-radosgw.ts';

const START_MS = 120_000;

/** `daySeconds`: how long lifecycle takes a day to be, and how often it runs. */
export async function startRadosgw(daySeconds: number): Promise<Store> {
  const root = await fetchRadosgw();
  const folder = mkdtempSync(join(tmpdir(), 'radosgw-'));
  for (const name of ['mon', 'osd']) mkdirSync(join(folder, name));
  const [port, monitorPort] = [await freePort(), await freePort()];
  const libraries = libraryFolder(root);
  const fsid = randomUUID();
  const conf = join(folder, 'ceph.conf');
  writeFileSync(conf, configure({ folder, libraries, fsid, port, monitorPort, daySeconds }));
  const env = {
    ...process.env,
    PATH: `${join(root, 'usr/bin')}:${process.env.PATH}`,
    LD_LIBRARY_PATH: [libraries, `${libraries}/ceph`, libraries.replace('/usr/', '/')].join(':'),
  };
  const run = (program: string, ...words: string[]) => runProgram(program, words, { env });
  const running: ChildProcess[] = [];
  const stop = async () => {
    for (const program of running.reverse()) await endProgram(program);
    rmSync(folder, { recursive: true, force: true });
  };
  const start = (program: string, ...words: string[]) => {
    const child = spawn(program, ['-c', conf, '-f', ...words], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(join(folder, `${program}.out`));
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.once('error', (error) => log.write(error.message));
    running.push(child);
  };

  try {
    await makeKeys(run, join(folder, 'keyring'));
    const map = join(folder, 'monmap');
    const address = `[v2:127.0.0.1:${monitorPort}/0]`;
    await run('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', address, map);
    await run(
      'ceph-mon',
      '-c',
      conf,
      '-i',
      'a',
      '--mkfs',
      '--monmap',
      map,
      '--keyring',
      join(folder, 'keyring'),
    );
    start('ceph-mon', '-i', 'a');
    await run('ceph-osd', '-c', conf, '-i', '0', '--mkfs', '--osd-uuid', randomUUID());
    start('ceph-osd', '-i', '0');
    start('radosgw', '-n', 'client.rgw');
    const endpoint = `http://127.0.0.1:${port}`;
    await waitFor(endpoint, running);
    const addUser = async (name: string) => {
      const user = { accessKeyId: name, secretAccessKey: randomUUID() };
      const keys = [`--access-key=${name}`, `--secret=${user.secretAccessKey}`];
      const admin = ['-c', conf, '-n', 'client.rgw', 'user', 'create'];
      await run('radosgw-admin', ...admin, `--uid=${name}`, `--display-name=${name}`, ...keys);
      return { ...user, principal: `arn:aws:iam:::user/${name}` };
    };
    const credentials = await addUser('rollcall');
    const virtual = `http://${STORE_DOMAIN}:${port}`;
    return { endpoint, virtual, region: 'default', credentials, addUser, stop };
  } catch (cause) {
    const printed = readdirSync(folder)
      .filter((name) => name.endsWith('.out'))
      .map((name) => `${name}: ${readFileSync(join(folder, name), 'utf8').slice(-1000)}`);
    await stop();
    throw new Error(`radosgw does not start; its logs end with:\n${printed.join('\n')}`, { cause });
  }
}

type Run = (program: string, ...words: string[]) => Promise<string>;

async function makeKeys(run: Run, keyring: string): Promise<void> {
  const key = (name: string, ...capabilities: string[]) =>
    run('ceph-authtool', keyring, '--gen-key', '-n', name, ...capabilities);
  await run('ceph-authtool', '--create-keyring', keyring);
  await key('mon.', '--cap', 'mon', 'allow *');
  await key('osd.0', '--cap', 'mon', 'allow profile osd', '--cap', 'osd', 'allow *');
  await key('client.rgw', '--cap', 'mon', 'allow rwx', '--cap', 'osd', 'allow rwx');
}

async function waitFor(endpoint: string, running: readonly ChildProcess[]): Promise<void> {
  const until = Date.now() + START_MS;
  const answers = () =>
    fetch(endpoint).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await answers())) {
    const ended = running.find(({ exitCode }) => exitCode !== null);
    if (ended !== undefined) throw new Error(`${ended.spawnfile} ended`);
    if (Date.now() > until) throw new Error(`no answer within ${START_MS / 1000} s`);
    await sleep(200);
  }
}

/** Debian keeps libraries in a folder named for the machine. */
function libraryFolder(root: string): string {
  const all = join(root, 'usr/lib');
  const triplet = readdirSync(all).find((name) => name.endsWith('-linux-gnu'));
  return join(all, triplet ?? '');
}

type Settings = {
  readonly folder: string;
  readonly libraries: string;
  readonly fsid: string;
  readonly port: number;
  readonly monitorPort: number;
  readonly daySeconds: number;
};

// With `auth ... = none` the gateway never finds its way to the store.
const configure = ({
  folder,
  libraries,
  fsid,
  port,
  monitorPort,
  daySeconds,
}: Settings) => `[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${monitorPort}/0]
mon initial members = a
public addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = ${folder}/keyring
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data avail crit = 1
plugin dir = ${libraries}/ceph
erasure code dir = ${libraries}/ceph/erasure-code
osd class dir = ${libraries}/rados-classes
run dir = ${folder}
admin socket = ${folder}/$name.asok
log file = ${folder}/$name.log
pid file =
[mon.a]
mon data = ${folder}/mon
[osd.0]
osd data = ${folder}/osd
osd objectstore = memstore
osd class load list = *
osd class default list = *
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${port}
rgw enable apis = s3
rgw dns name = ${STORE_DOMAIN}
rgw dynamic resharding = false
rgw lc debug interval = ${daySeconds}
`;
