// What a key for restores may do: read the backups of some hosts, and nothing else.

import { type Host, kitName } from '../../shared/config/config.ts';
import { DRILLS } from '../../shared/messages/report.ts';

/** The path of the IAM users that restores read with; they are in no group. */
export const readerUserPath = '/backup-readers/';

/** The name of the one policy of such a user. */
export const readerPolicyName = 'read-backups';

/**
 * IAM counts the inline policies of a user together, without white space.
 * Source: "IAM and AWS STS quotas", IAM User Guide.
 */
export const readerPolicyBound = 2048;

/** Conditions on everything that the key may do; `until` is an instant as IAM writes it. */
type ReaderTerms = {
  readonly requireMfa: boolean;
  readonly until: string | undefined;
  /** False: it may leave receipts, and read nothing. */
  readonly reads?: boolean;
  /** The state bucket, where receipts of drills may be left; `undefined`: nowhere. */
  readonly drillsIn: string | undefined;
};

/**
 * The policy of a reader as a JSON document. A host may have a bucket of its own, so ARNs are written out; `partition`
 * is the first part of them.
 */
export function readerPolicy(
  hosts: readonly Pick<Host, 'name' | 'target'>[],
  partition: string,
  { requireMfa, until, drillsIn, reads = true }: ReaderTerms,
): { readonly Version: '2012-10-17'; readonly Statement: readonly object[] } {
  const arn = (bucket: string, keys = '') => `arn:${partition}:s3:::${bucket}${keys}`;
  const terms = {
    ...(requireMfa ? { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } : {}),
    ...(until === undefined ? {} : { DateLessThan: { 'aws:CurrentTime': until } }),
  };
  const allow = (Action: string | string[], Resource: string | string[], condition = {}) => {
    const Condition = { ...terms, ...condition };
    const when = Object.keys(Condition).length === 0 ? {} : { Condition };
    return { Effect: 'Allow', Action, Resource, ...when };
  };
  const byBucket = [...Map.groupBy(hosts, ({ target }) => target.bucket)];
  const below = ({ target }: Pick<Host, 'target'>) => `${target.prefix}*`;
  return {
    Version: '2012-10-17',
    Statement: [
      ...(reads ? byBucket : []).flatMap(([bucket, own]) => {
        const prefixes = { 's3:prefix': own.map(below) };
        return [
          // IfExists: duplicity begins with HeadBucket, which has no prefix, and gives up on a refusal. The price is
          // that a reader can list the names of all objects, as every host can.
          allow('s3:ListBucket', arn(bucket), { StringLikeIfExists: prefixes }),
          allow('s3:ListBucketVersions', arn(bucket), { StringLike: prefixes }),
          allow(
            ['s3:GetObject', 's3:GetObjectVersion'],
            own.map((host) => arn(bucket, `/${below(host)}`)),
          ),
        ];
      }),
      ...(drillsIn === undefined
        ? []
        : [
            allow(
              's3:PutObject',
              hosts.map((host) => arn(drillsIn, `/${DRILLS}${kitName(host)}/*`)),
            ),
          ]),
    ],
  };
}
