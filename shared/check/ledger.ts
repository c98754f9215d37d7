// The memory between runs, and how it is used so that two runs at once lose nothing of one another's.
import type { Instant } from '../duplicity/time.ts';
import {
  EMPTY_STATE,
  forgetOld,
  formatState,
  type LedgerState,
  parseState,
} from '../ledger/ledger-state.ts';
import { REPORTS } from '../ledger/report-pages.ts';

/** The pages that runs leave behind, by name. `tag` stands for what was read of one. */
export type Ledger = {
  /** Text and tag are `undefined` where nothing was ever written. Throws `LedgerError`. */
  readonly read: (page: string) => Promise<{ text: string | undefined; tag: string | undefined }>;
  /**
   * Writes on top of what `tag` stands for, `undefined` = of nothing, and answers the new tag. Throws
   * `LedgerConflictError` when something else is there, or `LedgerError`.
   */
  readonly write: (page: string, text: string, tag: string | undefined) => Promise<string>;
  /** Writes whatever was there. Throws `LedgerError`. */
  readonly replace: (page: string, text: string) => Promise<void>;
  /** The names that begin with a prefix, in the order of their bytes. Throws `LedgerError`. */
  readonly list: (prefix: string) => Promise<string[]>;
};

/** Somebody else has written since it was read. */
export class LedgerConflictError extends Error {
  override readonly name = 'LedgerConflictError';
}

/** The ledger could not be read or written; the run goes on without a memory. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
}

/** The state as this run knows it; with a `warning` nothing is remembered, and the messages say why. */
export type Kept = {
  readonly state: LedgerState;
  readonly tag: string | undefined;
  readonly warning: string | undefined;
};

/** The page that every run reads and writes. */
export const STATE_PAGE = 'state.json';

const TRIES = 8;
const AHEAD_MS = 86_400_000;
const LOOKED_BACK_MS = 86_400_000;

/**
 * Reads the state. One that is lost or corrupt is begun anew, a day back, so that what closed between the last run and this
 * one is judged; not where it cannot be written, as then every run would judge that day. So is a state that says the
 * windows of days to come were judged, as with it no run would judge anything until then. All that is a warning, never
 * a failed check.
 */
export async function openLedger(ledger: Ledger, now: Instant): Promise<Kept> {
  try {
    const { text, tag } = await ledger.read(STATE_PAGE);
    if (text === undefined) {
      // A ledger with a report in it has had a state; one without is at its first run.
      const isLost = (await ledger.list(REPORTS)).length > 0;
      return isLost ? await beginAnew(ledger, tag, 'lost', now) : { ...NOTHING, tag };
    }
    const state = parseState(text);
    const sound = state !== undefined && (state.judgedUntil ?? now) - now < AHEAD_MS;
    return sound
      ? { state, tag, warning: undefined }
      : await beginAnew(ledger, tag, 'corrupt', now);
  } catch (error) {
    return { ...NOTHING, warning: warn(error) };
  }
}

const NOTHING: Kept = { state: EMPTY_STATE, tag: undefined, warning: undefined };

async function beginAnew(
  ledger: Ledger,
  found: string | undefined,
  was: 'lost' | 'corrupt',
  now: Instant,
): Promise<Kept> {
  const state = { ...EMPTY_STATE, judgedUntil: now - LOOKED_BACK_MS };
  const tag = await ledger.write(STATE_PAGE, formatState(state), found);
  const warning = `the ledger was ${was} and is begun anew: the last day is judged again, and something may be told twice`;
  return { state, tag, warning };
}

/**
 * Writes a change. When another run has written in between, the change is made to what that run left;
 * `undefined` as the change = there is nothing left to do, and `undefined` is answered.
 */
export async function changeLedger(
  ledger: Ledger,
  kept: Kept,
  now: Instant,
  change: (state: LedgerState) => LedgerState | undefined,
): Promise<Kept | undefined> {
  let known = kept;
  for (let tries = 1; ; tries += 1) {
    const changed = change(known.state);
    if (changed === undefined) return undefined;
    const state = forgetOld(changed, now);
    try {
      const tag = await ledger.write(STATE_PAGE, formatState(state), known.tag);
      return { state, tag, warning: known.warning };
    } catch (error) {
      if (!(error instanceof LedgerConflictError) || tries >= TRIES) {
        return { state, tag: known.tag, warning: warn(error) };
      }
      known = await openLedger(ledger, now);
    }
  }
}

/** Only what the ledger is known to throw is a warning; anything else is a bug. */
function warn(error: unknown): string {
  if (error instanceof LedgerError || error instanceof LedgerConflictError) {
    return `no memory: ${error.message}; something may be told twice`;
  }
  throw error;
}
