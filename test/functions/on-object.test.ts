import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { handler as onObject } from '../../functions/on-object.ts';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, s3Event } from '../support/deployed.ts';

const CONFIG = `bucket: backups
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net], sms: ["+31600000000"] }
hosts: { web: {} }
`;
const late = aFull({ begun: '2026-11-23T10:15:00Z', done: '2026-11-23T11:02:00Z' });
const manifest = 'web/duplicity-full.20261123T101500Z.manifest.gpg';

let deployed: Deployed;
beforeEach(async () => {
  deployed = await deploy(CONFIG);
  deployed.put('web/', aFull({ begun: '2026-11-21T03:15:00Z' }));
});
afterEach(() => deployed.close());

const plain = (text = '') => text.replace(/\s+/g, ' ');

describe('on-object', () => {
  it('announces by mail and SMS that a host is OK AGAIN', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    deployed.aws.outbox.clear();
    deployed.put('web/', late);
    const created = s3Event('ObjectCreated:Put', manifest, '2026-11-23T11:02:00Z');
    await deployed.event(created, '2026-11-23T11:02:05Z');
    expect(deployed.aws.outbox.mails.map(({ subject }) => subject)).toEqual([
      '[backup] web OK AGAIN: full done Mon 23 Nov 11:02 UTC, 2 h 47 min late',
    ]);
    expect(deployed.aws.outbox.sms[0]?.text).toMatch(/^BACKUP OK AGAIN web/);
  });

  it('reports a removal with who and from where', async () => {
    deployed.put('web/', late);
    deployed.aws.remove('backups', manifest, { modified: '2026-11-23T11:12:00Z' });
    const removed = s3Event('ObjectRemoved:DeleteMarkerCreated', manifest, '2026-11-23T11:12:00Z');
    await deployed.event(removed, '2026-11-23T11:12:05Z');
    const [mail] = deployed.aws.outbox.mails;
    expect(mail?.subject).toBe('[backup] TAMPERED: web. 1 of 1 host FAILED');
    expect(plain(mail?.text)).toContain('by user AIDAJQULG4WG7WMOOT4P6 from 203.0.113.9');
    expect(deployed.aws.outbox.sms[0]?.text).toContain('Disable that key now.');
  });

  it("knows the host's key by the config, and the break-glass role by its environment", async () => {
    deployed.change(CONFIG.replace('web: {}', 'web: { userId: AIDAIOSFODNN7EXAMPLE }'));
    vi.stubEnv('BREAK_GLASS_ROLE_ID', 'AROAJNDVBL7WPMMDWOTYY');
    const iso = '2026-11-23T11:02:00Z';
    const { Records } = s3Event('ObjectRemoved:Delete', manifest, iso);
    const by = (id: string, at: string) => ({
      Records: Records.map((one) => ({
        ...one,
        eventTime: at,
        userIdentity: { principalId: `AWS:${id}` },
      })),
    });
    const events = [
      by('AIDAIOSFODNN7EXAMPLE', iso),
      by('AROAJNDVBL7WPMMDWOTYY:alice', '2026-11-23T11:02:01Z'),
    ];
    await deployed.event(events, '2026-11-23T11:02:05Z');
    const text = plain(deployed.aws.outbox.mails[0]?.text);
    expect(text).toContain("by web's own key from 203.0.113.9");
    expect(text).toContain('by the break-glass role (session alice) from 203.0.113.9');
    expect(deployed.aws.outbox.sms[0]?.text).toContain("by web's own key from 203.0.113.9");
  });

  it('sends no request to AWS for the test event', async () => {
    const test = { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'backups' };
    expect(await deployed.event(test, '2026-11-23T11:02:05Z')).toMatchObject({ events: 0 });
    expect(deployed.aws.outbox.topicMessages).toEqual([]);
  });

  it('gives back the message that it cannot read, and reports what came with it', async () => {
    const removed = s3Event('ObjectRemoved:Delete', manifest, '2026-11-23T11:02:00Z');
    const outcome = await deployed.event([{ hello: 1 }, removed], '2026-11-23T11:02:05Z');
    expect(outcome).toMatchObject({
      told: 1,
      batchItemFailures: [{ itemIdentifier: 'message-0' }],
    });
  });

  it.each([null, {}, { Records: [{ eventName: 'ObjectCreated:Put' }] }])(
    'fails on an event that is no batch of a queue: %j',
    async (event) => {
      await expect(onObject(event, {} as Context)).rejects.toThrow(TypeError);
    },
  );
});
