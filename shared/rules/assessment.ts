// Is a set good, and if not, why: the one place that says so.

import type { Host } from '../config/config.ts';
import type { BackupSet, Collection, HiddenFull } from '../duplicity/backup-set.ts';
import type { Instant } from '../duplicity/time.ts';
import type { SetHistory } from '../duplicity/versions.ts';
import { type ChangedFull, type Finding, type OpenedBy, showNames } from './finding.ts';
import type { Fingerprint } from './fingerprints.ts';
import { isAsItShould, isReadAgain, judgeFraming, judgeRecipients } from './opened.ts';
import { judgeSize, judgeTail, type SizedFull } from './size.ts';
import { type Copy, hasOverwrites, SLACK } from './tampering.ts';

/** One thing that is wrong with a set, or that is to be said of it. */
type Fault = {
  /** `restoring`: the set is not good. `superseding`: it takes the place of no older set. */
  readonly spoils: 'restoring' | 'superseding' | 'nothing';
  /** As it is said where no other set answers the window; `undefined`: another finding says it. */
  readonly finding: Finding | undefined;
};

/** All that is known of one set, and whether it is good. */
export type Assessment = {
  readonly set: BackupSet;
  /** The right key restores it, with all that it builds on, as far as can be seen without that key. */
  readonly good: boolean;
  /** By names and sizes nothing lacks; `undefined`: its volumes were not read. */
  readonly complete: boolean | undefined;
  readonly faults: readonly Fault[];
  readonly startedAt: Instant;
  /** When its manifest was first written, by S3's clock; `undefined`: it is not complete. */
  readonly completedAt: Instant | undefined;
  readonly bytes: number;
  /** Of itself and all that it builds on, the set with the oldest write: lifecycle takes that first. */
  readonly oldest: BackupSet;
};

/** What tells of one set in addition to its own files. */
type SetEvidence = {
  readonly host: Pick<Host, 'recipients' | 'size' | 'chain'>;
  /** Of its files that have more than one version. */
  readonly history: SetHistory | undefined;
  /** It differs from its fingerprint. */
  readonly changed: boolean;
  /** Its files were copied in place, and that is why they have more than one version. */
  readonly copy: Copy | undefined;
  /** A file of it is there under a second spelling, too, of which `poisoned` tells. */
  readonly doubled: boolean;
  /** What its first and last bytes say; `undefined`: they were not looked at. */
  readonly opened: readonly OpenedBy[] | undefined;
  /** Of an incremental of a host with chains: the set that it builds on; `undefined`: it is not there. */
  readonly base: Assessment | undefined;
  /** Of a host with chains: why duplicity passes over it. */
  readonly passedOver: PassedOver | undefined;
};

/** What the host owes is a full; where it writes chains, an incremental will do. */
export function mayAnswer({ chain }: Pick<Host, 'chain'>, { type }: BackupSet): boolean {
  return type === 'full' || chain !== undefined;
}

/** Clocks that differ by less are taken for the same. */
export const SKEW = 5 * 60_000;

/** Assesses one set, full or incremental. `earlier` are the good fulls before it, oldest first. */
function assess(
  set: BackupSet,
  evidence: SetEvidence,
  earlier: readonly SizedFull[] = [],
): Assessment {
  const { host, history, copy, changed, doubled, opened, base } = evidence;
  const complete = isComplete(set);
  const isFull = set.type === 'full';
  const isLink = !isFull && host.chain !== undefined;
  const isOther =
    changed || (copy === undefined && history !== undefined && hasOverwrites(history));
  const ofFiles: Fault[] = [
    ...faultIf(complete === false, 'restoring', isWhole(set) ? undefined : incomplete(set)),
    ...faultIf(doubled && complete !== false, 'restoring'),
    // What it was before is not known from what it is now; `tampered` shows what was done.
    ...(isOther ? faultIf(true, 'restoring') : damageOf(set, history)),
    ...(copy === undefined || isOther ? [] : copied(set, copy, host, opened)),
  ];
  const isToOpen = opened !== undefined || (complete === true && ofFiles.length === 0);
  const faults: Fault[] = [
    ...ofFiles,
    ...((isFull || isLink) && isToOpen ? openedFaults(set, host, opened) : []),
    ...(isLink || evidence.passedOver !== undefined ? chainFaults(set, evidence) : []),
    ...faultIf(!set.encrypted, 'superseding'),
    ...signatureFaults(set, base),
    ...(isFull && complete === true ? sizeFaults(set, host, earlier) : []),
  ];
  return {
    ...{ set, complete, faults, startedAt: set.startedAt, bytes: set.bytes },
    good: complete === true && faults.every(({ spoils }) => spoils !== 'restoring'),
    completedAt: complete === true ? set.manifest?.writtenAt : undefined,
    oldest: base && base.oldest.firstWriteAt <= set.firstWriteAt ? base.oldest : set,
  };
}

