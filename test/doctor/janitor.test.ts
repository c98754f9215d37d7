import { describe, expect, it } from 'vitest';
import { judgeJanitor } from '../../shared/doctor/deployment.ts';
import { config, read, textsOf } from './readings.ts';

const keeping = { ...config, keepLastGood: true };
const stack = (...ids: string[]) =>
  read({
    ...{ name: 'rollcall-prod', status: 'CREATE_COMPLETE', outputs: {} },
    resources: ids.map((id) => ({ id, type: 'AWS::Lambda::Function', name: `rollcall-${id}` })),
  });

describe('judgeJanitor', () => {
  it('wants one where the last good backup is kept, and nowhere else', () => {
    expect(textsOf(judgeJanitor(stack('JanitorLambdaFunction'), keeping))).toEqual([
      'ok: rollcall-JanitorLambdaFunction tags what newer backups have replaced',
    ]);
    expect(textsOf(judgeJanitor(stack('CheckHosts'), keeping))).toEqual([
      'warn: there is none: nothing is tagged, so nothing is hidden',
    ]);
    expect(judgeJanitor(stack('CheckHosts'), config)).toEqual([]);
  });

  it('reports nothing for a stack that is not known', () => {
    expect(judgeJanitor(read(undefined), keeping)).toEqual([]);
    expect(judgeJanitor({ read: false, why: 'denied', fix: 'allow it' }, keeping)).toEqual([]);
  });
});
