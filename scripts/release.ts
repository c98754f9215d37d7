// `npm run release`: checks that version, changelog and tag agree, and writes the notes and the list of what is inside.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const HELP = `Checks a release, and writes dist/release-notes.md and dist/sbom.json. It publishes nothing.

  npm run release                     before the tag: is CHANGELOG.md ready for the version in package.json?
  npm run release -- --tag v0.2.0     after it: is the tag the version?

Exit status: 0 all agrees, 1 something does not, 2 the command line is wrong.
`;
const root = join(import.meta.dirname, '..');

/**
 * The text of a version's section in a changelog of the Keep a Changelog form, without its heading; undefined where
 * there is none, or nothing in it.
 */
export function notesOf(changelog: string, version: string): string | undefined {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((one) => one.startsWith(`[${version}] - `));
  const notes = section?.slice(section.indexOf('\n')).trim();
  return notes === '' ? undefined : notes;
}

/** What speaks against a release, in words; nothing where all agrees. */
export function problemsOf(version: string, changelog: string, tag?: string): string[] {
  const problems: string[] = [];
  if (!/^\d+\.\d+\.\d+$/.test(version))
    problems.push(`package.json: "${version}" is no version like 1.2.3: write one`);
  if (tag !== undefined && tag !== `v${version}`)
    problems.push(`the tag is ${tag}, and package.json says ${version}: tag v${version} instead`);
  if (notesOf(changelog, version) === undefined)
    problems.push(`CHANGELOG.md: no section "## [${version}] - DATE" with text: write it`);
  return problems;
}

function writeSbom(file: string): void {
  const { status, stdout, stderr } = spawnSync(
    'npm',
    ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev'],
    { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (status !== 0) throw new Error(`npm sbom failed: ${stderr.trim()}; run npm ci first`);
  writeFileSync(file, stdout);
}

function main(args: readonly string[]): number {
  const { values } = parseArgs({
    args: [...args],
    options: { tag: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const read = (name: string) => readFileSync(join(root, name), 'utf8');
  const { version } = JSON.parse(read('package.json')) as { version: string };
  const changelog = read('CHANGELOG.md');
  const problems = problemsOf(version, changelog, values.tag);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) return 1;
  const dist = join(root, 'dist');
  mkdirSync(dist, { recursive: true });
  writeFileSync(join(dist, 'release-notes.md'), `${notesOf(changelog, version)}\n`);
  writeSbom(join(dist, 'sbom.json'));
  console.log(`${version} is ready: dist/release-notes.md, dist/sbom.json`);
  return 0;
}

if (import.meta.main) {
  try {
    process.exitCode = main(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exitCode = 2;
  }
}
