// A small fleet in every state worth seeing: recorded listings of real duplicity runs, one a host.
import { readFileSync } from 'node:fs';
import type { LocalAws } from '../../test/local-aws/local-aws.ts';
import type { RecordedListing, RecordedObject } from '../../test/local-aws/s3/seed.ts';

/** The instant of the recordings: Monday, 23 November 2026. */
export const DEMO_DAY = '2026-11-23';

export const DEMO_BUCKET = 'acme-backups';
export const DEMO_STATE_BUCKET = 'acme-backups-ledger';

/** What each host's target was recorded from; see test/fixtures/README.md. */
const RECORDED: Record<string, string> = {
  mail: 'full-rsa3072',
  files: 'full-many-volumes',
  legacy: 'full-short-filenames',
  web: 'stale',
  db: 'missing-middle-volume',
  shop: 'killed-mid-upload',
  crm: 'incremental-instead-of-full',
  night: 'resumed-next-day',
  intern: 'full-no-encryption',
};

/** The config of the fleet; `new` has never backed up, and `lab` has leave. */
export const DEMO_CONFIG = `bucket: ${DEMO_BUCKET}
region: eu-west-1
timezone: UTC
alerts: { from: backups@example.net, mail: [ops@example.net], sms: ["+31600000000"] }
hosts:
${Object.keys(RECORDED)
  .map((host) => `  ${host}: {}`)
  .join('\n')}
  new: {}
  lab: { paused: { until: 2026-12-01, because: "disk swap" } }
`;

/** Fills the bucket: every host's recorded objects under its own prefix, at their recorded times. */
export function loadFleet(aws: LocalAws): void {
  for (const host of Object.keys(RECORDED)) {
    const Contents = readRecorded(host).map((object) => ({
      ...object,
      Key: `${host}/${fileNameOf(object)}`,
    }));
    aws.load(DEMO_BUCKET, { Contents });
  }
}

/** The file names in a host's target. */
export function fileNames(host: string): string[] {
  return readRecorded(host).map(fileNameOf);
}

function readRecorded(host: string): readonly RecordedObject[] {
  const file = new URL(`../../test/fixtures/listings/${RECORDED[host]}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as RecordedListing).Contents ?? [];
}

function fileNameOf({ Key = '' }: RecordedObject): string {
  return Key.slice(Key.lastIndexOf('/') + 1);
}
