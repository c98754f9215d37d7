// Rolls to deploy: the smallest, one with everything in it, and as many hosts as you like.

import type { Config, Host } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';

const read = (text: string): Config => parseConfig(text, 'hosts.yml');

export const smallestConfig = read(`
bucket: acme-backups
region: eu-west-1
alerts: { mail: [ops@example.net] }
hosts:
  web: {}
`);

export const fullConfig = read(`
bucket: acme-backups
region: eu-west-1
timezone: Europe/Amsterdam
keepDays: 30
alerts:
  from: backups@example.net
  mail: [ops@example.net, boss@example.net]
  sms: ["+31600000000", "+31600000001"]
  https: [https://chat.example.net/hook]
  ops: [admin@example.net]
  heartbeat: https://hc.example.net/ping/0123456789abcdef
recipients: [0123456789ABCDEF]
hosts:
  mail: {}
  web: { window: { due: "10:00" } }
  nas: { target: s3://other-bucket/office/nas/, filePrefix: nas- }
`);

/** The full config, with a janitor. */
export const keepingConfig: Config = { ...fullConfig, keepLastGood: true };

/** The full config, on a bucket that was there before the stack. */
export const existingConfig: Config = { ...fullConfig, existing: true };

/** A config of so many hosts, all in the one bucket: one as it is read, and the others like it. */
export function configOf(hosts: number): Config {
  const one = read('bucket: acme-backups\nregion: eu-west-1\nhosts: { host-0: {} }\n');
  const like = (host: Host, name: string): Host => ({
    ...host,
    name,
    target: { ...host.target, prefix: `${name}/` },
  });
  const all = one.hosts.flatMap((host) =>
    Array.from({ length: hosts }, (_, index) => like(host, `host-${index}`)),
  );
  return { ...one, hosts: all };
}
