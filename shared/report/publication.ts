// A message as a topic takes it: what each protocol can carry.
import type { Message } from './message.ts';

/**
 * The JSON of a publish with `MessageStructure: json`: the text for mail, and what a telephone can show.
 * Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
export function composePublication({ subject, text, sms }: Message): string {
  return JSON.stringify({
    default: text,
    sms: sms ?? subject,
  });
}
