import { describe, expect, it } from 'vitest';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { judgeEvents, type Notice } from '../../shared/monitor/judge-events.ts';
import type { ObjectEvent } from '../../shared/monitor/object-event.ts';
import { TargetUnreadableError } from '../../shared/monitor/object-store.ts';
import { aConfig, aFull, aHost, anIncremental, anObject, at } from '../support/builders.ts';
import { inMemoryStore, keyed } from '../support/in-memory.ts';

const WEB = 'AIDAIOSFODNN7EXAMPLE';
const DB = 'AIDAQABLZS4A3QDU576Q2';
const config = aConfig([aHost({ userId: WEB }), aHost({ name: 'db', userId: DB })]);
const saturday = aFull({ begun: '2026-11-21T03:15:00Z' });
const yesterday = aFull({ begun: '2026-11-22T03:15:00Z' });
const now = '2026-11-23T11:03:00Z';
const recovery = aFull({ begun: '2026-11-23T10:15:00Z', done: '2026-11-23T11:02:00Z' });

const event = (name: string, override: Partial<ObjectEvent> = {}): ObjectEvent => ({
  what: 'created',
  bucket: 'backups',
  key: `web/${name}`,
  at: at(now),
  left: 'unknown',
  principal: `AWS:${WEB}`,
  address: '203.0.113.9',
  ...override,
});
const manifestOf = (objects: readonly StoredObject[]) =>
  event(objects.find(({ name }) => name.includes('manifest'))?.name ?? '');

const messagesFor = (
  objects: readonly StoredObject[],
  events: readonly ObjectEvent[],
  when = now,
) => messagesOf(judgeEvents(inMemoryStore(keyed('web/', objects)), config, events, at(when)));

const messagesOf = async (notices: Promise<Notice[]>) =>
  (await notices).map(({ message }) => message);

