// Asks a policy simulator what the stack's policies, taken together, let somebody do.
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { stackOf } from '../../scripts/stack/stack.ts';
import type { Config } from '../../shared/config/config.ts';
import { account, type Resolved, resolveTemplate } from './resolve-template.ts';

export { account };

/** What goes with a call: the keys that policies look at. */
export type Context = { readonly [key: string]: string | string[] };

/** A row of a table: what it is to people, and what it is to AWS. */
export type Call = [what: string, action: string, resource: string, context?: Context];

/** Somebody with the policies attached to them. */
export type Caller = {
  readonly arn: string;
  readonly policies: readonly object[];
  readonly context?: Context;
};

/** The callers of a stack, and `may`, which says whether one of them may do a thing. */
export function accountWith(config: Config, admins: readonly string[] = [], hostsARun?: number) {
  const resources = resolveTemplate(stackOf(config, admins, hostsARun).resources);
  const bucketPolicy = resources.BackupBucketPolicy?.Properties.PolicyDocument;
  const inline = (id: string): object[] =>
    resources[id].Properties.Policies.map((policy: Resolved) => policy.PolicyDocument);
  const role = (id: string): Caller => ({
    arn: `arn:aws:iam::${account}:role/rollcall-prod-${id}`,
    policies: inline(id),
  });
  const administrator = { Version: '2012-10-17', Statement: [allow('*')] };

  return {
    checkHosts: role('CheckHostsRole'),
    onObject: role('OnObjectRole'),
    get checkShard() {
      return role('CheckShardRole');
    },
    get janitor() {
      return role('JanitorRole');
    },
    scheduler: role('SchedulerRole'),
    breakGlass: role('BreakGlassRole'),
    /** A host's IAM user, in the group and with whatever else somebody gave it. */
    host: (name: string, ...more: object[]): Caller => ({
      arn: `arn:aws:iam::${account}:user/backup-hosts/${name}`,
      policies: [...inline('HostGroup'), ...more],
      context: { 'aws:username': name },
    }),
    /** Somebody who may do everything that no bucket policy denies. */
    administrator: (path: string): Caller => ({
      arn: `arn:aws:iam::${account}:${path}`,
      policies: [administrator],
    }),
    may: async (caller: Caller, action: string, resource: string, context: Context = {}) => {
      const inBucket = resource.startsWith(`arn:aws:s3:::${config.bucket}`);
      const answer = await runSimulation(
        {
          request: {
            principal: caller.arn,
            action,
            resource: { resource, accountId: account },
            contextVariables: {
              'aws:PrincipalArn': caller.arn,
              'aws:SecureTransport': 'true',
              ...(action.startsWith('s3:') ? { 's3:TlsVersion': '1.3' } : {}),
              ...caller.context,
              ...context,
            },
          },
          identityPolicies: caller.policies.map((policy, index) => ({ name: `${index}`, policy })),
          serviceControlPolicies: [],
          resourceControlPolicies: [],
          ...(inBucket && bucketPolicy !== undefined ? { resourcePolicy: bucketPolicy } : {}),
        },
        {},
      );
      if (answer.resultType === 'error') throw new Error(JSON.stringify(answer.errors));
      return answer.overallResult === 'Allowed';
    },
  };
}

/** A statement that allows so much on everything. */
export const allow = (...actions: string[]) => ({
  Effect: 'Allow',
  Action: actions,
  Resource: '*',
});
