// What may happen to a host's night: each fault changes the session that the habit would have written.
import { type Form, newBody } from './body.ts';
import { type Evening, type File, type Night, ordinaryNight, stampOf } from './nights.ts';
import { DAY, HOUR, MINUTE } from './world.ts';

/** `nth` counts the nights of the fault from 0. */
type Change = (night: Night, evening: Evening, nth: number) => Night[];

export type HostFault = {
  readonly says: string;
  /** It lasts one night, or as many as are drawn up to this. */
  readonly nights: number;
  /** Exactly so many nights. */
  readonly always?: true;
  /** Nothing of it may raise an alarm; or so of a host that writes fulls alone. */
  readonly isHarmless?: true | 'without chains';
  readonly change: Change;
};

const bad = (night: Night, why: string, more: Partial<Night> = {}): Night[] => [
  { ...night, quality: 'bad', why, ...more },
];
/** An increment is of any size. */
const isLink = ({ basedOn }: Night) => basedOn !== undefined;
const isVolume = ({ role }: File) => role === 'volume';
const isNot = (role: File['role']) => (file: File) => file.role !== role;
const moved = (night: Night, by: number): Night => ({
  ...night,
  namedAt: night.namedAt + by,
  files: night.files.map((file) => ({ ...file, at: file.at + by })),
});

const absent: Change = () => [];

/** It goes on until after the due time, and is done within the grace. */
const late: Change = (night, { window, draw }) => {
  const start = window.dueAt - 30 * MINUTE;
  const step = draw.between(10, 25) * MINUTE;
  const files = night.files.map((file, nth) => ({ ...file, at: start + nth * step }));
  return [{ ...night, namedAt: start, files }];
};

const lateAndKilled: Change = (night, evening, nth) =>
  late(night, evening, nth).flatMap((one) =>
    bad(one, 'killed while it was late', { files: one.files.slice(0, 2).filter(isVolume) }),
  );

/** Its volumes come more than an hour apart, some before the due time and some after. */
const slowLine: Change = (night, { window, draw }) => {
  const step = draw.between(68, 74) * MINUTE;
  const start = window.dueAt - 66 * MINUTE - step;
  const lastAt = start + (night.files.filter(isVolume).length - 1) * step;
  const files = night.files.map((file, nth) => ({
    ...file,
    at: isVolume(file) ? start + nth * step : lastAt + (file.role === 'manifest' ? 2 : 1) * MINUTE,
  }));
  return [{ ...night, namedAt: start, files }];
};

const slow: Change = (night, { window }) => {
  const end = window.dueAt - 20 * MINUTE;
  const step = Math.floor((end - night.namedAt) / night.files.length);
  return [
    {
      ...night,
      files: night.files.map((one, nth) => ({
        ...one,
        at: end - (night.files.length - 1 - nth) * step,
      })),
    },
  ];
};

/** It begins when its window has closed, and is done on the same day. */
const afterDue: Change = (night, { window, draw }) => [
  moved(night, window.dueAt + draw.between(5, 150) * MINUTE - night.namedAt),
];

const killed: Change = (night, { draw }) => {
  const files = night.files.filter(isVolume);
  return bad(night, 'killed', { files: files.slice(0, 1 + draw.below(files.length)) });
};

/** duplicity writes the last volume again, and goes on under the old name. */
const cutAt = (night: Night, draw: Evening['draw'], pause: number): File[] => {
  const kept = 1 + draw.below(night.files.filter(isVolume).length);
  const again = night.files.slice(kept - 1).map((file) => ({ ...file, at: file.at + pause }));
  const before = night.files.slice(0, kept).map((file) => ({
    ...file,
    body: newBody(file.body.bytes, 'key'),
  }));
  return [...before, ...again];
};

const resumed: Change = (night, { draw }) => [{ ...night, files: cutAt(night, draw, 12 * MINUTE) }];

