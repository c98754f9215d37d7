// `rollcall undelete`: takes away the delete markers of one set, so that it is there again.
import pMap from 'p-map';
import { type Host, ownKeys } from '../../shared/config/config.ts';
import { collectSets } from '../../shared/duplicity/backup-set.ts';
import { readFileName } from '../../shared/duplicity/file-name.ts';
import { formatWrittenTime, type Instant, parseWrittenTime } from '../../shared/duplicity/time.ts';
import { newestUpload, uncover } from '../../shared/duplicity/versions.ts';
import { describeFinding, nextStep } from '../../shared/messages/finding-text.ts';
import { count, formatBytes, formatInstant, quoteName } from '../../shared/messages/plain-text.ts';
import { runbookOf } from '../../shared/messages/problem-text.ts';
import { checkHosts } from '../../shared/monitor/judge-hosts.ts';
import type { ListAnswer } from '../../shared/monitor/object-store.ts';
import { type Assessment, assessSets } from '../../shared/rules/assessment.ts';
import type { Judgement } from '../../shared/rules/judge.ts';
import { defineCommand, FLAG, TEXT } from './command.ts';
import { findHost, openStore, readConfig } from './config-file.ts';
import { print, startProgress, UsageError } from './terminal.ts';

const HELP = `rollcall undelete - bring back a backup set that is under delete markers

Examples
  rollcall undelete web 20261121T011400Z --dry-run                     what would be done
  AWS_PROFILE=break-glass rollcall undelete web 20261121T011400Z       do it
  rollcall check --deep --host web                                     is it whole again?

SET is the time in the names of its files. Delete markers are taken away, and nothing else: no version of a file is
removed, copied or written. Lifecycle hides what is too old again at the next 00:00 UTC: restore it before, or
give it more days. It needs s3:ListBucketVersions and s3:DeleteObjectVersion: the stack's break-glass role. At the end
it says whether the host is OK again. The monitor says it too, by the channels that the alarm went to, within minutes.

Options
  --dry-run             show it, and change nothing
  --hosts FILE          the config; default $ROLLCALL_HOSTS, else hosts.yml
  --endpoint-url URL    an S3-compatible endpoint; default $AWS_ENDPOINT_URL, else the config's
  --region REGION       in place of the config's
  -h, --help            this

Exit status
  0  done, or nothing of it is hidden      3  refused; what was done stays done, and it can be run again
`;

const SHOWN = 10;
const AT_ONCE = 16;

export const undeleteCommand = defineCommand({
  help: HELP,
  options: { 'dry-run': FLAG, hosts: TEXT, 'endpoint-url': TEXT, region: TEXT },
  operands: true,
  run: async (options, operands) => {
    const [name, time] = readOperands(operands);
    const config = await readConfig(options.hosts);
    const host = findHost(config, name);
    const { connectUndelete } = await import('../../shared/aws/remove-markers.ts');
    const connection = await openStore(config, options);
    const aws = connectUndelete(connection);

    const { bucket, prefix } = host.target;
    const answer = await aws.list({ bucket, prefix, versions: true });
    if (answer.inconclusive !== undefined) {
      throw new UsageError(
        `the versions in s3://${bucket} cannot be listed (${answer.inconclusive})`,
        'take on the break-glass role, which may: docs/runbook.md#tampered',
      );
    }
    const plan = planUndelete(ownPart(answer, host), host, time);
    const now = Date.now();
    process.stdout.write(composePlan(plan, host, { time, now }));
    if (plan.files.length === 0) return 0;
    if (options['dry-run']) {
      print('nothing is changed (--dry-run)');
      return 0;
    }
    const progress = startProgress('file');
    let done = 0;
    await pMap(
      plan.files,
      async ({ key, markers }) => {
        for (const marker of markers) await aws.removeMarker(bucket, key, marker);
        done += 1;
        progress.show(done, plan.files.length);
      },
      { concurrency: AT_ONCE },
    ).finally(progress.end);
    process.stdout.write(
      `${count(done, 'file')} brought back. Restore it now: lifecycle hides what is too old again at the next 00:00 UTC\n`,
    );
    const { connectBuckets } = await import('../../shared/aws/s3-objects.ts');
    const reach = { now: Date.now(), depth: 'all' } as const;
    const [judgement] = await checkHosts(connectBuckets(connection), [host], reach);
    process.stdout.write(judgement === undefined ? '' : composeOutlook(judgement, config.timezone));
    return 0;
  },
});

/** Whether the host is well now, as the monitor will say it. */
function composeOutlook(judgement: Judgement, timezone: string): string {
  const { host, findings } = judgement;
  const critical = findings.filter(({ severity }) => severity === 'critical');
  if (critical.length === 0) {
    return `${host.name} is OK again: the monitor says so by a message within a few minutes, where it was deployed\n`;
  }
  return [
    `${host.name} is NOT OK yet, and the monitor sends no OK AGAIN before it is:`,
    ...critical.flatMap((finding) => [
      `  ${finding.kind}: ${describeFinding(finding, judgement, timezone)}`,
      `            Do now:  ${nextStep(finding, judgement) ?? 'see the runbook'}`,
      `            Runbook: ${runbookOf(finding.kind)}`,
    ]),
    '',
  ].join('\n');
}

