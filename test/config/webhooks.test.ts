import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';
import { parametersOf } from '../../shared/config/recipients.ts';

const parse = (webhooks: string) =>
  parseConfig(
    `bucket: acme-backups\nalerts:\n  webhooks:\n    - ${webhooks}\nhosts: { web: {} }\n`,
    'hosts.yml',
  ).alerts;
const issuesOf = (webhooks: string): readonly string[] => {
  try {
    parse(webhooks);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
};

describe('alerts.webhooks', () => {
  it.each([
    ['https://hooks.slack.com/services/T/B/x', 'slack'],
    ['https://chat.example.net/hooks/x', 'slack'],
    ['https://discord.com/api/webhooks/1/x', 'discord'],
    ['https://prod-1.westeurope.logic.azure.com:443/workflows/x?sig=y', 'teams'],
    ['https://a.b.environment.api.powerplatform.com/x', 'teams'],
    ['https://hooks.slack.com/services/T/B/x', 'json'],
    ['ssm:/rollcall/slack', 'slack'],
    ['ssm:/slack', 'discord'],
  ])('take %s as %s', (url, format) => {
    expect(parse(`{ url: "${url}", format: ${format} }`).webhooks).toEqual([{ url, format }]);
  });

  const PAGERDUTY = 'https://events.pagerduty.com/v2/enqueue';
  const KEY = '0123456789abcdefABCDEF0123456789';

  it('take a key of PagerDuty, and a token of ntfy, or the parameters that hold them', () => {
    const keyed = [
      { url: PAGERDUTY, format: 'pagerduty', key: KEY },
      { url: PAGERDUTY, format: 'pagerduty', key: 'ssm:/rollcall/pagerduty' },
      { url: 'https://ntfy.sh/my-topic', format: 'ntfy' },
      { url: 'https://push.example/x/my-topic', format: 'ntfy', key: 'tk_AgQdq7mVBoFD37zQVN29Rh' },
      { url: 'ssm:/rollcall/topic', format: 'ntfy' },
    ];
    for (const one of keyed) expect(parse(JSON.stringify(one)).webhooks).toEqual([one]);
    const { webhooks } = parse(JSON.stringify(keyed[1]));
    expect(parametersOf({ alerts: { webhooks }, hosts: [] })).toEqual(['/rollcall/pagerduty']);
  });

  it('have the addresses of https among them, as json', () => {
    const { alerts } = parseConfig(
      'bucket: abc\nalerts: { https: ["https://a.example/x"] }\nhosts: { web: {} }\n',
      'hosts.yml',
    );
    expect(alerts).toMatchObject({
      webhooks: [{ url: 'https://a.example/x', format: 'json' }],
      hasHttps: true,
    });
    expect(parse('{ url: "ssm:/x", format: json }').hasHttps).toBeUndefined();
  });

  it('name the parameters that hold an address, each once', () => {
    const { webhooks } = parse(
      '{ url: "ssm:/b/x", format: slack }\n    - { url: "https://a.example/x", format: json }\n    - { url: "ssm:/b/x", format: json }',
    );
    expect(parametersOf({ alerts: { webhooks }, hosts: [] })).toEqual(['/b/x']);
  });

  it.each([
    [
      'https://a.example/SECRET',
      'alerts.webhooks must be a list of { url: ADDRESS, format: slack }',
    ],
    ['{ https://a.example/SECRET, format: slack }', 'alerts.webhooks must be a list of { url:'],
    ['https://a.example/SECRET: slack', 'alerts.webhooks must be a list of { url: ADDRESS'],
    ['{ url: http://a.example/SECRET, format: slack }', 'alerts.webhooks.url must be an https://'],
    ['{ url: "https://me:SECRET@a.example/", format: slack }', 'alerts.webhooks.url must be an'],
    [
      '{ url: "ssm:SECRET", format: slack }',
      'or the parameter that holds one, like ssm:/rollcall/slack',
    ],
    ['{ url: "ssm:/a b", format: slack }', 'or the parameter that holds one'],
    ['{ format: slack }', 'alerts.webhooks needs "url: ADDRESS"'],
    [
      '{ url: "https://a.example/SECRET" }',
      'needs the format of its posts: write "format: slack, or teams, or discord, or ntfy, or pagerduty, or json"',
    ],
    ['{ url: "https://discord.com/api/webhooks/1/SECRET" }', 'write "format: discord"'],
    [
      '{ url: "https://a.example/SECRET", format: slakc }',
      'alerts.webhooks.format is not known, did you mean "slack"?',
    ],
    ['{ url: "https://a.example/x", format: "https://b.example/SECRET" }', 'known here: slack, '],
    [
      '{ url: "https://hooks.slack.com/SECRET", format: discord }',
      'is discord, but the address is of slack: write "format: slack"',
    ],
    ['{ url: "ssm:/x", format: slack, kye: 3 }', 'unknown key "kye", did you mean "key"?'],
    [`{ url: ${PAGERDUTY}, format: pagerduty }`, 'pagerduty needs "key: ..." too, the integration'],
    [`{ url: ${PAGERDUTY}, format: pagerduty, key: SECRET }`, 'must be the integration key of'],
    [
      `{ url: ${PAGERDUTY}, format: slack }`,
      'the address is of pagerduty: write "format: pagerduty"',
    ],
    ['{ url: "https://a.example/x", format: slack, key: SECRET }', 'slack has no key; take it out'],
    ['{ url: "https://ntfy.sh/x", format: ntfy, key: SECRET }', 'must be an access token of ntfy'],
    ['{ url: "https://ntfy.sh/", format: ntfy }', 'must end in the topic of ntfy'],
  ])('refuse %s with its line, and show nothing of it', (webhooks, words) => {
    const issues = issuesOf(webhooks);
    expect(issues.join('\n')).toContain(words);
    expect(issues.join('\n')).toMatch(/^hosts\.yml:4: /);
    expect(issues.join('\n')).not.toContain('SECRET');
  });
});
