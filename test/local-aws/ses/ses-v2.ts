// Answers what version 2 of SES says of the account: the sandbox, who is verified, and whose mail is dropped.
import { AwsError, notImplemented } from '../aws-error.ts';
import type { Plan } from '../plan.ts';
import type { WireRequest } from '../wire-request.ts';
import type { SesState } from './ses.ts';

const root = '/v2/email/';

/** Version 2 speaks REST with JSON, and is known by its path. */
export function isSesV2({ service, path }: WireRequest): boolean {
  return service === 'ses' && path.startsWith(root);
}

/** The plan for one of the questions that are answered here; any other is NotImplemented. */
export function planSesV2(ses: SesState, { method, path }: WireRequest): Plan {
  const [resource, ...names] = path.slice(root.length).split('/').map(decodeURIComponent);
  const name = names.at(-1) ?? '';
  if (method !== 'GET') throw notImplemented(`${method} ${path}`);
  switch (resource) {
    case 'account':
      return plan('GetAccount', () => ({
        ProductionAccessEnabled: !ses.sandbox,
        SendingEnabled: ses.sendingEnabled,
        EnforcementStatus: ses.sendingEnabled ? 'HEALTHY' : 'SHUTDOWN',
        SendQuota: { Max24HourSend: ses.sandbox ? 200 : 50_000 },
      }));
    case 'identities':
      return plan('GetEmailIdentity', () => {
        const status = ses.identities.get(name);
        if (status === undefined) throw notFound(`Email identity ${name}`);
        return { VerificationStatus: status, VerifiedForSendingStatus: status === 'Success' };
      });
    case 'suppression':
      return plan('GetSuppressedDestination', () => {
        if (!ses.suppressed.has(name)) throw notFound(`Email address ${name}`);
        const LastUpdateTime = ses.now() / 1000;
        return { SuppressedDestination: { EmailAddress: name, Reason: 'BOUNCE', LastUpdateTime } };
      });
    default:
      throw notImplemented(path);
  }
}

function plan(operation: string, answer: () => object): Plan {
  return {
    operation,
    action: `ses:${operation}`,
    answer: () => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(answer()),
    }),
  };
}

function notFound(what: string): AwsError {
  return new AwsError('NotFoundException', `${what} does not exist.`, { status: 404 });
}