function readOperands([name, set, ...more]: readonly string[]): [string, number] {
  if (name === undefined || set === undefined || more.length > 0) {
    throw new UsageError(
      'a host and one set are needed: undelete HOST SET',
      'see: rollcall undelete --help',
    );
  }
  const time = parseWrittenTime(set);
  if (time !== undefined) return [name, time];
  throw new UsageError(
    `${JSON.stringify(set)} is not the time of a set`,
    'write it as in its file names: 20261121T011400Z',
  );
}

function composePlan(
  plan: UndeletePlan,
  host: Host,
  { time, now }: { readonly time: number; readonly now: number },
): string {
  const { files, lost, set, hiddenSets } = plan;
  const what = `the set ${formatWrittenTime(time)} of ${host.name}`;
  if (set === undefined && lost.length === 0) {
    const known = hiddenSets.map(formatWrittenTime).join(', ');
    throw new UsageError(
      `there is no ${what.slice(4)}, not even hidden`,
      known === '' ? 'nothing of this host is hidden' : `hidden files are there of: ${known}`,
    );
  }
  const suspended = files.find(({ markers }) => markers.includes('null'));
  if (suspended !== undefined) {
    throw new UsageError(
      `versioning of s3://${host.target.bucket} is suspended: a marker without an id may be an upload by now`,
      'turn versioning on, and remove that marker by hand',
    );
  }
  const lines = files.length === 0 ? [`nothing of ${what} is hidden that could come back`] : [];
  if (files.length > 0) lines.push(`${what}: ${count(files.length, 'file')} to bring back`);
  for (const { name, hiddenAt } of files.slice(0, SHOWN)) {
    lines.push(
      `  ${quoteName(name)} hidden ${formatInstant(hiddenAt, host.timezone, now)} ${host.timezone}`,
    );
  }
  if (files.length > SHOWN) lines.push(`  and ${files.length - SHOWN} more`);
  if (lost.length > 0) {
    const shown = lost.slice(0, SHOWN).map(quoteName).join(', ');
    lines.push(`gone for good, no version is left of ${count(lost.length, 'file')}: ${shown}`);
  }
  if (set !== undefined) {
    const state = set.good
      ? 'complete'
      : set.complete === true
        ? 'complete, and NOT good'
        : 'NOT complete';
    const size = `${count(set.set.volumes?.count ?? 0, 'volume')}, ${formatBytes(set.bytes)}`;
    lines.push(`${files.length > 0 ? 'it will be' : 'it is'} ${state}: ${size}`);
  }
  return `${lines.join('\n')}\n`;
}

/** One file that comes back: the markers above its newest upload, newest first. */
type HiddenFile = {
  readonly key: string;
  readonly name: string;
  readonly hiddenAt: Instant;
  readonly markers: readonly string[];
};

/** In its target may lie others' backups. */
function ownPart(answer: ListAnswer, host: Host): ListAnswer {
  const isOwn = ownKeys(host);
  const own = <Row extends { readonly key: string }>(rows: readonly Row[]) =>
    rows.filter(({ key }) => isOwn(key));
  return { ...answer, objects: own(answer.objects), hidden: own(answer.hidden) };
}

type UndeletePlan = {
  readonly files: readonly HiddenFile[];
  /** Names of which nothing but markers is left. */
  readonly lost: readonly string[];
  /** The set as it will be; `undefined`: there is no such set, not even hidden. */
  readonly set: Assessment | undefined;
  /** The times of the sets that have hidden files, oldest first. */
  readonly hiddenSets: readonly Instant[];
};

/** Plans for the set with this time in its names, full or incremental; `answer` is all of the host's own. */
function planUndelete(answer: ListAnswer, host: Host, time: Instant): UndeletePlan {
  const timeOf = (key: string) => {
    const reading = readFileName(key.slice(host.target.prefix.length), host.filePrefix);
    // Parity comes back with its file: without it the file would be the only one that has none.
    const isOfSet = reading.kind === 'written' || reading.kind === 'parity';
    return isOfSet ? (reading.name.end ?? reading.name.time) : undefined;
  };
  const nameOf = (key: string) => key.slice(host.target.prefix.length);
  const hidden = answer.hidden.filter(({ key }) => timeOf(key) === time);
  const objects = [
    ...answer.objects.map(({ key, ...object }) => ({ ...object, name: nameOf(key) })),
    ...hidden.flatMap(({ key, history }) => uncover({ name: nameOf(key), history })),
  ];
  const { sets } = assessSets(host, collectSets({ objects, volumeStems: [] }, host.filePrefix));
  return {
    files: hidden
      .filter(({ history }) => newestUpload(history) !== undefined)
      .map(({ key, history }) => ({
        ...{ key, name: nameOf(key), hiddenAt: history[0]?.at ?? 0 },
        markers: history
          .slice(
            0,
            history.findIndex(({ what }) => what === 'upload'),
          )
          .map(({ versionId }) => versionId),
      })),
    lost: hidden
      .filter(({ history }) => newestUpload(history) === undefined)
      .map(({ key }) => nameOf(key)),
    set: sets.find(({ startedAt }) => startedAt === time),
    hiddenSets: [...new Set(answer.hidden.flatMap(({ key }) => timeOf(key) ?? []))].sort(
      (a, b) => a - b,
    ),
  };
}
