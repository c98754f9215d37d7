import { describe, expect, it } from 'vitest';
import { type AuditedUser, judgeHostUsers } from '../../shared/doctor/host-keys.ts';
import { aConfig, aHost } from '../support/builders.ts';
import { config, DAY, now, read, textsOf } from './readings.ts';

describe('judgeHostUsers', () => {
  const group = 'backups-hosts';
  const user = (over: Partial<AuditedUser> = {}, usedAgo = 1): AuditedUser => ({
    ...{
      name: 'web',
      path: '/backup-hosts/',
      groups: [group],
      inlinePolicies: [],
      attachedPolicies: [],
    },
    keys: [{ id: 'AKIA1', active: true, createdAt: now - 10 * DAY }],
    uses: { AKIA1: { at: now - usedAgo * DAY, service: 's3', region: 'eu-west-1' } },
    ...over,
  });
  const bad = (users: AuditedUser[], wantedConfig = config) =>
    textsOf(
      judgeHostUsers(read(users), wantedConfig, group, now).filter(({ status }) => status !== 'ok'),
    );
  const key = (id: string, days: number, active = true) => ({
    id,
    active,
    createdAt: now - days * DAY,
  });

  it.each<[string, AuditedUser[], string[]]>([
    ['one who writes each day', [user()], []],
    ['nobody', [], ['fail: web is in the config and has no IAM user: it cannot write']],
    [
      'one outside the group',
      [user({ groups: [] })],
      ['fail: web is not in the group backups-hosts: it cannot write'],
    ],
    [
      'one with more rights',
      [user({ inlinePolicies: ['read'] })],
      ['warn: web has more than a host needs: read'],
    ],
    [
      'one of two stacks',
      [user({ groups: [group, 'other-hosts'] })],
      [
        'warn: web is a host of another stack too, by the group other-hosts: one key writes to both buckets',
      ],
    ],
    [
      'one whose id is not in the config',
      [user({ id: 'AIDAIOSFODNN7EXAMPLE' })],
      ["warn: hosts.yml has no userId for web: an alarm cannot say that it was web's own key"],
    ],
    [
      'one who is not in the config',
      [user(), user({ name: 'old' })],
      ['warn: old can write, and is not in the config'],
    ],
    ['one of another stack alone', [user(), user({ name: 'old', groups: ['other-hosts'] })], []],
    ['one without a key', [user({ keys: [] })], ['fail: web has no key that works']],
    [
      'one whose key is off',
      [user({ keys: [key('AKIA1', 1, false)] })],
      ['fail: web has no key that works'],
    ],
    [
      'one with an old key',
      [user({ keys: [key('AKIA1', 91)] })],
      ['warn: the key of web is 91 days old'],
    ],
    [
      'one with two keys',
      [user({ keys: [key('AKIA1', 91), key('AKIA2', 1)] })],
      ['warn: web has two keys'],
    ],
    ['one who cannot log in', [user({}, 3)], ['warn: no key of web was used for 3 days']],
    ['one who never wrote', [user({ uses: {} })], ['warn: no key of web was ever used']],
    ['one who is new', [user({ uses: {}, keys: [key('AKIA1', 1)] })], []],
    [
      'one whose key does other things',
      [user({ uses: { AKIA1: { at: now, service: 'sts', region: 'eu-west-1' } } })],
      ['fail: a key of web was used for sts, which no backup needs: it may be stolen'],
    ],
    [
      'one whose key is used elsewhere',
      [user({ uses: { AKIA1: { at: now, service: 's3', region: 'us-east-1' } } })],
      ['warn: a key of web was last used in us-east-1, and the bucket is in eu-west-1'],
    ],
  ])('judges %s', (_, users, words) => {
    expect(bad(users)).toEqual(words);
  });

  it('notices that a user was made again, and the fix writes its new id', () => {
    const config = aConfig([aHost({ userId: 'AIDAIOSFODNN7EXAMPLE' })]);
    expect(bad([user({ id: 'AIDAIOSFODNN7EXAMPLE' })], config)).toEqual([]);
    expect(bad([user({ id: 'AIDAQABLZS4A3QDU576Q2' })], config)).toEqual([
      "warn: hosts.yml has another userId for web than its IAM user: an alarm would not know web's own key",
    ]);
    const [check] = judgeHostUsers(
      read([user({ id: 'AIDAQABLZS4A3QDU576Q2' })]),
      config,
      group,
      now,
    );
    expect(check).toHaveProperty('fix', 'npx rollcall add-host web');
  });

  it('asks nothing of hosts that bring their own credentials, nor a use of one that is paused', () => {
    const nas = aHost({ name: 'nas', target: { bucket: 'other', prefix: 'nas/' } });
    const lab = aHost({ paused: { until: '2026-12-01', because: 'disk' } });
    expect(bad([user({}, 9)], aConfig([lab, nas]))).toEqual([]);
  });

  it('lists ten of many, the worst first, and how many more', () => {
    const hosts = Array.from({ length: 40 }, (_, index) => aHost({ name: `host-${index}` }));
    const lines = bad(
      hosts.map(({ name }) =>
        user({ name, ...(name === 'host-39' ? { groups: [] } : { inlinePolicies: ['x'] }) }),
      ),
      aConfig(hosts),
    );
    expect(lines).toHaveLength(10);
    expect(lines[0]).toMatch(/^fail: host-39/);
    expect(lines[9]).toMatch(/and 30 more like these$/);
  });
});
