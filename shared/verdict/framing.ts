// Is a full's last volume all there, and its manifest?
import type { BackupSet } from '../duplicity/backup-set.ts';
import type { Finding, OpenedBy } from './finding.ts';

/**
 * A file that ends before its OpenPGP message does was cut: `maybe-truncated`. Where some of the full was read, what
 * could not be told of the rest is information.
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
  const severity = files.length > 0 ? 'warning' : 'info';
  return [{ kind: 'maybe-truncated', severity, startedAt, by: 'framing', files, untold }];
}
