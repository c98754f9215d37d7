// A store in which no host has backed up for two days, and the hosts.yml of a machine that looks there.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalAws } from '../local-aws/local-aws.ts';
import { aFull } from './builders.ts';
import type { MailServer } from './mail-server.ts';

/** The bucket `backups`, with one full of each host. */
export function putOldFulls(aws: LocalAws, hosts: readonly string[]): void {
  aws.createBucket('backups');
  const begun = new Date(Date.now() - 50 * 3_600_000).toISOString();
  for (const host of hosts)
    for (const { name, bytes, modifiedAt } of aFull({ begun }))
      aws.put('backups', `${host}/${name}`, { bytes }, { modified: modifiedAt });
}

/** Their window has just closed, as a first run judges no earlier one. `login`: what else smtp needs. */
export function writeHostsFile(
  folder: string,
  {
    aws,
    mail,
    hosts,
    to = 'ops@example.net',
    login = '',
  }: {
    readonly aws: LocalAws;
    readonly mail: MailServer;
    readonly hosts: readonly string[];
    readonly to?: string;
    readonly login?: string;
  },
): void {
  const at = (minutesAgo: number) =>
    new Date(Date.now() - minutesAgo * 60_000).toISOString().slice(11, 16);
  writeFileSync(
    join(folder, 'hosts.yml'),
    `bucket: backups
region: eu-west-1
endpoint: ${aws.endpoint}
window: { opens: "${at(23 * 60)}", due: "${at(3)}", grace: 1m }
smtp: { host: 127.0.0.1, port: ${mail.port}, tls: none${login} }
alerts: { from: backups@example.net, mail: [${to}], weeklyTest: false }
hosts: { ${hosts.map((host) => `${host}: {}`).join(', ')} }
`,
    { mode: 0o600 },
  );
}
