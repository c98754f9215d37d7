// What a generated object is, known because it was made so: nobody has to read its name to judge it.
import type { Instant } from '../../shared/duplicity/time.ts';

/** One session of duplicity; `basedOn` makes it an incremental. */
export type Session = { readonly at: Instant; readonly basedOn?: Instant };

/** What an object is to duplicity. */
export type Meaning =
  /** A spelling that duplicity writes. */
  | { readonly part: Part; readonly of: Session; readonly spelling: 'written' }
  /** One that it reads as the same file, and never writes. */
  | { readonly part: Part; readonly of: Session; readonly spelling: 'tolerated' }
  /** A manifest or signatures with `.part`: read as that file, of no set. */
  | { readonly part: Part; readonly of: Session; readonly spelling: 'checkpoint' }
  /** A volume 0: its parser raises. */
  | { readonly part: 'lethal' }
  | { readonly part: 'statistics' }
  /** Next to the file of that name, as par2+ leaves it. */
  | { readonly part: 'parity'; readonly nextTo: string }
  | { readonly part: 'foreign' };

/** A volume by its number, or one of the other two files of a session. */
export type Part = number | 'manifest' | 'signatures';

/** A generated object. */
export type Fact = {
  readonly name: string;
  readonly means: Meaning;
  readonly encrypted: boolean;
  readonly bytes: number;
  readonly modifiedAt: Instant;
  readonly firstModifiedAt: Instant;
};
