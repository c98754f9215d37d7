// What S3 and CloudFormation refuse of a bucket.
import type { FilledIn } from '../../../scripts/stack/policy-sizes.ts';
import { faultOfBucketName } from '../../../shared/config/aws-names.ts';
import { allows, each, outside, type Rule, resource, statementsOf } from './rule.ts';

const BUCKET = 'AWS::S3::Bucket';
const RULE = '"AWS::S3::Bucket Rule", CloudFormation Template Reference';
const ELEMENTS = '"Lifecycle configuration elements", Amazon S3 User Guide';

// As the document lists them; NoncurrentVersionExpiration is not among them.
const ACTIONS = [
  'AbortIncompleteMultipartUpload',
  'ExpirationDate',
  'ExpirationInDays',
  'NoncurrentVersionExpirationInDays',
  'NoncurrentVersionTransition',
  'NoncurrentVersionTransitions',
  'Transition',
  'Transitions',
];

const withRules = (...Rules: object[]) => resource(BUCKET, { LifecycleConfiguration: { Rules } });
const enabled = { Id: 'a', Status: 'Enabled' };
const abort = { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } };
const TagFilters = [{ Key: 'expire', Value: 'yes' }];

const rulesOf = ({ LifecycleConfiguration }: FilledIn): FilledIn[] =>
  LifecycleConfiguration?.Rules ?? [];

const eachRule = (check: (rule: FilledIn) => string | false): Rule['find'] => {
  return ({ long }) => each(long, BUCKET, (bucket) => rulesOf(bucket).map(check));
};

const notifying = (...QueueConfigurations: object[]) =>
  resource(BUCKET, { NotificationConfiguration: { QueueConfigurations } });
const suffixed = (Value: string, Event = 's3:ObjectCreated:*') => ({
  Event,
  Queue: 'q',
  Filter: { S3Key: { Rules: [{ Name: 'suffix', Value }] } },
});
const suffixOf = (one: FilledIn): string => one.Filter?.S3Key?.Rules[0]?.Value ?? '';
const configurationsOf = ({ NotificationConfiguration: one }: FilledIn): FilledIn[] => [
  ...(one?.QueueConfigurations ?? []),
  ...(one?.TopicConfigurations ?? []),
  ...(one?.LambdaConfigurations ?? []),
];

