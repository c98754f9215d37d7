// Gets Ceph's programs: those of the machine, or Debian's packages unpacked into a folder of their own.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runProgram } from '../support/run-program.ts';

const folder = resolve(import.meta.dirname, '../../.radosgw');
const PACKAGES = ['radosgw', 'ceph-mon', 'ceph-osd'];

/**
 * The root under which `usr/bin/radosgw` lies. Fetched once, about 70 MB, and nothing is installed: no package is configured,
 * no service started, and nobody has to be root. Throws with what to do where there is no apt or no network.
 */
export async function fetchRadosgw(): Promise<string> {
  const root = join(folder, 'root');
  const inFolder = (name: string, place: string) => existsSync(join(place, 'usr/bin', name));
  if (PACKAGES.every((name) => inFolder(name, '/'))) return '/';
  // apt brings only what the machine lacks: the rest runs from where it is.
  const all = PACKAGES.every((name) => [root, '/'].some((place) => inFolder(name, place)));
  if (all) return root;
  console.log('fetching radosgw into .radosgw (once, about 70 MB)');
  const fresh = join(folder, 'unpacking');
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  try {
    const words = ['--simulate', '--no-install-recommends', 'install', ...PACKAGES];
    const plan = await runProgram('apt-get', words);
    const wanted = [...plan.matchAll(/^Inst (\S+) (?:\[[^\]]*\] )?\((\S+)/gm)];
    const exact = wanted.map(([, name, version]) => `${name}=${version}`);
    await runProgram('apt-get', ['download', ...exact], { cwd: fresh });
    for (const file of readdirSync(fresh).filter((name) => name.endsWith('.deb'))) {
      await runProgram('dpkg', ['--extract', join(fresh, file), join(fresh, 'root')]);
      rmSync(join(fresh, file));
    }
  } catch (cause) {
    const help = `apt-get update && apt-get install ${PACKAGES.join(' ')}`;
    throw new Error(`radosgw cannot be had here: on Debian or Ubuntu, as root: ${help}`, { cause });
  }
  rmSync(root, { recursive: true, force: true });
  renameSync(join(fresh, 'root'), root);
  return root;
}
