// Records chains of real duplicity: what it leaves in a bucket, and which of its points it restores from there.
//
//   node test/support/record-chains.ts [VERSION-OR-SCENARIO...]
//
// Writes test/fixtures/listings/chain-*.json, and what was measured to test/fixtures/chains.json. duplicity's clock
// is set by --current-time, S3's by the local AWS. It takes about 15 minutes.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { makeHost } from '../e2e/duplicity-host.ts';
import { startLocalAws } from '../local-aws/local-aws.ts';
import { type Backup, SCENARIOS, type Scenario } from './chain-scenarios.ts';
import { ProgramError, runProgram } from './run-program.ts';

const fixtures = new URL('../fixtures/', import.meta.url).pathname;
const Bucket = 'backups';
const FIRST = Date.UTC(2026, 10, 16, 3, 15, 2);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** When the backup of the n-th day begins; the first is a Monday. */
const on = (day: number) => FIRST + (day - 1) * DAY;
const iso = (at: number) => new Date(at).toISOString().replace('.000', '');
const compact = (at: number) => iso(at).replace(/[-:]/g, '');

/** What is seen of a tree: the names and bytes of its files. */
const look = (dir: string) =>
  readdirSync(dir)
    .sort()
    .map((name) => `${name} ${readFileSync(join(dir, name)).toString('base64')}`)
    .join('\n');

