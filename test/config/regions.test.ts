import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serverOf } from '../../shared/aws/s3-requests.ts';
import { isAmazons, partitionOf, REGIONS } from '../../shared/config/aws-names.ts';
import { ConfigError } from '../../shared/config/config.ts';
import { parseConfig } from '../../shared/config/parse-config.ts';

const issueOf = (region: string): string => {
  try {
    parseConfig(`bucket: abc\nregion: ${region}\nhosts: { web: {} }\n`, 'hosts.yml');
    return '';
  } catch (error) {
    if (error instanceof ConfigError) return error.issues.join('\n');
    throw error;
  }
};

/** What the SDK that is installed knows; it sends no request without. */
function regionsOfTheSdk(): Record<string, string[]> {
  const core = dirname(createRequire(import.meta.url).resolve('@aws-sdk/core/package.json'));
  const file = 'dist-es/submodules/client/util-endpoints/lib/aws/partitions.js';
  const data = readFileSync(join(core, file), 'utf8').match(/\{[\s\S]*\}/)?.[0] ?? '';
  const { partitions } = JSON.parse(data) as {
    partitions: { id: string; regions: Record<string, unknown> }[];
  };
  return Object.fromEntries(
    partitions.map(({ id, regions }) => [
      id,
      Object.keys(regions).filter((name) => !name.endsWith('-global')),
    ]),
  );
}

describe('the regions', () => {
  it('are those of the SDK; when this fails after an update of it, take over what is new', () => {
    expect(REGIONS).toEqual(regionsOfTheSdk());
  });

  it.each([
    ['eu-west-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-east-1', 'aws-us-gov'],
    ['eusc-de-east-1', 'aws-eusc'],
    ['eu-west-9', undefined],
  ])('have partitions: %s is of %s', (region, partition) => {
    expect(partitionOf(region)).toBe(partition);
  });
});

describe('the region of the config', () => {
  it.each([
    [
      'eu-wset-1',
      '2: region is "eu-wset-1", but AWS had no such region in 2026-11, did you mean "eu-west-1"? If it is newer',
    ],
    [
      'xx-nowhere-1',
      '2: region is "xx-nowhere-1", but AWS had no such region in 2026-11. If it is newer, write "region: { new: xx-nowhere-1 }"',
    ],
    ['EU-WEST-1', '2: region is "EU-WEST-1", but must be an AWS region like eu-west-1'],
    ['eu-west-1a', '2: region is "eu-west-1a", but must be an AWS region like eu-west-1'],
    ['aws-global', '2: region is "aws-global", but must be an AWS region like eu-west-1'],
    [
      '{ new: somewhere }',
      '2: region.new is "somewhere", but must be an AWS region like eu-west-1',
    ],
    ['{ old: eu-west-9 }', '2: unknown key "old"'],
    ['{ }', '2: region must be a name like eu-west-1, or { new: NAME }'],
    ['[eu-west-1]', '2: region must be a single value'],
  ])('is refused as %s, with its line and the way out', (region, words) => {
    expect(issueOf(region)).toContain(`hosts.yml:${words}`);
  });

  it('is taken as it is where the config says that it is new', () => {
    expect(issueOf('{ new: eu-west-9 }')).toBe('');
  });
});

describe("Amazon's servers", () => {
  const serversOf = (text: string) => new URL(text).hostname;
  const python = readFileSync(
    new URL('../../scripts/host/lib/rollcall-backup/refusals.py', import.meta.url),
    'utf8',
  );

  it.each(Object.values(REGIONS).flat())(
    'are those of its regions, here and in the kits: %s',
    (region) => {
      const server = serversOf(serverOf({ region, endpoint: undefined }));
      expect(isAmazons(server)).toBe(true);
      const domains = /^DOMAINS = r"(.*)"$/m.exec(python)?.[1];
      expect(server).toMatch(new RegExp(`\\.(?:${domains})$`));
    },
  );

  it.each([
    ['https://s3.cn-north-1.amazonaws.com.cn', true],
    ['https://s3.eu-central-1.amazonaws.com:443', true],
    ['https://amazonaws.com.evil.example', false],
    ['https://minio.example/amazonaws.com', false],
    ['https://notamazonaws.com', false],
  ])('are known by the end of their names: %s', (endpoint, is) => {
    expect(isAmazons(serversOf(endpoint))).toBe(is);
  });
});
