// The SDK draws how long it waits before it tries again: here it always draws nothing.
import { vi } from 'vitest';

/** As many tries as ever, one right behind the other; until `vi.restoreAllMocks()`. */
export function drawNoBackOff(): void {
  vi.spyOn(Math, 'random').mockReturnValue(0);
}
