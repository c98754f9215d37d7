// Waits for the mails that say all of some words, wherever their lines break.
import { expect } from 'vitest';
import type { Mail, Ministack } from '../support/ministack.ts';

/** What to expect of the mails with these words, such as `toHaveLength(1)`; asked again for half a minute. */
export const expectMailWith = (ministack: Ministack, words: readonly string[]) =>
  expect.poll(async () => (await ministack.mails()).filter((mail) => says(mail, words)), {
    timeout: 30_000,
    interval: 200,
    message: `a mail with ${words.join(' and ')}`,
  });

const says = ({ Subject, BodyText }: Mail, words: readonly string[]): boolean =>
  words.every((word) => `${Subject}\n${BodyText}`.replace(/\s+/g, ' ').includes(word));
