// What a finding says, and what to do about it, in words that suffice at 3 am.
import { type Host, kitName } from '../config/config.ts';
import type { BackupSet } from '../duplicity/backup-set.ts';
import { parseFileName } from '../duplicity/file-name.ts';
import type { Instant } from '../duplicity/time.ts';
import type {
  Finding,
  FindingKind,
  FindingOf,
  NamesShown,
  OpenedBy,
  SetTimes,
} from '../rules/finding.ts';
import type { Judgement } from '../rules/judge.ts';
import {
  formatCold,
  formatCopied,
  formatDamage,
  formatExpiring,
  formatFlaws,
  formatFraming,
  formatNames,
  formatTampered,
  nameSet,
  onHost,
  stepAfterCopying,
  stepAfterTampering,
  stepBeforeLoss,
} from './loss-text.ts';
import {
  count,
  formatBytes,
  formatDuration,
  formatInstant,
  formatOpeners,
  formatShare,
  formatTime,
  inZone,
  listSome,
  quoteName,
  quoteWord,
  toAscii,
} from './plain-text.ts';
import {
  formatChainSetting,
  formatElsewhere,
  formatMissing,
  formatSetsElsewhere,
  formatSetting,
  isOfLaterDay,
  type Zoned,
} from './setting-text.ts';

/** The text and the next step of one kind. */
type FindingText<Kind extends FindingKind> = {
  /** One sentence or two, ASCII, names escaped; without the host and the kind. */
  readonly text: (finding: FindingOf<Kind>, zoned: Zoned) => string;
  /** The command or the step that comes next; without it there is nothing to do. */
  readonly step?: (finding: FindingOf<Kind>, judgement: Judgement) => string | undefined;
  /** What it is about: one more of these is news. Without it there is one such problem of a host, however long it lasts. */
  readonly subjects?: (finding: FindingOf<Kind>, judgement: Judgement) => readonly string[];
};

type Step = (finding: unknown, judgement: Judgement) => string;

const backUp: Step = (_, { host }) => onHost(host, 'sudo rollcall-backup run');
const checkHost: Step = (_, { host }) => onHost(host, 'sudo rollcall-backup check');
const showTargets: Step = (_, { host }) => onHost(host, 'cat /etc/backup-targets');
const makeFull: Step = (_, { host }) =>
  `make a full backup on ${host.name}: the next incremental may restore nothing either`;
const tryRestore: Step = (_, { host }) => `restore ${kitName(host)} fetch PATH OUT`;
const byWindow = (_: unknown, { window }: Judgement) => [window.date];
/** Names are shown three at a time: twice as many are news too. */
const byName = ({ names, count: all }: NamesShown) => [
  ...names,
  `${2 ** Math.floor(Math.log2(all))} or more`,
];
const bySet = ({ startedAt }: { readonly startedAt: Instant }) => [isoOf(startedAt)];
const byNewest = ({ sets }: Judgement, is: (set: BackupSet) => boolean) =>
  sets.filter(is).slice(-1).flatMap(bySet);
const isoOf = (at: Instant) => new Date(at).toISOString();
function setOfKey(key: string, { target, filePrefix }: Host): string {
  const name = parseFileName(key.slice(target.prefix.length), filePrefix);
  const startedAt = name?.end ?? name?.time;
  return startedAt === undefined ? key : isoOf(startedAt);
}

