// What a host's key may do: append encrypted backups under its own name, and nothing else.
import { hostUserPath } from './bucket-policy.ts';
import { bucketArn, callersName, policy, type Resources, sub } from './cloudformation.ts';

/** The group's name: bucket names are unique in the world, so two stacks never share one. */
export const hostGroupName = (bucket: string): string => `${bucket}-hosts`;

/**
 * One group for all hosts. An IAM user made under `/backup-hosts/`, named like its host, and put
 * into the group can write below `<name>/` alone. The users are made by `rollcall add-host` and not
 * by the stack: it would end at 500 resources, and its outputs would hold their keys.
 */
export function hostGroup(bucket: string): Resources {
  return {
    HostGroup: {
      Type: 'AWS::IAM::Group',
      // Should `bucket` be renamed past what refuses it, hosts go on writing to the old one.
      UpdateReplacePolicy: 'Retain',
      Properties: {
        GroupName: hostGroupName(bucket),
        Path: hostUserPath,
        Policies: [
          {
            PolicyName: 'append-to-own-prefix',
            PolicyDocument: policy(
              {
                Sid: 'AppendEncryptedBackups',
                Effect: 'Allow',
                Action: ['s3:PutObject', 's3:AbortMultipartUpload'],
                // `.gpg`: a backup that somebody forgot to encrypt is refused, and never uploaded.
                // `*` before `duplicity-`: a --file-prefix stands there.
                Resource: bucketArn(bucket, `${callersName}/*duplicity-*.gpg`),
              },
              {
                Sid: 'ListOwnPrefix',
                Effect: 'Allow',
                Action: 's3:ListBucket',
                Resource: bucketArn(bucket),
                // IfExists: duplicity begins with HeadBucket, which has no prefix, and gives up on
                // a refusal. The price is that a host can list the names of all objects.
                Condition: { StringLikeIfExists: { 's3:prefix': sub(`${callersName}/*`) } },
              },
            ),
          },
        ],
      },
    },
  };
}
