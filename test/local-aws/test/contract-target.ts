// Makes the clients with which a contract check speaks to whatever AWS stands behind an endpoint.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SESClient } from '@aws-sdk/client-ses';
import { SNSClient } from '@aws-sdk/client-sns';
import { expect } from 'vitest';

/** Where the contract is to be run. */
export type ContractTarget = {
  /** `undefined`: AWS itself. */
  readonly endpoint: string | undefined;
  readonly region: string;
  /** `undefined`: those of the environment. */
  readonly credentials:
    | { readonly accessKeyId: string; readonly secretAccessKey: string }
    | undefined;
  /** Does what a person does who clicks the link in the mail that this address got. */
  readonly click: (address: string) => void;
  /** How long a setting may take to hold, in milliseconds; 0 = the first answer counts. */
  readonly patienceMs?: number;
  /** A bucket whose versions may be relied on; without it one is made on the spot. */
  readonly versionedBucket?: () => Promise<string>;
};

/** What a check works with; `name` makes names that no other check uses. */
export type ContractContext = {
  readonly s3: S3Client;
  readonly sns: SNSClient;
  readonly ses: SESClient;
  readonly region: string;
  readonly click: (address: string) => void;
  readonly name: (stem: string) => string;
  /** A new bucket, with versioning on if asked. */
  readonly bucket: (options?: { readonly versioned?: boolean }) => Promise<string>;
  /** Puts these keys, each holding its own name. */
  readonly fill: (bucket: string, keys: readonly string[]) => Promise<void>;
  /**
   * Tries until it holds: a new setting of a bucket takes up to minutes on AWS, and on an emulator no time at all.
   * Source: "Amazon S3 data consistency model", S3 User Guide (bucket configurations); "Setting an S3 Lifecycle
   * configuration on a bucket" (a few minutes).
   */
  readonly settles: <Value>(holds: () => Promise<Value>) => Promise<Value>;
};

/** One thing that AWS does and an emulator must do; `differs` says, per emulator, why it is known not to. */
export type ContractCheck = {
  readonly name: string;
  /** What of Rollcall hangs on it. */
  readonly matters: string;
  readonly run: (context: ContractContext) => Promise<void>;
  readonly differs?: { readonly ministack?: string };
  /** Why it is not for an account of AWS. */
  readonly emulatedOnly?: string;
};

// Anyone who has to remove what was made says by which name.
const run = process.env.ROLLCALL_CONTRACT_RUN ?? Date.now().toString(36);
let made = 0;

/** Clients for the target. Path style, as an emulator has no wildcard DNS name. */
export function openContext(target: ContractTarget): ContractContext {
  const { endpoint, region, credentials } = target;
  const settings = {
    region,
    // An emulator's first answer is the one that counts; AWS may be busy.
    maxAttempts: endpoint === undefined ? 5 : 1,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  };
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  const name = (stem: string) => {
    made += 1;
    return `${stem}-${run}-${made}`;
  };
  return {
    s3,
    sns: new SNSClient(settings),
    ses: new SESClient(settings),
    region,
    click: target.click,
    name,
    settles: (holds) => settle(holds, target.patienceMs ?? 0),
    bucket: async (options = {}) => {
      if (options.versioned && target.versionedBucket) return target.versionedBucket();
      const Bucket = name('contract');
      await s3.send(new CreateBucketCommand({ Bucket }));
      if (options.versioned) {
        const VersioningConfiguration = { Status: 'Enabled' } as const;
        await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
      }
      return Bucket;
    },
    fill: async (Bucket, keys) => {
      for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    },
  };
}

async function settle<Value>(holds: () => Promise<Value>, patienceMs: number): Promise<Value> {
  const until = Date.now() + patienceMs;
  for (;;) {
    try {
      return await holds();
    } catch (error) {
      if (Date.now() >= until) throw error;
      await sleep(5000);
    }
  }
}

/** Frees the clients' connections. */
export function closeContext({ s3, sns, ses }: ContractContext): void {
  for (const client of [s3, sns, ses]) client.destroy();
}

/** Runs one check against the target with clients of its own. */
export async function runCheck(check: ContractCheck, target: ContractTarget): Promise<void> {
  const context = openContext(target);
  try {
    await check.run(context);
  } finally {
    closeContext(context);
  }
}

/** Expects a call to be refused with this error name (or one of them) and, if given, this status. */
export async function expectRefusal(
  call: Promise<unknown>,
  name: string | RegExp,
  status?: number,
): Promise<void> {
  const refusal: unknown = await call.then(
    () => ({ name: 'no refusal' }),
    (error: unknown) => error,
  );
  const { name: actual, $metadata } = refusal as {
    name: string;
    $metadata?: { httpStatusCode?: number };
  };
  expect(actual).toMatch(typeof name === 'string' ? new RegExp(`^${name}$`) : name);
  if (status !== undefined) expect($metadata?.httpStatusCode).toBe(status);
}
