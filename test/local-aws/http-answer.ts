// Writes an answer to the wire, whole or as a fault wants it cut.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { contentOf, readContent } from './content.ts';
import type { Treatment } from './fault.ts';
import type { Reply } from './s3/call.ts';

/** Sends it and returns the bytes of body that went out. */
export async function writeReply(
  response: ServerResponse,
  reply: Reply,
  how: {
    readonly withoutBody: boolean;
    readonly requestId: string;
    readonly treatment: Treatment;
  },
): Promise<number> {
  const body =
    typeof reply.body === 'object'
      ? reply.body
      : {
          content: contentOf(reply.body ?? ''),
          start: 0,
          end: Buffer.byteLength(reply.body ?? ''),
        };
  const full = body.end - body.start;
  const { truncate, reset } = how.treatment;
  const length = truncate === undefined ? full : Math.floor(full * truncate);
  // Node dates the answer by the system's clock, as the SDK takes a skewed date for a reason to retry a refusal.
  response.writeHead(reply.status, {
    'x-amz-request-id': how.requestId,
    'x-amz-id-2': `${how.requestId}/local`,
    ...reply.headers,
    ...(reply.status === 204 || reply.status === 304 ? {} : { 'content-length': length }),
  });
  if (how.withoutBody) {
    response.end();
    return 0;
  }
  const sent = reset === 'mid-body' ? Math.floor(length / 2) : length;
  for (const piece of readContent(body.content, body.start, body.start + sent)) {
    if (response.destroyed) return 0;
    if (!response.write(piece))
      await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
  if (reset === 'mid-body') {
    // Without a round of the event loop the first half would be thrown away with the connection.
    await new Promise((resolve) => setTimeout(resolve, 20));
    response.socket?.resetAndDestroy();
  } else response.end();
  return sent;
}
