// The fleet that the bench of shards judges: when, and by which config.
import { BUCKET, nameOf } from './fleet.ts';

/** 08:15 in Amsterdam: the windows of all hosts close, and the digest is due. */
export const CALLED_AT = Date.parse('2026-11-23T07:15:00Z');

/** The state bucket. */
export const STATE_BUCKET = 'bench-ledger';

/** hosts.yml for so many hosts. */
export function configTextOf(hosts: number): string {
  const names = Array.from({ length: hosts }, (_, number) => `  ${nameOf(number)}: {}`);
  return `bucket: ${BUCKET}
region: eu-west-1
timezone: Europe/Amsterdam
alerts: { from: backups@example.net, mail: [ops@example.net], weeklyTest: false }
hosts:
${names.join('\n')}
`;
}
