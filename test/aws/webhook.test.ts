// Posts to a real receiver on this machine; `fetch` only turns the config's https address into the receiver's.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { Ajv } from 'ajv';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hookChannels } from '../../shared/channels/webhook.ts';
import { WEBHOOK_FORMATS, type Webhook } from '../../shared/config/config.ts';
import { composeMessage } from '../../shared/messages/compose-message.ts';
import { RefusalError, sendTo } from '../../shared/monitor/notify.ts';
import { placeOf } from '../../shared/rules/fingerprints.ts';
import type { Problem } from '../../shared/rules/problem.ts';
import { aConfig, aHost } from '../support/builders.ts';
import { TAKES } from '../support/webhook-schemas.ts';

const SECRET = 'T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX';
const URL_OF_HOOK = `https://hooks.chat.example/services/${SECRET}`;
const { alerts } = aConfig([aHost()]);
const message = composeMessage({
  subject: 'web MISSING',
  blocks: [{ kind: 'note', text: 'web: no full backup' }],
  urgency: 'alert',
  severity: 'critical',
  events: (['new', 'reminder', 'over'] as const).map((news) => ({
    ...{ key: 'web missing', news, kind: 'missing', severity: 'critical' },
    ...{ who: 'web', label: news === 'over' ? 'OK AGAIN' : 'MISSING', says: 'no full backup' },
    ...{ step: "ssh web 'sudo rollcall-backup run'", runbook: 'https://wiki.example/#missing' },
  })),
});

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' };

let server: Server;
let storeUrl: string;
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
  storeUrl = `http://127.0.0.1:${port}`;
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

async function send(deadlineMs?: number, url = URL_OF_HOOK, more: Partial<Webhook> = {}) {
  const patience = { pauseMs: 10, ...(deadlineMs !== undefined && { deadlineMs }) };
  const webhooks: Webhook[] = [{ url, format: 'json', ...more }];
  const connection = { region: 'eu-west-1', endpoint: storeUrl, credentials: async () => KEYS };
  const [hook] = hookChannels(connection, { alerts: { ...alerts, webhooks }, hosts: [] }, patience);
  if (hook === undefined) throw new Error('no channel');
  return sendTo(hook, message);
}

