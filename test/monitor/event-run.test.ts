import { describe, expect, it } from 'vitest';
import type { StoredObject } from '../../shared/duplicity/versions.ts';
import { runEvents } from '../../shared/monitor/event-run.ts';
import type { ObjectEvent } from '../../shared/monitor/object-event.ts';
import { TargetUnreadableError } from '../../shared/monitor/object-store.ts';
import { runSchedule } from '../../shared/monitor/scheduled-run.ts';
import { parseState } from '../../shared/monitor/state.ts';
import { aConfig, aFull, aHost, anIncremental, anObject, at } from '../support/builders.ts';
import { inMemoryStore, keyed } from '../support/in-memory.ts';
import { memoryChannel, memoryRecords } from '../support/records-in-memory.ts';

const WEB = 'AIDAIOSFODNN7EXAMPLE';
const DB = 'AIDAQABLZS4A3QDU576Q2';
const config = aConfig([aHost({ userId: WEB }), aHost({ name: 'db', userId: DB })]);
const saturday = aFull({ begun: '2026-11-21T03:15:00Z' });
const yesterday = aFull({ begun: '2026-11-22T03:15:00Z' });
const tonight = aFull({ begun: '2026-11-23T03:15:00Z' });
const recovery = aFull({ begun: '2026-11-23T10:15:00Z', done: '2026-11-23T11:02:00Z' });
const NOW = '2026-11-23T11:03:00Z';

const event = (name: string, override: Partial<ObjectEvent> = {}): ObjectEvent => ({
  ...{ what: 'created', bucket: 'backups', key: `web/${name}`, at: at(NOW), left: 'unknown' },
  ...{ principal: `AWS:${WEB}`, address: '203.0.113.9' },
  ...override,
});
const removed = (name: string, override: Partial<ObjectEvent> = {}) =>
  event(name, { what: 'removed', left: 'version', at: at('2026-11-23T11:02:00Z'), ...override });
const manifestOf = (objects: readonly StoredObject[]) =>
  event(objects.find(({ name }) => name.includes('manifest'))?.name ?? '');
const volume = (nth: number) => `duplicity-full.20261123T031500Z.vol${nth}.difftar.gpg`;

/** Runs with one memory, of a bucket as each of them finds it. */
function aMonitor(of = config) {
  const [records, mail, ops] = [memoryRecords(), memoryChannel('mail'), memoryChannel('ops')];
  const storeOf = (objects: readonly StoredObject[]) =>
    inMemoryStore([...keyed('web/', objects), ...keyed('db/', tonight)]);
  const run = (
    events: readonly ObjectEvent[],
    objects: readonly StoredObject[] = tonight,
    { iso = NOW, store = storeOf(objects), ours = {} } = {},
  ) => runEvents({ store, records, channels: [mail] }, of, events, at(iso), ours);
  return {
    ...{ records, mail, run },
    tick: (iso: string, objects: readonly StoredObject[]) =>
      runSchedule(
        {
          ...{ store: storeOf(objects), records, channels: [mail], ops: [ops], escalates: false },
          judgeChannels: async () => [],
        },
        of,
        at(iso),
        at(iso),
      ),
    subjects: () => mail.sent.map(({ subject }) => subject.replace('[backup] ', '')),
    lastText: () => mail.sent.at(-1)?.text.replace(/\s+/g, ' ') ?? '',
  };
}

