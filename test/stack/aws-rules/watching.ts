// What CloudWatch, EventBridge and its scheduler refuse.
import type { FilledIn } from '../../../scripts/stack/policy-sizes.ts';
import { allows, each, outside, type Rule, resource, statementsOf, type Template } from './rule.ts';

const ALARM = 'AWS::CloudWatch::Alarm';
const SCHEDULE = 'AWS::Scheduler::Schedule';
const RULE = 'AWS::Events::Rule';
const DASHBOARD = 'AWS::CloudWatch::Dashboard';
const PUT_ALARM = '"PutMetricAlarm", Amazon CloudWatch API Reference';

const simple = { Namespace: 'AWS/SQS', MetricName: 'a', Statistic: 'Sum', Period: 300 };
const alarm = (properties: object) =>
  resource(ALARM, {
    ...simple,
    EvaluationPeriods: 1,
    ComparisonOperator: 'GreaterThanThreshold',
    ...properties,
  });
const computed = (...Metrics: object[]) =>
  resource(ALARM, { Metrics, EvaluationPeriods: 1, ComparisonOperator: 'LessThanThreshold' });
const measured = (Id: string, Period: number) => ({
  Id,
  ReturnData: true,
  MetricStat: { Metric: { MetricName: 'a' }, Period, Stat: 'Sum' },
});

/** The periods of an alarm, in seconds. */
const periodsOf = ({ Period, Metrics = [] }: FilledIn): number[] =>
  [Period, ...Metrics.map(({ MetricStat }: FilledIn) => MetricStat?.Period)].flatMap(
    (one) => one ?? [],
  );

const eachAlarm =
  (check: (alarm: FilledIn) => readonly (string | false)[]): Rule['find'] =>
  ({ long }) =>
    each(long, ALARM, check);

