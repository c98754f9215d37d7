// Understands a request as far as its operation, in its protocol, before anything is done.
import { AwsError, notImplemented } from './aws-error.ts';
import type { Account, AuthorizationRequest, Plan } from './plan.ts';
import { answerQuery } from './query-protocol.ts';
import { findRoute } from './s3/routes.ts';
import { isSesV2, planSesV2 } from './ses/ses-v2.ts';
import { planSqs } from './sqs/send-messages.ts';
import type { WireRequest } from './wire-request.ts';

/** The plan for a request; what is not known is NotImplemented. */
export function planRequest(account: Account, wire: WireRequest, requestId: string): Plan {
  if (wire.service === 's3') return planS3(account, wire, requestId);
  if (isSesV2(wire)) return planSesV2(account.ses, wire);
  if (wire.service === 'sqs') return planSqs(account.sqs, wire);
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
  if (!wire.decodable) throw new AwsError('InvalidURI', "Couldn't parse the specified URI.");
  const on = bucket === '' ? 'service' : key === '' ? 'bucket' : 'object';
  const route = findRoute(wire.method, on, query, headers);
  const { operation } = route;
  const ofVersion = query.has('versionId') && /^s3:(Get|Delete)Object$/.test(route.action);
  return {
    operation,
    action: ofVersion ? `${route.action}Version` : route.action,
    answer: ({ page, store }) =>
      route.answer({
        ...{ s3: account.s3, bucketName: bucket, key, query, headers, body },
        ...{ principal, sourceIp, requestId, page, store },
        allows: (action, other) =>
          account.authorize({ ...describeRequest(wire), operation, action, key: other }),
      }),
  };
}

/** What is asked for, but for the operation. */
export function describeRequest(
  wire: WireRequest,
): Omit<AuthorizationRequest, 'operation' | 'action'> {
  const { service, principal } = wire;
  return {
    service,
    principal,
    bucket: wire.bucket || undefined,
    key: wire.key || undefined,
    prefix: wire.query.get('prefix') ?? undefined,
  };
}
