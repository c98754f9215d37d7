// Answers the calls about buckets themselves.
import { AwsError } from '../aws-error.ts';
import { element, group, readXml, textOf, xmlDocument } from '../xml.ts';
import { type Bucket, createBucket as createEmptyBucket } from './bucket.ts';
import {
  bucketOf,
  headerOf,
  type Reply,
  type S3Call,
  s3Namespace,
  xmlReply,
  xmlTime,
} from './call.ts';

/** CreateBucket. */
export function createBucket(call: S3Call): Reply {
  const { s3, bucketName } = call;
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucketName)) {
    throw new AwsError('InvalidBucketName', 'The specified bucket is not valid.');
  }
  const constraint =
    call.body.length > 0 ? textOf(readXml(call.body.toString()), 'LocationConstraint') : undefined;
  if (constraint !== undefined && constraint !== s3.region) {
    throw new AwsError(
      'IllegalLocationConstraintException',
      `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    );
  }
  if (s3.buckets.has(bucketName)) throw new AwsError('BucketAlreadyOwnedByYou');
  const bucket = createPrivateBucket(
    bucketName,
    s3.now(),
    headerOf(call, 'x-amz-object-ownership'),
  );
  if (headerOf(call, 'x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true') {
    setVersioning(bucket, 'Enabled');
    bucket.objectLock = true;
    bucket.settings.set(
      'object-lock',
      group('ObjectLockConfiguration', [element('ObjectLockEnabled', 'Enabled')], s3Namespace),
    );
  }
  s3.buckets.set(bucketName, bucket);
  return { status: 200, headers: { location: `/${bucketName}` } };
}

/** A bucket as S3 has made them since April 2023: private, and owned by its account. */
export function createPrivateBucket(
  name: string,
  at: number,
  ownership = 'BucketOwnerEnforced',
): Bucket {
  const bucket = createEmptyBucket(name, at);
  const blocks = [
    'BlockPublicAcls',
    'IgnorePublicAcls',
    'BlockPublicPolicy',
    'RestrictPublicBuckets',
  ];
  const block = blocks.map((block) => element(block, true));
  const rule = group('Rule', [element('ObjectOwnership', ownership)]);
  bucket.settings.set(
    'publicAccessBlock',
    group('PublicAccessBlockConfiguration', block, s3Namespace),
  );
  bucket.settings.set('ownershipControls', group('OwnershipControls', [rule], s3Namespace));
  return bucket;
}

/** Turns versioning on or off as PutBucketVersioning does. */
export function setVersioning(bucket: Bucket, status: 'Enabled' | 'Suspended'): void {
  bucket.versioning = status;
  bucket.settings.set(
    'versioning',
    group('VersioningConfiguration', [element('Status', status)], s3Namespace),
  );
}

/** HeadBucket, which duplicity calls before anything else. */
export function headBucket(call: S3Call): Reply {
  bucketOf(call);
  return { status: 200, headers: { 'x-amz-bucket-region': call.s3.region } };
}

/** DeleteBucket: refused while anything is in it, hidden versions included. */
export function deleteBucket(call: S3Call): Reply {
  const bucket = bucketOf(call);
  if (bucket.index.count() > 0) throw new AwsError('BucketNotEmpty');
  call.s3.buckets.delete(bucket.name);
  return { status: 204 };
}

/** GetBucketLocation: us-east-1 is said by saying nothing. */
export function getBucketLocation(call: S3Call): Reply {
  bucketOf(call);
  const region = call.s3.region === 'us-east-1' ? '' : call.s3.region;
  return xmlReply(
    xmlDocument(`<LocationConstraint xmlns="${s3Namespace}">${region}</LocationConstraint>`),
  );
}

/** ListBuckets, by name; pages only when `max-buckets` asks for them. */
export function listBuckets(call: S3Call): Reply {
  const prefix = call.query.get('prefix') ?? '';
  const behind = call.query.get('continuation-token') ?? '';
  const limit = Number(call.query.get('max-buckets') ?? '10000');
  const all = [...call.s3.buckets.values()]
    .filter(({ name }) => name.startsWith(prefix) && name > behind)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = all.slice(0, limit);
  const last = page.at(-1);
  const owner = group('Owner', [element('ID', call.s3.account)]);
  const lines = page.map(({ name, createdAt }) =>
    group('Bucket', [
      element('Name', name),
      element('CreationDate', xmlTime(createdAt)),
      element('BucketRegion', call.s3.region),
    ]),
  );
  return xmlReply(
    xmlDocument(
      group(
        'ListAllMyBucketsResult',
        [
          owner,
          group('Buckets', lines),
          ...(all.length > page.length && last ? [element('ContinuationToken', last.name)] : []),
        ],
        s3Namespace,
      ),
    ),
  );
}
