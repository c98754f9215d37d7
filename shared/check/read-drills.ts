// When each host's backup was last proven: one listing of the receipts that drills left in the ledger.
import type { Instant } from '../duplicity/time.ts';
import { DRILLS, readDrillNames } from '../ledger/drill-pages.ts';
import type { Drills } from '../report/run.ts';
import { type Ledger, LedgerError } from './ledger.ts';

/** `undefined` where the ledger is out of reach, which other lines of the message tell. */
export async function readDrills(ledger: Ledger, now: Instant): Promise<Drills | undefined> {
  try {
    return readDrillNames(await ledger.list(DRILLS), now);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return undefined;
  }
}