async function makeWorld(program: string, version: string, words: readonly string[]) {
  let clock = FIRST;
  let began = Date.now();
  let writes: string[] = [];
  let onWrite = (_: string): void => undefined;
  const aws = await startLocalAws({
    now: () => clock + Date.now() - began,
    onEvent: ({ Records }) => {
      for (const { eventName, s3 } of Records) {
        const key = decodeURIComponent(s3.object.key.replaceAll('+', ' '));
        if (eventName.startsWith('ObjectCreated')) writes.push(`PUT ${key}`);
        if (eventName.startsWith('ObjectCreated')) onWrite(key);
      }
    },
  });
  aws.createBucket(Bucket, { versioning: true });
  const { endpoint, region, credentials: given } = aws;
  const s3 = new S3Client({ endpoint, region, credentials: given, forcePathStyle: true });
  const credentials = {
    AWS_ACCESS_KEY_ID: 'AKIAWEB',
    AWS_SECRET_ACCESS_KEY: 'x',
    AWS_DEFAULT_REGION: region,
    PASSPHRASE: '',
    TZ: 'UTC',
    LC_ALL: 'C.UTF-8',
  };
  const other = { ...credentials, AWS_ACCESS_KEY_ID: 'AKIAOTHER' };
  const host = await makeHost({ PATH: process.env.PATH });
  const trees = new Map<number, string>();
  /** By the time of a set: the last run that wrote to it. */
  const holds = new Map<string, number>();
  const steps: object[] = [];
  const url = `${version.startsWith('0.') ? 'boto3+' : ''}s3://${Bucket}/web`;
  const set = (at: number) => {
    clock = at;
    began = Date.now();
  };

  const backUp = async (
    type: 'full' | 'incremental',
    day: number,
    { killed = false, refused = false, meanwhile, machine = 'archive' }: Backup = {},
  ) => {
    set(on(day));
    const source = join(host.dir, 'sources', machine);
    mkdirSync(source, { recursive: true });
    const changed = join(source, 'day');
    writeFileSync(changed, `${machine} ${day}`);
    // duplicity knows a change by the second of its time.
    utimesSync(changed, on(day) / 1000, on(day) / 1000);
    writeFileSync(join(source, `data-${day}`), randomBytes(killed ? 3_200_000 : 1_200_000));
    trees.set(day, look(source));
    const kill = new AbortController();
    let otherRun: Promise<unknown> | undefined;
    const mine: string[] = [];
    writes = mine;
    onWrite = (key) => {
      if (killed && key.includes('.vol2.')) kill.abort();
      if (meanwhile !== undefined && key.includes('.vol1.')) {
        onWrite = () => undefined;
        const slow = aws.faults.add({
          principal: keys.AWS_ACCESS_KEY_ID,
          fault: { error: 'SlowDown' },
        });
        otherRun = meanwhile().finally(slow.remove);
      }
    };
    const keys = machine === 'archive' ? credentials : other;
    let rc: unknown = 0;
    const archive = join(host.dir, machine);
    mkdirSync(archive, { recursive: true });
    await host
      .backUp(url, keys, endpoint, on(day), {
        ...{ type, source, program, archive, signal: kill.signal },
        words: [
          ...words,
          ...(meanwhile === undefined ? [] : ['--num-retries', '30']),
          ...(machine === 'archive' ? [] : ['--allow-source-mismatch']),
        ],
      })
      .catch((error: unknown) => {
        rc = killed ? -9 : error instanceof ProgramError ? error.status : `${error}`;
        if (!killed && !refused) throw error;
      });
    await otherRun;
    await aws.settled();
    onWrite = () => undefined;
    for (const key of mine) {
      const time = /[.](\d{8}T\d{6}Z)[.](?!to)/.exec(key)?.[1];
      if (time !== undefined) holds.set(time, day);
    }
    steps.push({
      clock: iso(on(day)),
      command: [
        ...[`duplicity${version.startsWith('0.') ? '' : `-${version}`}`, type],
        ...['--encrypt-key backup@example.org --volsize 1', ...words],
        ...(machine === 'archive' ? [] : [`--archive-dir $CACHE/${machine}`]),
        `--s3-endpoint-url $ENDPOINT tree ${url}`,
      ].join(' '),
      ...{ rc, writes: mine },
      ...(killed && { killed: 'SIGKILL in mid-upload' }),
    });
  };

  /** The files of a day's set, six hours after it began. */
  const find = async (day: number, which: RegExp) => {
    set(on(day) + 6 * HOUR);
    const time = compact(on(day));
    const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    const keys = Versions.flatMap(({ Key = '', IsLatest }) => (IsLatest ? Key : [])).filter(
      (key) =>
        which.test(key) && (key.includes(`.to.${time}.`) || /full/.test(key)) && key.includes(time),
    );
    if (keys.length === 0) throw new Error(`nothing to change of ${time}`);
    return keys;
  };

  return {
    aws,
    holds,
    steps,
    full: (day: number, how?: Backup) => backUp('full', day, how),
    inc: (day: number, how?: Backup) => backUp('incremental', day, how),
    loseCache: () => {
      rmSync(join(host.dir, 'archive'), { recursive: true });
      steps.push({ command: 'rm -r ~/.cache/duplicity' });
    },
    remove: async (day: number, which: RegExp) => {
      const keys = await find(day, which);
      for (const Key of keys) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
      steps.push({ command: 'aws s3api delete-object ...', keys });
    },
    empty: async (day: number, which: RegExp) => {
      const keys = await find(day, which);
      const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
      for (const { Key = '', VersionId, LastModified } of Versions) {
        if (!keys.includes(Key) || LastModified === undefined) continue;
        aws.put(Bucket, Key, Buffer.alloc(0), { modified: LastModified });
        await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
      }
      steps.push({ command: 'as if the upload had been empty', keys });
    },
    expire: async (day: number) => {
      await s3.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket,
          LifecycleConfiguration: {
            Rules: [
              { ID: 'x', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 3 } },
            ],
          },
        }),
      );
      aws.runLifecycle(Bucket, `${iso(on(day)).slice(0, 10)}T00:00:00Z`);
      steps.push({
        clock: `${iso(on(day)).slice(0, 10)}T00:00:00Z`,
        command: 'lifecycle: hides after 3 days',
      });
    },
    /** As `aws s3api list-object-versions` prints it. */
    list: async () => {
      const { Versions = [], DeleteMarkers = [] } = await s3.send(
        new ListObjectVersionsCommand({ Bucket, Prefix: 'web/' }),
      );
      return {
        Versions: Versions.map(
          ({ ETag, Size, StorageClass, Key, VersionId, IsLatest, LastModified }) => ({
            ...{ ETag, Size, StorageClass, Key, VersionId, IsLatest, LastModified },
          }),
        ),
        DeleteMarkers: DeleteMarkers.map(({ Key, VersionId, IsLatest, LastModified }) => ({
          ...{ Key, VersionId, IsLatest, LastModified },
        })),
      };
    },
    /** Which day's tree a restore with an empty cache brings; an error as its last line. */
    restore: async (at: number, time?: number): Promise<number | string> => {
      const out = join(host.dir, 'restored');
      rmSync(out, { recursive: true, force: true });
      const wanted = time === undefined ? [] : ['--time', `${time / 1000}`];
      const archive = join(host.dir, 'restorer');
      mkdirSync(archive, { recursive: true });
      const all = ['restore', ...words, ...wanted, url, out];
      try {
        await host.run(all, { program, archive, credentials, endpoint, at });
      } catch (error) {
        if (!(error instanceof ProgramError)) throw error;
        return why(error.printed);
      }
      const tree = look(out);
      for (const [day, known] of trees) if (known === tree) return day;
      return 'another tree';
    },
    status: async (at: number) => {
      const archive = join(host.dir, 'status');
      const all = ['collection-status', ...words, url];
      const printed = await host.run(all, { program, archive, credentials, endpoint, at });
      const chains: string[][] = [];
      for (const line of printed.split('\n')) {
        const [, type, date] =
          /^\s+(Full|Incremental)\s+(\w{3} \w{3} [ \d]\d [\d:]{8} \d{4})/.exec(line) ?? [];
        if (type === 'Full') chains.push([]);
        if (date !== undefined) chains.at(-1)?.push(iso(Date.parse(`${date} UTC`)));
      }
      const number = (pattern: RegExp) => Number(pattern.exec(printed)?.[1] ?? 0);
      return {
        chains,
        orphans: number(/Also found (\d+) backup set/),
        incomplete: number(/and (\d+) incomplete backup set/),
      };
    },
    close: async () => {
      await host.remove();
      s3.destroy();
      await aws.close();
    },
  };
}

