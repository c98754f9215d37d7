import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { writePackedKeys } from '../../scripts/stack/package-stack.ts';
import { readEnv } from '../../shared/lambda/env.ts';
import { readFixture } from '../support/recorded.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-packed-'));
const CURVE = 'B9C6F93E27F2B970BB14F9D8B95D68253E90E86D';
const put = (file: string, text: string) => writeFileSync(join(folder, file), text);
const env = {
  ...{ LAMBDA_TASK_ROOT: folder, HOSTS_FILE: 'hosts.yml', LEDGER_BUCKET: 'ledger' },
  ...{ ALERTS_TOPIC_ARN: 'arn:aws:sns:a:1:a', OPS_TOPIC_ARN: 'arn:aws:sns:a:1:o' },
};
const recipients = () => readEnv(env).config.hosts.map((host) => host.recipients);

beforeEach(() => {
  put('hosts.yml', 'bucket: backups\nrecipients: [web.asc]\nhosts: { web: {} }\n');
  put('web.asc', readFixture('keys/curve.pub.asc'));
  rmSync(join(folder, 'keys.json'), { force: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the roll that a function carries', () => {
  it('has the fingerprints beside it that its key files held when it was packaged', () => {
    writePackedKeys(folder, {}, folder);
    rmSync(join(folder, 'web.asc'));
    expect(recipients()).toEqual([[CURVE]]);
  });

  it('has nothing beside it where it names no file', () => {
    put('hosts.yml', 'bucket: backups\nrecipients: [0123456789ABCDEF]\nhosts: { web: {} }\n');
    writePackedKeys(folder, {}, folder);
    expect(existsSync(join(folder, 'keys.json'))).toBe(false);
    expect(recipients()).toEqual([['0123456789ABCDEF']]);
  });

  it.each([
    ['nothing beside it', undefined, 'hosts.yml:2: recipients: web.asc cannot be read here'],
    ['other keys beside it', '{"version":1,"files":{}}', 'web.asc was not packaged with the roll'],
    ['keys beside it that are cut', '{"version":1', 'keys.json is damaged: deploy the stack again'],
  ])('is refused with %s, and nothing is checked less', (_, keys, words) => {
    if (keys !== undefined) put('keys.json', keys);
    expect(recipients).toThrow(words);
  });
});