const Arn = { 'Fn::GetAtt': ['Run', 'Arn'] };
const schedule = (properties: object, target: object = {}) => ({
  ...resource(SCHEDULE, {
    ScheduleExpression: 'rate(1 hour)',
    ...properties,
    Target: { Arn, RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] }, ...target },
  }),
  ...resource('AWS::IAM::Role', trusting('scheduler.amazonaws.com'), 'Role'),
});
const trusting = (Service: string) => ({
  AssumeRolePolicyDocument: {
    Statement: [{ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' }],
  },
  Policies: [
    {
      PolicyName: 'a',
      PolicyDocument: {
        Statement: [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: Arn }],
      },
    },
  ],
});

const dashboard = (...widgets: object[]) =>
  resource(DASHBOARD, { DashboardName: 'a', DashboardBody: JSON.stringify({ widgets }) });
const widget = (override: object) => ({
  ...{ type: 'metric', x: 0, y: 0, width: 12, height: 6 },
  properties: { metrics: [['AWS/SQS', 'a']], region: 'eu-west-1' },
  ...override,
});

/** Each widget of a dashboard; `undefined` where the body is no JSON. */
function widgetsOf({ DashboardBody }: FilledIn): FilledIn[] | undefined {
  try {
    return JSON.parse(DashboardBody).widgets;
  } catch {
    return undefined;
  }
}

/** What is wrong with one widget. */
function mistakesOfWidget({ type, x, y, width, height, properties }: FilledIn): (string | false)[] {
  const { metrics, region, alarms } = properties ?? {};
  return [
    !['alarm', 'metric', 'text'].includes(type) && `type ${type}`,
    (outside(x, 0, 23) || outside(width, 1, 24 - x)) && 'columns',
    (outside(y, 0, 1000) || outside(height, 1, 1000)) && 'rows',
    type === 'metric' && (!Array.isArray(metrics) || metrics.length > 500) && 'metrics',
    type === 'metric' && !/^[a-z-]+\d$/.test(region ?? '') && 'region',
    type === 'alarm' && outside(alarms?.length ?? 0, 1, 100) && 'alarms',
    type === 'alarm' && !alarms?.every((arn: string) => arn.startsWith('arn:')) && 'alarms by ARN',
  ];
}

/** Of the six fields of a cron expression one names a day, and the other says `?`. */
function isExpression(text: string): boolean {
  if (
    /^rate\((?:1 (?:minute|hour|day)|[1-9]\d+ (?:minute|hour|day)s|[2-9] (?:minute|hour|day)s)\)$/.test(
      text,
    )
  )
    return true;
  const fields = /^cron\((.*)\)$/.exec(text)?.[1]?.split(' ') ?? [];
  const [, , dayOfMonth, , dayOfWeek] = fields;
  return fields.length === 6 && (dayOfMonth === '?') !== (dayOfWeek === '?');
}

const mistakesOfRetries = (policy: FilledIn = {}): (string | false)[] => [
  outside(policy.MaximumEventAgeInSeconds, 60, 86_400) && 'MaximumEventAgeInSeconds',
  outside(policy.MaximumRetryAttempts, 0, 185) && 'MaximumRetryAttempts',
];

/** Whether a queue lets EventBridge send to it. */
const isOpenToEvents = ({ linked }: Template, queue: string): boolean =>
  Object.values(linked).some(
    ({ Type, Properties }) =>
      Type === 'AWS::SQS::QueuePolicy' &&
      allows(
        statementsOf(Properties).filter(
          ({ Principal }) => Principal?.Service === 'events.amazonaws.com',
        ),
        'sqs:SendMessage',
        queue,
      ),
  );

export const watchingRules: readonly Rule[] = [
  {
    says: 'A dashboard has a name of letters, digits, "-" and "_", and widgets within its 24 columns',
    source:
      '"PutDashboard" and "Dashboard Body Structure and Syntax", Amazon CloudWatch API Reference',
    find: ({ long }) =>
      each(long, DASHBOARD, (one) => [
        !/^[\w-]{1,255}$/.test(one.DashboardName) && 'DashboardName',
        outside(widgetsOf(one)?.length ?? 0, 1, 500) && 'DashboardBody',
        ...(widgetsOf(one) ?? []).flatMap(mistakesOfWidget),
      ]),
    broken: [
      resource(DASHBOARD, { DashboardName: 'a b', DashboardBody: '{"widgets":[]}' }),
      resource(DASHBOARD, { DashboardName: 'a', DashboardBody: '{"widgets":[' }),
      dashboard(widget({ type: 'graph' })),
      dashboard(widget({ x: 13 })),
      dashboard(widget({ height: 0 })),
      dashboard(widget({ properties: { region: 'eu-west-1' } })),
      dashboard(widget({ properties: { metrics: [[]], region: 'here' } })),
      dashboard(widget({ type: 'alarm', properties: { alarms: ['checks-stopped'] } })),
      dashboard(widget({ type: 'alarm', properties: { alarms: [] } })),
    ],
  },
  {
    says: 'An alarm has a name of 255 characters at most, a description of 1,024, and five actions of a kind',
    source: PUT_ALARM,
    find: eachAlarm(
      ({ AlarmName = '', AlarmDescription = '', AlarmActions = [], OKActions = [] }) => [
        AlarmName.length > 255 && 'AlarmName',
        AlarmDescription.length > 1024 && 'AlarmDescription',
        Math.max(AlarmActions.length, OKActions.length) > 5 && 'actions',
      ],
    ),
    broken: [
      alarm({ AlarmName: { 'Fn::Sub': `\${AWS::StackName}-${'a'.repeat(203)}` } }),
      alarm({ AlarmDescription: 'd'.repeat(1025) }),
      alarm({ OKActions: ['a', 'b', 'c', 'd', 'e', 'f'] }),
    ],
  },
  {
    says: 'A period is 10, 20 or 30 seconds, or whole minutes',
    source: PUT_ALARM,
    find: eachAlarm((one) =>
      periodsOf(one).map(
        (period) =>
          !([10, 20, 30].includes(period) || (period > 0 && period % 60 === 0)) && `${period}`,
      ),
    ),
    broken: [alarm({ Period: 90 }), computed(measured('a', 0))],
  },
  {
    says: 'All periods of an evaluation are seven days at most, and one day where a period is under an hour',
    source: PUT_ALARM,
    find: eachAlarm(({ EvaluationPeriods, ...one }) =>
      periodsOf(one).map(
        (period) =>
          period * EvaluationPeriods > (period < 3600 ? 86_400 : 604_800) &&
          `${EvaluationPeriods} of ${period} s`,
      ),
    ),
    broken: [
      alarm({ Period: 900, EvaluationPeriods: 97 }),
      alarm({ Period: 86_400, EvaluationPeriods: 8 }),
    ],
  },
  {
    says: 'No more data points alarm than are evaluated, and at least one is',
    source: PUT_ALARM,
    find: eachAlarm(({ EvaluationPeriods, DatapointsToAlarm }) => [
      outside(EvaluationPeriods, 1, Number.MAX_SAFE_INTEGER) && 'EvaluationPeriods',
      outside(DatapointsToAlarm, 1, EvaluationPeriods) && 'DatapointsToAlarm',
    ]),
    broken: [
      alarm({ EvaluationPeriods: 0 }),
      alarm({ EvaluationPeriods: 3, DatapointsToAlarm: 4 }),
    ],
  },
  {
    says: 'An alarm is on one metric, or on Metrics, of which one returns data, with ids that begin small',
    source: '"PutMetricAlarm" and "MetricDataQuery", Amazon CloudWatch API Reference',
    find: eachAlarm(({ Metrics, ...one }) => {
      if (Metrics === undefined) return [!('MetricName' in one) && 'on nothing'];
      const returning = Metrics.filter(({ ReturnData = true }: FilledIn) => ReturnData);
      return [
        Object.keys(simple).some((key) => key in one) && 'on both',
        returning.length !== 1 && `${returning.length} return data`,
        ...Metrics.map(({ Id }: FilledIn) => !/^[a-z]\w{0,254}$/.test(Id) && `${Id}`),
        Metrics.length > 20 && 'too many metrics',
      ];
    }),
    broken: [
      alarm({ Metrics: [measured('a', 60)] }),
      computed(measured('a', 60), measured('b', 60)),
      computed(measured('Good', 60)),
      resource(ALARM, { EvaluationPeriods: 1 }),
    ],
  },
  {
    says: 'A metric has 30 dimensions at most; words are those that CloudWatch knows',
    source: PUT_ALARM,
    find: eachAlarm(({ Dimensions = [], ComparisonOperator, TreatMissingData = 'missing' }) => [
      Dimensions.length > 30 && 'Dimensions',
      !/^(?:Greater|Less)Than(?:OrEqualTo)?Threshold$/.test(ComparisonOperator) &&
        'ComparisonOperator',
      !/^(?:breaching|notBreaching|ignore|missing)$/.test(TreatMissingData) && 'TreatMissingData',
    ]),
    broken: [
      alarm({ ComparisonOperator: 'GreaterThan' }),
      alarm({ TreatMissingData: 'not-breaching' }),
      alarm({ Dimensions: Array.from({ length: 31 }, () => ({ Name: 'a', Value: 'b' })) }),
    ],
  },
  {
    says: 'An alarm that rings a topic finds it open to CloudWatch, where the topic has a policy',
    source: '"Amazon CloudWatch alarms: Amazon SNS notifications", Amazon CloudWatch User Guide',
    find: ({ linked }) =>
      each(linked, ALARM, ({ AlarmActions = [], OKActions = [] }) =>
        [...AlarmActions, ...OKActions].map((topic: string) => {
          const policies = Object.values(linked).filter(
            ({ Type, Properties }) =>
              Type === 'AWS::SNS::TopicPolicy' && Properties.Topics.includes(topic),
          );
          const granting = policies.flatMap(({ Properties }) =>
            statementsOf(Properties).filter(
              ({ Principal }) => Principal?.Service === 'cloudwatch.amazonaws.com',
            ),
          );
          return policies.length > 0 && !allows(granting, 'sns:Publish', topic) && topic;
        }),
      ),
    broken: [
      {
        ...alarm({ AlarmActions: [{ Ref: 'Ops' }] }),
        ...resource('AWS::SNS::Topic', {}, 'Ops'),
        ...resource(
          'AWS::SNS::TopicPolicy',
          { Topics: [{ Ref: 'Ops' }], PolicyDocument: { Statement: [] } },
          'OpsPolicy',
        ),
      },
    ],
  },
  {
    says: 'A log is kept for one of the spans that CloudWatch knows, and has a name of 512 characters at most',
    source: '"PutRetentionPolicy", Amazon CloudWatch Logs API Reference',
    find: ({ long }) =>
      each(long, 'AWS::Logs::LogGroup', ({ RetentionInDays = 1, LogGroupName = '' }) => [
        ![
          ...[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731],
          ...[1096, 1827, 2192, 2557, 2922, 3288, 3653],
        ].includes(RetentionInDays) && `${RetentionInDays} days`,
        LogGroupName.length > 512 && 'its name',
      ]),
    broken: [
      resource('AWS::Logs::LogGroup', { RetentionInDays: 100 }),
      resource('AWS::Logs::LogGroup', { LogGroupName: 'l'.repeat(513) }),
    ],
  },
  {
    says: 'A schedule is rate(...) or cron(...) of six fields, with "?" for one of the two days, and a description of 512',
    source: '"Schedule types in EventBridge Scheduler", EventBridge Scheduler User Guide',
    find: ({ long }) =>
      each(long, SCHEDULE, ({ ScheduleExpression, Description = '' }) => [
        !isExpression(ScheduleExpression) && ScheduleExpression,
        Description.length > 512 && 'its description',
      ]),
    broken: [
      ...[
        'cron(0/15 * * * *)',
        'cron(0/15 * * * * *)',
        'cron(0 0 ? * ? *)',
        'rate(1 hours)',
        '0 * * * *',
      ].map((ScheduleExpression) => schedule({ ScheduleExpression })),
      schedule({ Description: 'd'.repeat(513) }),
    ],
  },
  {
    says: 'A target is tried again 185 times at most, for a minute to a day',
    source:
      '"RetryPolicy", EventBridge Scheduler API Reference; "RetryPolicy", Amazon EventBridge API Reference',
    find: ({ long }) => [
      ...each(long, SCHEDULE, ({ Target }) => mistakesOfRetries(Target.RetryPolicy)),
      ...each(long, RULE, ({ Targets = [] }) =>
        Targets.flatMap(({ RetryPolicy }: FilledIn) => mistakesOfRetries(RetryPolicy)),
      ),
    ],
    broken: [
      schedule({}, { RetryPolicy: { MaximumEventAgeInSeconds: 30 } }),
      schedule({}, { RetryPolicy: { MaximumRetryAttempts: 186 } }),
      resource(RULE, { Targets: [{ RetryPolicy: { MaximumEventAgeInSeconds: 86_401 } }] }),
    ],
  },
  {
    says: 'The role of a schedule trusts the scheduler, and may do what the target and its dead-letter queue ask for',
    source: '"Setting up Amazon EventBridge Scheduler", EventBridge Scheduler User Guide',
    find: ({ linked }) =>
      each(linked, SCHEDULE, ({ Target: { Arn: target, RoleArn, DeadLetterConfig } }) => {
        const role = linked[`${RoleArn}`.replace(/\.Arn$/, '')]?.Properties ?? {};
        const trusts = (role.AssumeRolePolicyDocument?.Statement ?? []).some(
          ({ Principal }: FilledIn) => Principal?.Service === 'scheduler.amazonaws.com',
        );
        const may = (action: string, on: string) => allows(statementsOf(role), action, on);
        return [
          !trusts && 'it trusts another',
          !may('lambda:InvokeFunction', target) && `it may not start ${target}`,
          DeadLetterConfig !== undefined &&
            !may('sqs:SendMessage', DeadLetterConfig.Arn) &&
            `it may not send to ${DeadLetterConfig.Arn}`,
        ];
      }),
    broken: [
      { ...schedule({}), ...resource('AWS::IAM::Role', trusting('events.amazonaws.com'), 'Role') },
      schedule({}, { Arn: { 'Fn::GetAtt': ['Other', 'Arn'] } }),
      schedule({}, { DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] } } }),
    ],
  },
  {
    says: 'The pattern of a rule has 2,048 characters at most, and a rule has five targets at most',
    source: '"Amazon EventBridge quotas", Amazon EventBridge User Guide',
    find: ({ long }) =>
      each(long, RULE, ({ EventPattern = {}, Targets = [] }) => [
        JSON.stringify(EventPattern).length > 2048 && 'its pattern',
        Targets.length > 5 && 'its targets',
      ]),
    broken: [
      resource(RULE, { EventPattern: { source: ['s'.repeat(2048)] } }),
      resource(RULE, { Targets: Array.from({ length: 6 }, () => ({})) }),
    ],
  },
  {
    says: 'A queue that is the target or the dead-letter queue of a rule lets EventBridge send to it',
    source: '"Using resource-based policies for Amazon EventBridge", Amazon EventBridge User Guide',
    find: (template) =>
      each(template.linked, RULE, ({ Targets = [] }) =>
        Targets.flatMap(({ Arn: target, DeadLetterConfig }: FilledIn) =>
          [target, DeadLetterConfig?.Arn].flatMap((queue) =>
            queue === undefined || isOpenToEvents(template, queue) ? [] : [queue],
          ),
        ),
      ),
    broken: [resource(RULE, { Targets: [{ Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] } }] })],
  },
];
