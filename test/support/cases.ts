// How many cases of a kind are tried: a third of them by `npm test`, all of them by `npm run check`.

/** Of so many, in a file that the slow units include too (test/slow/vitest.config.ts). */
export function casesOf(all: number): number {
  return process.env.ROLLCALL_ALL_CASES === undefined ? Math.ceil(all / 3) : all;
}
