import { describe, expect, it } from 'vitest';
import { judgeSchedules } from '../../shared/doctor/deployment.ts';
import { read, textsOf } from './readings.ts';

describe('judgeSchedules', () => {
  const wanted = [{ id: 'CheckHostsSchedule', name: 'checks' }];
  const judged = (found: { name: string; enabled: boolean }[]) =>
    judgeSchedules(read(found), wanted, 'eu-west-1', { stack: 'other', hosts: 'my hosts.yml' });
  const input = `"$(npx rollcall stack-resource CheckHostsSchedule --stack other --hosts 'my hosts.yml')"`;
  it.each([
    ['on', [{ name: 'checks', enabled: true }], 'ok: checks is switched on', undefined],
    ['off', [{ name: 'checks', enabled: false }], 'fail: checks is switched off', 'update'],
    ['gone', [{ name: 'another', enabled: true }], 'fail: checks is gone', 'create'],
  ])('reports one that is %s, with the command for it', (_, found, words, call) => {
    const [check] = judged(found);
    expect(textsOf(check === undefined ? [] : [check])).toEqual([words]);
    expect(check !== undefined && 'fix' in check ? check.fix : undefined).toBe(
      call && `aws scheduler ${call}-schedule --region eu-west-1 --cli-input-json ${input}`,
    );
  });
  it('reports that the stack has none', () => {
    expect(textsOf(judgeSchedules(read([]), [], 'eu-west-1'))).toEqual([
      'fail: the stack has none: nothing starts the check',
    ]);
  });
});
