// Two hosts, one dead and one alive, with a janitor and S3's lifecycle, day by day.
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach } from 'vitest';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy } from '../support/deployed.ts';
import { putLifecycle } from '../support/put-lifecycle.ts';

export const PLAIN = `bucket: backups
region: eu-west-1
keepDays: 6
alerts: { from: backups@example.net, mail: [ops@example.net] }
hosts:
  dead: {}
  live: {}
`;
export const KEEPING = `keepLastGood: true\n${PLAIN}`;
/** Of November 2026, and on from there. */
export const day = (number: number) =>
  new Date(Date.UTC(2026, 10, number)).toISOString().slice(0, 10);
export const full = (number: number, more: { volumes?: number; volumeBytes?: number } = {}) =>
  aFull({ begun: `${day(number)}T03:00:00Z`, done: `${day(number)}T03:10:00Z`, ...more });

export let deployed: Deployed;

/** Said once by each file of tests. */
export function closeAfterEach(): void {
  afterEach(() => deployed.close());
}

export async function start(hostsYml: string): Promise<void> {
  deployed = await deploy(hostsYml);
  const { endpoint, region, credentials } = deployed.aws;
  const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await putLifecycle(s3, parseConfig(hostsYml, 'hosts.yml'), 'backups');
  s3.destroy();
}

/** A day: `live` backs itself up, the janitor makes its round if there is one, and S3 acts at midnight. */
export async function live(
  from: number,
  until: number,
  hostsYml: string,
  alive = ['live'],
): Promise<void> {
  for (let number = from; number <= until; number += 1) {
    for (const host of alive) deployed.put(`${host}/`, full(number));
    if (hostsYml === KEEPING) await deployed.tidy(`${day(number)}T20:30:00Z`);
    deployed.aws.runLifecycle('backups', `${day(number + 1)}T00:10:00Z`);
  }
}

/** One died on the twelfth, the other lives for two months. */
export async function dead(): Promise<void> {
  await start(KEEPING);
  for (let number = 1; number <= 12; number += 1) deployed.put('dead/', full(number));
  for (let number = 13; number <= 60; number += 1) deployed.put('live/', full(number));
}

/** The sets of which every file is there to be read, by their days; `half` = of which only some are. */
export function there(host: string) {
  const names =
    deployed.aws.requests && full(0).map(({ name }) => name.replace(/\.20\d{6}T/, '.DAYT'));
  const sets = { whole: [] as string[], half: [] as string[] };
  for (let number = -30; number < 150; number += 1) {
    const found = names.filter((name) => {
      const key = `${host}/${name.replace('DAY', day(number).replaceAll('-', ''))}`;
      return deployed.aws.head('backups', key) !== undefined;
    });
    if (found.length === names.length) sets.whole.push(day(number));
    else if (found.length > 0) sets.half.push(day(number));
  }
  return sets;
}

export const tags = (key: string) => deployed.aws.head('backups', key)?.tags;
export const keysOf = (host: string, number: number) =>
  full(number).map(({ name }) => `${host}/${name}`);