const resumedNextNight: Change = (night, { draw, window }, nth) => {
  if (nth > 0) return [];
  const files = cutAt(night, draw, DAY);
  // With a grace of days it is still in time.
  if ((files.at(-1)?.at ?? 0) <= window.hardDueAt) return [{ ...night, files }];
  return bad(night, 'resumed a day later', { bears: true, files });
};

const madeOf =
  (form: Form, why: string): Change =>
  (night) =>
    bad(night, why, {
      files: night.files.map((file) => ({ ...file, body: newBody(file.body.bytes, form) })),
    });

const plaintext: Change = (night, evening, nth) =>
  madeOf('plain', 'not encrypted')(night, evening, nth).map((one) => ({
    ...one,
    isEncrypted: false,
    bears: true,
  }));

const volumeMissing: Change = (night, { habit, draw }) => {
  const lost = 1 + draw.below(Math.max(1, habit.volumes - 1));
  const files = night.files.filter((file) => !(isVolume(file) && file.number === lost));
  return bad(night, `volume ${lost} of ${habit.volumes} is missing`, { files });
};

const resized = (night: Night, which: (file: File) => boolean, bytes: number): File[] =>
  night.files.map((file) =>
    which(file) ? { ...file, body: newBody(bytes, bytes === 0 ? 'plain' : 'key') } : file,
  );

const volumeEmpty: Change = (night, { habit, draw }) => {
  const empty = 1 + draw.below(habit.volumes);
  const which = (file: File) => isVolume(file) && file.number === empty;
  return bad(night, `volume ${empty} is empty`, { files: resized(night, which, 0) });
};

/** Only among several others can it be seen that one is too small. */
const volumeShort: Change = (night, { habit }) =>
  habit.volumes < 4
    ? [night]
    : bad(night, 'volume 2 is far too small', {
        files: resized(night, (file) => isVolume(file) && file.number === 2, 60),
      });

const manifestEmpty: Change = (night) =>
  bad(night, 'its manifest is empty', {
    files: resized(night, ({ role }) => role === 'manifest', 0),
  });

/** An increment counts again once another builds on it: duplicity passes over the newest one that has none. */
const withoutSignatures = (night: Night, files: File[]): Night[] => [
  {
    ...{ ...night, files, bears: true },
    ...(isLink(night) ? { quality: 'doubtful', why: 'no signatures' } : {}),
  },
];

const noSignatures: Change = (night) =>
  withoutSignatures(night, night.files.filter(isNot('signatures')));

const signaturesEmpty: Change = (night) =>
  withoutSignatures(
    night,
    resized(night, ({ role }) => role === 'signatures', 0),
  );

const lastCut: Change = (night, { habit }) =>
  bad(night, 'its last volume was cut', {
    files: night.files.map((file) =>
      isVolume(file) && file.number === habit.volumes
        ? { ...file, body: newBody(file.body.bytes, 'key', { isCut: true }) }
        : file,
    ),
  });

/** The names tell nothing of it; the sizes do, as no other full of the host has one volume less. */
const tailLost: Change = (night, { habit }) =>
  habit.volumes < 2 || isLink(night)
    ? [night]
    : [
        {
          ...{ ...night, quality: 'doubtful', why: 'its last volume is lost' },
          files: night.files.filter((one) => !(isVolume(one) && one.number === habit.volumes)),
        },
      ];

const bytesOf = (files: readonly File[]) => files.reduce((sum, { body }) => sum + body.bytes, 0);

const shrunk: Change = (night, { sessions }) => {
  // What is usual is known from three fulls on.
  if (isLink(night) || sessions.filter(({ isFull }) => isFull).length < 4) return [night];
  const files = resized(night, isVolume, 60).filter((one) => !isVolume(one) || one.number === 1);
  // What is small already does not get much smaller.
  if (bytesOf(files) * 4 > bytesOf(night.files)) return [night];
  return [{ ...night, files, quality: 'doubtful', why: 'a hundredth of its usual size' }];
};

