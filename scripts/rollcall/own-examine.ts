// What `rollcall doctor` looks at on a machine of one's own: state, store, clock, mail server, and the last run.
import { stat } from 'node:fs/promises';
import { nameOf } from '../../shared/aws/client.ts';
import { connectBuckets } from '../../shared/aws/s3-objects.ts';
import { serverOf } from '../../shared/aws/s3-requests.ts';
import type { Check, Reading } from '../../shared/doctor/audit.ts';
import {
  judgeBuckets,
  judgeClock,
  judgeLastRun,
  judgeOwnMachine,
  judgePasswordFile,
  judgeState,
  type StateProbe,
} from '../../shared/doctor/own-machine.ts';
import { TargetUnreadableError } from '../../shared/monitor/object-store.ts';
import {
  parseState,
  RecordConflictError,
  RecordError,
  type RecordStore,
  STATE_PAGE,
} from '../../shared/monitor/state.ts';
import { type OwnMachine, readMailServer, smtpOf } from './run-dependencies.ts';
import { formatPlace, readGoodRun, type StatePlace } from './state-place.ts';

const PATIENCE_MS = 10_000;
const PROBE = 'doctor/probe.json';

/** Asks all of it; what cannot be asked is `unknown`. The only thing that it writes is a page of its own. */
export async function examineOwnMachine(
  machine: OwnMachine,
  place: StatePlace,
  records: RecordStore,
  now: number,
): Promise<readonly Check[]> {
  const [probe, lastRun, clock, buckets, server, refusals] = await Promise.all([
    readRecords(() => probeState(place, records)),
    readRecords(async () => {
      const at = await readGoodRun(records);
      return at === undefined ? undefined : now - at;
    }),
    readClock(machine),
    readBuckets(machine),
    readMailServer(machine),
    records.read(STATE_PAGE).then(
      ({ text }) => parseState(text ?? '')?.refusals ?? new Map(),
      () => new Map(),
    ),
  ]);
  const { passwordFile } = smtpOf(machine) ?? {};
  const isOpen = passwordFile === undefined ? undefined : await isOpenToOthers(passwordFile);
  return [
    ...judgeState(formatPlace(place), probe),
    ...judgeLastRun(lastRun),
    ...judgeClock(clock),
    ...judgeBuckets(buckets),
    ...(isOpen === undefined ? [] : judgePasswordFile(passwordFile ?? '', isOpen)),
    ...judgeOwnMachine(server, refusals, machine.config),
  ];
}

async function readRecords<Value>(read: () => Promise<Value>): Promise<Reading<Value>> {
  try {
    return { read: true, value: await read() };
  } catch (error) {
    if (!(error instanceof RecordError || error instanceof RecordConflictError)) throw error;
    return { read: false, why: error.message, fix: 'put that right, or name another: --state DIR' };
  }
}

/** A store that takes a write based on less than the newest page would let two runs undo one another. */
async function probeState(place: StatePlace, records: RecordStore): Promise<StateProbe> {
  const { tag } = await records.read(PROBE);
  const first = await records.write(PROBE, '{"probe":1}\n', tag);
  await records.write(PROBE, '{"probe":2}\n', first);
  const late = await records.write(PROBE, '{"probe":3}\n', first).then(
    () => 'taken' as const,
    (error) => {
      if (!(error instanceof RecordConflictError)) throw error;
      return 'refused' as const;
    },
  );
  const isOpen = 'folder' in place && (await isOpenToOthers(place.folder));
  return { isConditional: late === 'refused', ...(isOpen ? { openTo: 'others' as const } : {}) };
}

async function isOpenToOthers(path: string): Promise<boolean | undefined> {
  const known = await stat(path).catch(() => undefined);
  return known && (known.mode & 0o007) !== 0;
}

/** The store's clock is in the header of any answer, refusals too. */
async function readClock({ connection }: OwnMachine): Promise<Reading<number>> {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await fetch(serverOf(connection), {
      method: 'HEAD',
      redirect: 'manual',
      signal,
    });
    const at = Date.parse(answer.headers.get('date') ?? '');
    if (!Number.isNaN(at)) return { read: true, value: Date.now() - at };
    return {
      read: false,
      why: 'the store says no time',
      fix: 'compare the clock by hand: date -u',
    };
  } catch (error) {
    const why = `the store cannot be asked for its time (${nameOf((error as Error).cause ?? error)})`;
    return { read: false, why, fix: 'compare the clock by hand: date -u' };
  }
}

async function readBuckets({ connection, config }: OwnMachine) {
  const flat = new Set<string>();
  const store = connectBuckets(connection, (bucket) => flat.add(bucket));
  const firstIn = new Map(config.hosts.map(({ target }) => [target.bucket, target.prefix]));
  return Promise.all(
    [...firstIn].map(async ([bucket, prefix]) => {
      try {
        const page = await store.list({ bucket, prefix, versions: true, onePage: true });
        await store.list({ bucket, prefix, delimiter: '.vol', onePage: true });
        // A bucket without versions has one of each key, which S3 calls null.
        const isNone = page.objects.some(({ versionId }) => versionId === 'null');
        const noVersions = page.inconclusive ?? (isNone ? 'not offered' : undefined);
        const value = { bucket, noVersions, isFlat: flat.has(bucket) };
        return { bucket, read: true as const, value };
      } catch (error) {
        if (!(error instanceof TargetUnreadableError)) throw error;
        return { bucket, read: false as const, why: error.message, fix: error.hint };
      }
    }),
  );
}
