import { describe, expect, it } from 'vitest';
import { judgeTopicPolicy } from '../../shared/doctor/mail-and-texts.ts';
import { deployed } from '../stack/deployed.ts';
import { account } from '../stack/resolve-template.ts';
import { read, textsOf } from './readings.ts';

describe('judgeTopicPolicy', () => {
  const resources = deployed();
  const judged = (policy: unknown, topic: 'Ops' | 'Alerts' = 'Ops') =>
    judgeTopicPolicy(read(policy), {
      check: topic,
      arn: `arn:aws:sns:eu-west-1:${account}:rollcall-prod-${topic}Topic`,
      resource: `${topic}TopicPolicy`,
      from: topic === 'Ops' ? 'alarms' : 'functions',
    });
  const ofStack = (topic: string) => resources[`${topic}TopicPolicy`].Properties.PolicyDocument;
  const allow = (more: object) => ({
    Statement: [
      { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sns:Publish', Resource: '*', ...more },
    ],
  });
  // What SNS gives to a topic that has none.
  const byDefault = allow({ Condition: { StringEquals: { 'AWS:SourceOwner': account } } });

  it.each(['Ops', 'Alerts'] as const)('is well with the policy of the stack: %s', (topic) => {
    expect(judged(ofStack(topic), topic)[0]?.status).toBe('ok');
  });
  it.each([
    ['no policy', undefined, 'fail: its policy lets no alarm through'],
    ['that of the other topic', ofStack('Alerts'), 'fail: its policy lets no alarm through'],
    [
      'another account',
      allow({ Condition: { StringEquals: { 'aws:SourceAccount': '1' } } }),
      'fail: its policy lets no alarm through',
    ],
    ["SNS's own", byDefault, 'warn: its policy lets messages be published without TLS'],
    [
      'a condition that nobody here knows',
      allow({ Condition: { DateGreaterThan: { 'aws:SourceAccount': 'x' } } }),
      'unknown: its policy has conditions that are not understood here; they decide whether alarms can publish',
    ],
  ])('reports the ops topic with %s', (_, policy, words) => {
    const [check] = judged(policy);
    expect(textsOf(check === undefined ? [] : [check])).toEqual([words]);
    expect(check).toHaveProperty(
      'fix',
      'aws sns set-topic-attributes --region eu-west-1 --cli-input-json "$(npx rollcall stack-resource OpsTopicPolicy)"',
    );
  });
  it('reports that a denial keeps the functions out', () => {
    const denial = { Effect: 'Deny', Principal: '*', Action: 'sns:*', Resource: '*' };
    expect(textsOf(judged({ Statement: [denial] }, 'Alerts'))).toEqual([
      'fail: its policy lets no alert through',
    ]);
  });
});
