// `rollcall stack-resource`: one resource as it was deployed, as JSON for the `aws` command that puts it back.
import type { Connection } from '../../shared/aws/client.ts';
import type { Value } from '../stack/cloudformation.ts';
import { fillIn } from '../stack/policy-sizes.ts';
import { type Properties, RESOURCE_FORMS } from '../stack/resource-input.ts';
import { defineCommand, STACK, TEXT } from './command.ts';
import { openAws, readConfig } from './config-file.ts';
import { deployedNames } from './deployed-names.ts';
import { toAsciiJson } from './format-report.ts';
import { UsageError } from './terminal.ts';

const HELP = `rollcall stack-resource - one resource as it was deployed, as JSON for the aws command that puts it back

Examples
  aws cloudwatch put-metric-alarm --region eu-central-1 \\
    --cli-input-json "$(npx rollcall stack-resource ChecksStoppedAlarm)"
  aws scheduler create-schedule --region eu-central-1 \\
    --cli-input-json "$(npx rollcall stack-resource CheckHostsSchedule)"      (it is there? update-schedule)
  aws iam put-role-policy --cli-input-json "$(npx rollcall stack-resource CheckHostsRole)"
  aws sqs set-queue-attributes --region eu-central-1 \\
    --cli-input-json "$(npx rollcall stack-resource ObjectEventsPolicy)"

\`npx serverless deploy\` brings back nothing that was changed or deleted by hand: CloudFormation compares templates, and
does not look at what is really there. \`rollcall doctor\` prints these commands where they are needed.

The name is that of the template: aws cloudformation list-stack-resources --stack-name rollcall-prod
This command only reads, and changes nothing. It prints what the deployed template says, not what hosts.yml says now.
Needs: cloudformation:DescribeStacks, ListStackResources and GetTemplate.

Options
  --hosts FILE          the config, for its region; default $ROLLCALL_HOSTS, else hosts.yml
  --stack NAME          the stack; default rollcall-prod
  --endpoint-url URL    an AWS of your own; default $AWS_ENDPOINT_URL
  -h, --help            this

Exit status
  0  printed      3  something could not be read, there is no such resource, or wrong usage
`;

export const stackResourceCommand = defineCommand({
  help: HELP,
  options: { hosts: TEXT, stack: STACK, 'endpoint-url': TEXT },
  operands: true,
  run: async (options, operands) => {
    const [id, ...more] = operands;
    if (id === undefined || more.length > 0)
      throw new UsageError('one resource is to be named', 'see: rollcall stack-resource --help');
    const connection = await openAws(await readConfig(options.hosts), options);
    const input = await readInputOf(id, options.stack, connection);
    process.stdout.write(`${toAsciiJson(input)}\n`);
    return 0;
  },
});

async function readInputOf(
  id: string,
  stackName: string,
  connection: Connection,
): Promise<Record<string, unknown>> {
  const [{ readStack }, { readTemplate }] = await Promise.all([
    import('../../shared/aws/deployed-stack.ts'),
    import('../../shared/aws/deployed-stack.ts'),
  ]);
  const [stack, template] = await Promise.all([
    readStack(connection, stackName),
    readTemplate(connection, stackName),
  ]);
  if (stack === undefined || template === undefined) {
    throw new UsageError(
      `there is no stack ${stackName} in ${connection.region}`,
      'deploy it: npx serverless deploy; or name another: --stack NAME',
    );
  }
  const resource = Object.hasOwn(template, id) ? template[id] : undefined;
  const name = stack.resources.find((one) => one.id === id)?.name;
  if (resource === undefined || name === undefined) {
    throw new UsageError(
      `the stack ${stackName} has no resource ${JSON.stringify(id)}`,
      `see: aws cloudformation list-stack-resources --region ${connection.region} --stack-name ${stackName}`,
    );
  }
  const form = RESOURCE_FORMS[resource.Type];
  if (form === undefined) {
    throw new UsageError(
      `no command puts ${id} back: it is a ${resource.Type}`,
      'see what can be done: docs/runbook.md#changed-by-hand',
    );
  }
  const properties = fillIn((resource.Properties ?? {}) as Value, deployedNames(stack));
  return form.inputOf({ type: resource.Type, name, properties: properties as Properties });
}
