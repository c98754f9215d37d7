import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseBoard } from '../../shared/messages/board.ts';
import { parseHistory } from '../../shared/messages/history.ts';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, STATE_BUCKET, s3Event } from '../support/deployed.ts';

const CONFIG = `bucket: backups
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net], sms: ["+31600000000"], weeklyTest: false }
hosts: { web: {} }
`;
let deployed: Deployed;
beforeEach(async () => {
  deployed = await deploy(CONFIG);
  deployed.put('web/', aFull({ begun: '2026-11-21T03:15:00Z' }));
});
afterEach(() => deployed.close());
const subjects = () => deployed.aws.outbox.mails.map(({ subject }) => subject);

describe('the functions with their state bucket', () => {
  it('report a window once, though its tick came late, and came twice', async () => {
    await deployed.tick('2026-11-23T08:00:00Z');
    await deployed.tick('2026-11-23T09:30:00Z');
    await deployed.tick('2026-11-23T09:30:00Z');
    await deployed.tick('2026-11-23T08:15:00Z', '2026-11-23T09:31:00Z');
    expect(subjects()).toEqual(['[backup] 1 of 1 host FAILED: web MISSING (2nd day)']);
  });

  it('notify those who watch the monitor, but not twice those who got the mail', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(deployed.aws.outbox.topicMessages).toHaveLength(1);
    await deployed.close();
    deployed = await deploy(CONFIG.replace('sms:', 'ops: [boss@example.net], sms:'));
    deployed.put('web/', aFull({ begun: '2026-11-21T03:15:00Z' }));
    await deployed.tick('2026-11-23T08:15:00Z');
    const topics = deployed.aws.outbox.topicMessages.map(({ topicArn }) =>
      topicArn.split(':').at(-1),
    );
    expect(topics.sort()).toEqual(['alerts', 'ops']);
  });

  it('notify of an event once, though S3 sent it twice', async () => {
    const key = 'web/duplicity-full.20261121T031500Z.vol2.difftar.gpg';
    await deployed.tick('2026-11-23T08:15:00Z');
    deployed.aws.outbox.clear();
    deployed.aws.remove('backups', key, { modified: '2026-11-23T11:02:00Z' });
    const event = s3Event('ObjectRemoved:DeleteMarkerCreated', key, '2026-11-23T11:02:00Z');
    await deployed.event(event, '2026-11-23T11:02:05Z');
    await deployed.event(event, '2026-11-23T11:03:05Z');
    expect(subjects()).toEqual(['[backup] TAMPERED: web. 1 of 1 host FAILED']);
  });
});

describe('the report of a digest', () => {
  const page = 'reports/2026/11/23.json';
  const textOf = (key: string) => deployed.aws.head(STATE_BUCKET, key)?.content.head.toString();

  it('lies in the state bucket, as JSON and as a page', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(JSON.parse(textOf(page) ?? '')).toMatchObject({
      version: 1,
      summary: { hosts: 1, critical: 1 },
      hosts: [{ host: 'web', verdict: 'missing' }],
    });
    expect(textOf('status.html')).toContain('<h1>1 of 1 host FAILED<');
    expect(textOf('metrics.prom')).toContain('kind="missing",severity="critical"} 1');
    expect(textOf('metrics.prom')).toMatch(/# EOF\n$/);
  });

  it('has next to it page and metrics that are new each hour, though nothing changed', async () => {
    const checkedAt = () =>
      /rollcall_check_timestamp_seconds\{[^}]*\} (\d+)/.exec(textOf('metrics.prom') ?? '')?.[1];
    const seconds = (iso: string) => String(Date.parse(iso) / 1000);
    await deployed.tick('2026-11-23T08:15:00Z');
    await deployed.tick('2026-11-23T09:00:00Z');
    expect(checkedAt()).toBe(seconds('2026-11-23T08:15:00Z'));
    await deployed.tick('2026-11-23T09:15:00Z');
    expect(checkedAt()).toBe(seconds('2026-11-23T09:15:00Z'));
    expect(textOf('status.html')).toContain('Mon 23 Nov 2026 09:15');
  });

  it('is not written by the ticks between two digests', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    const before = textOf(page);
    await deployed.tick('2026-11-23T08:30:00Z');
    expect(textOf(page)).toBe(before);
  });

  it('does not stop the message when it cannot be written: the message reports that', async () => {
    deployed.aws.faults.add({
      ...{ service: 's3', bucket: STATE_BUCKET, prefix: 'reports/', operation: 'PutObject' },
      fault: { error: 'AccessDenied', status: 403 },
    });
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(subjects()).toEqual(['[backup] 1 of 1 host FAILED: web MISSING (2nd day)']);
    expect(deployed.aws.outbox.mails[0]?.text.replace(/\s+/g, ' ')).toContain(
      'WARNING: this report is not kept: s3://backups-ledger/reports/2026/11/23.json could not be written',
    );
  });
});

