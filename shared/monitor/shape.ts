// What a value out of JSON must be to be taken for one of ours: closed and strict, and held to the type by the compiler.

/** True for a value of the type; never throws. */
export type Guard<Type> = (value: unknown) => value is Type;

/** A guard for every member, also for those that may be absent. */
export type Shape<Type> = {
  readonly [Key in keyof Type]-?: object extends Pick<Type, Key>
    ? Guard<Type[Key] | undefined>
    : Guard<Type[Key]>;
};

/** A record with these members and no others. */
export function closed<Type extends object>(shape: Shape<Type>): Guard<Type> {
  const guards: readonly [string, Guard<unknown>][] = Object.entries(shape);
  return (value): value is Type =>
    isRecord(value) &&
    Object.keys(value).every((key) => Object.hasOwn(shape, key)) &&
    guards.every(([key, guard]) => guard(Object.hasOwn(value, key) ? value[key] : undefined));
}

export function listOf<Type>(guard: Guard<Type>): Guard<readonly Type[]> {
  return (value): value is readonly Type[] => Array.isArray(value) && value.every(guard);
}

/** A member that may be absent. */
export function maybe<Type>(guard: Guard<Type>): Guard<Type | undefined> {
  return (value): value is Type | undefined => value === undefined || guard(value);
}

export function oneOf<const Words extends readonly unknown[]>(words: Words): Guard<Words[number]> {
  return (value): value is Words[number] => words.includes(value);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

export function isFlag(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

export function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

/** Whole and not negative: an instant, a number of files, bytes. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
