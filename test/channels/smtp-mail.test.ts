import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  passwordOf,
  type SmtpAccess,
  smtpChannels,
  trySmtp,
} from '../../shared/channels/smtp-mail.ts';
import type { Smtp } from '../../shared/config/config.ts';
import { composeMessage } from '../../shared/messages/compose-message.ts';
import { RefusalError } from '../../shared/monitor/notify.ts';
import { freePort } from '../support/free-port.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';

const SECRET = 'correct horse battery staple';
const message = composeMessage({
  subject: '1 of 2 hosts FAILED: web MISSING',
  blocks: [
    {
      kind: 'banner',
      tone: 'bad',
      text: 'no full backup',
      below: '<b>not a tag</b> bucket backups',
    },
  ],
  ...{ urgency: 'alert', severity: 'critical' },
});
const open: SmtpAccess = { readPassword: async () => undefined };
let server: MailServer | undefined;
let silent: Server | undefined;
const folder = mkdtempSync(join(tmpdir(), 'rollcall-smtp-'));

afterEach(async () => {
  await server?.stop();
  silent?.close();
  [server, silent] = [undefined, undefined];
});

const to = (port: number, more: Partial<Smtp> = {}): Smtp => ({
  ...{ host: '127.0.0.1', port, tls: 'none' },
  ...more,
});
const send = (smtp: Smtp, access = open, addresses = ['ops@example.net']) =>
  Promise.all(
    smtpChannels(smtp, 'backups@example.net', addresses, access).map(({ send: one }) =>
      one(message).catch((error: Error) => error),
    ),
  );
/** A server that says these words to anyone who connects, one each `ms`, and reads nothing. */
async function startSilent(words: readonly string[], ms = 0): Promise<number> {
  silent = createServer((socket) => {
    socket.on('error', () => undefined);
    const left = [...words];
    const timer = setInterval(() => {
      const next = left.shift();
      if (next === undefined) clearInterval(timer);
      else socket.write(next);
    }, ms);
    socket.on('close', () => clearInterval(timer));
  });
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  return (silent.address() as AddressInfo).port;
}

