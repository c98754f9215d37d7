// How long the policies of a stack are, as AWS counts them, before AWS refuses one in the middle of a deployment.
import { partitionOf, REGIONS } from '../../shared/config/aws-names.ts';
import type { Resource, Resources, Value } from './cloudformation.ts';

/** All inline policies of a role or group together, or the policy of a bucket; in characters, without white space. */
export type PolicySize = { readonly id: string; readonly size: number; readonly most: number };

// Sources: "IAM and AWS STS quotas", IAM User Guide; "Bucket policies", Amazon S3 User Guide.
const MOST: { readonly [type: string]: number } = {
  'AWS::IAM::Role': 10_240,
  'AWS::IAM::Group': 5_120,
  'AWS::S3::BucketPolicy': 20_480,
};

/** Each policy that has a limit, with the longest values that its references can take in this region. */
export function policySizes(resources: Resources, region: string): PolicySize[] {
  const names = longestNames(resources, region);
  return Object.entries(resources).flatMap(([id, resource]) => {
    const most = MOST[resource.Type];
    if (most === undefined) return [];
    const documents = documentsOf(resource).map((one) => JSON.stringify(fillIn(one, names)));
    return [{ id, size: documents.join('').length, most }];
  });
}

function documentsOf({ Properties }: Resource): Value[] {
  const { PolicyDocument, Policies = [] } = Properties;
  if (PolicyDocument !== undefined) return [PolicyDocument];
  return (Policies as { PolicyDocument: Value }[]).map((policy) => policy.PolicyDocument);
}

// A function's name has 64 characters, of which "-check-hosts" are twelve; the stack's is what stands before.
const LONGEST_STACK = 52;
// What CloudFormation puts behind a name that it makes, with its hyphen.
const RANDOM = 14;

/** The longest that references can become, in names that CloudFormation makes of the stack's and the logical id. */
export function longestNames(resources: Resources, region: string): Names {
  const longestPartition = Object.keys(REGIONS).sort((a, b) => b.length - a.length)[0] ?? 'aws';
  const partition = partitionOf(region) ?? longestPartition;
  const account = '1'.repeat(12);
  const pseudo: { readonly [name: string]: string } = {
    'AWS::AccountId': account,
    'AWS::Partition': partition,
    'AWS::Region': region,
    'AWS::StackName': 's'.repeat(LONGEST_STACK),
  };
  const made = (id: string, most: number) =>
    'x'.repeat(Math.min(most, LONGEST_STACK + 1 + id.length + RANDOM));
  const arn = (service: string, resource: string, where = `${region}:${account}`) =>
    `arn:${partition}:${service}:${where}:${resource}`;
  const typeOf = (id: string) => resources[id]?.Type;
  return {
    ref: (id) =>
      pseudo[id] ?? (typeOf(id) === 'AWS::SNS::Topic' ? arn('sns', made(id, 256)) : made(id, 63)),
    attribute: (id, name) => {
      if (name !== 'Arn') return made(id, 80);
      if (id.endsWith('LambdaFunction')) return arn('lambda', `function:${made(id, 64)}`);
      if (id.endsWith('LogGroup')) return arn('logs', `log-group:/aws/lambda/${made(id, 64)}:*`);
      const type = typeOf(id);
      if (type === 'AWS::S3::Bucket') return arn('s3', made(id, 63), ':');
      if (type === 'AWS::IAM::Role') return arn('iam', `role/${made(id, 64)}`, `:${account}`);
      if (type === 'AWS::SQS::Queue') return arn('sqs', made(id, 80));
      if (type === 'AWS::Events::Rule') return arn('events', `rule/${made(id, 64)}`);
      return arn('service', `resource/${made(id, 128)}`);
    },
  };
}

/** What stands for a `Ref`, pseudo parameters too, and for an attribute. */
export type Names = {
  readonly ref: (id: string) => string;
  readonly attribute: (id: string, name: string) => string;
};

// Anyone who reads a filled-in part knows its shape.
// biome-ignore lint/suspicious/noExplicitAny: parts of all shapes
export type FilledIn = any;

/** No `Ref`, `Fn::GetAtt`, `Fn::Sub` or `Fn::Join` is left in it. */
export function fillIn(value: Value, names: Names): FilledIn {
  if (Array.isArray(value)) return value.map((item) => fillIn(item, names));
  if (typeof value !== 'object' || value === null) return value;
  const [key, argument] = Object.entries(value)[0] ?? [];
  if (key === 'Ref') return names.ref(argument as string);
  if (key === 'Fn::GetAtt') return names.attribute(...(argument as [string, string]));
  if (key === 'Fn::Join') {
    const [between, parts] = argument as [string, Value[]];
    return parts.map((part) => fillIn(part, names)).join(between);
  }
  if (key === 'Fn::Sub') {
    return (argument as string).replace(/\$\{(!?)([^}]+)\}/g, (_, literal, name: string) =>
      literal === '!' ? `\${${name}}` : named(name, names),
    );
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, fillIn(item, names)]),
  );
}

/** Inside `Fn::Sub`, `Name.Arn` is the attribute of that resource. */
function named(name: string, { ref, attribute }: Names): string {
  const [id = '', attributeName] = name.split('.');
  return attributeName === undefined ? ref(name) : attribute(id, attributeName);
}