const TEXT_OF: { readonly [Kind in FindingKind]: FindingText<Kind> } = {
  tampered: {
    text: formatTampered,
    step: stepAfterTampering,
    // One by one the files of a set go, and come back: it is one thing.
    subjects: ({ sets, seals, removals }, { host }) => [
      ...new Set([
        ...[...sets, ...seals].flatMap(bySet),
        ...removals.map(({ key }) => setOfKey(key, host)),
      ]),
    ],
  },
  unreadable: {
    text: ({ reason }) => `could not check: ${reason}. This is not an all-clear`,
    step: ({ hint }) => hint,
    subjects: byWindow,
  },
  damaged: {
    text: (finding, zoned) =>
      `${formatSet(finding, zoned)} has all of its files, and is not good: ${formatDamage(finding)}. It can NOT be relied on`,
    step: backUp,
    subjects: bySet,
  },
  'chain-broken': {
    text: ({ lacksAt, isThere, why = 'builds on', empty, ...set }, zoned) => {
      const until =
        empty === undefined ? '' : `, once ${quoteName(empty)} is removed, which is empty`;
      const lacks = `the set of ${zoned.when(lacksAt)}`;
      const because = {
        another: `${lacks} is in its way, written by a second machine, or after signatures were lost`,
        'no signatures': `it has no signatures, and duplicity takes the set before it${until}`,
        'builds on': `it builds on ${lacks}, which is ${isThere ? 'not good' : 'not there'}`,
      }[why];
      const { lastGood, when } = zoned;
      const newest =
        lastGood === undefined
          ? 'Nothing in the bucket restores'
          : `The newest state that restores is of ${when(lastGood.startedAt)}`;
      return `${formatSet(set, zoned)} restores nothing: ${because}. ${newest}`;
    },
    step: makeFull,
    subjects: bySet,
  },
  missing: {
    text: formatMissing,
    step: (finding, judgement) =>
      isOfLaterDay(judgement)
        ? `rollcall ack ${judgement.host.name} missing`
        : backUp(finding, judgement),
    subjects: byWindow,
  },
  incomplete: {
    text: (finding, zoned) =>
      [
        `${formatSet(finding, zoned)} is incomplete: ${formatFlaws(finding)}. It can NOT be relied on`,
        ...(finding.arriving ? ['Files of it still arrive'] : []),
        ...formatSetting(finding.setting, zoned),
      ].join('. '),
    // A second run would be in the way of the first.
    step: (finding, judgement) => (finding.arriving ? undefined : backUp(finding, judgement)),
    subjects: byWindow,
  },
  poisoned: {
    text: (names) =>
      `duplicity crashes on ${formatNames(names)}; restores fail until these objects are removed${parityHint(names)}`,
    step: (names, { host }) => stepToRemove(names, host),
    subjects: byName,
  },
  incremental: {
    text: ({ count: all, name, startedAt }, { at, host, when }) =>
      `${count(all, 'incremental set')}, the first ${quoteName(name)} of ${when(startedAt)} (${formatDuration(at - startedAt)} ago); only fulls should occur. ${formatChainSetting(host)}`,
    step: backUp,
    subjects: (_, judgement) => byNewest(judgement, ({ type }) => type === 'inc'),
  },
  unencrypted: {
    text: (names) => `${count(names.count, 'object')} without encryption: ${formatNames(names)}`,
    step: checkHost,
    // Each night's is news, whatever lies there of the nights before.
    subjects: (names, judgement) => [
      ...byName(names),
      ...byNewest(judgement, ({ encrypted }) => !encrypted),
    ],
  },
  'wrong-recipient': {
    text: ({ untold, files }) =>
      untold === undefined ? files.map(formatOpenedBy).join('; ') : INCONCLUSIVE[untold],
    step: checkHost,
    subjects: ({ files }) => files.map(({ name }) => name),
  },
  expiring: {
    text: (finding, zoned) => formatExpiring(finding, formatSet(finding, zoned), zoned),
    step: stepBeforeLoss,
    // In its last 48 hours it is reported each day.
    subjects: (finding, { window }) => [
      ...bySet(finding),
      ...(finding.urgent ? [window.date] : []),
    ],
  },
  never: {
    text: ({ severity }, judgement) =>
      severity === 'info'
        ? formatNotOwed(judgement)
        : [
            'in the config, and no duplicity backup was ever seen in its target',
            ...formatElsewhere(judgement),
          ].join('. '),
    step: checkHost,
    subjects: byWindow,
  },
  late: {
    text: ({ volumes, lastArrivalAt, hardDueAt, ...set }, zoned) => {
      const { zone, window, when } = zoned;
      // With its date where it is not the window's own day.
      const until =
        hardDueAt < window.endsAt ? `at ${formatTime(hardDueAt, zone)}` : `on ${when(hardDueAt)}`;
      return `still uploading: ${count(volumes, 'volume')} of ${formatSet(set, zoned)}, the last at ${formatTime(lastArrivalAt, zone)}; counts as missed ${until}`;
    },
    subjects: byWindow,
  },
  'window-mismatch': {
    // The setting is by the clock of the host.
    text: ({ fulls, setting, days }, { host, window, at, zone }) => {
      const began = fulls.map(({ startedAt }) => formatInstant(startedAt, host.timezone, at));
      const [opens, due] = [window.opensAt, window.dueAt].map((one) =>
        formatTime(one, host.timezone),
      );
      const line = [`window: { ${setting} }`, ...(days === undefined ? [] : [days])].join(', ');
      return `backups come, and not in the window: the last ${fulls.length} began ${began.join(', ')}${inZone(host, zone)}, and the window is ${opens} to ${due}. ${formatSetting(line, { host })}`;
    },
    step: () => 'change the window in hosts.yml, or the time of the backup on the host',
  },
  'full-overdue': {
    text: ({ startedAt, fullEveryDays }, { at, when }) =>
      `the newest full is of ${when(startedAt)} (${formatDuration(at - startedAt)} ago), and hosts.yml promises one each ${count(fullEveryDays, 'day')}: incrementals come, and the full does not`,
    step: (_, { host }) => `make a full backup on ${host.name}`,
  },
  copied: {
    text: formatCopied,
    step: stepAfterCopying,
    subjects: ({ sets }) => sets.flatMap(bySet),
  },
  'no-signatures': {
    text: ({ empty, ...set }, zoned) =>
      empty === undefined
        ? `${formatSet(set, zoned)} has no signature archive: it restores, but cannot be listed`
        : `${formatSet(set, zoned)} restores only once ${quoteName(empty)} is removed: it is empty, and duplicity stops at it`,
    step: (finding, judgement) =>
      finding.empty === undefined
        ? tryRestore(finding, judgement)
        : stepToRemove({ names: [finding.empty], count: 1 }, judgement.host),
  },
  'maybe-truncated': {
    text: (finding) =>
      finding.by === 'size' ? formatTail(finding) : formatFraming(finding.files, finding.untold),
    step: (finding, judgement) =>
      (finding.by === 'framing' ? backUp : tryRestore)(finding, judgement),
    subjects: bySet,
  },
  shrunk: {
    text: ({ bytes, boundBytes, usualBytes }) =>
      usualBytes === undefined
        ? `${formatBytes(bytes)}, under the minimum of ${formatBytes(boundBytes)}`
        : `shrank to ${formatShare(bytes, usualBytes)}`,
    step: showTargets,
  },
  grew: {
    text: ({ bytes, usualBytes = 0 }) => `grew to ${formatShare(bytes, usualBytes)}`,
    step: showTargets,
  },
  'clock-skew': {
    text: ({ aheadMs, ...set }, zoned) =>
      aheadMs > 0
        ? `the name of ${formatSet(set, zoned)} is ${formatDuration(aheadMs)} ahead of S3's clock: the host's clock is wrong, or the name is forged`
        : `${formatSet(set, zoned)} was written ${formatDuration(-aheadMs)} after the time in its name: it was copied there, the host's clock is wrong, or the name is forged`,
    step: (_, { host }) => onHost(host, 'timedatectl'),
  },
  resumed: {
    text: ({ severity, startedAt, finishedAt, ...names }, zoned) => {
      const set = formatSet({ startedAt }, zoned);
      const because =
        severity === 'info'
          ? `before that ${count(names.count, 'file')} changed (${formatNames(names)}), as duplicity does it`
          : 'what changed on the host in between may be missing from it, and from all incrementals until the next full';
      return `${set} was killed and resumed, and finished ${zoned.when(finishedAt)}: ${because}`;
    },
    step: (_, { host }) => `make a full backup on ${host.name}`,
    subjects: bySet,
  },
  'duplicate-full': {
    text: ({ fulls }, { zone }) =>
      `${fulls.length} fulls in one window: ${fulls.map((full) => `${formatTime(full.startedAt, zone)}${full.completedAt === undefined ? ' (not complete)' : ''}`).join(', ')}`,
  },
  overlapping: {
    text: ({ sets, count: all }, zoned) =>
      `${count(all, 'set')} arrived at the same time: ${listSome(sets.map(formatRun(zoned)), all)}. Do two machines write here? Each needs a target of its own`,
  },
  cold: {
    text: ({ files, storageClasses, ...set }, zoned) =>
      `the last good copy, ${formatSet(set, zoned)}, has ${count(files, 'file')} in ${formatCold(storageClasses)}`,
  },
  parity: {
    text: (names) =>
      `every file has parity of par2+: ${count(names.count, 'object')} such as ${quoteName(names.names[0] ?? '')}. A restore needs par2 too, or restore-set first`,
  },
  foreign: {
    text: (found, judgement) => {
      const { elsewhere, timeSeparator } = found;
      const isBackup = elsewhere !== undefined || timeSeparator !== undefined;
      const what = isBackup ? 'with names that are not counted' : 'that duplicity did not write';
      const names = `${count(found.count, 'object')} ${what}: ${formatNames(found)}`;
      return [names, ...formatSetsElsewhere(found, judgement)].join('; ');
    },
  },
  paused: {
    text: ({ until, because }) => `paused until ${until}: ${quoteName(because)}`,
  },
};

