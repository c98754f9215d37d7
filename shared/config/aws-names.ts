// Names as AWS takes them: regions, buckets, and the IAM users of hosts.
import { closest, distance } from 'fastest-levenshtein';
import { type Host, type Target, writeValue } from './config.ts';
import { fieldsOf, holdsMap, matching, note, type Place, textOf, type YamlReader } from './yaml.ts';

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

/** Of all partitions; the kits have the same list, in scripts/host/lib/rollcall-backup/refusals.py. */
const DOMAINS =
  /(?:^|\.)(?:amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/;

/** Whether a server, by its name without a port, is Amazon's. */
export function isAmazons(server: string): boolean {
  return DOMAINS.test(server);
}

/** The partition of a region; `undefined` for one that is newer than the list. */
export function partitionOf(region: string): string | undefined {
  return Object.keys(REGIONS).find((partition) => REGIONS[partition]?.includes(region));
}

/**
 * `region: eu-west-1`, or `region: { new: NAME }` for one that AWS opened after the list was made. A store of another's,
 * which has an endpoint, calls its regions as it likes.
 */
export function readRegion(
  yaml: YamlReader,
  place: Place | undefined,
  hasEndpoint: boolean,
): string | undefined {
  if (place === undefined) return undefined;
  if (hasEndpoint && !holdsMap(yaml, place)) {
    return matching(yaml, place, ANY_FORM.rule, ANY_FORM.parse);
  }
  if (holdsMap(yaml, place)) {
    const fields = fieldsOf(yaml, place, ['new']);
    if (fields.new === undefined) {
      return note(yaml, place, 'region must be a name like eu-west-1, or { new: NAME }');
    }
    return matching(yaml, fields.new, FORM.rule, FORM.parse);
  }
  const rule = `${FORM.rule}; for another store than Amazon's write "endpoint: https://..." too`;
  const region = matching(yaml, place, rule, FORM.parse);
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

const ANY_FORM = {
  rule: 'a name of letters, digits, "-" and "_"',
  parse: (text: string) => (/^[A-Za-z0-9][\w-]{0,62}$/.test(text) ? text : undefined),
};
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

/** The config's own bucket and store. */
type Store = { readonly bucket: string; readonly endpoint?: string | undefined };

/**
 * `target: s3://BUCKET/PREFIX/`. Other URLs that duplicity takes are mistakes, with the line to write. Nothing of a user or
 * a password in one is shown.
 */
export function readTarget(
  yaml: YamlReader,
  place: Place | undefined,
  store: Store,
): Target | undefined {
  const text = textOf(yaml, place);
  if (text === undefined || place === undefined) return undefined;
  const read = readTargetUrl(text, store);
  if (typeof read === 'string') return note(yaml, place, `${place.path} ${read}`);
  const fault = faultOfBucketName(read.bucket, false);
  if (fault === undefined) return read;
  return note(yaml, place, `${place.path}: the name of the bucket "${read.bucket}" ${fault}`);
}

const RULE = 'must be s3://BUCKET/PREFIX/';
const ENCODED = /%[0-9a-f]{2}/i;

/** The target, or what is wrong with it. */
function readTargetUrl(text: string, store: Store): Target | string {
  const [, scheme = '', rest = ''] = /^\s*([a-z][a-z0-9.+-]*):\/\/(.*?)\s*$/is.exec(text) ?? [];
  if (scheme === '') return `${text.includes('@') ? '' : `is "${text}", but `}${RULE}`;
  const address = withoutUser(rest);
  if (address === undefined) return `holds a password, which no config should have: it ${RULE}`;
  const kind = kindOf(scheme.toLowerCase());
  if (kind === 'other') {
    return `begins with ${scheme}://: it ${RULE}, as Rollcall can check what is in S3 or in a store that speaks S3`;
  }
  const [authority = '', ...behind] = address.replace(/^\/+/, '').split('/');
  if (/^\/|^$/.test(address) && authority !== store.bucket) return `has no bucket: it ${RULE}`;
  const { bucket, path, server } = findBucket(authority, behind, store, kind === 'web');
  // Any number of slashes may end it.
  const parts = path.slice(0, path.findLastIndex((part) => part !== '') + 1);
  if (/\s/.test(authority)) return `has a blank in the bucket's name: it ${RULE}`;
  const faults = [
    ...(address === rest ? [] : ['holds a user or a password, which no config should have']),
    ...(kind === 's3' ? [] : [`begins with ${scheme}://`]),
    ...(server === undefined ? [] : ['names the server']),
    ...(address.startsWith('/') || parts.includes('') ? ['has "//" in it'] : []),
    ...(ENCODED.test(address) ? ['is percent-encoded'] : []),
    ...(/^\s|\s$/.test(text) ? ['has blanks around it'] : []),
    ...(/\p{Cc}/u.test(address) ? ['has control characters in it'] : []),
  ];
  const prefix = parts.flatMap((part) => (part === '' ? [] : `${decode(part)}/`)).join('');
  if (faults.length === 0) return { bucket, prefix };
  const what = faults.join(', and ');
  const right = `s3://${bucket}/${prefix}`;
  const isNone =
    right === text ||
    faultOfBucketName(bucket, false) !== undefined ||
    typeof readTargetUrl(right, store) === 'string';
  if (isNone) return `${what}: it ${RULE}`;
  const line = `${what}: write target: ${writeValue(right)}`;
  if (kind === 'speaks S3')
    return `${line} and, at the top, the store's S3 address as endpoint: https://...`;
  const isThere = server === undefined || server === AMAZON || server === store.endpoint;
  return isThere ? line : `${line} and, at the top, endpoint: ${server}`;
}

/** What follows the user; `undefined` where a password may hold a slash, so that nobody knows where it ends. */
function withoutUser(rest: string): string | undefined {
  const authority = rest.split('/', 1)[0] ?? '';
  const user = authority.lastIndexOf('@') + 1;
  const [server, address] = [authority.slice(user), rest.slice(user)];
  // A colon stands in front of a port, and else of a password.
  const isClear = !server.includes(':') || (/:\d+$/.test(server) && !address.includes('@'));
  return isClear ? address : undefined;
}

/** How a URL that duplicity takes says where a bucket is; `web`: its server comes first. */
function kindOf(scheme: string): 's3' | 'as s3' | 'web' | 'speaks S3' | 'other' {
  const inner = scheme.replace(/^par2\+/, '');
  if (scheme === 's3') return 's3';
  if (/^(?:boto3?\+)?s3(?:\+https?)?$/.test(inner)) return 'as s3';
  if (/^https?$/.test(inner)) return 'web';
  return ['b2', 'gs'].includes(inner) ? 'speaks S3' : 'other';
}

const AMAZON = 'Amazon';
const OTHER_STORES =
  /\.(?:your-objectstorage|digitaloceanspaces|backblazeb2|wasabisys|cloudflarestorage|linodeobjects|googleapis)\.com$|\.scw\.cloud$/;

/** The bucket, what follows it, and the server where the URL names one: in front of the bucket, or behind it. */
function findBucket(
  authority: string,
  behind: readonly string[],
  { bucket, endpoint }: Store,
  isServer: boolean,
): { bucket: string; path: readonly string[]; server?: string } {
  const [first = '', ...path] = behind.slice(behind.findIndex((part) => part !== ''));
  const host = authority.toLowerCase();
  const name = host.replace(/:\d+$/, '');
  if (isAmazons(name)) {
    if (/^s3[.-]/.test(name)) return { bucket: first, path, server: AMAZON };
    const [, before] = /^(.+)\.s3[.-]/.exec(name) ?? [];
    if (before !== undefined) return { bucket: before, path: behind, server: AMAZON };
  }
  const isOfStore =
    isServer ||
    name !== host ||
    OTHER_STORES.test(name) ||
    (endpoint !== undefined && new URL(endpoint).host === host) ||
    // A bucket may be called as a server is, with dots.
    (name.includes('.') && name !== bucket && first === bucket);
  if (!isOfStore) return { bucket: authority, path: behind };
  const isBefore = host.startsWith(`${bucket}.`) && first !== bucket;
  const server = isBefore ? host.slice(bucket.length + 1) : host;
  const scheme = /^(?:localhost|127(?:\.\d+){3})(?::|$)/.test(server) ? 'http' : 'https';
  return {
    ...(isBefore ? { bucket, path: behind } : { bucket: first, path }),
    server: `${scheme}://${server}`,
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
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
