// What SQS, SNS and Lambda refuse, or advise so that nothing is lost.
import type { FilledIn } from '../../../scripts/stack/policy-sizes.ts';
import { allows, each, outside, type Rule, resource, statementsOf, type Template } from './rule.ts';

const QUEUE = 'AWS::SQS::Queue';
const FUNCTION = 'AWS::Lambda::Function';
const MAPPING = 'AWS::Lambda::EventSourceMapping';
const SOURCE =
  '"Creating and configuring an Amazon SQS event source mapping", AWS Lambda Developer Guide';
const DEAD_LETTERS = '"Using dead-letter queues in Amazon SQS", Amazon SQS Developer Guide';

// Where a rule is advice, and the stack has its reason not to take it.
const EXCEPT: { readonly [queue: string]: string } = {
  ShardCalls:
    'docs/adr/0049: no call would be given out again while the run that calls still waits',
};

const byDefault = { VisibilityTimeout: 30, MessageRetentionPeriod: 345_600, Timeout: 3 };
const idOf = (link: FilledIn): string => `${link}`.replace(/\.Arn$/, '');

/** Each mapping with its queue and its function. */
const eachMapping =
  (
    check: (mapping: FilledIn, queue: FilledIn, run: FilledIn, id: string) => string | false,
  ): Rule['find'] =>
  ({ linked }: Template) =>
    each(linked, MAPPING, (mapping) => {
      const id = idOf(mapping.EventSourceArn);
      const queue = { ...byDefault, ...linked[id]?.Properties };
      const run = { ...byDefault, ...linked[idOf(mapping.FunctionName)]?.Properties };
      return [check(mapping, queue, run, id)];
    });

const queue = (properties: object, id = 'Queue') => resource(QUEUE, properties, id);
const link = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const role = (id: string, ...Action: string[]) =>
  resource(
    'AWS::IAM::Role',
    {
      Policies: [
        {
          PolicyName: 'a',
          PolicyDocument: { Statement: [{ Effect: 'Allow', Action, Resource: link('Queue') }] },
        },
      ],
    },
    id,
  );
const mapped = (queueProperties: object, Timeout: number, mapping: object = {}) => ({
  ...queue(queueProperties),
  ...resource(FUNCTION, { Timeout, Role: { 'Fn::Sub': `\${Role.Arn}` } }, 'Run'),
  ...role('Role', 'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'),
  ...resource(MAPPING, { EventSourceArn: link('Queue'), FunctionName: link('Run'), ...mapping }),
});
const redriven = (maxReceiveCount: number) => ({
  RedrivePolicy: { deadLetterTargetArn: link('Dead'), maxReceiveCount },
});

/** What a function's role allows. */
const rightsOf = ({ linked }: Template, functionId: string): FilledIn[] =>
  statementsOf(linked[idOf(linked[functionId]?.Properties.Role)]?.Properties ?? {});

