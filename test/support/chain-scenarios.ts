// What happens to each of the chains that record-chains.ts records.

/** `refused`: duplicity may refuse to go on; its status is recorded. */
export type Backup = {
  killed?: boolean;
  refused?: boolean;
  meanwhile?: () => Promise<unknown>;
  machine?: string;
};

/** A host that backs itself up to a bucket. Days are numbered from 1, and each has a backup of its own. */
type World = {
  readonly full: (day: number, how?: Backup) => Promise<void>;
  readonly inc: (day: number, how?: Backup) => Promise<void>;
  readonly loseCache: () => void;
  /** Deletes those files of a day's set whose names fit. */
  readonly remove: (day: number, which: RegExp) => Promise<void>;
  /** Leaves them without a byte. */
  readonly empty: (day: number, which: RegExp) => Promise<void>;
  /** Lifecycle acts, as of the midnight before a day. */
  readonly expire: (day: number) => Promise<void>;
};

/** A quarter of an hour after the backup of the third day has begun. */
const MEANWHILE = 3 + 1 / 96;

/** Four minutes after it, by a clock that is so much ahead. */
const AHEAD = 3 + 4 / 1440;

export type Scenario = {
  readonly note: string;
  /** The last day; the verdict is asked for at its noon. */
  readonly days: number;
  readonly words?: readonly string[];
  readonly keepDays?: number;
  readonly run: (world: World) => Promise<unknown>;
  /** What makes it restore again, as a finding says: what is restored then is measured too. */
  readonly cure?: (world: World) => Promise<unknown>;
};

const weekOf = async (world: World, days: number) => {
  await world.full(1);
  for (let day = 2; day <= days; day += 1) await world.inc(day);
};

