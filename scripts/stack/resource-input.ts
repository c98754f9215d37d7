// A resource of the template in the form in which one call of its service takes it.
import type { Value } from './cloudformation.ts';

/** As the template has them. */
export type Properties = { readonly [property: string]: Value };

/** A resource with every reference filled in; `name` is what it is really called. */
type FilledResource = {
  readonly type: string;
  readonly name: string;
  readonly properties: Properties;
};

type Form = {
  /** `aws` and these take the input by `--cli-input-json`. */
  readonly calls: readonly string[];
  readonly inputOf: (resource: FilledResource) => Properties;
};

const inline = (owner: string): Form['inputOf'] => {
  return ({ name, properties }) => {
    const [{ PolicyName = '', PolicyDocument = {} } = {}] = (properties.Policies ??
      []) as readonly Properties[];
    return { [owner]: name, PolicyName, PolicyDocument: JSON.stringify(PolicyDocument) };
  };
};

const first = (value: Value | undefined): Value => (value as readonly Value[])[0] ?? '';

/** By type. Source: the API references of these services; their words are the template's but for policies, which are text. */
export const RESOURCE_FORMS: Readonly<Record<string, Form>> = {
  'AWS::CloudWatch::Alarm': {
    calls: ['cloudwatch put-metric-alarm'],
    inputOf: ({ properties }) => properties,
  },
  'AWS::Scheduler::Schedule': {
    calls: ['scheduler create-schedule', 'scheduler update-schedule'],
    inputOf: ({ name, properties }) => ({ Name: name, State: 'ENABLED', ...properties }),
  },
  'AWS::IAM::Group': { calls: ['iam put-group-policy'], inputOf: inline('GroupName') },
  'AWS::IAM::Role': { calls: ['iam put-role-policy'], inputOf: inline('RoleName') },
  'AWS::SNS::TopicPolicy': {
    calls: ['sns set-topic-attributes'],
    inputOf: ({ properties: { Topics, PolicyDocument = {} } }) => ({
      TopicArn: first(Topics),
      AttributeName: 'Policy',
      AttributeValue: JSON.stringify(PolicyDocument),
    }),
  },
  'AWS::Lambda::EventSourceMapping': {
    calls: ['lambda update-event-source-mapping'],
    // It is made for one queue, and cannot be moved to another.
    inputOf: ({ name, properties: { EventSourceArn: _, ...rest } }) => ({
      ...{ UUID: name, Enabled: true },
      ...rest,
    }),
  },
  'AWS::SQS::QueuePolicy': {
    calls: ['sqs set-queue-attributes'],
    inputOf: ({ properties: { Queues, PolicyDocument = {} } }) => ({
      QueueUrl: first(Queues),
      Attributes: { Policy: JSON.stringify(PolicyDocument) },
    }),
  },
};
