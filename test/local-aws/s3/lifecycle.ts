// Says when a lifecycle rule hides an object: the date S3 answers with, and the one by which rules are run (run-lifecycle.ts).
import { AwsError } from '../aws-error.ts';
import { childOf, childrenOf, element, readXml, textOf, type XmlElement } from '../xml.ts';
import type { Bucket } from './bucket.ts';
import type { Version } from './version.ts';

const daySeconds = 86_400;

/**
 * `x-amz-expiration` for the current version of a key, from the rule that strikes first; `undefined` without one. Days
 * are rounded up to the next midnight UTC, as in AWS's "Setting lifecycle configuration on a bucket".
 */
export function composeExpiration(
  bucket: Bucket,
  key: string,
  version: Version,
): string | undefined {
  const first = findExpiry(bucket, key, version);
  if (!first) return undefined;
  const date = new Date(first.at).toUTCString();
  return `expiry-date="${date}", rule-id="${encodeURIComponent(first.id)}"`;
}

/** When the first rule hides the current version of a key, and which rule; `undefined` without one. */
export function findExpiry(
  bucket: Bucket,
  key: string,
  version: Version,
): { at: number; id: string } | undefined {
  return rulesOf(bucket)
    .filter((rule) => covers(rule, key, version))
    .flatMap((rule) => {
      const at = expiresAt(rule, version.modifiedAt);
      return at === undefined ? [] : [{ at, id: textOf(rule, 'ID') ?? '' }];
    })
    .sort((a, b) => a.at - b.at)[0];
}

// Asked for every version of every key, and as it was written last.
const lastRead = new WeakMap<Bucket, { source: string; rules: readonly XmlElement[] }>();

/** The rules that are switched on. */
export function rulesOf(bucket: Bucket): readonly XmlElement[] {
  const source = bucket.settings.get('lifecycle');
  if (source === undefined) return [];
  const read = lastRead.get(bucket);
  if (read?.source === source) return read.rules;
  const all = childrenOf(readXml(source), 'Rule');
  const rules = all.filter((rule) => textOf(rule, 'Status') === 'Enabled');
  lastRead.set(bucket, { source, rules });
  return rules;
}

/** The midnight UTC after so many days: "Setting lifecycle configuration on a bucket". */
export function midnightAfter(at: number, days: number): number {
  const due = at / 1000 + days * daySeconds;
  return (Math.floor(due / daySeconds) * daySeconds + daySeconds) * 1000;
}

/** Refuses what S3 refuses of a configuration, and gives an ID to each rule that has none. */
export function checkLifecycle(source: string): string {
  const rules = childrenOf(readXml(source), 'Rule');
  if (rules.length === 0 || rules.length > 1000) throw malformed();
  let unnamed = 0;
  for (const rule of rules) {
    const expiration = childOf(rule, 'Expiration');
    const timed = textOf(expiration, 'Days') ?? textOf(expiration, 'Date');
    const sweeps = textOf(expiration, 'ExpiredObjectDeleteMarker');
    const scope = childOf(rule, 'Filter');
    const tagged = childrenOf(childOf(scope, 'And') ?? scope, 'Tag').length > 0;
    // Neither an upload that is not finished nor a marker has a tag.
    const aborts = childOf(rule, 'AbortIncompleteMultipartUpload') !== undefined;
    if (tagged && (aborts || sweeps !== undefined)) {
      throw new AwsError('InvalidRequest', 'This action cannot be specified with tag filters');
    }
    if (!/^(Enabled|Disabled)$/.test(textOf(rule, 'Status') ?? '')) throw malformed();
    if (timed !== undefined && sweeps !== undefined) throw malformed();
    if (textOf(expiration, 'Days') !== undefined && !(Number(textOf(expiration, 'Days')) > 0)) {
      throw new AwsError(
        'InvalidArgument',
        "'Days' for Expiration action must be a positive integer",
      );
    }
  }
  return source.replace(/<Rule>([\s\S]*?)<\/Rule>/g, (whole, inside: string) => {
    if (/<ID>[^<]+<\/ID>/.test(inside)) return whole;
    unnamed += 1;
    return `<Rule>${element('ID', `rule-${unnamed}`)}${inside.replace(/<ID>\s*<\/ID>|<ID\/>/, '')}</Rule>`;
  });
}

function expiresAt(rule: XmlElement, modifiedAt: number): number | undefined {
  const expiration = childOf(rule, 'Expiration');
  const date = textOf(expiration, 'Date');
  if (date !== undefined) return Date.parse(date);
  const days = textOf(expiration, 'Days');
  return days === undefined ? undefined : midnightAfter(modifiedAt, Number(days));
}

/** Whether a rule's filter takes in this version of a key. */
export function covers(rule: XmlElement, key: string, version: Version): boolean {
  const filter = childOf(rule, 'Filter');
  const scope = childOf(filter, 'And') ?? filter;
  const prefix = textOf(scope, 'Prefix') ?? textOf(rule, 'Prefix') ?? '';
  const above = textOf(scope, 'ObjectSizeGreaterThan');
  const below = textOf(scope, 'ObjectSizeLessThan');
  return (
    key.startsWith(prefix) &&
    childrenOf(scope, 'Tag').every(
      (tag) => version.tags[textOf(tag, 'Key') ?? ''] === textOf(tag, 'Value'),
    ) &&
    (above === undefined || version.content.bytes > Number(above)) &&
    (below === undefined || version.content.bytes < Number(below))
  );
}

function malformed(): AwsError {
  return new AwsError(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}
