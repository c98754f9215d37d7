// One full backup by real duplicity, encrypted to a throw-away key, into the local AWS.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import type { LocalAws } from '../../test/local-aws/local-aws.ts';

/** True when duplicity, gpg and boto3 are there to make a real backup. */
export function canBackUp(): boolean {
  return [
    ['duplicity', '--version'],
    ['gpg', '--version'],
    ['/usr/bin/python3', '-c', 'import boto3'],
  ].every(([command = '', ...args]) => spawnSync(command, args).status === 0);
}

/**
 * Backs up a few files of its own making to `s3://BUCKET/HOST/`, as of an instant, and leaves nothing on
 * this machine. `known` are the file names already there. Throws with duplicity's own words.
 */
export async function backUp(
  aws: LocalAws,
  bucket: string,
  host: string,
  at: number,
  known: readonly string[],
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-'));
  const children = new Set<ChildProcess>();
  const clean = () => {
    for (const child of children) child.kill('SIGKILL');
    spawnSync('gpgconf', ['--homedir', join(folder, 'gpg'), '--kill', 'all']);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', clean);
  const run = runner(folder, aws, children);
  try {
    mkdirSync(join(folder, 'gpg'), { mode: 0o700 });
    mkdirSync(join(folder, 'source'));
    writeFileSync(join(folder, 'source', 'orders.csv'), 'order,amount\n'.repeat(20_000));
    const key = ['--batch', '--passphrase', '', '--quick-generate-key', host];
    await run('gpg', [...key, 'ed25519', 'cert', 'never']);
    const listed = await run('gpg', ['--batch', '--with-colons', '--list-keys']);
    const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(listed)?.[1] ?? '';
    const subkey = ['--batch', '--passphrase', '', '--quick-add-key', fingerprint];
    await run('gpg', [...subkey, 'cv25519', 'encr', 'never']);
    standIn(join(folder, 'cache', 'demo'), known);
    await run('duplicity', [
      'full',
      ...['--encrypt-key', fingerprint, '--gpg-options=--trust-model=always'],
      ...['--archive-dir', join(folder, 'cache'), '--name', 'demo', '--volsize', '1'],
      // The clock of the demonstration, for the name of the set.
      ...['--current-time', String(Math.floor(at / 1000))],
      ...['--s3-endpoint-url', aws.endpoint],
      join(folder, 'source'),
      `boto3+s3://${bucket}/${host}`,
    ]);
  } finally {
    process.removeListener('exit', clean);
    clean();
  }
}

/**
 * duplicity wants to decrypt the metadata that it finds in the bucket and not in its cache. Empty files
 * under the same names content it: a full needs none of it, and no secret key is ever there to ask for.
 */
function standIn(cache: string, known: readonly string[]): void {
  mkdirSync(cache, { recursive: true });
  for (const name of known) {
    if (/\.manifest\.gpg$/.test(name)) writeFileSync(join(cache, name.slice(0, -4)), '');
    if (/\.sigtar\.gpg$/.test(name)) {
      writeFileSync(join(cache, `${name.slice(0, -4)}.gz`), gzipSync(''));
    }
  }
}

/** The server lives in this process, so nothing may block it. */
function runner(folder: string, aws: LocalAws, children: Set<ChildProcess>) {
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    LC_ALL: 'C.UTF-8',
    GNUPGHOME: join(folder, 'gpg'),
    AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
    AWS_DEFAULT_REGION: aws.region,
  };
  return async (command: string, args: readonly string[]): Promise<string> => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    children.add(child);
    const status = new Promise<number | null>((done) => child.on('close', done));
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    children.delete(child);
    if ((await status) !== 0) throw new Error(`${command} failed:\n${stdout}${stderr}`);
    return stdout;
  };
}