function faultIf(is: boolean, spoils: Fault['spoils'], finding?: Finding): Fault[] {
  return is ? [{ spoils, finding }] : [];
}

/**
 * One manifest that is not empty, and volumes exactly 1..highest, each once, none empty. The number of the last volume is
 * inside the encrypted manifest: a lost tail cannot be seen here.
 */
function isComplete(set: BackupSet): boolean | undefined {
  if (set.manifest?.copies !== 1 || !isWhole(set)) return false;
  return set.volumes === undefined ? undefined : set.volumes.doubled.length === 0;
}

/** Nothing of it is missing, but some of it may be there under two names, of which `poisoned` tells. */
function isWhole({ manifest, volumes }: BackupSet): boolean {
  if (manifest === undefined || manifest.bytes === 0) return false;
  if (volumes === undefined) return true;
  return volumes.count > 0 && volumes.missing.length + volumes.empty.length === 0;
}

function incomplete({ startedAt, volumes, manifest }: BackupSet): Finding {
  return {
    ...{ kind: 'incomplete', severity: 'critical', windowsMissed: 0, startedAt },
    volumes: volumes?.count ?? 0,
    missingVolumes: volumes?.missing ?? [],
    emptyVolumes: volumes?.empty ?? [],
    manifest: manifest === undefined ? 'absent' : manifest.bytes === 0 ? 'empty' : 'there',
  };
}

/** Uploaded before the time in its name, with a volume that is far too small, or written by two machines. */
function damageOf(set: BackupSet, history: SetHistory | undefined): Fault[] {
  const { startedAt, arrivedAt, outOfOrder } = set;
  const before = startedAt - arrivedAt;
  const aheadMs = before > SKEW && before < Number.POSITIVE_INFINITY ? before : 0;
  const oddVolumes = set.volumes?.odd ?? [];
  // What changed later is `tampered`, and said so.
  const until = (history?.finishedAt ?? Number.POSITIVE_INFINITY) + SLACK;
  const rewritten = new Set(outOfOrder.filter(({ at }) => at <= until).map(({ name }) => name));
  const evidence = { startedAt, aheadMs, oddVolumes, mixed: showNames([...rewritten].sort()) };
  const is = aheadMs > 0 || oddVolumes.length > 0 || rewritten.size > 0;
  return faultIf(is, 'restoring', { kind: 'damaged', severity: 'critical', ...evidence });
}

/** What it builds on is not there, or not good, or it is passed over: duplicity restores nothing of it. */
function chainFaults(set: BackupSet, { base, passedOver }: SetEvidence): Fault[] {
  if (base?.good && passedOver === undefined) return [];
  const [broken] =
    base?.faults.flatMap(({ finding }) => (finding?.kind === 'chain-broken' ? finding : [])) ?? [];
  const missing = { lacksAt: set.basedOn ?? set.startedAt, isThere: base !== undefined };
  const { lacksAt, isThere, why, empty }: PassedOver & { isThere?: boolean } =
    passedOver ?? broken ?? missing;
  return faultIf(true, 'restoring', {
    ...{ kind: 'chain-broken', severity: 'critical', startedAt: set.startedAt },
    ...{ lacksAt, isThere: isThere ?? true },
    ...(why && { why }),
    ...(empty !== undefined && { empty }),
  });
}

/**
 * Without signatures a set restores, and cannot be listed. A file of them that is empty is in the way of every restore from
 * an empty cache, until it is removed: of its set and of those that build on it. Measured with 0.8.22 and 3.0.6.
 */
function signatureFaults(set: BackupSet, base: Assessment | undefined): Fault[] {
  const [below] =
    base?.faults.flatMap(({ finding }) =>
      finding?.kind === 'no-signatures' && finding.empty ? finding.empty : [],
    ) ?? [];
  const empty = set.emptySignatures ?? below;
  return faultIf(!set.hasSignatures || empty !== undefined, 'superseding', {
    ...{ kind: 'no-signatures', severity: 'warning', startedAt: set.startedAt },
    ...(empty !== undefined && { empty }),
  });
}

