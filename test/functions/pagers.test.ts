// PagerDuty and ntfy through the deployed functions: one event for each problem or shared cause, from its begin to its end.
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { aFull } from '../support/builders.ts';
import { type Deployed, deploy, s3Event } from '../support/deployed.ts';

const KEY = 'SECRET0123456789SECRET0123456789';
const PAGER = 'https://events.pagerduty.com/v2/enqueue';
const configText = (hosts: readonly string[]) => `bucket: backups
region: eu-west-1
alerts:
  ops: [admin@example.net]
  webhooks:
    - { url: "${PAGER}", format: pagerduty, key: ${KEY} }
    - { url: "https://ntfy.example/SECRET-topic", format: ntfy, key: tk_SECRETSECRET }
hosts: { ${hosts.map((name) => `${name}: {}`).join(', ')} }
`;

type Event = {
  event_action: string;
  dedup_key: string;
  payload?: { summary: string; severity: string };
};
type Note = { title: string; sequence_id?: string; priority: number };
let deployed: Deployed;
let pages: Event[];
let notes: Note[];
let status: number;
beforeEach(() => {
  [pages, notes, status] = [[], [], 202];
  vi.stubGlobal('fetch', async (url: string, { body }: { body: string }) => {
    if (url === PAGER && status < 400) pages.push(JSON.parse(body));
    if (url === 'https://ntfy.example/') notes.push(JSON.parse(body));
    return new Response('', { status: url === PAGER ? status : 200 });
  });
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await deployed.close();
});

const full = (host: string, begun: string) => deployed.put(`${host}/`, aFull({ begun }));
/** A full that comes later than its window, and S3's event of its manifest. */
const recover = async (host: string, day: string) => {
  full(host, `${day}T12:20:00Z`);
  const key = `${host}/duplicity-full.${day.replaceAll('-', '')}T122000Z.manifest.gpg`;
  await deployed.event(s3Event('ObjectCreated:Put', key, `${day}T13:10:00Z`), `${day}T13:11:00Z`);
};
const inShort = () =>
  pages
    .splice(0)
    .filter(({ dedup_key }) => dedup_key !== 'rollcall digest')
    .map(({ event_action, payload }) => [event_action, payload?.summary.split(':')[0]].join(' '));

describe('the pagers of a config', () => {
  it('get one incident for a problem, with a reminder in it, which ends when the backup is there', async () => {
    deployed = await deploy(configText(['web', 'db']));
    for (const host of ['web', 'db']) full(host, '2026-11-22T03:15:00Z');
    await deployed.tick('2026-11-22T08:15:00Z');
    full('db', '2026-11-23T03:15:00Z');
    inShort();
    await deployed.tick('2026-11-23T12:15:00Z');
    const [first] = pages;
    expect(first).toMatchObject({ payload: { severity: 'critical' } });
    expect(inShort()).toEqual(['trigger web MISSING']);
    full('db', '2026-11-24T03:15:00Z');
    await deployed.tick('2026-11-24T12:15:00Z');
    const [again] = pages;
    expect(inShort()).toEqual(['trigger web MISSING']);
    expect(again?.dedup_key).toBe(first?.dedup_key);
    await recover('web', '2026-11-24');
    const [end] = pages;
    expect([end?.event_action, end?.dedup_key]).toEqual(['resolve', first?.dedup_key]);
    const told = notes.filter(({ sequence_id }) => sequence_id === first?.dedup_key);
    expect(told.map(({ title, priority }) => [title, priority])).toEqual([
      ['web MISSING', 5],
      ['web MISSING', 5],
      ['web OK AGAIN', 3],
    ]);
    pages.splice(0);
    await deployed.tick('2026-11-24T13:15:00Z');
    expect(inShort()).toEqual([]);
    const logged = inspect(vi.mocked(console.log).mock.calls, { depth: 9 });
    const state = inspect(deployed.aws.outbox, { depth: 9, maxStringLength: null });
    expect(logged + state).not.toContain('SECRET');
  });

  it('get one incident for what befalls many at once, which ends with the last of them', async () => {
    const names = Array.from({ length: 12 }, (_, at) => `host-${at}`);
    deployed = await deploy(configText(names));
    for (const name of names) full(name, '2026-11-22T03:15:00Z');
    await deployed.tick('2026-11-22T08:15:00Z');
    inShort();
    await deployed.tick('2026-11-23T12:15:00Z');
    const [first] = pages.filter(({ event_action }) => event_action === 'trigger');
    expect(first?.payload?.summary).toMatch(/^12 hosts MISSING: host-0, host-1, /);
    expect(inShort()).toHaveLength(1);
    for (const name of names.slice(1)) await recover(name, '2026-11-23');
    expect(inShort()).toEqual([]);
    await recover('host-0', '2026-11-23');
    expect(pages.map((one) => [one.event_action, one.dedup_key])).toEqual([
      ['resolve', first?.dedup_key],
    ]);
    // They fail together once more, a day after that was over.
    pages.splice(0);
    await deployed.tick('2026-11-24T12:15:00Z');
    const [again] = pages;
    expect(inShort()).toEqual([expect.stringMatching(/^trigger 12 hosts MISSING/)]);
    expect(again?.dedup_key).not.toBe(first?.dedup_key);
  });

  it('end the incident of a warning, too, and open none of what nothing would end', async () => {
    deployed = await deploy(configText(['web']));
    for (const day of ['20', '21', '22']) full('web', `2026-11-${day}T03:15:00Z`);
    await deployed.tick('2026-11-22T08:15:00Z');
    deployed.put('web/', aFull({ begun: '2026-11-23T03:15:00Z', volumeBytes: 1_048_576 }));
    inShort();
    await deployed.tick('2026-11-23T08:15:00Z');
    const [first] = pages.filter(({ event_action }) => event_action === 'trigger');
    expect(first).toMatchObject({ payload: { severity: 'warning' } });
    pages.splice(0);
    full('web', '2026-11-24T03:15:00Z');
    await deployed.tick('2026-11-24T08:15:00Z');
    expect(pages.map((one) => [one.event_action, one.dedup_key])).toContainEqual([
      'resolve',
      first?.dedup_key,
    ]);
  });

  it('are posted to again by the next run when they refuse, and told of each other', async () => {
    deployed = await deploy(configText(['web']));
    full('web', '2026-11-22T03:15:00Z');
    await deployed.tick('2026-11-22T08:15:00Z');
    inShort();
    status = 429;
    await expect(deployed.tick('2026-11-23T12:15:00Z')).rejects.toThrow(
      'hook events.pagerduty.com did not take the message',
    );
    status = 202;
    await deployed.tick('2026-11-23T12:30:00Z');
    expect(inShort()).toEqual(['trigger web MISSING']);
    expect(notes.filter(({ title }) => title.startsWith('web MISSING'))).toHaveLength(1);
  });
});