const shrunkAfterMiss: Change = (night, evening, nth) =>
  nth === 0 ? [] : shrunk(night, evening, nth);

const grew: Change = (night, { habit }) => [
  { ...night, files: resized(night, (one) => isVolume(one), habit.volumeBytes * 3) },
];

const twice: Change = (night, evening) => [
  night,
  moved(ordinaryNight(evening), (evening.habit.lasts + 10) * MINUTE),
];

const wrongDay: Change = (night, { draw, window }) => {
  const off = draw.pick([-365, -2, -1, 1, 30]);
  const namedAt = night.namedAt + off * DAY;
  // A clock that is behind what it builds on: duplicity refuses. What it does write restores, and bears the next ones.
  if (night.basedOn !== undefined && namedAt <= night.basedOn) return [];
  // In a grace of days nobody can tell it from one that took so much longer.
  const isInTime = (night.files.at(-1)?.at ?? 0) <= window.hardDueAt + off * DAY;
  if (off < 0 && isInTime) return [{ ...night, namedAt }];
  return bad(night, `its clock is ${off} days off`, {
    namedAt,
    ...(off < 0 && { bears: true as const }),
  });
};

/** What it builds on next is nowhere. */
const linkLost: Change = (night) =>
  isLink(night) ? bad(night, 'it never arrived', { files: [], isBelieved: true }) : [night];

/** It goes on with increments where a full is due. */
const fullNeverComes: Change = (night, { habit, sessions }) => {
  const base = sessions.findLast(({ namedAt }) => namedAt < night.namedAt);
  if (habit.rhythm?.kind !== 'chain' || base === undefined) return [night];
  return [{ ...night, basedOn: base.namedAt, base }];
};

/** Its cron starts it at the very opening, by a clock that is a little slow. */
const slowClock: Change = (night, { window, draw }) => {
  const begun = moved(night, window.opensAt + 10_000 - night.namedAt);
  return [{ ...begun, namedAt: begun.namedAt - draw.between(30, 240) * 1000 }];
};

const incrementalOf = ({ base: _, ...night }: Night): Night => ({
  // On a set that is nowhere.
  ...{ ...night, basedOn: night.namedAt - DAY - 30_000, quality: 'bad', why: 'an incremental' },
  files: night.files.map((file) => ({ ...file, body: newBody(file.body.bytes, 'key') })),
});
const incremental: Change = (night) => [incrementalOf(night)];
const incrementalToo: Change = (night, { habit }) => [
  night,
  moved(incrementalOf(night), (habit.lasts + 10) * MINUTE),
];

/** A client that heard no answer sends the same bytes again. */
const retried: Change = (night) => [
  { ...night, files: night.files.flatMap((file) => [file, { ...file, at: file.at + 20_000 }]) },
];

const other = (night: Night, name: string): File => ({
  ...{ role: 'other', number: 0, name, body: newBody(40, 'key') },
  at: night.namedAt + HOUR,
});
const statistics: Change = (night) => [
  {
    ...night,
    files: [...night.files, other(night, `duplicity-full.${stampOf(night.namedAt)}.jsonstat.gpg`)],
  },
];
const notes: Change = (night) => [{ ...night, files: [...night.files, other(night, 'notes.txt')] }];

/** Encrypted to another key; what the newest name says is to the right one, and there is nothing behind it. */
const behindLoneManifest: Change = (night, evening, nth) => [
  ...madeOf('other key', 'to a foreign key')(night, evening, nth),
  ...bad(moved(ordinaryNight(evening), (evening.habit.lasts + 5) * MINUTE), 'a lone manifest').map(
    (one) => ({ ...one, files: one.files.filter(({ role }) => role === 'manifest') }),
  ),
];