describe('mail by SMTP', () => {
  it('brings each address one mail, as text and as a page, that no program answers', async () => {
    server = await startMailServer();
    const answers = await send(to(server.port), open, ['ops@example.net', 'boss@example.net']);
    expect(answers).toEqual([undefined, undefined]);
    expect(server.mails.map((mail) => [mail.from, mail.to]).sort()).toEqual([
      ['backups@example.net', 'boss@example.net'],
      ['backups@example.net', 'ops@example.net'],
    ]);
    const { source = '' } = server.mails[0] ?? {};
    expect(source).toMatch(/^Subject: \[backup\] 1 of 2 hosts FAILED: web MISSING\r$/m);
    expect(source).toMatch(/^Auto-Submitted: auto-generated\r$/m);
    expect(source).toMatch(/^Content-Type: multipart\/alternative/m);
    // Quoted-printable breaks a line anywhere.
    expect(source.replaceAll('=\r\n', '')).toContain('&lt;b&gt;');
    expect(source).toMatch(/^To: (?:ops|boss)@example.net\r$/m);
  });

  it('costs the others nothing when one address is refused', async () => {
    server = await startMailServer();
    server.refused.add('gone@example.net');
    const [gone, ops] = await send(to(server.port), open, ['gone@example.net', 'ops@example.net']);
    expect(gone).toBeInstanceOf(RefusalError);
    expect(gone?.message).toBe(
      `127.0.0.1:${server.port} does not take mail from this sender, or for this address (550)`,
    );
    expect(ops).toBeUndefined();
    expect(server.mails.map((mail) => mail.to)).toEqual(['ops@example.net']);
  });

  it('gives the user and the password, which no error repeats', async () => {
    server = await startMailServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _, done) =>
        username === 'backups' && password === SECRET
          ? done(null, { user: username })
          : done(Object.assign(new Error(`no: ${password}`), { responseCode: 535 })),
    });
    const smtp = to(server.port, { user: 'backups' });
    const right = { readPassword: passwordOf(smtp, { ROLLCALL_SMTP_PASSWORD: SECRET }) };
    expect(await send(smtp, right)).toEqual([undefined]);
    await trySmtp(smtp, right);
    expect(server.mails).toHaveLength(1);
    const wrong = { readPassword: async () => `${SECRET}!` };
    const [error] = await send(smtp, wrong);
    expect(error?.message).toBe(
      `127.0.0.1:${server.port} does not accept the user and the password (535)`,
    );
    await expect(trySmtp(smtp, wrong)).rejects.toThrow('does not accept the user');
    const [nobody] = await send(to(server.port));
    expect(nobody?.message).toContain('does not');
    expect(server.mails).toHaveLength(1);
  });

  it('sends nothing without TLS where the server offers none', async () => {
    server = await startMailServer();
    const [error] = await send(to(server.port, { tls: 'starttls' }));
    expect(error?.message).toMatch(/offers no STARTTLS; is another port the right one/);
    const [other] = await send(to(server.port, { tls: 'implicit' }));
    expect(other?.message).toMatch(/cannot agree on TLS|cannot be reached/);
    expect(server.mails).toEqual([]);
  });

  it.each(['starttls', 'implicit'] as const)(
    'sends nothing to a server with the expired certificate of its package, by %s',
    async (tls) => {
      server = await startMailServer({ disabledCommands: [], secure: tls === 'implicit' });
      const [error] = await send(to(server.port, { tls }));
      expect(error?.message).toMatch(
        /shows a certificate that has expired, or is not valid yet: renew it there/,
      );
      expect(server.mails).toEqual([]);
    },
  );

  it('says of a port with nothing behind it that it cannot be reached', async () => {
    const [error] = await send(to(await freePort()));
    expect(error).toBeInstanceOf(RefusalError);
    expect(error?.message).toMatch(/cannot be reached \(ECONNREFUSED\)/);
  });

  it.each([
    ['never speaks', []],
    ['falls silent after its greeting', ['220 here ESMTP\r\n']],
    ['ends the greeting never', ['220-here\r\n', '220-and here\r\n']],
  ])('waits for a server that %s no longer than it is told', async (_, words) => {
    const port = await startSilent(words);
    const [error] = await send(to(port), { ...open, connectMs: 150, answerMs: 150 });
    expect(error).toBeInstanceOf(RefusalError);
    expect(error?.message).toMatch(/does not answer within/);
  });

  it('waits no longer for one that keeps saying a little', async () => {
    const port = await startSilent(['220 here ESMTP\r\n', ...Array(200).fill('250-more\r\n')], 20);
    const startedAt = Date.now();
    const [error] = await send(to(port), { ...open, connectMs: 200, answerMs: 200 });
    expect(error?.message).toMatch(/does not answer within/);
    expect(Date.now() - startedAt).toBeLessThan(2_500);
  });
});

describe('the password of the mail server', () => {
  const smtp = to(587, { user: 'backups' });

  it('is the file without its last line end, else in the environment', async () => {
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, ` ${SECRET} \r\n`, { mode: 0o600 });
    expect(await passwordOf({ ...smtp, passwordFile }, {})()).toBe(` ${SECRET} `);
    expect(await passwordOf(smtp, { ROLLCALL_SMTP_PASSWORD: SECRET })()).toBe(SECRET);
    expect(await passwordOf(to(25), {})()).toBeUndefined();
    writeFileSync(passwordFile, '\n');
    await expect(passwordOf({ ...smtp, passwordFile }, {})()).rejects.toThrow(/is empty/);
    chmodSync(passwordFile, 0o600);
  });

  it('is missed in words that say where to put it', async () => {
    await expect(passwordOf(smtp, {})()).rejects.toThrow(
      'there is no password for backups: set ROLLCALL_SMTP_PASSWORD, or write "passwordFile: FILE"',
    );
    const passwordFile = join(folder, 'none');
    await expect(passwordOf({ ...smtp, passwordFile }, {})()).rejects.toThrow(
      `the password file ${passwordFile} cannot be read (ENOENT)`,
    );
    rmSync(folder, { recursive: true });
  });
});
