// Makes EventBridge's shape of an event of S3.
import { randomUUID } from 'node:crypto';
import type { S3Event } from './event.ts';

/** The event as EventBridge hands it on. Its key is not encoded, and its requester is the account, not the user. */
export type S3EventBridgeEvent = {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': 'Object Created' | 'Object Deleted';
  readonly source: 'aws.s3';
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: {
    readonly version: '0';
    readonly bucket: { readonly name: string };
    readonly object: {
      readonly key: string;
      readonly size?: number;
      readonly etag?: string;
      readonly 'version-id'?: string;
      readonly sequencer: string;
    };
    readonly 'request-id': string;
    readonly requester: string;
    readonly 'source-ip-address': string;
    readonly reason: string;
    readonly 'deletion-type'?: 'Permanently Deleted' | 'Delete Marker Created';
  };
};

/** The same event in EventBridge's shape, as a bucket with EventBridge on sends it. */
export function toEventBridge(event: S3Event, account: string): S3EventBridgeEvent[] {
  return event.Records.map((record) => {
    const { bucket, object } = record.s3;
    const [kind, how] = record.eventName.split(':');
    const created = kind === 'ObjectCreated';
    return {
      version: '0',
      id: randomUUID(),
      'detail-type': created ? 'Object Created' : 'Object Deleted',
      source: 'aws.s3',
      account,
      time: `${record.eventTime.slice(0, 19)}Z`,
      region: record.awsRegion,
      resources: [bucket.arn],
      detail: {
        version: '0',
        bucket: { name: bucket.name },
        object: {
          key: decodeURIComponent(object.key.replace(/\+/g, ' ')),
          ...(object.size === undefined ? {} : { size: object.size }),
          ...(object.eTag === undefined ? {} : { etag: object.eTag }),
          ...(object.versionId === undefined ? {} : { 'version-id': object.versionId }),
          sequencer: object.sequencer,
        },
        'request-id': record.responseElements['x-amz-request-id'],
        requester: account,
        'source-ip-address': record.requestParameters.sourceIPAddress,
        reason: created
          ? how === 'Put' || how === 'Copy'
            ? `${how}Object`
            : String(how)
          : 'DeleteObject',
        ...(created
          ? {}
          : {
              'deletion-type': how === 'Delete' ? 'Permanently Deleted' : 'Delete Marker Created',
            }),
      },
    };
  });
}
