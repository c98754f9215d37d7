// JSON that somebody else may have written: it fits a schema, or it is not taken.
import * as v from 'valibot';

/** A schema of JSON that is held to a type of ours by the compiler. */
export type Schema<Type> = v.GenericSchema<unknown, Type>;

/** Whole and not negative: an instant, a number of files, bytes. */
export const count = v.custom<number>((value) => Number.isSafeInteger(value) && Number(value) >= 0);

/** Milliseconds since 1970; negative before that. */
export const instant = v.pipe(v.number(), v.safeInteger());

/** `2026-11-23`. */
export const isoDate = v.pipe(v.string(), v.isoDate());

export const texts = v.array(v.string());

/** JSON has no infinity, but `1e999` is read as one. */
export const finite = v.pipe(v.number(), v.finite());

/** A time zone of the runtime's. */
export const zone = v.pipe(
  v.string(),
  v.check((name) => {
    try {
      new Intl.DateTimeFormat('en', { timeZone: name });
      return true;
    } catch {
      return false;
    }
  }),
);

/** A member that may be absent; it is `undefined` then. */
export function maybe<Type>(schema: Schema<Type>): Schema<Type | undefined> {
  return v.optional(schema, () => undefined);
}

/** The value as its schema types it; `undefined` for one that does not fit. Never throws. */
export function readValue<Type>(schema: Schema<Type>, value: unknown): Type | undefined {
  const read = v.safeParse(schema, value, { abortEarly: true });
  return read.success ? read.output : undefined;
}

/** The same of a text; `undefined` for one that is no JSON, too. Never throws. */
export function readJson<Type>(schema: Schema<Type>, text: string): Type | undefined {
  return readValue(v.pipe(v.string(), v.parseJson(), schema), text);
}
