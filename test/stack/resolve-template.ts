// A template with every reference filled in, as CloudFormation would do it in one account.
import type { Resources, Value } from '../../scripts/stack/cloudformation.ts';
import { type FilledIn, fillIn, type Names } from '../../scripts/stack/policy-sizes.ts';

export const account = '111122223333';

const pseudo: { readonly [name: string]: string } = {
  'AWS::AccountId': account,
  'AWS::Partition': 'aws',
  'AWS::Region': 'eu-west-1',
  'AWS::StackName': 'rollcall-prod',
};

/** The resources as plain data: no Ref, no GetAtt, no Sub is left in them. */
export function resolveTemplate(resources: Resources): { [id: string]: Resolved } {
  const names: Names = {
    ref: (id) => physicalId(id, resources),
    attribute: (id, name) => attribute(id, name, resources),
  };
  return Object.fromEntries(
    Object.entries(resources).map(([id, resource]) => [
      id,
      fillIn(resource as unknown as Value, names),
    ]),
  );
}

export type Resolved = FilledIn;

function physicalId(id: string, resources: Resources): string {
  const known = pseudo[id];
  if (known !== undefined) return known;
  const type = resources[id]?.Type;
  if (type === 'AWS::SNS::Topic') return `arn:aws:sns:eu-west-1:${account}:rollcall-prod-${id}`;
  if (type === 'AWS::IAM::Group') return `${resources[id]?.Properties.GroupName ?? id}`;
  return `rollcall-prod-${id}`;
}

function attribute(id: string, name: string, resources: Resources): string {
  if (name !== 'Arn') return physicalId(id, resources);
  const here = `eu-west-1:${account}`;
  if (id.endsWith('LambdaFunction')) return `arn:aws:lambda:${here}:function:rollcall-prod-${id}`;
  if (id.endsWith('LogGroup')) return `arn:aws:logs:${here}:log-group:/aws/lambda/${id}:*`;
  const type = resources[id]?.Type;
  if (type === 'AWS::S3::Bucket') return `arn:aws:s3:::rollcall-prod-${id.toLowerCase()}`;
  if (type === 'AWS::IAM::Role') return `arn:aws:iam::${account}:role/rollcall-prod-${id}`;
  if (type === 'AWS::SQS::Queue') return `arn:aws:sqs:${here}:rollcall-prod-${id}`;
  if (type === 'AWS::CloudWatch::Alarm')
    return `arn:aws:cloudwatch:${here}:alarm:rollcall-prod-${id}`;
  if (type === 'AWS::Events::Rule') return `arn:aws:events:${here}:rule/rollcall-prod-${id}`;
  throw new Error(`no ARN known for ${id} of type ${type}`);
}
