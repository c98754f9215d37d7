// Mail by a mail server: one mail an address, by STARTTLS or TLS, with the server's certificate checked.
import { readFile } from 'node:fs/promises';
import nodemailer, { type SMTPTransportOptions } from 'nodemailer';
import { explainCertificate, isCertificateFault, nameOf } from '../aws/client.ts';
import type { Smtp } from '../config/config.ts';
import type { Message } from '../messages/message-tree.ts';
import { type Channel, RefusalError } from '../monitor/notify.ts';
import { mailOf } from './mime-mail.ts';

const CONNECT_MS = 10_000;
const ANSWER_MS = 30_000;

/** Where the password is, and how long the server is waited for. */
export type SmtpAccess = {
  /** Read anew for each mail, so that a new password holds at once. Throws `RefusalError`. */
  readonly readPassword: () => Promise<string | undefined>;
  readonly connectMs?: number;
  readonly answerMs?: number;
};

/**
 * One channel for each address: an address that the server refuses costs the others nothing. `send` throws
 * `RefusalError`, with no secret in it: what the server answered is shown by its number alone.
 * Source: https://www.rfc-editor.org/rfc/rfc5321, rfc3207 (STARTTLS), rfc4954 (AUTH).
 */
export function smtpChannels(
  smtp: Smtp,
  from: string,
  to: readonly string[],
  access: SmtpAccess,
): Channel[] {
  return to.map((address) => ({
    name: `mail to ${address}`,
    address,
    send: async (message: Message) => {
      await withTransport(smtp, access, (transport) =>
        transport.sendMail({
          ...mailOf(from, address, message),
          signal: AbortSignal.timeout(totalOf(access)),
        }),
      );
    },
  }));
}

/** Connects, and gives user and password, and sends nothing. Throws `RefusalError`. */
export async function trySmtp(smtp: Smtp, access: SmtpAccess): Promise<void> {
  await withTransport(smtp, access, (transport) => {
    const late = AbortSignal.timeout(totalOf(access));
    const isLate = new Promise<never>((_, fail) => {
      late.addEventListener('abort', () => fail(late.reason), { once: true });
    });
    return Promise.race([transport.verify(), isLate]);
  });
}

/** A server that says a little again and again is not waited for, either. */
function totalOf({ connectMs = CONNECT_MS, answerMs = ANSWER_MS }: SmtpAccess): number {
  return 2 * (connectMs + answerMs);
}

type Transport = ReturnType<typeof nodemailer.createTransport>;

async function withTransport(
  smtp: Smtp,
  access: SmtpAccess,
  use: (transport: Transport) => Promise<unknown>,
): Promise<void> {
  const { host, port, tls, user } = smtp;
  const { connectMs = CONNECT_MS, answerMs = ANSWER_MS, readPassword } = access;
  const options: SMTPTransportOptions = {
    ...{ host, port, secure: tls === 'implicit' },
    ...(tls === 'none' ? { ignoreTLS: true } : { requireTLS: tls === 'starttls' }),
    ...{ connectionTimeout: connectMs, dnsTimeout: connectMs, greetingTimeout: connectMs },
    socketTimeout: answerMs,
    tls: { minVersion: 'TLSv1.2' },
    // A text from a bucket is a text, whatever it looks like.
    ...{ disableFileAccess: true, disableUrlAccess: true },
    ...(user === undefined ? {} : { auth: { user, pass: (await readPassword()) ?? '' } }),
  };
  const transport = nodemailer.createTransport(options);
  try {
    await use(transport);
  } catch (error) {
    throw new RefusalError(`${host}:${port} ${explain(error, smtp, connectMs, answerMs)}`, {
      cause: error,
    });
  } finally {
    transport.close();
  }
}

type SmtpError = {
  readonly code?: string;
  readonly responseCode?: number;
  readonly message?: string;
  readonly cause?: unknown;
};

const WAY = 'are "host" and "port" of smtp right, and is the way there open?';

/** What went wrong, in words that go on behind the server's name. */
function explain(error: unknown, smtp: Smtp, connectMs: number, answerMs: number): string {
  const { code = '', responseCode, message = '' } = error as SmtpError;
  const number = responseCode === undefined ? '' : ` (${responseCode})`;
  const inner = nameOf((error as SmtpError).cause ?? error);
  const fault = [inner, message].find(
    (one) => isCertificateFault(one) || /certificate|altnames/i.test(one),
  );
  if (fault !== undefined) return `shows a certificate that ${explainCertificate(fault)}`;
  const { name } = error as Error;
  switch (name === 'TimeoutError' ? 'EABORT' : code) {
    case 'EAUTH':
    case 'ENOAUTH':
      return `does not accept the user and the password${number}`;
    case 'EENVELOPE':
      return `does not take mail from this sender, or for this address${number}`;
    case 'EMESSAGE':
      return `refuses the message${number}`;
    case 'EDNS':
      return 'has no address: its name cannot be found';
    case 'ETIMEDOUT':
    case 'EABORT':
      return `does not answer within ${Math.max(connectMs, answerMs) / 1000} seconds; ${WAY}`;
    case 'ETLS':
      return smtp.tls === 'starttls'
        ? 'offers no STARTTLS; is another port the right one, or "tls: implicit"?'
        : 'cannot agree on TLS; is "tls: starttls" the right one?';
    default: {
      // The system's own word for it, where there is one.
      const [why = nameOf(error)] = /\bE[A-Z]{4,}\b/.exec(message) ?? [];
      return `cannot be reached (${why})${number}; ${WAY}`;
    }
  }
}

/** The password of the config's user: from its file, else from the environment. Throws `RefusalError`. */
export function passwordOf(
  { user, passwordFile }: Smtp,
  environment: NodeJS.ProcessEnv,
): () => Promise<string | undefined> {
  return async () => {
    if (user === undefined) return undefined;
    const { ROLLCALL_SMTP_PASSWORD } = environment;
    if (passwordFile === undefined) {
      if (ROLLCALL_SMTP_PASSWORD) return ROLLCALL_SMTP_PASSWORD;
      throw new RefusalError(
        `there is no password for ${user}: set ROLLCALL_SMTP_PASSWORD, or write "passwordFile: FILE" under smtp`,
      );
    }
    try {
      const password = (await readFile(passwordFile, 'utf8')).replace(/\r?\n$/, '');
      if (password !== '') return password;
      throw new RefusalError(`the password file ${passwordFile} is empty`);
    } catch (error) {
      if (error instanceof RefusalError) throw error;
      throw new RefusalError(`the password file ${passwordFile} cannot be read (${nameOf(error)})`);
    }
  };
}
