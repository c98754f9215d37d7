// Keeps one line per request, and counts them, so that a test can say what a run asked of AWS and what it cost.

/** A request as answered; `status` 0 = never answered (hung, reset, or still under way). */
export type RequestRecord = {
  readonly service: string;
  readonly operation: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly prefix: string | undefined;
  readonly principal: string;
  readonly at: number;
  readonly bytesIn: number;
  bytesOut: number;
  status: number;
  /** The error code answered, when it was an error. */
  code: string | undefined;
  /** True when a fault rule had a hand in it. */
  faulted: boolean;
};

/** How S3 bills a request: LIST and PUT dear, GET cheap, DELETE free; SNS and SES by their own name. */
export type RequestKind = 'LIST' | 'PUT' | 'GET' | 'DELETE' | 'SNS' | 'SES' | 'OTHER';

/** Sums over the log since it was last cleared. */
export type RequestCounts = {
  readonly requests: number;
  readonly errors: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly byOperation: Readonly<Record<string, number>>;
  readonly byKind: Readonly<Record<RequestKind, number>>;
};

/** The log, oldest request first; `open` and `close` are the server's, the rest is the test's. */
export type RequestLog = {
  readonly records: RequestRecord[];
  readonly open: (
    record: Omit<RequestRecord, 'bytesOut' | 'status' | 'code' | 'faulted'>,
  ) => RequestRecord;
  readonly close: (record: RequestRecord) => void;
  readonly counts: () => RequestCounts;
  /** The most requests that were under way at one moment: proves a limit on parallelism. */
  readonly peakInFlight: () => number;
  readonly clear: () => void;
};

/** The billing kind of an operation. */
export function kindOf(service: string, operation: string): RequestKind {
  if (service === 'sns') return 'SNS';
  if (service === 'ses') return 'SES';
  if (service === 'iam') return 'OTHER';
  if (operation.startsWith('List')) return 'LIST';
  if (/^(Delete|Abort)/.test(operation)) return 'DELETE';
  if (/^(Put|Copy|Create|Upload|Complete)/.test(operation)) return 'PUT';
  return /^(Get|Head)/.test(operation) ? 'GET' : 'OTHER';
}

/** An empty log. */
export function createRequestLog(): RequestLog {
  const records: RequestRecord[] = [];
  const inFlight = new Set<RequestRecord>();
  let peak = 0;
  return {
    records,
    open: (asked) => {
      const record = { ...asked, bytesOut: 0, status: 0, code: undefined, faulted: false };
      records.push(record);
      inFlight.add(record);
      peak = Math.max(peak, inFlight.size);
      return record;
    },
    close: (record) => void inFlight.delete(record),
    counts: () => countRequests(records),
    peakInFlight: () => peak,
    clear: () => {
      records.length = 0;
      peak = inFlight.size;
    },
  };
}

function countRequests(records: readonly RequestRecord[]): RequestCounts {
  const byOperation: Record<string, number> = {};
  const byKind = { LIST: 0, PUT: 0, GET: 0, DELETE: 0, SNS: 0, SES: 0, OTHER: 0 };
  let errors = 0;
  let bytesIn = 0;
  let bytesOut = 0;
  for (const record of records) {
    byOperation[record.operation] = (byOperation[record.operation] ?? 0) + 1;
    byKind[kindOf(record.service, record.operation)] += 1;
    if (record.status === 0 || record.status >= 400) errors += 1;
    bytesIn += record.bytesIn;
    bytesOut += record.bytesOut;
  }
  return { requests: records.length, errors, bytesIn, bytesOut, byOperation, byKind };
}
