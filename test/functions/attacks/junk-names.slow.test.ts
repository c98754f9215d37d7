// With a host's key 200,000 names that are no backups are put next to its backups, and then a backup is destroyed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { inQueue } from '../../support/deployed.ts';
import {
  configOf,
  created,
  EVERYBODY,
  fullOf,
  isoOf,
  manifestOf,
  startWorld,
  type World,
} from './world.ts';

const JUNK = 200_000;
const VICTIM = `web/${manifestOf('2026-11-22T03:00:00Z')}`;
const AT = '2026-11-23T14:00:00Z';
// Of the 512 MB that serverless.yml gives the function, Node's heap on Lambda may have nine tenths.
const HEAP_MIB = 460;
// It is asked for its memory alone: however busy this machine is, there is time.
const TIMEOUT_MS = 900_000;
vi.setConfig({ testTimeout: 600_000 });

let world: World;
afterEach(() => world.close());

const something = (index: number) => `photos/2026/november/holiday-${index}.jpeg`;
const spelling = (index: number) =>
  `duplicity-full.20261122T030000Z.vol${'0'.repeat(1 + (index % 9))}${index}.difftar.gpg`;
const manifest = (index: number) =>
  manifestOf(isoOf(Date.parse('2020-01-01T00:00:00Z') + index * 60_000));

/** The function in a process of its own, with the memory that it is deployed with. */
async function runAlone(event: object, now: string) {
  const script = new URL('on-object-alone.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MIB}`, script]);
  child.stdin.end(JSON.stringify({ event, now, timeoutMs: TIMEOUT_MS }));
  const [said, [status]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  return { status, said };
}

async function play(nameOf: (index: number) => string): Promise<void> {
  world = await startWorld(configOf('{ web: {}, db: {} }', { more: 'keepDays: 30' }));
  for (const date of ['2026-11-22', '2026-11-23'])
    for (const host of ['web', 'db']) world.write(host, fullOf(`${date}T03:00:00Z`));
  for (let index = 0; index < JUNK; index += 1)
    world.aws.put('backups', `web/${nameOf(index)}`, { bytes: 1 }, { modified: AT });
  world.overwrite(VICTIM, AT);
  const { status, said } = await runAlone(inQueue([created(VICTIM, AT)]), '2026-11-23T14:00:05Z');
  expect(said).toBe('');
  expect(status).toBe(0);
  // What it posts stays in its own process.
  expect(world.hearersOf(/\bweb\b/)).toEqual(EVERYBODY.filter((by) => !by.startsWith('https:')));
}

describe('the function of the bucket holds in its memory, and names the host of,', () => {
  it('200,000 names of something else', () => play(something));
  it('200,000 other spellings of a volume', () => play(spelling));
  it('200,000 manifests of sets that never were', () => play(manifest));
});
