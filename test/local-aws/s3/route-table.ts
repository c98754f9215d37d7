// Lists the operations of S3 that this server knows, and what each admits.
import { getBucketPolicyStatus } from './bucket-policy.ts';
import { deleteSetting, getSetting, putSetting } from './bucket-settings.ts';
import {
  createBucket,
  deleteBucket,
  getBucketLocation,
  headBucket,
  listBuckets,
} from './buckets.ts';
import type { Reply, S3Call } from './call.ts';
import { deleteObject, deleteObjects } from './delete-object.ts';
import { listObjects, listObjectsV2, listObjectVersions } from './list-answer.ts';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  uploadPart,
} from './multipart.ts';
import { listMultipartUploads, listParts } from './multipart-listing.ts';
import { getObject, headObject } from './read-object.ts';
import { settings } from './setting-table.ts';
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './tagging.ts';
import { copyObject, putObject } from './write-object.ts';

/** An operation: what selects it, what else it admits, and the IAM action that allows it. */
export type Route = {
  readonly operation: string;
  readonly action: string;
  readonly method: string;
  readonly on: 'service' | 'bucket' | 'object';
  /** Query parameters that must be there; the route that needs most wins. */
  readonly needs: readonly string[];
  /** A header that must be there. */
  readonly needsHeader?: string;
  /** Query parameters that may be there. */
  readonly admits: readonly string[];
  /** Headers with a meaning that may be there: `x-amz-*` beyond those on any call, conditions, ranges. */
  readonly admitsHeaders: readonly string[];
  readonly answer: (call: S3Call) => Reply;
};

type Shape = Pick<Route, 'operation' | 'action' | 'answer'> & Partial<Route>;

const objectHeaders = [
  'x-amz-storage-class',
  'x-amz-meta-',
  'x-amz-server-side-encryption',
  'x-amz-acl',
];
const writeConditions = ['if-match', 'if-none-match'];
const readHeaders = [...writeConditions, 'if-modified-since', 'if-unmodified-since', 'range'];
const listing = ['prefix', 'delimiter', 'max-keys', 'encoding-type'];

function route(line: string, needs: string, shape: Shape): Route {
  const [method = '', on = ''] = line.split(' ');
  return {
    method,
    on: on as Route['on'],
    needs: needs === '' ? [] : needs.split('&'),
    admits: [],
    admitsHeaders: [],
    ...shape,
  };
}

