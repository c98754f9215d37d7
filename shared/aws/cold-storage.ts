// Where S3 keeps what a GET cannot reach.

const COLD = ['GLACIER', 'DEEP_ARCHIVE'];

/**
 * The mark of an object that must be brought back before it can be read; a copy brought back does not show. An archive
 * tier of Intelligent-Tiering does not show either: a GET tells. Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html
 */
export function coldMark(storageClass: string | undefined): { readonly cold?: true } {
  return COLD.includes(storageClass ?? '') ? { cold: true } : {};
}
