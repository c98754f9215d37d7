// One bucket for each kind of finding in which a check finds it, and what a saved listing of that bucket still tells.
import type { Host } from '../../shared/config/config.ts';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import type { Change, FindingKind, Severity } from '../../shared/rules/finding.ts';
import { aFull, anIncremental, anObject } from './builders.ts';

/** A finding in short. */
type Found = `${Severity} ${FindingKind}`;

/**
 * What `rollcall check --listing` finds: the `same` as online, or these, by the call that saved it. Empty = nothing is said,
 * which is right only where `limit` is a sentence of the docs that says so.
 */
type Offline =
  | 'same'
  | {
      readonly objects: readonly Found[];
      readonly versions: readonly Found[] | 'same';
      readonly limit?: string;
    };

/** A bucket of one host, and how it is judged at 12:30 UTC on 23 November 2026, unless it says otherwise. */
export type World = {
  readonly found: Found;
  readonly host?: Partial<Host>;
  readonly at?: string;
  /** Who wrote what, as events tell a run; a saved listing has none. */
  readonly changes?: readonly Change[];
  /** Put in this order, one on top of the other. */
  readonly objects: readonly StoredObject[];
  readonly hasBucket?: false;
  readonly offline: Offline;
};

const today = aFull({ begun: '2026-11-23T03:15:00Z' });
const [firstVolume] = today;
const yesterday = aFull({ begun: '2026-11-22T03:15:00Z' });
const three = ['20', '21', '22'].flatMap((day) => aFull({ begun: `2026-11-${day}T03:15:00Z` }));

/** Uploaded once more, with other bytes. */
function otherBytes(object: StoredObject | undefined, written: string): StoredObject[] {
  return object === undefined ? [] : [anObject(object.name, { bytes: 7, written })];
}

const copies = today
  .filter(({ name }) => name.includes('.vol'))
  .map((one) => ({
    ...anObject(one.name, { bytes: one.bytes, written: '2026-11-23T09:00:00Z' }),
    storageClass: 'STANDARD_IA',
  }));
const nextToEach = today.flatMap(({ name }) =>
  ['.par2', '.vol000+20.par2'].map((end) => anObject(`${name}${end}`)),
);

