import { describe, expect, it } from 'vitest';
import { type Config, HOSTS_A_RUN } from '../../shared/config/config.ts';
import { judgeShards } from '../../shared/doctor/deployment.ts';
import { aHost } from '../support/builders.ts';
import { config, read, textsOf } from './readings.ts';

const big: Config = { ...config, hosts: Array(HOSTS_A_RUN + 1).fill(aHost()) };
const stack = (...ids: string[]) =>
  read({
    ...{ name: 'rollcall-prod', status: 'CREATE_COMPLETE', outputs: {} },
    resources: ids.map((id) => ({ id, type: 'AWS::Lambda::Function', name: `rollcall-${id}` })),
  });

describe('judgeShards', () => {
  it('wants workers for a config that one run cannot hold, and for no other', () => {
    expect(textsOf(judgeShards(stack('CheckShardLambdaFunction'), big))).toEqual([
      'ok: rollcall-CheckShardLambdaFunction judges what one run cannot hold',
    ]);
    expect(textsOf(judgeShards(stack('CheckHosts'), big))).toEqual([
      'warn: there are no workers for 8001 hosts: what one run has no time for is unreadable',
    ]);
    expect(judgeShards(stack('CheckHosts'), config)).toEqual([]);
  });

  it('says nothing of a stack that is not known', () => {
    expect(judgeShards(read(undefined), big)).toEqual([]);
    expect(judgeShards({ read: false, why: 'denied', fix: 'allow it' }, big)).toEqual([]);
  });
});
