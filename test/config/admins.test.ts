import { describe, expect, it } from 'vitest';
import { adminsOf, mailboxesOf } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { hooksOf, parametersOf } from '../../shared/config/recipients.ts';

const parse = (alerts: string, hosts = 'web: {}', top = '') =>
  parseConfig(
    `bucket: acme-backups\n${top}alerts: { ${alerts} }\nhosts: { ${hosts} }\n`,
    'hosts.yml',
  );
const FROM = 'from: backups@example.net, mail: [ops@example.net]';

describe('admins', () => {
  it('are those of some hosts who do not get the mail about all', () => {
    const config = parse(
      FROM,
      'web: { admins: [a@example.net, ops@example.net] }, db: { admins: [a@example.net, b@example.net] }, nas: {}',
    );
    const names = [...adminsOf(config)].map(([admin, hosts]) => [
      admin,
      hosts.map(({ name }) => name),
    ]);
    expect(names).toEqual([
      ['a@example.net', ['web', 'db']],
      ['b@example.net', ['db']],
    ]);
    expect(mailboxesOf(config)).toEqual(['ops@example.net', 'a@example.net', 'b@example.net']);
  });

  it('need a sender, and are mail addresses', () => {
    const host = 'web: { admins: [a@example.net] }';
    const text = `bucket: acme-backups\nalerts: { mail: [ops@example.net] }\nhosts: { ${host} }\n`;
    expect(() => parseConfig(text, 'hosts.yml', undefined, 'deploy')).toThrow(
      'hosts.yml:3: web: mail to its admins needs a sender; write under alerts: "from: NAME@DOMAIN"',
    );
    expect(() => parse(FROM, 'web: { admins: [nobody] }')).toThrow(
      'hosts.web.admins is "nobody", but must be an e-mail address, or a webhook: {',
    );
    expect(() => parse(FROM, 'web: { admin: [a@example.net] }')).toThrow('did you mean "admins"?');
  });
});

describe('webhooks among the admins', () => {
  const slack = 'https://hooks.slack.com/services/SECRET';
  const hook = `{ url: "${slack}", format: slack }`;

  it('are posts of their own about some hosts, once for each address', () => {
    const config = parse(
      `${FROM}, webhooks: [{ url: "https://all.example/x", format: json }]`,
      `web: { admins: [a@example.net, ${hook}, { url: "https://all.example/x", format: json }] }, db: { admins: [${hook}] }, nas: { admins: [{ url: "ssm:/dba", format: teams }] }`,
    );
    expect([...adminsOf(config).keys()]).toEqual(['a@example.net']);
    const hooks = hooksOf(config).map(({ name, format, hosts }) => [
      ...[name, format],
      ...(hosts ?? []).map((one) => one.name),
    ]);
    expect(hooks).toEqual([
      ['hook all.example', 'json'],
      ['hook hooks.slack.com', 'slack', 'web', 'db'],
      ['hook /dba', 'teams', 'nas'],
    ]);
    expect(parametersOf(config)).toEqual(['/dba']);
  });

  it('need no sender', () => {
    const text = `bucket: acme-backups\nalerts: { mail: [ops@example.net] }\nhosts: { web: { admins: [${hook}] } }\n`;
    expect(() => parseConfig(text, 'hosts.yml', undefined, 'deploy')).not.toThrow();
  });

  it.each([
    ['without a format', `{ url: "${slack}" }`, 'write "format: slack"'],
    ['as an address alone', `"${slack}"`, 'must be an e-mail address, or a webhook'],
  ])('are refused %s, and not shown', (_, admin, says) => {
    const refused = () => parse(FROM, `web: { admins: [${admin}] }`);
    expect(refused).toThrow(says);
    expect(refused).not.toThrow('SECRET');
  });
});

describe('alerts.digest', () => {
  it.each(['daily', 'weekdays', 'weekly', 'problems-only'])('takes %s', (rhythm) => {
    expect(parse(`${FROM}, digest: ${rhythm}`).alerts.digest).toBe(rhythm);
    expect(parse(FROM).alerts.digest).toBeUndefined();
  });

  it('takes no other word', () => {
    expect(() => parse(`${FROM}, digest: weeklie`)).toThrow(
      'hosts.yml:2: alerts.digest is "weeklie", but must be daily, weekdays, weekly, problems-only, did you mean "weekly"?',
    );
  });
});

describe('restoreProof', () => {
  it('is a number of days', () => {
    const days = (text: string) =>
      parse(FROM, 'web: {}', `restoreProof: ${text}\n`).restoreProofDays;
    expect([days('90d'), days('2w')]).toEqual([90, 14]);
    for (const wrong of ['90', '12h', '0d', '4000d', 'never'])
      expect(() => days(wrong), wrong).toThrow('restoreProof is');
  });
});

describe('metrics', () => {
  it('go to CloudWatch, or nowhere', () => {
    const of = (text: string) => parse(FROM, 'web: {}', text).metrics;
    expect([of(''), of('metrics: cloudwatch\n')]).toEqual([undefined, 'cloudwatch']);
    expect(() => of('metrics: prometheus\n')).toThrow(
      'metrics is "prometheus", but must be cloudwatch',
    );
  });
});

describe('runbook', () => {
  const page = (text: string) => parse(FROM, 'web: {}', `runbook: ${text}\n`).runbook;

  it('is the address of a page', () => {
    expect(page('https://wiki.example.net/backups')).toBe('https://wiki.example.net/backups');
  });

  it.each([
    ['has its section already', 'https://wiki.example.net/backups#missing'],
    ['is not encrypted', 'http://wiki.example.net'],
    ['is a path', 'docs/runbook.md'],
    ['is too long for an alarm', `https://wiki.example.net/${'b'.repeat(300)}`],
  ])('is refused where it %s', (_, text) => {
    expect(() => page(`"${text}"`)).toThrow('runbook is');
  });
});
