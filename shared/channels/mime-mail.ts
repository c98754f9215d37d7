// The mail of a message, for SES and for a mail server: both parts, and the headers that make one thread of a problem.
import { createHash } from 'node:crypto';
import type { SendMailOptions } from 'nodemailer';
import type { Message } from '../messages/message-tree.ts';
import { renderHtml } from '../messages/render-html.ts';
import { renderText } from '../messages/render-text.ts';

// A header of a few lines; the worst come first, so that what is left out is the least bad.
const MOST_THREADS = 20;

/**
 * A problem, its reminders and its end refer to one id that no mail has, so that programs show them as one thread.
 * Sources: RFC 5322, 3.6.4, References; RFC 3834, Auto-Submitted, which out-of-office programs do not answer.
 */
export function mailOf(from: string, to: string, message: Message): SendMailOptions {
  const domain = /@([\w.-]+)>?$/.exec(from)?.[1] ?? 'localhost';
  const threads = [...new Set(message.events.map(({ key }) => key))].slice(0, MOST_THREADS);
  const references = threads.map((key) => `<rollcall.${hash(key)}@${domain}>`);
  return {
    ...{ from, to, subject: message.subject },
    ...{ text: renderText(message), html: renderHtml(message) },
    // Else long lines of the text would be broken.
    textEncoding: 'quoted-printable',
    ...(references[0] === undefined ? {} : { references, inReplyTo: references[0] }),
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}

/** A key has names of the bucket in it. */
function hash(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 32);
}

/** The mail as SES takes it. SES makes a Message-ID of its own, and refuses none, but uses another. */
export async function composeRawMail(
  from: string,
  to: string,
  message: Message,
): Promise<Uint8Array> {
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer');
  const mail = new MailComposer({
    ...mailOf(from, to, message),
    ...{ disableFileAccess: true, disableUrlAccess: true, newline: 'windows' },
  });
  const text = (await mail.compile().build()).toString('latin1');
  return Buffer.from(text.replace(/^Message-ID: .*(?:\r\n[ \t].*)*\r\n/m, ''), 'latin1');
}
