// What else is found in a target, whether or not its window was answered.

import type { Host } from '../config/config.ts';
import type { BackupSet, Collection } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import { HIDDEN_RECIPIENT } from '../openpgp/message.ts';
import { keyIdOf } from '../openpgp/public-key.ts';
import { isIn, SKEW } from './answer.ts';
import { type Finding, type OpenedBy, showNames, timesOf } from './finding.ts';
import type { Fingerprint } from './fingerprints.ts';
import { judgeSize, judgeTail } from './size.ts';
import { type Window, windowBefore } from './window.ts';

const DAY = 86_400_000;
// The longest that one session is believed to take; the restore kit says the same (LONGEST_RUN).
const LONGEST_RUN = 36 * 3_600_000;

export function judgePoison({ poison }: Collection): Finding[] {
  const names = poison.flatMap((one) => one.names);
  return names.length === 0
    ? []
    : [{ kind: 'poisoned', severity: 'critical', ...showNames(names) }];
}

/**
 * Critical when one was written since the window before was judged; an older one is information for as long as it
 * lasts.
 */
export function judgeIncrementals(
  host: Host,
  sets: readonly BackupSet[],
  window: Window,
): Finding[] {
  const incrementals = sets.filter((set) => set.type === 'inc');
  const [first] = incrementals;
  if (first === undefined) return [];
  // The volumes of one that was killed are not listed, and may have come until now.
  const lastSignOf = (set: BackupSet) =>
    set.volumes === undefined && set.manifest === undefined
      ? set.startedAt + DAY
      : Math.max(set.startedAt, set.lastWriteAt);
  const judgedAt = windowBefore(host, window).dueAt;
  const isNew = incrementals.some((set) => lastSignOf(set) >= judgedAt);
  return [
    {
      kind: 'incremental',
      severity: isNew ? 'critical' : 'info',
      name: first.sample,
      startedAt: first.startedAt,
      count: incrementals.length,
    },
  ];
}

export function judgeEncryption({ unencrypted }: Collection): Finding[] {
  return unencrypted.length === 0
    ? []
    : [{ kind: 'unencrypted', severity: 'critical', ...showNames(unencrypted) }];
}

export function judgeAnswer(
  answer: BackupSet,
  sets: readonly BackupSet[],
  host: Host,
  fingerprints: readonly Fingerprint[],
): Finding[] {
  const unsigned: Finding[] = answer.hasSignatures
    ? []
    : [{ kind: 'no-signatures', severity: 'warning', startedAt: answer.startedAt }];
  return [...unsigned, ...judgeTail(answer), ...judgeSize(answer, sets, host.size, fingerprints)];
}

/**
 * A name and S3's clock disagree: a full is begun after its own manifest was written, or after now; or its manifest
 * came since the window opened, over 36 hours after the time in its name.
 */
export function judgeClocks(fulls: readonly BackupSet[], window: Window, now: Instant): Finding[] {
  return fulls.flatMap(({ startedAt, manifest }): Finding[] => {
    const writtenAt = Math.min(manifest?.writtenAt ?? now, now);
    const aheadMs = startedAt - writtenAt;
    const isAhead = aheadMs > SKEW && startedAt >= window.opensAt;
    const isNew = manifest !== undefined && writtenAt >= window.opensAt;
    return isAhead || (isNew && aheadMs < -LONGEST_RUN)
      ? [{ kind: 'clock-skew', severity: 'info', startedAt, aheadMs }]
      : [];
  });
}

export function judgeCount(fulls: readonly BackupSet[], window: Window): Finding[] {
  const begun = fulls.filter((set) => isIn(window, set.startedAt));
  return begun.length < 2
    ? []
    : [{ kind: 'duplicate-full', severity: 'info', fulls: begun.map(timesOf) }];
}

export function judgeForeign({ foreign }: Collection): Finding[] {
  return foreign.length === 0 ? [] : [{ kind: 'foreign', severity: 'info', ...showNames(foreign) }];
}

/**
 * Compares who can open a full with the config's key ids and fingerprints, by the id that stands in a
 * message. A key that is not in the config, a passphrase, or no encryption at all is `wrong-recipient`.
 * Hidden recipients cannot be told apart, and a full that was not read proves nothing: both are information.
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
  const severity = files.length > 0 ? 'warning' : 'info';
  return [{ kind: 'maybe-truncated', severity, startedAt, by: 'framing', files, untold }];
}
