// The error for a command line that cannot be carried out, with what to do about it.

/** Told as `rollcall: error: MESSAGE` and `rollcall: hint: HINT`; exit status 3. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
