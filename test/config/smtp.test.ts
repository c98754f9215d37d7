import { describe, expect, it } from 'vitest';
import type { ConfigError } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';

const ALERTS = 'alerts: { from: backups@example.net, mail: [ops@example.net] }';
const parse = (smtp: string, alerts = ALERTS, use: 'read' | 'deploy' = 'read') =>
  parseConfig(
    `bucket: acme-backups\nsmtp: ${smtp}\n${alerts}\nhosts: { web: {} }\n`,
    'hosts.yml',
    undefined,
    use,
  ).smtp;
function issuesOf(...words: Parameters<typeof parse>): readonly string[] {
  try {
    parse(...words);
  } catch (error) {
    return (error as ConfigError).issues;
  }
  throw new Error('nothing is wrong with it');
}

describe('the mail server of hosts.yml', () => {
  it.each([
    ['{ host: mail.example.net }', { host: 'mail.example.net', port: 587, tls: 'starttls' }],
    ['{ host: mx, port: 465 }', { host: 'mx', port: 465, tls: 'implicit' }],
    ['{ host: mx, tls: implicit }', { host: 'mx', port: 465, tls: 'implicit' }],
    ['{ host: mx, port: 465, tls: starttls }', { host: 'mx', port: 465, tls: 'starttls' }],
    ['{ host: relay, port: 25, tls: none }', { host: 'relay', port: 25, tls: 'none' }],
    ['{ host: 127.0.0.1, tls: none, user: me }', expect.objectContaining({ user: 'me' })],
    ['{ host: "::1", tls: none, user: me }', expect.objectContaining({ host: '::1' })],
    [
      '{ host: mx, user: 0123, passwordFile: /run/secrets/mail }',
      expect.objectContaining({ user: '0123', passwordFile: '/run/secrets/mail' }),
    ],
  ])('is read from %s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  it.each([
    ['{ port: 25 }', 'smtp needs "host: NAME", the mail server'],
    ['{ host: "mx example" }', 'must be the name of a mail server'],
    ['{ host: smtp://mx }', 'must be the name of a mail server'],
    ['{ host: mx, port: 0 }', 'must be a port, like 587'],
    ['{ host: mx, port: 65536 }', 'must be a port, like 587'],
    ['{ host: mx, tls: yes }', 'must be starttls, implicit or none'],
    ['{ host: mx, passwordFile: x }', 'a passwordFile and no user; write "user: NAME"'],
    ['{ host: mx, tls: none, user: me }', 'would go over the network for all to read'],
    ['{ hots: mx }', 'unknown key "hots", did you mean "host"?'],
    ['mail.example.net', 'smtp must be a list of "key: value" lines'],
  ])('is refused where it is %s', (text, words) => {
    expect(issuesOf(text).join('\n')).toContain(words);
    expect(issuesOf(text).join('\n')).toMatch(/^hosts\.yml:2: /);
  });

  it('never takes a password, and shows none', () => {
    const issues = issuesOf('{ host: mx, user: me, password: hunter2 }').join('\n');
    expect(issues).toContain('a password does not belong into hosts.yml; write "passwordFile:');
    expect(issues).not.toContain('hunter2');
  });

  it('needs a sender for the mail addresses', () => {
    expect(issuesOf('{ host: mx }', 'alerts: { mail: [ops@example.net] }')).toEqual([
      'hosts.yml:2: mail by smtp needs a sender; write under alerts: "from: NAME@DOMAIN"',
    ]);
  });

  it('is refused for a deployment, whose mail goes by SES', () => {
    expect(issuesOf('{ host: mx }', ALERTS, 'deploy')).toEqual([
      'hosts.yml:2: smtp is for "rollcall run": the stack on Lambda sends by SES; take it out',
    ]);
  });
});