describe('a state', () => {
  const noon = '2026-11-23T12:00:00Z';
  const text = () => (deployed.aws.outbox.mails[0]?.text ?? '').replace(/\s+/g, ' ');
  const lose = () => {
    for (const { versionId } of deployed.aws.versions(STATE_BUCKET, 'state.json')) {
      deployed.aws.remove(STATE_BUCKET, 'state.json', { versionId });
    }
  };

  it('that was never written means a first run, which judges no more than its own quarter of an hour', async () => {
    await deployed.tick(noon);
    expect(subjects()).toEqual([]);
  });

  it.each([
    ['lost', lose],
    ['corrupt', () => deployed.aws.put(STATE_BUCKET, 'state.json', '<html>')],
    [
      'far too big',
      () =>
        deployed.aws.put(STATE_BUCKET, 'state.json', { bytes: 2 ** 32, head: Buffer.from('{') }),
    ],
    [
      'from the next year',
      () =>
        deployed.aws.put(
          STATE_BUCKET,
          'state.json',
          `{"version":1,"judgedUntil":${Date.parse('2027-11-23')},"pending":[],"told":[]}`,
        ),
    ],
  ])('that is %s starts again, and the last day is judged, once', async (_, spoil) => {
    // The last good run was before the window closed; nobody has told of it.
    await deployed.tick('2026-11-22T08:15:00Z');
    deployed.aws.outbox.clear();
    spoil();
    await deployed.tick(noon);
    expect(subjects()).toEqual(['[backup] 1 of 1 host FAILED: web MISSING (2nd day)']);
    expect(text()).toMatch(
      /WARNING: the saved state was (lost|damaged|ahead of the clock) and starts again: the last day/,
    );
    await deployed.tick('2026-11-23T12:15:00Z');
    await deployed.tick('2026-11-23T12:30:00Z');
    expect(subjects()).toHaveLength(1);
  });

  it('that is corrupt when an event comes first is reported all the same, once', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    deployed.aws.outbox.clear();
    deployed.aws.put(STATE_BUCKET, 'state.json', '<html>');
    const full = aFull({ begun: '2026-11-23T10:15:00Z', done: '2026-11-23T11:30:00Z' });
    deployed.put('web/', full);
    const key = 'web/duplicity-full.20261123T101500Z.manifest.gpg';
    await deployed.event(s3Event('ObjectCreated:Put', key, noon), noon);
    await deployed.tick('2026-11-23T12:15:00Z');
    await deployed.tick('2026-11-23T12:30:00Z');
    const texts = deployed.aws.outbox.mails.map((mail) => mail.text.replace(/\s+/g, ' '));
    expect(texts.filter((one) => one.includes('the saved state was damaged'))).toHaveLength(1);
  });

  it('that is out of reach is reported by the messages that there are, and causes none', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    deployed.aws.outbox.clear();
    deployed.aws.faults.add({
      ...{ service: 's3', bucket: STATE_BUCKET, prefix: 'state.json' },
      fault: { error: 'AccessDenied', status: 403 },
    });
    for (const time of ['08:30', '08:45', '12:15']) await deployed.tick(`2026-11-23T${time}:00Z`);
    expect(subjects()).toEqual([]);
    await deployed.tick('2026-11-24T08:15:00Z');
    expect(subjects()).toEqual([expect.stringContaining('web MISSING')]);
    expect(text()).toContain('WARNING: no memory: ');
  });

  it('that is corrupt and cannot be written does not judge the last day at every tick', async () => {
    await deployed.tick('2026-11-22T08:15:00Z');
    deployed.aws.outbox.clear();
    deployed.aws.put(STATE_BUCKET, 'state.json', '<html>');
    deployed.aws.faults.add({
      ...{ service: 's3', bucket: STATE_BUCKET, operation: 'PutObject' },
      fault: { error: 'AccessDenied', status: 403 },
    });
    for (const time of ['12:00', '12:15', '12:30']) await deployed.tick(`2026-11-23T${time}:00Z`);
    expect(subjects()).toEqual([]);
    await deployed.tick('2026-11-24T08:15:00Z');
    expect(subjects()).toHaveLength(1);
    expect(text()).toContain('WARNING: no memory: ');
  });

  it('is not written by the upload of a good backup, of which only the record is', async () => {
    const full = aFull({ begun: '2026-11-23T03:15:00Z', done: '2026-11-23T03:30:00Z' });
    deployed.put('web/', aFull({ begun: '2026-11-22T03:15:00Z' }));
    await deployed.tick('2026-11-22T08:15:00Z');
    deployed.put('web/', full);
    deployed.aws.requests.clear();
    const key = 'web/duplicity-full.20261123T031500Z.manifest.gpg';
    await deployed.event(s3Event('ObjectCreated:Put', key, noon), '2026-11-23T03:30:05Z');
    const written = deployed.aws.requests.records.filter(
      ({ operation }) => operation === 'PutObject',
    );
    expect(written.map(({ key }) => key)).toEqual(['hosts/0of1.json']);
  });
});