/** Every operation this server knows. */
export const routes: readonly Route[] = [
  route('GET service', '', {
    operation: 'ListBuckets',
    action: 's3:ListAllMyBuckets',
    answer: listBuckets,
    admits: ['prefix', 'max-buckets', 'continuation-token'],
  }),
  route('PUT bucket', '', {
    operation: 'CreateBucket',
    action: 's3:CreateBucket',
    answer: createBucket,
    admitsHeaders: ['x-amz-object-ownership', 'x-amz-bucket-object-lock-enabled'],
  }),
  route('HEAD bucket', '', {
    operation: 'HeadBucket',
    action: 's3:ListBucket',
    answer: headBucket,
  }),
  route('DELETE bucket', '', {
    operation: 'DeleteBucket',
    action: 's3:DeleteBucket',
    answer: deleteBucket,
  }),
  route('GET bucket', 'location', {
    operation: 'GetBucketLocation',
    action: 's3:GetBucketLocation',
    answer: getBucketLocation,
  }),
  route('GET bucket', 'policyStatus', {
    operation: 'GetBucketPolicyStatus',
    action: 's3:GetBucketPolicyStatus',
    answer: getBucketPolicyStatus,
  }),
  ...settings.flatMap((setting) => {
    const { parameter, operations, permissions } = setting;
    return [
      route('GET bucket', parameter, {
        operation: operations.get,
        action: permissions.get,
        answer: getSetting(setting),
      }),
      route('PUT bucket', parameter, {
        operation: operations.put,
        action: permissions.put,
        answer: putSetting(setting),
        admitsHeaders: [
          'x-amz-skip-destination-validation',
          'x-amz-confirm-remove-self-bucket-access',
          'x-amz-transition-default-minimum-object-size',
        ],
      }),
      ...(operations.delete === undefined
        ? []
        : [
            route('DELETE bucket', parameter, {
              operation: operations.delete,
              action: permissions.put,
              answer: deleteSetting(setting),
            }),
          ]),
    ];
  }),
  route('GET bucket', '', {
    operation: 'ListObjects',
    action: 's3:ListBucket',
    answer: listObjects,
    admits: [...listing, 'marker'],
  }),
  route('GET bucket', 'list-type', {
    operation: 'ListObjectsV2',
    action: 's3:ListBucket',
    answer: listObjectsV2,
    admits: [...listing, 'start-after', 'continuation-token', 'fetch-owner'],
  }),
  route('GET bucket', 'versions', {
    operation: 'ListObjectVersions',
    action: 's3:ListBucketVersions',
    answer: listObjectVersions,
    admits: [...listing, 'key-marker', 'version-id-marker'],
  }),
  route('GET bucket', 'uploads', {
    operation: 'ListMultipartUploads',
    action: 's3:ListBucketMultipartUploads',
    answer: listMultipartUploads,
    admits: ['prefix'],
  }),
  route('POST bucket', 'delete', {
    operation: 'DeleteObjects',
    action: 's3:DeleteObject',
    answer: deleteObjects,
    admitsHeaders: ['x-amz-bypass-governance-retention'],
  }),
  route('PUT object', '', {
    operation: 'PutObject',
    action: 's3:PutObject',
    answer: putObject,
    admitsHeaders: [...objectHeaders, ...writeConditions],
  }),
  route('PUT object', '', {
    operation: 'CopyObject',
    action: 's3:PutObject',
    answer: copyObject,
    needsHeader: 'x-amz-copy-source',
    admitsHeaders: [
      ...objectHeaders,
      ...writeConditions,
      'x-amz-copy-source',
      'x-amz-metadata-directive',
    ],
  }),
  route('GET object', '', {
    operation: 'GetObject',
    action: 's3:GetObject',
    answer: getObject,
    admits: ['versionId'],
    admitsHeaders: readHeaders,
  }),
  route('HEAD object', '', {
    operation: 'HeadObject',
    action: 's3:GetObject',
    answer: headObject,
    admits: ['versionId'],
    admitsHeaders: readHeaders,
  }),
  route('DELETE object', '', {
    operation: 'DeleteObject',
    action: 's3:DeleteObject',
    answer: deleteObject,
    admits: ['versionId'],
    admitsHeaders: ['x-amz-bypass-governance-retention'],
  }),
  route('GET object', 'tagging', {
    operation: 'GetObjectTagging',
    action: 's3:GetObjectTagging',
    answer: getObjectTagging,
    admits: ['versionId'],
  }),
  route('PUT object', 'tagging', {
    operation: 'PutObjectTagging',
    action: 's3:PutObjectTagging',
    answer: putObjectTagging,
    admits: ['versionId'],
  }),
  route('DELETE object', 'tagging', {
    operation: 'DeleteObjectTagging',
    action: 's3:DeleteObjectTagging',
    answer: deleteObjectTagging,
    admits: ['versionId'],
  }),
  route('POST object', 'uploads', {
    operation: 'CreateMultipartUpload',
    action: 's3:PutObject',
    answer: createMultipartUpload,
    admitsHeaders: objectHeaders,
  }),
  route('PUT object', 'partNumber&uploadId', {
    operation: 'UploadPart',
    action: 's3:PutObject',
    answer: uploadPart,
  }),
  route('POST object', 'uploadId', {
    operation: 'CompleteMultipartUpload',
    action: 's3:PutObject',
    answer: completeMultipartUpload,
    admitsHeaders: [...writeConditions, 'x-amz-mp-object-size'],
  }),
  route('DELETE object', 'uploadId', {
    operation: 'AbortMultipartUpload',
    action: 's3:AbortMultipartUpload',
    answer: abortMultipartUpload,
  }),
  route('GET object', 'uploadId', {
    operation: 'ListParts',
    action: 's3:ListMultipartUploadParts',
    answer: listParts,
  }),
];
