// Waits for the one mail that says all of some words, wherever its lines break.
import { expect } from 'vitest';
import type { Mail, Ministack } from '../support/ministack.ts';

/** Asked again for half a minute; a failure shows the subjects of all mails. */
export const expectOneMailWith = (ministack: Ministack, words: readonly string[]) =>
  expect
    .poll(
      async () => {
        const mails = await ministack.mails();
        const found = mails.filter((mail) => says(mail, words)).length;
        const subjects = mails.map(({ Subject }) => Subject);
        return found === 1 ? 'one' : [`${found} of these mails:`, ...subjects].join('\n');
      },
      { timeout: 30_000, interval: 200, message: `mails with ${words.join(' and ')}` },
    )
    .toBe('one');

const says = ({ Subject, BodyText }: Mail, words: readonly string[]): boolean =>
  words.every((word) => `${Subject}\n${BodyText}`.replace(/\s+/g, ' ').includes(word));