describe('hookChannels', () => {
  it('open no incident of PagerDuty that nothing ends, for an admin of a host neither', () => {
    const hook: Webhook = { url: URL_OF_HOOK, format: 'pagerduty', key: 'R'.repeat(32) };
    const host = aHost({ adminHooks: [hook] });
    const connection = {
      ...{ region: 'eu-west-1', endpoint: storeUrl, credentials: async () => KEYS },
    };
    const channels = hookChannels(connection, {
      ...{ alerts: { ...alerts, webhooks: [{ ...hook, url: `${URL_OF_HOOK}2` }] }, hosts: [host] },
    });
    const [all, admin] = channels.map(({ isNotified }) =>
      (['missing', 'muted', 'unowned', 'no-run'] as const).filter((kind) =>
        isNotified?.({
          kind,
          place: placeOf(host),
          notified: new Map(),
        } as Partial<Problem> as Problem),
      ),
    );
    expect([all, admin]).toEqual([['missing', 'unowned'], ['missing']]);
  });

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

  describe.each(WEBHOOK_FORMATS)('of the format %s', (format) => {
    const KEY = 'KEYKEYKEY'.padEnd(32, 'K');
    const address =
      format === 'ntfy' ? `https://hooks.chat.example/a/${'TOPIC'.repeat(5)}` : URL_OF_HOOK;
    const post = (deadlineMs?: number) => send(deadlineMs, address, { format, key: KEY });
    const secrets = /XXXX|TOPICTOPIC|KEYKEY/;

    it('posts what its service takes, and ends a problem by the key that began it', async () => {
      const isTaken = new Ajv().compile(TAKES[format]);
      expect(await post()).toBeUndefined();
      const isPager = format === 'ntfy' || format === 'pagerduty';
      expect(received).toHaveLength(isPager ? message.events.length : 1);
      for (const { body, type } of received) {
        expect(isTaken(JSON.parse(body)), JSON.stringify([isTaken.errors, body])).toBe(true);
        expect(type).toBe('application/json');
      }
      const keys = received
        .map(({ body }) => JSON.parse(body))
        .map((one) => one.dedup_key ?? one.sequence_id);
      expect(new Set(keys).size).toBe(1);
    });

    it.each<[string, (response: ServerResponse) => void, string, number]>([
      ['is slow', () => undefined, 'does not answer within 0.1 seconds', 2],
      ['refuses', (one) => one.writeHead(403).end(address), 'answers 403', 1],
      ['is not there', (one) => one.destroy(), 'cannot be reached (UND_ERR_SOCKET)', 2],
      [
        'redirects',
        (one) => one.writeHead(307, { location: address }).end(),
        'answers 307, a redirect, which is not followed',
        1,
      ],
      [
        'asks to wait for longer than a run may',
        (one) => one.writeHead(429, { 'retry-after': '30' }).end(address),
        'answers 429, and asks to wait for 30 seconds',
        1,
      ],
      [
        'limits the rate',
        (one) => one.writeHead(429, { 'retry-after': '0.02' }).end(),
        'answers 429, and asks to wait for 0.02 seconds',
        2,
      ],
    ])(
      'says what a receiver does that %s, and none of its secrets',
      async (_, act, words, tries) => {
        answer = act;
        // Only who is meant to be slow may be, on a machine that has other work too.
        const error = await post(words.includes('within') ? 100 : 5_000);
        expect(error?.cause).toEqual(new RefusalError(words));
        expect(received).toHaveLength(tries);
        expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(secrets);
        expect(`${error?.channel} ${error?.message}`).not.toMatch(secrets);
      },
    );

    it('takes a web page for an answer of its service only where that sends one', async () => {
      answer = (response) =>
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<p>ok');
      const error = await post();
      expect(error?.cause).toEqual(
        format === 'ntfy' || format === 'pagerduty'
          ? new RefusalError('answers 200 with a web page, as no such service does')
          : undefined,
      );
    });
  });

  it('waits as long as a receiver asks for, and is taken then', async () => {
    let first = 0;
    answer = (response, times) => {
      if (times === 1) first = performance.now();
      response.writeHead(times === 1 ? 429 : 200, { 'retry-after': '0.3' }).end();
    };
    expect(await send()).toBeUndefined();
    expect(performance.now() - first).toBeGreaterThanOrEqual(290);
  });

  describe('whose address lies in the parameter store', () => {
    const NAME = 'ssm:/rollcall/slack';
    const answers = (status: number, body: object) => {
      answer = (response, times) => {
        if (received[times - 1]?.url !== '/') response.end('ok');
        else response.writeHead(status).end(JSON.stringify(body));
      };
    };

    it('ask for it, decrypted, and post there', async () => {
      answers(200, { Parameter: { Value: `${URL_OF_HOOK}\n` } });
      expect(await send(undefined, NAME)).toBeUndefined();
      expect(received.map(({ url }) => url)).toEqual(['/', `/services/${SECRET}`]);
      expect(JSON.parse(received[0]?.body ?? '')).toEqual({
        ...{ Name: '/rollcall/slack', WithDecryption: true },
      });
    });

    it.each([
      [
        'may not be read',
        400,
        { __type: 'AccessDeniedException' },
        /could not read the parameter \/rollcall\/slack: AccessDenied.* ssm:GetParameter/,
      ],
      [
        'is not there',
        400,
        { __type: 'ParameterNotFound' },
        /there is no parameter \/rollcall\/slack: make it/,
      ],
      ['is no address', 200, { Parameter: { Value: 'SECRET' } }, /holds no https:..? address/],
      ['is empty', 200, {}, /holds no https:..? address/],
    ])('refuse where it %s, without a word of what it holds', async (_, status, body, words) => {
      answers(status, body);
      const error = await send(undefined, NAME);
      expect(error?.channel).toBe('hook /rollcall/slack');
      expect(error?.cause).toBeInstanceOf(RefusalError);
      expect(inspect(error?.cause)).toMatch(words);
      expect(inspect(error, { depth: 9 })).not.toContain('SECRET');
    });

    it('refuse when the store is silent until the deadline', async () => {
      answer = () => undefined;
      const start = performance.now();
      expect((await send(200, NAME))?.cause).toBeInstanceOf(RefusalError);
      expect(performance.now() - start).toBeLessThan(3_000);
    });
  });
});
