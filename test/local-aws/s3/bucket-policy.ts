// Takes a bucket's policy as a document, and says whether it opens the bucket to the public; it decides nothing else.
import { AwsError } from '../aws-error.ts';
import { element, group, readXml, textOf, xmlDocument } from '../xml.ts';
import type { Bucket } from './bucket.ts';
import { bucketOf, type Reply, type S3Call, s3Namespace, xmlReply } from './call.ts';

type Statement = {
  readonly Effect?: string;
  readonly Principal?: unknown;
  readonly Condition?: unknown;
};

/** GetBucketPolicyStatus. */
export function getBucketPolicyStatus(call: S3Call): Reply {
  const policy = bucketOf(call).settings.get('policy');
  if (policy === undefined) throw new AwsError('NoSuchBucketPolicy');
  const status = element('IsPublic', isPublic(policy) ? 'TRUE' : 'FALSE');
  return xmlReply(xmlDocument(group('PolicyStatus', [status], s3Namespace)));
}

/** Refuses what is no policy, and a public one while the bucket blocks those. */
export function acceptPolicy(bucket: Bucket, source: string): string {
  if (!isPolicy(source)) {
    throw new AwsError(
      'MalformedPolicy',
      "Policies must be valid JSON and the first byte must be '{'",
    );
  }
  const block = bucket.settings.get('publicAccessBlock');
  const blocking = block !== undefined && textOf(readXml(block), 'BlockPublicPolicy') === 'true';
  if (blocking && isPublic(source)) {
    throw new AwsError(
      'AccessDenied',
      'Access Denied: public policies are blocked by the BlockPublicPolicy block public access setting.',
    );
  }
  return source;
}

function isPolicy(source: string): boolean {
  try {
    const policy = JSON.parse(source) as { Statement?: unknown };
    return typeof policy.Statement === 'object' && policy.Statement !== null;
  } catch {
    return false;
  }
}

// Public = somebody unnamed is allowed something without a condition.
function isPublic(policy: string): boolean {
  const { Statement } = JSON.parse(policy) as { Statement: Statement | Statement[] };
  return [Statement].flat().some(({ Effect, Principal, Condition }) => {
    const named = (Principal as { AWS?: unknown } | undefined)?.AWS ?? Principal;
    return Effect === 'Allow' && [named].flat().includes('*') && Condition === undefined;
  });
}
