// What runs remember of finished fulls: read once a run and only when a host is judged, added to by one page at its end.
import type { Instant } from '../duplicity/time.ts';
import { formatSeals, instantOfPage, parseSeals, SEALS, sealPage } from '../ledger/seal-pages.ts';
import type { Host } from '../roster/roster.ts';
import { mergeSeals, placeOf, type Seal } from '../verdict/seal.ts';
import { type Ledger, LedgerConflictError, LedgerError } from './ledger.ts';

/** The memory of one run. */
export type SetMemory = {
  /** The seals of a host's fulls, newest first; none when the ledger is out of reach. */
  readonly recall: (host: Host) => Promise<readonly Seal[]>;
  readonly learn: (seals: readonly Seal[]) => void;
  /** Keeps what was learned. Answers what was wrong with the memory; it is never a reason not to check. */
  readonly close: () => Promise<string | undefined>;
};

const DAY = 86_400_000;
const DAYS_READ = 40;
const PAGES_READ = 4000;
const PAGES_AT_ONCE = 8;
/** Thirty to compare a size with, and the one that is compared. */
const SEALS_KEPT = 31;

/** Starts the memory of the run for an instant: a run that is made again finds its own page, and leaves it as it is. */
export function startRemembering(ledger: Ledger, until: Instant): SetMemory {
  const learned: Seal[] = [];
  let reading: Promise<Read> | undefined;
  return {
    recall: async (host) => {
      reading ??= readSeals(ledger, until);
      return (await reading).seals.get(placeOf(host)) ?? [];
    },
    learn: (seals) => learned.push(...seals),
    close: async () => {
      const { warning } = (await reading) ?? {};
      if (learned.length === 0 || warning?.unreadable) return warning?.text;
      return (await keepSeals(ledger, until, learned)) ?? warning?.text;
    },
  };
}

type Read = {
  readonly seals: ReadonlyMap<string, readonly Seal[]>;
  readonly warning?: { readonly text: string; readonly unreadable: boolean };
};

/** A few pages at a time, as those of 10,000 hosts are big; the oldest first, as the first seal of a full counts. */
async function readSeals(ledger: Ledger, until: Instant): Promise<Read> {
  const places = new Map<string, Seal[]>();
  let spoiled = 0;
  try {
    const pages = (await ledger.list(SEALS))
      .filter((page) => (instantOfPage(page) ?? 0) > until - DAYS_READ * DAY)
      .slice(-PAGES_READ);
    for (let from = 0; from < pages.length; from += PAGES_AT_ONCE) {
      const batch = pages.slice(from, from + PAGES_AT_ONCE);
      for (const { text } of await Promise.all(batch.map(ledger.read))) {
        const seals = parseSeals(text ?? '');
        if (seals === undefined) spoiled += 1;
        for (const seal of seals ?? []) addSeal(places, seal);
      }
    }
    if (spoiled === 0) return { seals: places };
    const text = `${spoiled} of ${pages.length} pages of seals in the ledger are not what a run wrote`;
    return { seals: places, warning: { text, unreadable: false } };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const text = `no memory of earlier backups: ${error.message}`;
    return { seals: new Map(), warning: { text, unreadable: true } };
  }
}

/** Newest first; of a host no more fulls than a size is compared with, and only of the newest who can open it. */
function addSeal(places: Map<string, Seal[]>, seal: Seal): void {
  const fulls = places.get(seal.place) ?? [];
  places.set(seal.place, fulls);
  const found = fulls.findIndex(({ startedAt }) => startedAt <= seal.startedAt);
  const index = found < 0 ? fulls.length : found;
  const known = fulls[index]?.startedAt === seal.startedAt ? fulls[index] : undefined;
  fulls.splice(index, known === undefined ? 0 : 1, mergeSeals(known, seal));
  const behind = Math.max(index, 1);
  const older = fulls[behind];
  if (older?.opened !== undefined) fulls[behind] = { ...older, opened: undefined };
  if (fulls.length > SEALS_KEPT) fulls.pop();
}

async function keepSeals(
  ledger: Ledger,
  until: Instant,
  seals: readonly Seal[],
): Promise<string | undefined> {
  try {
    await ledger.write(sealPage(until), formatSeals(seals), undefined);
    return undefined;
  } catch (error) {
    // Another run of this tick has seen the same.
    if (error instanceof LedgerConflictError) return undefined;
    if (!(error instanceof LedgerError)) throw error;
    return `what was seen of new backups is not remembered: ${error.message}`;
  }
}
