import { describe, expect, it } from 'vitest';
import { type Check, fail, ok } from '../../shared/doctor/audit.ts';
import { runSchedule, type ScheduleDependencies } from '../../shared/monitor/scheduled-run.ts';
import {
  EMPTY_STATE,
  formatState,
  parseState,
  RecordError,
  type RecordStore,
  STATUS_PAGE,
} from '../../shared/monitor/state.ts';
import { newsOf } from '../../shared/rules/problem.ts';
import { aFix } from '../doctor/readings.ts';
import { aConfig, aFull, aHost, anObject, at } from '../support/builders.ts';
import { inMemoryStore, keyed } from '../support/in-memory.ts';
import { memoryChannel, memoryRecords } from '../support/records-in-memory.ts';

const QUARTER = 15 * 60_000;
const hosts = [
  aHost({ name: 'web' }),
  aHost({ name: 'db', window: { opens: '00:00', due: '10:00', graceMinutes: 240 } }),
];
const config = aConfig(hosts, { alerts: { ...aConfig([]).alerts, sms: ['+31600000000'] } });
const friday = aFull({ begun: '2026-11-20T03:15:00Z' });
const store = inMemoryStore([...keyed('web/', friday), ...keyed('db/', friday)]);

function aSetting() {
  const records = memoryRecords();
  const channels = [memoryChannel('mail'), memoryChannel('SNS')];
  const ops = memoryChannel('SNS ops');
  const channelChecks: { checks: readonly Check[]; looks: number } = { checks: [], looks: 0 };
  const dependencies: ScheduleDependencies = {
    ...{ store, records, channels, ops: [ops], escalates: true },
    judgeChannels: async () => {
      channelChecks.looks += 1;
      return channelChecks.checks;
    },
  };
  return {
    ...{ records, channels, ops, channelChecks, dependencies },
    run: (iso: string, late = 0) => runSchedule(dependencies, config, at(iso), at(iso) + late),
    subjects: () => channels.map(({ sent }) => sent.map(({ subject }) => subject)),
    firstSubjects: () => channels[0]?.sent.map(({ subject }) => subject) ?? [],
  };
}

function outOfReach(): RecordStore {
  const unreachable = async () => {
    throw new RecordError('s3://ledger/state.json could not be read (AccessDenied (403))');
  };
  return { read: unreachable, write: unreachable, replace: unreachable, list: unreachable };
}

