// Posts to a real receiver on this machine; `fetch` only turns the config's https address into the receiver's.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hookChannels } from '../../shared/channels/webhook.ts';
import { composeMessage } from '../../shared/messages/compose-message.ts';
import { RefusalError, sendTo } from '../../shared/monitor/notify.ts';
import { aConfig, aHost } from '../support/builders.ts';

const SECRET = 'T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX';
const URL_OF_HOOK = `https://hooks.chat.example/services/${SECRET}`;
const { alerts } = aConfig([aHost()]);
const message = composeMessage({
  subject: 'web MISSING',
  text: 'web: no full backup\n',
  urgency: 'alert',
  severity: 'critical',
});

let server: Server;
let received: { url: string; body: string; type: string | undefined }[];
let answer: (response: ServerResponse, times: number) => void;

beforeEach(async () => {
  received = [];
  answer = (response) => response.end('ok');
  server = createServer(async (request, response) => {
    const body = (await request.toArray()).join('');
    const { url = '', headers } = request;
    received.push({ url, body, type: headers['content-type'] });
    answer(response, received.length);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const realFetch = fetch;
  vi.stubGlobal('fetch', (url: string, init: RequestInit) =>
    realFetch(url.replace('https://hooks.chat.example', `http://127.0.0.1:${port}`), init),
  );
});
afterEach(async () => {
  vi.unstubAllGlobals();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

async function send(deadlineMs?: number) {
  const patience = { pauseMs: 10, ...(deadlineMs !== undefined && { deadlineMs }) };
  const [hook] = hookChannels({ ...alerts, https: [URL_OF_HOOK] }, patience);
  if (hook === undefined) throw new Error('no channel');
  return sendTo(hook, message);
}

describe('hookChannels', () => {
  it('post the message as JSON to the address', async () => {
    expect(await send()).toBeUndefined();
    expect(received).toHaveLength(1);
    const [{ url, body, type } = { url: '', body: '{}', type: '' }] = received;
    expect([url, type]).toEqual([`/services/${SECRET}`, 'application/json']);
    expect(JSON.parse(body)).toMatchObject({
      subject: '[backup] web MISSING',
      severity: 'critical',
      text: '[backup] web MISSING\n```\nweb: no full backup\n```',
      content: '[backup] web MISSING\n```\nweb: no full backup\n```',
    });
  });

  it.each<[string, number, string, number]>([
    ['an address that is gone', 404, 'answers 404', 1],
    ['an address that forbids it', 403, 'answers 403', 1],
    ['a receiver in trouble', 503, 'answers 503', 2],
    ['a receiver that limits the rate', 429, 'answers 429', 2],
    ['a redirect', 302, 'answers 302, a redirect, which is not followed', 1],
  ])('are refused by %s', async (_, status, words, tries) => {
    answer = (response) => response.writeHead(status, { location: '/elsewhere' }).end(SECRET);
    const error = await send();
    expect(error?.channel).toBe('hook hooks.chat.example');
    expect(error?.cause).toEqual(new RefusalError(words));
    expect(received.map(({ url }) => url)).toEqual(Array(tries).fill(`/services/${SECRET}`));
  });

  it('are taken at the second try by a receiver that was in trouble', async () => {
    answer = (response, times) => response.writeHead(times === 1 ? 502 : 204).end();
    expect(await send()).toBeUndefined();
    expect(received).toHaveLength(2);
  });

  it('wait for a slow receiver no longer than the deadline, twice', async () => {
    answer = () => undefined;
    const start = performance.now();
    expect((await send(200))?.cause).toEqual(
      new RefusalError('does not answer within 0.2 seconds'),
    );
    expect(received).toHaveLength(2);
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  it('do not wait for the rest of an answer that has begun', async () => {
    answer = (response) => response.writeHead(200).write('o');
    expect(await send()).toBeUndefined();
  });

  it('report that a dead receiver cannot be reached', async () => {
    await new Promise((done) => server.close(done));
    expect((await send())?.cause).toEqual(new RefusalError('cannot be reached (ECONNREFUSED)'));
  });

  it('never let out more of the address than its host', async () => {
    for (const status of [302, 404, 500]) {
      answer = (response) => response.writeHead(status, { location: URL_OF_HOOK }).end(SECRET);
      const error = await send();
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('XXXX');
    }
    vi.stubGlobal('fetch', async () => {
      throw new TypeError(`Failed to parse URL from ${URL_OF_HOOK}`);
    });
    const error = await send();
    expect(error?.cause).toEqual(new RefusalError('cannot be reached (TypeError)'));
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('XXXX');
  });

  it('have a name each, also two of one host, and one of the same address', () => {
    const at = (path: string) => `https://hooks.chat.example/${path}`;
    const https = [at('a'), at('b'), 'https://other.example:8443/x', at('a')];
    expect(hookChannels({ ...alerts, https }).map(({ name }) => name)).toEqual([
      'hook hooks.chat.example',
      'hook hooks.chat.example #2',
      'hook other.example:8443',
    ]);
  });
});
