// `rollcall run` as a process, and a mail server that does not take the mail: what is said, and that it is sent later, once.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Authority, makeAuthority } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { type OwnWorld, openOwnWorld } from './own-world.ts';
import type { Ran } from './run-rollcall.ts';

let world: OwnWorld;
let good: MailServer;
let authority: Authority;
const opened: { stop: () => unknown }[] = [];

beforeAll(async () => {
  [world, good] = await Promise.all([openOwnWorld(), startMailServer()]);
  authority = makeAuthority();
});
beforeEach(() => {
  world.reset();
  good.mails.length = 0;
});
afterAll(async () => {
  authority.remove();
  for (const { stop } of opened) await stop();
  await Promise.all([world.close(), good.stop()]);
});

const smtp = (port: number, more = 'tls: none') => `{ host: 127.0.0.1, port: ${port}, ${more} }`;
async function open(options: Parameters<typeof startMailServer>[0]): Promise<MailServer> {
  const server = await startMailServer(options);
  opened.push(server);
  return server;
}
/** It greets, and answers each of these commands so; without a greeting it never says anything. */
async function openTalking(
  greeting: string,
  answers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).write(greeting);
    socket.on('data', (data) => {
      const [word = ''] = String(data).trim().split(' ');
      if (greeting !== '') socket.write(`${answers[word.toUpperCase()] ?? '502 no'}\r\n`);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push({
    stop: () => {
      for (const one of sockets) one.destroy();
      server.close();
    },
  });
  return (server.address() as AddressInfo).port;
}

function expectRefused({ status, stderr }: Ran, says: RegExp): void {
  expect(stderr).toMatch(says);
  expect(stderr).toMatch(/^rollcall: hint: nothing is lost: the next run sends it again; .*\n$/m);
  expect(stderr.trimEnd().split('\n').at(-1)).toContain('hint: ');
  expect(status).toBe(3);
}

/** hosts.yml names a server that works: what was not sent is, and not again. */
async function expectSentOnce(env: NodeJS.ProcessEnv = {}): Promise<void> {
  const { status, stderr } = await world.run('08:45', [], env);
  expect([stderr, status]).toEqual(['', 0]);
  expect(good.withSubject('2 of 2 hosts FAILED: web MISSING, db MISSING')).toHaveLength(1);
  expect((await world.run('09:00', [], env)).status).toBe(0);
  expect(good.withSubject('MISSING')).toHaveLength(1);
}

describe('rollcall run with a mail server', () => {
  it.each<[string, () => Promise<string>, RegExp]>([
    [
      'that refuses the connection',
      async () => smtp(await freePort()),
      /cannot be reached \(ECONNREFUSED\); are "host" and "port" of smtp right/,
    ],
    [
      'that says nothing',
      async () => smtp(await openTalking('')),
      /error: mail to ops@example.net: 127.0.0.1:\d+ does not answer within 30 seconds/,
    ],
    [
      'that refuses the login',
      async () => {
        const { port } = await open({
          ...{ authOptional: false, allowInsecureAuth: true },
          onAuth: (_, __, done) => done(Object.assign(new Error('no'), { responseCode: 535 })),
        });
        return smtp(port, 'tls: none, user: backups');
      },
      /does not accept the user and the password \(535\)/,
    ],
    [
      'that offers no STARTTLS',
      async () => smtp((await open({})).port, 'tls: starttls'),
      /offers no STARTTLS; is another port the right one, or "tls: implicit"\?/,
    ],
    [
      'that refuses STARTTLS when it is asked for',
      async () =>
        smtp(
          await openTalking('220 here ESMTP\r\n', {
            EHLO: '250-here\r\n250 STARTTLS',
            STARTTLS: '454 no',
          }),
          'tls: starttls',
        ),
      /offers no STARTTLS; is another port the right one/,
    ],
    [
      'that takes the message and refuses it then',
      async () => {
        const { port } = await open({
          onData: (stream, _, done) => {
            stream
              .resume()
              .on('end', () => done(Object.assign(new Error('no'), { responseCode: 552 })));
          },
        });
        return smtp(port);
      },
      /refuses the message \(552\)/,
    ],
  ])('%s: says so, ends with 3, and the next one sends it once', async (_, make, says) => {
    world.write(await make());
    const env = { ROLLCALL_SMTP_PASSWORD: 'wrong' };
    expectRefused(await world.run('08:15', [], env), says);
    world.write(smtp(good.port));
    await expectSentOnce();
  });

  it('that takes only some recipients: these get it once, and the other one later', async () => {
    const both = { alerts: 'mail: [ops@example.net, boss@example.net]' };
    world.write(smtp(good.port), both);
    good.refused.add('boss@example.net');
    expectRefused(
      await world.run('08:15'),
      /error: mail to boss@example.net: 127.0.0.1:\d+ does not take mail from this sender, or for this address \(550\)/,
    );
    expect(good.withSubject('MISSING').map(({ to }) => to)).toEqual(['ops@example.net']);
    good.refused.clear();
    for (const time of ['08:45', '09:00']) expect((await world.run(time)).status).toBe(0);
    const told = good.withSubject('MISSING').map(({ to }) => to);
    expect(told).toEqual(['ops@example.net', 'boss@example.net']);
  });

  it.each([
    [
      'of its own making',
      () => authority.makeOwn('IP:127.0.0.1'),
      /of an authority that this machine does not know/,
    ],
    ['for another name', () => authority.sign('DNS:mail.example.net'), /is for another name/],
    ['that has expired', () => authority.sign('IP:127.0.0.1', -1), /has expired/],
  ])('with a certificate %s gets nothing, not even the password', async (_, make, says) => {
    const bad = await open({ disabledCommands: [], ...make(), authOptional: false });
    world.write(smtp(bad.port, 'tls: starttls, user: backups'));
    const env = { ROLLCALL_SMTP_PASSWORD: 'pass word', NODE_EXTRA_CA_CERTS: authority.file };
    expectRefused(await world.run('08:15', [], env), says);
    world.write(smtp(good.port));
    await expectSentOnce();
  });

  it.each(['starttls', 'implicit'])(
    'of an own authority, by %s: the option in the hint makes it right',
    async (tls) => {
      const server = await open({
        ...{ disabledCommands: [], secure: tls === 'implicit', ...authority.sign('IP:127.0.0.1') },
      });
      world.write(smtp(server.port, `tls: ${tls}`));
      const refused = await world.run('08:15');
      expectRefused(refused, /of an authority that this machine does not know/);
      const [, option = ''] = /set (\w+)=FILE/.exec(refused.stderr) ?? [];
      expect((await world.run('08:45', [], { [option]: authority.file })).status).toBe(0);
      expect(server.withSubject('web MISSING')).toHaveLength(1);
    },
  );
});
