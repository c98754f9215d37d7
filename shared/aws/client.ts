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

/**
 * The credentials in the environment, where Lambda puts those of a function's role. Throws an error of the name that
 * the SDK gives it.
 */
export async function readEnvironment(): Promise<Credentials> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = process.env;
  const { AWS_SESSION_TOKEN: sessionToken, AWS_CREDENTIAL_EXPIRATION: until } = process.env;
  if (!accessKeyId || !secretAccessKey) {
    const name = 'CredentialsProviderError';
    throw Object.assign(new Error('no credentials in the environment'), { name });
  }
  return {
    ...{ accessKeyId, secretAccessKey },
    ...(sessionToken ? { sessionToken } : {}),
    ...(until ? { expiration: new Date(until) } : {}),
  };
}

/** Without an endpoint it is AWS itself, in the region; without credentials, those of the environment. */
export type Connection = {
  readonly region: string;
  readonly endpoint: string | undefined;
  /** The bucket is a part of the endpoint's name, as with AWS; else the first part of the path. */
  readonly isVirtual?: boolean | undefined;
  readonly credentials?: Credentials | (() => Promise<Credentials>);
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

/**
 * The same for S3. Other stores than Amazon's rarely have a name for each bucket, and some refuse the checksums that the
 * SDK adds. Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-dataintegrity.html
 */
export function s3ClientConfig(connection: Connection): S3ClientConfig {
  const { endpoint, isVirtual = false } = connection;
  return {
    ...clientConfig(connection),
    ...(endpoint === undefined
      ? {}
      : {
          forcePathStyle: !isVirtual,
          requestChecksumCalculation: 'WHEN_REQUIRED',
          responseChecksumValidation: 'WHEN_REQUIRED',
        }),
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
 * Asks AWS; `change` is what it was for ("read the user web"), `action` the permission it takes.
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

/**
 * Who reads the hints: somebody at a terminal, who can choose other credentials and ask again; or, by a mail or a log,
 * somebody who cannot change whom a function is, and need not ask again, as the next run does.
 */
type Reader = 'terminal' | 'mail';
let reader: Reader = 'terminal';

/** Said once by a program, before it asks AWS anything. */
export function writeHintsFor(who: Reader): void {
  reader = who;
}

/** The next thing to do about an error of any service's; `action` is the permission the call takes. */
function hintForCall(error: unknown, action: string): string {
  const { name = '' } = error as SdkError;
  switch (name) {
    case 'AccessDenied':
    case 'AccessDeniedException':
    case 'AuthorizationError':
    case 'AuthorizationErrorException':
      return hintForRefusal(action);
    case 'InvalidClientTokenId':
    case 'UnrecognizedClientException':
      return hintFor({ name: 'InvalidAccessKeyId' }, '');
    case 'Throttling':
    case 'ThrottlingException':
      return `AWS is throttling: ${again('in a minute')}`;
    case 'LimitExceeded':
    case 'LimitExceededException':
      return 'a quota of the account is reached: ask AWS to raise it, or remove what is not needed';
    case 'DeleteConflict':
    case 'DeleteConflictException':
      return 'something is still attached to it: look at it in the IAM console, and run it again';
    case 'NotFoundException':
      return 'what was deployed is gone, and no run brings it back: docs/runbook.md#changed-by-hand';
    case 'NoSuchBucket':
    case 'NotFound':
    case 'PermanentRedirect':
      return `correct "bucket" and "region" in hosts.yml${inForce()}`;
    default:
      return hintFor(error, '');
  }
}

/** Anyone who asked may not; `action` is the permission it takes. */
export function hintForRefusal(action: string): string {
  return reader === 'terminal'
    ? `allow ${action} to these credentials, or choose others with AWS_PROFILE`
    : `allow ${action} to the role of the function, or put its policy back: docs/runbook.md#changed-by-hand`;
}

/** The next thing to do about an error of S3's, for anyone who reads it. */
export function hintFor(error: unknown, bucket: string): string {
  const { name = '', code = '', hint, Region, $response } = error as SdkError;
  const region = Region ?? $response?.headers?.['x-amz-bucket-region'] ?? 'ITS-REGION';
  switch (name) {
    case 'NoSuchBucket':
    case 'NotFound':
      return `there is no bucket ${bucket}: correct "bucket" or "target" in hosts.yml${inForce()}`;
    case 'AccessDenied':
    case 'Forbidden':
    case 'AllAccessDisabled':
      return hintForRefusal(`s3:ListBucket on ${bucket}`);
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
    case 'IllegalLocationConstraintException':
      return reader === 'terminal'
        ? `${bucket} is in another region: set "region: ${region}" in hosts.yml`
        : `${bucket} is in ${region}, and the stack in another region: docs/setup.md#a-bucket-in-another-region`;
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
    case 'ExpiredToken':
    case 'InvalidToken':
      return reader === 'terminal'
        ? 'these credentials are not valid: renew them (aws sso login, AWS_PROFILE, AWS_ACCESS_KEY_ID)'
        : OWN_CREDENTIALS;
    case 'CredentialsProviderError':
      return reader === 'terminal'
        ? (hint ??
            'no AWS credentials found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY')
        : OWN_CREDENTIALS;
    case 'RequestTimeTooSkewed':
      return reader === 'terminal'
        ? 'the clock of this machine is wrong: set it, and run it again'
        : 'the clock of the function differs from that of S3: the next run looks again; if it stays, ask AWS Support';
    case 'SlowDown':
    case 'ServiceUnavailable':
    case 'InternalError':
      return `S3 is throttling or in trouble: ${again('in a few minutes')}`;
    case 'SecondLevelDomainForbidden':
    case 'PathStyleDomainForbidden':
      return 'this store takes the bucket as a part of its name alone: write "endpointStyle: virtual" into hosts.yml';
    default:
      if (isCertificateFault(code))
        return `the certificate of the endpoint ${explainCertificate(code)}`;
      if (code === 'ERR_INVALID_URL')
        return 'the address of the endpoint is none: correct --endpoint-url, AWS_ENDPOINT_URL or "endpoint" in hosts.yml';
      return code === 'ENOTFOUND' || code === 'ECONNREFUSED'
        ? hintForNoAnswer()
        : `${again()}; if it stays, see docs/runbook.md#unreadable`;
  }
}

/** Codes of OpenSSL and of Node for a certificate that does not hold. */
export function isCertificateFault(code: string): boolean {
  return /^(?:CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|ERR_TLS_CERT_\w+|HOSTNAME_MISMATCH)$/.test(
    code,
  );
}

/** What is wrong with one, by its code or its words, and what to do. */
export function explainCertificate(fault: string): string {
  if (/expired|not.yet.valid/i.test(fault)) {
    return 'has expired, or is not valid yet: renew it there; or set the clock of this machine: date -u';
  }
  if (/altname|hostname/i.test(fault)) {
    return 'is for another name: write the name that it is for into hosts.yml';
  }
  return 'is of an authority that this machine does not know: if it is your own, set NODE_EXTRA_CA_CERTS=FILE';
}

// Lambda gives a function its credentials: nobody can set them.
const OWN_CREDENTIALS =
  'AWS refused the credentials that it gave to the function: the next run looks again; if it stays, ask AWS Support';

function hintForNoAnswer(): string {
  return reader === 'terminal'
    ? 'the endpoint does not answer: check the network and --endpoint-url, or "endpoint" in hosts.yml'
    : 'AWS does not answer: the next run looks again; if it stays, see docs/runbook.md#unreadable';
}

function again(when?: string): string {
  if (reader === 'mail') return 'the next run looks again';
  return when === undefined ? 'run it again' : `run it again ${when}`;
}

/** A function has the config that it was deployed with. */
function inForce(): string {
  return reader === 'terminal' ? '' : ', then: npx serverless deploy';
}
