// The public key files that a roll names: what is in them is read beside it, or was when the functions were packaged.

/**
 * What a public key file holds, by its path as the roll writes it: the fingerprints of the keys in it that
 * encrypt, or why there are none, as words that go on behind the path.
 */
export type ReadKeyFile = (
  path: string,
) => { readonly fingerprints: readonly string[] } | { readonly problem: string };

/** Where no file can be read: a roll that names one is wrong there, and never checked less. */
export const NO_KEY_FILES: ReadKeyFile = () => ({
  problem: 'cannot be read here: write the fingerprints of its encryption subkeys',
});

const KEY_FILE = /\.(?:asc|gpg|pgp)$/;
const FINGERPRINT = /^(?:[0-9A-F]{40}|[0-9A-F]{64})$/;

/** True for an entry of `recipients` that names a file. */
export function isKeyFile(entry: string): boolean {
  return KEY_FILE.test(entry);
}

/** The fingerprints by path, as they travel beside the roll. Version 1. */
export function formatKeyFiles(files: ReadonlyMap<string, readonly string[]>): string {
  return `${JSON.stringify({ version: 1, files: Object.fromEntries(files) })}\n`;
}

/** The inverse; `undefined` for anything that `formatKeyFiles` does not write. Never throws. */
export function parseKeyFiles(text: string): ReadKeyFile | undefined {
  const document = parseJson(text);
  if (!isRecord(document) || document.version !== 1 || !isRecord(document.files)) return undefined;
  const entries = Object.entries(document.files);
  if (!entries.every(isEntry)) return undefined;
  const known = new Map(entries);
  return (path) => {
    const fingerprints = known.get(path);
    return fingerprints === undefined
      ? { problem: 'was not packaged with the roll: deploy again' }
      : { fingerprints };
  };
}

function isEntry(entry: [string, unknown]): entry is [string, string[]] {
  const [path, list] = entry;
  if (!isKeyFile(path) || !Array.isArray(list) || list.length === 0) return false;
  return list.every((one) => typeof one === 'string' && FINGERPRINT.test(one));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