export const bucketRules: readonly Rule[] = [
  {
    says: 'A lifecycle rule has at least one action of the list; sweeping markers and NoncurrentVersionExpiration are not on it',
    source: RULE,
    find: eachRule(
      (rule) => !ACTIONS.some((action) => action in rule) && `rule ${rule.Id} has none`,
    ),
    broken: [
      withRules({ ...enabled, ExpiredObjectDeleteMarker: true }),
      withRules({ ...enabled, NoncurrentVersionExpiration: { NoncurrentDays: 8 } }),
    ],
  },
  {
    says: 'ExpiredObjectDeleteMarker stands next to no ExpirationInDays, no ExpirationDate and no tag',
    source: RULE,
    find: eachRule(
      (rule) =>
        'ExpiredObjectDeleteMarker' in rule &&
        ['ExpirationInDays', 'ExpirationDate', 'TagFilters'].some((one) => one in rule) &&
        `rule ${rule.Id}`,
    ),
    broken: [
      withRules({ ...enabled, ExpiredObjectDeleteMarker: true, ExpirationInDays: 6 }),
      withRules({ ...enabled, ...abort, ExpiredObjectDeleteMarker: true, TagFilters }),
    ],
  },
  {
    says: 'AbortIncompleteMultipartUpload is in no rule with a tag or a size',
    source: ELEMENTS,
    find: eachRule(
      (rule) =>
        'AbortIncompleteMultipartUpload' in rule &&
        ['TagFilters', 'ObjectSizeGreaterThan', 'ObjectSizeLessThan'].some((one) => one in rule) &&
        `rule ${rule.Id}`,
    ),
    broken: [withRules({ ...enabled, ...abort, TagFilters })],
  },
  {
    says: 'Days of a lifecycle rule are whole and positive',
    source: ELEMENTS,
    find: eachRule(
      ({ Id, ...rule }) =>
        [
          rule.ExpirationInDays,
          rule.NoncurrentVersionExpiration?.NoncurrentDays,
          rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation,
        ].some((days) => outside(days, 1, 2 ** 31 - 1)) && `rule ${Id}`,
    ),
    broken: [
      withRules({ ...enabled, ExpirationInDays: 0 }),
      withRules({ ...enabled, NoncurrentVersionExpiration: { NoncurrentDays: 1.5 } }),
    ],
  },
  {
    says: 'Rules have ids of their own, of at most 255 characters, and a bucket has at most 1,000 of them',
    source: ELEMENTS,
    find: ({ long }) =>
      each(long, BUCKET, (bucket) => {
        const ids = rulesOf(bucket).map(({ Id }) => Id);
        return [
          new Set(ids).size < ids.length && 'two rules of one id',
          ids.some((id) => id?.length > 255) && 'an id is too long',
          ids.length > 1000 && 'too many rules',
        ];
      }),
    broken: [
      withRules({ ...enabled, ...abort }, { ...enabled, ExpirationInDays: 6 }),
      withRules({ ...enabled, ...abort, Id: 'a'.repeat(256) }),
      withRules(
        ...Array.from({ length: 1001 }, (_, Id) => ({ ...enabled, ...abort, Id: `${Id}` })),
      ),
    ],
  },
  {
    says: 'The name that is given to a bucket is one that S3 takes',
    source: '"General purpose bucket naming rules", Amazon S3 User Guide',
    find: ({ raw }) =>
      each(raw.Resources, BUCKET, ({ BucketName }) => [
        BucketName !== undefined && (faultOfBucketName(BucketName, true) ?? false),
      ]),
    broken: ['a..b', '192.168.5.4', 'backups-s3alias'].map((BucketName) =>
      resource(BUCKET, { BucketName }),
    ),
  },
  {
    says: 'No suffix of one event ends another, and no filter is missing next to one',
    source:
      '"Configuring event notifications using object key name filtering", Amazon S3 User Guide',
    find: ({ long }) =>
      each(long, BUCKET, (bucket) => {
        const all = configurationsOf(bucket);
        return all.flatMap((one, at) =>
          all.map(
            (other, index) =>
              at !== index &&
              one.Event === other.Event &&
              suffixOf(one).endsWith(suffixOf(other)) &&
              `${suffixOf(one)} and ${suffixOf(other)} overlap`,
          ),
        );
      }),
    broken: [
      notifying(suffixed('.manifest.gpg'), suffixed('.gpg')),
      notifying(suffixed('.gpg'), { Event: 's3:ObjectCreated:*', Queue: 'q' }),
    ],
  },
  {
    says: 'A bucket has at most 100 notification configurations',
    source: '"Amazon S3 Event Notifications", Amazon S3 User Guide',
    find: ({ long }) =>
      each(long, BUCKET, (bucket) => [configurationsOf(bucket).length > 100 && 'too many']),
    broken: [notifying(...Array.from({ length: 101 }, (_, at) => suffixed(`.${at}`)))],
  },
  {
    says: 'A queue that a bucket notifies lets S3 send, by the time that the bucket is made',
    source:
      '"Granting permissions to publish event notification messages to a destination", Amazon S3 User Guide',
    find: ({ linked }) =>
      each(linked, BUCKET, (bucket, id) =>
        configurationsOf(bucket).map(({ Queue }) => {
          const granting = Object.keys(linked).filter(
            (one) =>
              linked[one].Type === 'AWS::SQS::QueuePolicy' &&
              allows(
                statementsOf(linked[one].Properties).filter(
                  ({ Principal }) => Principal?.Service === 's3.amazonaws.com',
                ),
                'sqs:SendMessage',
                Queue,
              ),
          );
          const before: string[] = [linked[id].DependsOn ?? []].flat();
          return !granting.some((one) => before.includes(one)) && `${Queue} is not open to it`;
        }),
      ),
    broken: [
      notifying({ Event: 's3:ObjectRemoved:*', Queue: { 'Fn::GetAtt': ['Queue', 'Arn'] } }),
      {
        ...notifying({ Event: 's3:ObjectRemoved:*', Queue: { 'Fn::GetAtt': ['Queue', 'Arn'] } }),
        ...resource('AWS::SQS::Queue', {}, 'Queue'),
        // Right, but nothing says that it comes first.
        ...resource(
          'AWS::SQS::QueuePolicy',
          {
            Queues: [{ Ref: 'Queue' }],
            PolicyDocument: {
              Statement: [
                {
                  Effect: 'Allow',
                  Principal: { Service: 's3.amazonaws.com' },
                  Action: 'sqs:SendMessage',
                  Resource: { 'Fn::GetAtt': ['Queue', 'Arn'] },
                },
              ],
            },
          },
          'QueuePolicy',
        ),
      },
    ],
  },
  {
    says: 'A bucket has one policy',
    source: '"AWS::S3::BucketPolicy", CloudFormation Template Reference',
    find: ({ linked }) => {
      const buckets = new Set<string>();
      return each(linked, 'AWS::S3::BucketPolicy', ({ Bucket }) => [
        buckets.size === buckets.add(Bucket).size && `a second one of ${Bucket}`,
      ]);
    },
    broken: [
      {
        ...resource('AWS::S3::BucketPolicy', { Bucket: 'abc', PolicyDocument: {} }, 'One'),
        ...resource('AWS::S3::BucketPolicy', { Bucket: 'abc', PolicyDocument: {} }, 'Two'),
      },
    ],
  },
];
