// One run as those who are told see it: what was judged, who is due, and which number it has.
import type { PathsLook } from '../doctor/paths.ts';
import type { Instant } from '../duplicity/time.ts';
import { FINDING_KINDS, windowsMissedBy, worstSeverity } from '../verdict/finding.ts';
import type { Verdict } from '../verdict/judge.ts';
import { dateIn } from '../verdict/zone.ts';
import type { Report } from './report.ts';

/** By host: the last restore that was compared and right, and the last drill that was not. */
export type Drills = ReadonlyMap<
  string,
  { readonly provenAt?: Instant; readonly failedAt?: Instant }
>;

/** What a run has to say; `due` names the hosts whose window closed since the last run. */
export type Run = {
  readonly report: Report;
  readonly due: ReadonlySet<string>;
  /** True once a day: then everybody is told of, also when all is well. */
  readonly digest: boolean;
  readonly hostsOnRoll: number;
  readonly timezone: string;
  /** How the ways that alarms take were when somebody last looked; without it nobody has. */
  readonly paths?: PathsLook;
  /** When backups were last proven by a restore; without it nobody has looked. */
  readonly drills?: Drills;
  /** This digest is the weekly test of every way. */
  readonly test?: boolean;
};

/** A host that was told of has missed its second window or more: whoever watches the monitor hears of it too. */
export function isEscalated({ report, due }: Run): boolean {
  return report.verdicts.some(
    ({ host, findings }) => due.has(host.name) && windowsMissedBy(findings) > 1,
  );
}

/** A host that somebody must see to now. */
export function hasFailed({ findings }: Verdict): boolean {
  return worstSeverity(findings) === 'critical';
}

/** The hosts that have failed: by headline, and within one by how long there has been no good copy. */
export function failedIn({ report }: Run): Verdict[] {
  return report.verdicts.filter(hasFailed).sort(worstFirst);
}

function worstFirst(a: Verdict, b: Verdict): number {
  const rank = ({ findings }: Verdict) => FINDING_KINDS.indexOf(findings[0]?.kind ?? 'paused');
  return rank(a) - rank(b) || (a.lastGood?.startedAt ?? 0) - (b.lastGood?.startedAt ?? 0);
}

/** A number that goes up by one a day without being stored: a digest that is lost leaves a gap. */
export function serialOf({ report, timezone }: Run): string {
  const today = dateIn(timezone, report.checkedAt);
  const year = today.slice(0, 4);
  const day = (Date.parse(`${today}T00:00Z`) - Date.parse(`${year}-01-01T00:00Z`)) / 86_400_000;
  return `#${year}-${String(day + 1).padStart(3, '0')}`;
}
