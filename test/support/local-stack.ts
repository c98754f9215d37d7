// The stack of a config as CloudFormation would have deployed it, for the local AWS to know of.

import { stackOf } from '../../scripts/stack/stack.ts';
import type { Config } from '../../shared/config/config.ts';
import type { LocalAws } from '../local-aws/local-aws.ts';

/** Where it stands. */
export type Deployment = { readonly admins?: readonly string[]; readonly name?: string };

/** Says that it was deployed; answers what a resource of it is really called. */
export function deployStack(
  { stacks, account, region, endpoint }: LocalAws,
  config: Config,
  { admins = [], name = 'rollcall-prod' }: Deployment = {},
): (id: string) => string {
  const { resources, outputs, functions } = stackOf(config, admins);
  // Those of the framework, by its names.
  const framework = ['checkHosts', 'onObject', ...Object.keys(functions)].flatMap((name) => {
    const id = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    return [
      { id: `${id}LambdaFunction`, type: 'AWS::Lambda::Function' },
      { id: `${id}LogGroup`, type: 'AWS::Logs::LogGroup' },
    ];
  });
  const nameOf = (id: string): string => {
    const made = `${name}-${id}-1A2B3C4D5E6F`;
    switch (resources[id]?.Type) {
      case 'AWS::SQS::Queue':
        return `${endpoint}/${account}/${made}`;
      case 'AWS::SNS::Topic':
        return `arn:aws:sns:${region}:${account}:${made}`;
      default:
        return made;
    }
  };
  stacks.set(name, {
    status: 'CREATE_COMPLETE',
    template: JSON.stringify({ Resources: resources }),
    resources: [
      ...Object.entries(resources).map(([id, { Type }]) => ({ id, type: Type })),
      ...framework,
    ].map(({ id, type }) => ({ id, type, name: nameOf(id) })),
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([key, { Value }]) => [
        key,
        typeof Value === 'string' ? Value : nameOf((Value as { Ref?: string }).Ref ?? key),
      ]),
    ),
  });
  return nameOf;
}