/** The set at `lacksAt` is taken in its place, or is itself. */
type PassedOver = Pick<Extract<Finding, { kind: 'chain-broken' }>, 'lacksAt' | 'why' | 'empty'>;

type Chain = { readonly members: BackupSet[]; readonly beginsAt: Instant; endsAt: Instant };

/**
 * The sets that duplicity passes over. Measured with 0.8.22 and 3.0.6 (dup_collections.py): all that has a manifest is
 * joined in the order of the times. Of two incrementals of one set the later takes the place of the other. At a time that
 * two chains cover nothing is found. The last of two incrementals or more of the newest chain is left out where it alone
 * lacks its signatures; of one incremental on a full that is not so.
 */
function findPassedOver(sets: readonly BackupSet[]): ReadonlyMap<BackupSet, PassedOver> {
  const chains: Chain[] = [];
  const finished = sets.filter(({ manifest }) => manifest !== undefined);
  for (const set of finished) {
    const { basedOn, startedAt } = set;
    if (basedOn === undefined) {
      chains.push({ members: [set], beginsAt: startedAt, endsAt: startedAt });
      continue;
    }
    const chain = chains.find(
      ({ members, endsAt }) => endsAt === basedOn || members.at(-1)?.basedOn === basedOn,
    );
    if (chain === undefined) continue;
    if (chain.endsAt !== basedOn) chain.members.pop();
    chain.members.push(set);
    chain.endsAt = startedAt;
  }
  const members = new Set(chains.flatMap((chain) => chain.members));
  const nextOf = new Map([...members].map((set) => [set.basedOn, set.startedAt]));
  const passedOver = new Map<BackupSet, PassedOver>();
  const passOver = (set: BackupSet, lacksAt: Instant) =>
    passedOver.set(set, { lacksAt, why: 'another' });
  const atTime = Map.groupBy(sets, ({ startedAt }) => startedAt);
  for (const set of sets) {
    // Which of them a chain goes through, nobody knows.
    const isTwin = set.basedOn !== undefined && (atTime.get(set.startedAt)?.length ?? 0) > 1;
    if (isTwin) passOver(set, set.startedAt);
  }
  for (const set of finished) {
    const instead = set.basedOn && nextOf.get(set.basedOn);
    if (instead !== undefined && !members.has(set)) passOver(set, instead);
  }
  for (const [index, chain] of chains.entries()) {
    for (let later = index + 1; ; later += 1) {
      const other = chains[later];
      if (other === undefined || other.beginsAt > chain.endsAt) break;
      for (const set of chain.members) {
        if (isCovered(set, other)) passOver(set, other.endsAt);
      }
      for (const set of other.members) {
        if (isCovered(set, chain)) passOver(set, chain.endsAt);
      }
    }
  }
  const newest = chains.toSorted((a, b) => a.endsAt - b.endsAt).at(-1);
  const [before, last] = newest?.members.slice(-2) ?? [];
  if (
    last !== undefined &&
    before?.type === 'inc' &&
    newest?.members.find((set) => !set.hasSignatures) === last
  ) {
    const { startedAt: lacksAt, emptySignatures: empty } = last;
    passedOver.set(last, { lacksAt, why: 'no signatures', ...(empty !== undefined && { empty }) });
  }
  return passedOver;
}

function isCovered({ startedAt }: BackupSet, { beginsAt, endsAt }: Chain): boolean {
  return startedAt >= beginsAt && startedAt <= endsAt;
}

/** What is in a copy nobody knows before its first and last bytes were read again. */
function copied(
  set: BackupSet,
  copy: Copy,
  { recipients }: SetEvidence['host'],
  opened: readonly OpenedBy[] = [],
): Fault[] {
  const isRead = isReadAgain(set, opened, recipients);
  const severity = isRead ? 'info' : 'warning';
  const finding: Finding = { kind: 'copied', severity, sets: [{ ...copy, isRead }] };
  return faultIf(true, isRead ? 'nothing' : 'restoring', finding);
}

/** Recipients and ends of files; what could not be checked is said, and spoils nothing. */
function openedFaults(
  set: BackupSet,
  { recipients }: SetEvidence['host'],
  opened: readonly OpenedBy[] = [],
): Fault[] {
  const found = [...judgeRecipients(set, opened, recipients), ...judgeFraming(set, opened)];
  return found.map((finding) => ({
    spoils: finding.severity === 'info' ? 'nothing' : 'restoring',
    finding,
  }));
}

