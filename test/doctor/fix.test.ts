import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMANDS, printed, rollcallLine } from '../../shared/doctor/fix.ts';

describe('a fix', () => {
  const tried = readFileSync(new URL('../e2e/cures.e2e.ts', import.meta.url), 'utf8');
  // These two are tried by tests of their own there.
  const alone = { deploy: 'npx serverless deploy', 'create-bucket': 's3api create-bucket' };

  it.each(COMMANDS)('is tried on a deployed stack when it is a command: %s', (name) => {
    const row = new RegExp(`^ {4}'?${name}'?: \\[`, 'm');
    expect(tried).toMatch(name in alone ? alone[name as keyof typeof alone] : row);
  });

  it('names the stack and the config again where they are not the usual ones', () => {
    expect(rollcallLine('add-host web', {})).toBe('npx rollcall add-host web');
    expect(printed('stack-resource X', { stack: 'test', hosts: 'a b.yml' })).toBe(
      `"$(npx rollcall stack-resource X --stack test --hosts 'a b.yml')"`,
    );
  });
});
