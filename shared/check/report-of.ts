// One report out of the verdicts of a run and what else lies in the bucket.
import type { Instant } from '../duplicity/time.ts';
import type { Report } from '../report/report.ts';
import type { Unreadable, Verdict } from '../verdict/judge.ts';
import type { Strangers } from './find-strangers.ts';

export function reportOf(
  bucket: string,
  verdicts: readonly Verdict[],
  strangers: Strangers | Unreadable,
  checkedAt: Instant,
): Report {
  const inTargets = verdicts
    .flatMap(({ findings }) => findings)
    .reduce((sum, finding) => sum + (finding.kind === 'foreign' ? finding.count : 0), 0);
  if ('unreadable' in strangers) {
    const unsearched = `${strangers.unreadable}; ${strangers.hint}`;
    return { checkedAt, bucket, verdicts, unknownHosts: [], foreignObjects: inTargets, unsearched };
  }
  const foreignObjects = inTargets + strangers.foreignObjects;
  return { checkedAt, bucket, verdicts, unknownHosts: strangers.prefixes, foreignObjects };
}