export const queueRules: readonly Rule[] = [
  {
    says: 'A queue hides a message for 12 hours at most, and keeps it for a minute to 14 days',
    source: '"AWS::SQS::Queue", CloudFormation Template Reference',
    find: ({ long }) =>
      each(long, QUEUE, ({ VisibilityTimeout, MessageRetentionPeriod, QueueName = '' }) => [
        outside(VisibilityTimeout, 0, 43_200) && 'VisibilityTimeout',
        outside(MessageRetentionPeriod, 60, 1_209_600) && 'MessageRetentionPeriod',
        QueueName.length > 80 && 'QueueName',
      ]),
    broken: [
      queue({ VisibilityTimeout: 43_201 }),
      queue({ MessageRetentionPeriod: 1_209_601 }),
      queue({ QueueName: { 'Fn::Sub': `\${AWS::StackName}-${'q'.repeat(30)}` } }),
    ],
  },
  {
    says: 'A message is given out 1 to 1,000 times before it goes to the dead-letter queue, which is of the same kind',
    source: DEAD_LETTERS,
    find: ({ linked }) =>
      each(linked, QUEUE, ({ RedrivePolicy: policy, FifoQueue }) => [
        policy !== undefined && outside(policy.maxReceiveCount, 1, 1000) && 'maxReceiveCount',
        policy !== undefined &&
          linked[idOf(policy.deadLetterTargetArn)]?.Properties.FifoQueue !== FifoQueue &&
          'one of them is FIFO',
      ]),
    broken: [
      { ...queue(redriven(0)), ...queue({}, 'Dead') },
      { ...queue(redriven(5)), ...queue({ FifoQueue: true }, 'Dead') },
    ],
  },
  {
    says: 'A dead-letter queue keeps messages for longer than its source, as their age goes on',
    source: DEAD_LETTERS,
    find: ({ linked }) =>
      each(linked, QUEUE, ({ RedrivePolicy: policy, ...own }) => {
        if (policy === undefined) return [];
        const dead = linked[idOf(policy.deadLetterTargetArn)]?.Properties;
        const kept = (one: FilledIn) => ({ ...byDefault, ...one }).MessageRetentionPeriod;
        return [kept(dead) <= kept(own) && 'it keeps them for longer'];
      }),
    broken: [{ ...queue(redriven(5)), ...queue({ MessageRetentionPeriod: 345_600 }, 'Dead') }],
  },
  {
    says: 'A queue hides a message no shorter than its function may run; else Lambda makes no mapping',
    source: SOURCE,
    find: eachMapping(
      (_, { VisibilityTimeout }, { Timeout }) => VisibilityTimeout < Timeout && 'it',
    ),
    broken: [mapped({ VisibilityTimeout: 59 }, 60), mapped({}, 31)],
  },
  {
    says: 'A queue hides a message for six times as long as its function may run',
    source: SOURCE,
    find: eachMapping(
      (_, { VisibilityTimeout }, { Timeout }, id) =>
        VisibilityTimeout < 6 * Timeout && !(id in EXCEPT) && id,
    ),
    broken: [mapped({ VisibilityTimeout: 120 }, 60)],
  },
  {
    says: 'A message is given out to a function five times at least',
    source: SOURCE,
    find: eachMapping(
      (_, { RedrivePolicy }) => outside(RedrivePolicy?.maxReceiveCount, 5, 1000) && 'fewer',
    ),
    broken: [mapped(redriven(3), 5)],
  },
  {
    says: 'More than 10 messages at once, and 10,000 at most, come only with a batching window, of 300 s at most',
    source: SOURCE,
    find: eachMapping(({ BatchSize, MaximumBatchingWindowInSeconds: window = 0 }) => {
      const most = window > 0 ? 10_000 : 10;
      return (
        (outside(BatchSize, 1, most) || outside(window, 0, 300)) && `${BatchSize} in ${window} s`
      );
    }),
    broken: [
      mapped({}, 5, { BatchSize: 1000 }),
      mapped({}, 5, { BatchSize: 10_001, MaximumBatchingWindowInSeconds: 20 }),
      mapped({}, 5, { MaximumBatchingWindowInSeconds: 301 }),
    ],
  },
  {
    says: 'The concurrency of a queue is bounded to 2 at least and 1,000 at most',
    source:
      '"Configuring scaling behavior for SQS event source mappings", AWS Lambda Developer Guide',
    find: eachMapping(
      ({ ScalingConfig }) => outside(ScalingConfig?.MaximumConcurrency, 2, 1000) && 'it is not',
    ),
    broken: [1, 2.5, 1001].map((MaximumConcurrency) =>
      mapped({}, 5, { ScalingConfig: { MaximumConcurrency } }),
    ),
  },
  {
    says: 'The role of a function may take messages from the queue that is mapped to it; else Lambda makes no mapping',
    source: SOURCE,
    find: (template) =>
      each(template.linked, MAPPING, ({ EventSourceArn, FunctionName }) =>
        ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'].map(
          (action) =>
            !allows(rightsOf(template, idOf(FunctionName)), `sqs:${action}`, EventSourceArn) &&
            action,
        ),
      ),
    broken: [{ ...mapped({}, 5), ...role('Role', 'sqs:ReceiveMessage', 'sqs:DeleteMessage') }],
  },
  {
    says: 'The role of a function may send to the queue of its failed runs; else Lambda takes no such destination',
    source: '"Capturing records of Lambda asynchronous invocations", AWS Lambda Developer Guide',
    find: (template) =>
      each(
        template.linked,
        'AWS::Lambda::EventInvokeConfig',
        ({ FunctionName, DestinationConfig }) => {
          const to = DestinationConfig?.OnFailure?.Destination;
          return [
            to !== undefined &&
              !allows(rightsOf(template, idOf(FunctionName)), 'sqs:SendMessage', to) &&
              `may not send to ${to}`,
          ];
        },
      ),
    broken: [
      {
        ...mapped({}, 5),
        ...resource(
          'AWS::Lambda::EventInvokeConfig',
          {
            FunctionName: { Ref: 'Run' },
            DestinationConfig: { OnFailure: { Destination: link('Queue') } },
          },
          'Config',
        ),
      },
    ],
  },
  {
    says: 'A failed run is tried again twice at most, for a minute to six hours',
    source: '"AWS::Lambda::EventInvokeConfig", CloudFormation Template Reference',
    find: ({ long }) =>
      each(long, 'AWS::Lambda::EventInvokeConfig', (config) => [
        outside(config.MaximumRetryAttempts, 0, 2) && 'MaximumRetryAttempts',
        outside(config.MaximumEventAgeInSeconds, 60, 21_600) && 'MaximumEventAgeInSeconds',
      ]),
    broken: [{ MaximumRetryAttempts: 3 }, { MaximumEventAgeInSeconds: 21_601 }].map((one) =>
      resource('AWS::Lambda::EventInvokeConfig', one),
    ),
  },
  {
    says: 'A function has a name of 64 characters, a description of 256, 128 to 10,240 MB and 1 to 900 seconds',
    source: '"AWS::Lambda::Function", CloudFormation Template Reference; "Lambda quotas"',
    find: ({ long }) =>
      each(long, FUNCTION, ({ FunctionName = '', Description = '', MemorySize, Timeout }) => [
        FunctionName.length > 64 && 'FunctionName',
        Description.length > 256 && 'Description',
        outside(MemorySize, 128, 10_240) && 'MemorySize',
        outside(Timeout, 1, 900) && 'Timeout',
      ]),
    broken: [
      { FunctionName: 'f'.repeat(65) },
      { Description: 'd'.repeat(257) },
      { MemorySize: 64 },
      { Timeout: 901 },
    ].map((one) => resource(FUNCTION, one)),
  },
  {
    says: 'The environment of a function has 4 KB at most, and none of the names that Lambda keeps',
    source:
      '"Lambda quotas"; "Working with Lambda environment variables", AWS Lambda Developer Guide',
    find: ({ long }) =>
      each(long, FUNCTION, ({ Environment: { Variables = {} } = {} }) => [
        JSON.stringify(Variables).length > 4096 && 'it has more',
        ...Object.keys(Variables).map(
          (name) => (!/^[A-Za-z]\w+$/.test(name) || /^(?:AWS_|_?LAMBDA_|_)/.test(name)) && name,
        ),
      ]),
    broken: [{ HOSTS: 'h'.repeat(4096) }, { AWS_REGION: 'eu-west-1' }, { 'HOSTS-FILE': 'x' }].map(
      (Variables) => resource(FUNCTION, { Environment: { Variables } }),
    ),
  },
  {
    says: 'A subscription has a protocol that SNS knows, an endpoint of its form, and a filter of five names at most',
    source:
      '"Subscribe", Amazon SNS API Reference; "Filter policy constraints", Amazon SNS Developer Guide',
    find: ({ long }) =>
      each(long, 'AWS::SNS::Subscription', ({ Protocol, Endpoint, FilterPolicy = {} }) => {
        const forms: { readonly [protocol: string]: RegExp } = {
          email: /^[^@\s]+@[^@\s]+$/,
          sms: /^\+[1-9]\d{1,14}$/,
          https: /^https:\/\/\S+$/,
          sqs: /^arn:/,
          lambda: /^arn:/,
        };
        return [
          !forms[Protocol]?.test(Endpoint) && `${Protocol} ${Endpoint}`,
          Object.keys(FilterPolicy).length > 5 && 'FilterPolicy',
        ];
      }),
    broken: [
      { Protocol: 'webhook', Endpoint: 'https://hook.example' },
      { Protocol: 'sms', Endpoint: '0031600000000' },
      { Protocol: 'https', Endpoint: 'http://hook.example' },
      {
        Protocol: 'email',
        Endpoint: 'a@b.example',
        FilterPolicy: Object.fromEntries([...'abcdef'].map((name) => [name, ['x']])),
      },
    ].map((one) => resource('AWS::SNS::Subscription', one)),
  },
  {
    says: 'No topic or queue that an AWS service sends to is encrypted with the key that AWS manages for it',
    source:
      '"Encrypting published messages with AWS KMS: compatibility with event sources", Amazon SNS Developer Guide',
    find: ({ long }) =>
      ['AWS::SNS::Topic', QUEUE].flatMap((type) =>
        each(long, type, ({ KmsMasterKeyId = '' }) => [
          /^alias\/aws\//.test(KmsMasterKeyId) && KmsMasterKeyId,
        ]),
      ),
    broken: [
      resource('AWS::SNS::Topic', { KmsMasterKeyId: 'alias/aws/sns' }),
      queue({ KmsMasterKeyId: 'alias/aws/sqs' }),
    ],
  },
];
