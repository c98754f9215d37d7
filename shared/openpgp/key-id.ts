// The short name of a key, as messages say it.

/**
 * The id of a fingerprint in hex: of version 4 its last 16 digits, of version 6 (64 digits) its first. An id is its
 * own. Source: RFC 9580, section 5.5.4.
 */
export function keyIdOf(fingerprint: string): string {
  return fingerprint.length === 64 ? fingerprint.slice(0, 16) : fingerprint.slice(-16);
}
