// Does the stack keep the bucket that it was made with? What guards a bucket goes when hosts.yml turns to another.
import type { Roster } from '../roster/roster.ts';
import { type Check, fail } from './check.ts';
import { type DeployedStack, nameOf } from './stack.ts';

/**
 * Nothing where it does. CloudFormation replaces what is called after another bucket: the policy, and the group, whose
 * members do not come along. Source: AWS::S3::BucketPolicy and AWS::IAM::Group, CloudFormation Template Reference
 * ("Update requires: Replacement" for `Bucket`; `HostGroup` is named after it).
 */
export function judgeKeptBucket(
  stack: DeployedStack | undefined,
  { bucket, existing }: Roster,
): readonly Check[] {
  const check = 'bucket name';
  const kept = stack?.outputs.BackupBucketName;
  if (stack === undefined || kept === undefined) return [];
  if (kept !== bucket) {
    return [
      fail(
        check,
        `the stack ${stack.name} is for the bucket ${kept}, and hosts.yml says ${bucket}: the hosts would fall out of their group`,
        `set "bucket: ${kept}" again; for another bucket: docs/setup.md#another-bucket`,
      ),
    ];
  }
  if (!existing || nameOf(stack, 'BackupBucket') !== bucket) return [];
  return [
    fail(
      check,
      `the stack ${stack.name} made ${bucket}, and hosts.yml says "existing: true": its policy would be taken away`,
      'take "existing: true" out of hosts.yml',
    ),
  ];
}
