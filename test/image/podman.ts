// Podman as root, with images of its own: the base image is Docker's where it can be had, else one made of Debian's packages.
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ProgramError, runProgram } from '../support/run-program.ts';

const PULL_MS = 60_000;

export type Podman = {
  /** Answers what it printed. Throws `ProgramError`. */
  readonly podman: (...words: string[]) => Promise<string>;
  /** Builds a folder with its Dockerfile. */
  readonly build: (folder: string, tag: string) => Promise<string>;
  /** What the base image was: `pulled` or `made`. */
  readonly base: string;
  readonly remove: () => void;
};

/** Throws what to install. */
export async function openPodman(base: string): Promise<Podman> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-podman-'));
  // Files in place of overlays and no daemon: it works inside a container, too.
  const own = ['--storage-driver=vfs', `--root=${folder}/images`, `--runroot=${folder}/run`];
  const podman = (...words: string[]) =>
    runProgram('podman', [...own, '--runtime=runc', ...words]).catch(explain);
  const buildah = (...words: string[]) => runProgram('buildah', [...own, ...words]).catch(explain);
  const signal = AbortSignal.timeout(PULL_MS);
  const isPulled = await runProgram('podman', [...own, 'pull', `docker.io/library/${base}`], {
    signal,
  }).then(
    () => true,
    () => false,
  );
  if (!isPulled) await makeBase(join(folder, 'base'), base, buildah);
  return {
    podman,
    build: (from, tag) =>
      buildah('bud', '--isolation=chroot', '--format=docker', '--pull-never', '-t', tag, from),
    base: isPulled ? 'pulled' : 'made',
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function explain(error: unknown): never {
  if (error instanceof ProgramError && error.status !== 'ENOENT') throw error;
  const help = 'as root on Debian: apt-get install podman buildah runc debootstrap';
  throw new Error(`podman is missing; ${help}`, { cause: error });
}

/** As Docker's image of Node is: /usr/local/bin/node and npm, and the user node of number 1000. */
async function makeBase(
  root: string,
  base: string,
  buildah: (...words: string[]) => Promise<string>,
): Promise<void> {
  console.log(`${base} cannot be pulled: one is made of Debian's packages and this Node`);
  await runProgram('debootstrap', [
    ...['--variant=minbase', 'bookworm', root, 'http://deb.debian.org/debian'],
  ]).catch(explain);
  const [bin, modules] = [join(root, 'usr/local/bin'), join(root, 'usr/local/lib/node_modules')];
  mkdirSync(modules, { recursive: true });
  copyFileSync(process.execPath, join(bin, 'node'));
  // .../npm/bin/npm-cli.js
  const npm = await runProgram('sh', ['-c', 'readlink -f "$(command -v npm)"']);
  cpSync(dirname(dirname(npm)), join(modules, 'npm'), { recursive: true, dereference: true });
  for (const name of ['npm', 'npx']) {
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(bin, name));
  }
  await runProgram('chroot', [root, 'useradd', '--create-home', '--uid=1000', 'node']);
  // Behind a proxy with an authority of its own.
  const { NODE_EXTRA_CA_CERTS } = process.env;
  if (NODE_EXTRA_CA_CERTS) {
    const file = join(root, 'usr/local/etc/authorities.pem');
    mkdirSync(dirname(file), { recursive: true });
    copyFileSync(NODE_EXTRA_CA_CERTS, file);
    writeFileSync(join(dirname(file), 'npmrc'), 'cafile=/usr/local/etc/authorities.pem\n');
  }
  const container = (await buildah('from', 'scratch')).trim();
  await buildah('copy', '--quiet', container, root, '/');
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  await buildah('config', '--env', path, container);
  await buildah('commit', '--quiet', '--format=docker', container, `docker.io/library/${base}`);
  await buildah('rm', container);
}
