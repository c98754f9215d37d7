// All the rules.
import { bucketRules } from './buckets.ts';
import { identityRules } from './identities.ts';
import { queueRules } from './queues.ts';
import { type Raw, type Rule, readTemplate } from './rule.ts';
import { templateRules } from './templates.ts';
import { watchingRules } from './watching.ts';

export const rules: readonly Rule[] = [
  ...bucketRules,
  ...identityRules,
  ...queueRules,
  ...watchingRules,
  ...templateRules,
];

/** What breaks any rule in a template that is to be deployed in this region. */
export function findAll(raw: Raw, region: string): string[] {
  const template = readTemplate(raw, region);
  return rules.flatMap(({ says, find }) => find(template).map((what) => `${says}: ${what}`));
}