describe('the page', () => {
  const noon = '2026-11-23T12:00:00Z';
  const textOf = (key: string) => deployed.aws.head(STATE_BUCKET, key)?.content.head.toString();
  const late = aFull({ begun: '2026-11-23T10:40:00Z', done: '2026-11-23T11:02:00Z' });
  const manifest = 'web/duplicity-full.20261123T104000Z.manifest.gpg';
  const board = () => parseBoard(textOf('board.json') ?? '');

  it('shows a recovery a minute after it came', async () => {
    deployed.put('web/', aFull({ begun: '2026-11-21T03:15:00Z' }));
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(textOf('status.html')).toContain('MISSING, 2 days');
    deployed.put('web/', late);
    await deployed.event(s3Event('ObjectCreated:Put', manifest, noon), '2026-11-23T11:02:05Z');
    expect(textOf('status.html')).toContain('<h1>1 of 1 host OK<');
    expect(board()?.rows[0]?.nights.map(([date, sign]) => `${date.slice(8)} ${sign}`)).toEqual([
      ...['21 ok', '22 bad', '23 odd'],
    ]);
  });

  it('and the board are made anew where they were lost or damaged, and left alone while nothing changes', async () => {
    await deployed.tick('2026-11-23T08:15:00Z');
    deployed.aws.put(STATE_BUCKET, 'board.json', '<html>');
    await deployed.tick('2026-11-24T08:15:00Z');
    expect(board()?.rows.map(({ host }) => host)).toEqual(['web']);
    deployed.aws.requests.clear();
    await deployed.tick('2026-11-24T08:30:00Z');
    expect(deployed.aws.requests.records.filter(({ key }) => key === 'board.json')).toEqual([]);
  });

  it('that cannot be written stops no message', async () => {
    for (const prefix of ['board.json', 'status.html', 'metrics.prom', 'history/']) {
      deployed.aws.faults.add({
        ...{ service: 's3', bucket: STATE_BUCKET, prefix },
        fault: { error: 'AccessDenied', status: 403 },
      });
    }
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(subjects()).toEqual([expect.stringContaining('web MISSING')]);
  });

  it('and the digest have thirty days, the history more, once a day', async () => {
    for (let day = 22; day <= 30; day += 1) {
      deployed.put(
        'web/',
        aFull({ begun: `2026-11-${day}T03:15:00Z`, done: `2026-11-${day}T03:30:00Z` }),
      );
      await deployed.tick(`2026-11-${day}T08:15:00Z`);
    }
    const [history] = parseHistory(textOf('history/0of1.json') ?? '') ?? [];
    expect(history?.nights.map(([, sign]) => sign)).toEqual(Array(10).fill('ok'));
    expect(deployed.aws.outbox.mails.at(-1)?.text).toContain(`${'.'.repeat(20)}${'+'.repeat(10)}`);
    deployed.aws.requests.clear();
    await deployed.tick('2026-11-30T12:15:00Z');
    expect(deployed.aws.requests.records.filter(({ key }) => key?.startsWith('history/'))).toEqual(
      [],
    );
  });
});

