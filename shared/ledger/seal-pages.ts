// Seals as they lie in the ledger: one page a run that learned something, written once and never again.
import type { Instant } from '../duplicity/time.ts';
import type { OpenedBy } from '../verdict/finding.ts';
import type { Seal } from '../verdict/seal.ts';

/** All pages of seals begin so. */
export const SEALS = 'seals/';

const HASH = /^[\w-]{22}$/;
const KEY_ID = /^[0-9A-F]{16}$/;
const KINDS: readonly OpenedBy['reads'][] = [
  ...(['openpgp', 'short', 'gzip', 'tar', 'text', 'empty', 'other'] as const),
];
const ENDINGS: readonly OpenedBy['ending'][] = ['whole', 'truncated', 'cannot tell'];

/** `seals/2026/11/23T081500Z.json`, by the run's own instant. */
export function sealPage(at: Instant): string {
  const [date = '', time = ''] = new Date(at).toISOString().slice(0, 19).split('T');
  return `${SEALS}${date.replaceAll('-', '/')}T${time.replaceAll(':', '')}Z.json`;
}

/** The inverse; `undefined` for any other name. */
export function instantOfPage(page: string): Instant | undefined {
  const match = /^seals\/(\d{4})\/(\d\d)\/(\d\d)T(\d\d)(\d\d)(\d\d)Z\.json$/.exec(page);
  if (match === null) return undefined;
  const [, year, month, day, ...time] = match;
  const at = Date.parse(`${year}-${month}-${day}T${time.join(':')}Z`);
  return Number.isNaN(at) ? undefined : at;
}

/** Version 1; instants are milliseconds since 1970. */
export function formatSeals(seals: readonly Seal[]): string {
  return `${JSON.stringify({ version: 1, seals })}\n`;
}

/** The inverse; `undefined` for anything that `formatSeals` does not write. Never throws. */
export function parseSeals(text: string): readonly Seal[] | undefined {
  const { version, seals } = parseRecord(text);
  if (version !== 1 || !Array.isArray(seals)) return undefined;
  const read = seals.map(readSeal);
  return read.includes(undefined) ? undefined : (read as readonly Seal[]);
}

type Json = Readonly<Record<string, unknown>>;

function parseRecord(text: string): Json {
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function recordOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function readSeal(value: unknown): Seal | undefined {
  const { place, startedAt, sealedAt, firstWriteAt, files, bytes, hash, opened } = recordOf(value);
  if (typeof place !== 'string' || !isCount(startedAt) || !isCount(sealedAt)) return undefined;
  if (!isCount(firstWriteAt) || !isCount(files) || !isCount(bytes)) return undefined;
  if (hash !== undefined && !(typeof hash === 'string' && HASH.test(hash))) return undefined;
  if (opened !== undefined && !(Array.isArray(opened) && opened.every(isOpenedBy))) {
    return undefined;
  }
  return { place, startedAt, sealedAt, firstWriteAt, files, bytes, hash, opened };
}

/** Instants, numbers and bytes are all whole and not negative. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isOpenedBy(value: unknown): value is OpenedBy {
  const { name, reads, recipients, symmetric, ending } = recordOf(value);
  const ids =
    Array.isArray(recipients) &&
    recipients.every((id) => typeof id === 'string' && KEY_ID.test(id));
  const known = KINDS.some((kind) => kind === reads);
  const told = ending === undefined || ENDINGS.some((one) => one === ending);
  return typeof name === 'string' && known && ids && isCount(symmetric) && told;
}
