// Which names S3 takes for a bucket. Source: "General purpose bucket naming rules", Amazon S3 User Guide.

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
