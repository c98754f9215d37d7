// A report as it comes back from the state bucket: hostile text until it has been read here.

import * as v from 'valibot';
import { ZONE } from '../config/config-values.ts';
import { finite, maybe, readJson } from '../config/json.ts';
import { FINDING_KINDS } from '../rules/finding.ts';

// Years that any calendar can show, and duplicity's own clock too.
const [FROM, UNTIL] = [Date.UTC(2000, 0), Date.UTC(2100, 0)];
const instant = v.pipe(
  v.string(),
  v.transform((text) => Date.parse(text)),
  v.check((at) => at >= FROM && at < UNTIL),
);

const storedFinding = v.object({
  ...{ kind: v.picklist(FINDING_KINDS), message: v.string() },
  severity: v.picklist(['critical', 'warning', 'info']),
});

const storedHost = v.object({
  host: v.string(),
  verdict: v.picklist(['ok', ...FINDING_KINDS]),
  findings: v.array(storedFinding),
  lastGood: v.pipe(
    v.nullable(v.object({ startedAt: instant, volumes: v.nullish(finite, 0), bytes: finite })),
    v.transform((set) => set ?? undefined),
  ),
});

const storedReport = v.object({
  ...{ version: v.literal(1), checkedAt: instant, bucket: v.string() },
  /** Of the times in its messages; `undefined` in a report of before they had one zone. */
  timezone: maybe(
    v.pipe(
      v.string(),
      v.check((name) => ZONE.parse(name) !== undefined),
    ),
  ),
  ...{ hosts: v.array(storedHost), unknownHosts: v.array(v.string()) },
  unsearched: maybe(v.string()),
});

export type StoredFinding = v.InferOutput<typeof storedFinding>;
export type StoredHost = v.InferOutput<typeof storedHost>;
/** The part of a report, version 1, that is shown again. Its texts are not escaped. */
export type StoredReport = v.InferOutput<typeof storedReport>;

/** `undefined` for anything that `reportToJson` does not write. Never throws. */
export function parseReport(text: string): StoredReport | undefined {
  return readJson(storedReport, text);
}
