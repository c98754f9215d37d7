// S3 as the janitor's way into the backup bucket: it lists, and it tags.
import type { JanitorDependencies } from '../monitor/tag-superseded.ts';
import { EXPIRE_TAG } from '../rules/lifecycle.ts';
import { askAws, type Connection } from './client.ts';
import { startListing } from './s3-listing.ts';
import { connectS3 } from './s3-requests.ts';

// Lifecycle was faster, or the operator: what is not there any more needs no tag.
const GONE = ['NoSuchKey', 'MethodNotAllowed'];

const TAGGING = `<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>${EXPIRE_TAG.key}</Key><Value>${EXPIRE_TAG.value}</Value></Tag></TagSet></Tagging>`;

/** Kept apart from what the other functions load, as none of them may tag. */
export function connectJanitor(connection: Connection): JanitorDependencies {
  const ask = connectS3(connection);
  return {
    list: startListing(ask),
    tag: async (bucket, key) => {
      const headers = { 'content-type': 'application/xml' };
      const asked = { method: 'PUT', bucket, key, query: { tagging: '' }, headers } as const;
      await askAws(
        `tag an object in ${bucket}`,
        's3:PutObjectTagging',
        () => ask({ ...asked, body: TAGGING }),
        GONE,
      );
    },
  };
}
