// Who can open a message, in words.
import { HIDDEN_RECIPIENT, type MessageHead } from '../openpgp/message-head.ts';
import { count } from './plain-text.ts';

/** `key 3C3227771D10B285 and a hidden key and 1 passphrase`, in the order of the packets. */
export function sayOpeners({
  recipients,
  symmetric,
}: Pick<MessageHead, 'recipients' | 'symmetric'>): string {
  const keys = recipients.map((id) => (id === HIDDEN_RECIPIENT ? 'a hidden key' : `key ${id}`));
  return [...keys, ...(symmetric === 0 ? [] : [count(symmetric, 'passphrase')])].join(' and ');
}
