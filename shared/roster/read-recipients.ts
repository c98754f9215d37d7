// Whom backups must be encrypted to: ids as the roll writes them, and what the key files hold that it names.
import { isKeyFile, type ReadKeyFile } from './key-files.ts';
import { itemsOf, matching, note, type Place, textOf, type YamlReader } from './yaml-reader.ts';

const RULE =
  'an OpenPGP key id or fingerprint: 16, 40 or 64 hexadecimal digits; or a public key file that ends in .asc, .gpg or .pgp';

/** The ids and fingerprints of a list, in upper-case hex; a key file stands for all that encrypt in it. */
export function readRecipients(
  yaml: YamlReader,
  place: Place | undefined,
  readKeyFile: ReadKeyFile,
): string[] {
  return itemsOf(yaml, place).flatMap((item): string | readonly string[] => {
    const text = textOf(yaml, item);
    if (text === undefined) return [];
    if (!isKeyFile(text)) return matching(yaml, item, RULE, parseId) ?? [];
    const file = readKeyFile(text);
    if ('fingerprints' in file) return file.fingerprints;
    note(yaml, item, `${item.path}: ${text} ${file.problem}`);
    return [];
  });
}

function parseId(text: string): string | undefined {
  const digits = text.replace(/^0x/i, '').replaceAll(' ', '').toUpperCase();
  return /^(?:[0-9A-F]{16}|[0-9A-F]{40}|[0-9A-F]{64})$/.test(digits) ? digits : undefined;
}
