// The ledger of a deployed stack: its bucket has a name of CloudFormation's own.
import type { Connection } from '../../shared/aws/connection.ts';
import type { Ledger } from '../../shared/check/ledger.ts';
import { nameOf } from '../../shared/doctor/stack.ts';
import { ledgerBucket } from '../stack/ledger-bucket.ts';
import { UsageError } from './usage-error.ts';

/** Opens the bucket that was named, else the stack's. Throws `UsageError`, or `AwsCallError`. */
export async function findLedger(
  connection: Connection,
  stackName: string,
  bucket: string | undefined,
): Promise<Ledger> {
  const { s3Ledger } = await import('../../shared/aws/s3-ledger.ts');
  return s3Ledger(connection, await findLedgerBucket(connection, stackName, bucket));
}

/** Its name. Throws `UsageError`, or `AwsCallError`. */
export async function findLedgerBucket(
  connection: Connection,
  stackName: string,
  bucket: string | undefined,
): Promise<string> {
  if (bucket !== undefined) return bucket;
  const { readStack } = await import('../../shared/aws/read-stack.ts');
  const name = nameOf(await readStack(connection, stackName), ledgerBucket);
  if (name !== undefined) return name;
  throw new UsageError(
    `there is no stack ${stackName} with a ledger in ${connection.region}`,
    'deploy it: npx serverless deploy; or name it: --stack NAME; or its bucket: --ledger BUCKET',
  );
}
