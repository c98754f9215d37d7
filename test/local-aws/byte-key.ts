// Makes object keys that sort as S3 sorts them: by their bytes in UTF-8.

/**
 * The key as one character per UTF-8 byte, so that JavaScript's own comparison is S3's order. Plain comparison of keys
 * is not: UTF-16 puts an emoji before U+FF01, UTF-8 after it. An ASCII key stays the same string.
 */
export function toByteKey(key: string): string {
  return isAscii(key) ? key : Buffer.from(key, 'utf8').toString('latin1');
}

/** The key again. */
export function fromByteKey(byteKey: string): string {
  return isAscii(byteKey) ? byteKey : Buffer.from(byteKey, 'latin1').toString('utf8');
}

/** The first byte key behind all that begin with this prefix; UTF-8 has no byte FF, so the last byte can always grow. */
export function behindPrefix(bytePrefix: string): string {
  return (
    bytePrefix.slice(0, -1) + String.fromCharCode(bytePrefix.charCodeAt(bytePrefix.length - 1) + 1)
  );
}

/** The first byte key behind this one. */
export function behindKey(byteKey: string): string {
  return `${byteKey}\0`;
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}
