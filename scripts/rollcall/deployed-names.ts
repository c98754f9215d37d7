// What the resources of a deployed stack are really called, for the references in its template.
import type { DeployedStack } from '../../shared/doctor/deployment.ts';
import type { Names } from '../stack/policy-sizes.ts';
import { UsageError } from './terminal.ts';

/** Each throws `UsageError` for what the stack does not have. */
export function deployedNames(stack: DeployedStack): Names {
  const [, partition = '', , region = '', account = ''] =
    stack.outputs.AlertsTopicArn?.split(':') ?? [];
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::AccountId': account,
    'AWS::Partition': partition,
    'AWS::Region': region,
    'AWS::StackName': stack.name,
  };
  const missing = (what: string) =>
    new UsageError(
      `the stack ${stack.name} has no ${what}, which is named here`,
      'deploy the stack as hosts.yml says now: npx serverless deploy; then run this again',
    );
  const find = (id: string) => {
    const found = stack.resources.find((one) => one.id === id);
    if (found === undefined) throw missing(id);
    return found;
  };
  const here = (service: string, resource: string) =>
    `arn:${partition}:${service}:${region}:${account}:${resource}`;
  return {
    ref: (id) => {
      const name = Object.hasOwn(pseudo, id) ? pseudo[id] : find(id).name;
      // Without that output neither the account nor the region is known.
      if (name === undefined || name === '') throw missing('output AlertsTopicArn');
      return name;
    },
    attribute: (id, attribute) => {
      const { type, name } = find(id);
      // CloudFormation calls a queue by its address, and a topic by its ARN; both end with the name.
      const last = name.split(type === 'AWS::SQS::Queue' ? '/' : ':').at(-1) ?? '';
      if (attribute === 'QueueName' || attribute === 'TopicName') return last;
      if (attribute === 'Arn') {
        switch (type) {
          case 'AWS::IAM::Role':
            return `arn:${partition}:iam::${account}:role/${name}`;
          case 'AWS::S3::Bucket':
            return `arn:${partition}:s3:::${name}`;
          case 'AWS::SQS::Queue':
            return here('sqs', last);
          case 'AWS::Lambda::Function':
            return here('lambda', `function:${name}`);
          case 'AWS::Logs::LogGroup':
            return here('logs', `log-group:${name}:*`);
          case 'AWS::Events::Rule':
            return here('events', `rule/${name}`);
        }
      }
      throw new Error(`no ${attribute} known of ${id}, a ${type}`);
    },
  };
}
