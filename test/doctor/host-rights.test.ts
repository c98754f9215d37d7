import { describe, expect, it } from 'vitest';
import { stackOf } from '../../scripts/stack/stack.ts';
import { withOthers } from '../../shared/config/config.ts';
import { auditStatus } from '../../shared/doctor/audit.ts';
import { judgeHostRights } from '../../shared/doctor/host-rights.ts';
import { fullConfig } from '../stack/configs.ts';
import { account, resolveTemplate } from '../stack/resolve-template.ts';
import { read, textsOf } from './readings.ts';

describe('judgeHostRights', () => {
  const resources = resolveTemplate(stackOf(fullConfig).resources);
  const bucketPolicy = resources.BackupBucketPolicy?.Properties.PolicyDocument;
  const groupPolicy = resources.HostGroup?.Properties.Policies[0].PolicyDocument;
  const judged = (
    bucket: unknown,
    group: unknown[] | undefined,
    attached: string[] = [],
    existing = false,
  ) =>
    judgeHostRights(
      {
        bucket: read(bucket),
        group: read(group === undefined ? undefined : { policies: group, attached }),
      },
      { ...fullConfig, existing },
      read(account),
      { group: 'acme-backups-hosts', path: '/backup-hosts/', isDeployed: true },
    );
  const without = (sid: string) => ({
    ...bucketPolicy,
    Statement: bucketPolicy.Statement.filter(({ Sid }: { Sid: string }) => Sid !== sid),
  });

  it('is well with the policies of the stack', () => {
    expect(auditStatus(judged(bucketPolicy, [groupPolicy]))).toBe(0);
  });
  it('warns of a host that can write among the backups of another one below it', () => {
    const [web] = fullConfig.hosts.filter((host) => host.target.bucket === fullConfig.bucket);
    if (web === undefined) throw new Error('no host in the bucket');
    const inside = { bucket: fullConfig.bucket, prefix: `${web.target.prefix}mysql/` };
    const hosts = withOthers([web, { ...web, name: 'mysql', target: inside }]);
    const policies = {
      bucket: read(bucketPolicy),
      group: read({ policies: [groupPolicy], attached: [] }),
    };
    const names = { group: 'acme-backups-hosts', path: '/backup-hosts/', isDeployed: true };
    const checks = judgeHostRights(policies, { ...fullConfig, hosts }, read(account), names);
    expect(
      checks.filter(({ check }) => check === 'nested targets').map(({ says }) => says),
    ).toEqual([
      `${web.name} can write among the backups of mysql, which lie below its own: it can add to them and overwrite them`,
    ]);
  });
  it.each([
    ['TlsOnly', 'send its backups in the clear'],
    [
      'HostsStayInTheirOwnPrefix',
      "write among another host's backups; read another host's backups",
    ],
  ])('reports what a host could do without %s', (sid, change) => {
    expect(textsOf(judged(without(sid), [groupPolicy]))[0]).toMatch(
      new RegExp(`^fail: .*: ${change}$`),
    );
  });
  it.each([
    [
      'OnlyBreakGlassChangesObjects',
      'delete backups for good; as an administrator, re-encrypt backups with another key; ' +
        'as an administrator, replicate deletions into it; ' +
        'as an administrator, use an action that S3 adds later',
    ],
    [
      'OnlyBreakGlassOrTheStackReconfigures',
      'change the lifecycle; as an administrator, delete the bucket policy',
    ],
  ])('reports what an administrator could do without %s', (sid, changes) => {
    const [first] = textsOf(judged(without(sid), [groupPolicy]));
    expect(first).toMatch(/^fail: it would not stop /);
    expect(first?.endsWith(`: as an administrator, ${changes}`)).toBe(true);
  });
  it('reports a policy that denies by name, as it allows what S3 adds later', () => {
    const byName = {
      ...bucketPolicy,
      Statement: bucketPolicy.Statement.map(({ NotAction, ...rest }: { NotAction?: unknown }) =>
        NotAction === undefined
          ? rest
          : { ...rest, Action: ['s3:Delete*', 's3:Put*Configuration', 's3:Replicate*'] },
      ),
    };
    expect(textsOf(judged(byName, [groupPolicy]))[0]).toContain('use an action that S3 adds later');
  });
  it('reports that there is no policy, and only warns for the bucket of somebody else', () => {
    expect(textsOf(judged(undefined, [groupPolicy]))[0]).toMatch(
      /^fail: .*delete old versions for good/,
    );
    expect(textsOf(judged(undefined, [groupPolicy], [], true))[0]).toMatch(
      /^warn: .*delete old versions for good/,
    );
  });
  it('reports that a policy locks the hosts out', () => {
    const locked = {
      Statement: [
        ...bucketPolicy.Statement,
        { Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: '*' },
      ],
    };
    expect(textsOf(judged(locked, [groupPolicy]))[0]).toBe('fail: no host can add a backup');
  });
  it('does not pretend to know what it does not understand', () => {
    const odd = {
      Statement: [
        ...without('HostsOnlyAppend').Statement,
        {
          Effect: 'Deny',
          Principal: '*',
          Action: '*',
          Resource: '*',
          Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
        },
      ],
    };
    expect(judged(odd, [groupPolicy])[0]?.status).toBe('unknown');
  });
  it.each<[string, unknown[] | undefined, string[], RegExp]>([
    ['no group', undefined, [], /^fail: it does not exist/],
    ['an empty group', [], [], /^fail: its hosts cannot add a backup, nor list/],
    [
      'a group that may delete',
      [{ Statement: { Effect: 'Allow', Action: 's3:*', Resource: '*' } }],
      [],
      /^fail: its policy grants a host to delete its backups/,
    ],
    [
      'a group with more attached',
      [groupPolicy],
      ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
      /^warn: one more policy is attached/,
    ],
  ])('judges %s', (_, group, attached, words) => {
    expect(textsOf(judged(bucketPolicy, group, attached))[1]).toMatch(words);
  });
});