/** Each row takes the findings of its own kind, which the compiler loses sight of when the row is looked up. */
function textOf({ kind }: Finding): FindingText<FindingKind> {
  return TEXT_OF[kind] as FindingText<FindingKind>;
}

/**
 * One sentence or two, ASCII, names escaped; without the host and the kind. Times are those of `zone`, an IANA time
 * zone that the message names once: not the host's own, or one mail would have times of several zones.
 */
export function describeFinding(finding: Finding, judgement: Judgement, zone: string): string {
  const when = (at: Instant) => formatInstant(at, zone, judgement.at);
  return textOf(finding).text(finding, { ...judgement, zone, when });
}

/** The command or the step that comes next; nothing where there is nothing to do. */
export function nextStep(finding: Finding, judgement: Judgement): string | undefined {
  return finding.severity === 'info' ? undefined : textOf(finding).step?.(finding, judgement);
}

/** What it is about, safe to show: windows, sets or names. */
export function subjectsOf(finding: Finding, judgement: Judgement): string[] {
  const subjects = textOf(finding).subjects?.(finding, judgement) ?? [];
  return subjects.map((subject) => toAscii(subject).slice(0, 200));
}

const INCONCLUSIVE = {
  hidden: 'its recipients are hidden, so it is not known whether they are the ones in the config',
  'not read':
    'nothing of it was opened, so its recipients were not compared with the config, and whether a file was cut is not known',
};

