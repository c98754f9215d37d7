// The life of one run: at one of its calls, to the world or to its disk, it is killed, and then neither goes on nor sees an error.

export class DeathError extends Error {
  override readonly name = 'DeathError';
}

export type Life = ReturnType<typeof makeLife>;

/** `killAt`: at which of its calls it is killed; without it never. */
export function makeLife(killAt = Number.POSITIVE_INFINITY) {
  let calls = 0;
  let kill: (reason: Error) => void = () => undefined;
  const death = new Promise<never>((_, reject) => {
    kill = reject;
  });
  death.catch(() => undefined);
  /** At each of its calls; `dying` once, and it has not been done then, or half of it. */
  const pass = (): 'alive' | 'dying' | 'dead' => {
    calls += 1;
    if (calls < killAt) return 'alive';
    if (calls > killAt) return 'dead';
    kill(new DeathError('killed'));
    return 'dying';
  };
  const mortal = <Things extends object>(things: Things): Things => {
    const wrapped = Object.entries(things).map(([name, act]) => [
      name,
      typeof act !== 'function'
        ? act
        : async (...args: unknown[]) => (pass() === 'alive' ? act(...args) : never()),
    ]);
    return Object.fromEntries(wrapped) as Things;
  };
  return { death, pass, mortal };
}

/** What a dead run hears. */
export function never(): Promise<never> {
  return new Promise(() => undefined);
}
