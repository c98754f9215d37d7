// `smtp` of hosts.yml: the mail server of a run on a machine of one's own, and where its password is.
import type { Smtp } from './config.ts';
import {
  entriesOf,
  fieldsOf,
  matching,
  note,
  type Place,
  textOf,
  type YamlReader,
} from './yaml.ts';

const HOST = {
  rule: 'the name of a mail server, like mail.example.net',
  parse: (text: string) =>
    /^(?:[\w-]+(?:\.[\w-]+)*|\[?[0-9a-fA-F:.]+\]?)$/.test(text)
      ? text.replace(/^\[|\]$/g, '')
      : undefined,
};
const PORT = {
  rule: 'a port, like 587',
  parse: (text: string) =>
    /^[1-9]\d{0,4}$/.test(text) && Number(text) < 65_536 ? Number(text) : undefined,
};
const TLS = {
  rule: 'starttls, implicit or none',
  parse: (text: string) =>
    text === 'starttls' || text === 'implicit' || text === 'none' ? text : undefined,
};
const USER = {
  rule: 'a name in one line',
  parse: (text: string) => (/^[^\p{Cc}]+$/u.test(text) ? text : undefined),
};

const IMPLICIT_PORT = 465;
const DEFAULT_PORT = 587;

/** A password itself is never taken: hosts.yml is read by many, and lies in version control. */
export function readSmtp(
  yaml: YamlReader,
  place: Place | undefined,
  use: 'read' | 'deploy',
): Smtp | undefined {
  if (place === undefined) return undefined;
  const written = entriesOf(yaml, place).find(([name]) => name === 'password');
  if (written !== undefined) {
    return note(
      yaml,
      written[2],
      'smtp: a password does not belong into hosts.yml; write "passwordFile: FILE", or set ROLLCALL_SMTP_PASSWORD',
    );
  }
  const fields = fieldsOf(yaml, place, ['host', 'port', 'tls', 'user', 'passwordFile']);
  const { host: hostPlace } = fields;
  if (hostPlace === undefined) {
    return note(yaml, place, 'smtp needs "host: NAME", the mail server');
  }
  const host = matching(yaml, hostPlace, HOST.rule, HOST.parse);
  const port = matching(yaml, fields.port, PORT.rule, PORT.parse);
  const asked = matching(yaml, fields.tls, TLS.rule, TLS.parse);
  const user = matching(yaml, fields.user, USER.rule, USER.parse);
  const passwordFile = textOf(yaml, fields.passwordFile);
  if (passwordFile !== undefined && user === undefined) {
    note(
      yaml,
      fields.passwordFile ?? place,
      'smtp has a passwordFile and no user; write "user: NAME"',
    );
  }
  const tls = asked ?? (port === IMPLICIT_PORT ? 'implicit' : 'starttls');
  if (tls === 'none' && user !== undefined && !isHere(host ?? '')) {
    note(
      yaml,
      fields.tls ?? place,
      'smtp: tls is none, and the password would go over the network for all to read; take "tls: none" out, or "user"',
    );
  }
  if (use === 'deploy') {
    note(yaml, place, 'smtp is for "rollcall run": the stack on Lambda sends by SES; take it out');
  }
  if (host === undefined) return undefined;
  return {
    ...{ host, port: port ?? (tls === 'implicit' ? IMPLICIT_PORT : DEFAULT_PORT), tls },
    ...(user === undefined ? {} : { user }),
    ...(passwordFile === undefined ? {} : { passwordFile }),
  };
}

function isHere(host: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|::1)$/.test(host);
}
