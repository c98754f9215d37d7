// Answers one request: lets faults and the policy speak first, then the operation, and logs it.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsError } from './aws-error.ts';
import { composeQueryError, composeRestError, composeS3Error } from './error-body.ts';
import type { Treatment } from './fault.ts';
import { writeReply } from './http-answer.ts';
import type { Account, AuthorizationRequest, Plan } from './plan.ts';
import { describeRequest, planRequest } from './plan-request.ts';
import type { Reply } from './s3/call.ts';
import { isSesV2 } from './ses/ses-v2.ts';
import { readWireRequest, type WireRequest } from './wire-request.ts';

/** Answers; what goes wrong inside is InternalError with the reason. Rejects only when the client went away. */
export async function answerRequest(
  account: Account,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase();
  const wire = await readWireRequest(incoming);
  const asked = describeRequest(wire);
  const plan = attempt(() => planRequest(account, wire, requestId));
  const operation = plan instanceof Error ? 'Unknown' : plan.operation;
  const { open, close } = account.requests;
  const record = open({ ...asked, operation, at: account.s3.now(), bytesIn: wire.body.length });
  response.once('close', () => close(record));
  const treatment = account.faults.decide({ ...asked, operation });
  record.faulted = treatment.faulted;
  if (treatment.latencyMs > 0) await sleep(treatment.latencyMs);
  if (treatment.hang) return;
  if (treatment.hold?.hold === 'undone') await treatment.hold.until;
  if (treatment.reset === 'before') {
    incoming.socket.resetAndDestroy();
    return;
  }
  const reply = attempt(() => {
    refuseByFault(treatment);
    refuseByRegion(wire, account.s3.region);
    return answerPlan(account, plan, { ...asked, operation }, treatment);
  });
  const error = reply instanceof Error ? toAwsError(reply) : undefined;
  const answer =
    reply instanceof Error ? composeRefusal(wire, toAwsError(reply), requestId) : reply;
  record.code = error?.code;
  if (treatment.hold?.hold === 'done') await treatment.hold.until;
  const withoutBody = wire.method === 'HEAD';
  record.bytesOut = await writeReply(response, answer, { withoutBody, requestId, treatment });
  if (treatment.reset === undefined) record.status = answer.status;
  // The client can ask again before the response is told that it was sent.
  close(record);
}

function refuseByFault({ redirectTo, error }: Treatment): void {
  if (redirectTo !== undefined) {
    throw new AwsError('PermanentRedirect', undefined, {
      headers: { 'x-amz-bucket-region': redirectTo },
      fields: { Endpoint: `s3.${redirectTo}.amazonaws.com` },
    });
  }
  if (error) throw new AwsError(error.error, error.message, { status: error.status });
}

/** Buckets are in one region, and S3 takes there no request that was signed for another. */
function refuseByRegion({ service, region }: WireRequest, here: string): void {
  if (service !== 's3' || region === undefined || region === here) return;
  const message = `The authorization header is malformed; the region '${region}' is wrong; expecting '${here}'`;
  throw new AwsError('AuthorizationHeaderMalformed', message, {
    headers: { 'x-amz-bucket-region': here },
    fields: { Region: here },
  });
}

function answerPlan(
  account: Account,
  plan: Plan | Error,
  asked: Omit<AuthorizationRequest, 'action'>,
  treatment: Treatment,
): Reply {
  if (plan instanceof Error) throw plan;
  // S3 judges a batch key by key, so that half of it may be done.
  const batch = plan.operation === 'DeleteObjects';
  if (!batch && !account.authorize({ ...asked, action: plan.action })) {
    throw new AwsError(asked.service === 'sns' ? 'AuthorizationError' : 'AccessDenied');
  }
  return plan.answer(treatment);
}

function composeRefusal(wire: WireRequest, error: AwsError, requestId: string): Reply {
  if (isSesV2(wire) || wire.service === 'sqs') return composeRestError(error);
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

function attempt<T>(run: () => T): T | Error {
  try {
    return run();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
