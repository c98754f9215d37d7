import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readStack } from '../../scripts/stack/package-stack.ts';
import { policySizes } from '../../scripts/stack/policy-sizes.ts';
import { ConfigError } from '../../shared/config/config.ts';
import { SMS_REGIONS } from '../../shared/config/recipients.ts';
import { someOf } from '../support/cases.ts';

const dir = mkdtempSync(join(tmpdir(), 'rollcall-sizes-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** A config with so many buckets next to its own, each with a name of 63 characters; the first host is on line 8. */
const configOf = (buckets: number, region = 'eu-west-1'): string => {
  const sms = SMS_REGIONS.has(region) ? '"+31600000000"' : '';
  const hosts = Array.from({ length: buckets }, (_, at) => {
    const name = `${at}`.padStart(63, 'b');
    return `  host-${at}: { target: s3://${name}/x/ }`;
  });
  return [
    'bucket: acme-backups',
    `region: ${region}`,
    `alerts: { from: backups@example.net, mail: [ops@example.net], sms: [${sms}] }`,
    'recipients: [0123456789ABCDEF]',
    '',
    'hosts:',
    '  own: {}',
    ...hosts,
    '',
  ].join('\n');
};

/** The stack of a config, or the issues with it. */
function packaged(config: string, env: NodeJS.ProcessEnv = {}) {
  writeFileSync(join(dir, 'hosts.yml'), config);
  try {
    return { stack: readStack(dir, env), issues: [] };
  } catch (error) {
    if (error instanceof ConfigError) return { stack: undefined, issues: error.issues };
    throw error;
  }
}

const fitting = new Map<string, number>();

/** How many buckets fit; each question is answered once. */
function mostBuckets(region: string, env: NodeJS.ProcessEnv = {}): number {
  const question = JSON.stringify([region, env]);
  let most = fitting.get(question) ?? 0;
  while (packaged(configOf(most + 1, region), env).issues.length === 0) most += 1;
  fitting.set(question, most);
  return most;
}

describe('the policies of a stack', () => {
  it.each(
    someOf<[string, NodeJS.ProcessEnv]>([
      ['eu-west-1', {}],
      ['eu-west-1', { ROLLCALL_HOSTS_A_RUN: '1' }],
      ['us-gov-west-1', {}],
      ['us-gov-west-1', { ROLLCALL_HOSTS_A_RUN: '1' }],
      ['cn-northwest-1', {}],
      ['{ new: eu-southwest-9 }', {}],
    ]),
  )(
    'of a config in %s with %j fit to the last bucket, and the next one is refused with its line',
    (region, env) => {
      const most = mostBuckets(region, env);
      expect(most).toBeGreaterThan(32);
      const { stack } = packaged(configOf(most, region), env);
      const sizes = policySizes(stack?.resources ?? {}, stack?.region ?? '');
      expect(sizes.map(({ id }) => id)).toEqual(
        expect.arrayContaining(['CheckHostsRole', 'HostGroup', 'BackupBucketPolicy']),
      );
      expect(sizes.filter(({ size, most }) => size > most)).toEqual([]);
      // Within a bucket or two of the limit: not refused for nothing.
      expect(
        Math.max(...sizes.map(({ size, most }) => most - size).filter((left) => left < 400)),
      ).toBeGreaterThan(0);

      const { issues } = packaged(configOf(most + 1, region), env);
      expect(issues).toEqual([
        expect.stringMatching(
          new RegExp(
            `^hosts\\.yml:${8 + most}: Check(?:Hosts|Shard)Role would have a policy of 10\\d{3} characters, and AWS takes 10240: ` +
              `the ${most + 1} buckets before the one of host-${most} fit\\. Split the config in two files`,
          ),
        ),
      ]);
    },
  );

  it('fit fewer buckets where the ARNs are longer', () => {
    expect(mostBuckets('us-gov-west-1')).toBeLessThan(mostBuckets('eu-west-1'));
  });

  it('name the first host that is too many, though later ones are in buckets that fit', () => {
    const most = mostBuckets('eu-west-1');
    const more = `${configOf(most + 3)}  late: { target: s3://acme-backups/late-one/ }\n`;
    expect(packaged(more).issues[0]).toMatch(
      new RegExp(`^hosts\\.yml:${8 + most}: .* host-${most} fit`),
    );
  });

  it('of the bucket are refused where too many administrators are named', () => {
    const admins = (count: number) =>
      Array.from(
        { length: count },
        (_, at) => `arn:aws:iam::111122223333:role/${'r'.repeat(50)}${at}`,
      ).join(',');
    expect(packaged(configOf(1), { ROLLCALL_ADMINS: admins(20) }).issues).toEqual([]);
    expect(packaged(configOf(1), { ROLLCALL_ADMINS: admins(300) }).issues).toEqual([
      expect.stringMatching(
        /^BackupBucketPolicy would have a policy of \d{5} characters, and AWS takes 20480: name fewer principals in ROLLCALL_ADMINS \(300\), or several/,
      ),
    ]);
  });
});
