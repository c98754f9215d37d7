// A host that backs up: real duplicity, a key that is thrown away, and the credentials of one user.
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../support/run-program.ts';

// Named in full: another duplicity, earlier in PATH, may not find the system's boto3.
const duplicity = '/usr/bin/duplicity';
const programs = [duplicity, '/usr/bin/gpg', '/usr/bin/openssl'];

/** Throws what to install, so that the suite never passes for lack of duplicity. */
export function demandPrograms(): void {
  const missing = programs.filter((program) => {
    try {
      accessSync(program, constants.X_OK);
      return false;
    } catch {
      return true;
    }
  });
  if (missing.length === 0) return;
  throw new Error(
    `${missing.join(' and ')} missing: apt-get install duplicity python3-boto3 gnupg openssl`,
  );
}

/** `at` = the clock of duplicity; an aborted `signal` kills it. */
type Run = {
  readonly credentials: NodeJS.ProcessEnv;
  readonly endpoint: string;
  readonly at: number;
  readonly program?: string;
  readonly archive?: string;
  readonly signal?: AbortSignal;
};
type HowToBackUp = Pick<Run, 'program' | 'archive' | 'signal'> & {
  readonly type?: 'full' | 'incremental';
  readonly words?: readonly string[];
  readonly source?: string;
};

/** A host with about 3 MB that no compression makes smaller, which is three volumes of 1 MB. */
export async function makeHost(env: NodeJS.ProcessEnv) {
  const dir = mkdtempSync(join(tmpdir(), 'host-'));
  const inside = (name: string) => join(dir, name);
  for (const name of ['gnupg', 'source', 'archive']) mkdirSync(inside(name), { mode: 0o700 });
  writeFileSync(inside('source/data'), randomBytes(3_000_000));
  const own = { ...env, HOME: dir, GNUPGHOME: inside('gnupg') };
  const gpg = (...words: string[]) =>
    runProgram('gpg', ['--batch', '--quiet', '--passphrase', '', ...words], { env: own });

  await gpg('--quick-generate-key', 'Backup <backup@example.net>', 'rsa3072', 'cert', 'never');
  const keys = await gpg('--with-colons', '--list-keys');
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(keys)?.[1] ?? '';
  await gpg('--quick-add-key', fingerprint, 'rsa3072', 'encr', 'never');
  const [, subkey = ''] =
    /^sub:(?:[^:]*:){3}([0-9A-F]{16}):/m.exec(await gpg('--with-colons', '--list-keys')) ?? [];

  /** Runs duplicity with this host's keys and cache, or with another `program` or `archive`. */
  const run = (
    words: readonly string[],
    { program = duplicity, archive = inside('archive'), credentials, endpoint, at, signal }: Run,
  ) =>
    runProgram(
      program,
      [
        ...words.slice(0, 1),
        ...['--archive-dir', archive, '--current-time', `${Math.floor(at / 1000)}`],
        '--gpg-options=--trust-model=always',
        ...['--num-retries', '2', '--backend-retry-delay', '1'],
        ...['--s3-endpoint-url', endpoint],
        ...words.slice(1),
      ],
      { env: { ...own, ...credentials }, ...(signal && { signal, killSignal: 'SIGKILL' }) },
    );

  return {
    dir,
    source: inside('source'),
    /** The id of the key that its backups are encrypted to. */
    subkey,
    /** Its secret key in a file, which no host of the real world has. */
    exportKey: async (file: string) => {
      await gpg('--armor', '--output', file, '--export-secret-keys', fingerprint);
    },
    /** What anybody who owns the host can make of a text: garbage for the right key. */
    encrypt: async (text: string): Promise<Buffer> => {
      writeFileSync(inside('plain'), text);
      const words = ['--yes', '--trust-model', 'always', '--recipient', fingerprint];
      await gpg(...words, '--output', inside('forged'), '--encrypt', inside('plain'));
      return readFileSync(inside('forged'));
    },
    run,
    /** Writes a full backup, with the words that the host kit uses where a key may not read; `at` = its clock. */
    backUp: (
      url: string,
      credentials: NodeJS.ProcessEnv,
      endpoint: string,
      at = Date.now(),
      { type = 'full', words = [], source = inside('source'), ...more }: HowToBackUp = {},
    ) =>
      run([type, ...['--volsize', '1', '--encrypt-key', fingerprint], ...words, source, url], {
        ...more,
        credentials,
        endpoint,
        at,
      }),
    remove: async () => {
      await runProgram('gpgconf', ['--kill', 'all'], { env: own });
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
