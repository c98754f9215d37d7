// A code word that a person can read aloud and compare.

/** Four letters and four digits, none of which looks like another; `pick` answers a number from 0 to below its bound. */
export function composeCodeWord(pick: (below: number) => number): string {
  const some = (from: string) => Array.from({ length: 4 }, () => from[pick(from.length)]).join('');
  return `${some('ACDEFHJKLMNPRTUVWXY')}-${some('3479')}`;
}
