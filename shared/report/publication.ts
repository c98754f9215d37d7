// A message as a topic takes it: what each protocol can carry.
import type { Message } from './message.ts';

/**
 * The JSON of a publish with `MessageStructure: json`. The text is in it twice, for mail and for hooks, which SNS bounds together.
 * Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
export function composePublication({ subject, text, sms, urgency }: Message): string {
  return JSON.stringify({
    default: text,
    sms: sms ?? subject,
    https: JSON.stringify({ version: 1, urgency, subject, text }),
  });
}
