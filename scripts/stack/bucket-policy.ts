// What nobody may do to the backups, whatever else they have been granted.
import {
  attributeOf,
  bucketArn,
  callersName,
  iamArn,
  policy,
  type Resources,
  type Statement,
  type Value,
} from './cloudformation.ts';

/** The path of the IAM users that hosts write with; the policy knows a host by it. */
export const hostUserPath = '/backup-hosts/';

// What everybody may do who was granted it, by name and without a wildcard: what is not here is denied, and so is
// what S3 will only learn to do. Source: "Actions, resources, and condition keys for Amazon S3", Service Authorization
// Reference; test/stack/bucket-policy.test.ts holds these lists to a dated copy of it.
const readingBucket = [
  's3:GetAccelerateConfiguration',
  's3:GetAnalyticsConfiguration',
  's3:GetBucketAbac',
  's3:GetBucketAcl',
  's3:GetBucketCORS',
  's3:GetBucketLocation',
  's3:GetBucketLogging',
  's3:GetBucketMetadataTableConfiguration',
  's3:GetBucketNotification',
  's3:GetBucketObjectLockConfiguration',
  's3:GetBucketOwnershipControls',
  's3:GetBucketPolicy',
  's3:GetBucketPolicyStatus',
  's3:GetBucketPublicAccessBlock',
  's3:GetBucketRequestPayment',
  's3:GetBucketTagging',
  's3:GetBucketVersioning',
  's3:GetBucketWebsite',
  's3:GetEncryptionConfiguration',
  's3:GetIntelligentTieringConfiguration',
  's3:GetInventoryConfiguration',
  's3:GetLifecycleConfiguration',
  's3:GetMetricsConfiguration',
  's3:GetReplicationConfiguration',
  's3:ListBucket',
  's3:ListBucketMultipartUploads',
  's3:ListBucketVersions',
  's3:ListTagsForResource',
];
const readingObjects = [
  's3:GetObject',
  's3:GetObjectAcl',
  's3:GetObjectAnnotation',
  's3:GetObjectAttributes',
  's3:GetObjectLegalHold',
  's3:GetObjectRetention',
  's3:GetObjectTagging',
  's3:GetObjectTorrent',
  's3:GetObjectVersion',
  's3:GetObjectVersionAcl',
  's3:GetObjectVersionAnnotation',
  's3:GetObjectVersionAnnotationForReplication',
  's3:GetObjectVersionAttributes',
  's3:GetObjectVersionForReplication',
  's3:GetObjectVersionTagging',
  's3:GetObjectVersionTorrent',
  's3:ListMultipartUploadParts',
  's3:ListObjectAnnotations',
  's3:ListObjectVersionAnnotations',
];
// An object that is overwritten leaves its version.
const appending = ['s3:PutObject', 's3:AbortMultipartUpload'];

/**
 * The bucket policy: denials only, of the same size for one host and for five thousand.
 *
 * `admins` are further principals (ARNs, `*` allowed) that may do what the break-glass role may, and `taggers` those that
 * may tag an object, so that lifecycle hides it.
 * A negated operator is true when its key is absent, so each one that reads a request header goes
 * with `Null: false`; without it every UploadPart, and so every large volume, would be refused.
 */
export function bucketPolicy(
  bucket: string,
  admins: readonly string[],
  taggers: readonly Value[],
): Value {
  const everything: Value = [bucketArn(bucket), bucketArn(bucket, '*')];
  const objects = bucketArn(bucket, '*');
  const breakers = [attributeOf(breakGlassRole, 'Arn'), ...admins];
  const nobodyBut = { 'aws:PrincipalArn': breakers };
  const hosts = {
    ArnLike: {
      'aws:PrincipalArn': iamArn(`user${hostUserPath}*`),
    },
  };
  const deny = (Sid: string, rest: { readonly [element: string]: Value }): Statement => ({
    Sid,
    Effect: 'Deny',
    Principal: '*',
    ...rest,
  });
  const header = 's3:x-amz-server-side-encryption';

  return policy(
    deny('TlsOnly', {
      Action: 's3:*',
      Resource: everything,
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    }),
    deny('Tls12OrNewer', {
      Action: 's3:*',
      Resource: everything,
      Condition: { NumericLessThan: { 's3:TlsVersion': '1.2' } },
    }),
    deny('OnlyBreakGlassChangesObjects', {
      NotAction: [...readingObjects, ...appending, 's3:PutObjectTagging'],
      Resource: objects,
      Condition: { ArnNotLike: nobodyBut },
    }),
    deny('OnlyBreakGlassOrTheJanitorTags', {
      Action: 's3:PutObjectTagging',
      Resource: objects,
      Condition: { ArnNotLike: { 'aws:PrincipalArn': [...breakers, ...taggers] } },
    }),
    // Anyone who may deploy stacks deploys this one too: a call that CloudFormation makes for them
    // passes, so that neither `sls deploy` nor `sls remove` ever meets a locked door.
    deny('OnlyBreakGlassOrTheStackReconfigures', {
      NotAction: readingBucket,
      Resource: bucketArn(bucket),
      Condition: {
        ArnNotLike: nobodyBut,
        'ForAllValues:StringNotEquals': { 'aws:CalledVia': ['cloudformation.amazonaws.com'] },
      },
    }),
    // GetObject is not granted to a host, but left for the operator to grant: see ADR 0012.
    deny('HostsOnlyAppend', {
      NotAction: [...appending, 's3:ListBucket', 's3:GetObject'],
      Resource: everything,
      Condition: hosts,
    }),
    deny('HostsStayInTheirOwnPrefix', {
      Action: [...appending, 's3:GetObject'],
      NotResource: bucketArn(bucket, `${callersName}/*`),
      Condition: hosts,
    }),
    deny('NoColdOrExpensiveClass', {
      Action: 's3:PutObject',
      Resource: objects,
      Condition: {
        Null: { 's3:x-amz-storage-class': 'false' },
        StringNotEquals: { 's3:x-amz-storage-class': 'STANDARD' },
      },
    }),
    deny('NoKeysOfTheUploader', {
      Action: 's3:PutObject',
      Resource: objects,
      Condition: { Null: { [`${header}-customer-algorithm`]: 'false' } },
    }),
    deny('NoForeignKmsKeys', {
      Action: 's3:PutObject',
      Resource: objects,
      Condition: { Null: { [header]: 'false' }, StringNotEquals: { [header]: 'AES256' } },
    }),
  );
}

/** Logical id of the role, which the bucket policy exempts from its denials. */
export const breakGlassRole = 'BreakGlassRole';

/**
 * A role for an hour at a time, for anyone whom the account lets assume roles and who has just shown a
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
