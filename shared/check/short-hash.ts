// A text of any length in 22 characters.

/** The first half of a SHA-256, in base64url: nobody can make another text for it. */
export async function shortHash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  const half = new Uint8Array(digest).subarray(0, 16);
  const base64 = btoa(String.fromCharCode(...half));
  return base64.slice(0, 22).replaceAll('+', '-').replaceAll('/', '_');
}
