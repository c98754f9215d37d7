// Does the bucket tell the function when a file of a backup lands or something is removed?
import type { Roster } from '../roster/roster.ts';
import { type Check, fail, judgeReading, ok, type Reading } from './check.ts';

/** The bucket's notifications. */
export type Notifications = {
  readonly queues: readonly {
    readonly arn: string;
    readonly events: readonly string[];
    readonly suffix: string;
  }[];
  readonly eventBridge: boolean;
};

/** What the stack wants: the queue's name, the endings it is woken by, and, on a bucket of somebody else's, its rules. */
export type WantedEvents = {
  readonly queue: string | undefined;
  readonly suffixes: readonly string[];
  readonly rules: readonly string[];
};

export function judgeEvents(
  reading: Reading<Notifications>,
  { existing, bucket }: Roster,
  { queue, suffixes, rules }: WantedEvents,
): readonly Check[] {
  const check = 'events';
  const slow = 'a backup, or what is done to one, is only seen at the next due time';
  return judgeReading(check, reading, ({ queues, eventBridge }) => {
    if (queue === undefined)
      return [fail(check, `there is no queue to tell: ${slow}`, 'npx serverless deploy')];
    if (existing) {
      if (!eventBridge) {
        return [
          fail(
            check,
            `${bucket} does not speak to EventBridge: ${slow}`,
            'switch it on: docs/setup.md#a-bucket-that-is-there-already',
          ),
        ];
      }
      return [
        rules.length < 2
          ? fail(
              check,
              'the stack has no rules that listen to EventBridge',
              'npx serverless deploy',
            )
          : ok(check, `${bucket} tells the stack's queue, by EventBridge`),
      ];
    }
    const ours = queues.filter(({ arn }) => arn.split(':')[5] === queue);
    const missing = suffixes.filter(
      (suffix) =>
        !ours.some((one) => one.suffix === suffix && one.events.includes('s3:ObjectCreated:*')),
    );
    const removals = ours.some(
      (one) => one.suffix === '' && one.events.includes('s3:ObjectRemoved:*'),
    );
    const untold = [
      ...missing.map((suffix) => `a new ${suffix}`),
      ...(removals ? [] : ['a removal']),
    ];
    return [
      untold.length === 0
        ? ok(check, `${bucket} tells the stack's queue of each file of a backup and each removal`)
        : fail(
            check,
            `${bucket} tells nobody of ${untold.join(', ')}: ${slow}`,
            'npx serverless deploy --force',
          ),
    ];
  });
}
