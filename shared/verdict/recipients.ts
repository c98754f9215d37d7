// Is a full encrypted to the roll's keys, and to nobody else?
import { keyIdOf } from '../openpgp/key-id.ts';
import { HIDDEN_RECIPIENT } from '../openpgp/message-head.ts';
import type { Finding, OpenedBy } from './finding.ts';

/**
 * Compares who can open a full with the roll's key ids and fingerprints, by the id that stands in a
 * message. A key that is not on the roll, a passphrase, or no encryption at all is `wrong-recipient`.
 * Hidden recipients cannot be told apart, and nothing read tells nothing: both are information.
 */
export function judgeRecipients(
  opened: readonly OpenedBy[],
  recipients: readonly string[],
): Finding[] {
  if (recipients.length === 0) return [];
  const known = recipients.map(keyIdOf);
  const isWrong = ({ reads, recipients: ids, symmetric }: OpenedBy) =>
    reads !== 'openpgp' ||
    symmetric > 0 ||
    ids.some((id) => id !== HIDDEN_RECIPIENT && !known.includes(id));
  const files = opened.filter(isWrong);
  if (files.length > 0) {
    return [{ kind: 'wrong-recipient', severity: 'critical', files, untold: undefined }];
  }
  const hidden = opened.some(({ recipients: ids }) => ids.includes(HIDDEN_RECIPIENT));
  if (opened.length > 0 && !hidden) return [];
  const untold = hidden ? 'hidden' : 'not read';
  return [{ kind: 'wrong-recipient', severity: 'info', files: [], untold }];
}
