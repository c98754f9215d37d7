// Finds the S3 operation a request means, and refuses what no operation here admits.
import type { IncomingHttpHeaders } from 'node:http';
import { notImplemented } from '../aws-error.ts';
import {
  deleteSetting,
  getBucketPolicyStatus,
  getSetting,
  putSetting,
  settings,
} from './bucket-settings.ts';
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
  listMultipartUploads,
  listParts,
  uploadPart,
} from './multipart.ts';
import { getObject, headObject } from './read-object.ts';
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
  /** `x-amz-*` headers that may be there, beyond those that every call may have. */
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

const routes: readonly Route[] = [
  route('GET service', '', {
    operation: 'ListBuckets',
    action: 's3:ListAllMyBuckets',
    answer: listBuckets,
    admits: ['prefix', 'max-buckets', 'continuation-token', 'bucket-region'],
  }),
  route('PUT bucket', '', {
    operation: 'CreateBucket',
    action: 's3:CreateBucket',
    answer: createBucket,
    admitsHeaders: ['x-amz-acl', 'x-amz-object-ownership', 'x-amz-bucket-object-lock-enabled'],
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
    admits: ['prefix', 'max-uploads'],
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
    admitsHeaders: objectHeaders,
  }),
  route('PUT object', '', {
    operation: 'CopyObject',
    action: 's3:PutObject',
    answer: copyObject,
    needsHeader: 'x-amz-copy-source',
    admitsHeaders: [...objectHeaders, 'x-amz-copy-source', 'x-amz-metadata-directive'],
  }),
  route('GET object', '', {
    operation: 'GetObject',
    action: 's3:GetObject',
    answer: getObject,
    admits: ['versionId'],
  }),
  route('HEAD object', '', {
    operation: 'HeadObject',
    action: 's3:GetObject',
    answer: headObject,
    admits: ['versionId'],
  }),
  route('DELETE object', '', {
    operation: 'DeleteObject',
    action: 's3:DeleteObject',
    answer: deleteObject,
    admits: ['versionId'],
    admitsHeaders: ['x-amz-bypass-governance-retention'],
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
    admitsHeaders: ['x-amz-mp-object-size'],
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
    admits: ['max-parts'],
  }),
];

// Signing, tracing and checksums: on any call, and either read elsewhere or without effect here.
const everywhere =
  /^x-amz-(content-sha256|date|user-agent|security-token|te|trailer|decoded-content-length|expected-bucket-owner|request-payer|sdk-.*|checksum-.*)$/;

/** The route of a request, or NotImplemented with the name of what is not known. */
export function findRoute(
  method: string,
  on: Route['on'],
  query: URLSearchParams,
  headers: IncomingHttpHeaders,
): Route {
  const parameters = [...new Set(query.keys())].filter(
    (name) => name !== 'x-id' && !/^x-amz-/i.test(name),
  );
  const found = routes
    .filter((one) => one.method === method && one.on === on)
    .filter((one) => one.needs.every((name) => parameters.includes(name)))
    .filter((one) => one.needsHeader === undefined || headers[one.needsHeader] !== undefined)
    .sort((a, b) => weigh(b) - weigh(a))[0];
  const unknown = parameters.find(
    (name) => !found?.needs.includes(name) && !found?.admits.includes(name),
  );
  if (!found || unknown !== undefined) {
    const asked = parameters.length === 0 ? '' : ` with ?${parameters.join('&')}`;
    throw notImplemented(`${method} on a ${on}${asked}`);
  }
  const header = Object.keys(headers).find(
    (name) =>
      name.startsWith('x-amz-') &&
      !everywhere.test(name) &&
      !found.admitsHeaders.some(
        (one) => name === one || (one.endsWith('-') && name.startsWith(one)),
      ),
  );
  if (header !== undefined) throw notImplemented(`the header ${header} on ${found.operation}`);
  return found;
}

function weigh(one: Route): number {
  return one.needs.length + (one.needsHeader === undefined ? 0 : 1);
}
