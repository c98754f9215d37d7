// What may hide a window: a host that cannot be read when it is due, another config, an outage, a clock. None is lost.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aFull, anIncremental, at } from '../support/builders.ts';
import { type Deployed, deploy, STATE_BUCKET } from '../support/deployed.ts';

const HEAD = `bucket: backups
region: eu-west-1
alerts: { from: backups@example.net, mail: [ops@example.net] }
`;
const CONFIG = `${HEAD}hosts: { web: {}, db: {} }\n`;
const MONDAY = aFull({ begun: '2026-11-23T03:15:00Z' });
const SUNDAY = aFull({ begun: '2026-11-22T03:15:00Z' });

let deployed: Deployed;
beforeEach(() => start(CONFIG));
afterEach(() => deployed.close());

async function start(configText: string): Promise<void> {
  deployed = await deploy(configText);
  deployed.put('db/', [...SUNDAY, ...MONDAY]);
  deployed.put('web/', SUNDAY);
}

/** What is mailed in these ticks of Monday, without the tests and digests of good days. */
async function mailed(...ticks: readonly string[]): Promise<string[]> {
  deployed.aws.outbox.clear();
  for (const tick of ticks) await deployed.tick(tick.length > 5 ? tick : `2026-11-23T${tick}:00Z`);
  return deployed.aws.outbox.mails.flatMap(({ subject }) =>
    /FAILED/.test(subject) ? [subject] : [],
  );
}
const one = (what: string) => `[backup] 1 of 2 hosts FAILED: ${what}`;

const DENIED = { service: 's3', prefix: 'web/', fault: { error: 'AccessDenied' } } as const;
const deny = () => deployed.aws.faults.add(DENIED);

const killed = (begun: string, done: string) =>
  aFull({ begun, done }).filter(({ name }) => !name.includes('manifest'));

/** A full of Monday of which a volume came just before the window closed. */
const slow = killed('2026-11-23T05:00:00Z', '2026-11-23T08:10:00Z');

