// A small fleet in every state worth seeing: recorded listings of real duplicity runs, one a host.
import { readFileSync } from 'node:fs';
import { parseConfig } from '../../shared/config/parse-config.ts';
import type { Board, BoardRow, Night } from '../../shared/messages/board.ts';
import { placeOf } from '../../shared/rules/fingerprints.ts';
import { addDays } from '../../shared/rules/window.ts';
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
alerts:
  from: backups@example.net
  mail: [ops@example.net]
  sms: ["+31600000000"]
  webhooks: [{ url: "https://chat.example.net/hook", format: slack }]
hosts:
${Object.keys(RECORDED)
  .map((host) => `  ${host}: {}`)
  .join('\n')}
  new: {}
  lab: { paused: { until: 2026-12-01, because: "disk swap" } }
`;

/** Of a host whose recording is of one night, a good full of so many days before: recorded too, and moved. */
const DAYS_BEFORE: Record<string, number> = {
  mail: 1,
  files: 1,
  db: 1,
  shop: 1,
  intern: 1,
  lab: 2,
};

/** Fills the bucket: every host's recorded objects under its own prefix, at their recorded times. */
export function loadFleet(aws: LocalAws): void {
  const load = (host: string, objects: readonly RecordedObject[]) => {
    const Contents = objects.map((object) => ({ ...object, Key: `${host}/${fileNameOf(object)}` }));
    aws.load(DEMO_BUCKET, { Contents });
  };
  for (const [host, days] of Object.entries(DAYS_BEFORE)) load(host, moveBack(days, host));
  for (const host of Object.keys(RECORDED)) load(host, readRecorded(host));
}

function moveBack(days: number, host: string): RecordedObject[] {
  const date = addDays(DEMO_DAY, -days);
  return readRecorded(host === 'files' ? 'files' : 'mail').map(
    ({ Key = '', LastModified, ...object }) => ({
      ...object,
      Key: Key.replace(DEMO_DAY.replaceAll('-', ''), date.replaceAll('-', '')),
      LastModified: `${LastModified}`.replace(DEMO_DAY, date),
    }),
  );
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

const NIGHTS = 29;

/** The board as a month of quiet nights would have left it: the demo has one day, and a page is worth looking at after more. */
export function inventNights(): Board {
  const { hosts } = parseConfig(DEMO_CONFIG, 'hosts.yml');
  const rows = hosts.flatMap((host, at): BoardRow[] => {
    if (host.name === 'new') return [];
    const nights = Array.from({ length: NIGHTS }, (_, day): Night => {
      const date = addDays(DEMO_DAY, day - NIGHTS);
      const isLate = (at * 31 + day * 17) % 67 === 5;
      const minutes = 195 + ((at * 13 + day * 3) % 40) + (isLate ? 400 : 0);
      const bytes = Math.round(bytesOf(host.name) * (0.85 + day / 200 + ((at + day) % 4) / 80));
      if (host.name === 'web' && day === NIGHTS - 1) return [date, 'bad', 0, 0];
      if (host.name === 'lab' && day > 27) return [date, 'paused', 0, 0];
      return [date, isLate ? 'odd' : 'ok', Date.parse(date) + minutes * 60_000, bytes];
    });
    const [date = ''] = nights.at(-1) ?? [];
    return [
      {
        ...{
          place: placeOf(host),
          host: host.name,
          judgedAt: 0,
          date,
          tone: 'good',
          verdict: 'ok',
        },
        ...{ missed: 0, findings: [], more: 0, sets: [], nights },
        provenAt: at % 3 === 0 ? Date.parse(DEMO_DAY) - (12 + at * 5) * 86_400_000 : undefined,
        ...{ doneAt: undefined, bytes: undefined, volumes: undefined, lastGood: undefined },
        ...{ lastGoodAt: undefined, expiresAt: undefined, nextDueAt: undefined },
      },
    ];
  });
  return { rows, notes: [] };
}

/** What its newest full has: the nights before are a little smaller. */
function bytesOf(host: string): number {
  const files = RECORDED[host] === undefined ? [] : readRecorded(host);
  const bytes = files
    .filter(({ Key = '' }) => /full.*20261123|20261123.*vol/.test(Key))
    .reduce((sum, { Size = 0 }) => sum + Size, 0);
  return bytes > 1_000_000 ? bytes : 16_000_000;
}
