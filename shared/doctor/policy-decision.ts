// How a policy document decides one request: so much of IAM's language as backup policies are written in.

/**
 * Somebody (an ARN, or a service such as `cloudwatch.amazonaws.com`), doing something, to something; `context` by the
 * names of the condition keys.
 */
export type PolicyRequest = {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string>>;
};

/** `unsure` = it turns on something that is not understood here, and no answer would be honest. */
export type Decision = 'allow' | 'deny' | 'none' | 'unsure';

type Answer = boolean | undefined;
type Json = Readonly<Record<string, unknown>>;

/**
 * Decides by one document; a denial wins, and one that is not understood leaves it open. Never throws.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function decide(document: unknown, request: PolicyRequest): Decision {
  const { Statement } = asJson(document);
  const statements = listOf(Statement).map(asJson);
  const fits = statements.map((statement) => ({
    effect: statement.Effect,
    fits: matchesAll(statement, request),
  }));
  const some = (effect: string, answer: Answer) =>
    fits.some((one) => one.effect === effect && one.fits === answer);
  if (some('Deny', true)) return 'deny';
  if (some('Deny', undefined)) return 'unsure';
  if (some('Allow', true)) return 'allow';
  return some('Allow', undefined) ? 'unsure' : 'none';
}

function matchesAll(statement: Json, request: PolicyRequest): Answer {
  return both([
    matchesPrincipal(statement, request.principal),
    matchesEither(statement.Action, statement.NotAction, (pattern) =>
      matchesGlob(pattern.toLowerCase(), request.action.toLowerCase()),
    ),
    matchesEither(statement.Resource, statement.NotResource, (pattern) =>
      matchesGlob(fillIn(pattern, request.context), request.resource),
    ),
    ...Object.entries(asJson(statement.Condition)).flatMap(([operator, keys]) =>
      Object.entries(asJson(keys)).map(([key, values]) =>
        matchesCondition(operator, key, listOf(values).map(String), request),
      ),
    ),
  ]);
}

/** All of them; an unsure one leaves it open, unless another says no. */
function both(answers: readonly Answer[]): Answer {
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

function matchesEither(
  these: unknown,
  others: unknown,
  matches: (pattern: string) => boolean,
): Answer {
  if (these !== undefined) return listOf(these).map(String).some(matches);
  if (others !== undefined) return !listOf(others).map(String).some(matches);
  return undefined;
}

/** A policy of IAM's has none: it speaks of whom it hangs on. */
function matchesPrincipal({ Principal, NotPrincipal }: Json, principal: string): Answer {
  if (NotPrincipal !== undefined) return undefined;
  if (Principal === undefined || Principal === '*') return true;
  if (!principal.startsWith('arn:'))
    return listOf(asJson(Principal).Service).includes(principal) || asJson(Principal).AWS === '*';
  const account = principal.split(':')[4] ?? '';
  return listOf(asJson(Principal).AWS).some(
    (one) =>
      one === '*' || one === principal || one === account || one === `arn:aws:iam::${account}:root`,
  );
}

function matchesCondition(
  operator: string,
  key: string,
  wanted: readonly string[],
  { context }: PolicyRequest,
): Answer {
  const found = Object.entries(context).find(([name]) => name.toLowerCase() === key.toLowerCase());
  const value = found?.[1];
  const [, quantifier = '', name = '', ifExists = ''] =
    /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  if (name === 'Null') return wanted.includes(String(value === undefined));
  const compare = OPERATORS[name.replace('Not', '')];
  if (compare === undefined) return undefined;
  const negated = name.includes('Not');
  if (value === undefined) return ifExists !== '' || negated || quantifier === 'ForAllValues';
  const fits = wanted.some((one) => compare(fillIn(one, context), value));
  return negated ? !fits : fits;
}

const OPERATORS: Readonly<Record<string, (wanted: string, value: string) => boolean>> = {
  Bool: (wanted, value) => wanted.toLowerCase() === value.toLowerCase(),
  StringEquals: (wanted, value) => wanted === value,
  StringEqualsIgnoreCase: (wanted, value) => wanted.toLowerCase() === value.toLowerCase(),
  StringLike: matchesGlob,
  ArnEquals: matchesArn,
  ArnLike: matchesArn,
  NumericEquals: (wanted, value) => Number(value) === Number(wanted),
  NumericLessThan: (wanted, value) => Number(value) < Number(wanted),
  NumericLessThanEquals: (wanted, value) => Number(value) <= Number(wanted),
  NumericGreaterThan: (wanted, value) => Number(value) > Number(wanted),
  NumericGreaterThanEquals: (wanted, value) => Number(value) >= Number(wanted),
};

/** Each of the six parts on its own: a `*` in one of them does not reach into the next. */
function matchesArn(wanted: string, value: string): boolean {
  const parts = (arn: string) => {
    const [a = '', b = '', c = '', d = '', e = '', ...rest] = arn.split(':');
    return [a, b, c, d, e, rest.join(':')];
  };
  const theirs = parts(value);
  return wanted === '*' || parts(wanted).every((part, at) => matchesGlob(part, theirs[at] ?? ''));
}

/** `*` and `?`, without a regular expression that a long name could hold up. */
function matchesGlob(pattern: string, text: string): boolean {
  let [at, from, star, mark] = [0, 0, -1, 0];
  while (at < text.length) {
    if (
      from < pattern.length &&
      (pattern[from] === '?' || pattern[from] === text[at]) &&
      pattern[from] !== '*'
    ) {
      at += 1;
      from += 1;
    } else if (pattern[from] === '*') {
      star = from;
      mark = at;
      from += 1;
    } else if (star !== -1) {
      from = star + 1;
      mark += 1;
      at = mark;
    } else return false;
  }
  while (pattern[from] === '*') from += 1;
  return from === pattern.length;
}

/** Policy variables; one that the request does not have stays as it stands, and matches nothing. */
function fillIn(text: string, context: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{([\w:/-]+)\}/g, (whole, name: string) => context[name] ?? whole);
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function asJson(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}
