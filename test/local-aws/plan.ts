// What a request asks for, and all that it can touch.
import type { Faults, Treatment } from './fault.ts';
import type { QueryActions } from './query-protocol.ts';
import type { RequestLog } from './request-log.ts';
import type { Reply, S3State } from './s3/call.ts';
import type { SesState } from './ses/ses.ts';
import type { SqsState } from './sqs/queues.ts';

/** What the policy hook is asked; `action` is the IAM action, `operation` the API call. */
export type AuthorizationRequest = {
  readonly service: string;
  readonly operation: string;
  readonly action: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly prefix: string | undefined;
  readonly principal: string;
};

/** Everything a request can touch. */
export type Account = {
  readonly s3: S3State;
  readonly ses: SesState;
  readonly sqs: SqsState;
  readonly queries: Readonly<Record<string, { actions: QueryActions; namespace: string }>>;
  readonly faults: Faults;
  readonly requests: RequestLog;
  readonly authorize: (request: AuthorizationRequest) => boolean;
};

/** A request understood as far as its operation; `answer` does it. */
export type Plan = {
  readonly operation: string;
  readonly action: string;
  readonly answer: (treatment: Treatment) => Reply;
};