describe('a window', () => {
  it('that closed while its host could not be read', async () => {
    const denied = deny();
    expect(await mailed('08:15', '08:30', '08:45')).toEqual([one('web UNREADABLE')]);
    denied.remove();
    expect(await mailed('09:00', '09:15', '12:15')).toEqual([one('web MISSING')]);
  });

  it('that closed while its host could not be read, and was answered', async () => {
    deployed.put('web/', MONDAY);
    const denied = deny();
    expect(await mailed('08:15', '08:30')).toEqual([one('web UNREADABLE')]);
    denied.remove();
    expect(await mailed('08:45', '09:00', '12:15')).toEqual([]);
  });

  it('of a host that was still uploading, and wrote an incremental too', async () => {
    deployed.put('web/', [
      ...slow,
      ...anIncremental('2026-11-22T03:15:00Z', '2026-11-23T04:00:00Z'),
    ]);
    expect(await mailed('08:15')).toEqual([one('web INCREMENTAL')]);
    expect(await mailed('12:00', '12:15', '12:30')).toEqual([one('web INCOMPLETE')]);
  });

  it('of a host that was still uploading, and cannot be read when its grace is over', async () => {
    deployed.put('web/', slow);
    expect(await mailed('08:15')).toEqual([]);
    const denied = deny();
    expect(await mailed('12:15', '12:30')).toEqual([one('web UNREADABLE')]);
    denied.remove();
    expect(await mailed('12:45', '13:00')).toEqual([one('web INCOMPLETE')]);
  });

  it('of a host whose upload began between the due time and the run that judged it', async () => {
    await deployed.close();
    await start(`${HEAD}hosts: { web: { window: { due: "08:05" } }, db: {} }\n`);
    deployed.put('web/', killed('2026-11-23T08:07:00Z', '2026-11-23T08:10:00Z'));
    expect(await mailed('08:00', '08:15', '08:30', '09:00')).toEqual([]);
    expect(await mailed('09:15', '09:30', '12:15', '15:00')).toEqual([one('web INCOMPLETE')]);
  });

  it('of a host whose upload began while that run was on its way', async () => {
    await mailed('08:00');
    deployed.put('web/', killed('2026-11-23T08:15:10Z', '2026-11-23T08:15:20Z'));
    await deployed.tick('2026-11-23T08:15:00Z', '2026-11-23T08:15:40Z');
    expect(await mailed('08:30', '12:15', '12:30')).toEqual([one('web INCOMPLETE')]);
  });

  it('of a host whose upload began in an outage', async () => {
    await mailed('08:00');
    deployed.put('web/', killed('2026-11-23T08:40:00Z', '2026-11-23T09:10:00Z'));
    expect(await mailed('09:30', '09:45', '10:00')).toEqual([]);
    expect(await mailed('10:15', '10:30', '12:15')).toEqual([one('web INCOMPLETE')]);
  });

  it('of a host that had stalled when it was due, and stirred once more', async () => {
    await deployed.close();
    await start(`${HEAD}hosts: { web: { window: { due: "08:05" } }, db: {} }\n`);
    const [first, ...rest] = killed('2026-11-23T02:00:00Z', '2026-11-23T06:00:00Z');
    const last = killed('2026-11-23T02:00:00Z', '2026-11-23T08:10:00Z').slice(0, 1);
    deployed.put('web/', [...rest, ...last]);
    expect(first?.name).toBe(last[0]?.name);
    expect(await mailed('08:00', '08:15', '09:30', '12:15')).toEqual([one('web INCOMPLETE')]);
  });

  it('that closed while its host could not be read, and then was late', async () => {
    const denied = deny();
    expect(await mailed('08:15', '08:30')).toEqual([one('web UNREADABLE')]);
    denied.remove();
    deployed.put('web/', killed('2026-11-23T08:40:00Z', '2026-11-23T08:50:00Z'));
    expect(await mailed('09:00', '09:15', '09:45')).toEqual([]);
    expect(await mailed('10:00', '10:15', '12:15')).toEqual([one('web INCOMPLETE')]);
  });

  it('of a late host that is done before its grace is over', async () => {
    deployed.put('web/', slow);
    expect(await mailed('08:15')).toEqual([]);
    const full = aFull({ begun: '2026-11-23T05:00:00Z', done: '2026-11-23T09:00:00Z' });
    deployed.put('web/', full.slice(slow.length));
    expect(await mailed('09:15', '12:15', '12:30', '20:00')).toEqual([]);
  });

  it('of a late host, by a state bucket that has just been lost', async () => {
    deployed.put('web/', slow);
    expect(await mailed('08:15')).toEqual([]);
    const outage = deployed.aws.faults.add({
      ...{ service: 's3', bucket: STATE_BUCKET, operation: 'GetObject' },
      fault: { error: 'AccessDenied' },
    });
    expect(await mailed('12:15')).toEqual([one('web INCOMPLETE')]);
    outage.remove();
  });

  it('after which an incremental was written', async () => {
    deployed.put('web/', MONDAY);
    expect(await mailed('08:15')).toEqual([]);
    deployed.put('web/', anIncremental('2026-11-23T03:15:00Z', '2026-11-23T14:00:00Z'));
    for (const host of ['web/', 'db/'])
      deployed.put(host, aFull({ begun: '2026-11-24T03:15:00Z' }));
    expect(await mailed('2026-11-24T08:15:00Z')).toEqual([one('web INCREMENTAL')]);
  });

  it('during an outage, after which the state bucket cannot be read at once', async () => {
    await mailed('08:00');
    const outage = deployed.aws.faults.add({
      ...{
        service: 's3',
        bucket: STATE_BUCKET,
        prefix: 'state.json',
        operation: 'GetObject',
        first: 2,
      },
      fault: { error: 'AccessDenied' },
    });
    await mailed('10:00');
    expect(outage.hits()).toBeGreaterThan(0);
    outage.remove();
    expect(await mailed('10:15', '10:30')).toEqual([one('web MISSING')]);
    // And the digest of the day, which the run in between did not send.
    expect(
      deployed.aws.outbox.mails.filter((one) => /#2026-327/.test(JSON.stringify(one))),
    ).toHaveLength(1);
  });
});

describe('another config', () => {
  it('that moves a window to a time that has passed', async () => {
    await deployed.close();
    await start(`${HEAD}hosts: { web: { window: { due: "10:00" } }, db: {} }\n`);
    expect(await mailed('08:15', '09:00')).toEqual([]);
    deployed.change(`${HEAD}hosts: { web: { window: { due: "08:30" } }, db: {} }\n`);
    expect(await mailed('09:15', '09:30', '10:00')).toEqual([one('web MISSING')]);
  });

  it('that moves a host to a zone where its window has closed', async () => {
    await deployed.close();
    await start(`${HEAD}hosts: { web: { timezone: America/New_York }, db: {} }\n`);
    deployed.put('web/', aFull({ begun: '2026-11-22T10:00:00Z' }));
    expect(await mailed('08:15', '09:00')).toEqual([]);
    deployed.change(CONFIG);
    expect(await mailed('09:15', '09:30', '13:15')).toEqual([one('web MISSING')]);
  });

  it('that ends the grace of a late host at a time that has passed', async () => {
    deployed.put('web/', slow);
    expect(await mailed('08:15', '08:45')).toEqual([]);
    deployed.change(`${HEAD}hosts: { web: { window: { hardDue: "08:30" } }, db: {} }\n`);
    expect(await mailed('09:00', '09:15', '10:30', '12:15')).toEqual([one('web INCOMPLETE')]);
  });

  it('that moves the first due time of the day: one digest, not two or none', async () => {
    const digests = async (...ticks: string[]) => {
      deployed.aws.outbox.clear();
      for (const tick of ticks) await deployed.tick(`2026-11-23T${tick}:00Z`);
      return deployed.aws.outbox.mails.filter(({ subject }) => /#2026-327/.test(subject)).length;
    };
    const configText = (hosts: string) => `${HEAD}hosts: { ${hosts} }\n`;
    for (const [before, after] of [
      [
        'db: { window: { due: "10:00" } }',
        'db: { window: { due: "10:00" } }, new: { since: 2026-11-24 }',
      ],
      [
        'db: { window: { due: "10:00" } }, new: { since: 2026-11-24 }',
        'db: { window: { due: "10:00" } }',
      ],
    ] as const) {
      await deployed.close();
      await start(configText(before));
      const early = await digests('08:00', '08:15', '09:00');
      deployed.change(configText(after));
      const late = await digests('09:15', '09:30', '10:00', '10:15', '12:15', '23:45');
      expect(early + late, after).toBe(1);
    }
  });

  it('that moves a window which was answered', async () => {
    deployed.put('web/', MONDAY);
    expect(await mailed('08:15')).toEqual([]);
    deployed.change(`${HEAD}hosts: { web: { window: { due: "07:00" } }, db: {} }\n`);
    expect(await mailed('08:30', '08:45')).toEqual([]);
  });

  it('that adds a host', async () => {
    await mailed('08:00');
    deployed.change(`${HEAD}hosts: { web: {}, db: {}, new: { since: 2026-11-24 } }\n`);
    expect(await mailed('08:15', '08:30')).toEqual(['[backup] 1 of 3 hosts FAILED: web MISSING']);
  });

  it('that removes a host', async () => {
    await mailed('08:00');
    deployed.change(`${HEAD}hosts: { web: {} }\n`);
    expect(await mailed('08:15', '08:30')).toEqual(['[backup] 1 of 1 host FAILED: web MISSING']);
  });

  it('that renames a host and keeps its target', async () => {
    await mailed('08:00');
    deployed.change(`${HEAD}hosts: { web: {}, sql: { target: s3://backups/db/ } }\n`);
    expect(await mailed('08:15', '08:30')).toEqual([one('web MISSING')]);
  });
});

describe('a clock', () => {
  it('of the function that is hours behind the schedule', async () => {
    await mailed('08:00');
    const tick = () => deployed.tick('2026-11-23T08:15:00Z', '2026-11-23T03:15:00Z');
    await expect(tick()).rejects.toThrow(
      /the schedule says 2026-11-23T08:15:00.000Z and the clock/,
    );
    expect(await mailed('08:30')).toEqual([one('web MISSING')]);
  });

  it('of the function that is hours ahead, as of a run that is late', async () => {
    await deployed.tick('2026-11-23T08:15:00Z', '2026-11-23T14:15:00Z');
    expect(deployed.aws.outbox.mails.map(({ subject }) => subject)).toEqual([one('web MISSING')]);
    expect(await mailed('08:30', '12:15')).toEqual([]);
  });

  it('of a host that is hours ahead', async () => {
    // It writes at noon of Sunday what it dates to Monday.
    deployed.put('web/', aFull({ begun: '2026-11-23T03:15:00Z', done: '2026-11-22T12:00:00Z' }));
    expect(await mailed('08:15')).toEqual([one('web DAMAGED')]);
  });

  it('of a host that is hours behind', async () => {
    // It writes on Monday what it dates to Sunday.
    deployed.put('web/', aFull({ begun: '2026-11-22T20:15:00Z', done: '2026-11-23T03:20:00Z' }));
    expect(await mailed('08:15')).toEqual([one('web MISSING')]);
  });

  it('that skips an hour, or has it twice', async () => {
    for (const [day, due] of [
      ['2027-03-28', '06:15'],
      ['2027-10-31', '07:15'],
    ] as const) {
      await deployed.close();
      deployed = await deploy(CONFIG.replace('hosts:', 'timezone: Europe/Amsterdam\nhosts:'));
      deployed.put('db/', aFull({ begun: `${day}T03:15:00Z` }));
      deployed.put(
        'web/',
        aFull({ begun: new Date(at(`${day}T03:15Z`) - 86_400_000).toISOString() }),
      );
      const quarters = Array.from({ length: 96 }, (_, quarter) =>
        new Date(at(`${day}T00:00Z`) + quarter * 900_000).toISOString(),
      );
      deployed.aws.outbox.clear();
      const subjects: string[] = [];
      for (const quarter of quarters) {
        const mails = await mailed(quarter);
        subjects.push(...mails.map((subject) => `${quarter.slice(11, 16)} ${subject}`));
      }
      expect(subjects).toEqual([`${due} ${one('web MISSING')}`]);
    }
  });

  it('on a leap day, and on the day after it', async () => {
    deployed.put('web/', aFull({ begun: '2028-02-28T03:15:00Z' }));
    for (const day of ['28', '29'])
      deployed.put('db/', aFull({ begun: `2028-02-${day}T03:15:00Z` }));
    deployed.put('db/', aFull({ begun: '2028-03-01T03:15:00Z' }));
    await deployed.tick('2028-02-28T08:15:00Z');
    expect(await mailed('2028-02-29T08:15:00Z')).toEqual([one('web MISSING')]);
    expect(await mailed('2028-03-01T08:15:00Z')).toEqual([one('web MISSING (2nd day)')]);
  });
});
