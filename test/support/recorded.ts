// The recorded listings and what is known of them.
import { readFileSync } from 'node:fs';
import { sourceOf } from '../../scripts/rollcall/listing-source.ts';
import { parseListing, type SavedListing } from '../../scripts/rollcall/parse-listing.ts';
import type { KeyedObject } from '../../shared/monitor/object-store.ts';

/** One line of expected.json; see test/fixtures/README.md. */
export type Expected = {
  readonly listing: string;
  readonly host: string;
  readonly as_of: string;
  readonly ok: boolean;
  readonly complete_full_today: 'yes' | 'no';
  readonly accept: readonly string[];
  readonly set: string | null;
  readonly volumes: number;
  readonly missing_volumes: readonly number[];
  readonly full_sets_today: number;
  readonly signature_present: boolean;
  readonly incrementals: readonly { start: string; end: string; volumes: number }[];
  readonly incrementals_uploaded_today: readonly unknown[];
  readonly newest_complete_full_set: string | null;
  readonly reason: string;
};

const fixtures = new URL('../fixtures/', import.meta.url);

export function readFixture(path: string): string {
  return readFileSync(new URL(path, fixtures), 'utf8');
}

export function fixturePath(path: string): string {
  return new URL(path, fixtures).pathname;
}

export const expected = JSON.parse(readFixture('expected.json')) as readonly Expected[];

export function recordedListing(name: string): SavedListing {
  return parseListing(sourceOf(readFixture(`listings/${name}`)), name);
}

export function recordedObjects(name: string): KeyedObject[] {
  return recordedListing(name).blocks.flatMap(({ read }) => read().objects);
}
