// Names as AWS takes them: regions, buckets, and the IAM users of hosts.
import { closest, distance } from 'fastest-levenshtein';
import type { Host } from './config.ts';
import { fieldsOf, holdsMap, matching, note, type Place, type YamlReader } from './yaml.ts';

const KNOWN_SINCE = '2026-11';

/** By partition, which is what an ARN begins with: `arn:aws-cn:...`. */
export const REGIONS: { readonly [partition: string]: readonly string[] } = {
  aws: `af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1
    ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1
    eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1
    me-south-1 me-west-1 mx-central-1 sa-east-1 sa-west-1 us-east-1 us-east-2 us-west-1 us-west-2`.split(
    /\s+/,
  ),
  'aws-cn': ['cn-north-1', 'cn-northwest-1'],
  'aws-eusc': ['eusc-de-east-1'],
  'aws-iso': ['us-iso-east-1', 'us-iso-west-1'],
  'aws-iso-b': ['us-isob-east-1', 'us-isob-west-1'],
  'aws-iso-e': ['eu-isoe-west-1'],
  'aws-iso-f': ['us-isof-east-1', 'us-isof-south-1'],
  'aws-us-gov': ['us-gov-east-1', 'us-gov-west-1'],
};

const ALL = Object.values(REGIONS).flat();

/** The partition of a region; `undefined` for one that is newer than the list. */
export function partitionOf(region: string): string | undefined {
  return Object.keys(REGIONS).find((partition) => REGIONS[partition]?.includes(region));
}

/** `region: eu-west-1`, or `region: { new: NAME }` for one that AWS opened after the list was made. */
export function readRegion(yaml: YamlReader, place: Place | undefined): string | undefined {
  if (place === undefined) return undefined;
  if (holdsMap(yaml, place)) {
    const fields = fieldsOf(yaml, place, ['new']);
    if (fields.new === undefined) {
      return note(yaml, place, 'region must be a name like eu-west-1, or { new: NAME }');
    }
    return matching(yaml, fields.new, FORM.rule, FORM.parse);
  }
  const region = matching(yaml, place, FORM.rule, FORM.parse);
  if (region === undefined || ALL.includes(region)) return region;
  const nearest = closest(region, ALL);
  return note(
    yaml,
    place,
    `region is "${region}", but AWS had no such region in ${KNOWN_SINCE}` +
      (distance(region, nearest) <= 3 ? `, did you mean "${nearest}"?` : '.') +
      ` If it is newer, write "region: { new: ${region} }"`,
  );
}

const FORM = {
  rule: 'an AWS region like eu-west-1',
  parse: (text: string) => (/^[a-z]{2,4}(?:-[a-z]+)+-\d+$/.test(text) ? text : undefined),
};

const KEPT_BEGINNINGS = ['xn--', 'sthree-', 'amzn-s3-demo-'];
const KEPT_ENDINGS = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3'];
// Only a bucket in an account's own namespace may end so, and the stack makes none there.
const REGIONAL_ENDING = '-an';

/**
 * What is wrong with a name, completing "the name ..."; `undefined` = S3 takes it. `isNew`: the stack is to make the bucket.
 * A dot is allowed: the clients ask for such a bucket by its path, as S3's certificate holds for one label only.
 */
export function faultOfBucketName(name: string, isNew: boolean): string | undefined {
  if (name.length < 3 || name.length > 63) return 'must have 3 to 63 characters';
  if (!/^[a-z0-9.-]+$/.test(name)) return 'must be of a-z, 0-9, "." and "-"';
  if (!/^[a-z0-9].*[a-z0-9]$/.test(name)) return 'must begin and end with a letter or a digit';
  if (name.includes('..')) return 'must not have two dots side by side';
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(name)) return 'must not look like an IP address';
  const beginning = KEPT_BEGINNINGS.find((kept) => name.startsWith(kept));
  if (beginning !== undefined) return `must not begin with "${beginning}", which S3 keeps`;
  const endings = isNew ? [...KEPT_ENDINGS, REGIONAL_ENDING] : KEPT_ENDINGS;
  const ending = endings.find((kept) => name.endsWith(kept));
  return ending === undefined ? undefined : `must not end with "${ending}", which S3 keeps`;
}

/**
 * The most IAM users that an account may have; AWS raises it for nobody.
 * Source: IAM User Guide, "IAM and AWS STS quotas".
 */
export const USERS_AN_ACCOUNT = 5000;

/**
 * Why a host has no user in the stack's group, and brings its own credentials; `undefined` for one that has. The group's
 * policy knows a user's name and nothing else.
 */
export function whyNoUser(
  { name, target }: Pick<Host, 'name' | 'target'>,
  bucket: string,
): string | undefined {
  if (target.bucket !== bucket) return `it writes to another bucket, ${target.bucket}`;
  if (name.includes('/')) return 'no IAM user can have a slash in its name';
  if (target.prefix !== `${name}/`) return `it writes to ${target.prefix}, and not to its own name`;
  return undefined;
}

/** The groups of a user that make it a host of other stacks, each called `BUCKET-hosts`; `own` is this stack's. */
export function otherHostGroups(groups: readonly string[], own: string): string[] {
  return groups.filter((one) => one !== own && one.endsWith('-hosts'));
}