/** Every kind. */
export const ONE_OF_EACH: { readonly [Kind in FindingKind]: World } = {
  tampered: {
    found: 'critical tampered',
    objects: [...today, ...otherBytes(firstVolume, '2026-11-23T09:00:00Z')],
    offline: {
      objects: [],
      versions: 'same',
      limit: 'From a saved `list-objects-v2` tampering is not judged at all',
    },
  },
  unreadable: {
    found: 'critical unreadable',
    objects: [],
    hasBucket: false,
    offline: { objects: ['critical unreadable'], versions: ['critical unreadable'] },
  },
  damaged: {
    found: 'critical damaged',
    objects: today.map((one) => (one.name.includes('.vol1.') ? { ...one, bytes: 1 } : one)),
    offline: 'same',
  },
  'chain-broken': {
    found: 'critical chain-broken',
    host: { chain: { fullEveryDays: 7 } },
    objects: [
      ...aFull({ begun: '2026-11-21T03:15:00Z' }),
      ...anIncremental('2026-11-22T03:15:00Z', '2026-11-23T03:15:00Z'),
    ],
    offline: 'same',
  },
  missing: { found: 'critical missing', objects: yesterday, offline: 'same' },
  incomplete: {
    found: 'critical incomplete',
    objects: today.filter(({ name }) => !name.includes('.vol2.')),
    offline: 'same',
  },
  poisoned: {
    found: 'critical poisoned',
    objects: [...today, anObject('duplicity-full.20261123T031500Z.vol0.difftar.gpg')],
    offline: 'same',
  },
  incremental: {
    found: 'critical incremental',
    objects: [...today, ...anIncremental('2026-11-23T03:15:00Z', '2026-11-23T04:00:00Z')],
    offline: 'same',
  },
  unencrypted: {
    found: 'critical unencrypted',
    objects: aFull({ begun: '2026-11-23T03:15:00Z', encrypted: false }),
    offline: 'same',
  },
  'wrong-recipient': {
    found: 'critical wrong-recipient',
    host: { recipients: ['0123456789ABCDEF'] },
    objects: today,
    offline: { objects: ['info wrong-recipient'], versions: ['info wrong-recipient'] },
  },
  expiring: {
    found: 'critical expiring',
    objects: aFull({ begun: '2026-11-18T03:15:00Z' }),
    // By the days of the config, as a listing does not hold the bucket's rules.
    offline: { objects: ['critical expiring'], versions: ['critical expiring'] },
  },
  never: { found: 'critical never', objects: [], offline: 'same' },
  late: {
    found: 'warning late',
    at: '2026-11-23T09:00:00Z',
    objects: aFull({ begun: '2026-11-23T03:15:00Z', done: '2026-11-23T08:50:00Z' }).filter(
      ({ name }) => name.includes('.vol'),
    ),
    offline: 'same',
  },
  'window-mismatch': {
    found: 'warning window-mismatch',
    objects: ['20', '21', '22'].flatMap((day) => aFull({ begun: `2026-11-${day}T21:15:00Z` })),
    offline: 'same',
  },
  'full-overdue': {
    found: 'warning full-overdue',
    host: { chain: { fullEveryDays: 2 } },
    objects: [
      ...aFull({ begun: '2026-11-19T03:15:00Z' }),
      ...anIncremental('2026-11-19T03:15:00Z', '2026-11-23T03:15:00Z'),
    ],
    offline: 'same',
  },
  copied: {
    found: 'warning copied',
    changes: copies.map(({ name, modifiedAt }) => ({
      ...{ what: 'created', key: `web/${name}`, at: modifiedAt, left: 'unknown' },
      ...{ principal: 'AWS:AROAJQULG4WG7WMOOT4P6:alice', address: '203.0.113.9' },
    })),
    objects: [...today, ...copies],
    offline: {
      objects: [],
      versions: 'same',
      limit: 'From a saved `list-objects-v2` tampering is not judged at all',
    },
  },
  'no-signatures': {
    found: 'warning no-signatures',
    objects: aFull({ begun: '2026-11-23T03:15:00Z', signatures: false }),
    offline: 'same',
  },
  'maybe-truncated': {
    found: 'warning maybe-truncated',
    objects: [
      ...aFull({ begun: '2026-11-22T03:15:00Z', volumes: 4 }),
      ...aFull({ begun: '2026-11-23T03:15:00Z', volumes: 4 }).filter(
        ({ name }) => !name.includes('.vol4.'),
      ),
    ],
    offline: 'same',
  },
  shrunk: {
    found: 'warning shrunk',
    objects: [...three, ...aFull({ begun: '2026-11-23T03:15:00Z', volumeBytes: 1000 })],
    offline: 'same',
  },
  grew: {
    found: 'warning grew',
    objects: [...three, ...aFull({ begun: '2026-11-23T03:15:00Z', volumes: 12 })],
    offline: 'same',
  },
  overlapping: {
    found: 'info overlapping',
    objects: [
      ...aFull({ begun: '2026-11-23T03:15:00Z', done: '2026-11-23T03:40:00Z' }).map((one) =>
        one.name.includes('.vol1.') ? { ...one, modifiedAt: one.modifiedAt - 20 * 60_000 } : one,
      ),
      ...aFull({ begun: '2026-11-23T03:15:07Z', done: '2026-11-23T03:30:00Z' }),
    ],
    offline: 'same',
  },
  'clock-skew': {
    found: 'info clock-skew',
    objects: aFull({ begun: '2026-11-26T05:00:00Z', done: '2026-11-23T03:00:00Z' }),
    offline: 'same',
  },
  resumed: {
    found: 'info resumed',
    objects: [...otherBytes(firstVolume, '2026-11-23T02:00:00Z'), ...today],
    offline: {
      objects: [],
      versions: 'same',
      limit: 'From a saved `list-objects-v2` tampering is not judged at all',
    },
  },
  'duplicate-full': {
    found: 'info duplicate-full',
    objects: [...today, ...aFull({ begun: '2026-11-23T05:00:00Z' })],
    offline: 'same',
  },
  cold: {
    found: 'info cold',
    objects: today.map((one) => ({ ...one, storageClass: 'GLACIER' })),
    offline: 'same',
  },
  parity: {
    found: 'info parity',
    objects: [...today, ...nextToEach],
    offline: 'same',
  },
  foreign: {
    found: 'info foreign',
    objects: [...today, anObject('notes.txt')],
    offline: 'same',
  },
  paused: {
    found: 'info paused',
    host: { paused: { until: '2026-12-01', because: 'moved' } },
    objects: yesterday,
    offline: 'same',
  },
};
