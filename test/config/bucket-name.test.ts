import { describe, expect, it } from 'vitest';
import { faultOfBucketName } from '../../shared/config/aws-names.ts';
import { ConfigError } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';

const issuesOf = (text: string): readonly string[] => {
  try {
    parseConfig(text, 'hosts.yml');
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
};

describe('faultOfBucketName', () => {
  it.each([
    'abc',
    'my-bucket',
    'my.bucket.example',
    '192.168.5.4.example',
    '1.2.3',
    'sthree',
    'my-sthree-bucket',
    'xn-bucket',
    's3alias',
    'a-.b',
    'mrap',
    `a${'b'.repeat(61)}c`,
  ])('takes %s, as S3 does', (name) => {
    expect(faultOfBucketName(name, true)).toBeUndefined();
  });

  it.each([
    ['ab', '3 to 63'],
    [`a${'b'.repeat(62)}c`, '3 to 63'],
    ['My-bucket', 'a-z, 0-9'],
    ['my_bucket', 'a-z, 0-9'],
    ['my bucket', 'a-z, 0-9'],
    ['-bucket', 'begin and end'],
    ['bucket-', 'begin and end'],
    ['.bucket', 'begin and end'],
    ['bucket.', 'begin and end'],
    ['a..b', 'two dots'],
    ['192.168.5.4', 'IP address'],
    ['xn--bucket', 'begin with "xn--"'],
    ['sthree-bucket', 'begin with "sthree-"'],
    ['amzn-s3-demo-bucket', 'begin with "amzn-s3-demo-"'],
    ['bucket-s3alias', 'end with "-s3alias"'],
    ['bucket--ol-s3', 'end with "--ol-s3"'],
    ['bucket.mrap', 'end with ".mrap"'],
    ['bucket--x-s3', 'end with "--x-s3"'],
    ['bucket--table-s3', 'end with "--table-s3"'],
  ])('refuses %s, also of a bucket that is there', (name, words) => {
    expect(faultOfBucketName(name, true)).toContain(words);
    expect(faultOfBucketName(name, false)).toContain(words);
  });

  it('takes a bucket of an account’s own namespace only where it is there already', () => {
    const name = 'backups-111122223333-eu-west-1-an';
    expect(faultOfBucketName(name, true)).toContain('end with "-an"');
    expect(faultOfBucketName(name, false)).toBeUndefined();
  });
});

describe('the name of a bucket in the config', () => {
  it('is refused with its line, of the stack and of a target', () => {
    const config = `bucket: a..b
hosts:
  web: {}
  nas: { target: s3://192.168.5.4/nas/ }
  lab: { target: s3://lab-s3alias }
`;
    expect(issuesOf(config)).toEqual([
      'hosts.yml:1: bucket is "a..b", but its name must not have two dots side by side',
      'hosts.yml:4: hosts.nas.target: the name of the bucket "192.168.5.4" must not look like an IP address',
      'hosts.yml:5: hosts.lab.target: the name of the bucket "lab-s3alias" must not end with "-s3alias", which S3 keeps',
    ]);
  });

  it('may be one of an account’s own namespace where it exists', () => {
    const config = 'bucket: backups-111122223333-eu-west-1-an\nhosts: { web: {} }\n';
    expect(issuesOf(config)).toEqual([
      'hosts.yml:1: bucket is "backups-111122223333-eu-west-1-an", but its name must not end with "-an", which S3 keeps',
    ]);
    expect(issuesOf(`existing: true\n${config}`)).toEqual([]);
  });
});
