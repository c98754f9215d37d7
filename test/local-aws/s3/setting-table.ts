// Lists the configurations a bucket can hold, and what S3 makes of each when it is put.
import { AwsError } from '../aws-error.ts';
import { element, group, readXml, textOf } from '../xml.ts';
import type { Bucket } from './bucket.ts';
import { acceptPolicy } from './bucket-policy.ts';
import { s3Namespace } from './call.ts';
import { checkLifecycle } from './lifecycle.ts';

/** A sub-resource of a bucket that is a document: put, returned as it was put, deleted. */
export type Setting = {
  /** The query parameter that names it. */
  readonly parameter: string;
  readonly operations: { readonly get: string; readonly put: string; readonly delete?: string };
  readonly permissions: { readonly get: string; readonly put: string };
  /** What a bucket without it answers: a document or an error code. */
  readonly absent: { readonly document: string } | { readonly code: string };
  /** Looks at what is put, may change the bucket or the document, throws S3's error. */
  readonly accept: (bucket: Bucket, source: string) => string;
};

/** Every setting this server keeps. Only versioning, Object Lock, lifecycle dates and notifications do anything. */
export const settings: readonly Setting[] = [
  {
    parameter: 'versioning',
    operations: { get: 'GetBucketVersioning', put: 'PutBucketVersioning' },
    permissions: { get: 's3:GetBucketVersioning', put: 's3:PutBucketVersioning' },
    absent: { document: group('VersioningConfiguration', [], s3Namespace) },
    accept: acceptVersioning,
  },
  {
    parameter: 'lifecycle',
    operations: {
      get: 'GetBucketLifecycleConfiguration',
      put: 'PutBucketLifecycleConfiguration',
      delete: 'DeleteBucketLifecycle',
    },
    permissions: { get: 's3:GetLifecycleConfiguration', put: 's3:PutLifecycleConfiguration' },
    absent: { code: 'NoSuchLifecycleConfiguration' },
    accept: (_bucket, source) => checkLifecycle(source),
  },
  {
    parameter: 'notification',
    operations: {
      get: 'GetBucketNotificationConfiguration',
      put: 'PutBucketNotificationConfiguration',
    },
    permissions: { get: 's3:GetBucketNotification', put: 's3:PutBucketNotification' },
    absent: { document: group('NotificationConfiguration', [], s3Namespace) },
    accept: acceptRoot('NotificationConfiguration'),
  },
  {
    parameter: 'policy',
    operations: { get: 'GetBucketPolicy', put: 'PutBucketPolicy', delete: 'DeleteBucketPolicy' },
    permissions: { get: 's3:GetBucketPolicy', put: 's3:PutBucketPolicy' },
    absent: { code: 'NoSuchBucketPolicy' },
    accept: acceptPolicy,
  },
  {
    parameter: 'encryption',
    operations: {
      get: 'GetBucketEncryption',
      put: 'PutBucketEncryption',
      delete: 'DeleteBucketEncryption',
    },
    permissions: { get: 's3:GetEncryptionConfiguration', put: 's3:PutEncryptionConfiguration' },
    // Since January 2023 every bucket encrypts with S3's own keys.
    absent: {
      document: group(
        'ServerSideEncryptionConfiguration',
        [
          group('Rule', [
            group('ApplyServerSideEncryptionByDefault', [element('SSEAlgorithm', 'AES256')]),
            element('BucketKeyEnabled', false),
          ]),
        ],
        s3Namespace,
      ),
    },
    accept: acceptRoot('ServerSideEncryptionConfiguration'),
  },
  {
    parameter: 'publicAccessBlock',
    operations: {
      get: 'GetPublicAccessBlock',
      put: 'PutPublicAccessBlock',
      delete: 'DeletePublicAccessBlock',
    },
    permissions: {
      get: 's3:GetBucketPublicAccessBlock',
      put: 's3:PutBucketPublicAccessBlock',
    },
    absent: { code: 'NoSuchPublicAccessBlockConfiguration' },
    accept: acceptRoot('PublicAccessBlockConfiguration'),
  },
  {
    parameter: 'ownershipControls',
    operations: {
      get: 'GetBucketOwnershipControls',
      put: 'PutBucketOwnershipControls',
      delete: 'DeleteBucketOwnershipControls',
    },
    permissions: { get: 's3:GetBucketOwnershipControls', put: 's3:PutBucketOwnershipControls' },
    absent: { code: 'OwnershipControlsNotFoundError' },
    accept: acceptRoot('OwnershipControls'),
  },
  {
    parameter: 'object-lock',
    operations: { get: 'GetObjectLockConfiguration', put: 'PutObjectLockConfiguration' },
    permissions: {
      get: 's3:GetBucketObjectLockConfiguration',
      put: 's3:PutBucketObjectLockConfiguration',
    },
    absent: { code: 'ObjectLockConfigurationNotFoundError' },
    accept: acceptObjectLock,
  },
];

function acceptRoot(name: string): (bucket: Bucket, source: string) => string {
  return (_bucket, source) => {
    if (readXml(source).name !== name) throw new AwsError('MalformedXML');
    return source;
  };
}

function acceptVersioning(bucket: Bucket, source: string): string {
  const status = textOf(readXml(source), 'Status');
  if (status !== 'Enabled' && status !== 'Suspended') {
    throw new AwsError(
      'IllegalVersioningConfigurationException',
      'Indicates that the versioning configuration specified in the request is invalid.',
    );
  }
  if (bucket.objectLock && status === 'Suspended') {
    throw new AwsError(
      'InvalidBucketState',
      'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
    );
  }
  bucket.versioning = status;
  return source;
}

function acceptObjectLock(bucket: Bucket, source: string): string {
  if (bucket.versioning !== 'Enabled') {
    throw new AwsError(
      'InvalidBucketState',
      "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
    );
  }
  if (textOf(readXml(source), 'ObjectLockEnabled') !== 'Enabled')
    throw new AwsError('MalformedXML');
  bucket.objectLock = true;
  return source;
}
