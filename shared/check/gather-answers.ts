// Answers to several listings of one target, put together.

import type { FileHistory } from '../duplicity/history.ts';
import type { Listing, StoredObject } from '../duplicity/listing.ts';
import { fileHistoryOf } from './fold-versions.ts';
import type { ListAnswer } from './object-store.ts';

/** Gathers answers; what is told twice counts once, as it was told last. */
export function gatherAnswers(prefix: string) {
  const objects = new Map<string, StoredObject>();
  const hidden = new Map<string, FileHistory>();
  const stems = new Set<string>();
  let blind: Listing['blind'];
  return {
    add(answer: ListAnswer): void {
      for (const { key, ...object } of answer.objects) {
        const name = key.slice(prefix.length);
        objects.set(name, { ...object, name });
        hidden.delete(name);
      }
      for (const key of answer.hidden) {
        const file = fileHistoryOf(key, prefix);
        hidden.set(file.name, file);
        objects.delete(file.name);
      }
      for (const stem of answer.prefixes) stems.add(stem.slice(prefix.length));
      blind ??= answer.blind;
    },
    haveRead(test: (stem: string) => boolean): void {
      for (const stem of stems) if (test(stem)) stems.delete(stem);
    },
    knowsVersionsOf(name: string): boolean {
      return hidden.has(name) || objects.get(name)?.versionId !== undefined || blind !== undefined;
    },
    listing(): Listing {
      return {
        objects: [...objects.values()],
        volumeStems: [...stems],
        hidden: [...hidden.values()],
        ...(blind === undefined ? {} : { blind }),
      };
    },
  };
}
