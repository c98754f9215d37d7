// Writes a refusal as each protocol has it.
import type { AwsError } from './aws-error.ts';
import type { Reply } from './s3/call.ts';
import { element, group, xmlDocument } from './xml.ts';

/** S3's error body. */
export function composeS3Error(error: AwsError, resource: string, requestId: string): string {
  return xmlDocument(
    group('Error', [
      element('Code', error.code),
      element('Message', error.message),
      ...Object.entries(error.fields).map(([name, value]) => element(name, value)),
      element('Resource', resource),
      element('RequestId', requestId),
      element('HostId', `${requestId}/local`),
    ]),
  );
}

/** The error body of the query protocol (SNS, SES). */
export function composeQueryError(error: AwsError, namespace: string, requestId: string): string {
  return xmlDocument(
    group(
      'ErrorResponse',
      [
        group('Error', [
          element('Type', error.status < 500 ? 'Sender' : 'Receiver'),
          element('Code', error.code),
          element('Message', error.message),
        ]),
        element('RequestId', requestId),
      ],
      namespace,
    ),
  );
}

/** The refusal of the REST protocol in JSON (version 2 of SES, SQS), which has its code in a header. */
export function composeRestError({ code, status, message }: AwsError): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': code },
    body: JSON.stringify({ message }),
  };
}
