// S3 as the janitor's way into the backup bucket: it lists, and it tags.
import { PutObjectTaggingCommand, S3Client } from '@aws-sdk/client-s3';
import type { JanitorDependencies } from '../monitor/tag-superseded.ts';
import { EXPIRE_TAG } from '../rules/lifecycle.ts';
import { askAws, type Connection, s3ClientConfig } from './client.ts';
import { startListing } from './s3-listing.ts';

// Lifecycle was faster, or the operator: what is not there any more needs no tag.
const GONE = ['NoSuchKey', 'MethodNotAllowed'];

const TagSet = [{ Key: EXPIRE_TAG.key, Value: EXPIRE_TAG.value }];

/** Kept apart from what the other functions load, as none of them may tag. */
export function connectJanitor(connection: Connection): JanitorDependencies {
  const client = new S3Client(s3ClientConfig(connection));
  return {
    list: startListing(client),
    tag: async (Bucket, Key) => {
      const command = new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet } });
      await askAws(
        `tag an object in ${Bucket}`,
        's3:PutObjectTagging',
        () => client.send(command),
        GONE,
      );
    },
  };
}
