// What a digest says is kept in the ledger too: for programs, for people, and to be looked up later.
import { reportPage, STATUS_PAGE } from '../ledger/report-pages.ts';
import { reportToJson } from '../report/report.ts';
import type { Run } from '../report/run.ts';
import { composeStatusPage } from '../report/status-page.ts';
import { dateIn } from '../verdict/zone.ts';
import { type Ledger, LedgerError } from './ledger.ts';

/** Writes the report of the day and the status page. Answers why that did not work; it is never a reason not to tell. */
export async function keepReport(ledger: Ledger, run: Run): Promise<string | undefined> {
  const { report, timezone } = run;
  const page = reportPage(dateIn(timezone, report.checkedAt));
  try {
    await Promise.all([
      ledger.replace(page, `${JSON.stringify(reportToJson(report, timezone))}\n`),
      ledger.replace(STATUS_PAGE, composeStatusPage(run)),
    ]);
    return undefined;
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return `this report is not kept: ${error.message}`;
  }
}
