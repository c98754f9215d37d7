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
const SIGNATURES = 'web/duplicity-full-signatures.20261123T030000Z.sigtar.gpg';
const HIDDEN_AT = '2026-11-23T07:00:00Z';
const BACK_AT = '2026-11-23T08:00:00Z';
const FAILED = '[backup] TAMPERED: web. 1 of 1 host FAILED';
const OK_AGAIN = '[backup] web OK AGAIN: all of its files are there again, after 1 h';

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
    expect(subjects()).toEqual([FAILED]);
    local().outbox.clear();
  }

  it('raise no second alarm when they are removed, and the host is OK AGAIN once', async () => {
    const keys = keysOf(monday);
    await hideAndNotify(keys);
    for (const key of keys) removeNewest(key);
    // A queue hands over ten at a time, and may hand over one twice.
    const events = keys.map((key) => eventOf(key, BACK_AT));
    await deployed.event(events.slice(0, 3), '2026-11-23T08:00:05Z');
    await deployed.event(events.slice(3), '2026-11-23T08:00:06Z');
    await deployed.event(events.slice(0, 1), '2026-11-23T08:00:40Z');
    expect(subjects()).toEqual([OK_AGAIN]);
    expect(local().outbox.sms.map(({ text }) => text)).toEqual([
      'BACKUP OK AGAIN web: all of its files are there again, after 1 h.',
    ]);
  });

  it('raise no alarm while others of the set are still hidden, and OK AGAIN waits for the last', async () => {
    const keys = keysOf(monday);
    await hideAndNotify(keys);
    const [first = '', ...rest] = keys;
    removeNewest(first);
    await deployed.event(eventOf(first, BACK_AT), '2026-11-23T08:00:01Z');
    expect(subjects()).toEqual([]);
    for (const key of rest) removeNewest(key);
    await deployed.event(
      rest.map((key) => eventOf(key, BACK_AT)),
      '2026-11-23T08:00:02Z',
    );
    expect(subjects()).toEqual([OK_AGAIN]);
  });

  it('say OK AGAIN only when no other set is hidden', async () => {
    await hideAndNotify([...keysOf(sunday), VOLUME]);
    removeNewest(VOLUME);
    await deployed.event(eventOf(VOLUME, BACK_AT), '2026-11-23T08:00:01Z');
    // What the night of Sunday lacked is made good; that its backup is hidden is not.
    expect(subjects()).toEqual([
      expect.stringMatching(/web OVER: full done Mon 23 Nov 03:10 UTC$/),
    ]);
    local().outbox.clear();
    for (const key of keysOf(sunday)) removeNewest(key);
    await deployed.event(
      keysOf(sunday).map((key) => eventOf(key, BACK_AT)),
      '2026-11-23T08:10:02Z',
    );
    expect(subjects()).toEqual([OK_AGAIN.replace('1 h', '1 h 10 min')]);
  });

  it('say OK AGAIN a second time, when it was hidden a second time', async () => {
    const marked = 'ObjectRemoved:DeleteMarkerCreated';
    for (const hour of ['06', '07']) {
      const [hiddenAt, backAt] = [`2026-11-23T${hour}:00:00Z`, `2026-11-23T${hour}:30:00Z`];
      hide(VOLUME, hiddenAt);
      await deployed.event(eventOf(VOLUME, hiddenAt, marked), hiddenAt);
      removeNewest(VOLUME);
      await deployed.event(eventOf(VOLUME, backAt), backAt);
    }
    const again = OK_AGAIN.replace('1 h', '30 min');
    expect(subjects()).toEqual([FAILED, again, FAILED, again]);
  });

  it('stay an alarm where a version went that nothing replaces', async () => {
    removeNewest(VOLUME);
    await deployed.event(eventOf(VOLUME, BACK_AT), '2026-11-23T08:00:01Z');
    expect(subjects()).toEqual([FAILED]);
  });

  it.each([VOLUME, MANIFEST])(
    'stay an alarm where the good version of %s went from under another upload',
    async (key) => {
      local().put('backups', key, Buffer.from('garbage'), { modified: HIDDEN_AT });
      const good = local().versions('backups', key)[1]?.versionId ?? '';
      local().remove('backups', key, { versionId: good });
      await deployed.event(eventOf(key, BACK_AT), '2026-11-23T08:00:01Z');
      expect(subjects()).toEqual([FAILED]);
      await deployed.event(eventOf(SIGNATURES, BACK_AT), '2026-11-23T08:05:00Z');
      expect(subjects()).toEqual([FAILED]);
    },
  );

  it('stay an alarm for as long as the versions cannot be listed', async () => {
    await hideAndNotify([VOLUME]);
    removeNewest(VOLUME);
    const fault = { error: 'AccessDenied' };
    const denied = local().faults.add({ service: 's3', operation: 'ListObjectVersions', fault });
    await deployed.event(eventOf(VOLUME, BACK_AT), '2026-11-23T08:00:05Z');
    expect(subjects()).toEqual([]);
    denied.remove();
    await deployed.event(eventOf(VOLUME, BACK_AT), '2026-11-23T08:00:35Z');
    expect(subjects()).toEqual([OK_AGAIN.replace('1 h', '1 h 1 min')]);
  });

  it('that lifecycle had made send no message', async () => {
    const old = aFull({ begun: '2026-11-10T03:00:00Z', done: '2026-11-10T03:10:00Z' });
    deployed.put('web/', old);
    for (const key of keysOf(old)) hide(key, '2026-11-17T00:00:00Z');
    for (const key of keysOf(old)) removeNewest(key);
    await deployed.event(
      keysOf(old).map((key) => eventOf(key, BACK_AT)),
      '2026-11-23T08:00:01Z',
    );
    expect(subjects()).toEqual([]);
  });

  it('name who made them', async () => {
    for (const key of keysOf(monday)) hide(key);
    await deployed.event(eventOf(VOLUME, HIDDEN_AT, 'ObjectRemoved:DeleteMarkerCreated'), BACK_AT);
    const [mail] = local().outbox.mails;
    expect(mail?.text.replace(/\s+/g, ' ')).toMatch(
      /was removed Mon 23 Nov 07:00 by .* from 203.0.113.9/,
    );
  });
});
