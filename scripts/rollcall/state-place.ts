// Where a run on a machine of one's own remembers: a folder, or a bucket of any store.
import { resolve } from 'node:path';
import * as v from 'valibot';
import type { Connection } from '../../shared/aws/client.ts';
import { count, readJson } from '../../shared/config/json.ts';
import { toAscii } from '../../shared/messages/plain-text.ts';
import { RecordError, type RecordStore } from '../../shared/monitor/state.ts';
import { UsageError } from './terminal.ts';

/** `--state` as it was understood. */
export type StatePlace =
  | { readonly folder: string }
  | { readonly bucket: string; readonly prefix: string };

/** What `--state` says, else `$ROLLCALL_STATE`. Throws `UsageError` for what is no place. */
export function findStatePlace(option: string | undefined): StatePlace | undefined {
  const text = option ?? (process.env.ROLLCALL_STATE || undefined);
  if (text === undefined) return undefined;
  const [, bucket, path = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(text) ?? [];
  if (bucket !== undefined) {
    return { bucket, prefix: path === '' || path.endsWith('/') ? path : `${path}/` };
  }
  if (text !== '' && !/^\w+:\/\//.test(text)) return { folder: resolve(text) };
  throw new UsageError(
    `--state ${JSON.stringify(text)} is no place for a state`,
    'name a folder, like /var/lib/rollcall, or s3://BUCKET/PREFIX',
  );
}

/** Its records. A bucket is asked for where the backups are, by the same credentials. */
export async function openRecords(
  place: StatePlace,
  connect: () => Promise<Connection>,
): Promise<RecordStore> {
  if ('folder' in place) {
    const { directoryRecords } = await import('../../shared/stores/directory-records.ts');
    return directoryRecords(place.folder);
  }
  const { s3Records } = await import('../../shared/stores/s3-records.ts');
  return s3Records(await connect(), place.bucket, place.prefix);
}

export function formatPlace(place: StatePlace): string {
  return 'folder' in place ? place.folder : `s3://${place.bucket}/${place.prefix}`;
}

const LAST_RUN = 'last-run.json';
const lastRun = v.strictObject({ version: v.literal(1), at: count });

/** Written as the last act of a run that went well. Throws `RecordError`. */
export async function noteGoodRun(records: RecordStore, at: number): Promise<void> {
  await records.replace(LAST_RUN, `${JSON.stringify({ version: 1, at })}\n`);
}

/** When the last run went well; `undefined` where none has, or what says so is damaged. Throws `RecordError`. */
export async function readGoodRun(records: RecordStore): Promise<number | undefined> {
  const { text } = await records.read(LAST_RUN);
  return text === undefined ? undefined : readJson(lastRun, text)?.at;
}

/** What is wrong with a folder is in its own words; a bucket may only want `right`. */
export function refuseState(error: unknown, right = ''): unknown {
  if (!(error instanceof RecordError)) return error;
  const isBucket = right !== '' && error.message.startsWith('s3://');
  const hint = isBucket
    ? `allow ${right} in the state bucket to these credentials, or name another: --ledger BUCKET, --state PLACE`
    : 'put it right, or name another: --state DIR';
  return new UsageError(toAscii(error.message), hint, { cause: error });
}