describe('the receipts of drills', () => {
  const text = () => (deployed.aws.outbox.mails.at(-1)?.text ?? '').replace(/\s+/g, ' ');

  it('are shown in the digest, from one listing and no read', async () => {
    deployed.aws.put(STATE_BUCKET, 'drills/web/20261121T100000Z.json', '{}');
    deployed.aws.put(STATE_BUCKET, 'drills/evil\n<b>/20261121T100000Z.json', '{}');
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(text()).toContain('RESTORES last proven: web 1 day ago (Sat 21 Nov).');
    const asked = deployed.aws.requests.records.filter(
      ({ prefix, key }) => prefix === 'drills/' || key?.startsWith('drills/'),
    );
    expect(asked.map(({ operation }) => operation)).toEqual(['ListObjectsV2']);
    expect(text()).not.toContain('evil');
  });

  it('do not stop the digest when they cannot be listed', async () => {
    deployed.aws.faults.add({
      ...{ service: 's3', bucket: STATE_BUCKET, prefix: 'drills/' },
      fault: { error: 'AccessDenied', status: 403 },
    });
    await deployed.tick('2026-11-23T08:15:00Z');
    expect(subjects()).toHaveLength(1);
    expect(text()).not.toContain('RESTORES');
  });
});

describe('a run of the schedule', () => {
  /** Forty hosts, each due a quarter of an hour after the one before; what one run asks of the state bucket. */
  const due = (nth: number) =>
    `${String(1 + Math.floor(nth / 4)).padStart(2, '0')}:${String((nth % 4) * 15).padStart(2, '0')}`;
  const hosts = Array.from(
    { length: 40 },
    (_, nth) => `h${nth}: { window: { due: "${due(nth)}" } }`,
  );
  const asked = async (iso: string) => {
    deployed.aws.requests.clear();
    await deployed.tick(iso);
    // Board and page are written when a row of them changed, and are not counted.
    const own = deployed.aws.requests.records.filter(
      ({ bucket, key }) =>
        bucket === STATE_BUCKET &&
        !['board.json', 'status.html', 'metrics.prom'].includes(key ?? ''),
    );
    return own.map(({ operation }) => operation);
  };
  it('asks the state bucket at most six times for one host of forty due times, and twice for none', async () => {
    await deployed.close();
    deployed = await deploy(CONFIG.replace('{ web: {} }', `{ ${hosts.join(', ')} }`));
    for (let nth = 0; nth < 40; nth += 1) {
      deployed.put(`h${nth}/`, aFull({ begun: '2026-11-23T00:10:00Z' }));
    }
    for (let hour = 1; hour <= 2; hour += 1) {
      for (const minute of ['00', '15', '30', '45']) {
        await deployed.tick(`2026-11-23T0${hour}:${minute}:00Z`);
      }
    }
    const operations = await asked('2026-11-23T03:00:00Z');
    expect(operations.length).toBeLessThanOrEqual(6);
    expect(operations).not.toContain('ListObjectsV2');
    expect(await asked('2026-11-23T03:05:00Z')).toEqual(['GetObject', 'PutObject']);
  });
});
