// Answers one request: finds its operation, lets faults and the policy speak first, logs it.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsError, notImplemented } from './aws-error.ts';
import { composeQueryError, composeS3Error } from './error-body.ts';
import type { Faults, Treatment } from './fault.ts';
import { writeReply } from './http-answer.ts';
import { answerQuery, type QueryActions } from './query-protocol.ts';
import type { RequestLog } from './request-log.ts';
import type { Reply, S3State } from './s3/call.ts';
import { findRoute } from './s3/routes.ts';
import { readWireRequest, type WireRequest } from './wire-request.ts';

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
  readonly queries: Readonly<Record<string, { actions: QueryActions; namespace: string }>>;
  readonly faults: Faults;
  readonly requests: RequestLog;
  readonly authorize: (request: AuthorizationRequest) => boolean;
};

/** A request understood as far as its operation; `answer` does it. */
type Plan = {
  readonly operation: string;
  readonly action: string;
  readonly answer: (treatment: Treatment) => Reply;
};

/** Answers, and never throws: what goes wrong here is answered as InternalError with the reason. */
export async function answerRequest(
  account: Account,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase();
  const wire = await readWireRequest(incoming).catch((error: unknown) => error);
  if (wire instanceof Error || !isWire(wire)) {
    response.writeHead(400).end();
    return;
  }
  const asked = describe(wire);
  const plan = attempt(() => planRequest(account, wire, requestId));
  const operation = plan instanceof Error ? 'Unknown' : plan.operation;
  const record = account.requests.open({
    ...asked,
    operation,
    at: account.s3.now(),
    bytesIn: wire.body.length,
  });
  const treatment = account.faults.decide({ ...asked, operation });
  record.faulted = treatment.faulted;
  response.once('close', () => account.requests.close(record));
  if (treatment.latencyMs > 0) await sleep(treatment.latencyMs);
  if (treatment.hang) return;
  if (treatment.reset === 'before') {
    incoming.socket.resetAndDestroy();
    return;
  }
  const reply = attempt(() => {
    if (treatment.redirectTo !== undefined) throw redirect(treatment.redirectTo);
    if (treatment.error) {
      const { error, message, status } = treatment.error;
      throw new AwsError(error, message, { status });
    }
    if (plan instanceof Error) throw plan;
    permit(account, { ...asked, operation, action: plan.action });
    return plan.answer(treatment);
  });
  const answer = reply instanceof Error ? composeRefusal(wire, reply, requestId) : reply;
  record.code = reply instanceof Error ? toAwsError(reply).code : undefined;
  const withoutBody = wire.method === 'HEAD';
  record.bytesOut = await writeReply(response, answer, { withoutBody, requestId, treatment });
  if (treatment.reset === undefined) record.status = answer.status;
}

function planRequest(account: Account, wire: WireRequest, requestId: string): Plan {
  if (wire.service === 's3') return planS3(account, wire, requestId);
  const form = new URLSearchParams(wire.body.toString('utf8'));
  const action = form.get('Action') ?? '';
  const query = account.queries[wire.service];
  if (!query) throw notImplemented(`the service ${wire.service}`);
  return {
    operation: action,
    action: `${wire.service}:${action}`,
    answer: () => ({
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body: answerQuery({ action, form, requestId }, query.actions, query.namespace),
    }),
  };
}

function planS3(account: Account, wire: WireRequest, requestId: string): Plan {
  const { bucket, key, query, headers, principal, sourceIp, body } = wire;
  const on = bucket === '' ? 'service' : key === '' ? 'bucket' : 'object';
  const route = findRoute(wire.method, on, query, headers);
  const { operation } = route;
  const ofVersion = query.has('versionId') && /^s3:(Get|Delete)Object$/.test(route.action);
  return {
    operation,
    action: ofVersion ? `${route.action}Version` : route.action,
    answer: ({ page }) =>
      route.answer({
        ...{ s3: account.s3, bucketName: bucket, key, query, headers, body },
        ...{ principal, sourceIp, requestId, page },
        allows: (action, other) =>
          account.authorize({ ...describe(wire), operation, action, key: other }),
      }),
  };
}

function permit(account: Account, asked: AuthorizationRequest): void {
  // S3 judges a batch key by key, so that half of it may be done.
  if (asked.operation === 'DeleteObjects' || account.authorize(asked)) return;
  throw new AwsError(asked.service === 'sns' ? 'AuthorizationError' : 'AccessDenied');
}

function describe(wire: WireRequest): Omit<AuthorizationRequest, 'operation' | 'action'> {
  const { service, principal } = wire;
  return {
    service,
    principal,
    bucket: wire.bucket || undefined,
    key: wire.key || undefined,
    prefix: wire.query.get('prefix') ?? undefined,
  };
}

function composeRefusal(wire: WireRequest, thrown: Error, requestId: string): Reply {
  const error = toAwsError(thrown);
  const namespace = `http://${wire.service}.amazonaws.com/doc/`;
  const body =
    wire.service === 's3'
      ? composeS3Error(error, wire.path, requestId)
      : composeQueryError(error, namespace, requestId);
  return {
    status: error.status,
    headers: { 'content-type': 'application/xml', ...error.headers },
    body,
  };
}

function toAwsError(thrown: Error): AwsError {
  if (thrown instanceof AwsError) return thrown;
  return new AwsError('InternalError', `local AWS has a bug: ${thrown.stack ?? thrown.message}`);
}

function redirect(region: string): AwsError {
  return new AwsError('PermanentRedirect', undefined, {
    headers: { 'x-amz-bucket-region': region },
    fields: { Endpoint: `s3.${region}.amazonaws.com` },
  });
}

function attempt<T>(run: () => T): T | Error {
  try {
    return run();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function isWire(value: unknown): value is WireRequest {
  return typeof value === 'object' && value !== null && 'service' in value;
}
