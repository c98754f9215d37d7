// What nobody may do to the backups, whatever else they have been granted.
import { breakGlassRole } from './break-glass.ts';
import {
  attributeOf,
  bucketArn,
  callersName,
  iamArn,
  policy,
  type Statement,
  type Value,
} from './cloudformation.ts';

/** The path of the IAM users that hosts write with; the policy knows a host by it. */
export const hostUserPath = '/backup-hosts/';

const destroying = [
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:BypassGovernanceRetention',
  's3:PutObjectRetention',
  's3:PutObjectLegalHold',
  's3:PutObjectAcl',
  's3:PutObjectVersionAcl',
  's3:PutObjectVersionTagging',
  's3:DeleteObjectTagging',
  's3:DeleteObjectVersionTagging',
];

// Wildcards, because in a denial they also catch what S3 will be able to do next year.
const reconfiguring = ['s3:PutBucket*', 's3:DeleteBucket*', 's3:Put*Configuration'];

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
    deny('OnlyBreakGlassDestroys', {
      Action: destroying,
      Resource: objects,
      Condition: { ArnNotLike: nobodyBut },
    }),
    deny('OnlyBreakGlassOrTheJanitorTags', {
      Action: 's3:PutObjectTagging',
      Resource: objects,
      Condition: { ArnNotLike: { 'aws:PrincipalArn': [...breakers, ...taggers] } },
    }),
    // Whoever may deploy stacks deploys this one too: a call that CloudFormation makes for them
    // passes, so that neither `sls deploy` nor `sls remove` ever meets a locked door.
    deny('OnlyBreakGlassOrTheStackReconfigures', {
      Action: reconfiguring,
      Resource: bucketArn(bucket),
      Condition: {
        ArnNotLike: nobodyBut,
        'ForAllValues:StringNotEquals': { 'aws:CalledVia': ['cloudformation.amazonaws.com'] },
      },
    }),
    // GetObject is not granted to a host, but left for the operator to grant: see ADR 0012.
    deny('HostsOnlyAppend', {
      NotAction: ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListBucket', 's3:GetObject'],
      Resource: everything,
      Condition: hosts,
    }),
    deny('HostsStayInTheirOwnPrefix', {
      Action: ['s3:PutObject', 's3:AbortMultipartUpload', 's3:GetObject'],
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
