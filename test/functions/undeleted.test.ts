// What happens when somebody takes delete markers away: no second alarm, and one all-clear.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { S3Event } from '../local-aws/s3/event.ts';
import { toEventBridge } from '../local-aws/s3/event-bridge.ts';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, s3Event } from '../support/deployed.ts';

const CONFIG = `bucket: backups
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net], sms: ["+31600000000"] }
hosts: { web: {} }
`;
const sunday = aFull({ begun: '2026-11-22T03:00:00Z', done: '2026-11-22T03:10:00Z', volumes: 6 });
const monday = aFull({ begun: '2026-11-23T03:00:00Z', done: '2026-11-23T03:10:00Z', volumes: 6 });
const keysOf = (set: typeof monday) => set.map(({ name }) => `web/${name}`);
const VOLUME = 'web/duplicity-full.20261123T030000Z.vol2.difftar.gpg';
const MANIFEST = 'web/duplicity-full.20261123T030000Z.manifest.gpg';
const HIDDEN_AT = '2026-11-23T07:00:00Z';
const BACK_AT = '2026-11-23T09:00:00Z';
const OK_AGAIN = '[backup] web OK AGAIN: full of Mon 23 Nov 03:00 UTC is back';

let deployed: Deployed;
beforeEach(async () => {
  deployed = await deploy(CONFIG);
  deployed.put('web/', [...sunday, ...monday]);
});
afterEach(() => deployed.close());

const local = () => deployed.aws;
const subjects = () => local().outbox.mails.map(({ subject }) => subject);
const hide = (key: string, iso = HIDDEN_AT) => local().remove('backups', key, { modified: iso });
const newest = (key: string) => local().versions('backups', key)[0]?.versionId ?? '';
const removeNewest = (key: string) => local().remove('backups', key, { versionId: newest(key) });

/** As S3 itself sends it, and as EventBridge does. */
const native = (key: string, iso: string, name = 'ObjectRemoved:Delete') => s3Event(name, key, iso);
const bridged = (key: string, iso: string, name = 'ObjectRemoved:Delete') => {
  const { Records } = native(key, iso, name);
  const [record] = Records;
  const full = {
    ...record,
    awsRegion: 'eu-west-1',
    responseElements: { 'x-amz-request-id': 'R' },
    s3: { ...record?.s3, bucket: { name: 'backups', arn: 'arn:aws:s3:::backups' } },
  };
  return toEventBridge({ Records: [full] } as unknown as S3Event, '111122223333')[0];
};

