// Starts a local AWS for one test file, with a clock that the test sets and clients that do not retry.
import { S3Client } from '@aws-sdk/client-s3';
import { SESClient } from '@aws-sdk/client-ses';
import { SNSClient } from '@aws-sdk/client-sns';
import { onTestFinished } from 'vitest';
import { type LocalAws, type LocalAwsOptions, startLocalAws } from '../local-aws.ts';

/** A local AWS, stopped when the test ends, with its clients. */
export type Local = {
  readonly aws: LocalAws;
  readonly s3: S3Client;
  readonly sns: SNSClient;
  readonly ses: SESClient;
  /** A further S3 client that signs as somebody else. */
  readonly s3As: (accessKeyId: string) => S3Client;
};

/** Monday 23 November 2026, 04:00 UTC: when the clock of these tests stands, unless a test moves it. */
export const monday = Date.parse('2026-11-23T04:00:00Z');

/** Starts it; `attempts` above 1 lets the clients retry as they do by default. */
export async function startLocal(options: LocalAwsOptions = {}, attempts = 1): Promise<Local> {
  const aws = await startLocalAws({ now: () => monday, ...options });
  const { endpoint, region, credentials } = aws;
  const settings = { endpoint, region, credentials, maxAttempts: attempts };
  const clients = [new S3Client(settings), new SNSClient(settings), new SESClient(settings)];
  const [s3, sns, ses] = clients as [S3Client, SNSClient, SESClient];
  onTestFinished(async () => {
    for (const client of clients) client.destroy();
    await aws.close();
  });
  const s3As = (accessKeyId: string) => {
    const client = new S3Client({
      ...settings,
      credentials: { accessKeyId, secretAccessKey: 'not-checked' },
    });
    clients.push(client);
    return client;
  };
  return { aws, s3, sns, ses, s3As };
}
