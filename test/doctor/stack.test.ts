import { describe, expect, it } from 'vitest';
import { type DeployedStack, judgeStack } from '../../shared/doctor/deployment.ts';
import { read, textsOf } from './readings.ts';

describe('judgeStack', () => {
  const stack = (status: string): DeployedStack => ({
    name: 's',
    status,
    outputs: {},
    resources: [],
  });
  it.each([
    ['UPDATE_COMPLETE', 'ok'],
    ['UPDATE_IN_PROGRESS', 'warn'],
    ['UPDATE_ROLLBACK_COMPLETE', 'warn'],
    ['UPDATE_ROLLBACK_FAILED', 'fail'],
    ['ROLLBACK_COMPLETE', 'fail'],
  ])('takes %s for %s', (state, status) => {
    expect(judgeStack(read(stack(state)), 's', 'eu-west-1')[0]?.status).toBe(status);
  });
  it('reports that there is none', () => {
    expect(textsOf(judgeStack(read(undefined), 's', 'eu-west-1'))).toEqual([
      'fail: there is no stack s in eu-west-1: nobody watches. Another: --stack NAME',
    ]);
  });
});
