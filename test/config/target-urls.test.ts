// What duplicity takes for a URL and a config does not: each mistake has a line, and the line is right.
import { describe, expect, it } from 'vitest';
import type { ConfigError, Target } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';

const textOf = (target: string, more = '') =>
  `bucket: acme-backups\n${more}hosts:\n  web: { target: ${JSON.stringify(target)} }\n`;
const targetOf = (text: string): Target | undefined =>
  parseConfig(text, 'hosts.yml').hosts[0]?.target;
function issueOf(text: string): string {
  try {
    parseConfig(text, 'hosts.yml');
  } catch (error) {
    return (error as ConfigError).issues.join('\n');
  }
  return '';
}
/** The config that the mistake asks for. */
function follow(issue: string): string {
  const target = /write target: (?:"(.+?)"|(\S+))/.exec(issue)?.slice(1).find(Boolean);
  const endpoint = /endpoint: (\S+\w)$/.exec(issue)?.[1];
  return textOf(target ?? '', endpoint === undefined ? '' : `endpoint: ${endpoint}\n`);
}

const RIGHT: Target = { bucket: 'acme-backups', prefix: 'backups/web/' };

describe('a URL of duplicity that is no target', () => {
  it.each([
    's3://acme-backups//backups/web',
    's3://acme-backups/backups//web/',
    's3://acme-backups////backups///web//',
    's3:///acme-backups/backups/web',
    's3://acme-backups/back%75ps/web',
    's3://acme-backups/backups%2Fweb',
    ' s3://acme-backups/backups/web/',
    's3://acme-backups/backups/web/\n',
    'boto3+s3://acme-backups/backups/web',
    'par2+s3://acme-backups/backups/web',
    'par2+boto3+s3://acme-backups//backups/web',
    's3+http://acme-backups/backups/web',
    's3+https://acme-backups/backups/web',
    's3://s3-eu-west-1.amazonaws.com/acme-backups/backups/web',
    's3://s3.eu-west-1.amazonaws.com/acme-backups/backups/web/',
    's3://s3.amazonaws.com/acme-backups/backups/web/',
    's3://s3.amazonaws.com//acme-backups/backups/web/',
    's3://s3.dualstack.eu-west-1.amazonaws.com/acme-backups/backups/web/',
    's3://s3.cn-north-1.amazonaws.com.cn/acme-backups/backups/web/',
    's3://acme-backups.s3.amazonaws.com/backups/web',
    's3://acme-backups.s3.eu-west-1.amazonaws.com/backups/web',
    's3://acme-backups.s3-eu-west-1.amazonaws.com/backups/web',
    'https://acme-backups.s3.eu-west-1.amazonaws.com/backups/web',
    's3://AKIAEXAMPLE:secretword@s3.amazonaws.com/acme-backups/backups/web',
    's3://AKIAEXAMPLE:secretword@acme-backups/backups/web',
    's3://secretword@acme-backups/backups/web',
    's3://minio.example.net:9000/acme-backups/backups/web',
    's3://127.0.0.1:9000/acme-backups/backups/web',
    's3://localhost:9000/acme-backups/backups/web',
    's3://minio.example.net/acme-backups/backups/web',
    's3://fsn1.your-objectstorage.com/acme-backups/backups/web',
    's3://acme-backups.fsn1.your-objectstorage.com/backups/web',
    'https://minio.example.net/acme-backups/backups/web',
    'gs://acme-backups/backups/web',
    'b2://0012secretword@acme-backups/backups/web',
  ])('is a mistake with the line to write: %j', (url) => {
    const issue = issueOf(textOf(url));
    expect(issue).toMatch(/^hosts\.yml:3: hosts\.web\.target /);
    expect(issue).not.toMatch(/secretword|AKIA/);
    expect(issue).toContain('s3://acme-backups/backups/web/');
    expect(targetOf(follow(issue))).toEqual(RIGHT);
  });

  it('is written as the names in the bucket are, with its blanks', () => {
    const issue = issueOf(textOf('s3://acme-backups/my%20backups/web'));
    expect(issue).toContain('s3://acme-backups/my backups/web/');
    expect(targetOf(follow(issue))?.prefix).toBe('my backups/web/');
  });

  it.each([
    ['file:///srv/backups/web', /begins with file:\/\/: it must be s3:\/\/BUCKET\/PREFIX\//],
    ['sftp://me:secretword@example.net/backups', /begins with sftp/],
    ['s3://AKIA:secret/word@s3.amazonaws.com/acme-backups/x', /holds a password/],
    ['s3://AKIA:123/secretword@s3.amazonaws.com/acme-backups/x', /holds a password/],
    ['AKIA:secretword@acme-backups/x', /must be s3:\/\/BUCKET/],
    ['s3://s3-eu-west-1.amazonaws.com', /names the server: it must be s3:\/\/BUCKET/],
    ['s3://acme-backups/a%0Ab', /is percent-encoded: it must be/],
    ['s3://acme-backups/a%2541b', /is percent-encoded: it must be/],
    ['s3://acme-backups/a\u0007b', /has control characters in it: it must be/],
    ['s3:///web/', /has no bucket: it must be/],
  ])('is a mistake without a line where none helps: %j', (url, words) => {
    const issue = issueOf(textOf(url));
    expect(issue).toMatch(words);
    expect(issue).not.toMatch(/write |secret|AKIA/);
  });

  it.each([
    ['s3://acme-backups', ''],
    ['s3://acme-backups/backups/web//', 'backups/web/'],
    ['s3://acme-backups/my backups/100%/web@home', 'my backups/100%/web@home/'],
    ['s3://acme-backups/a:b', 'a:b/'],
  ])('is none where %j says it', (url, prefix) => {
    expect(targetOf(textOf(url))).toEqual({ bucket: 'acme-backups', prefix });
  });

  it('is none for a bucket with dots, whatever it looks like', () => {
    const text = textOf('s3://backups.example.net/web/x');
    expect(targetOf(text)).toEqual({ bucket: 'backups.example.net', prefix: 'web/x/' });
  });
});

describe('the endpoint', () => {
  const withEndpoint = (endpoint: string, region = 'fsn1') =>
    `bucket: acme-backups\nregion: ${region}\nendpoint: ${endpoint}\nhosts: { web: {} }\n`;

  it.each(['fsn1', 'auto', 'eu-west-1', 'RegionOne', 'de_1'])('goes with a region %s', (region) => {
    const config = parseConfig(
      withEndpoint('https://fsn1.example-objects.com', region),
      'hosts.yml',
    );
    expect(config).toMatchObject({ region, endpoint: 'https://fsn1.example-objects.com' });
  });

  it.each([
    ['https://fsn1.example-objects.com/', 'https://fsn1.example-objects.com'],
    ['https://fsn1.example-objects.com:8443', 'https://fsn1.example-objects.com:8443'],
    ['http://127.0.0.1:9000', 'http://127.0.0.1:9000'],
    ['"http://[::1]:9000"', 'http://[::1]:9000'],
    ['http://localhost:9000', 'http://localhost:9000'],
  ])('may be %s', (endpoint, origin) => {
    expect(parseConfig(withEndpoint(endpoint), 'hosts.yml').endpoint).toBe(origin);
  });

  it.each([
    'http://fsn1.example-objects.com',
    'fsn1.example-objects.com',
    'https://me:secretword@fsn1.example-objects.com',
    'https://fsn1.example-objects.com/acme-backups',
    'https://fsn1.example-objects.com?secretword',
    '"https://fsn1.example-objects.com#secretword"',
    'http://127.0.0.1.example.net',
    'https://',
  ])('may not be %s', (endpoint) => {
    const issue = issueOf(withEndpoint(endpoint));
    expect(issue).toContain('hosts.yml:3: endpoint must be the address of a store that speaks S3');
    expect(issue).not.toContain('secretword');
  });

  it('is refused for a deployment, which is for S3 of Amazon', () => {
    const text = `${withEndpoint('https://fsn1.example-objects.com')}alerts: none\n`;
    expect(() => parseConfig(text, 'hosts.yml', undefined, 'deploy')).toThrow(
      /^hosts\.yml:3: endpoint is https:\/\/fsn1\.example-objects\.com, but the stack on Lambda is for Amazon's S3 alone; run "rollcall run"/,
    );
  });

  it('is of a store in which the stack protects nothing, so that hosts may prune', () => {
    const text = withEndpoint('https://fsn1.example-objects.com').replace('{}', '{ prunes: true }');
    expect(parseConfig(text, 'hosts.yml').hosts[0]?.isProtected).toBeUndefined();
    expect(issueOf(text.replace(/region.*\nendpoint.*\n/, ''))).toContain('prunes');
  });

  it('is asked for where a region is none of Amazon', () => {
    expect(issueOf('bucket: acme-backups\nregion: fsn1\nhosts: { web: {} }\n')).toContain(
      'write "endpoint: https://..." too',
    );
  });
});

describe('ignore', () => {
  const withIgnore = (ignore: string, hosts = 'web: {}, root: { target: s3://acme-backups/ }') =>
    `bucket: acme-backups\nignore: ${ignore}\nhosts: { ${hosts} }\n`;

  it('is a list of beginnings, also in a bucket whose root is a target', () => {
    const config = parseConfig(withIgnore('[logs/, .rclone-test]'), 'hosts.yml');
    expect(config.ignore).toEqual(['logs/', '.rclone-test']);
    expect(config.hosts.map(({ ignored }) => ignored)).toEqual([undefined, config.ignore]);
  });

  it.each(['""', '"/"', '" "'])('may not be empty: %s', (entry) => {
    expect(issueOf(withIgnore(`[logs/, ${entry}]`))).toMatch(
      /^hosts\.yml:2: an entry of ignore is empty/,
    );
  });

  it.each(['w', 'web', 'web/', 'web/tmp/', 'duplicity-', 'duplicity-full.2026', 'd'])(
    'may not overlap a target: %s',
    (entry) => {
      expect(issueOf(withIgnore(`[${entry}]`))).toMatch(
        /^hosts\.yml:2: ignore: ".+" overlaps the target of (?:web|root), .*; take it out$/,
      );
    },
  );

  it.each(['/logs/', 's3://acme-backups/logs/'])('begins as keys do, and not as %s', (entry) => {
    expect(issueOf(withIgnore(`[${entry}]`))).toMatch(/is not how a key begins; write logs\/$/);
  });

  it('may be what another bucket has for a target', () => {
    const config = withIgnore('[web/]', 'web: { target: s3://other/web/ }, db: {}');
    expect(parseConfig(config, 'hosts.yml').ignore).toEqual(['web/']);
  });
});
