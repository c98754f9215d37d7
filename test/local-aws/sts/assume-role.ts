// Gives out sessions of roles, to anyone who shows the second factor that a role asks for.
import { AwsError } from '../aws-error.ts';
import { type QueryActions, requireParameter } from '../query-protocol.ts';
import { element, group } from '../xml.ts';

/** The roles there are by ARN, and the code that each second factor shows now by serial number. */
export type StsState = {
  readonly now: () => number;
  readonly roles: Map<string, { readonly needsSecondFactor: boolean }>;
  readonly codes: Map<string, string>;
  /** The access key ids of the sessions that were given out, with the role of each. */
  readonly sessions: Map<string, string>;
};

const HOUR = 3_600_000;

/** Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, and the words of its refusals. */
export function createStsActions(sts: StsState): QueryActions {
  return {
    AssumeRole: (form) => {
      const role = requireParameter(form, 'RoleArn');
      const session = requireParameter(form, 'RoleSessionName');
      const serial = form.get('SerialNumber');
      const refused = (words: string) => new AwsError('AccessDenied', words, { status: 403 });
      const known = sts.roles.get(role);
      if (known === undefined || (known.needsSecondFactor && serial === null)) {
        throw refused(`User is not authorized to perform: sts:AssumeRole on resource: ${role}`);
      }
      if (serial !== null && sts.codes.get(serial) !== form.get('TokenCode')) {
        throw refused('MultiFactorAuthentication failed with invalid MFA one time pass code. ');
      }
      // A code works once.
      if (serial !== null) sts.codes.delete(serial);
      const id = `ASIALOCALSESSION${String(sts.sessions.size + 1).padStart(4, '0')}`;
      sts.sessions.set(id, role);
      return [
        group('AssumedRoleUser', [
          element(
            'Arn',
            `${role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/${session}`,
          ),
          element('AssumedRoleId', `AROALOCAL:${session}`),
        ]),
        group('Credentials', [
          element('AccessKeyId', id),
          element('SecretAccessKey', `secret-of-${id}`),
          element('SessionToken', `token-of-${id}`),
          element('Expiration', new Date(sts.now() + HOUR).toISOString()),
        ]),
      ];
    },
  };
}
