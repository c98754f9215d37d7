// The stack as CloudFormation knows it: its state, its outputs, and what each resource is really called.
import {
  CloudFormationClient,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import type { Alarm, DeployedStack, Schedule, StackResource } from '../doctor/deployment.ts';
import { askAws, type Connection, clientConfig } from './client.ts';

/** `undefined` where there is no stack of that name. Throws `AwsCallError`. */
export async function readStack(
  connection: Connection,
  name: string,
): Promise<DeployedStack | undefined> {
  const client = new CloudFormationClient(clientConfig(connection));
  const answer = await askAws(
    `read the stack ${name}`,
    'cloudformation:DescribeStacks',
    () => client.send(new DescribeStacksCommand({ StackName: name })),
    // What CloudFormation calls a stack that does not exist.
    ['ValidationError'],
  );
  const stack = answer?.Stacks?.[0];
  if (stack === undefined || stack.StackStatus === 'DELETE_COMPLETE') return undefined;
  const resources: StackResource[] = [];
  await askAws(`read what ${name} is made of`, 'cloudformation:ListStackResources', async () => {
    for await (const page of paginateListStackResources({ client }, { StackName: name })) {
      for (const one of page.StackResourceSummaries ?? []) {
        resources.push({
          id: one.LogicalResourceId ?? '',
          type: one.ResourceType ?? '',
          name: one.PhysicalResourceId ?? '',
        });
      }
    }
  });
  return {
    name,
    status: stack.StackStatus ?? 'UNKNOWN',
    outputs: Object.fromEntries(
      (stack.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
    ),
    resources,
  };
}

/**
 * The stack that a resource is part of, by what the resource is really called; `undefined` where it is of none. Throws
 * `AwsCallError`. Source: DescribeStackResources, AWS CloudFormation API Reference (`PhysicalResourceId`).
 */
export async function readStackOf(
  connection: Connection,
  resource: string,
): Promise<string | undefined> {
  const client = new CloudFormationClient(clientConfig(connection));
  const answer = await askAws(
    `read which stack made ${resource}`,
    'cloudformation:DescribeStackResources',
    () => client.send(new DescribeStackResourcesCommand({ PhysicalResourceId: resource })),
    ['ValidationError'],
  );
  return answer?.StackResources?.find(
    ({ PhysicalResourceId, ResourceStatus = '' }) =>
      PhysicalResourceId === resource && !ResourceStatus.startsWith('DELETE_'),
  )?.StackName;
}

/** Those that exist, of at most 100 names. Throws `AwsCallError`. */
export async function readAlarms(
  connection: Connection,
  names: readonly string[],
): Promise<Alarm[]> {
  if (names.length === 0) return [];
  const client = new CloudWatchClient(clientConfig(connection));
  const answer = await askAws('read the alarms', 'cloudwatch:DescribeAlarms', () =>
    client.send(new DescribeAlarmsCommand({ AlarmNames: [...names] })),
  );
  return (answer?.MetricAlarms ?? []).map((alarm) => ({
    name: alarm.AlarmName ?? '',
    state: alarm.StateValue ?? '',
    actionsEnabled: alarm.ActionsEnabled === true,
    actions: alarm.AlarmActions ?? [],
  }));
}

/**
 * Those that exist. Throws `AwsCallError`.
 * Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html
 */
export async function readSchedules(
  connection: Connection,
  names: readonly string[],
): Promise<Schedule[]> {
  const client = new SchedulerClient(clientConfig(connection));
  const answers = await Promise.all(
    names.map((Name) =>
      askAws(
        `read the schedule ${Name}`,
        'scheduler:GetSchedule',
        () => client.send(new GetScheduleCommand({ Name })),
        ['ResourceNotFoundException'],
      ),
    ),
  );
  return answers.flatMap((answer) =>
    answer?.Name === undefined ? [] : { name: answer.Name, enabled: answer.State === 'ENABLED' },
  );
}

/** A template's resources by their id, with each Ref, GetAtt and Sub still in place. */
export type Template = Readonly<
  Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>
>;

/**
 * `undefined` where there is no stack of that name. Throws `AwsCallError`.
 * Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html
 */
export async function readTemplate(
  connection: Connection,
  stackName: string,
): Promise<Template | undefined> {
  const client = new CloudFormationClient(clientConfig(connection));
  const answer = await askAws(
    `read the template of ${stackName}`,
    'cloudformation:GetTemplate',
    () => client.send(new GetTemplateCommand({ StackName: stackName })),
    ['ValidationError'],
  );
  if (answer?.TemplateBody === undefined) return undefined;
  // The framework deploys JSON.
  const { Resources = {} } = JSON.parse(answer.TemplateBody) as { Resources?: Template };
  return Resources;
}