function sizeFaults(
  set: BackupSet,
  { size }: SetEvidence['host'],
  earlier: readonly SizedFull[],
): Fault[] {
  return [...judgeSize(set, earlier, size), ...judgeTail(set, earlier)].map((finding) => ({
    spoils: finding.kind === 'shrunk' ? 'superseding' : 'nothing',
    finding,
  }));
}

/** The sets of a target. */
export type Assessed = {
  /** Of each set, oldest first. */
  readonly sets: readonly Assessment[];
  /** The good fulls, of a host with chains the good incrementals too, oldest first: each is a point that can be restored. */
  readonly good: readonly Assessment[];
  /** The fulls that are good but for delete markers, oldest first. */
  readonly hidden: readonly HiddenFull[];
};

/** What tells of a target's sets in addition to the listing. */
export type SetsEvidence = {
  /** What the bytes of fulls say, by their times; a full that is not in it was not looked at. */
  readonly opened?: ReadonlyMap<Instant, readonly OpenedBy[]>;
  /** What is remembered of the host's fulls. */
  readonly fingerprints?: readonly Fingerprint[] | undefined;
  /** Those that are not what they were. */
  readonly broken?: readonly ChangedFull[] | undefined;
  /** Those that were copied in place by somebody who may. */
  readonly copies?: readonly Copy[] | undefined;
};

type AssessedParts = Pick<Collection, 'sets' | 'histories' | 'hiddenFulls' | 'poison'>;

/** Assesses every set: each is compared with the good ones before it, those in the bucket and those that are remembered. */
export function assessSets(
  host: SetEvidence['host'],
  { sets, histories, hiddenFulls, poison }: AssessedParts,
  { opened, fingerprints = [], broken = [], copies = [] }: SetsEvidence = {},
): Assessed {
  const historyOf = new Map(histories.map((one) => [`${one.type} ${one.startedAt}`, one]));
  const copyOf = new Map(copies.map((one) => [`${one.type} ${one.startedAt}`, one]));
  const changed = new Set(broken.map(({ startedAt, basedOn }) => `${basedOn} ${startedAt}`));
  const doubled = new Set(
    poison.flatMap(({ why, startedAt, basedOn }) =>
      why === 'twice' ? `${basedOn} ${startedAt}` : [],
    ),
  );
  const byTime = new Map<Instant, Assessment>();
  const passedOver = host.chain === undefined ? undefined : findPassedOver(sets);
  const evidenceOf = (set: BackupSet): SetEvidence => {
    const { type, startedAt, basedOn } = set;
    return {
      ...{ host, passedOver: passedOver?.get(set), opened: opened?.get(startedAt) },
      history: historyOf.get(`${type} ${startedAt}`),
      copy: copyOf.get(`${type} ${startedAt}`),
      changed: changed.has(`${basedOn} ${startedAt}`),
      doubled: doubled.has(`${basedOn} ${startedAt}`),
      base: basedOn === undefined ? undefined : byTime.get(basedOn),
    };
  };
  const seen = new Set(
    sets.flatMap(({ type, startedAt, volumes }) =>
      type === 'full' && volumes !== undefined ? startedAt : [],
    ),
  );
  const remembered = fingerprints.filter(
    (one) =>
      one.basedOn === undefined &&
      !seen.has(one.startedAt) &&
      isAsItShould(one.opened ?? [], host.recipients),
  );
  remembered.sort((a, b) => b.startedAt - a.startedAt);
  const earlier: SizedFull[] = [];
  const assessed = sets.map((set) => {
    for (let next = remembered.at(-1); next && next.startedAt < set.startedAt; ) {
      earlier.push({ startedAt: next.startedAt, bytes: next.bytes, volumes: next.files - 1 });
      remembered.pop();
      next = remembered.at(-1);
    }
    const assessment = assess(set, evidenceOf(set), earlier.slice(-COMPARED));
    if (!byTime.has(set.startedAt)) byTime.set(set.startedAt, assessment);
    if (assessment.good && set.type === 'full') {
      const { startedAt, bytes, volumes } = set;
      const { count, usualBytes } = volumes ?? {};
      earlier.push({ startedAt, bytes, volumes: count, volumeBytes: usualBytes });
    }
    return assessment;
  });
  const good = assessed.filter((one) => one.good && mayAnswer(host, one.set));
  const isThere = new Set(
    assessed.filter(({ complete }) => complete !== false).map(({ startedAt }) => startedAt),
  );
  const hidden = hiddenFulls.filter(
    ({ set }) => !isThere.has(set.startedAt) && assess(set, evidenceOf(set)).good,
  );
  return { sets: assessed, good, hidden };
}

const COMPARED = 30;
