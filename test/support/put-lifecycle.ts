// The lifecycle that the stack gives its bucket, put on one by S3's own call, which spells it otherwise.
import {
  type LifecycleRule,
  PutBucketLifecycleConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { stackOf } from '../../scripts/stack/stack.ts';
import type { Roster } from '../../shared/roster/roster.ts';
import { resolveTemplate } from '../stack/resolve-template.ts';

/** Puts the rules that this roll asks for on `bucket`. */
export async function putLifecycle(s3: S3Client, roster: Roster, bucket: string): Promise<void> {
  const { BackupBucket } = resolveTemplate(stackOf(roster).resources);
  const { Rules } = BackupBucket.Properties.LifecycleConfiguration;
  await s3.send(
    new PutBucketLifecycleConfigurationCommand({
      Bucket: bucket,
      LifecycleConfiguration: { Rules: Rules.map(asSent) },
    }),
  );
}

type Templated = {
  readonly Id: string;
  readonly Status: 'Enabled';
  readonly ExpirationInDays?: number;
  readonly ExpiredObjectDeleteMarker?: boolean;
  readonly TagFilters?: readonly { Key: string; Value: string }[];
};

function asSent(rule: Templated): LifecycleRule {
  const { Id, ExpirationInDays, ExpiredObjectDeleteMarker, TagFilters, ...same } = rule;
  const expires = ExpirationInDays ?? ExpiredObjectDeleteMarker;
  const [tag] = TagFilters ?? [];
  return {
    ...same,
    ID: Id,
    Filter: tag === undefined ? { Prefix: '' } : { Tag: tag },
    ...(expires === undefined
      ? {}
      : { Expiration: { Days: ExpirationInDays, ExpiredObjectDeleteMarker } }),
  };
}
