// The closed list of what can be found on a host, worst first, each with its evidence.
import type { FilePrefix } from '../duplicity/file-name.ts';
import type { Instant } from '../duplicity/time.ts';
import type { Inconclusive } from '../duplicity/versions.ts';
import type { Ending, MessageHead } from '../openpgp/message.ts';

/** What brings a finding about: a `window` without its full, an `upload` that has an event too, or something `else`. */
type Cause = 'window' | 'upload' | 'else';

/** Worst first among findings of one severity; a host's verdict is its first. */
export const CAUSE_OF = {
  tampered: 'upload',
  unreadable: 'else',
  damaged: 'upload',
  'chain-broken': 'window',
  missing: 'window',
  incomplete: 'window',
  poisoned: 'upload',
  incremental: 'upload',
  unencrypted: 'upload',
  'wrong-recipient': 'upload',
  expiring: 'else',
  never: 'window',
  late: 'window',
  'window-mismatch': 'else',
  'full-overdue': 'else',
  copied: 'upload',
  'no-signatures': 'else',
  'maybe-truncated': 'else',
  shrunk: 'else',
  grew: 'else',
  overlapping: 'else',
  'clock-skew': 'else',
  resumed: 'else',
  'duplicate-full': 'else',
  cold: 'else',
  parity: 'else',
  foreign: 'else',
  paused: 'else',
} as const satisfies Readonly<Record<Evidence['kind'], Cause>>;

export type FindingKind = Evidence['kind'];

/** Worst first. */
export const FINDING_KINDS = Object.keys(CAUSE_OF) as readonly FindingKind[];

