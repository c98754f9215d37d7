// Makes the refusals that AWS gives: code, HTTP status and message.

/** Codes whose status is not 400, and the words AWS says where a test or a reader will see them. */
const known: Readonly<Record<string, readonly [status: number, message: string]>> = {
  AccessDenied: [403, 'Access Denied'],
  AuthorizationError: [403, 'User is not authorized to perform this action'],
  BucketAlreadyOwnedByYou: [
    409,
    'Your previous request to create the named bucket succeeded and you already own it.',
  ],
  BucketNotEmpty: [409, 'The bucket you tried to delete is not empty'],
  ExpiredToken: [400, 'The provided token has expired.'],
  InternalError: [500, 'We encountered an internal error. Please try again.'],
  InternalFailure: [500, 'The request processing has failed because of an unknown error.'],
  InvalidAccessKeyId: [403, 'The AWS Access Key Id you provided does not exist in our records.'],
  InvalidBucketState: [409, 'The request is not valid with the current state of the bucket.'],
  InvalidClientTokenId: [403, 'The security token included in the request is invalid.'],
  InvalidObjectState: [403, "The operation is not valid for the object's storage class"],
  InvalidRange: [416, 'The requested range is not satisfiable'],
  MethodNotAllowed: [405, 'The specified method is not allowed against this resource.'],
  NoSuchBucket: [404, 'The specified bucket does not exist'],
  NoSuchBucketPolicy: [404, 'The bucket policy does not exist'],
  NoSuchKey: [404, 'The specified key does not exist.'],
  NoSuchLifecycleConfiguration: [404, 'The lifecycle configuration does not exist'],
  NoSuchUpload: [
    404,
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
  ],
  NoSuchVersion: [404, 'The specified version does not exist.'],
  NotFound: [404, 'Topic does not exist'],
  NotImplemented: [501, 'A header or call implies functionality that is not implemented'],
  ObjectLockConfigurationNotFoundError: [
    404,
    'Object Lock configuration does not exist for this bucket',
  ],
  PermanentRedirect: [
    301,
    'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
  ],
  PreconditionFailed: [412, 'At least one of the pre-conditions you specified did not hold'],
  RequestTimeTooSkewed: [
    403,
    'The difference between the request time and the current time is too large.',
  ],
  ServiceUnavailable: [503, 'Service is unable to handle request.'],
  SignatureDoesNotMatch: [
    403,
    'The request signature we calculated does not match the signature you provided.',
  ],
  SlowDown: [503, 'Please reduce your request rate.'],
  Throttled: [429, 'Rate exceeded'],
  Throttling: [400, 'Maximum sending rate exceeded.'],
};

/** A refusal on its way to the client; `fields` are further elements of S3's error body. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;

  constructor(
    code: string,
    message?: string,
    more: {
      status?: number | undefined;
      headers?: Readonly<Record<string, string>>;
      fields?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message ?? known[code]?.[1] ?? code);
    this.name = 'AwsError';
    this.code = code;
    this.status = more.status ?? known[code]?.[0] ?? 400;
    this.headers = more.headers ?? {};
    this.fields = more.fields ?? {};
  }
}

/** The refusal for what this server does not know: never a 200 that means nothing. */
export function notImplemented(what: string): AwsError {
  return new AwsError('NotImplemented', `local AWS does not implement ${what}`);
}
