// Makes the record that S3 sends when an object came or went.
import { randomUUID } from 'node:crypto';

/** What happened to an object, as the operations tell it. */
export type ObjectChange = {
  readonly bucket: string;
  readonly key: string;
  readonly name:
    | 'ObjectCreated:Put'
    | 'ObjectCreated:Copy'
    | 'ObjectCreated:CompleteMultipartUpload'
    | 'ObjectRemoved:Delete'
    | 'ObjectRemoved:DeleteMarkerCreated'
    | 'ObjectTagging:Put'
    | 'ObjectTagging:Delete';
  /** Absent on an unversioned bucket. */
  readonly versionId: string | undefined;
  /** Of what was created; a delete marker has an ETag and no size. */
  readonly bytes: number | undefined;
  readonly etag: string | undefined;
  /** The access key id of anyone who did it, and in an event what S3 calls that one: the unique ID of the user. */
  readonly principal: string;
  readonly sourceIp: string;
  readonly requestId: string;
};

/** S3's native record. The key in it is form-url-encoded: a space is `+`. */
export type S3EventRecord = {
  readonly eventVersion: string;
  readonly eventSource: 'aws:s3';
  readonly awsRegion: string;
  readonly eventTime: string;
  readonly eventName: string;
  readonly userIdentity: { readonly principalId: string };
  readonly requestParameters: { readonly sourceIPAddress: string };
  readonly responseElements: {
    readonly 'x-amz-request-id': string;
    readonly 'x-amz-id-2': string;
  };
  readonly s3: {
    readonly s3SchemaVersion: '1.0';
    readonly configurationId: string;
    readonly bucket: {
      readonly name: string;
      readonly ownerIdentity: { readonly principalId: string };
      readonly arn: string;
    };
    readonly object: {
      readonly key: string;
      readonly size?: number;
      readonly eTag?: string;
      readonly versionId?: string;
      readonly sequencer: string;
    };
  };
};

/** What a Lambda is invoked with: one record at a time, as S3 does. */
export type S3Event = { readonly Records: readonly S3EventRecord[] };

/** What S3 sends to a queue or a topic when a notification is configured; it has no records. */
export type S3TestEvent = {
  readonly Service: 'Amazon S3';
  readonly Event: 's3:TestEvent';
  readonly Time: string;
  readonly Bucket: string;
  readonly RequestId: string;
  readonly HostId: string;
};

/** The native event of a change, at that moment. */
export function composeEvent(
  change: ObjectChange,
  context: { region: string; at: number; sequencer: string; configurationId: string },
): S3Event {
  const { versionId, bytes, etag } = change;
  const record: S3EventRecord = {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: context.region,
    eventTime: new Date(context.at).toISOString(),
    eventName: change.name,
    userIdentity: { principalId: `AWS:${change.principal}` },
    requestParameters: { sourceIPAddress: change.sourceIp },
    responseElements: {
      'x-amz-request-id': change.requestId,
      'x-amz-id-2': `${change.requestId}/local`,
    },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: context.configurationId,
      bucket: {
        name: change.bucket,
        ownerIdentity: { principalId: 'LOCALOWNER' },
        arn: `arn:aws:s3:::${change.bucket}`,
      },
      object: {
        key: encodeURIComponent(change.key).replace(/%2F/g, '/').replace(/%20/g, '+'),
        ...(bytes === undefined ? {} : { size: bytes }),
        ...(etag === undefined ? {} : { eTag: etag }),
        ...(versionId === undefined ? {} : { versionId }),
        sequencer: context.sequencer,
      },
    },
  };
  return { Records: [record] };
}

/** The test event. */
export function composeTestEvent(bucket: string, at: number): S3TestEvent {
  return {
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: new Date(at).toISOString(),
    Bucket: bucket,
    RequestId: randomUUID(),
    HostId: 'local',
  };
}
