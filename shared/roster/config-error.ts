// The error for a roll or an environment that is wrong, with every mistake in it.

/** One or more mistakes of the operator's; each issue is a line that says where and what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly issues: readonly string[];

  constructor(issues: readonly string[]) {
    super(issues.join('\n'));
    this.issues = issues;
  }
}
