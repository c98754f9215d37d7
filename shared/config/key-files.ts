// The public key files that hosts.yml names: what is in them is read next to it.

/**
 * What a public key file holds, by its path as the config writes it: the fingerprints of the keys in it that
 * encrypt, or why there are none, as words that go on behind the path.
 */
export type ReadKeyFile = (
  path: string,
) => { readonly fingerprints: readonly string[] } | { readonly problem: string };

/** Where no file can be read: a config that names one is wrong there, and never checked less. */
export const NO_KEY_FILES: ReadKeyFile = () => ({
  problem: 'cannot be read here: write the fingerprints of its encryption subkeys',
});

const KEY_FILE = /\.(?:asc|gpg|pgp)$/;

/** True for an entry of `recipients` that names a file. */
export function isKeyFile(entry: string): boolean {
  return KEY_FILE.test(entry);
}
