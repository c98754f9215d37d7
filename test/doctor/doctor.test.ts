import { describe, expect, it } from 'vitest';
import { stackOf } from '../../scripts/stack/stack.ts';
import { judgeAlarms } from '../../shared/doctor/alarms.ts';
import { type BucketSettings, judgeBucket } from '../../shared/doctor/bucket.ts';
import { auditStatus, type Check, type Reading } from '../../shared/doctor/check.ts';
import { judgeEvents, type Notifications } from '../../shared/doctor/events.ts';
import { judgeHostRights } from '../../shared/doctor/host-rights.ts';
import { type AuditedUser, judgeHostUsers } from '../../shared/doctor/host-users.ts';
import { judgeLastRun } from '../../shared/doctor/last-run.ts';
import { judgeLifecycle, type LifecycleRule } from '../../shared/doctor/lifecycle.ts';
import { judgeMail, type MailAccount, mailIdentities } from '../../shared/doctor/mail.ts';
import { judgeSms } from '../../shared/doctor/sms.ts';
import { type DeployedStack, judgeStack } from '../../shared/doctor/stack.ts';
import { judgeSubscriptions } from '../../shared/doctor/subscriptions.ts';
import { account, resolveTemplate } from '../stack/resolve-template.ts';
import { fullRoll, smallestRoll } from '../stack/rolls.ts';
import { aHost, aRoster, at } from '../support/builders.ts';

const now = at('2026-11-23T12:00:00Z');
const DAY = 86_400_000;
const read = <Value>(value: Value): Reading<Value> => ({ read: true, value });
const unread = {
  read: false,
  why: 'could not read it: AccessDenied (403)',
  fix: 'allow it',
} as const;
const roster = aRoster([aHost()], { keepDays: 30 });
/** Status and words, without what to do, which the type demands. */
const said = (checks: readonly Check[]) => checks.map(({ status, says }) => `${status}: ${says}`);

describe('an audit', () => {
  const all: Check[] = (['ok', 'warn', 'unknown', 'fail'] as const).map((status) => ({
    check: 'x',
    says: 'y',
    fix: 'z',
    status,
  }));
  it.each([
    [1, 0],
    [2, 1],
    [3, 3],
    [4, 2],
  ])('of the first %i states ends with %i', (length, status) => {
    expect(auditStatus(all.slice(0, length))).toBe(status);
  });

  it('never takes what it could not read for ok, whatever it is', () => {
    const roll = { ...roster, alerts: { ...fullRoll.alerts } };
    const wanted = { functionName: 'f', suffixes: ['.m'], rules: [] };
    const settings: BucketSettings = {
      region: unread,
      versioning: unread,
      publicAccessBlocked: unread,
      ownership: unread,
      encryption: unread,
    };
    const checks = [
      judgeAlarms(unread, ['a']),
      judgeBucket(settings, roll),
      judgeEvents(unread, roll, wanted),
      judgeHostRights({ bucket: unread, group: unread }, roll, read(account)),
      judgeHostRights({ bucket: read({}), group: unread }, roll, unread),
      judgeHostUsers(unread, roll, 'g', now),
      judgeLastRun(unread, now),
      judgeLifecycle(unread, roll, 8),
      judgeMail(unread, roll),
      judgeSms(unread, roll),
      judgeStack(unread, 's'),
      judgeSubscriptions('t', unread, []),
    ];
    for (const some of checks)
      expect(some.map(({ status }) => status)).toEqual(some.map(() => 'unknown'));
    expect(checks.flat()).toHaveLength(18);
  });
});

describe('judgeBucket', () => {
  const good: BucketSettings = {
    region: read('eu-west-1'),
    versioning: read('Enabled'),
    publicAccessBlocked: read(['a', 'b', 'c', 'd']),
    ownership: read('BucketOwnerEnforced'),
    encryption: read('AES256'),
  };
  it('is well with the bucket of the stack', () => {
    expect(auditStatus(judgeBucket(good, roster))).toBe(0);
  });
  it.each([
    [
      'bucket',
      { region: read('us-east-1') },
      'fail: backups is in us-east-1, and the roll says eu-west-1',
    ],
    [
      'versioning',
      { versioning: read('Suspended' as const) },
      'fail: suspended: a host can overwrite its backups without a trace',
    ],
    [
      'public access',
      { publicAccessBlocked: read(['a']) },
      'fail: 1 of 4 blocks are on: the bucket could be opened to the world',
    ],
    [
      'ownership',
      { ownership: read(undefined) },
      'warn: not set: an object can have an owner and an ACL of its own',
    ],
    ['encryption', { encryption: read(undefined) }, 'warn: S3 encrypts nothing by default'],
  ])('tells what is wrong with %s', (check, over, words) => {
    const bad = judgeBucket({ ...good, ...over }, roster).filter(({ status }) => status !== 'ok');
    expect([bad[0]?.check, ...said(bad)]).toEqual([check, words]);
  });
  it('says once that there is no bucket', () => {
    expect(said(judgeBucket({ ...good, region: read(undefined) }, roster))).toEqual([
      'fail: there is no bucket backups',
    ]);
  });
});