function why(printed: string): string {
  const lines = printed.trim().split('\n');
  const error = lines.findLast((line) => /Error|cannot|not found|Two chains|No backup/i.test(line));
  return (error ?? lines.at(-1) ?? '').replace(/\/tmp\/\S+/g, '...').trim();
}

async function record(
  name: string,
  { note, days, words = [], keepDays, run, cure }: Scenario,
  [program, version]: [string, string],
) {
  const world = await makeWorld(program, version, words);
  try {
    await run(world);
    const listing = `chain-${name}${version.startsWith('0.') ? '' : `-${version}`}.json`;
    const asOf = on(days) + 8.75 * HOUR;
    const listed = await world.list();
    const measure = async () => {
      const points = [];
      for (const [time, day] of world.holds) {
        const at = Date.parse(time.replace(/(....)(..)(..T..)(..)(..Z)/, '$1-$2-$3:$4:$5'));
        const restores = shown(await world.restore(asOf, at));
        points.push({ at: iso(at), holds: iso(on(day)), restores });
      }
      return points.sort((a, b) => (a.at < b.at ? -1 : 1));
    };
    const points = await measure();
    const steps = [...world.steps];
    const measured = {
      listing,
      duplicity: version,
      as_of: iso(asOf),
      ...(keepDays && { keepDays }),
      ...(words.length > 0 && { filePrefix: words[1] }),
      points,
      withoutTime: shown(await world.restore(asOf)),
      collectionStatus: await world.status(asOf),
    };
    const recorded = { scenario: name, note, prefix: 'web/', as_of: iso(asOf), steps };
    writeFileSync(
      join(fixtures, 'listings', listing),
      `${lines({ ...listed, _recorded: recorded })}\n`,
    );
    if (cure === undefined) return measured;
    await cure(world);
    return { ...measured, cured: await measure() };
  } finally {
    await world.close();
  }
}

const shown = (restored: number | string) =>
  typeof restored === 'number' ? iso(on(restored)) : `fails: ${restored}`;

/** JSON with a line for each object. */
function lines(value: Record<string, unknown>): string {
  const parts = Object.entries(value).map(([key, part]) =>
    Array.isArray(part)
      ? `"${key}": [\n${part.map((one) => `  ${JSON.stringify(one)}`).join(',\n')}\n]`
      : `"${key}": ${JSON.stringify(part, null, 1)}`,
  );
  return `{\n${parts.join(',\n')}\n}`;
}

const file = join(fixtures, 'chains.json');
type Measured = Awaited<ReturnType<typeof record>>;
const known: Measured[] = JSON.parse(readFileSync(file, 'utf8'));
const third = (await runProgram('test/kit/duplicity3-venv', [])).trim();
const programs: [string, string][] = [];
for (const program of ['/usr/bin/duplicity', third]) {
  programs.push([program, /(\d[\d.]+)/.exec(await runProgram(program, ['--version']))?.[1] ?? '']);
}
const asked = process.argv.slice(2);
const isAsked = (...words: string[]) =>
  asked.length === 0 || words.some((word) => asked.includes(word));
for (const [name, scenario] of Object.entries(SCENARIOS)) {
  for (const program of programs) {
    if (!isAsked(name, program[1])) continue;
    const measured = await record(name, scenario, program);
    console.log(JSON.stringify(measured));
    const at = known.findIndex(({ listing }) => listing === measured.listing);
    known.splice(at < 0 ? known.length : at, 1, measured);
    writeFileSync(file, `${JSON.stringify(known, null, 1)}\n`);
  }
}
