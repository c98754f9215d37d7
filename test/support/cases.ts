// How many cases of a kind are tried: a fifth of them by `npm test`, all of them by `npm run check`, which runs every
// file that imports this one (test/slow/vitest.config.ts).

const EACH = process.env.ROLLCALL_ALL_CASES === undefined ? 5 : 1;

/** So many of all the cases. */
export const casesOf = (all: number): number => Math.ceil(all / EACH);

/** Every fifth of the cases, the first and the last among them. */
export const someOf = <Case>(cases: readonly Case[]): Case[] =>
  cases.filter((_, nth) => nth % EACH === 0 || nth === cases.length - 1);