describe.each([
  ['native events', native],
  ['events of EventBridge', bridged],
])('%s of delete markers that are taken away', (_, eventOf) => {
  /** Hides them, and lets the monitor tell it. */
  async function hideAndNotify(keys: readonly string[]) {
    for (const key of keys) hide(key);
    const hidden = keys.map((key) => eventOf(key, HIDDEN_AT, 'ObjectRemoved:DeleteMarkerCreated'));
    await deployed.event(hidden, '2026-11-23T07:00:05Z');
    expect(subjects()).toEqual([expect.stringContaining('TAMPERED web')]);
    local().outbox.clear();
  }

  it('raise no second alarm when they are removed, and the host is OK AGAIN once', async () => {
    const keys = keysOf(monday);
    await hideAndNotify(keys);
    for (const key of keys) removeNewest(key);
    // A queue hands over ten at a time, and may hand over one twice.
    const events = keys.map((key) => eventOf(key, BACK_AT));
    await deployed.event(events.slice(0, 3), '2026-11-23T09:00:05Z');
    await deployed.event(events.slice(3), '2026-11-23T09:00:06Z');
    await deployed.event(events.slice(0, 1), '2026-11-23T09:00:40Z');
    expect(subjects()).toEqual([OK_AGAIN]);
    expect(local().outbox.sms.map(({ text }) => text)).toEqual([
      'BACKUP OK AGAIN web: full of Mon 23 Nov 03:00 UTC is back.',
    ]);
  });

  it('raise no alarm while others of the set are still hidden, and OK AGAIN waits for the last', async () => {
    const keys = keysOf(monday);
    await hideAndNotify(keys);
    const [first = '', ...rest] = keys;
    removeNewest(first);
    await deployed.event(eventOf(first, BACK_AT), '2026-11-23T09:00:01Z');
    expect(subjects()).toEqual([]);
    for (const key of rest) removeNewest(key);
    await deployed.event(
      rest.map((key) => eventOf(key, BACK_AT)),
      '2026-11-23T09:00:02Z',
    );
    expect(subjects()).toEqual([OK_AGAIN]);
  });

  it('say OK AGAIN only when no other set is hidden', async () => {
    await hideAndNotify([...keysOf(sunday), VOLUME]);
    removeNewest(VOLUME);
    await deployed.event(eventOf(VOLUME, BACK_AT), '2026-11-23T09:00:01Z');
    expect(subjects()).toEqual([]);
    for (const key of keysOf(sunday)) removeNewest(key);
    await deployed.event(
      keysOf(sunday).map((key) => eventOf(key, BACK_AT)),
      '2026-11-23T09:10:02Z',
    );
    expect(subjects()).toEqual([expect.stringContaining('web OK AGAIN: full of Sun 22 Nov')]);
  });

  it('say OK AGAIN a second time, when it was hidden a second time', async () => {
    for (const hour of ['07', '09']) {
      hide(VOLUME, `2026-11-23T${hour}:00:00Z`);
      removeNewest(VOLUME);
      const at = `2026-11-23T${hour}:30:00Z`;
      await deployed.event(eventOf(VOLUME, at), at);
    }
    expect(subjects()).toEqual([OK_AGAIN, OK_AGAIN]);
  });

  it('stay an alarm where a version went that nothing replaces', async () => {
    removeNewest(VOLUME);
    await deployed.event(eventOf(VOLUME, BACK_AT), '2026-11-23T09:00:01Z');
    expect(subjects()).toEqual(['[backup] TAMPERED web: 1 object REMOVED']);
  });

  it.each([VOLUME, MANIFEST])(
    'stay an alarm where the good version of %s went from under another upload',
    async (key) => {
      local().put('backups', key, Buffer.from('garbage'), { modified: HIDDEN_AT });
      const good = local().versions('backups', key)[1]?.versionId ?? '';
      local().remove('backups', key, { versionId: good });
      await deployed.event(eventOf(key, BACK_AT), '2026-11-23T09:00:01Z');
      expect(subjects()).toEqual(['[backup] TAMPERED web: 1 object REMOVED']);
    },
  );

  it('stay an alarm where the versions cannot be listed, or the file not be looked at', async () => {
    for (const operation of ['ListObjectVersions', 'HeadObject']) {
      hide(VOLUME);
      removeNewest(VOLUME);
      const fault = local().faults.add({
        service: 's3',
        operation,
        fault: { error: 'AccessDenied' },
      });
      const at = operation === 'HeadObject' ? '2026-11-23T10:00:00Z' : '2026-11-23T09:00:00Z';
      await deployed.event(eventOf(VOLUME, at), at);
      fault.remove();
    }
    expect(subjects()).toEqual([
      '[backup] TAMPERED web: 1 object REMOVED',
      '[backup] TAMPERED web: 1 object REMOVED',
    ]);
  });

  it('that lifecycle had made send no message', async () => {
    const old = aFull({ begun: '2026-11-10T03:00:00Z', done: '2026-11-10T03:10:00Z' });
    deployed.put('web/', old);
    for (const key of keysOf(old)) hide(key, '2026-11-17T00:00:00Z');
    for (const key of keysOf(old)) removeNewest(key);
    await deployed.event(
      keysOf(old).map((key) => eventOf(key, BACK_AT)),
      '2026-11-23T09:00:01Z',
    );
    expect(subjects()).toEqual([]);
  });

  it('name who took them away', async () => {
    hide(VOLUME);
    removeNewest(VOLUME);
    await deployed.event(eventOf(VOLUME, BACK_AT), BACK_AT);
    const [mail] = local().outbox.mails;
    expect(mail?.text.replace(/\s+/g, ' ')).toContain('from 203.0.113.9');
    expect(mail?.text).toContain('Nothing else is wrong with it.');
  });
});
