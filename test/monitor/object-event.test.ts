import { describe, expect, it } from 'vitest';
import { parseObjectEvents } from '../../shared/monitor/object-event.ts';

const native = (eventName: string, key = 'web/a+b%2Bc%0A.manifest.gpg') => ({
  eventName,
  eventTime: '2026-11-23T03:16:00.000Z',
  userIdentity: { principalId: 'AWS:AIDAEXAMPLE' },
  requestParameters: { sourceIPAddress: '203.0.113.9' },
  s3: { bucket: { name: 'backups' }, object: { key, size: 900 } },
});
const bridge = (type: string, detail = {}) => ({
  source: 'aws.s3',
  'detail-type': type,
  time: '2026-11-23T03:16:00Z',
  detail: {
    bucket: { name: 'backups' },
    object: { key: 'web/100%+sure.manifest.gpg' },
    requester: '123456789012',
    'source-ip-address': '203.0.113.9',
    ...detail,
  },
});

describe('parseObjectEvents', () => {
  it('decodes a native key once, and keeps who and from where', () => {
    expect(
      parseObjectEvents({ Records: [native('ObjectCreated:CompleteMultipartUpload')] }),
    ).toEqual([
      {
        what: 'created',
        bucket: 'backups',
        key: 'web/a b+c\n.manifest.gpg',
        at: Date.parse('2026-11-23T03:16:00Z'),
        left: 'version',
        principal: 'AWS:AIDAEXAMPLE',
        address: '203.0.113.9',
      },
    ]);
  });

  it('keeps a key that cannot be decoded as it came', () => {
    const [event] = parseObjectEvents({ Records: [native('s3:ObjectCreated:Put', 'web/100%')] });
    expect(event?.key).toBe('web/100%');
  });

  it('does not decode the key of an EventBridge event', () => {
    const [event] = parseObjectEvents(bridge('Object Created'));
    expect(event).toMatchObject({ what: 'created', key: 'web/100%+sure.manifest.gpg' });
  });

  it.each([
    [{ Records: [native('ObjectRemoved:Delete')] }, 'version'],
    [{ Records: [native('s3:ObjectRemoved:DeleteMarkerCreated')] }, 'marker'],
    [bridge('Object Deleted', { 'deletion-type': 'Permanently Deleted' }), 'version'],
    [bridge('Object Deleted', { 'deletion-type': 'Delete Marker Created' }), 'marker'],
    [bridge('Object Deleted'), 'unknown'],
  ])('returns what a removal left behind', (event, left) => {
    expect(parseObjectEvents(event)).toMatchObject([{ what: 'removed', left }]);
  });

  it('reads every record, and leaves out what lifecycle does and the test event', () => {
    const records = [
      native('ObjectCreated:Put'),
      native('LifecycleExpiration:Delete'),
      native('ObjectRemoved:Delete'),
    ];
    expect(parseObjectEvents({ Records: records })).toHaveLength(2);
    expect(parseObjectEvents(bridge('Object Deleted', { reason: 'Lifecycle Expiration' }))).toEqual(
      [],
    );
    expect(
      parseObjectEvents({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'backups' }),
    ).toEqual([]);
  });

  it.each([
    null,
    'text',
    {},
    { Records: [{}] },
    { Records: [{ ...native('ObjectCreated:Put'), s3: {} }] },
    { Records: [{ ...native('ObjectRemoved:Delete'), eventTime: 'now' }] },
    { source: 'aws.ec2', detail: {} },
  ])('throws for an event it cannot read: %j', (event) => {
    expect(() => parseObjectEvents(event)).toThrow(TypeError);
  });
});
