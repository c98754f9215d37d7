// Starts a local AWS in this process: S3, SNS, SES, queues, IAM's users, sessions of roles and what CloudFormation deployed, on one port, in memory.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CloudFormationState, createCloudFormationActions } from './cloudformation/stacks.ts';
import { answerRequest } from './dispatch.ts';
import { createFaults, type Faults } from './fault.ts';
import { createIamActions, type IamState, principalOf } from './iam/users.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import type { Account, AuthorizationRequest } from './plan.ts';
import { createRequestLog, type RequestLog } from './request-log.ts';
import type { Bucket } from './s3/bucket.ts';
import { createEventBus } from './s3/event-bus.ts';
import type { EventListener, TestEventListener } from './s3/notification.ts';
import { createSeed, type Seed } from './s3/seed.ts';
import { createSesActions, type IdentityStatus, type SesState } from './ses/ses.ts';
import { createPublishActions } from './sns/publish.ts';
import { createSmsAccount, createSmsActions, type SmsAccount } from './sns/sms-account.ts';
import { createSubscriptionActions } from './sns/subscriptions.ts';
import { createTopicActions, type SnsState } from './sns/topics.ts';
import type { QueueListener, SqsState } from './sqs/queues.ts';
import { createStsActions, type StsState } from './sts/assume-role.ts';

/** How the account is to be; everything has a default. */
export type LocalAwsOptions = {
  /** AWS's clock, in milliseconds: dates of objects, mails, events and answers. The system's unless given. */
  readonly now?: () => number;
  readonly region?: string;
  /** Told of every S3 event: all of them, or those the bucket's notification configuration picks once there is one. */
  readonly onEvent?: EventListener;
  readonly onTestEvent?: TestEventListener;
  /** Told of every message to a queue. */
  readonly onMessage?: QueueListener;
  /** Decides every request, by the access key id it was signed with; false = AccessDenied. All may do all unless given. */
  readonly authorize?: (request: AuthorizationRequest) => boolean;
  /** True (unless said): every mailbox confirms its SNS subscription and its SES identity at once. False: see `click`. */
  readonly clicksLinks?: boolean;
};

/** A running local AWS. Signatures are not checked: any credentials do, and the access key id is the caller's name. */
export type LocalAws = Seed & {
  readonly endpoint: string;
  readonly region: string;
  readonly account: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly outbox: Outbox;
  readonly requests: RequestLog;
  readonly faults: Faults;
  /** Does what a person does who clicks every link mailed to this address: confirms subscriptions and the identity. */
  readonly click: (address: string) => void;
  /** Verifies, fails or un-verifies an address or a domain as a mail sender. */
  readonly setIdentity: (identity: string, status: IdentityStatus) => void;
  /** Confirms or un-confirms every subscription of this endpoint. */
  readonly setConfirmed: (endpoint: string, confirmed: boolean) => void;
  /** The parts of the account that have switches: sandboxes, suppressed and opted-out addresses. */
  readonly ses: Pick<SesState, 'sandbox' | 'sendingEnabled' | 'suppressed'>;
  readonly sms: SmsAccount;
  readonly iam: Pick<IamState, 'users' | 'groups'>;
  readonly sts: Pick<StsState, 'roles' | 'codes' | 'sessions'>;
  /** The stacks that are deployed, by name. */
  readonly stacks: CloudFormationState['stacks'];
  /** Makes a queue, and answers its address. */
  readonly createQueue: (name: string) => string;
  /** Waits until every event was handled; rejects with what `onEvent` threw. */
  readonly settled: () => Promise<void>;
  /** Cuts all connections and frees the port. */
  readonly close: () => Promise<void>;
};

const account = '123456789012';

/** Starts it on a free port. */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const { now = Date.now, region = 'eu-west-1', clicksLinks = true } = options;
  const buckets = new Map<string, Bucket>();
  const outbox = createOutbox();
  const requests = createRequestLog();
  const faults = createFaults();
  const sms = createSmsAccount();
  const { onEvent, onTestEvent } = options;
  const bus = createEventBus({ region, now }, { onEvent, onTestEvent });
  const sns: SnsState = {
    ...{ region, account, clicksLinks },
    topics: new Map(),
    subscriptions: new Map(),
  };
  const ses: SesState = {
    ...{ region, now, outbox, clicksLinks },
    identities: new Map(),
    suppressed: new Set(),
    sandbox: false,
    sendingEnabled: true,
  };
  const sqs: SqsState = {
    queues: new Set(),
    onMessage: options.onMessage ?? (() => undefined),
  };
  const sts: StsState = { now, roles: new Map(), codes: new Map(), sessions: new Map() };
  const iam: IamState = { now, account, users: new Map(), groups: new Map() };
  const stacks: CloudFormationState['stacks'] = new Map();
  const world: Account = {
    s3: {
      ...{ buckets, region, account, now },
      announce: (change) => {
        const bucket = buckets.get(change.bucket);
        if (!bucket) return;
        bus.announce(bucket, { ...change, principal: principalOf(iam, change.principal) });
      },
      announceTest: bus.announceTest,
    },
    ses,
    sqs,
    queries: {
      sns: {
        actions: {
          ...createTopicActions(sns),
          ...createSubscriptionActions(sns),
          ...createPublishActions(sns, outbox, now),
          ...createSmsActions(sms),
        },
        namespace: 'http://sns.amazonaws.com/doc/2010-03-31/',
      },
      ses: {
        actions: createSesActions(ses),
        namespace: 'http://ses.amazonaws.com/doc/2010-12-01/',
      },
      iam: {
        actions: createIamActions(iam),
        namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
      },
      cloudformation: {
        actions: createCloudFormationActions({ stacks }),
        namespace: 'http://cloudformation.amazonaws.com/doc/2010-05-15/',
      },
      sts: {
        actions: createStsActions(sts),
        namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
      },
    },
    faults,
    requests,
    authorize: options.authorize ?? (() => true),
  };

  const setConfirmed = (endpoint: string, confirmed: boolean): void => {
    for (const one of sns.subscriptions.values()) {
      if (one.endpoint === endpoint) one.confirmed = confirmed;
    }
  };
  const server = createServer((incoming, response) => {
    answerRequest(world, incoming, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  // A client's idle connection must not be closed under its next request.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  const endpoint = `http://127.0.0.1:${port}`;
  return {
    ...createSeed(buckets, now),
    endpoint,
    ...{ region, account, outbox, requests, faults, ses, sms, iam, sts, stacks, setConfirmed },
    credentials: { accessKeyId: 'AKIALOCALADMIN', secretAccessKey: 'not-checked' },
    click: (address) => {
      setConfirmed(address, true);
      if (ses.identities.has(address)) ses.identities.set(address, 'Success');
    },
    setIdentity: (identity, status) => void ses.identities.set(identity, status),
    createQueue: (name) => {
      const url = `${endpoint}/${account}/${name}`;
      sqs.queues.add(url);
      return url;
    },
    settled: bus.settled,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
