// What would explain a finding: the line of hosts.yml that fits what came, or has it read.
import { CHAIN_SPARE_DAYS, type Host, writeKey, writeValue } from '../config/config.ts';
import type { FilePrefix } from '../duplicity/file-name.ts';
import { DAY, type Instant } from '../duplicity/time.ts';
import type { FindingOf } from '../rules/finding.ts';
import type { Judgement } from '../rules/judge.ts';
import { count, formatDuration, formatTime, inZone, quoteName } from './plain-text.ts';

/** A judgement, with its times on the clock of one zone. */
export type Zoned = Judgement & {
  readonly zone: string;
  /** `Mon 23 Nov 02:14`. */
  readonly when: (at: Instant) => string;
};

/** Since when nothing came, and what would explain it. */
export function formatMissing(
  { windowsMissed, strayed, setting }: FindingOf<'missing'>,
  zoned: Zoned,
): string {
  const { lastGood, at, host, window, zone, when } = zoned;
  const what = host.chain === undefined ? 'full backup' : 'backup';
  const windows = count(windowsMissed, 'window');
  const since =
    lastGood === undefined
      ? `no complete ${what} is in the bucket${windowsMissed > 1 ? ` (${windows})` : ''}`
      : isOfLaterDay(zoned)
        ? `no ${what} came for ${when(window.dueAt)} (${windows}). The one of ${when(lastGood.startedAt)} is good, and counts for another day`
        : `no ${what} since ${when(lastGood.startedAt)} (${formatDuration(at - lastGood.startedAt)}; ${windows})`;
  const strays = strayed.map(({ startedAt, completedAt = at }) => {
    const why = `A set begun ${when(startedAt)} was finished ${when(completedAt)}: it counts for neither day`;
    const plan = `If that is the plan, set "opens" in hosts.yml to before ${formatTime(startedAt, host.timezone)}${inZone(host, zone)}`;
    // Over a day apart no opening takes in both, and a name of a time to come is a wrong clock.
    const isPlan = completedAt >= startedAt && completedAt - startedAt < DAY;
    return isPlan ? `${why}. ${plan}` : why;
  });
  return [since, ...strays, ...formatSetting(setting, zoned), ...formatElsewhere(zoned)].join('. ');
}

/** The last good backup is of a day after that of the window: another one cannot be made for the window any more. */
export function isOfLaterDay({ lastGood, window }: Judgement): boolean {
  return lastGood !== undefined && lastGood.startedAt >= window.endsAt;
}

const CHAIN_DAYS = 31;

/** hosts.yml takes no chain that lifecycle would cut. */
export function formatChainSetting({ keepDays, keepLastGood }: Host): string {
  const least = CHAIN_DAYS + CHAIN_SPARE_DAYS;
  const keep = keepLastGood || keepDays >= least ? '' : `, and "keepDays: ${least}" at the top,`;
  return `If chains are the plan, write "chain: { fullEvery: ${CHAIN_DAYS}d }" for this host${keep} in hosts.yml`;
}

const WHY_SETTING: readonly (readonly [string, string])[] = [
  ['window: { grace', 'An earlier backup still arrives. If that is the plan'],
  ['prunes', 'If the host removes its own old backups'],
];

/** The line of hosts.yml that would explain what was found; nothing where none would. */
export function formatSetting(
  setting: string | undefined,
  { host }: Pick<Judgement, 'host'>,
): string[] {
  if (setting === undefined) return [];
  const [, why = 'If that is the plan'] =
    WHY_SETTING.find(([begin]) => setting.startsWith(begin)) ?? [];
  return [`${why}, write "${host.name}: { ${setting} }" in hosts.yml`];
}

/**
 * Where duplicity's backups lie that are not read, and the line of the config by which they are; nothing where there are
 * none, or none that are newer than the last good one.
 */
export function formatElsewhere(judgement: Judgement): string[] {
  const { findings, lastGood } = judgement;
  const found = findings.find(({ kind }) => kind === 'foreign');
  if (found?.kind !== 'foreign') return [];
  const [newest] = found.elsewhere ?? [];
  const isNews = (newest?.newestAt ?? 0) > (lastGood?.startedAt ?? 0);
  return isNews ? formatSetsElsewhere(found, judgement).slice(0, 1) : [];
}

/** The same of each place, and of names that no config helps with. */
export function formatSetsElsewhere(
  { elsewhere = [], placesElsewhere = 0, timeSeparator }: FindingOf<'foreign'>,
  { host, lastGood }: Pick<Judgement, 'host' | 'lastGood'>,
): string[] {
  const places = elsewhere.map(({ prefix, sets }, index) => {
    const isOwn = lastGood === undefined || prefix.archive === host.filePrefix.archive;
    const line = index === 0 && isOwn ? lineOfHost(prefix, host) : lineOfOther(prefix, host);
    const where =
      prefix.archive === '' ? 'without a prefix' : `behind ${quoteName(prefix.archive)}`;
    return `${count(sets, 'backup set')} ${where} ${sets === 1 ? 'is' : 'are'} not read; to change that, ${line}`;
  });
  if (placesElsewhere > elsewhere.length) {
    places.push(
      `backup sets in ${count(placesElsewhere - elsewhere.length, 'more place')} are not read`,
    );
  }
  if (timeSeparator === undefined) return places;
  const option = `--time-separator ${quoteName(timeSeparator)}`;
  return [
    ...places,
    `some names have times as ${option} writes them: take that out of the duplicity command, and the next full is read`,
  ];
}

/** Up to the last slash that all have, and what stands behind it. */
function cutFolder({ archive, manifest, signature }: FilePrefix): [string, FilePrefix] {
  let folder = archive.slice(0, archive.lastIndexOf('/') + 1);
  while (!manifest.startsWith(folder) || !signature.startsWith(folder)) {
    folder = folder.slice(0, folder.slice(0, -1).lastIndexOf('/') + 1);
  }
  const behind = (one: string) => one.slice(folder.length);
  return [
    folder,
    { archive: behind(archive), manifest: behind(manifest), signature: behind(signature) },
  ];
}

function lineOfHost(prefix: FilePrefix, { name, target, filePrefix }: Host): string {
  const [folder, behind] = cutFolder(prefix);
  const fields = folder === '' ? [] : [`target: ${formatTarget(target, folder)}`];
  const hasPrefix = [...Object.values(filePrefix), ...Object.values(behind)].some(
    (one) => one !== '',
  );
  if (hasPrefix) fields.push(`filePrefix: ${formatPrefix(behind)}`);
  return `write at ${name}: ${fields.join(', ')}`;
}

function lineOfOther(prefix: FilePrefix, { name, target }: Host): string {
  const [folder, behind] = cutFolder(prefix);
  const hasPrefix = Object.values(behind).some((one) => one !== '');
  const word = (hasPrefix ? behind.archive : folder)
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  const fields = [`target: ${formatTarget(target, folder)}`];
  if (hasPrefix) fields.push(`filePrefix: ${formatPrefix(behind)}`);
  const other = `${name.slice(0, 40)}-${word.slice(0, 20) || '2'}`.replace(/-$/, '');
  return `add the host ${writeKey(other)}: { ${fields.join(', ')} }`;
}

function formatTarget({ bucket, prefix }: Host['target'], folder: string): string {
  return writeValue(`s3://${bucket}/${prefix}${folder}`);
}

function formatPrefix({ archive, manifest, signature }: FilePrefix): string {
  const [a, m, s] = [archive, manifest, signature].map(writeValue);
  return a === m && a === s ? `${a}` : `{ archive: ${a}, manifest: ${m}, signature: ${s} }`;
}
