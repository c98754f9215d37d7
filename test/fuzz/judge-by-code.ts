// The product's judgement on a generated bucket, in the words that both judges share.
import { listSets } from '../../shared/monitor/list-sets.ts';
import { mayAnswerFrom } from '../../shared/rules/answer.ts';
import type { Finding } from '../../shared/rules/finding.ts';
import { type Judgement, judge } from '../../shared/rules/judge.ts';
import { closedWindow } from '../../shared/rules/window.ts';
import { inMemory, keyed } from '../support/in-memory.ts';
import type { Case } from './a-bucket.ts';
import type { ReferenceJudgement } from './reference-judge.ts';

/** Reads the bucket as the check does, page by page, and judges it. */
export async function judgeByCode(
  { host, now, facts }: Case,
  depth: 'recent' | 'all',
  pageRows: number,
): Promise<ReferenceJudgement> {
  const objects = facts.map(({ name, bytes, modifiedAt, firstModifiedAt }) => ({
    ...{ name, bytes, modifiedAt, firstModifiedAt },
  }));
  const list = inMemory(keyed(host.target.prefix, objects), { pageRows });
  const since = mayAnswerFrom(host, closedWindow(host, now));
  return inWords(judge(host, await listSets(list, host, { since, now, depth }), now));
}

function inWords({
  verdict,
  findings,
  answer,
  answeredAt,
  lastGood,
}: Judgement): ReferenceJudgement {
  return {
    verdict,
    findings: findings.map(describeFinding).sort(),
    answer: answer?.startedAt,
    answeredAt,
    lastGood: lastGood?.startedAt,
  };
}

function describeFinding(finding: Finding): string {
  const words = `${finding.severity} ${finding.kind}`;
  switch (finding.kind) {
    case 'late':
    case 'clock-skew':
      return `${words} ${finding.startedAt}`;
    case 'incomplete': {
      const { windowsMissed, startedAt, missingVolumes, emptyVolumes, manifest } = finding;
      return `${words} ${windowsMissed} ${startedAt} [${missingVolumes}] [${emptyVolumes}] ${manifest}`;
    }
    case 'damaged':
      return `${words} ${finding.startedAt} ${finding.aheadMs > 0} [${finding.oddVolumes}]`;
    case 'chain-broken': {
      const { startedAt, lacksAt, isThere } = finding;
      return `${words} ${startedAt} ${lacksAt} ${isThere}`;
    }
    case 'missing':
      return `${words} ${finding.windowsMissed}`;
    case 'poisoned':
    case 'incremental':
    case 'unencrypted':
    case 'foreign':
    case 'parity':
    case 'overlapping':
      return `${words} ${finding.count}`;
    case 'duplicate-full':
      return `${words} ${finding.fulls.length}`;
    default:
      return words;
  }
}
