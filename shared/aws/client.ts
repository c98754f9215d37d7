// Where AWS is, and how patiently it is asked.
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { Reading } from '../doctor/audit.ts';

/** What requests are signed with. */
export type Credentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
};

/** Without an endpoint it is AWS itself, in the region; without credentials, those that the SDK finds. */
export type Connection = {
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly credentials?: NonNullable<S3ClientConfig['credentials']>;
};

const TRIES = 5;
const CONNECT_MS = 5_000;
const ANSWER_MS = 20_000;

/** How long every client waits, and how often it tries. */
export const requestSettings = {
  maxAttempts: TRIES,
  // Without the last one the SDK would only warn, and one request that hangs would keep every host waiting.
  requestHandler: {
    connectionTimeout: CONNECT_MS,
    requestTimeout: ANSWER_MS,
    throwOnRequestTimeout: true,
  },
} as const;

/** The settings that every client starts with. */
export function clientConfig({ region, endpoint, credentials }: Connection) {
  return {
    region,
    ...requestSettings,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

/** Whatever AWS refuses is a reading that failed; anything else is a bug, and thrown. */
export async function attempt<Value>(read: () => Promise<Value>): Promise<Reading<Value>> {
  try {
    return { read: true, value: await read() };
  } catch (error) {
    if (!(error instanceof AwsCallError)) throw error;
    return { read: false, why: error.message, fix: error.hint };
  }
}

type SdkError = {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Record<string, string> };
  readonly Region?: string;
  /** Of a `CredentialsError`, which says itself what to do. */
  readonly hint?: string;
};

/** The error's own code and status: `AccessDenied (403)`. Never a message, which may hold anything. */
export function nameOf(error: unknown): string {
  const { name, code, $metadata } = error as SdkError;
  const status = $metadata?.httpStatusCode;
  const word =
    [code, name].find((one) => one !== undefined && /^[\w.]{1,60}$/.test(one)) ?? 'Error';
  return status === undefined ? word : `${word} (${status})`;
}

/** A call that AWS refused or did not answer; `hint` says what to do next. */
export class AwsCallError extends Error {
  override readonly name = 'AwsCallError';
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/**
 * Asks AWS; `deed` is what it was for ("read the user web"), `action` the permission it takes.
 * Throws `AwsCallError`, but for the errors named in `expected`, which answer `undefined`.
 */
export async function askAws<Answer>(
  change: string,
  action: string,
  ask: () => Promise<Answer>,
  expected: readonly string[] = [],
): Promise<Answer | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (expected.includes((error as SdkError).name ?? '')) return undefined;
    throw new AwsCallError(`could not ${change}: ${nameOf(error)}`, hintForCall(error, action), {
      cause: error,
    });
  }
}

/** The next thing to do about an error of any service's; `action` is the permission the call takes. */
function hintForCall(error: unknown, action: string): string {
  const { name = '' } = error as SdkError;
  switch (name) {
    case 'AccessDenied':
    case 'AccessDeniedException':
    case 'AuthorizationError':
    case 'AuthorizationErrorException':
      return `allow ${action} to these credentials, or choose others with AWS_PROFILE`;
    case 'InvalidClientTokenId':
    case 'UnrecognizedClientException':
      return hintFor({ name: 'InvalidAccessKeyId' }, '');
    case 'Throttling':
    case 'ThrottlingException':
      return 'AWS is throttling: run it again in a minute';
    case 'LimitExceeded':
    case 'LimitExceededException':
      return 'a quota of the account is reached: ask AWS to raise it, or remove what is not needed';
    case 'DeleteConflict':
    case 'DeleteConflictException':
      return 'something is still attached to it: look at it in the IAM console, and run it again';
    case 'NoSuchBucket':
    case 'NotFound':
    case 'PermanentRedirect':
      return 'correct "bucket" and "region" in hosts.yml';
    default:
      return hintFor(error, '');
  }
}

/** The next thing to do about an error of S3's, for the operator. */
export function hintFor(error: unknown, bucket: string): string {
  const { name = '', code = '', hint, Region, $response } = error as SdkError;
  const region = Region ?? $response?.headers?.['x-amz-bucket-region'];
  switch (name) {
    case 'NoSuchBucket':
    case 'NotFound':
      return `there is no bucket ${bucket}: correct "bucket" in hosts.yml, or deploy the stack`;
    case 'AccessDenied':
    case 'Forbidden':
    case 'AllAccessDisabled':
      return `these credentials may not list ${bucket}: allow s3:ListBucket, or choose others with AWS_PROFILE`;
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
    case 'IllegalLocationConstraintException':
      return `${bucket} is in another region: set "region: ${region ?? 'ITS-REGION'}" in hosts.yml`;
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
    case 'ExpiredToken':
    case 'InvalidToken':
      return 'these credentials are not valid: renew them (aws sso login, AWS_PROFILE, AWS_ACCESS_KEY_ID)';
    case 'CredentialsProviderError':
      return (
        hint ??
        'no AWS credentials found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'
      );
    case 'RequestTimeTooSkewed':
      return 'the clock of this machine is wrong: set it, and run it again';
    case 'SlowDown':
    case 'ServiceUnavailable':
    case 'InternalError':
      return 'S3 is throttling or in trouble: run it again in a few minutes';
    default:
      return code === 'ENOTFOUND' || code === 'ECONNREFUSED'
        ? 'the endpoint does not answer: check the network and --endpoint-url'
        : 'run it again; if it stays, see docs/runbook.md#unreadable';
  }
}
