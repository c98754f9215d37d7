// What was done to a set or is wrong with it, and the command that gets it back.
import { type Host, kitName } from '../config/config.ts';
import { DAY, formatWrittenTime, type Instant, spanOf } from '../duplicity/time.ts';
import { coldAmong, type Inconclusive } from '../duplicity/versions.ts';
import {
  type ChangedFull,
  type FindingKind,
  type FindingOf,
  type NamesShown,
  type Removal,
  showNames,
  type TamperedSet,
} from '../rules/finding.ts';
import type { Judgement } from '../rules/judge.ts';
import {
  capitalize,
  count,
  formatBytes,
  formatDate,
  formatDuration,
  formatInstant,
  formatNumbers,
  listSome,
  nameType,
  quoteName,
} from './plain-text.ts';
import { formatSetting, type Zoned } from './setting-text.ts';

type Tampered = FindingOf<'tampered'>;

/** Which files, what happened to them and when, and whether the good versions are still there. */
export function formatTampered(finding: Tampered, zoned: Zoned): string {
  const { removals, sets, seals: changed, untold, setting } = finding;
  const texts =
    untold === undefined
      ? [
          ...(removals.length > 0 ? [formatRemovals(removals, zoned)] : []),
          ...formatTamperedSets(sets, zoned),
          ...changed.map((change) => formatChange(change, zoned)),
        ]
      : [INCONCLUSIVE[untold]];
  const sentences = texts.map((text, index) => (index === 0 ? text : capitalize(text)));
  return [...sentences, ...formatSetting(setting, zoned)].join('. ');
}

/** `the full of Mon 23 Nov 02:14`; of a host that writes chains it may be an incremental. */
export function nameSet(
  { type, startedAt }: { readonly type: 'full' | 'inc'; readonly startedAt: Instant },
  { when }: Pick<Zoned, 'when'>,
): string {
  return `the ${nameType(type)} of ${when(startedAt)}`;
}

/** Why tampering could not be checked. */
export const INCONCLUSIVE: Readonly<Record<Inconclusive, string>> = {
  denied:
    'cannot be checked: versions may not be listed, so an overwritten or hidden backup would not show; allow s3:ListBucketVersions',
  'not offered':
    'cannot be checked: this endpoint lists no versions, so an overwritten or hidden backup would not show',
  'not kept':
    'cannot be checked: the bucket keeps no versions, so an overwritten backup is lost without a trace; turn versioning on',
};

/** Anyone who did it is stopped first; what is only hidden comes back in place, what was overwritten by a restore. */
export function stepAfterTampering(
  { removals, sets, seals: changed, untold }: Tampered,
  { host }: Judgement,
): string | undefined {
  if (untold !== undefined) return undefined;
  // Of a set with a file that is gone for good the old versions are no backup.
  const isWhole = ({ startedAt }: (typeof sets)[number]) =>
    !removals.some(
      ({ left, key }) => left === 'version' && key.includes(formatWrittenTime(startedAt)),
    );
  const stop = `disable ${sets.length + changed.length > 0 ? "the host's" : 'that'} key, then`;
  const overwritten = sets.find((set) => set.overwritten.count > 0 && isWhole(set));
  if (overwritten !== undefined) {
    return `${stop} restore the old versions: restore-set ${kitName(host)} ${formatWrittenTime(overwritten.startedAt)} ./set`;
  }
  const hidden = sets.find((set) => set.hidden.count > set.lost && isWhole(set));
  return hidden === undefined
    ? `${stop} look: rollcall check --deep --host ${host.name}`
    : `${stop}: rollcall undelete ${host.name} ${formatWrittenTime(hidden.startedAt)}`;
}

type Copied = FindingOf<'copied'>;

/** Which sets, to which class and when, and whether anybody knows what is in them. */
export function formatCopied({ sets }: Copied, zoned: Zoned): string {
  const copies = sets.slice(0, COPIES_SHOWN).map((one) => {
    const to = one.storageClass === undefined ? '' : ` to ${one.storageClass}`;
    return `${nameSet(one, zoned)} was copied in place${to}, ${zoned.when(one.lastAt)}`;
  });
  const which = listSome(copies, sets.length);
  if (sets.every(({ isRead }) => isRead)) {
    return `${which}: its first and last bytes were read again, and are as they should`;
  }
  const why = zoned.host.recipients.length === 0 ? ' (for that the config needs recipients)' : '';
  return `${which}: it counts for nothing before its first and last bytes were read again${why}`;
}

const COPIES_SHOWN = 3;

/** A restore proves what is in it, and so does a look at its bytes, which is made again and again. */
export function stepAfterCopying({ sets }: Copied, { host }: Judgement): string | undefined {
  const unproven = sets.find(({ isRead }) => !isRead);
  if (unproven === undefined) return undefined;
  return host.recipients.length === 0
    ? `write the recipients of ${host.name} into hosts.yml and deploy: then its bytes are read`
    : `restore ${kitName(host)} fetch PATH OUT ${formatWrittenTime(unproven.startedAt)}`;
}