describe('judgeEvents', () => {
  it('says OK AGAIN when the full that was owed arrives after its due time', async () => {
    const [message] = await messagesFor([...saturday, ...recovery], [manifestOf(recovery)]);
    expect(message?.subject).toBe(
      '[backup] web OK AGAIN: full done Mon 23 Nov 11:02 UTC, 2 h 47 min late',
    );
    expect(message?.text).toMatch(/2\s+windows/);
    expect(message?.sms).toMatch(/^BACKUP OK AGAIN web: full done Mon 23 Nov 11:02 UTC/);
  });

  it("says OK AGAIN when the next night's full arrives and yesterday's never did", async () => {
    const night = aFull({ begun: '2026-11-24T03:15:00Z' });
    const [message] = await messagesFor(
      [...yesterday, ...night],
      [manifestOf(night)],
      '2026-11-24T03:16:00Z',
    );
    expect(message?.subject).toContain('web OK AGAIN');
    expect(message?.text).toContain('Nothing else is wrong with it.');
  });

  it('reports the first full of a host as its first', async () => {
    const [message] = await messagesFor(recovery, [manifestOf(recovery)]);
    expect(message?.subject).toContain('web OK: its first full backup is done');
  });

  it('sends nothing for an ordinary night, a second full, or statistics', async () => {
    const night = aFull({ begun: '2026-11-23T03:15:00Z' });
    expect(
      await messagesFor([...yesterday, ...night], [manifestOf(night)], '2026-11-23T03:16:00Z'),
    ).toEqual([]);
    expect(await messagesFor([...night, ...recovery], [manifestOf(recovery)])).toEqual([]);
    expect(
      await messagesFor(night, [event('duplicity-full.20261123T031500Z.jsonstat.gpg')]),
    ).toEqual([]);
  });

  it('never calls a set that is not complete a recovery', async () => {
    const cut = recovery.filter(({ name }) => !name.includes('vol2'));
    expect(await messagesFor([...saturday, ...cut], [manifestOf(cut)])).toEqual([]);
  });

  it('reports an incremental, an upload without encryption, and a poisoned name', async () => {
    const inc = anIncremental('2026-11-23T10:15:00Z', '2026-11-23T11:00:00Z');
    const plain = aFull({ begun: '2026-11-23T10:15:00Z', encrypted: false });
    const double = anObject('duplicity-full.20261123T101500Z.manifest');
    const messages = await Promise.all([
      messagesFor([...recovery, ...inc], [manifestOf(inc)]),
      messagesFor([...saturday, ...plain], [manifestOf(plain)]),
      messagesFor([...recovery, double], [event(double.name)]),
    ]);
    expect(messages.map(([message]) => message?.subject.split(':')[0])).toEqual([
      '[backup] web INCREMENTAL',
      '[backup] web UNENCRYPTED',
      '[backup] web POISONED, UNENCRYPTED',
    ]);
  });

  it('reports an upload of no host in the config, by mail only and without its name in the subject', async () => {
    const events = [
      event('', { key: 'evil\r\nBcc: x/duplicity-full.20261123T101500Z.manifest.gpg' }),
      event('duplicity-full.20261123T101500Z.manifest.gpg.old'),
    ];
    const messages = await messagesFor(saturday, events);
    for (const message of messages) {
      expect(message.subject).toBe('[backup] UNKNOWN upload in bucket backups');
      expect(message.urgency).toBe('digest');
      expect(message.text).toMatch(/^[\n -~]*$/);
    }
    expect(messages).toHaveLength(2);
  });

  it('names whose key made an unencrypted upload, and one of no host in the config', async () => {
    const plain = aFull({ begun: '2026-11-23T10:15:00Z', encrypted: false });
    const uploads = [manifestOf(plain)].map((one) => ({ ...one, principal: `AWS:${DB}` }));
    const [trouble] = await messagesFor([...saturday, ...plain], uploads);
    expect(trouble?.text).toContain('Uploaded by the key of host db from 203.0.113.9.');
    const strange = event('', { key: 'else/x', principal: 'AWS:AIDAJQULG4WG7WMOOT4P6' });
    const [unknownPrefix] = await messagesFor(saturday, [strange]);
    expect(unknownPrefix?.text).toContain(
      `aws iam list-users --query "Users[?UserId=='AIDAJQULG4WG7WMOOT4P6'].Arn"`,
    );
  });

  it("names the stack's account and its break-glass role by the ids that it was given", async () => {
    const gone = (principal: string) => event('x', { what: 'removed', left: 'marker', principal });
    const ours = { account: '123456789012', breakGlassRoleId: 'AROAJNDVBL7WPMMDWOTYY' };
    const events = [gone('AWS:AROAJNDVBL7WPMMDWOTYY:alice'), gone('210987654321')];
    const store = inMemoryStore(keyed('web/', saturday));
    const [message] = await messagesOf(judgeEvents(store, config, events, at(now), ours));
    expect(message?.text).toContain('by the break-glass role (session alice) from 203.0.113.9');
    expect(message?.text).toContain('by somebody of ANOTHER account (210987654321)');
    expect(message?.text).not.toContain('aws iam');
  });

  it('reports every removal, with who and from where, in one message for each host', async () => {
    const gone = (name: string, override: Partial<ObjectEvent> = {}) =>
      event(name, { what: 'removed', left: 'marker', ...override });
    const left = recovery.slice(1).filter(({ name }) => !name.includes('vol2'));
    const messages = await messagesFor(left, [
      gone(recovery[0]?.name ?? ''),
      gone('duplicity-full.20261123T101500Z.vol2.difftar.gpg', { left: 'version' }),
      gone('', { key: 'nobody/x', principal: undefined, address: undefined }),
    ]);
    expect(messages.map(({ subject }) => subject)).toEqual([
      '[backup] TAMPERED web: 2 objects REMOVED',
      '[backup] TAMPERED no host in the config: 1 object REMOVED',
    ]);
    expect(messages[0]?.text).toContain("by web's own key from 203.0.113.9");
    expect(messages[0]?.text).toContain('gone for good');
    expect(messages[1]?.text).toMatch(/by an unknown principal from an unknown\s+address/);
  });

  it('asks once for each set of a batch whether its manifest is there, and for nothing else', async () => {
    const asked: string[] = [];
    const store = {
      ...inMemoryStore([]),
      list: () => Promise.reject(new Error('listed')),
      readWrittenAt: async (_: string, key: string) => {
        asked.push(key);
        return undefined;
      },
    };
    const files = [...recovery, ...anIncremental('2026-11-22T03:15:00Z', '2026-11-23T03:15:00Z')];
    const events = files
      .filter(({ name }) => !name.includes('manifest'))
      .map(({ name }) => event(name));
    expect(await judgeEvents(store, config, events, at(now))).toEqual([]);
    expect(asked.sort()).toEqual([
      'web/duplicity-full.20261123T101500Z.manifest.gpg',
      'web/duplicity-inc.20261122T031500Z.to.20261123T031500Z.manifest.gpg',
    ]);
  });

  it('reports that the host could not be read, rather than nothing', async () => {
    const list = async () => {
      throw new TargetUnreadableError('AccessDenied (403)', 'allow it');
    };
    const store = { ...inMemoryStore([]), list, readPart: list };
    const [message] = await messagesOf(judgeEvents(store, config, [manifestOf(recovery)], at(now)));
    expect(message?.subject).toContain('web UNREADABLE');
  });
});
