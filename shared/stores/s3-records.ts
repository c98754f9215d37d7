// The records as a bucket of their own: a page is an object.
import { type Connection, nameOf } from '../aws/client.ts';
import { listObjects } from '../aws/s3-listing.ts';
import { connectS3 } from '../aws/s3-requests.ts';
import { TargetUnreadableError } from '../monitor/object-store.ts';
import { RecordConflictError, RecordError, type RecordStore } from '../monitor/state.ts';

// The report of 10,000 hosts is half of it.
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Pages lie under `prefix`, which is empty or ends in a slash. A page of more than 64 MiB is read as an empty one, as no
 * run writes such.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function s3Records(connection: Connection, bucket: string, prefix = ''): RecordStore {
  const ask = connectS3(connection);
  const unreachable = (page: string, what: string, cause: unknown) =>
    new RecordError(`s3://${bucket}/${prefix}${page} could not be ${what} (${nameOf(cause)})`, {
      cause,
    });
  const put = async (page: string, body: string, condition: Readonly<Record<string, string>>) => {
    const type = page.endsWith('.html') ? 'text/html; charset=utf-8' : 'application/json';
    const headers = { 'content-type': type, ...condition };
    try {
      const answer = await ask({ method: 'PUT', bucket, key: prefix + page, headers, body });
      return answer.headers.etag ?? '';
    } catch (error) {
      const { name } = error as Error;
      if (name === 'PreconditionFailed' || name === 'ConditionalRequestConflict') {
        throw new RecordConflictError(`s3://${bucket}/${prefix}${page} was written by another run`);
      }
      throw unreachable(page, 'written', error);
    }
  };
  const read: RecordStore['read'] = async (page) => {
    try {
      const { headers, body } = await ask({ bucket, key: prefix + page, most: MOST_BYTES });
      const isTooBig = Number(headers['content-length']) > MOST_BYTES;
      return { text: isTooBig ? '' : body.toString(), tag: headers.etag };
    } catch (error) {
      if ((error as Error).name === 'NoSuchKey') return { text: undefined, tag: undefined };
      throw unreachable(page, 'read', error);
    }
  };
  return {
    read,
    write: async (page, text, tag) => {
      if (tag === undefined) return put(page, text, { 'if-none-match': '*' });
      try {
        return await put(page, text, { 'if-match': tag });
      } catch (error) {
        const bare = tag.replaceAll('"', '');
        if (!(error instanceof RecordConflictError) || bare === tag) throw error;
        // Ceph compares the tag without the quotes that it gives it; then nobody has written.
        if ((await read(page)).tag !== tag) throw error;
        return put(page, text, { 'if-match': bare });
      }
    },
    replace: async (page, text) => {
      await put(page, text, {});
    },
    list: async (begin) => {
      try {
        const { objects } = await listObjects(ask, { bucket, prefix: prefix + begin });
        return objects.map(({ key }) => key.slice(prefix.length));
      } catch (error) {
        if (!(error instanceof TargetUnreadableError)) throw error;
        throw new RecordError(error.message, { cause: error });
      }
    },
  };
}