export const HOST_FAULTS: Readonly<Record<string, HostFault>> = {
  'no backup': { says: 'it writes nothing', nights: 10, change: absent },
  late: { says: 'its upload ends within the grace', nights: 3, isHarmless: true, change: late },
  'late and killed': {
    ...{ says: 'it is killed while it is late', nights: 2 },
    change: lateAndKilled,
  },
  'slow line': {
    ...{ says: 'its volumes come more than an hour apart', nights: 3, isHarmless: true },
    change: slowLine,
  },
  slow: { says: 'its upload ends just in time', nights: 3, isHarmless: true, change: slow },
  'after due': { says: 'it begins when its window has closed', nights: 2, change: afterDue },
  killed: { says: 'it is killed', nights: 3, change: killed },
  resumed: {
    ...{ says: 'it is killed and resumed', nights: 2, isHarmless: 'without chains' },
    change: resumed,
  },
  'resumed next night': {
    ...{ says: 'it is killed and resumed in the next night', nights: 2, always: true },
    change: resumedNextNight,
  },
  'wrong key': {
    ...{ says: 'it encrypts to a foreign key', nights: 20 },
    change: madeOf('other key', 'to a foreign key'),
  },
  passphrase: {
    ...{ says: 'it encrypts by a passphrase', nights: 2 },
    change: madeOf('passphrase', 'by a passphrase'),
  },
  'plain inside': {
    ...{ says: 'its files are plain, whatever their names say', nights: 2 },
    change: madeOf('plain', 'plain inside'),
  },
  plaintext: { says: 'it does not encrypt', nights: 2, change: plaintext },
  'volume missing': { says: 'a volume is lost', nights: 2, change: volumeMissing },
  'volume empty': { says: 'a volume is empty', nights: 2, change: volumeEmpty },
  'volume short': { says: 'a volume is far too small', nights: 2, change: volumeShort },
  'manifest empty': { says: 'its manifest is empty', nights: 2, change: manifestEmpty },
  'no signatures': {
    says: 'it writes no signatures',
    nights: 2,
    isHarmless: 'without chains',
    change: noSignatures,
  },
  'signatures empty': {
    ...{ says: 'its signatures are empty', nights: 2, isHarmless: 'without chains' },
    change: signaturesEmpty,
  },
  'last volume cut': { says: 'its last volume is cut', nights: 2, change: lastCut },
  'tail lost': { says: 'its last volume is lost', nights: 1, change: tailLost },
  shrunk: { says: 'it backs up next to nothing', nights: 1, change: shrunk },
  'shrunk after a miss': {
    ...{ says: 'it writes nothing, and then next to nothing', nights: 2, always: true },
    change: shrunkAfterMiss,
  },
  grew: { says: 'it is three times as big', nights: 1, isHarmless: true, change: grew },
  'two fulls': { says: 'it writes two fulls', nights: 2, isHarmless: true, change: twice },
  'wrong day': { says: 'its clock is days off', nights: 2, change: wrongDay },
  'slow clock': {
    says: 'its clock is a little slow at the opening',
    nights: 2,
    isHarmless: true,
    change: slowClock,
  },
  'increment lost': { says: 'an increment never arrives', nights: 1, change: linkLost },
  'full never comes': {
    ...{ says: 'it writes increments, and no full', nights: 4 },
    change: fullNeverComes,
  },
  incremental: { says: 'it writes an incremental, no full', nights: 3, change: incremental },
  'incremental too': {
    says: 'it writes an incremental besides',
    nights: 2,
    change: incrementalToo,
  },
  retried: { says: 'each upload is sent twice', nights: 2, isHarmless: true, change: retried },
  statistics: { says: 'it writes statistics', nights: 3, isHarmless: true, change: statistics },
  notes: {
    says: 'somebody leaves notes in its target',
    nights: 1,
    isHarmless: true,
    change: notes,
  },
  'behind a lone manifest': {
    ...{ says: 'it encrypts to a foreign key, and a lone manifest hides that', nights: 9 },
    change: behindLoneManifest,
  },
};
