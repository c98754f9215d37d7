// An answer of S3's as it came: the SDK signs, sends, retries and reads refusals, and what was asked for stays unread.
import type { ListObjectsV2Command, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';

/**
 * Sends one question that lists, and answers with the body; empty where there was none. Throws the SDK's errors, also
 * for an error that S3 tells with a status of 200.
 */
export async function sendForBody(
  client: S3Client,
  asked: ListObjectsV2Command | ListObjectVersionsCommand,
): Promise<Uint8Array> {
  // The same for both commands, but the SDK's types know one at a time.
  const command = asked as ListObjectsV2Command;
  let body: Uint8Array = new Uint8Array();
  const takeBody =
    <Args, Answer extends { response: unknown }>(next: (args: Args) => Promise<Answer>) =>
    async (args: Args): Promise<Answer> => {
      const answer = await next(args);
      const response = answer.response as { statusCode: number; body: unknown };
      if (response.statusCode === 200) {
        body = await client.config.streamCollector(response.body);
        // What is left for the SDK to read is an answer without content.
        response.body = undefined;
      }
      return answer;
    };
  command.middlewareStack.addRelativeTo(takeBody, {
    name: 'takeBody',
    // After the SDK's own look for an error with a status of 200: it makes a 503 of it, which is tried again.
    relation: 'before',
    toMiddleware: 'throw200ExceptionsMiddleware',
  });
  await client.send(command);
  return body;
}
