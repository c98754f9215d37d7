import { describe, expect, it } from 'vitest';
import { judgeEvents, type Notifications } from '../../shared/doctor/bucket.ts';
import { config, read, textsOf } from './readings.ts';

describe('judgeEvents', () => {
  const arn = 'arn:aws:sqs:eu-west-1:1:rollcall-prod-ObjectEvents-X';
  const created = { arn, events: ['s3:ObjectCreated:*'], suffix: '.manifest.gpg' };
  const removed = { arn, events: ['s3:ObjectRemoved:*'], suffix: '' };
  const wanted = {
    queue: 'rollcall-prod-ObjectEvents-X',
    suffixes: ['.manifest.gpg'],
    rules: [],
  };
  const judged = (
    queues: Notifications['queues'],
    eventBridge = false,
    existing = false,
    over = {},
  ) =>
    textsOf(
      judgeEvents(read({ queues, eventBridge }), { ...config, existing }, { ...wanted, ...over }),
    )[0];
  it('is well when the bucket tells the queue', () => {
    expect(judged([created, removed])).toMatch(/^ok: /);
    expect(judged([], true, true, { rules: ['a', 'b'] })).toMatch(/^ok: /);
  });
  it.each([
    ['nothing', [], 'a new .manifest.gpg, a removal'],
    ['no removal', [created], 'a removal'],
    ['another queue', [{ ...created, arn: `${arn}-2` }, removed], 'a new .manifest.gpg'],
  ])('reports that the queue gets %s', (_, queues, words) => {
    expect(judged(queues)).toContain(`notifies nobody of ${words}:`);
  });
  it('reports that EventBridge is off, or that no rule listens to it', () => {
    expect(judged([], false, true)).toContain('does not speak to EventBridge');
    expect(judged([], true, true)).toContain('no rules that listen');
    expect(judged([created, removed], false, false, { queue: undefined })).toContain(
      'no queue to notify',
    );
  });
});