describe('judgeLifecycle', () => {
  const rule = (over: Partial<LifecycleRule> = {}): LifecycleRule => ({
    id: 'expire',
    prefix: '',
    expireDays: 30,
    noncurrentDays: 8,
    abortDays: 1,
    sweepsMarkers: false,
    ...over,
  });
  const sweep = rule({
    id: 'sweep',
    expireDays: undefined,
    noncurrentDays: undefined,
    abortDays: undefined,
    sweepsMarkers: true,
  });
  it.each<[string, LifecycleRule[], string[]]>([
    [
      'the rules of the stack',
      [rule(), sweep],
      ['ok: backups are hidden after 30 days, and can be brought back for 8 more'],
    ],
    [
      'fewer days than the roll',
      [rule({ expireDays: 6 }), sweep],
      ['fail: backups are hidden after 6 days, and the roll says 30'],
    ],
    [
      'a second, shorter rule',
      [rule(), rule({ expireDays: 1 }), sweep],
      ['fail: backups are hidden after 1 days, and the roll says 30'],
    ],
    [
      'a shorter rule for some',
      [rule(), rule({ id: 'x', prefix: 'web/', expireDays: 1 }), sweep],
      ['fail: the rule "x" hides what is below "web/" after 1 days'],
    ],
    [
      'no time to undelete',
      [rule({ noncurrentDays: 1 }), sweep],
      ['fail: what is hidden or overwritten is lost after 1 days, not 8'],
    ],
    [
      'no rule',
      [],
      [
        'warn: nothing is ever hidden, and the roll says 30',
        'warn: what is hidden or overwritten is kept, and billed, for ever',
        'warn: the parts of unfinished uploads stay, and are billed; no listing shows them',
        'warn: delete markers pile up, and make every listing slower',
      ],
    ],
  ])('judges %s', (_, rules, words) => {
    expect(said(judgeLifecycle(read(rules), roster, 8))).toEqual(words);
  });
  it('advises to keep backups for longer', () => {
    expect(
      said(
        judgeLifecycle(read([rule({ expireDays: 6 }), sweep]), { ...roster, keepDays: 6 }, 8),
      ).at(-1),
    ).toMatch(/^warn: 6 days are few/);
  });
});

