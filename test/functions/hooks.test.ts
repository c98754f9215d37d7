// The webhooks of the config, through the deployed functions: posted to, retried, and told of by mail when dead.
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, STATE_BUCKET, s3Event } from '../support/deployed.ts';

const DEAD = 'https://dead.example/hook/SECRET-D';
const LIVE = 'https://live.example/hook/SECRET-L';
const webhooks = [DEAD, LIVE].map((url) => `{ url: "${url}", format: json }`);
const configText = (alerts: string) =>
  `bucket: backups\nregion: eu-west-1\nalerts: { ${alerts}, webhooks: [${webhooks}] }\nhosts: { web: {} }\n`;
const MAIL = 'from: backups@example.net, mail: [ops@example.net], weeklyTest: false';

let deployed: Deployed;
let posts: { url: string; body: { subject: string; severity: string } }[];
let status: number;
beforeEach(() => {
  posts = [];
  status = 404;
  vi.stubGlobal('fetch', async (url: string, { body }: { body: string }) => {
    posts.push({ url, body: JSON.parse(body) });
    return new Response('', { status: url === DEAD ? status : 200 });
  });
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await deployed.close();
});

const start = async (alerts: string) => {
  deployed = await deploy(configText(alerts));
  deployed.put('web/', aFull({ begun: '2026-11-23T03:15:00Z' }));
};
const subjects = (url: string) =>
  posts.filter((one) => one.url === url).map(({ body }) => body.subject);
const mails = () => deployed.aws.outbox.mails.map(({ subject }) => subject);
const DIGEST = '[backup] 1 of 1 host OK - Mon 23 Nov (#2026-327)';

describe('the webhooks of a config', () => {
  it('are each posted to, and a dead one fails no run, is reported by the others and tried again', async () => {
    await start(MAIL);
    expect(await deployed.tick('2026-11-23T08:15:00Z')).toMatchObject({
      told: 'digest',
      refused: ['hook dead.example'],
    });
    expect(mails()).toEqual([DIGEST]);
    expect([subjects(LIVE), subjects(DEAD)]).toEqual([[DIGEST], [DIGEST]]);
    expect(posts[0]?.body.severity).toBe('info');

    await deployed.tick('2026-11-23T08:30:00Z');
    expect([subjects(LIVE), subjects(DEAD)]).toEqual([[DIGEST], [DIGEST, DIGEST]]);

    await deployed.tick('2026-11-23T09:15:00Z');
    const dead = '[backup] ALARM CHANNEL DEAD: hook dead.example';
    expect(mails()).toEqual([DIGEST, dead]);
    expect(subjects(LIVE)).toEqual([DIGEST, dead]);
    expect(deployed.aws.outbox.mails.at(-1)?.text.replace(/\s+/g, ' ')).toContain(
      'hook dead.example: takes no message: answers 404',
    );

    status = 200;
    posts = [];
    await deployed.tick('2026-11-23T09:30:00Z');
    expect(subjects(DEAD)).toEqual([DIGEST]);
    const [{ body } = { body: undefined }] = posts;
    expect(JSON.stringify(body)).toContain('takes no message: answers 404');
    await deployed.tick('2026-11-23T10:15:00Z');
    expect(mails().at(-1)).toBe('[backup] alarm channel works again: hook dead.example');

    const logged = inspect(vi.mocked(console.log).mock.calls, { depth: 9 });
    const kept = deployed.aws.head(STATE_BUCKET, 'state.json');
    const all = inspect([deployed.aws.outbox, kept], { depth: 9, maxStringLength: null });
    expect(logged + all + posts.map(({ body }) => JSON.stringify(body))).not.toContain('SECRET');
  });

  it('are posted to about tampering, as the mail is sent', async () => {
    await start(MAIL);
    const key = 'web/duplicity-full.20261123T031500Z.vol1.difftar.gpg';
    deployed.aws.remove('backups', key, { modified: '2026-11-23T11:02:00Z' });
    const removal = s3Event('ObjectRemoved:DeleteMarkerCreated', key, '2026-11-23T11:02:00Z');
    await deployed.event(removal, '2026-11-23T11:03:00Z');
    expect(posts.find(({ url }) => url === LIVE)?.body).toMatchObject({
      subject: '[backup] TAMPERED: web. 1 of 1 host FAILED',
      severity: 'critical',
    });
  });

  it('fail the run where no other channel could report the dead one', async () => {
    await start('ops: [admin@example.net]');
    await expect(deployed.tick('2026-11-23T08:15:00Z')).rejects.toThrow(
      'hook dead.example did not take the message',
    );
    expect(subjects(LIVE)).toEqual([DIGEST]);
  });

  it('are posted to with the weekly test too', async () => {
    await start(MAIL.replace('weeklyTest: false', 'weeklyTest: true'));
    await deployed.tick('2026-11-23T08:15:00Z');
    const [post] = posts.filter(({ url }) => url === LIVE);
    expect(JSON.stringify(post?.body)).toMatch(/[A-Z]{4}-\d{4} is the code word/);
  });
});
