// The hosts as metrics of CloudWatch: lines of the log, by the schedule and by events, where the config asks for them.
import { afterEach, expect, it, vi } from 'vitest';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, s3Event } from '../support/deployed.ts';

const CONFIG = `bucket: backups
region: eu-west-1
alerts: { mail: [ops@example.net] }
hosts: { web: {}, db: {}, new: {} }
`;
let deployed: Deployed;
afterEach(() => deployed.close());

const start = async (more = '') => {
  deployed = await deploy(`${CONFIG}${more}`);
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  deployed.put('web/', aFull({ begun: '2026-11-23T03:15:00Z' }));
  deployed.put('db/', aFull({ begun: '2026-11-21T03:15:00Z' }));
};
/** As CloudWatch takes the lines: the metrics of each host, with their units. */
const sent = () =>
  vi
    .mocked(process.stdout.write)
    .mock.calls.splice(0)
    .map(([line]) => JSON.parse(`${line}`))
    .filter(({ Host }) => Host !== undefined)
    .map(({ _aws, ...values }) => {
      const [{ Namespace, Dimensions, Metrics }] = _aws.CloudWatchMetrics;
      expect([Namespace, Dimensions]).toEqual(['Rollcall', [['Bucket', 'Host']]]);
      const units = Metrics.map(({ Name, Unit }: { Name: string; Unit: string }) => [
        ...[Name, Unit, values[Name]],
      ]);
      return [new Date(_aws.Timestamp).toISOString(), values.Bucket, values.Host, ...units];
    });

it('are sent of each host that was judged and owes a backup, with what is known of it', async () => {
  await start('metrics: cloudwatch\n');
  await deployed.tick('2026-11-23T08:15:00Z');
  const at = '2026-11-23T08:15:00.000Z';
  expect(sent()).toEqual([
    [
      ...[at, 'backups', 'web', ['BackupOk', 'None', 1]],
      ...[
        ['BackupAge', 'Seconds', 5 * 3600],
        ['BackupBytes', 'Bytes', expect.any(Number)],
      ],
    ],
    [
      ...[at, 'backups', 'db', ['BackupOk', 'None', 0]],
      ...[
        ['BackupAge', 'Seconds', 53 * 3600],
        ['BackupBytes', 'Bytes', expect.any(Number)],
      ],
    ],
  ]);
  await deployed.tick('2026-11-23T08:30:00Z');
  expect(sent()).toEqual([]);
});

it('are sent of a recovery at once', async () => {
  await start('metrics: cloudwatch\n');
  await deployed.tick('2026-11-23T08:15:00Z');
  sent();
  deployed.put('db/', aFull({ begun: '2026-11-23T12:20:00Z' }));
  const key = 'db/duplicity-full.20261123T122000Z.manifest.gpg';
  await deployed.event(
    s3Event('ObjectCreated:Put', key, '2026-11-23T13:10:00Z'),
    '2026-11-23T13:11:00Z',
  );
  expect(sent()).toEqual([expect.arrayContaining(['db', ['BackupOk', 'None', 1]])]);
});

it('are sent by no config that does not ask for them, as they cost money', async () => {
  await start();
  await deployed.tick('2026-11-23T08:15:00Z');
  expect(sent()).toEqual([]);
});
