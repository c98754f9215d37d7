// Knows stacks by what was deployed: their outputs, and what each resource is really called. It deploys none.
import { AwsError } from '../aws-error.ts';
import { type QueryActions, requireParameter } from '../query-protocol.ts';
import { element, group } from '../xml.ts';

/** A deployed stack. */
export type Stack = {
  readonly status: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** As it was sent. */
  readonly template: string;
  readonly resources: readonly {
    readonly id: string;
    readonly type: string;
    readonly name: string;
  }[];
};

/** The part of the account that is CloudFormation: stacks by name. */
export type CloudFormationState = { readonly stacks: Map<string, Stack> };

/** What can be asked of a stack. Source: DescribeStacks, ListStackResources and GetTemplate, AWS CloudFormation API Reference. */
export function createCloudFormationActions({ stacks }: CloudFormationState): QueryActions {
  const stackOf = (form: URLSearchParams) => {
    const name = requireParameter(form, 'StackName');
    const stack = stacks.get(name);
    if (stack !== undefined) return { name, ...stack };
    throw new AwsError('ValidationError', `Stack with id ${name} does not exist`);
  };
  return {
    DescribeStacks: (form) => {
      const { name, status, outputs } = stackOf(form);
      const described = Object.entries(outputs).map(([key, value]) =>
        group('member', [element('OutputKey', key), element('OutputValue', value)]),
      );
      const stack = [element('StackName', name), element('StackStatus', status)];
      return [group('Stacks', [group('member', [...stack, group('Outputs', described)])])];
    },
    GetTemplate: (form) => [element('TemplateBody', stackOf(form).template)],
    ListStackResources: (form) => {
      const { status, resources } = stackOf(form);
      const described = resources.map(({ id, type, name }) =>
        group('member', [
          element('LogicalResourceId', id),
          element('ResourceType', type),
          element('PhysicalResourceId', name),
          element('ResourceStatus', status),
        ]),
      );
      return [group('StackResourceSummaries', described)];
    },
  };
}