/** Who it was stands with each change, below. */
function formatRemovals(removals: readonly Removal[], zoned: Zoned): string {
  const { firstAt, lastAt } = spanOf(removals.map(({ at }) => at));
  const left = Object.entries(LEFT).flatMap(([kind, words]) => {
    const own = removals.filter((one) => one.left === kind);
    return own.length === 0 ? [] : [`${count(own.length, 'version')} ${words}`];
  });
  return `${formatFiles(showNames(removals.map(({ key }) => key)), 'removed')}, ${formatSpan(firstAt, lastAt, zoned)}; ${left.join(', ')}`;
}

const LEFT = {
  version: 'gone for good',
  marker: 'still there under a delete marker',
  unknown: 'of which it is not known whether they are there',
};

function formatSpan(first: Instant, last: Instant, { when }: Zoned): string {
  const [from, to] = [when(first), when(last)];
  return from === to ? from : `${from} to ${to}`;
}

const SETS_SHOWN = 3;

/** Many sets at once are summed up: a mail of them all is not read. */
function formatTamperedSets(sets: readonly TamperedSet[], zoned: Zoned): string[] {
  const shown = sets.length > SETS_SHOWN + 1 ? sets.slice(0, SETS_SHOWN) : sets;
  const more = sets.slice(shown.length);
  const texts = shown.map((set) => formatTamperedSet(set, zoned));
  const [first, last] = [more[0], more.at(-1)];
  if (first === undefined || last === undefined) return texts;
  const sum = (of: (set: TamperedSet) => number) => more.reduce((all, set) => all + of(set), 0);
  const changes = [
    [sum(({ overwritten }) => overwritten.count), 'overwritten'],
    [sum(({ hidden }) => hidden.count), 'hidden by a delete marker'],
    [sum(({ lost }) => lost), 'of which the good version is gone'],
  ] as const;
  const what = changes.flatMap(([files, how]) =>
    files > 0 ? `${count(files, 'file')} ${how}` : [],
  );
  const when = formatSpan(first.startedAt, last.startedAt, zoned);
  return [...texts, `${more.length} more sets were changed, of ${when}: ${what.join(', ')}`];
}

function formatTamperedSet(set: TamperedSet, zoned: Zoned): string {
  const { overwritten, hidden, lost } = set;
  const changes = [
    ...(overwritten.count > 0 ? [formatFiles(overwritten, 'overwritten')] : []),
    ...(hidden.count > 0 ? [formatFiles(hidden, 'hidden by a delete marker')] : []),
  ];
  const left =
    lost === 0
      ? `${overwritten.count + hidden.count === 1 ? 'its good version is' : 'their good versions are'} still there`
      : `of ${count(lost, 'file')} the good version is gone`;
  return `after ${nameSet(set, zoned)} was finished, ${changes.join(' and ')}, ${formatSpan(set.firstAt, set.lastAt, zoned)}; ${left}`;
}

function formatChange({ startedAt, basedOn, sealedAt, ...change }: ChangedFull, zoned: Zoned) {
  const size = (files: number, bytes: number) => `${count(files, 'file')}, ${formatBytes(bytes)}`;
  const then = `${size(change.filesThen, change.bytesThen)} when it was recorded ${zoned.when(sealedAt)}`;
  const left =
    change.filesNow === 0
      ? 'is gone, and no lifecycle rule took it'
      : `is not what it was: now ${size(change.filesNow, change.bytesNow)}, not the same files`;
  const type = basedOn === undefined ? 'full' : 'inc';
  return `${nameSet({ type, startedAt }, zoned)} ${left}; it had ${then}`;
}

function formatFiles(files: NamesShown, change: string): string {
  const were = files.count === 1 ? 'was' : 'were';
  return `${count(files.count, 'file')} ${were} ${change} (${formatNames(files)})`;
}

type Expiring = FindingOf<'expiring'>;

/** When it is hidden, in how long, and until when it can be brought back. */
export function formatExpiring(finding: Expiring, set: string, { at, when }: Zoned): string {
  const { hiddenAt, goneAt, by, stampedAt } = finding;
  const forGood = goneAt === hiddenAt ? ', for good' : '';
  const back = goneAt === undefined ? '' : forGood || `; recoverable until ${when(goneAt)}`;
  const copy = `the last good copy, ${set},`;
  if (hiddenAt <= at) return `${copy} was hidden ${when(hiddenAt)}${back}`;
  const sources = [
    ...(by === 'roll'
      ? ["That is by the config's keepDays: the bucket's own rules are not known"]
      : []),
    ...(stampedAt === undefined || Math.abs(stampedAt - hiddenAt) <= DAY
      ? []
      : [
          `S3 itself says ${when(stampedAt)} of its first volume: the rules are not what they seem`,
        ]),
  ];
  const text = `${copy} is hidden by lifecycle ${when(hiddenAt)}, in ${formatDuration(hiddenAt - at)}${back}`;
  return [text, ...sources].join('. ');
}

/** A command on a host, as it is pasted. A host that is named by a path is not known to ssh by that name. */
export function onHost({ name }: Host, command: string): string {
  return name.includes('/') ? `${command}   # on ${name}` : `ssh ${name} '${command}'`;
}

