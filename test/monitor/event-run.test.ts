import { describe, expect, it } from 'vitest';
import { runEvents } from '../../shared/monitor/event-run.ts';
import type { ObjectEvent } from '../../shared/monitor/object-event.ts';
import { aConfig, aFull, aHost, at } from '../support/builders.ts';
import { inMemoryStore, keyed } from '../support/in-memory.ts';
import { memoryChannel, memoryRecords } from '../support/records-in-memory.ts';

const config = aConfig([aHost()]);
const now = at('2026-11-23T11:03:00Z');
const removal = (volume: number): ObjectEvent => ({
  what: 'removed',
  bucket: 'backups',
  key: `web/duplicity-full.20261123T031500Z.vol${volume}.difftar.gpg`,
  at: at('2026-11-23T11:02:00Z'),
  left: 'marker',
  principal: 'AWS:AIDAEXAMPLE',
  address: '203.0.113.9',
});

function someDependencies() {
  const records = memoryRecords();
  const mail = memoryChannel('mail');
  const store = inMemoryStore(keyed('web/', aFull({ begun: '2026-11-23T03:15:00Z' })));
  const run = (events: readonly ObjectEvent[]) =>
    runEvents({ store, records, channels: [mail] }, config, events, now);
  return { records, mail, run };
}

describe('runEvents', () => {
  it('notifies of an event once, however often it is sent', async () => {
    const { mail, run } = someDependencies();
    await run([removal(1)]);
    await run([removal(1)]);
    await run([removal(1), removal(2)]);
    expect(mail.sent.map(({ text }) => text.match(/vol\d/g)?.join(' '))).toEqual(['vol1', 'vol2']);
  });

  it('notifies of each of many events that come at once', async () => {
    const { mail, run } = someDependencies();
    await Promise.all([1, 2, 3, 4, 5].map((volume) => run([removal(volume)])));
    const volumes = mail.sent.map(({ text }) => text.match(/vol\d/)?.[0]).sort();
    expect(volumes).toEqual(['vol1', 'vol2', 'vol3', 'vol4', 'vol5']);
  });

  it('notifies of a doubled event once, even when both come at the same time', async () => {
    const { mail, run } = someDependencies();
    await Promise.all([run([removal(1)]), run([removal(1)])]);
    expect(mail.sent).toHaveLength(1);
  });
});
