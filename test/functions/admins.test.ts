// The admins of hosts and the rhythm of the digest, through the deployed functions.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseState } from '../../shared/monitor/state.ts';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, STATE_BUCKET, s3Event } from '../support/deployed.ts';

const configText = (alerts: string, db = '{ admins: [dba@example.net, ops@example.net] }') =>
  `bucket: backups
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net], weeklyTest: false${alerts} }
hosts: { web: {}, db: ${db} }
`;
let deployed: Deployed;
afterEach(() => deployed.close());

const full = (host: string, begun: string) => deployed.put(`${host}/`, aFull({ begun }));
const mailsTo = (address: string) =>
  deployed.aws.outbox.mails.filter(({ to }) => to.includes(address));
const subjects = (address: string) => mailsTo(address).map(({ subject }) => subject);
const forget = () => deployed.aws.outbox.mails.splice(0);

describe('the admins of a host', () => {
  it('get a mail about it alone, once, with its reminder and its end', async () => {
    deployed = await deploy(configText(''));
    for (const host of ['web', 'db']) full(host, '2026-11-22T03:15:00Z');
    await deployed.tick('2026-11-22T08:15:00Z');
    forget();
    await deployed.tick('2026-11-23T12:15:00Z');
    expect(subjects('ops@example.net')).toEqual([
      '[backup] 2 of 2 hosts FAILED: web MISSING, db MISSING',
    ]);
    const [mail, ...others] = mailsTo('dba@example.net');
    expect(others).toEqual([]);
    expect(mail?.subject).toBe('[backup] 1 of 1 host FAILED: db MISSING');
    expect(mail?.text).not.toContain('web');
    forget();
    await deployed.tick('2026-11-23T12:30:00Z');
    expect(deployed.aws.outbox.mails).toEqual([]);
    await deployed.tick('2026-11-24T12:15:00Z');
    expect(subjects('dba@example.net')).toEqual([
      '[backup] 1 of 1 host FAILED: db MISSING (2nd day)',
    ]);
    forget();
    full('db', '2026-11-24T12:20:00Z');
    const key = 'db/duplicity-full.20261124T122000Z.manifest.gpg';
    const event = s3Event('ObjectCreated:Put', key, '2026-11-24T13:10:00Z');
    await deployed.event(event, '2026-11-24T13:11:00Z');
    expect(subjects('dba@example.net')[0]).toMatch(/^\[backup\] db OK AGAIN: /);
    expect(subjects('ops@example.net')[0]).toMatch(/^\[backup\] db OK AGAIN: /);
  });

  it('get their part of the digest, and nothing of other hosts or of the monitor', async () => {
    deployed = await deploy(configText(''));
    for (const host of ['web', 'db', 'nobodys']) full(host, '2026-11-24T03:15:00Z');
    await deployed.tick('2026-11-24T08:15:00Z');
    const [mail] = mailsTo('dba@example.net');
    expect(mail?.subject).toBe('[backup] 1 of 1 host OK - Tue 24 Nov (#2026-328)');
    expect(mail?.text).not.toMatch(/web|nobodys|Would an alarm arrive/);
    expect(mailsTo('ops@example.net')[0]?.text).toMatch(/nobodys/);
    forget();
    full('web', '2026-11-25T03:15:00Z');
    full('db', '2026-11-25T03:15:00Z');
    await deployed.tick('2026-11-25T08:15:00Z');
    forget();
    await deployed.tick('2026-11-25T12:15:00Z');
    expect(mailsTo('dba@example.net')).toEqual([]);
  });

  it('hear of nothing that only others were to hear of, and leave nothing open for ever', async () => {
    deployed = await deploy(configText(''));
    full('db', '2026-11-22T03:15:00Z');
    full('web', '2026-11-22T03:15:00Z');
    await deployed.tick('2026-11-22T08:15:00Z');
    full('db', '2026-11-23T03:15:00Z');
    await deployed.tick('2026-11-23T12:15:00Z');
    full('web', '2026-11-24T03:15:00Z');
    full('db', '2026-11-24T03:15:00Z');
    await deployed.tick('2026-11-24T08:15:00Z');
    expect(mailsTo('dba@example.net').every(({ text }) => !text.includes('web'))).toBe(true);
    for (const day of ['25', '26', '27', '28', '29']) {
      for (const host of ['web', 'db']) full(host, `2026-11-${day}T03:15:00Z`);
      await deployed.tick(`2026-11-${day}T08:15:00Z`);
    }
    const text = deployed.aws.head(STATE_BUCKET, 'state.json')?.content.head.toString() ?? '';
    const { problems = [] } = parseState(text) ?? {};
    expect(problems.filter(({ host }) => host !== '')).toEqual([]);
  });
});

