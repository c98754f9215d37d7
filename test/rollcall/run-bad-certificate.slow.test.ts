// `rollcall run` as a process, and a store whose certificate does not hold: said by mail, and well again by the hint.
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Authority, type Certificate, makeAuthority } from '../support/certificates.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { type OwnWorld, openOwnWorld } from './own-world.ts';

let world: OwnWorld;
let mail: MailServer;
let authority: Authority;
const opened: { close: () => unknown }[] = [];

beforeAll(async () => {
  [world, mail] = await Promise.all([openOwnWorld(), startMailServer()]);
  authority = makeAuthority();
});
beforeEach(() => {
  world.reset();
  mail.mails.length = 0;
});
afterAll(async () => {
  authority.remove();
  for (const one of opened) one.close();
  await Promise.all([world.close(), mail.stop()]);
});

/** The store behind TLS, with this certificate. */
async function openStore(certificate: Certificate): Promise<string> {
  const server = createServer(certificate, (secure) => {
    const plain = connect(Number(new URL(world.aws.endpoint).port), '127.0.0.1');
    secure.pipe(plain).pipe(secure);
    secure.on('error', () => plain.destroy());
    plain.on('error', () => secure.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push(server);
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const write = (endpoint: string) =>
  world.write(`{ host: 127.0.0.1, port: ${mail.port}, tls: none }`, { endpoint });
const text = () =>
  (mail.mails[0]?.source ?? '').replace(/=\r\n/g, '').replaceAll('=3D', '=').replace(/\s+/g, ' ');
const ALARM = '2 of 2 hosts FAILED: web MISSING, db MISSING';

describe('rollcall run with a store whose certificate', () => {
  it.each([
    [
      'is of its own making',
      () => authority.makeOwn('IP:127.0.0.1'),
      /is of an authority that this machine does not know: if it is your own, set NODE_EXTRA_CA_CERTS=FILE/,
    ],
    [
      'is for another name',
      () => authority.sign('DNS:s3.example.net'),
      /is for another name: write/,
    ],
    ['has expired', () => authority.sign('IP:127.0.0.1', -1), /has expired, .*: renew it there/],
  ])('%s: says so by mail, never MISSING, and judges when it is well', async (_, make, says) => {
    write(await openStore(make()));
    const trust = { NODE_EXTRA_CA_CERTS: authority.file };
    const { status, stderr } = await world.run('08:15', [], trust);
    expect([status, stderr]).toEqual([0, '']);
    expect(mail.withSubject('2 of 2 hosts FAILED: web UNREADABLE, db UNREADABLE')).toHaveLength(1);
    expect(text()).toMatch(says);
    mail.mails.length = 0;
    write(world.aws.endpoint);
    expect((await world.run('08:30')).status).toBe(0);
    expect(mail.withSubject(ALARM)).toHaveLength(1);
    await world.run('08:45');
    expect(mail.withSubject('MISSING')).toHaveLength(1);
  });

  it.each([
    ['of an own authority', () => ({ ...authority.sign('IP:127.0.0.1'), file: authority.file })],
    ['of its own making', () => authority.makeOwn('IP:127.0.0.1')],
  ])('is %s: the option in the hint makes it right', async (_, make) => {
    const { file, ...certificate } = make();
    write(await openStore(certificate));
    await world.run('08:15');
    const [, option = ''] = /set (\w+)=FILE/.exec(text()) ?? [];
    mail.mails.length = 0;
    expect((await world.run('08:30', [], { [option]: file })).status).toBe(0);
    expect(mail.withSubject(ALARM)).toHaveLength(1);
  });

  it('does not hold cannot be remembered in, and says which and why', async () => {
    write(await openStore(authority.sign('IP:127.0.0.1')));
    const { status, stderr } = await world.run('08:15', ['--state', 's3://memory/eu']);
    expect(stderr).toMatch(/no memory: s3:\/\/memory\/eu\/state.json could not be written/);
    expect(stderr).toMatch(
      /hint: what is wrong, and what to do: rollcall doctor --state s3:\/\/memory\/eu\/\n$/,
    );
    expect(status).toBe(1);
    expect(mail.withSubject('UNREADABLE')).toHaveLength(1);
  });
});
