// What to do about a finding, beside its label: the command, and where the runbook has more.
import type { Finding } from '../verdict/finding.ts';
import type { Verdict } from '../verdict/judge.ts';
import { nextStep, runbookOf } from './finding-words.ts';
import { COLUMN } from './paragraph.ts';

/** A command must be copied as it is: it is never wrapped. */
export function composeSteps(finding: Finding, verdict: Verdict): string[] {
  const step = nextStep(finding, verdict);
  const indent = ' '.repeat(COLUMN);
  return [
    ...(step === undefined ? [] : [`${indent}Do now:  ${step}`]),
    `${indent}Runbook: ${runbookOf(finding.kind)}`,
  ];
}