/** `critical` alerts, `warning` goes into the digest, `info` is listed there. */
export const SEVERITIES = ['critical', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One full set in short: when it began, and when its manifest was written. */
export type SetTimes = { readonly startedAt: Instant; readonly completedAt: Instant | undefined };

/** A set in short. */
export function timesOf({ startedAt, completedAt }: SetTimes): SetTimes {
  return { startedAt, completedAt };
}

/** Names as evidence: at most `SHOWN` of `count`. They are hostile text until they are escaped. */
export type NamesShown = { readonly names: readonly string[]; readonly count: number };

/** Sets behind other prefixes than the config's: what stands in front of their names in the target, folders too. */
export type SetsElsewhere = {
  readonly prefix: FilePrefix;
  readonly sets: number;
  readonly newestAt: Instant;
};

/** One object that somebody removed, as its event shows it. */
export type Removal = {
  readonly key: string;
  readonly at: Instant;
  /** `marker`: hidden under a delete marker, the version is still there; `version`: gone. */
  readonly left: 'marker' | 'version' | 'unknown';
  readonly principal: string | undefined;
  readonly address: string | undefined;
};

/** One object that was written or removed, by whom and from where. */
export type Change = Removal & { readonly what: 'created' | 'removed' };

/** One finished set of which files were changed afterwards. */
export type TamperedSet = {
  readonly type: 'full' | 'inc';
  readonly startedAt: Instant;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly overwritten: NamesShown;
  readonly hidden: NamesShown;
  /** Of how many files the good version is not there any more. */
  readonly lost: number;
};

/** What was done, as only events show it. */
export type EventChanges = {
  readonly removals: readonly Removal[];
  readonly sets: readonly TamperedSet[];
};

/** A set that differs from its fingerprint, and lifecycle is no excuse. */
export type ChangedFull = {
  readonly startedAt: Instant;
  /** Of an incremental. */
  readonly basedOn?: Instant;
  readonly sealedAt: Instant;
  readonly filesThen: number;
  readonly bytesThen: number;
  /** Both 0: nothing of it is there. */
  readonly filesNow: number;
  readonly bytesNow: number;
};

/** What a file's own bytes show: who can open it (key ids of 16 upper-case hex digits), and whether it is all there. */
export type OpenedBy = {
  readonly name: string;
  readonly reads: MessageHead['kind'];
  readonly recipients: readonly string[];
  readonly symmetric: number;
  /** `undefined`: not looked at. */
  readonly ending?: Ending;
};

/** One finished set that was copied in place into another storage class. */
export type CopiedSet = {
  readonly type: 'full' | 'inc';
  readonly startedAt: Instant;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly files: number;
  /** `undefined`: it is not known any more. */
  readonly storageClass: string | undefined;
  /** Its first and last bytes were read again, and are as they should. */
  readonly isRead: boolean;
};

type SizeEvidence = {
  readonly bytes: number;
  /** `undefined`: below the config's own minimum, whatever is usual. */
  readonly usualBytes: number | undefined;
  readonly boundBytes: number;
};

/** The evidence of each kind; a kind may have more than one form. */
export type Evidence =
  | {
      readonly kind: 'tampered';
      /** As events show them. */
      readonly removals: readonly Removal[];
      /** As the versions show them, oldest set first. */
      readonly sets: readonly TamperedSet[];
      /** As the state bucket shows them, where the versions do not; newest set first. */
      readonly seals: readonly ChangedFull[];
      /** Why the versions show nothing; `undefined` where they could. */
      readonly untold: Inconclusive | undefined;
      /** What in hosts.yml would explain all of it. */
      readonly setting?: string;
    }
  | { readonly kind: 'unreadable'; readonly reason: string; readonly hint: string }
  | {
      /** Nothing of it lacks, and yet it does not restore as what it says. */
      readonly kind: 'damaged';
      readonly startedAt: Instant;
      /** How long before the time in its name the first of its files was there; 0: it was not. */
      readonly aheadMs: number;
      /** Far smaller than the others, and not the last. */
      readonly oddVolumes: readonly number[];
      /** The files that a second machine wrote over. */
      readonly mixed: NamesShown;
    }
  | {
      /** A set that restores nothing, as one that it builds on does not, or as another is in its way. */
      readonly kind: 'chain-broken';
      readonly startedAt: Instant;
      /** The time of the first set in its chain that lacks, or is not good. */
      readonly lacksAt: Instant;
      readonly isThere: boolean;
      /** Why duplicity passes over it, or over one that it builds on: for another set, or as it has no signatures. */
      readonly why?: 'another' | 'no signatures';
      /** The file of signatures of no bytes, at which duplicity stops until it is removed. */
      readonly empty?: string;
    }
  | {
      readonly kind: 'missing';
      /** In a row and this one included, since the last good full or since backups are owed; at most 400. */
      readonly windowsMissed: number;
      /** Fulls that were finished in this window's day but begun before it, or the other way round. */
      readonly strayed: readonly SetTimes[];
      /** What in hosts.yml would explain it. */
      readonly setting?: string;
    }
  | {
      readonly kind: 'incomplete';
      readonly windowsMissed: number;
      readonly startedAt: Instant;
      readonly volumes: number;
      readonly missingVolumes: readonly number[];
      readonly emptyVolumes: readonly number[];
      readonly manifest: 'there' | 'absent' | 'empty';
      /** Files of it still come, and its grace is over. */
      readonly arriving?: true;
      /** What in hosts.yml would explain that. */
      readonly setting?: string;
    }
  | ({ readonly kind: 'poisoned' } & NamesShown)
  | {
      readonly kind: 'incremental';
      readonly name: string;
      readonly startedAt: Instant;
      readonly count: number;
    }
  | ({ readonly kind: 'unencrypted' } & NamesShown)
  | {
      readonly kind: 'wrong-recipient';
      readonly startedAt: Instant;
      /** The files that others than the config's keys can open, or nobody; empty = it could not be checked. */
      readonly files: readonly OpenedBy[];
      /** Why it could not be checked; `undefined` where it was. */
      readonly untold: 'hidden' | 'not read' | undefined;
    }
  | {
      readonly kind: 'expiring';
      readonly startedAt: Instant;
      /** When the first of its files is hidden, or was. */
      readonly hiddenAt: Instant;
      readonly goneAt: Instant | undefined;
      /** By the bucket's own rules, or by the config's `keepDays`, as those could not be read. */
      readonly by: 'rules' | 'roll';
      /** Under 48 hours: to be reported on every run. */
      readonly urgent: boolean;
      /** The date that S3 itself answers for its first volume; `undefined`: not asked. */
      readonly stampedAt: Instant | undefined;
    }
  | { readonly kind: 'never' }
  | {
      readonly kind: 'late';
      readonly startedAt: Instant;
      readonly volumes: number;
      readonly lastArrivalAt: Instant;
      readonly hardDueAt: Instant;
      /** The window before has its backup: what was missed until then is over. */
      readonly isFirst: boolean;
    }
  | {
      /** Good fulls come day by day at another time than the window's. */
      readonly kind: 'window-mismatch';
      /** The last three that came so, oldest first. */
      readonly fulls: readonly SetTimes[];
      /** What would fit them: `opens: "20:00"`, or `due: "11:00"`. */
      readonly setting: string;
      /** The days that go with it, where another opening moves the date of the window: `days: [tue, wed]`. */
      readonly days?: string;
    }
  | {
      /** Incrementals come, and the full that the config promises does not. */
      readonly kind: 'full-overdue';
      /** The newest good full. */
      readonly startedAt: Instant;
      readonly fullEveryDays: number;
    }
  | { readonly kind: 'copied'; readonly sets: readonly CopiedSet[] }
  | {
      readonly kind: 'no-signatures';
      readonly startedAt: Instant;
      /** An empty file of signatures, of it or of a set that it builds on: duplicity restores nothing past it. */
      readonly empty?: string;
    }
  | {
      readonly kind: 'maybe-truncated';
      readonly startedAt: Instant;
      /** The last volume is as big as the others, so that a later one may be lost. */
      readonly by: 'size';
      readonly volumes: number;
      /** Of the full before it; `undefined`: not known. */
      readonly volumesBefore: number | undefined;
      /** How much smaller it is than that full; negative: it is bigger. */
      readonly bytesFewer: number | undefined;
    }
  | {
      readonly kind: 'maybe-truncated';
      readonly startedAt: Instant;
      /** A file ends before the OpenPGP message in it does. */
      readonly by: 'framing';
      readonly files: readonly string[];
      /** Those that could not be checked: in cold storage, or of a form that does not show it. */
      readonly untold: readonly string[];
    }
  | ({ readonly kind: 'shrunk' } & SizeEvidence)
  | ({ readonly kind: 'grew' } & SizeEvidence)
  /** Sets of which each was on its way while another one was, oldest first: at most three of `count`. */
  | { readonly kind: 'overlapping'; readonly sets: readonly SetTimes[]; readonly count: number }
  | {
      readonly kind: 'clock-skew';
      readonly startedAt: Instant;
      /** How far the name is ahead of S3's clock, in milliseconds; negative = behind it. */
      readonly aheadMs: number;
    }
  /** A warning: what changed between the two runs is not in the set, nor in those that build on it. */
  | ({
      readonly kind: 'resumed';
      readonly startedAt: Instant;
      readonly finishedAt: Instant;
    } & NamesShown)
  | { readonly kind: 'duplicate-full'; readonly fulls: readonly SetTimes[] }
  | {
      /** The last good copy must be thawed before it restores. */
      readonly kind: 'cold';
      readonly startedAt: Instant;
      /** So many of the files that were listed. */
      readonly files: number;
      /** The slowest first. */
      readonly storageClasses: readonly string[];
    }
  | ({ readonly kind: 'parity' } & NamesShown)
  | ({
      readonly kind: 'foreign';
      /** Sets of duplicity's that lie there and are not read, at most three places of `placesElsewhere`. */
      readonly elsewhere?: readonly SetsElsewhere[];
      readonly placesElsewhere?: number;
      /** What stands between the parts of times, where `--time-separator` put it. */
      readonly timeSeparator?: string;
    } & NamesShown)
  | { readonly kind: 'paused'; readonly until: string; readonly because: string };

export type Finding = Evidence & { readonly severity: Severity };

/** A finding of one kind. */
export type FindingOf<Kind extends FindingKind> = Extract<Finding, { readonly kind: Kind }>;

const SHOWN = 3;

/** At most three of the names, and how many there are. */
export function showNames(names: readonly string[]): NamesShown {
  return { names: names.slice(0, SHOWN), count: names.length };
}

/** Worst first: by severity, and within one in the order of the kinds; other kinds before them. */
export function rankOf({ severity, kind }: { severity: Severity; kind: string }): number {
  const kinds: readonly string[] = FINDING_KINDS;
  return SEVERITIES.indexOf(severity) * kinds.length + kinds.indexOf(kind);
}

export function sortFindings(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => rankOf(a) - rankOf(b));
}

/** Only that versions could not be looked at: that is reported, and is no verdict on the backups. */
export function isInconclusive({ kind, untold }: { kind: FindingKind; untold?: unknown }): boolean {
  return kind === 'tampered' && typeof untold === 'string';
}

/** The worst severity among findings; `info` for none. */
export function worstSeverity(findings: readonly Pick<Finding, 'severity'>[]): Severity {
  return SEVERITIES.find((severity) => findings.some((f) => f.severity === severity)) ?? 'info';
}
