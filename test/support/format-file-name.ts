import { type FileName, NO_PREFIX } from '../../shared/duplicity/file-name.ts';
import { formatWrittenTime } from '../../shared/duplicity/time.ts';

/** The long name that duplicity writes for this file: the inverse of `parseFileName`. */
export function formatFileName(name: FileName, prefix = NO_PREFIX): string {
  const first = name.time ?? name.start ?? 0;
  const times =
    name.end === undefined
      ? formatWrittenTime(first)
      : `${formatWrittenTime(first)}.to.${formatWrittenTime(name.end)}`;
  const part = name.partial ? '.part' : '';
  const suffix = name.encrypted ? '.gpg' : name.compressed ? '.gz' : '';
  switch (name.type) {
    case 'full-sig':
      return `${prefix.signature}duplicity-full-signatures.${times}.sigtar${part}${suffix}`;
    case 'new-sig':
      return `${prefix.signature}duplicity-new-signatures.${times}.sigtar${part}${suffix}`;
    default:
      return name.manifest
        ? `${prefix.manifest}duplicity-${name.type}.${times}.manifest${part}${suffix}`
        : `${prefix.archive}duplicity-${name.type}.${times}.vol${name.volume}.difftar${part}${suffix}`;
  }
}
