// Keeps the configurations put on a bucket, and answers for those never put as S3 does.
import { AwsError } from '../aws-error.ts';
import { element, group, readXml, textOf, xmlDocument } from '../xml.ts';
import type { Bucket } from './bucket.ts';
import { bucketOf, headerOf, type Reply, type S3Call, s3Namespace, xmlReply } from './call.ts';
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

/** Get. */
export function getSetting(setting: Setting): (call: S3Call) => Reply {
  return (call) => {
    const kept = bucketOf(call).settings.get(setting.parameter);
    const json = setting.parameter === 'policy';
    if (kept !== undefined) {
      return json
        ? { status: 200, headers: { 'content-type': 'application/json' }, body: kept }
        : xmlReply(kept);
    }
    if ('code' in setting.absent) throw new AwsError(setting.absent.code);
    return xmlReply(xmlDocument(setting.absent.document));
  };
}

/** Put: the new document replaces the old one whole, as S3 does with notifications too. */
export function putSetting(setting: Setting): (call: S3Call) => Reply {
  return (call) => {
    const bucket = bucketOf(call);
    const document = setting.accept(bucket, call.body.toString('utf8'));
    bucket.settings.set(setting.parameter, document);
    const testing = headerOf(call, 'x-amz-skip-destination-validation') !== 'true';
    if (setting.parameter === 'notification' && testing) call.s3.announceTest(bucket);
    return { status: setting.parameter === 'policy' ? 204 : 200 };
  };
}

/** Delete. */
export function deleteSetting(setting: Setting): (call: S3Call) => Reply {
  return (call) => {
    bucketOf(call).settings.delete(setting.parameter);
    return { status: 204 };
  };
}

/** GetBucketPolicyStatus: public = somebody unnamed is allowed something without a condition. */
export function getBucketPolicyStatus(call: S3Call): Reply {
  const policy = bucketOf(call).settings.get('policy');
  if (policy === undefined) throw new AwsError('NoSuchBucketPolicy');
  type Statement = { Effect: string; Principal?: unknown; Condition?: unknown };
  const statements = [(JSON.parse(policy) as { Statement: Statement | Statement[] }).Statement];
  const isPublic = statements.flat().some(({ Effect, Principal, Condition }) => {
    const everybody = Principal === '*' || (Principal as { AWS?: unknown })?.AWS === '*';
    return Effect === 'Allow' && everybody && Condition === undefined;
  });
  return xmlReply(
    xmlDocument(
      group('PolicyStatus', [element('IsPublic', isPublic ? 'TRUE' : 'FALSE')], s3Namespace),
    ),
  );
}

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

function acceptPolicy(_bucket: Bucket, source: string): string {
  try {
    const policy = JSON.parse(source) as { Statement?: unknown };
    if (typeof policy.Statement === 'object' && policy.Statement !== null) return source;
  } catch {
    // falls to the same refusal: S3 tells a broken document and a broken policy alike
  }
  throw new AwsError(
    'MalformedPolicy',
    "Policies must be valid JSON and the first byte must be '{'",
  );
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
