// A template with every reference filled in, as CloudFormation would do it in one account.
import type { Resources, Value } from '../../scripts/stack/cloudformation.ts';

export const account = '111122223333';

const pseudo: { readonly [name: string]: string } = {
  'AWS::AccountId': account,
  'AWS::Partition': 'aws',
  'AWS::Region': 'eu-west-1',
  'AWS::StackName': 'rollcall-prod',
};

/** The resources as plain data: no Ref, no GetAtt, no Sub is left in them. */
export function resolveTemplate(resources: Resources): { [id: string]: Resolved } {
  return Object.fromEntries(
    Object.entries(resources).map(([id, resource]) => [
      id,
      resolve(resource as unknown as Value, resources),
    ]),
  );
}

// Whoever reads a resolved resource knows its shape, and a wrong guess fails the test.
// biome-ignore lint/suspicious/noExplicitAny: resources of all types
export type Resolved = any;

function resolve(value: Value, resources: Resources): Resolved {
  if (Array.isArray(value)) return value.map((item) => resolve(item, resources));
  if (typeof value !== 'object') return value;
  const [key, argument] = Object.entries(value)[0] ?? [];
  if (key === 'Ref') return physicalId(argument as string, resources);
  if (key === 'Fn::GetAtt') return attribute(argument as [string, string], resources);
  if (key === 'Fn::Sub') {
    return (argument as string).replace(/\$\{(!?)([^}]+)\}/g, (_, literal, name: string) =>
      literal === '!' ? `\${${name}}` : named(name, resources),
    );
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, resolve(item, resources)]),
  );
}

/** Inside `Fn::Sub`, `Name.Arn` is the attribute of that resource. */
function named(name: string, resources: Resources): string {
  const [id = '', attributeName] = name.split('.');
  return attributeName === undefined || name in pseudo
    ? physicalId(name, resources)
    : attribute([id, attributeName], resources);
}

function physicalId(id: string, resources: Resources): string {
  const known = pseudo[id];
  if (known !== undefined) return known;
  const type = resources[id]?.Type;
  if (type === 'AWS::SNS::Topic') return `arn:aws:sns:eu-west-1:${account}:rollcall-prod-${id}`;
  if (type === 'AWS::IAM::Group')
    return resolve(resources[id]?.Properties.GroupName ?? id, resources);
  return `rollcall-prod-${id}`;
}

function attribute([id, name]: readonly [string, string], resources: Resources): string {
  if (name !== 'Arn') return physicalId(id, resources);
  const here = `eu-west-1:${account}`;
  if (id.endsWith('LambdaFunction')) return `arn:aws:lambda:${here}:function:rollcall-prod-${id}`;
  if (id.endsWith('LogGroup')) return `arn:aws:logs:${here}:log-group:/aws/lambda/${id}:*`;
  const type = resources[id]?.Type;
  if (type === 'AWS::S3::Bucket') return `arn:aws:s3:::rollcall-prod-${id.toLowerCase()}`;
  if (type === 'AWS::IAM::Role') return `arn:aws:iam::${account}:role/rollcall-prod-${id}`;
  if (type === 'AWS::SQS::Queue') return `arn:aws:sqs:${here}:rollcall-prod-${id}`;
  if (type === 'AWS::Events::Rule') return `arn:aws:events:${here}:rule/rollcall-prod-${id}`;
  throw new Error(`no ARN known for ${id} of type ${type}`);
}
