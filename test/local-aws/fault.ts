// Makes AWS misbehave on demand: rules that pick requests, and the one thing each does to them.

/** What happens to a request that a rule picks; one of: */
export type Fault =
  /** An error answer: S3 or query XML with this code; the status AWS gives that code unless said otherwise. */
  | { readonly error: string; readonly status?: number; readonly message?: string }
  /** "The bucket is elsewhere": 301 with `x-amz-bucket-region`. */
  | { readonly redirectTo: string }
  /** The answer comes this much later, in real milliseconds; two numbers = evenly between them. */
  | { readonly latencyMs: number | readonly [least: number, most: number] }
  /** The connection is reset, before any byte of the answer or in the middle of its body. */
  | { readonly reset: 'before' | 'mid-body' }
  /** No answer ever. */
  | { readonly hang: true }
  /** The request waits for `until` before it is done, or is done and its answer waits. Never settled = the caller is dead. */
  | { readonly hold: 'undone' | 'done'; readonly until: Promise<void> }
  /** A well-formed HTTP answer whose body ends early; the number is the share that is kept, 0 to 1. */
  | { readonly truncate: number }
  /** PutObject answers as it should, and keeps something else than what it was sent. */
  | { readonly store: Lie }
  /** A listing page: nothing on it and a token to go on, or its own token as the next one, for ever, or: */
  | { readonly page: Stumble };

/** `looping`: the second page leads back to the first; `endless`: an empty page, and a new token each time. */
export type Stumble = 'empty' | 'same-token' | 'looping' | 'endless';

/** The first half; all with one bit flipped; or nothing at all. The ETag is made from what is kept. */
export type Lie = 'half' | 'flip' | 'nothing';

/** Which requests a rule picks: all that fit every member given. `nth` counts those, from 1. */
export type FaultRule = {
  readonly service?: 's3' | 'sns' | 'ses' | 'sqs' | 'iam';
  readonly operation?: string | readonly string[];
  readonly bucket?: string;
  /** The object's key or the listing's prefix begins so. */
  readonly prefix?: string;
  /** The object's key ends so. */
  readonly suffix?: string;
  readonly principal?: string;
  readonly nth?: number | readonly number[];
  /** Only the first so many. */
  readonly first?: number;
  /** Each with this chance, by a generator seeded with `seed` (1 unless said), so that a run can be repeated. */
  readonly probability?: number;
  readonly seed?: number;
  readonly fault: Fault;
};

/** The request as rules see it. */
export type FaultTarget = {
  readonly service: string;
  readonly operation: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly prefix: string | undefined;
  readonly principal: string;
};

/** A rule at work; `hits` = how many requests it changed. */
export type StandingFault = { readonly hits: () => number; readonly remove: () => void };

/** The rules in force. */
export type Faults = {
  readonly add: (rule: FaultRule) => StandingFault;
  readonly clear: () => void;
  /** What to do to this request; counts it in every rule it fits. */
  readonly decide: (target: FaultTarget) => Treatment;
};

/** The faults that fell on one request, put together. */
export type Treatment = {
  readonly faulted: boolean;
  readonly latencyMs: number;
  readonly error: Extract<Fault, { error: string }> | undefined;
  readonly redirectTo: string | undefined;
  readonly reset: 'before' | 'mid-body' | undefined;
  readonly hang: boolean;
  readonly truncate: number | undefined;
  readonly hold: Extract<Fault, { hold: unknown }> | undefined;
  readonly page: Stumble | undefined;
  readonly store: Lie | undefined;
};

/** No rules yet. */
export function createFaults(): Faults {
  const standing = new Set<{ strike: (target: FaultTarget) => Fault | undefined }>();
  const add = (rule: FaultRule): StandingFault => {
    const random = createRandom(rule.seed ?? 1);
    let matched = 0;
    let hits = 0;
    const strike = (target: FaultTarget): Fault | undefined => {
      if (!fits(rule, target)) return undefined;
      matched += 1;
      if (rule.nth !== undefined && ![rule.nth].flat().includes(matched)) return undefined;
      if (rule.first !== undefined && matched > rule.first) return undefined;
      if (rule.probability !== undefined && random() >= rule.probability) return undefined;
      hits += 1;
      const { fault } = rule;
      if (!('latencyMs' in fault) || typeof fault.latencyMs === 'number') return fault;
      const [least, most] = fault.latencyMs;
      return { latencyMs: least + random() * (most - least) };
    };
    const entry = { strike };
    standing.add(entry);
    return { hits: () => hits, remove: () => void standing.delete(entry) };
  };
  return {
    add,
    clear: () => standing.clear(),
    decide: (target) => combine([...standing].flatMap(({ strike }) => strike(target) ?? [])),
  };
}

function fits(rule: FaultRule, target: FaultTarget): boolean {
  const place = target.key ?? target.prefix ?? '';
  return (
    (rule.service === undefined || rule.service === target.service) &&
    (rule.operation === undefined || [rule.operation].flat().includes(target.operation)) &&
    (rule.bucket === undefined || rule.bucket === target.bucket) &&
    (rule.prefix === undefined || place.startsWith(rule.prefix)) &&
    (rule.suffix === undefined || place.endsWith(rule.suffix)) &&
    (rule.principal === undefined || rule.principal === target.principal)
  );
}

function combine(faults: readonly Fault[]): Treatment {
  const pick = <K extends string>(name: K) =>
    faults.find((fault): fault is Extract<Fault, Record<K, unknown>> => name in fault);
  const delays = faults.map((fault) => ('latencyMs' in fault ? Number(fault.latencyMs) : 0));
  return {
    faulted: faults.length > 0,
    latencyMs: delays.reduce((sum, delay) => sum + delay, 0),
    error: pick('error'),
    redirectTo: pick('redirectTo')?.redirectTo,
    reset: pick('reset')?.reset,
    hang: pick('hang') !== undefined,
    hold: pick('hold'),
    truncate: pick('truncate')?.truncate,
    page: pick('page')?.page,
    store: pick('store')?.store,
  };
}

// mulberry32: small, even enough, and the same on every machine.
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