function formatOpenedBy({ name, reads, ...openers }: OpenedBy): string {
  return reads === 'openpgp'
    ? `${quoteName(name)} is encrypted to ${formatOpeners(openers)}, which is not what the config says`
    : `${quoteName(name)} is no encrypted OpenPGP message, whatever its name says (${reads})`;
}

/** Names are hostile: one that a terminal would not show as it is goes into no command. */
function stepToRemove({ names, count: all }: NamesShown, { target }: Host): string {
  const keys = names.map((name) => `${target.prefix}${name}`);
  if (all > keys.length || !keys.every((key) => /^[\x20-\x7e]+$/.test(key)))
    return 'look at each, and remove them: docs/runbook.md#poisoned';
  const remove = `aws --profile break-glass s3api delete-object --bucket ${target.bucket} --key`;
  return keys.map((key) => `${remove} ${quoteWord(key)}`).join(' && ');
}

/** The set of the judgement that began then. */
function formatSet({ startedAt }: { readonly startedAt: Instant }, zoned: Zoned): string {
  const { type = 'full' } = zoned.sets.findLast((one) => one.startedAt === startedAt) ?? {};
  return nameSet({ type, startedAt }, zoned);
}

function formatNotOwed({ host: { since }, window, sets }: Judgement): string {
  const date = since === undefined || since <= window.date ? undefined : since;
  return sets.length > 0
    ? `no backup is owed before ${date ?? 'its next window'}`
    : `no backup yet; none is owed before ${date ?? 'its first window'}`;
}

/** One planted file is the same to duplicity as those that a host wrote when par2+ was turned on. */
function parityHint({ names }: NamesShown): string {
  return names.length > 0 && names.every((name) => name.endsWith('.par2'))
    ? '. They are parity of par2+, which not every file has: it is harmless where every file of every set has it'
    : '';
}

type ByVolumes = Extract<FindingOf<'maybe-truncated'>, { by: 'size' }>;

function formatTail({ severity, volumes, volumesBefore, bytesFewer = 0 }: ByVolumes): string {
  const full = `the last of ${count(volumes, 'volume')} is as big as the others`;
  if (severity === 'info') return `${full}: so it is in one of twenty fulls`;
  const than =
    volumesBefore !== undefined && volumesBefore > volumes
      ? `a full of before had ${count(volumesBefore, 'volume')}`
      : `a full of before had ${formatBytes(bytesFewer)} more`;
  return `${full}, and ${than}: a later one may be lost; a restore proves it`;
}

function formatRun({ zone, when }: Zoned): (set: SetTimes) => string {
  return ({ startedAt, completedAt }) => {
    const until = completedAt === undefined ? 'not complete' : formatTime(completedAt, zone);
    return `${when(startedAt)} (${until})`;
  };
}
