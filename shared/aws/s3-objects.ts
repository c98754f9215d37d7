// S3 as the check's way into buckets.
import type { Instant } from '../duplicity/time.ts';
import { type ObjectStore, TargetUnreadableError } from '../monitor/object-store.ts';
import type { Span } from '../openpgp/message.ts';
import type { Lifecycle, LifecycleRule } from '../rules/lifecycle.ts';
import { type Connection, hintFor, hintForRefusal, nameOf } from './client.ts';
import { findText, parseXml, readInstant, type XmlElement } from './read-xml.ts';
import { startListing } from './s3-listing.ts';
import { type AskS3, connectS3 } from './s3-requests.ts';

/** `onFlat` is called once for a bucket whose keys are not cut at a delimiter as it is asked: all are listed then. */
export function connectBuckets(
  connection: Connection,
  onFlat?: (bucket: string) => void,
): ObjectStore {
  const ask = connectS3(connection);
  return {
    list: startListing(ask, onFlat),
    readPart: (bucket, key, span) => readPart(ask, bucket, key, span),
    readLifecycle: startReadingLifecycle(ask),
    readWrittenAt: (bucket, key) => readWrittenAt(ask, bucket, key),
    readExpiry: (bucket, key) => readExpiry(ask, bucket, key),
  };
}

/**
 * The bytes that the object has there; none behind its end, which S3 answers with 416; `undefined` for one in cold
 * storage, also in a tier of Intelligent-Tiering that no listing shows. Throws `TargetUnreadableError`.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export async function readPart(
  ask: AskS3,
  bucket: string,
  key: string,
  span: Span,
): Promise<Uint8Array | undefined> {
  try {
    return (await ask({ bucket, key, span })).body;
  } catch (error) {
    const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    if (name === 'InvalidRange' || $metadata?.httpStatusCode === 416) return new Uint8Array();
    if (name === 'InvalidObjectState') return undefined;
    throw new TargetUnreadableError(
      `the contents of a backup in s3://${bucket} could not be read: ${nameOf(error)}`,
      name === 'AccessDenied'
        ? `${hintForRefusal(`s3:GetObject on ${bucket}`)}; or take "recipients" out of hosts.yml`
        : hintFor(error, bucket),
      { cause: error },
    );
  }
}

/**
 * Its LastModified; `undefined` where there is none, or a delete marker hides it. Throws `TargetUnreadableError`.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
async function readWrittenAt(
  ask: AskS3,
  bucket: string,
  key: string,
): Promise<Instant | undefined> {
  try {
    const { headers } = await ask({ method: 'HEAD', bucket, key });
    const at = Date.parse(headers['last-modified'] ?? '');
    return Number.isNaN(at) ? undefined : at;
  } catch (error) {
    if ((error as Error).name === 'NotFound') return undefined;
    throw new TargetUnreadableError(
      `an object in s3://${bucket} could not be looked at: ${nameOf(error)}`,
      hintFor(error, bucket),
      { cause: error },
    );
  }
}

/**
 * The date in `x-amz-expiration`; `undefined` where there is none or it cannot be had: it only confirms the rules.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
async function readExpiry(ask: AskS3, bucket: string, key: string): Promise<Instant | undefined> {
  try {
    const { headers } = await ask({ method: 'HEAD', bucket, key });
    const said = headers['x-amz-expiration']?.toString() ?? '';
    const at = Date.parse(/expiry-date="([^"]+)"/.exec(said)?.[1] ?? '');
    return Number.isNaN(at) ? undefined : at;
  } catch {
    return undefined;
  }
}

/**
 * Reads the rules once a bucket and run. A bucket without any has none; what was refused, or holds a rule of which the
 * days are not understood, is `unread` with the reason: a countdown from half the rules could be days too long.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLifecycleConfiguration.html
 */
export function startReadingLifecycle(ask: AskS3): (bucket: string) => Promise<Lifecycle> {
  const read = new Map<string, Promise<Lifecycle>>();
  return (bucket) => {
    const known = read.get(bucket) ?? readLifecycle(ask, bucket);
    read.set(bucket, known);
    return known;
  };
}

async function readLifecycle(ask: AskS3, bucket: string): Promise<Lifecycle> {
  try {
    const { body } = await ask({ bucket, query: { lifecycle: '' } });
    const { children } = parseXml(body);
    return { rules: children.flatMap((rule) => (rule.name === 'Rule' ? readRule(rule) : [])) };
  } catch (error) {
    if ((error as Error).name === 'NoSuchLifecycleConfiguration') return { rules: [] };
    const isUnclear = error instanceof RangeError || error instanceof SyntaxError;
    return { unknown: isUnclear ? error.message : nameOf(error) };
  }
}

/** Nothing for a rule that is switched off, or that asks for a tag: a last good backup has none. */
function readRule(rule: XmlElement): LifecycleRule[] {
  if (findText(rule, 'Status') !== 'Enabled') return [];
  const filter = within(rule, 'Filter');
  const and = within(filter, 'And');
  if (within(filter, 'Tag') !== undefined || within(and, 'Tag') !== undefined) return [];
  const expiration = within(rule, 'Expiration');
  const noncurrent = within(rule, 'NoncurrentVersionExpiration');
  const where = `the rule ${JSON.stringify(findText(rule, 'ID') ?? '')}`;
  const days = wholeDays(textIn(expiration, 'Days'), where);
  const noncurrentDays = wholeDays(textIn(noncurrent, 'NoncurrentDays'), where);
  // The newest so many noncurrent versions are kept for good, and a hidden backup is the newest.
  const keepsNewest = Number(textIn(noncurrent, 'NewerNoncurrentVersions')) > 0;
  const dated = textIn(expiration, 'Date') === undefined ? undefined : expiration;
  return [
    {
      prefix: textIn(filter, 'Prefix') ?? textIn(and, 'Prefix') ?? textIn(rule, 'Prefix') ?? '',
      ...(days === undefined ? {} : { hides: { days } }),
      ...(dated === undefined ? {} : { hides: { date: readInstant(dated, 'Date') } }),
      ...(noncurrentDays === undefined || keepsNewest ? {} : { noncurrentDays }),
    },
  ];
}

const within = (element: XmlElement | undefined, name: string) =>
  element?.children.find((child) => child.name === name);
const textIn = (one: XmlElement | undefined, name: string) => one && findText(one, name);

function wholeDays(text: string | undefined, where: string): number | undefined {
  if (text === undefined) return undefined;
  const days = Number(text);
  if (Number.isSafeInteger(days) && days > 0) return days;
  throw new RangeError(`${where} has no whole number of days`);
}
