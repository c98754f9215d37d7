import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readStackConfig } from '../../scripts/stack/package-stack.ts';
import { formatPackedConfig } from '../../shared/config/config.ts';
import { readEnv } from '../../shared/lambda/env.ts';
import { readFixture } from '../support/recorded.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-packed-'));
const CURVE = 'B9C6F93E27F2B970BB14F9D8B95D68253E90E86D';
const put = (file: string, text: string) => writeFileSync(join(folder, file), text);
const env = {
  ...{ LAMBDA_TASK_ROOT: folder, CONFIG_FILE: 'config.json', LEDGER_BUCKET: 'ledger' },
  ...{ ALERTS_TOPIC_ARN: 'arn:aws:sns:a:1:a', OPS_TOPIC_ARN: 'arn:aws:sns:a:1:o' },
};
afterAll(() => rmSync(folder, { recursive: true }));

describe('the config that a function carries', () => {
  it('has the fingerprints that its key files held when it was packaged', () => {
    put('hosts.yml', 'bucket: backups\nrecipients: [web.asc]\nhosts: { web: {} }\n');
    put('web.asc', readFixture('keys/curve.pub.asc'));
    put('config.json', formatPackedConfig(readStackConfig(folder, {})));
    rmSync(join(folder, 'web.asc'));
    expect(readEnv(env).config.hosts.map((host) => host.recipients)).toEqual([[CURVE]]);
  });

  it.each([
    ['that was cut', '{"version":1,"config":{'],
    ['of another version', '{"version":2,"config":{"bucket":"b","hosts":[]}}'],
    ['that is hosts.yml', 'bucket: backups\nhosts: { web: {} }\n'],
  ])('is refused %s, and nothing is checked less', (_, text) => {
    put('config.json', text);
    expect(() => readEnv(env)).toThrow(
      `${join(folder, 'config.json')} is damaged or of another version: deploy the stack again`,
    );
  });
});