describe('runSchedule', () => {
  it('judges each window once, however the ticks fall', async () => {
    const setting = aSetting();
    for (const tick of ['08:00', '08:15', '08:15', '08:30']) {
      await setting.run(`2026-11-23T${tick}:00Z`);
    }
    // One that Lambda tries again after the next one.
    await setting.run('2026-11-23T08:15:00Z', QUARTER);
    for (const tick of ['10:15', '10:15', '10:30']) await setting.run(`2026-11-23T${tick}:00Z`);
    expect(setting.firstSubjects()).toEqual([
      expect.stringContaining('2 of 2 hosts FAILED: web MISSING (3rd day), db MISSING (2nd day)'),
      expect.stringContaining('2 of 2 hosts FAILED: db MISSING (3rd day)'),
    ]);
    expect(setting.channels[0]?.sent[1]?.text).toContain('Still failing, as reported before: web');
  });

  it('catches up on ticks that never came', async () => {
    const setting = aSetting();
    await setting.run('2026-11-22T08:00:00Z');
    await setting.run('2026-11-23T11:00:00Z');
    expect(setting.firstSubjects()).toEqual([
      expect.stringMatching(/FAILED: web MISSING \(3rd day\), db MISSING/),
    ]);
    const state = parseState(setting.records.text ?? '');
    expect(state?.judgedUntil).toBe(at('2026-11-23T11:00:00Z'));
  });

  it('notifies those who watch the monitor from the second missed window on', async () => {
    const setting = aSetting();
    await setting.run('2026-11-21T08:15:00Z');
    expect(setting.ops.sent).toEqual([]);
    await setting.run('2026-11-22T08:15:00Z');
    expect(setting.ops.sent.map(({ subject }) => subject)).toEqual([
      expect.stringContaining('web MISSING (2nd day)'),
    ]);
  });

  it('notifies those who watch the monitor of a second missed window next to other trouble, and of nothing else', async () => {
    const setting = aSetting();
    const poison = anObject('duplicity-full.20261121T031500Z.vol0.difftar.gpg', {
      written: '2026-11-21T04:00:00Z',
    });
    const run = (iso: string) =>
      runSchedule(
        {
          ...setting.dependencies,
          store: inMemoryStore([...keyed('web/', [...friday, poison]), ...keyed('db/', friday)]),
        },
        config,
        at(iso),
        at(iso),
      );
    await run('2026-11-21T08:15:00Z');
    await run('2026-11-21T10:15:00Z');
    expect(setting.ops.sent).toEqual([]);
    await run('2026-11-22T08:15:00Z');
    const [told, ...others] = setting.ops.sent;
    expect(others).toEqual([]);
    expect(told?.text).toMatch(/MISSING {5}web: .*\n +poisoned: /);
    expect(told?.text).not.toContain('Digest #');
  });

  it('tells those who watch the monitor of the weekly test, and of no other digest', async () => {
    const setting = aSetting();
    const good = (day: number) =>
      aFull({ begun: `2026-11-${day}T03:15:00Z`, done: `2026-11-${day}T04:00:00Z` });
    const weekly = aConfig(config.hosts, { alerts: { ...config.alerts, weeklyTest: true } });
    for (const day of [22, 23, 24]) {
      const night = [...keyed('web/', good(day)), ...keyed('db/', good(day))];
      const until = at(`2026-11-${day}T08:15:00Z`);
      const dependencies = { ...setting.dependencies, store: inMemoryStore(night) };
      await runSchedule(dependencies, weekly, until, until);
    }
    expect(setting.ops.sent.map(({ urgency, text }) => [urgency, text.includes('TEST')])).toEqual([
      ['test', true],
    ]);
    expect(setting.firstSubjects()).toHaveLength(3);
  });

  it('says each time that something is wrong and nobody is notified', async () => {
    const until = at('2026-11-23T08:15:00Z');
    const dependencies = { ...aSetting().dependencies, channels: [], escalates: false };
    expect(await runSchedule(dependencies, config, until, until)).toMatchObject({
      ...{ told: 'nobody', unheard: expect.stringContaining('nobody is notified') },
    });
  });

  it('notifies once when two runs of one tick go at the same time', async () => {
    const setting = aSetting();
    const both = [setting.run('2026-11-23T08:15:00Z'), setting.run('2026-11-23T08:15:00Z')];
    await Promise.all(both);
    expect(setting.firstSubjects()).toHaveLength(1);
  });

  it('keeps what a dead channel refused until it takes it, and notifies the others only once', async () => {
    const setting = aSetting();
    const [mail, sns] = setting.channels;
    if (mail === undefined || sns === undefined) throw new Error('no channels');
    mail.dead = true;
    await expect(setting.run('2026-11-23T08:15:00Z')).rejects.toThrow(
      /mail did not take the message/,
    );
    await expect(setting.run('2026-11-23T08:30:00Z')).rejects.toThrow(/mail did not take/);
    mail.dead = false;
    await setting.run('2026-11-23T08:45:00Z');
    await setting.run('2026-11-23T09:00:00Z');
    expect(setting.subjects().map(({ length }) => length)).toEqual([1, 1]);
  });

  it('tells a channel that was dead for days what is open, in one message, and nothing that is past', async () => {
    const setting = aSetting();
    const [mail] = setting.channels;
    if (mail === undefined) throw new Error('no channels');
    mail.dead = true;
    for (const day of ['21', '22']) {
      await expect(setting.run(`2026-11-${day}T08:15:00Z`)).rejects.toThrow(/mail did not take/);
    }
    mail.dead = false;
    await setting.run('2026-11-23T08:15:00Z');
    await setting.run('2026-11-23T08:30:00Z');
    expect(mail.sent.map(({ subject }) => subject)).toEqual([
      expect.stringContaining('web MISSING (3rd day), db MISSING (2nd day)'),
    ]);
    expect(mail.sent[0]?.text).toContain('Digest #2026-327');
  });

  it('sends a digest that one channel refused later, from its report, and only to that channel', async () => {
    const setting = aSetting();
    const [mail, sns] = setting.channels;
    if (mail === undefined || sns === undefined) throw new Error('no channels');
    mail.dead = true;
    await expect(setting.run('2026-11-23T08:15:00Z')).rejects.toThrow();
    mail.dead = false;
    await setting.run('2026-11-23T09:00:00Z');
    expect([mail.sent.length, sns.sent.length]).toEqual([1, 1]);
    expect(mail.sent[0]?.text).toContain('Digest #2026-327');
    expect(mail.sent[0]?.subject).toBe(sns.sent[0]?.subject);
  });

  it('sends the reader to the page that the config names', async () => {
    const { dependencies, channels, records } = aSetting();
    const own = { ...config, runbook: 'https://wiki.example.net/backups' };
    const now = at('2026-11-23T08:15:00Z');
    await runSchedule(dependencies, own, now, now);
    const text = channels[0]?.sent[0]?.text ?? '';
    expect(text).toContain('https://wiki.example.net/backups#monitor-silent');
    expect(text).not.toContain('docs/runbook.md');
    const page = records.pages.get(STATUS_PAGE);
    expect(page).toContain('https://wiki.example.net/backups#missing');
    expect(page).not.toContain('docs/runbook.md');
  });

  it('calls nobody OK in a digest that is sent later, who is not any more', async () => {
    const mail = memoryChannel('mail');
    const objects = [
      ...keyed('web/', aFull({ begun: '2026-11-23T03:15:00Z' })),
      ...keyed('db/', aFull({ begun: '2026-11-22T03:15:00Z' })),
    ];
    const { dependencies } = aSetting();
    const run = (iso: string) =>
      runSchedule(
        { ...dependencies, channels: [mail], store: inMemoryStore(objects) },
        ...([config, at(iso), at(iso)] as const),
      );
    mail.dead = true;
    await expect(run('2026-11-23T08:15:00Z')).rejects.toThrow();
    mail.dead = false;
    // The window of db closes at ten.
    await run('2026-11-23T10:15:00Z');
    expect(mail.sent.at(-1)?.text).toMatch(/^MISSING +db/m);
    expect(mail.sent.at(-1)?.text).toMatch(/^OK +web/m);
    expect(mail.sent.at(-1)?.text).not.toMatch(/^OK +db/m);
  });

  it('tells a mailbox that was exchanged in the config what is open', async () => {
    const setting = aSetting();
    await setting.run('2026-11-23T08:15:00Z');
    const boss = memoryChannel('mail to boss@example.net');
    setting.channels.push(boss);
    await setting.run('2026-11-23T08:30:00Z');
    await setting.run('2026-11-23T08:45:00Z');
    expect(boss.sent.map(({ subject }) => subject)).toEqual([
      expect.stringContaining('2 of 2 hosts FAILED: web MISSING'),
    ]);
    expect(setting.firstSubjects()).toHaveLength(1);
  });

  it('leaves what another run is sending to that run, and takes it over after 20 minutes', async () => {
    const setting = aSetting();
    await setting.run('2026-11-23T08:15:00Z');
    const state = parseState(setting.records.text ?? '');
    if (state === undefined) throw new Error('no state');
    const sentAt = at('2026-11-23T08:20:00Z');
    const problems = state.problems.map((problem) => ({
      ...{ ...problem, notified: new Map(), claim: { by: 'a run that died', at: sentAt } },
    }));
    setting.records.text = formatState({ ...state, problems });
    const before = setting.firstSubjects().length;
    await setting.run('2026-11-23T08:30:00Z');
    expect(setting.firstSubjects()).toHaveLength(before);
    await setting.run('2026-11-23T08:45:00Z');
    await setting.run('2026-11-23T09:00:00Z');
    expect(setting.firstSubjects().slice(before)).toEqual([
      expect.stringContaining('2 of 2 hosts FAILED: web MISSING'),
    ]);
  });

  it('names the one that is late among 600 that are paused', async () => {
    const paused = { until: '2026-12-01', because: 'moved' };
    const many = Array.from({ length: 600 }, (_, n) => aHost({ name: `paused-${n}`, paused }));
    const uploading = aFull({ begun: '2026-11-23T07:40:00Z', done: '2026-11-23T08:10:00Z' });
    const volumes = uploading.filter(({ name }) => name.includes('.vol'));
    const setting = aSetting();
    const until = at('2026-11-23T08:15:00Z');
    await runSchedule(
      {
        ...setting.dependencies,
        store: inMemoryStore(
          keyed('web/', [...aFull({ begun: '2026-11-22T03:15:00Z' }), ...volumes]),
        ),
      },
      aConfig([...many, aHost()]),
      until,
      until,
    );
    expect(setting.channels[0]?.sent[0]?.subject).toContain('1 warning, 600 paused');
    expect(setting.channels[0]?.sent[0]?.text).toContain('LATE        web: still uploading');
  });

  it('says that no run came for hours, and judges what was due meanwhile', async () => {
    const setting = aSetting();
    await setting.run('2026-11-23T08:00:00Z');
    await setting.run('2026-11-23T14:00:00Z');
    expect(setting.channels[0]?.sent[0]?.text.replace(/\s+/g, ' ')).toContain(
      'WARNING: no run between Mon 23 Nov 08:00 and Mon 23 Nov 14:00 (6 h): what was due meanwhile is judged now.',
    );
  });

  it('carries over a state of version 1 with its messages on their way', async () => {
    const setting = aSetting();
    const [mail, sns] = setting.channels;
    setting.records.text = JSON.stringify({
      ...{ version: 1, judgedUntil: at('2026-11-23T10:15:00Z') },
      pending: [
        {
          ...{ id: 'run 1', left: ['mail'], since: at('2026-11-23T10:15:00Z') },
          message: {
            ...{ subject: '[backup] 1 of 2 hosts FAILED: web MISSING', urgency: 'alert' },
            text: 'Mon 23 Nov 2026 10:15 UTC - bucket backups\n\nMISSING     web: gone\n',
          },
        },
      ],
      ...{ told: [], spoken: [] },
      turns: { unread: [], judged: [['2026-11-23', ['web', 'db']]], digest: '2026-11-23' },
    });
    await setting.run('2026-11-23T10:30:00Z');
    await setting.run('2026-11-23T10:45:00Z');
    expect([mail?.sent.length, sns?.sent.length]).toEqual([1, 0]);
    expect(mail?.sent[0]).toMatchObject({
      ...{ urgency: 'alert', subject: '[backup] 1 of 2 hosts FAILED: web MISSING' },
      text: expect.stringContaining('\nMISSING     web: gone\n'),
    });
    await setting.run('2026-11-24T08:15:00Z');
    expect(sns?.sent.map(({ subject }) => subject)).toEqual([expect.stringContaining('FAILED')]);
  });

  it.each([
    ['damaged', 'not json', /the saved state was damaged and starts again/],
    ['of another version', '{"version":3}', /the saved state was damaged/],
    [
      'from the future',
      formatState({ ...EMPTY_STATE, judgedUntil: at('2099-01-01T00:00:00Z') }),
      /the saved state was ahead of the clock/,
    ],
  ])(
    'goes on with a state that is %s, reports it once, and writes it again',
    async (_, text, words) => {
      const setting = aSetting();
      setting.records.text = text;
      await setting.run('2026-11-23T08:15:00Z');
      expect(setting.channels[0]?.sent[0]?.text.replace(/\s+/g, ' ')).toMatch(words);
      await setting.run('2026-11-23T08:15:00Z');
      expect(setting.firstSubjects()).toHaveLength(1);
    },
  );

  it('goes on without a state bucket that is out of reach, and reports it each time', async () => {
    const channels = [memoryChannel('mail')];
    const records = outOfReach();
    const dependencies = { ...aSetting().dependencies, records, channels };
    const until = at('2026-11-23T08:15:00Z');
    const outcome = await runSchedule(dependencies, config, until, until);
    expect(outcome).toMatchObject({
      told: 'alert',
      noMemory: expect.stringContaining('no memory'),
    });
    expect(channels[0]?.sent[0]?.text).toContain('WARNING: no memory');
  });

  it('loses nothing and repeats no window, killed at any await and run again', async () => {
    for (let killedAt = 1; ; killedAt += 1) {
      const setting = aSetting();
      let calls = 0;
      let survived = true;
      let kill: (reason: Error) => void = () => undefined;
      const killed = new Promise<never>((_, reject) => {
        kill = reject;
      });
      // A process that is killed neither goes on nor sees an error.
      const mortal =
        <Args extends unknown[], Answer>(act: (...args: Args) => Promise<Answer>) =>
        async (...args: Args): Promise<Answer> => {
          calls += 1;
          if (calls !== killedAt) return act(...args);
          survived = false;
          kill(new Error('killed'));
          return new Promise<Answer>(() => undefined);
        };
      const dependencies: ScheduleDependencies = {
        ...setting.dependencies,
        store: { ...store, list: mortal(store.list), readPart: mortal(store.readPart) },
        records: {
          read: mortal(setting.records.read),
          write: mortal(setting.records.write),
          replace: mortal(setting.records.replace),
          list: mortal(setting.records.list),
        },
        channels: setting.channels.map(({ name, send }) => ({ name, send: mortal(send) })),
        judgeChannels: mortal(setting.dependencies.judgeChannels),
        escalates: false,
      };
      const until = at('2026-11-23T08:15:00Z');
      await Promise.race([runSchedule(dependencies, config, until, until), killed]).catch(
        () => undefined,
      );
      // Lambda's retry, and the next ticks.
      await setting.run('2026-11-23T08:15:00Z', 60_000);
      await setting.run('2026-11-23T08:30:00Z');
      // A run that is dead keeps what it was about to send for 20 minutes.
      await setting.run('2026-11-23T08:45:00Z');
      for (const sent of setting.subjects()) {
        expect(sent.length, `killed at await ${killedAt}`).toBeGreaterThanOrEqual(1);
        // Killed between a send and the note of it: a duplicate message is better than a lost one.
        expect(sent.length, `killed at await ${killedAt}`).toBeLessThanOrEqual(2);
      }
      if (survived) {
        expect(setting.subjects().map(({ length }) => length)).toEqual([1, 1]);
        expect(killedAt).toBeGreaterThan(6);
        return;
      }
    }
  });

  it('has nothing left to tell after every channel has taken it, for four days of ticks', async () => {
    const setting = aSetting();
    for (let tick = at('2026-11-23T00:00Z'); tick < at('2026-11-27T00:00Z'); tick += QUARTER) {
      await setting.run(new Date(tick).toISOString());
    }
    expect(setting.firstSubjects()).toHaveLength(8);
    const { problems = [] } = parseState(setting.records.text ?? '') ?? {};
    expect(problems.length).toBeGreaterThan(0);
    for (const { name } of setting.channels) {
      expect(problems.filter((problem) => newsOf(problem, { name }) !== undefined)).toEqual([]);
    }
  });

  it('checks its channels once an hour, and reports a dead one once, then in each digest', async () => {
    const setting = aSetting();
    const dead = fail('sms', '+31600000000 has opted out', aFix, ['+31600000000']);
    const [mail] = setting.channels;
    for (let tick = at('2026-11-23T00:00Z'); tick < at('2026-11-24T12:00Z'); tick += QUARTER) {
      if (tick >= at('2026-11-23T02:30Z')) setting.channelChecks.checks = [dead];
      if (tick >= at('2026-11-24T11:00Z')) setting.channelChecks.checks = [ok('sms', 'well')];
      await setting.run(new Date(tick).toISOString());
    }
    expect(setting.channelChecks.looks).toBe(36);
    expect(mail?.sent.map(({ subject, urgency }) => `${urgency}: ${subject}`)).toEqual([
      'digest: [backup] ALARM CHANNEL DEAD: sms',
      expect.stringContaining('2 of 2 hosts FAILED: web MISSING (3rd day), db MISSING (2nd day)'),
      expect.stringContaining('2 of 2 hosts FAILED: db MISSING (3rd day)'),
      expect.stringContaining('2 of 2 hosts FAILED: web MISSING (4th day), db MISSING (3rd day)'),
      expect.stringContaining('2 of 2 hosts FAILED: db MISSING (4th day)'),
      'digest: [backup] alarm channel works again: sms',
    ]);
    const digest = mail?.sent[1]?.text.replace(/\s+/g, ' ');
    expect(digest).toContain(
      'Would an alarm arrive? As of 08:00: DEAD sms: +31600000000 has opted out (since Mon 23 Nov 03:00) Do now: fix Runbook: docs/runbook.md#alarm-path',
    );
    expect(mail?.sent[2]?.text).not.toContain('opted out');
    expect(mail?.sent[5]?.text.replace(/\s+/g, ' ')).toContain(
      'REPAIRED sms: works again after 32 h. It was: +31600000000 has opted out',
    );
    expect(setting.ops.sent.map(({ subject }) => subject)).toEqual(
      expect.arrayContaining(['[backup] ALARM CHANNEL DEAD: sms']),
    );
  });

  it('calls no channel repaired that is no longer in the config', async () => {
    const setting = aSetting();
    const [mail] = setting.channels;
    setting.channelChecks.checks = [
      fail('sms', '+31611111111 has opted out', aFix, ['+31611111111']),
    ];
    await setting.run('2026-11-22T03:00:00Z');
    setting.channelChecks.checks = [ok('sms', 'well')];
    await setting.run('2026-11-22T05:00:00Z');
    const [end] = mail?.sent.slice(-1) ?? [];
    expect(end?.subject).toBe('[backup] alarm channel no longer in the config: sms');
    expect(end?.text.replace(/\s+/g, ' ')).toContain(
      'OVER sms: no longer in the config, after 2 h. It was: +31611111111 has opted out',
    );
  });

  it('reports a dead mailbox by SMS and by the working channels, and does not fail for it', async () => {
    const setting = aSetting();
    const boss = { ...memoryChannel('mail to boss@example.net'), address: 'boss@example.net' };
    boss.dead = true;
    setting.channels.push(boss);
    const alerts = { ...config.alerts, mail: ['ops@example.net', 'boss@example.net'] };
    setting.channelChecks.checks = [
      fail('mail', 'boss@example.net is dropped', aFix, ['boss@example.net']),
    ];
    const until = at('2026-11-23T02:00Z');
    const outcome = await runSchedule(setting.dependencies, { ...config, alerts }, until, until);
    expect(outcome.told).toBe('alert');
    expect(boss.sent).toEqual([]);
    for (const channel of [...setting.channels.slice(0, 2), setting.ops]) {
      expect(channel.sent.map(({ smsLine }) => smsLine)).toEqual([
        'BACKUP ALARM CHANNEL DEAD: mail: boss@example.net is dropped',
      ]);
    }
  });

  it('reports that a channel could not be checked, and neither that it is dead nor that it is repaired', async () => {
    const setting = aSetting();
    setting.channelChecks.checks = [fail('mail', 'paused', aFix)];
    await setting.run('2026-11-23T06:00:00Z');
    setting.channelChecks.checks = [
      { check: 'mail', status: 'unknown', says: 'denied', fix: 'allow it' },
    ];
    await setting.run('2026-11-23T07:00:00Z');
    await setting.run('2026-11-23T08:15:00Z');
    setting.channelChecks.checks = [fail('mail', 'paused', aFix)];
    await setting.run('2026-11-23T09:15:00Z');
    const [mail] = setting.channels;
    expect(mail?.sent.map(({ subject }) => subject)).toEqual([
      '[backup] ALARM CHANNEL DEAD: mail',
      expect.stringContaining('FAILED'),
    ]);
    expect(mail?.sent[1]?.text).toMatch(/DEAD {8}mail: paused \(since Mon 23 Nov 06:00\)/);
    expect(mail?.sent[1]?.text).toMatch(/UNSEEN {6}mail: denied/);
  });

  it('checks the channels only for the digest where nothing can be remembered', async () => {
    const setting = aSetting();
    setting.channelChecks.checks = [fail('sms', 'opted out', aFix)];
    const dependencies = { ...setting.dependencies, records: outOfReach() };
    for (const tick of ['08:00', '08:15', '08:30', '08:45', '09:00', '10:15']) {
      const until = at(`2026-11-23T${tick}:00Z`);
      await runSchedule(dependencies, config, until, until);
    }
    expect(setting.channelChecks.looks).toBe(1);
  });
});
