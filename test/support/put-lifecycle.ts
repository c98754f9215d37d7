// The lifecycle that the stack gives its bucket, put on one by S3's own call, which spells it otherwise.
import {
  type LifecycleRule,
  PutBucketLifecycleConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { settingOf } from '../../scripts/stack/bucket-settings.ts';
import type { Config } from '../../shared/config/config.ts';

/** Puts the rules that this config asks for on `bucket`. */
export async function putLifecycle(s3: S3Client, config: Config, bucket: string): Promise<void> {
  const unnamed = () => {
    throw new Error('a lifecycle names no other resource');
  };
  const { Rules } = settingOf('lifecycle', config, [], { ref: unnamed, attribute: unnamed });
  await s3.send(
    new PutBucketLifecycleConfigurationCommand({
      Bucket: bucket,
      LifecycleConfiguration: { Rules: Rules as unknown as LifecycleRule[] },
    }),
  );
}
