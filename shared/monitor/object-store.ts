// How the check looks into a bucket, whatever answers: S3, a saved listing, a test.

import type { Instant } from '../duplicity/time.ts';
import type { FileHistory, Inconclusive, StoredObject } from '../duplicity/versions.ts';
import type { Span } from '../openpgp/message.ts';
import type { Lifecycle } from '../rules/lifecycle.ts';

/** One question to a bucket. Answers come in the order of the keys' UTF-8 bytes. */
export type ListQuery = {
  readonly bucket: string;
  readonly prefix: string;
  /** Keys that hold it after the prefix are cut behind it and listed once. */
  readonly delimiter?: string;
  /** Only keys after this one; not together with a delimiter, as S3 then hides a prefix that is not greater. */
  readonly startAfter?: string;
  /** Ask for one page only; without it every page is read. */
  readonly onePage?: boolean;
  /** List earlier versions, too; not together with a delimiter. */
  readonly versions?: boolean;
  /** Called after each page with the rows so far: somebody watches, and may wait for more pages than a run does. */
  readonly onPage?: (rows: number) => void;
};

/** An object by its whole key. */
export type KeyedObject = Omit<StoredObject, 'name'> & { readonly key: string };

/** A key under a delete marker, newest version first. */
export type HiddenKey = Omit<FileHistory, 'name'> & { readonly key: string };

/** What the bucket answered; `cut` = `onePage` was asked for, and there are more. */
export type ListAnswer = {
  readonly objects: readonly KeyedObject[];
  /** Empty unless versions were asked for. */
  readonly hidden: readonly HiddenKey[];
  readonly prefixes: readonly string[];
  readonly cut: boolean;
  /** Versions were asked for, and these are the objects alone, because. */
  readonly inconclusive?: Inconclusive;
};

/** Lists objects. Throws `TargetUnreadableError` when it could not look; never answers less than there is. */
export type ListObjects = (query: ListQuery) => Promise<ListAnswer>;

/**
 * Some bytes of an object, fewer where it ends before; `undefined` where they are in cold storage, or the source
 * holds no contents. Throws `TargetUnreadableError` when it could not look.
 */
export type ReadPart = (bucket: string, key: string, span: Span) => Promise<Uint8Array | undefined>;

/** The ways in which the check looks into buckets. */
export type ObjectStore = {
  readonly list: ListObjects;
  readonly readPart: ReadPart;
  /** The rules that hide and remove backups, read once a bucket; never throws, but returns why they are not known. */
  readonly readLifecycle: (bucket: string) => Promise<Lifecycle>;
  /**
   * When an object was written last, by S3's clock; `undefined` where there is none. Throws `TargetUnreadableError`
   * when it could not look.
   */
  readonly readWrittenAt: (bucket: string, key: string) => Promise<Instant | undefined>;
  /** When S3 itself says that it hides an object; `undefined` where it does not. */
  readonly readExpiry: (bucket: string, key: string) => Promise<Instant | undefined>;
  /** A listing that somebody saved: it has no contents, and nobody knows who wrote what. */
  readonly isSaved?: true;
};

/** A bucket that could not be read to the end; `hint` says what to do next. */
export class TargetUnreadableError extends Error {
  override readonly name = 'TargetUnreadableError';
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