export const SCENARIOS: Record<string, Scenario> = {
  whole: { note: 'a full and four increments', days: 5, run: (world) => weekOf(world, 5) },
  prefix: {
    note: 'with --file-prefix',
    days: 3,
    words: ['--file-prefix', 'web-'],
    run: (world) => weekOf(world, 3),
  },
  killed: {
    note: 'the increment of the last day was killed',
    days: 3,
    run: async (world) => {
      await weekOf(world, 2);
      await world.inc(3, { killed: true });
    },
  },
  'killed-resumed': {
    note: 'an increment was killed; the run of the next day finishes it, under its own time, and writes no other',
    days: 4,
    run: async (world) => {
      await weekOf(world, 2);
      await world.inc(3, { killed: true });
      await world.inc(4);
    },
  },
  'killed-resumed-and-on': {
    note: 'an increment was killed, finished by the run of the next day, and built on by the one after',
    days: 5,
    run: async (world) => {
      await weekOf(world, 2);
      await world.inc(3, { killed: true });
      await world.inc(4);
      await world.inc(5);
    },
  },
  'killed-cache-lost': {
    note: 'an increment was killed and the cache lost; the next ones build on the one before it',
    days: 5,
    run: async (world) => {
      await weekOf(world, 2);
      await world.inc(3, { killed: true });
      world.loseCache();
      await world.inc(4);
      await world.inc(5);
    },
  },
  gap: {
    note: 'all files of a middle increment were deleted',
    days: 5,
    run: async (world) => {
      await weekOf(world, 5);
      await world.remove(3, /./);
    },
  },
  'gap-manifest': {
    note: 'the manifest of a middle increment was deleted',
    days: 5,
    run: async (world) => {
      await weekOf(world, 5);
      await world.remove(3, /manifest/);
    },
  },
  'gap-volume': {
    note: 'the first volume of a middle increment was deleted',
    days: 5,
    run: async (world) => {
      await weekOf(world, 5);
      await world.remove(3, /vol1\./);
    },
  },
  'gap-signatures': {
    note: 'the signatures of a middle increment were deleted',
    days: 5,
    run: async (world) => {
      await weekOf(world, 5);
      await world.remove(3, /sigtar/);
    },
  },
  'signatures-lost': {
    note: 'the signatures of the newest increment and the cache were lost; what follows passes over it',
    days: 5,
    run: async (world) => {
      await weekOf(world, 3);
      await world.remove(3, /sigtar/);
      world.loseCache();
      await world.inc(4);
      await world.inc(5);
    },
  },
  'newest-without-signatures': {
    note: 'the signatures of the newest increment were deleted; duplicity passes over it',
    days: 4,
    run: async (world) => {
      await weekOf(world, 4);
      await world.remove(4, /sigtar/);
    },
  },
  'newest-two-without-signatures': {
    note: 'the signatures of the newest two increments were deleted; duplicity passes over neither',
    days: 4,
    run: async (world) => {
      await weekOf(world, 4);
      await world.remove(3, /sigtar/);
      await world.remove(4, /sigtar/);
    },
  },
  'newest-signatures-empty': {
    note: 'the signatures of the newest increment have no bytes',
    days: 4,
    run: async (world) => {
      await weekOf(world, 4);
      await world.empty(4, /sigtar/);
    },
    cure: (world) => world.remove(4, /sigtar/),
  },
  'gap-signatures-empty': {
    note: 'the signatures of a middle increment have no bytes',
    days: 4,
    run: async (world) => {
      await weekOf(world, 4);
      await world.empty(3, /sigtar/);
    },
    cure: (world) => world.remove(3, /sigtar/),
  },
  'full-signatures-empty': {
    note: 'the signatures of the full have no bytes',
    days: 3,
    run: async (world) => {
      await weekOf(world, 3);
      await world.empty(1, /sigtar/);
    },
    cure: (world) => world.remove(1, /sigtar/),
  },
  'fulls-signatures-empty': {
    note: 'two fulls, and the signatures of the newest have no bytes',
    days: 2,
    run: async (world) => {
      await world.full(1);
      await world.full(2);
      await world.empty(2, /sigtar/);
    },
    cure: (world) => world.remove(2, /sigtar/),
  },
  'two-machines': {
    note: 'two machines wrote an increment at one time; both build on the same set, and duplicity 0.8.22 refuses to go on',
    days: 4,
    run: async (world) => {
      await weekOf(world, 2);
      await world.inc(3, { meanwhile: () => world.inc(MEANWHILE, { machine: 'other' }) });
      await world.inc(4, { refused: true });
    },
  },
  'two-machines-newer-lost': {
    note: 'two increments build on the same set, and the newer one lost a volume',
    days: 3,
    run: async (world) => {
      await weekOf(world, 2);
      await world.inc(3, { meanwhile: () => world.inc(MEANWHILE, { machine: 'other' }) });
      await world.remove(MEANWHILE, /vol1\./);
    },
  },
  'full-expired': {
    note: 'lifecycle took the full after its days, and keeps what builds on it',
    days: 5,
    keepDays: 3,
    run: async (world) => {
      await weekOf(world, 4);
      await world.expire(5);
    },
  },
  'two-chains': {
    note: 'two chains; the first lost an increment',
    days: 6,
    run: async (world) => {
      await weekOf(world, 3);
      await world.full(4);
      await world.inc(5);
      await world.inc(6);
      await world.remove(2, /./);
    },
  },
  'two-chains-gap': {
    note: 'two chains; the second lost its first increment',
    days: 6,
    run: async (world) => {
      await weekOf(world, 2);
      await world.full(3);
      for (const day of [4, 5, 6]) await world.inc(day);
      await world.remove(4, /./);
    },
  },
  'two-chains-full-damaged': {
    note: 'two chains; the full of the second lost a volume',
    days: 5,
    run: async (world) => {
      await weekOf(world, 3);
      await world.full(4);
      await world.inc(5);
      await world.remove(4, /vol1\./);
    },
  },
  overlapping: {
    note: 'a full was written while another machine, whose clock is ahead, went on with the chain before it',
    days: 3,
    run: async (world) => {
      await weekOf(world, 2);
      await world.inc(AHEAD, { machine: 'other', meanwhile: () => world.full(3) });
    },
  },
  'overlapping-newer-lost': {
    note: 'a full was written while another machine, whose clock is ahead, went on with the chain before it, and that increment lost a volume',
    days: 3,
    run: async (world) => {
      await weekOf(world, 2);
      await world.inc(AHEAD, { machine: 'other', meanwhile: () => world.full(3) });
      await world.remove(AHEAD, /vol1\./);
    },
  },
};