describe('runEvents', () => {
  it('says OK AGAIN when the full that was owed arrives after its due time', async () => {
    const { tick, run, mail, lastText } = aMonitor();
    await tick('2026-11-23T08:15:00Z', saturday);
    await run([manifestOf(recovery)], [...saturday, ...recovery]);
    expect(mail.sent.at(-1)?.subject).toBe(
      '[backup] web OK AGAIN: full done Mon 23 Nov 11:02 UTC, 2 h 47 min late',
    );
    expect(mail.sent.at(-1)?.smsLine).toMatch(
      /^BACKUP OK AGAIN web: full done Mon 23 Nov 11:02 UTC/,
    );
    expect(lastText()).toContain('2 windows missed');
  });

  it('does not say OK AGAIN of a full that may have lost its last volume', async () => {
    const { tick, run, subjects } = aMonitor();
    const before = aFull({ begun: '2026-11-22T03:15:00Z', volumes: 4 });
    const times = { begun: '2026-11-24T03:15:00Z', volumes: 4 };
    const shorter = aFull(times).filter(({ name }) => !name.includes('.vol4.'));
    await tick('2026-11-23T08:15:00Z', before);
    await run([manifestOf(shorter)], [...before, ...shorter], { iso: '2026-11-24T04:16:00Z' });
    expect(subjects().at(-1)).toMatch(/^web OVER/);
  });

  it("says OK AGAIN when the next night's full arrives and yesterday's never did", async () => {
    const { tick, run, subjects } = aMonitor();
    const night = aFull({ begun: '2026-11-24T03:15:00Z' });
    await tick('2026-11-23T08:15:00Z', yesterday);
    await run([manifestOf(night)], [...yesterday, ...night], { iso: '2026-11-24T03:16:00Z' });
    expect(subjects().at(-1)).toContain('web OK AGAIN');
  });

  it('sends the reader to the page that the config names', async () => {
    const { run, mail } = aMonitor({ ...config, runbook: 'https://wiki.example.net/backups' });
    await run(
      [event('duplicity-full.20261123T031500Z.vol0.difftar.gpg')],
      [...tonight, anObject('duplicity-full.20261123T031500Z.vol0.difftar.gpg')],
    );
    const html = JSON.stringify(mail.sent.at(-1)?.blocks);
    expect(html).toContain('https://wiki.example.net/backups#poisoned');
    expect(html).not.toContain('docs/runbook.md');
  });

  it('says nothing of a full that another chain is in the way of, once its night has a backup', async () => {
    const chains = aConfig([aHost({ chain: { fullEveryDays: 7 } }), aHost({ name: 'db' })]);
    const { tick, run, subjects } = aMonitor(chains);
    const before = [...yesterday, ...anIncremental('2026-11-22T03:15:00Z', '2026-11-23T03:15:00Z')];
    const full = aFull({ begun: '2026-11-24T02:15:00Z' });
    const link = anIncremental('2026-11-23T03:15:00Z', '2026-11-24T03:15:00Z');
    await tick('2026-11-23T08:15:00Z', before);
    const heard = subjects().length;
    await run([manifestOf(full), manifestOf(link)], [...before, ...full, ...link], {
      iso: '2026-11-24T04:16:00Z',
    });
    expect(subjects().slice(heard)).toEqual([]);
  });

  it('reports the first full of a host as its first', async () => {
    const { tick, run, lastText } = aMonitor();
    // In its first window a host may still be on its way.
    await tick('2026-11-22T08:15:00Z', []);
    await tick('2026-11-23T08:15:00Z', []);
    await run([manifestOf(recovery)], recovery);
    expect(lastText()).toContain('It is the first complete full backup in its target.');
  });

  it('sends nothing for an ordinary night, a second full, or statistics', async () => {
    const { tick, run, mail } = aMonitor();
    await tick('2026-11-22T08:15:00Z', yesterday);
    const before = mail.sent.length;
    const iso = '2026-11-23T03:16:00Z';
    await run([manifestOf(tonight)], [...yesterday, ...tonight], { iso });
    await run([manifestOf(recovery)], [...tonight, ...recovery]);
    await run([event('duplicity-full.20261123T031500Z.jsonstat.gpg')]);
    expect(mail.sent).toHaveLength(before);
  });

  it('drops the parity of an ordinary upload, and looks at parity that was planted', async () => {
    const parityOf = ({ name, modifiedAt }: StoredObject) => ({
      ...anObject(`${name}.par2`, { written: new Date(modifiedAt).toISOString() }),
    });
    const { tick, run, subjects } = aMonitor();
    const held = [...yesterday, ...yesterday.map(parityOf)];
    await tick('2026-11-22T08:15:00Z', held);
    const [first = anObject('none')] = tonight;
    const some = [...held, first, parityOf(first)];
    const iso = '2026-11-23T03:16:00Z';
    const ordinary = [event(first.name), event(`${first.name}.par2`)];
    expect(await run(ordinary, some, { iso })).toMatchObject({ judged: 0 });

    const other = aMonitor();
    await other.tick('2026-11-23T08:15:00Z', tonight);
    const planted = [event(`${first.name}.par2`)];
    const outcome = await other.run(planted, [...tonight, parityOf(first)]);
    expect(outcome).toMatchObject({ judged: 1 });
    expect(other.subjects().at(-1)).toContain('web POISONED');
    expect(subjects().join()).not.toContain('POISONED');
  });

  it('never calls a set that is not complete a recovery', async () => {
    const { tick, run, subjects } = aMonitor();
    const cut = recovery.filter(({ name }) => !name.includes('vol2'));
    await tick('2026-11-23T08:15:00Z', saturday);
    await run([manifestOf(cut)], [...saturday, ...cut]);
    expect(subjects().filter((subject) => subject.includes('OK AGAIN'))).toEqual([]);
  });

  it('reports an incremental, an upload without encryption, and a poisoned name', async () => {
    const inc = anIncremental('2026-11-23T03:15:00Z', '2026-11-23T11:00:00Z');
    const plain = aFull({ begun: '2026-11-23T10:15:00Z', encrypted: false });
    const double = anObject('duplicity-full.20261123T031500Z.manifest', {
      written: '2026-11-23T11:00:00Z',
    });
    const told = await Promise.all(
      (
        [
          [[...tonight, ...inc], manifestOf(inc)],
          [[...tonight, ...plain], manifestOf(plain)],
          [[...tonight, double], event(double.name)],
        ] as const
      ).map(async ([objects, upload]) => {
        const { run, subjects } = aMonitor();
        await run([upload], objects);
        return subjects();
      }),
    );
    expect(told).toEqual([
      ['1 of 2 hosts FAILED: web INCREMENTAL'],
      ['1 of 2 hosts FAILED: web UNENCRYPTED'],
      ['1 of 2 hosts FAILED: web POISONED'],
    ]);
  });

  it('names whose key made an upload that should not be there', async () => {
    const { run, lastText } = aMonitor();
    const plain = aFull({ begun: '2026-11-23T10:15:00Z', encrypted: false });
    await run([{ ...manifestOf(plain), principal: `AWS:${DB}` }], [...tonight, ...plain]);
    expect(lastText()).toContain('by the key of host db from 203.0.113.9.');
  });

  it('reports an upload of no host in the config once, by mail only and without its name in the subject', async () => {
    const { run, mail } = aMonitor();
    const strange = (name: string) => event('', { key: `evil\r\nBcc: x/${name}` });
    await run([strange('a'), strange('b')]);
    await run([strange('c')]);
    await run([{ ...strange('d'), principal: 'AWS:AIDAJQULG4WG7WMOOT4P6' }], tonight, {
      iso: '2026-11-24T11:03:00Z',
    });
    expect(mail.sent.map(({ subject, urgency }) => [urgency, subject])).toEqual([
      ['digest', '[backup] UNKNOWN uploads in bucket backups'],
    ]);
    expect(mail.sent[0]?.text).toMatch(/^[\n -~]*$/);
    expect(mail.sent[0]?.text).toContain('2 uploads under');
  });

  it('names the bucket of what no host has, where it is another than that of the config', async () => {
    const { run, mail, lastText } = aMonitor();
    await run([event('', { bucket: 'other', key: 'nas/x' })]);
    expect(mail.sent[0]?.subject).toBe('[backup] UNKNOWN uploads in bucket other');
    expect(lastText()).toContain(
      '1 upload under "nas/" in the bucket "other", which is of no host',
    );
    await run([removed('', { bucket: 'other', key: 'nas/x' })]);
    expect(lastText()).toContain(
      '1 object removed under "nas/" in the bucket "other", which is of',
    );
  });

  it("names the stack's account and its break-glass role by the ids that it was given", async () => {
    const { run, lastText } = aMonitor();
    const ours = { account: '123456789012', breakGlassRoleId: 'AROAJNDVBL7WPMMDWOTYY' };
    const events = [
      removed(volume(1), { principal: 'AWS:AROAJNDVBL7WPMMDWOTYY:alice' }),
      removed(volume(2), { principal: '210987654321' }),
    ];
    const left = tonight.filter(({ name }) => !/vol[12]\./.test(name));
    await run(events, left, { ours });
    expect(lastText()).toContain('by the break-glass role (session alice) from 203.0.113.9');
    expect(lastText()).toContain('by somebody of ANOTHER account (210987654321)');
    expect(lastText()).not.toContain('aws iam');
  });

  it('reports every removal, with who and from where, in one message', async () => {
    const { run, subjects, lastText } = aMonitor();
    const left = tonight.filter(({ name }) => !/vol[12]\./.test(name));
    await run(
      [
        removed(volume(1)),
        removed(volume(2)),
        removed('', { key: 'nobody/x', principal: undefined, address: undefined }),
      ],
      left,
    );
    expect(subjects()).toEqual(['TAMPERED: web. 1 of 2 hosts FAILED']);
    expect(lastText()).toContain(
      "by web's own key from 203.0.113.9; that version is gone for good",
    );
    expect(lastText()).toMatch(
      /"nobody\/x" was removed .* by an unknown principal from an unknown/,
    );
  });

  it('reports that the host could not be read, rather than nothing', async () => {
    const { run, subjects } = aMonitor();
    const list = async () => {
      throw new TargetUnreadableError('AccessDenied (403)', 'allow it');
    };
    const store = { ...inMemoryStore([]), list, readPart: list };
    await run([manifestOf(recovery)], [], { store });
    expect(subjects()).toEqual(['1 of 2 hosts FAILED: web UNREADABLE']);
  });

  it('notifies of a set once, however often its event is sent, and however many of its files go', async () => {
    const { run, mail } = aMonitor();
    const without = (...nths: number[]) =>
      tonight.filter(({ name }) => !nths.some((nth) => name === volume(nth)));
    await run([removed(volume(1))], without(1));
    await run([removed(volume(1))], without(1));
    await run([removed(volume(1)), removed(volume(2))], without(1, 2));
    expect(mail.sent).toHaveLength(1);
    expect(mail.sent[0]?.text).toContain('vol1');
  });

  it('notifies once of a set whose files go in many runs at once', async () => {
    const { run, tick, mail } = aMonitor();
    const left = tonight.filter(({ name }) => !/vol\d/.test(name));
    await Promise.all([1, 2, 3, 4, 5].map((nth) => run([removed(volume(nth))], left)));
    await tick('2026-11-23T11:15:00Z', left);
    await tick('2026-11-23T11:30:00Z', left);
    const told = mail.sent.map(({ text }) => text).join();
    expect(told).toContain('duplicity-full.20261123T031500Z.vol');
    // That the window has no full any more may be another.
    expect(mail.sent.length).toBeLessThanOrEqual(2);
    const sent = mail.sent.length;
    const later = { iso: '2026-11-23T11:31:00Z' };
    await Promise.all([1, 1].map((nth) => run([removed(volume(nth))], left, later)));
    expect(mail.sent).toHaveLength(sent);
  });

  it('sends one message of a flood about one set, and counts its changes', async () => {
    const { run, tick, mail, records } = aMonitor();
    const many = aFull({ begun: '2026-11-23T03:15:00Z', volumes: 60 });
    await tick('2026-11-23T08:15:00Z', many);
    const before = mail.sent.length;
    for (let nth = 1; nth <= 40; nth += 1) {
      const minute = String(nth).padStart(2, '0');
      const left = many.filter(({ name }) => Number(/vol(\d+)/.exec(name)?.[1] ?? 99) > nth);
      await run([removed(volume(nth))], left, { iso: `2026-11-23T09:${minute}:00Z` });
    }
    expect(mail.sent.length - before).toBe(1);
    const left = many.filter(({ name }) => Number(/vol(\d+)/.exec(name)?.[1] ?? 99) > 40);
    await tick('2026-11-23T09:45:00Z', left);
    const problem = parseState(records.text ?? '')?.problems.find(
      ({ kind }) => kind === 'tampered',
    );
    expect([problem?.changes.length, problem?.changeCount]).toEqual([20, expect.any(Number)]);
    const sent = mail.sent.length;
    await tick('2026-11-23T10:00:00Z', left);
    expect(mail.sent).toHaveLength(sent);
  });

  it('keeps the state small, and tells of more, when objects of no host are removed by the thousand', async () => {
    const { run, records, mail } = aMonitor();
    const gone = (batch: number) =>
      Array.from({ length: 10 }, (_, nth) => removed('', { key: `old/${batch * 10 + nth}` }));
    for (let batch = 0; batch < 300; batch += 1) {
      const iso = new Date(at(NOW) + batch * 5000).toISOString();
      await run(gone(batch), tonight, { iso });
    }
    expect(mail.sent.length).toBeLessThanOrEqual(4);
    expect(records.text?.length).toBeLessThan(100_000);
    await run(gone(300), tonight, { iso: '2026-11-23T13:00:00Z' });
    await run(gone(300), tonight, { iso: '2026-11-23T13:01:00Z' });
    expect(mail.sent).toHaveLength(5);
  });

  it('keeps what was removed for good open until it is there again', async () => {
    const { run, tick, subjects } = aMonitor();
    const left = tonight.filter(({ name }) => name !== volume(1));
    await tick('2026-11-23T08:15:00Z', tonight);
    await run([removed(volume(1))], left);
    const night = aFull({ begun: '2026-11-24T03:15:00Z' });
    await tick('2026-11-24T08:15:00Z', [...left, ...night]);
    expect(subjects().filter((subject) => /OVER|OK AGAIN/.test(subject))).toEqual([]);
    expect(subjects().at(-1)).toContain('TAMPERED: web');
  });
});
