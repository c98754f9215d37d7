// A dashboard of CloudWatch for a config that sends its hosts there: one resource, however many hosts there are.
import { GOOD_RUNS } from '../../shared/lambda/log.ts';
import { namedAfterStack, type Resources, sub } from './cloudformation.ts';

const HALF = 12;
const HIGH = 6;
const DAY = 86_400;

type Widget = {
  readonly type: 'alarm' | 'metric';
  readonly properties: { readonly title: string; readonly [property: string]: unknown };
};

/** Widgets from left to right, two in a row. Source: CloudWatch API reference, "Dashboard Body Structure and Syntax". */
export function dashboard(bucket: string, alarms: Resources): Resources {
  const graph = (title: string, metrics: readonly unknown[], more: object = {}): Widget => ({
    type: 'metric',
    properties: { title, metrics, region: `\${AWS::Region}`, view: 'timeSeries', ...more },
  });
  // A search finds hosts that come later, too: the body names none.
  const ofHosts = (title: string, metric: string, label: string) => {
    const search = `SEARCH('{${GOOD_RUNS.namespace},Bucket,Host} Bucket="${bucket}" MetricName="${metric}"', 'Minimum', ${DAY})`;
    return graph(title, [[{ expression: search, id: 'hosts', label: '' }]], {
      yAxis: { left: { min: 0, label, showUnits: false } },
    });
  };
  const ofFunctions = (metric: string) =>
    ['CheckHosts', 'OnObject'].map((id) => [
      ...['AWS/Lambda', metric, 'FunctionName', `\${${id}LambdaFunction}`],
      { stat: 'Sum' },
    ]);
  const widgets: readonly Widget[] = [
    {
      type: 'alarm',
      properties: {
        title: 'What watches the monitor',
        alarms: Object.keys(alarms).map((id) => `\${${id}.Arn}`),
      },
    },
    graph(
      'Checks that came to their end',
      [
        [
          ...[GOOD_RUNS.namespace, GOOD_RUNS.metric, GOOD_RUNS.dimension],
          `\${CheckHostsLambdaFunction}`,
          { stat: 'Sum' },
        ],
      ],
      { period: 900 },
    ),
    ofHosts('Backups: 1 is well, 0 is not', 'BackupOk', ''),
    ofHosts('Age of the last good backup', 'BackupAge', 'seconds'),
    ofHosts('Size of the last good backup', 'BackupBytes', 'bytes'),
    graph('Runs that failed', ofFunctions('Errors'), { period: 300 }),
  ];
  const body = widgets.map((widget, at) => ({
    ...widget,
    ...{ x: (at % 2) * HALF, y: Math.floor(at / 2) * HIGH, width: HALF, height: HIGH },
  }));
  return {
    Dashboard: {
      Type: 'AWS::CloudWatch::Dashboard',
      Properties: {
        DashboardName: namedAfterStack('backups'),
        DashboardBody: sub(JSON.stringify({ widgets: body })),
      },
    },
  };
}
