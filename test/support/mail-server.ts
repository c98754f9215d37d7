// A real SMTP server on the loopback that keeps the mails it was given.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export type MailServer = {
  readonly port: number;
  readonly mails: { readonly to: string; readonly from: string; readonly source: string }[];
  /** Of an address that is not taken, for as long as it is in here. */
  readonly refused: Set<string>;
  /** Mails with a subject line that has these words. */
  readonly withSubject: (words: string) => { readonly to: string; readonly source: string }[];
  readonly stop: () => Promise<void>;
};

/** Without options it takes mail from anyone, and speaks no TLS. */
export async function startMailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const mails: { to: string; from: string; source: string }[] = [];
  const refused = new Set<string>();
  const server = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['STARTTLS'], disableReverseLookup: true },
    onRcptTo: ({ address }, _, done) =>
      done(refused.has(address) ? Object.assign(new Error('no'), { responseCode: 550 }) : null),
    onData: (stream, { envelope }, done) => {
      void text(stream).then((source) => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        for (const { address } of envelope.rcptTo) mails.push({ to: address, from, source });
        done();
      }, done);
    },
    ...options,
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    ...{ mails, refused },
    withSubject: (words) =>
      mails.filter(({ source }) =>
        /^subject: (.*(?:\r?\n[ \t].*)*)/im.exec(source)?.[1]?.replace(/\s+/g, ' ').includes(words),
      ),
    stop: () => new Promise((done) => server.close(() => done())),
  };
}