describe('a webhook among the admins of a host', () => {
  const HOOK = 'https://dba.example/hook/SECRET';
  let posts: { subject: string; text: string }[];
  let status: number;
  beforeEach(() => {
    posts = [];
    status = 200;
    vi.stubGlobal('fetch', async (_: string, { body }: { body: string }) => {
      posts.push(JSON.parse(body));
      return new Response('', { status });
    });
  });
  afterEach(() => vi.unstubAllGlobals());
  const start = async () => {
    deployed = await deploy(configText('', `{ admins: [{ url: "${HOOK}", format: json }] }`));
    for (const host of ['web', 'db']) full(host, '2026-11-22T03:15:00Z');
    await deployed.tick('2026-11-22T08:15:00Z');
  };

  it('is posted to about it alone, and has its part of the digest', async () => {
    await start();
    expect(posts.map(({ subject }) => subject)).toEqual([
      '[backup] 1 of 1 host OK - Sun 22 Nov (#2026-326)',
    ]);
    await deployed.tick('2026-11-23T12:15:00Z');
    expect(posts.at(-1)?.subject).toBe('[backup] 1 of 1 host FAILED: db MISSING');
    expect(posts.map(({ text }) => text).join()).not.toMatch(/web|Would an alarm arrive/);
  });

  it('is reported by the mail of all when it is dead, and fails no run', async () => {
    status = 410;
    await start();
    forget();
    await deployed.tick('2026-11-22T09:30:00Z');
    expect(subjects('ops@example.net')).toEqual(['[backup] ALARM CHANNEL DEAD: hook dba.example']);
    expect(deployed.aws.outbox.mails[0]?.text).not.toContain('SECRET');
  });
});

describe('the rhythm of the digest', () => {
  const sent = async (rhythm: string, days: readonly string[], isBad = false) => {
    deployed = await deploy(configText(`, digest: ${rhythm}`, '{}'));
    const digests: string[] = [];
    for (const day of days) {
      for (const host of isBad ? ['db'] : ['web', 'db']) full(host, `2026-11-${day}T03:15:00Z`);
      forget();
      await deployed.tick(`2026-11-${day}T08:15:00Z`);
      if (mailsTo('ops@example.net').some(({ text }) => text.includes('Digest #')))
        digests.push(day);
    }
    return digests;
  };
  // From a Friday to a Tuesday.
  const DAYS = ['20', '21', '22', '23', '24'];

  it.each([
    ['daily', DAYS],
    ['weekdays', ['20', '23', '24']],
    ['weekly', ['23']],
    ['problems-only', ['23']],
  ])('is that of the config: %s', async (rhythm, expected) => {
    expect(await sent(rhythm, DAYS)).toEqual(expected);
  });

  it('says in the digest when the next one comes', async () => {
    await sent('weekly', ['23']);
    expect(mailsTo('ops@example.net')[0]?.text.replace(/\s+/g, ' ')).toContain(
      'One comes every Monday, also when all is well',
    );
  });

  it('has no silent day with problems-only where a host failed', async () => {
    expect(await sent('problems-only', ['24', '25'], true)).toEqual(['25']);
  });

  it('holds no alarm back', async () => {
    deployed = await deploy(configText(', digest: weekly', '{}'));
    for (const host of ['web', 'db']) full(host, '2026-11-24T03:15:00Z');
    await deployed.tick('2026-11-24T08:15:00Z');
    expect(deployed.aws.outbox.mails).toEqual([]);
    full('db', '2026-11-25T03:15:00Z');
    await deployed.tick('2026-11-25T12:15:00Z');
    expect(subjects('ops@example.net')).toEqual(['[backup] 1 of 2 hosts FAILED: web MISSING']);
  });
});
