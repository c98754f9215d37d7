// The alarms of CloudWatch, by name.
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import type { Alarm } from '../doctor/alarms.ts';
import { askAws } from './aws-error.ts';
import { type Connection, clientConfig } from './connection.ts';

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
