// Which files of a listing belong to one set.
import type { BackupSet } from './backup-set.ts';
import { type FilePrefix, readFileName, setIdOf } from './file-name.ts';

/**
 * Sorts file names by set, and answers with those of one, its manifest first: a set that lost its files in this order never
 * looks whole. Only spellings that duplicity writes are members.
 */
export function membersOf(
  names: readonly string[],
  prefix: FilePrefix,
): (set: BackupSet) => readonly string[] {
  const bySet = new Map<string, { manifests: string[]; others: string[] }>();
  for (const file of names) {
    const reading = readFileName(file, prefix);
    if (reading.kind !== 'written' || reading.name.partial) continue;
    const id = setIdOf(reading.name);
    const members = bySet.get(id) ?? { manifests: [], others: [] };
    bySet.set(id, members);
    (reading.name.manifest ? members.manifests : members.others).push(file);
  }
  return ({ type, startedAt, basedOn }) => {
    const id = setIdOf({
      time: type === 'full' ? startedAt : undefined,
      start: basedOn,
      end: type === 'inc' ? startedAt : undefined,
    });
    const { manifests = [], others = [] } = bySet.get(id) ?? {};
    return [...manifests.sort(), ...others.sort()];
  };
}
