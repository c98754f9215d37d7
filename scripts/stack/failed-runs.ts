// Where an invocation ends up that nothing could carry out, so that it can be read and sent again.
import type { Resources } from './cloudformation.ts';

/** Logical id of the queue. */
export const failedRuns = 'FailedRuns';

/** One queue for the schedule's, the events' and the functions' failures; an alarm watches it. */
export const failedRunsQueue: Resources = {
  [failedRuns]: {
    Type: 'AWS::SQS::Queue',
    Properties: { SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 },
  },
};
