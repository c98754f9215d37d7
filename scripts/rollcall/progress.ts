// A line of progress on a terminal, and nothing elsewhere.

/** Tells how many are done; `end` wipes the line. Standard error only, so that output can be piped. */
export function startProgress(noun: string) {
  const shown = process.stderr.isTTY === true;
  let told = 0;
  return {
    tell(done: number, of: number): void {
      const now = Date.now();
      if (!shown || (now - told < 100 && done < of)) return;
      told = now;
      process.stderr.write(`\r\u001b[Kchecked ${done} of ${of} ${noun}s`);
    },
    end(): void {
      if (shown) process.stderr.write('\r\u001b[K');
    },
  };
}
