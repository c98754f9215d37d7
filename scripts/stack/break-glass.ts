// The role a person takes on to destroy or to repair backups, when that is really meant.
import { bucketArn, iamArn, policy, type Resources } from './cloudformation.ts';

/** Logical id of the role, which the bucket policy exempts from its denials. */
export const breakGlassRole = 'BreakGlassRole';

/**
 * A role for an hour at a time, for whoever the account lets assume roles and who has just shown a
 * second factor. It is part of the stack so that nobody has to name an administrator beforehand.
 */
export function breakGlass(bucket: string): Resources {
  return {
    [breakGlassRole]: {
      Type: 'AWS::IAM::Role',
      Properties: {
        Description: `Undeletes, deletes and reconfigures in ${bucket}. Every use deserves a question.`,
        MaxSessionDuration: 3600,
        AssumeRolePolicyDocument: policy({
          Sid: 'PeopleOfThisAccountWithASecondFactor',
          Effect: 'Allow',
          Principal: { AWS: iamArn('root') },
          Action: 'sts:AssumeRole',
          Condition: {
            Bool: { 'aws:MultiFactorAuthPresent': 'true' },
            NumericLessThan: { 'aws:MultiFactorAuthAge': '3600' },
          },
        }),
        Policies: [
          {
            PolicyName: 'everything-in-the-backup-bucket',
            PolicyDocument: policy({
              Sid: 'EverythingInTheBackupBucket',
              Effect: 'Allow',
              Action: 's3:*',
              Resource: [bucketArn(bucket), bucketArn(bucket, '*')],
            }),
          },
        ],
      },
    },
  };
}
