// The janitor, where the config keeps the last good backup: the function that tags what may go, and what it may do.
import { EXPIRE_TAG } from '../../shared/rules/lifecycle.ts';
import { bucketArn, type Resources, type Statement, sub, type Value } from './cloudformation.ts';
import { functionRole } from './function-role.ts';

/** Logical id of the role, the only one next to break-glass that the bucket policy lets tag. */
export const janitorRole = 'JanitorRole';

/** The function, as `serverless.yml` takes it; like the two that stand there. */
export const janitorFunction: Value = {
  name: `\${self:service}-\${self:provider.stage}-janitor`,
  description:
    'Tags the backups that two newer good ones have replaced, so that lifecycle hides them.',
  handler: '.bundle/janitor.handler',
  package: { patterns: ['.bundle/janitor.mjs', '.bundle/janitor/*'] },
  role: sub(`\${${janitorRole}.Arn}`),
  timeout: 900,
  memorySize: 1769,
  maximumRetryAttempts: 2,
  maximumEventAge: 21_600,
  destinations: {
    onFailure: { type: 'sqs', arn: { 'Fn::GetAtt': ['FailedRuns', 'Arn'] } },
  },
};

/**
 * It can list the backup bucket, and put one tag on an object that is there: no other tag, none on an older version, and
 * none taken away. It can neither read a backup, nor write or delete anything; who can open a full it knows from the state
 * bucket.
 */
export function janitor(bucket: string, readRecords: readonly Statement[]): Resources {
  const { key, value } = EXPIRE_TAG;
  return {
    [janitorRole]: functionRole(
      'Janitor',
      'list-and-tag',
      {
        Sid: 'ListWhatIsThereAndWas',
        Effect: 'Allow',
        Action: ['s3:ListBucket', 's3:ListBucketVersions'],
        Resource: bucketArn(bucket),
      },
      ...readRecords,
      {
        Sid: 'TagWhatMayGo',
        Effect: 'Allow',
        Action: 's3:PutObjectTagging',
        Resource: bucketArn(bucket, '*'),
        Condition: {
          StringEquals: { [`s3:RequestObjectTag/${key}`]: value },
          'ForAllValues:StringEquals': { 's3:RequestObjectTagKeys': [key] },
        },
      },
    ),
  };
}
