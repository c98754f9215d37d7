// Runs suites one after the other, each with its own runner, and ends with one line that counts them all.
//
//   node test/suites.ts units lint        run these
//   node test/suites.ts --sum FILE        add up what earlier runs wrote to $ROLLCALL_TALLY
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  globSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

type Count = { passed: number; failed: number; skipped: number };
/** `failures` names what failed, one line each: a log that was cut at its head still tells at its end. */
type Outcome = Count & { failures: readonly string[]; output?: string };
type VitestReport = {
  numPassedTests: number;
  numPendingTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
};
type Suite = {
  readonly needs: string;
  readonly run: () => Promise<Outcome>;
  /** It keeps one processor busy: it begins with the first suite, and what it prints comes at its turn. */
  readonly isSmall?: true;
};

const root = new URL('..', import.meta.url).pathname;
process.chdir(root);
const scratch = mkdtempSync(join(tmpdir(), 'rollcall-suites-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const SUITES: Record<string, Suite> = {
  lint: {
    needs: 'Node',
    isSmall: true,
    run: async () =>
      together(
        await Promise.all([one('biome', ['check', '.']), one('node', ['test/lint-words.ts'])]),
      ),
  },
  types: { needs: 'Node', isSmall: true, run: () => one('tsc', ['--noEmit']) },
  units: { needs: 'Node', run: () => vitest([]) },
  slow: { needs: 'Node', run: () => vitest(['--config', 'test/slow/vitest.config.ts']) },
  shellcheck: { needs: 'shellcheck', run: () => one('shellcheck', ['-x', ...shellFiles()]) },
  shfmt: { needs: 'shfmt', run: () => one('shfmt', ['-d', '-i', '2', '-ci', ...shellFiles()]) },
  bats: { needs: 'bats', run: () => bats('test/scripts') },
  kit: { needs: 'bats, duplicity, gpg, python3-boto3', run: () => bats('test/kit') },
  e2e: {
    needs: 'python3 with venv, duplicity, gpg, apt for Prometheus, PyPI for duplicity 3',
    run: () => vitest(['--config', 'test/e2e/vitest.config.ts']),
  },
  browser: {
    needs: 'chromium',
    run: () => vitest(['--config', 'test/browser/vitest.config.ts']),
  },
  lifecycle: {
    needs: 'Debian or Ubuntu, for radosgw: fetched once, about 70 MB; Go 1.26, for versitygw',
    run: () => vitest(['--config', 'test/lifecycle/vitest.config.ts']),
  },
  image: {
    needs: 'podman, buildah, runc and debootstrap, as root on Debian',
    run: () => vitest(['--config', 'test/image/vitest.config.ts']),
  },
};

/** Several checks as one suite. */
function together(parts: readonly Outcome[]): Outcome {
  const output = parts.map((part) => part.output ?? '').join('');
  return { ...sum(parts), failures: parts.flatMap(({ failures }) => failures), output };
}

/** A command that is one check: it passes or it fails. Shows nothing by itself. */
async function one(command: string, args: readonly string[]): Promise<Outcome> {
  const { status, output } = await run(command, args, 'shown later');
  return status === 0
    ? { passed: 1, failed: 0, skipped: 0, failures: [], output }
    : { passed: 0, failed: 1, skipped: 0, failures: [`${command} ended with ${status}`], output };
}

async function vitest(args: readonly string[]): Promise<Outcome> {
  const file = join(scratch, `vitest${args.join('-').replaceAll('/', '-')}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const { status } = await run('vitest', ['run', ...args, ...reporters]);
  const ended = `vitest ended with ${status}`;
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0, failures: [ended] };
  const report: VitestReport = JSON.parse(readFileSync(file, 'utf8'));
  const failures = report.testResults.flatMap((tested) => failuresOf(tested));
  // Something next to the tests can fail too: an error that nobody awaited.
  if (status !== 0 && failures.length === 0) failures.push(ended);
  return {
    passed: report.numPassedTests,
    failed: failures.length,
    skipped: report.numPendingTests,
    failures,
  };
}

/** A file that does not even load has no failed test in it, and is one failure itself. */
function failuresOf(tested: VitestReport['testResults'][number]): string[] {
  const file = tested.name.replace(root, '');
  const failed = tested.assertionResults.filter(({ status }) => status === 'failed');
  if (failed.length === 0 && tested.status === 'failed') return [`${file}: ${tested.message}`];
  return failed.map(({ fullName, failureMessages: [message = ''] }) => {
    const [why = ''] = message.split('\n');
    return `${file}: ${fullName}: ${why}`;
  });
}

/** Its files side by side, one for each processor: most of the time they wait for the programs that they test. */
async function bats(folder: string): Promise<Outcome> {
  const files = globSync(`${folder}/*.bats`).sort();
  const outcomes: Outcome[] = [];
  const work = async () => {
    for (let file = files.shift(); file !== undefined; file = files.shift()) {
      const { output = '', ...outcome } = await batsFile(file);
      console.log(`\n--- ${file}\n${output}`);
      outcomes.push(outcome);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return together(outcomes);
}

async function batsFile(file: string): Promise<Outcome> {
  const { status, output } = await run('bats', ['--tap', file], 'shown later');
  const lines = (pattern: RegExp) => output.match(pattern) ?? [];
  const skipped = lines(/^ok .*# skip/gm).length;
  const passed = lines(/^ok /gm).length - skipped;
  const failures = lines(/^not ok .*/gm).map((line) => `${file}: ${line}`);
  if (status !== 0 && failures.length === 0) failures.push(`${file}: bats ended with ${status}`);
  return { passed, failed: failures.length, skipped, failures, output };
}

/** Runs from node_modules first, shows what it prints, and keeps it: with its errors where it is shown later. */
function run(
  command: string,
  args: readonly string[],
  when: 'shown' | 'shown later' = 'shown',
): Promise<{ status: number; output: string }> {
  const env = { ...process.env, PATH: `${root}node_modules/.bin:${process.env.PATH}` };
  return new Promise((done) => {
    const isLater = when === 'shown later';
    const stdio = ['ignore', 'pipe', isLater ? 'pipe' : 'inherit'] as const;
    const child = spawn(command, args, { env, stdio: [...stdio] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => {
        if (!isLater) process.stdout.write(data);
        output += data;
      });
    }
    child.on('error', (error) => {
      console.error(`${command} cannot run: ${error.message}`);
      done({ status: 127, output });
    });
    child.on('close', (status) => done({ status: status ?? 1, output }));
  });
}

/** Everything under scripts/ and test/ that begins as a shell script, whatever it is called. */
function shellFiles(): string[] {
  const files = ['.ci', 'scripts', 'test'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const begins = (file: string) => readFileSync(file, 'latin1').slice(0, 64);
  return files.filter((file) => /^#!.*\b(?:ba|da)?sh\b/.test(begins(file)));
}

function print(name: string, { passed, failed, skipped }: Count): string {
  const tail = skipped > 0 ? `, ${skipped} skipped` : '';
  return `${name === '' ? '' : `${name}: `}${passed} passed, ${failed} failed${tail}`;
}

function sum(counts: readonly Count[]): Count {
  const add = (key: keyof Count) => counts.reduce((total, count) => total + count[key], 0);
  return { passed: add('passed'), failed: add('failed'), skipped: add('skipped') };
}

async function main([first = '', ...rest]: readonly string[]): Promise<number> {
  if (first === '--sum') {
    const lines = readFileSync(rest[0] ?? '', 'utf8')
      .trim()
      .split('\n');
    const tally = lines.map((line) => JSON.parse(line) as { name: string } & Outcome);
    for (const { name, failures } of tally)
      for (const failure of failures) console.log(`FAILED in ${name}: ${failure}`);
    for (const count of tally) console.log(print(count.name, count));
    const total = sum(tally);
    console.log(print('', total));
    return total.failed === 0 ? 0 : 1;
  }
  const suites = [first, ...rest].map((name) => {
    const suite = SUITES[name];
    if (suite === undefined)
      throw new Error(`no suite "${name}": ${Object.keys(SUITES).join(', ')}`);
    return { name, ...suite };
  });
  const begun = new Map(
    suites.flatMap(({ name, isSmall, run }) => (isSmall ? [[name, run()]] : [])),
  );
  const counts: Count[] = [];
  for (const { name, needs, run } of suites) {
    console.log(`\n=== ${name} (needs ${needs})`);
    const { output = '', ...count } = await (begun.get(name) ?? run());
    process.stdout.write(output);
    console.log(print(name, count));
    counts.push(count);
    const { ROLLCALL_TALLY } = process.env;
    if (ROLLCALL_TALLY) appendFileSync(ROLLCALL_TALLY, `${JSON.stringify({ name, ...count })}\n`);
  }
  printNotRun(suites.map(({ name }) => name));
  const total = sum(counts);
  console.log(`\n${print('', total)}`);
  return total.failed === 0 ? 0 : 1;
}

/** A suite that was not run must not look as if it had passed. */
function printNotRun(names: readonly string[]): void {
  const left = Object.entries(SUITES).filter(([name]) => !names.includes(name));
  if (process.env.ROLLCALL_TALLY || left.length === 0) return;
  console.log('\nNOT RUN here:');
  for (const [name, { needs }] of left) console.log(`  ${name.padEnd(10)} needs ${needs}`);
  console.log(
    'Run them:  npm run check     lint, types, units, the slow units and the shell scripts',
  );
  console.log('           npm run test:kit  the kit with real duplicity, on a local S3');
  console.log(
    '           npm run test:e2e  a real deployment, real duplicity, the mails read back',
  );
  console.log('           npm run test:browser  the page and the mail in chromium');
  console.log('           npm run test:lifecycle  an S3 whose lifecycle really runs');
  console.log('           npm run test:image  the image is built, and runs');
}

process.exitCode = await main(process.argv.slice(2));