describe('judgeHostRights', () => {
  const resources = resolveTemplate(stackOf(fullRoll).resources);
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
      { ...fullRoll, existing },
      read(account),
    );
  const without = (sid: string) => ({
    ...bucketPolicy,
    Statement: bucketPolicy.Statement.filter(({ Sid }: { Sid: string }) => Sid !== sid),
  });

  it('is well with the policies of the stack', () => {
    expect(auditStatus(judged(bucketPolicy, [groupPolicy]))).toBe(0);
  });
  it.each([
    ['TlsOnly', 'send its backups in the clear'],
    [
      'HostsStayInTheirOwnPrefix',
      "write among another host's backups; read another host's backups",
    ],
  ])('tells what a host could do without %s', (sid, deed) => {
    expect(said(judged(without(sid), [groupPolicy]))[0]).toMatch(new RegExp(`^fail: .*: ${deed}$`));
  });
  it('tells that there is no policy at all, and only warns for the bucket of somebody else', () => {
    expect(said(judged(undefined, [groupPolicy]))[0]).toMatch(
      /^fail: .*delete old versions for good/,
    );
    expect(said(judged(undefined, [groupPolicy], [], true))[0]).toMatch(
      /^warn: .*delete old versions for good/,
    );
  });
  it('tells that a policy locks the hosts out', () => {
    const locked = {
      Statement: [
        ...bucketPolicy.Statement,
        { Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: '*' },
      ],
    };
    expect(said(judged(locked, [groupPolicy]))[0]).toBe('fail: no host can add a backup');
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
      /^warn: more policies are attached/,
    ],
  ])('judges %s', (_, group, attached, words) => {
    expect(said(judged(bucketPolicy, group, attached))[1]).toMatch(words);
  });
});

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
  const bad = (users: AuditedUser[], roll = roster) =>
    said(judgeHostUsers(read(users), roll, group, now).filter(({ status }) => status !== 'ok'));
  const key = (id: string, days: number, active = true) => ({
    id,
    active,
    createdAt: now - days * DAY,
  });

  it.each<[string, AuditedUser[], string[]]>([
    ['one who writes each day', [user()], []],
    ['nobody', [], ['fail: web is on the roll and has no IAM user: it cannot write']],
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
    ['one of two stacks', [user({ groups: [group, 'other-hosts'] })], []],
    [
      'one who is not on the roll',
      [user(), user({ name: 'old' })],
      ['warn: old can write, and is not on the roll'],
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

  it('asks nothing of hosts that bring their own credentials, nor a use of one that is paused', () => {
    const nas = aHost({ name: 'nas', target: { bucket: 'other', prefix: 'nas/' } });
    const lab = aHost({ paused: { until: '2026-12-01', because: 'disk' } });
    expect(bad([user({}, 9)], aRoster([lab, nas]))).toEqual([]);
  });

  it('tells ten of many, the worst first, and how many more', () => {
    const hosts = Array.from({ length: 40 }, (_, index) => aHost({ name: `host-${index}` }));
    const lines = bad(
      hosts.map(({ name }) =>
        user({ name, ...(name === 'host-39' ? { groups: [] } : { inlinePolicies: ['x'] }) }),
      ),
      aRoster(hosts),
    );
    expect(lines).toHaveLength(10);
    expect(lines[0]).toMatch(/^fail: host-39/);
    expect(lines[9]).toMatch(/and 30 more like these$/);
  });
});

describe('judgeSubscriptions', () => {
  const ops = { protocol: 'email', endpoint: 'ops@example.net' } as const;
  it.each([
    ['confirmed', [{ ...ops, confirmed: true }], 'ok: 1 subscription, all confirmed'],
    [
      'waiting',
      [{ ...ops, confirmed: false }],
      'fail: email ops@example.net has not confirmed, and hears nothing',
    ],
    [
      'gone',
      [],
      'fail: email ops@example.net is on the roll, and not subscribed: it hears nothing',
    ],
    [
      'joined by a stranger',
      [
        { ...ops, confirmed: true },
        { ...ops, endpoint: 'x@y.net', confirmed: true },
      ],
      'warn: email x@y.net is subscribed, and is not on the roll',
    ],
  ])('tells that it is %s', (_, found, words) => {
    expect(said(judgeSubscriptions('ops topic', read(found), [ops]))).toEqual([words]);
  });
});

describe('judgeMail', () => {
  const good: MailAccount = {
    sendingEnabled: true,
    perDay: 50_000,
    identities: { 'example.net': 'Success' },
  };
  it.each<[string, Partial<MailAccount>, string[]]>([
    [
      'a verified domain',
      {},
      ['ok: backups@example.net is verified, and may send 50000 mails a day'],
    ],
    [
      'a pending sender',
      { identities: { 'backups@example.net': 'Pending' } },
      ['fail: the sender backups@example.net is not verified: every mail is refused'],
    ],
    [
      'a paused account',
      { sendingEnabled: false },
      ['fail: SES has paused sending for this account'],
    ],
    [
      'the sandbox',
      {
        perDay: 200,
        identities: { 'backups@example.net': 'Success', 'ops@example.net': 'Success' },
      },
      [
        'fail: boss@example.net is not verified, and the account is in the SES sandbox: it gets no mail',
      ],
    ],
    [
      'the sandbox with all verified',
      { perDay: 200 },
      ['warn: SES allows 200 mails a day, as in its sandbox: only verified addresses get any'],
    ],
  ])('judges %s', (_, over, words) => {
    expect(said(judgeMail(read({ ...good, ...over }), fullRoll))).toEqual(words);
  });
  it('asks for addresses and their domains', () => {
    expect(mailIdentities(fullRoll)).toEqual([
      'backups@example.net',
      'example.net',
      'ops@example.net',
      'boss@example.net',
    ]);
    expect(judgeMail(unread, smallestRoll)).toEqual([]);
  });
});

describe('judgeSms', () => {
  const good = { inSandbox: false, spendLimit: 20, optedOut: [] };
  it.each([
    ['an account in order', good, ['ok: out of the sandbox, up to 20 USD a month']],
    [
      'the sandbox',
      { ...good, inSandbox: true },
      ['fail: the account is in the SMS sandbox: only numbers verified there get a text'],
    ],
    [
      'the first limit',
      { ...good, spendLimit: undefined },
      ['warn: texts stop at 1 USD a month, which is some ten of them'],
    ],
    [
      'who opted out',
      { ...good, optedOut: ['+31600000001'] },
      ['fail: +31600000001 has opted out, and gets no text'],
    ],
  ])('judges %s', (_, sms, words) => {
    expect(said(judgeSms(read(sms), fullRoll))).toEqual(words);
  });
});

describe('judgeAlarms', () => {
  const good = { name: 'stopped', state: 'OK', actionsEnabled: true, actions: ['arn:ops'] };
  it.each([
    ['quiet', [good], 'ok: 1 alarm, all with somebody to tell, and quiet'],
    ['gone', [], 'fail: stopped is gone'],
    [
      'switched off',
      [{ ...good, actionsEnabled: false }],
      'fail: stopped rings for nobody: its actions are switched off',
    ],
    [
      'without anybody to tell',
      [{ ...good, actions: [] }],
      'fail: stopped rings for nobody: its actions are gone',
    ],
    ['ringing', [{ ...good, state: 'ALARM' }], 'warn: stopped rings now'],
  ])('tells that one is %s', (_, alarms, words) => {
    expect(said(judgeAlarms(read(alarms), ['stopped']))).toEqual([words]);
  });
});

describe('judgeLastRun', () => {
  it.each([
    ['2026-11-23T11:45:00Z', 'ok: the schedule runs: the last good run was 15 min ago'],
    ['2026-11-23T09:00:00Z', 'fail: the last good run was 3 h ago; one is due every 15 minutes'],
  ])('judges a run of %s', (until, words) => {
    expect(said(judgeLastRun(read(at(until)), now))).toEqual([words]);
  });
  it('says that there was none', () => {
    expect(said(judgeLastRun(read(undefined), now))).toEqual([
      'fail: no run has come to its end yet',
    ]);
  });
});

describe('judgeEvents', () => {
  const arn = 'arn:aws:lambda:eu-west-1:1:function:rollcall-prod-on-object';
  const created = { arn, events: ['s3:ObjectCreated:*'], suffix: '.manifest.gpg' };
  const removed = { arn, events: ['s3:ObjectRemoved:*'], suffix: '' };
  const wanted = {
    functionName: 'rollcall-prod-on-object',
    suffixes: ['.manifest.gpg'],
    rules: [],
  };
  const judged = (
    functions: Notifications['functions'],
    eventBridge = false,
    existing = false,
    over = {},
  ) =>
    said(
      judgeEvents(
        read({ functions, eventBridge }),
        { ...roster, existing },
        { ...wanted, ...over },
      ),
    )[0];
  it('is well when the bucket tells the function', () => {
    expect(judged([created, removed])).toMatch(/^ok: /);
    expect(judged([], true, true, { rules: ['a', 'b'] })).toMatch(/^ok: /);
  });
  it.each([
    ['nothing', [], 'a new .manifest.gpg, a removal'],
    ['no removal', [created], 'a removal'],
    ['another function', [{ ...created, arn: `${arn}-2` }, removed], 'a new .manifest.gpg'],
  ])('tells that it hears %s', (_, functions, words) => {
    expect(judged(functions)).toContain(`tells nobody of ${words}:`);
  });
  it('tells that EventBridge is off, or that nobody listens to it', () => {
    expect(judged([], false, true)).toContain('does not speak to EventBridge');
    expect(judged([], true, true)).toContain('no rules that listen');
    expect(judged([created, removed], false, false, { functionName: undefined })).toContain(
      'no function to tell',
    );
  });
});

describe('judgeStack', () => {
  const stack = (status: string): DeployedStack => ({
    name: 's',
    status,
    outputs: {},
    resources: [],
  });
  it.each([
    ['UPDATE_COMPLETE', 'ok'],
    ['UPDATE_IN_PROGRESS', 'warn'],
    ['UPDATE_ROLLBACK_COMPLETE', 'warn'],
    ['UPDATE_ROLLBACK_FAILED', 'fail'],
    ['ROLLBACK_COMPLETE', 'fail'],
  ])('takes %s for %s', (state, status) => {
    expect(judgeStack(read(stack(state)), 's')[0]?.status).toBe(status);
  });
  it('says that there is none', () => {
    expect(said(judgeStack(read(undefined), 's'))).toEqual([
      'fail: there is no stack s: nobody watches',
    ]);
  });
});
