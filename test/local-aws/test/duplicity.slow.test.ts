// Runs real duplicity against the local AWS: a full backup, its status, a restore that must be identical.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalAws, startLocalAws } from '../local-aws.ts';

const duplicity = '/usr/bin/duplicity';
const Bucket = 'backups';

if (!existsSync(duplicity)) {
  process.stderr.write(`SKIPPED: real duplicity was NOT run, as ${duplicity} is not installed\n`);
}

describe.skipIf(!existsSync(duplicity))('real duplicity', { timeout: 120_000 }, () => {
  let aws: LocalAws;
  let folder: string;
  const eventNames: string[] = [];

  beforeAll(async () => {
    aws = await startLocalAws({
      onEvent: ({ Records }) => {
        for (const { eventName, s3 } of Records) eventNames.push(`${eventName} ${s3.object.key}`);
      },
    });
    aws.createBucket(Bucket, { versioning: true });
    folder = await mkdtemp(join(tmpdir(), 'rollcall-duplicity-'));
    await mkdir(join(folder, 'source'));
    await writeFile(join(folder, 'source', 'small.txt'), 'small');
    await writeFile(join(folder, 'source', 'random.bin'), randomBytes(32 * 1024 * 1024));
  });

  afterAll(async () => {
    await aws.close();
    await rm(folder, { recursive: true, force: true });
  });

  // Not spawnSync: the server answers in this very process.
  const run = (...words: string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const fixed = ['--no-encryption', '--archive-dir', join(folder, 'cache')];
      const store = ['--s3-endpoint-url', aws.endpoint, '--s3-region-name', aws.region];
      const child = spawn(duplicity, [...words, ...fixed, ...store], {
        env: {
          PATH: process.env.PATH,
          HOME: folder,
          LC_ALL: 'C.UTF-8',
          AWS_ACCESS_KEY_ID: 'AKIAWEB',
          AWS_SECRET_ACCESS_KEY: 'not-checked',
          AWS_EC2_METADATA_DISABLED: 'true',
        },
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      }
      child.once('error', reject);
      child.once('close', (status) => {
        if (status === 0) resolve(output);
        else reject(new Error(`duplicity ${words[0]} ended with ${status}:\n${output}`));
      });
    });
  const target = `boto3+s3://${Bucket}/web`;

  it('writes a full backup, its big volumes in parts, its manifest last', async () => {
    await run('full', '--volsize', '26', join(folder, 'source'), target);
    await aws.settled();
    const kinds = eventNames.map((line) =>
      line.replace(/^(\S+) web\/duplicity-(full|full-signatures)\.\d{8}T\d{6}Z\./, '$1 $2 '),
    );
    expect(kinds).toEqual([
      'ObjectCreated:CompleteMultipartUpload full vol1.difftar.gz',
      'ObjectCreated:Put full vol2.difftar.gz',
      'ObjectCreated:Put full-signatures sigtar.gz',
      'ObjectCreated:Put full manifest',
    ]);
    expect(aws.requests.records[0]?.operation).toBe('HeadBucket');
    expect(aws.requests.counts().errors).toBe(0);
  });

  it('finds the full chain by listing', async () => {
    const status = await run('collection-status', target);
    expect(status).toContain('Found primary backup chain with matching signature chain');
    expect(status).toMatch(/Full\s+.*\s2\n/);
  });

  it('restores what it saved, byte for byte', async () => {
    const restored = join(folder, 'restored');
    await rm(join(folder, 'cache'), { recursive: true });
    await run('restore', target, restored);
    for (const name of ['small.txt', 'random.bin']) {
      const [before, after] = await Promise.all([
        readFile(join(folder, 'source', name)),
        readFile(join(restored, name)),
      ]);
      expect(after.equals(before)).toBe(true);
    }
  });
});
