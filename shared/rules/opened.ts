// What the first and the last bytes of a full's files say: who can open it, and whether it is all there.

import type { BackupSet } from '../duplicity/backup-set.ts';
import { HIDDEN_RECIPIENT } from '../openpgp/message.ts';
import { keyIdOf } from '../openpgp/public-key.ts';
import type { Finding, OpenedBy } from './finding.ts';

/**
 * Compares who can open a full with the config's key ids and fingerprints, by the id that stands in a
 * message. A key that is not in the config, a passphrase, or no encryption at all is `wrong-recipient`.
 * Hidden recipients cannot be told apart, and a full that was not read proves nothing: both are information.
 */
export function judgeRecipients(
  { startedAt }: Pick<BackupSet, 'startedAt'>,
  opened: readonly OpenedBy[],
  recipients: readonly string[],
): Finding[] {
  if (recipients.length === 0) return [];
  const files = wrongAmong(opened, recipients);
  if (files.length > 0) {
    return [{ kind: 'wrong-recipient', severity: 'critical', startedAt, files, untold: undefined }];
  }
  const hidden = opened.some(({ recipients: ids }) => ids.includes(HIDDEN_RECIPIENT));
  if (opened.length > 0 && !hidden) return [];
  const untold = hidden ? 'hidden' : 'not read';
  return [{ kind: 'wrong-recipient', severity: 'info', startedAt, files: [], untold }];
}

function wrongAmong(opened: readonly OpenedBy[], recipients: readonly string[]): OpenedBy[] {
  const known = recipients.map(keyIdOf);
  return opened.filter(
    ({ reads, recipients: ids, symmetric }) =>
      reads !== 'openpgp' ||
      symmetric > 0 ||
      ids.some((id) => id !== HIDDEN_RECIPIENT && !known.includes(id)),
  );
}

/** Nothing that was read says that somebody else opens it, or that it was cut. */
export function isAsItShould(opened: readonly OpenedBy[], recipients: readonly string[]): boolean {
  const isCut = opened.some(({ ending }) => ending === 'truncated');
  return !isCut && (recipients.length === 0 || wrongAmong(opened, recipients).length === 0);
}

/** Its manifest, its first and its last volume were read, and nothing of them speaks against it: no doubt is left either. */
export function isReadAgain(
  { openers }: BackupSet,
  opened: readonly OpenedBy[],
  recipients: readonly string[],
): boolean {
  const endings = new Map(opened.map(({ name, ending }) => [name, ending]));
  const isWhole = ({ name, of }: BackupSet['openers'][number]) =>
    endings.has(name) && (of === 'first' || endings.get(name) === 'whole');
  const isEncrypted = recipients.length > 0 && openers.length > 1;
  return isEncrypted && isAsItShould(opened, recipients) && openers.every(isWhole);
}

/**
 * A file that ends before its OpenPGP message does was cut: `maybe-truncated`. Where some of the full was read, what
 * could not be checked of the rest is information.
 */
export function judgeFraming(
  { startedAt, openers }: BackupSet,
  read: readonly OpenedBy[],
): Finding[] {
  if (read.length === 0) return [];
  const endings = new Map(read.map(({ name, ending }) => [name, ending]));
  const namesThat = (ending: OpenedBy['ending']) =>
    openers.flatMap(({ name, of }) =>
      (endings.get(name) ?? (of === 'first' ? 'whole' : 'cannot tell')) === ending ? [name] : [],
    );
  const [files, untold] = [namesThat('truncated'), namesThat('cannot tell')];
  if (files.length + untold.length === 0) return [];
  const severity = files.length > 0 ? 'critical' : 'info';
  return [{ kind: 'maybe-truncated', severity, startedAt, by: 'framing', files, untold }];
}