/** A new backup while there is time for one; then the hidden one has to come back. */
export function stepBeforeLoss({ startedAt, hiddenAt }: Expiring, { at, host }: Judgement): string {
  return hiddenAt > at
    ? onHost(host, 'sudo rollcall-backup run')
    : `rollcall undelete ${host.name} ${formatWrittenTime(startedAt)}`;
}

/** `GLACIER: a restore must thaw it first, some minutes to 12 hours`; the slowest class counts. */
export function formatCold(storageClasses: readonly string[]): string {
  const isDeep = storageClasses[0]?.startsWith('DEEP') ?? false;
  const wait = isDeep ? '12 to 48 hours' : 'some minutes to 12 hours';
  return `${storageClasses.join(' and ')}: a restore must thaw it first, ${wait}`;
}

/** Their own words say that there is no good copy, or that nobody knows. */
const SAYS_NONE: readonly FindingKind[] = ['missing', 'never', 'chain-broken', 'unreadable'];

/** `Last good copy: Sat 21 Nov 02:14, 31 volumes, 5.9 GiB - hidden by lifecycle Sat 28 Nov, ...`. */
export function formatLastGood(
  { lastGood, countdown, at, findings: [worst] }: Judgement,
  zone: string,
): string | undefined {
  const set = lastGood ?? countdown?.set;
  if (set === undefined) {
    const isSaid = worst?.severity !== 'critical' || SAYS_NONE.includes(worst.kind);
    return isSaid ? undefined : 'No other good copy is in the bucket.';
  }
  const size = `${count(set.volumes?.count ?? 0, 'volume')}, ${formatBytes(set.bytes)}`;
  const classes = coldAmong(set.storageClasses);
  const cold = classes.length === 0 ? '' : `, in ${formatCold(classes)}`;
  const copy = `Last good copy: ${formatInstant(set.startedAt, zone, at)}, ${size}${cold}`;
  if (countdown === undefined || countdown.set.startedAt !== set.startedAt) return `${copy}.`;
  const { hiddenAt, goneAt, by } = countdown;
  const on = (instant: number) => formatDate(instant, zone, at);
  if (goneAt === hiddenAt) return `${copy} - deleted by lifecycle ${on(hiddenAt)}, for good.`;
  const back = goneAt === undefined ? '' : `, recoverable until ${on(goneAt)}`;
  if (hiddenAt <= at) return `${copy} - hidden since ${on(hiddenAt)}${back}.`;
  const doubt = by === 'roll' ? " (by the config's keepDays)" : '';
  return `${copy} - hidden by lifecycle ${on(hiddenAt)}${doubt}${back}.`;
}

/** `volume 7 of 31 is missing; its manifest never arrived`. */
export function formatFlaws(finding: FindingOf<'incomplete'>): string {
  const { volumes, missingVolumes, emptyVolumes, manifest, arriving } = finding;
  const total = volumes + missingVolumes.length;
  const flaws = [
    ...volumesAre(missingVolumes, `of ${total}`, 'missing'),
    ...volumesAre(emptyVolumes, `of ${total}`, 'empty'),
  ];
  if (flaws.length === 0)
    flaws.push(`${volumes === 0 ? 'no volume' : count(volumes, 'volume')} arrived`);
  if (manifest === 'absent')
    flaws.push(arriving ? 'its manifest is not there yet' : 'its manifest never arrived');
  if (manifest === 'empty') flaws.push('its manifest is empty');
  return flaws.join('; ');
}

/** `volumes 3-5 of 31 are missing`; nothing of none. */
function volumesAre(numbers: readonly number[], of: string, what: string): string[] {
  if (numbers.length === 0) return [];
  const [noun, verb] = numbers.length === 1 ? ['volume', 'is'] : ['volumes', 'are'];
  return [[noun, formatNumbers(numbers), of, verb, what].filter(Boolean).join(' ')];
}

/** Why a set that has all of its files is not good. */
export function formatDamage({ aheadMs, oddVolumes, mixed }: FindingOf<'damaged'>): string {
  const why: string[] = [];
  if (mixed.count > 0)
    why.push(
      `two machines wrote it, one over the other (${formatNames(mixed)}); each machine needs a target of its own`,
    );
  why.push(...volumesAre(oddVolumes, '', 'far smaller than the others'));
  if (aheadMs > 0)
    why.push(
      `it was there ${formatDuration(aheadMs)} before the time in its name: the host's clock is ahead, or the name is forged`,
    );
  return why.join('; ');
}

/** Three names at most, quoted, and how many more. */
export function formatNames({ names, count: all }: NamesShown): string {
  return listSome(names.map(quoteName), all);
}

/** Which files were cut, and of which that is not known. */
export function formatFraming(files: readonly string[], untold: readonly string[]): string {
  const cut = files.map(
    (name) => `${quoteName(name)} ends before the message in it does: it was cut`,
  );
  const unknown =
    untold.length === 0
      ? []
      : [
          `whether ${untold.map(quoteName).join(' and ')} ends where it should cannot be checked: it is in cold storage, or its form does not show it`,
        ];
  return [...cut, ...unknown].join('; ');
}
