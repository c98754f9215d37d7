import { afterEach, describe, expect, it } from 'vitest';
import { askAws, hintFor, hintForRefusal, writeHintsFor } from '../../shared/aws/client.ts';

const NAMES = [
  ...['AccessDenied', 'AccessDeniedException', 'AllAccessDisabled', 'AuthorizationError'],
  ...['AuthorizationErrorException', 'AuthorizationHeaderMalformed', 'CredentialsProviderError'],
  ...['ExpiredToken', 'Forbidden', 'IllegalLocationConstraintException', 'InternalError'],
  ...['InvalidAccessKeyId', 'InvalidClientTokenId', 'InvalidToken', 'NoSuchBucket', 'NotFound'],
  'NotFoundException',
  ...['PermanentRedirect', 'RequestTimeTooSkewed', 'ServiceUnavailable', 'SignatureDoesNotMatch'],
  ...['SlowDown', 'Throttling', 'ThrottlingException', 'UnrecognizedClientException', 'Unknown'],
];
const CODES = ['ENOTFOUND', 'ECONNREFUSED'];

/** Every hint about an error, of a listing and of a call. */
async function hints(error: object): Promise<string[]> {
  const call = () => Promise.reject(Object.assign(new Error(), error));
  const asked = await askAws('ask', 's3:Ask', call).catch(({ hint }) => hint as string);
  return [hintFor(error, 'backups'), asked ?? '', hintForRefusal('s3:Ask')];
}

describe('a hint', () => {
  afterEach(() => writeHintsFor('terminal'));
  const errors = [...NAMES.map((name) => ({ name })), ...CODES.map((code) => ({ code }))];

  it.each(errors)('in a mail says nothing that only a terminal has: %o', async (error) => {
    writeHintsFor('mail');
    for (const hint of await hints(error)) {
      expect(hint).not.toMatch(
        /AWS_|these credentials|this machine|sso login|--endpoint-url|run it again/,
      );
      expect(hint).toMatch(/next run|function|hosts.yml|docs\/|AWS/);
    }
  });

  it.each(errors)('on a terminal speaks of no function and its next run: %o', async (error) => {
    for (const hint of await hints(error)) {
      expect(hint).not.toMatch(/the role|function|next run/);
      expect(hint).toMatch(/./);
    }
  });
});
