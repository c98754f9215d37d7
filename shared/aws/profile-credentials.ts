// The credentials of a person: from the environment, a profile of the AWS configuration, or the machine.
// Kept apart from what the functions load: their runtime hands theirs over.
import type { fromIni } from '@aws-sdk/credential-provider-ini';
import { toAscii } from '../messages/plain-text.ts';
import { type Credentials, readEnvironment, requestSettings } from './client.ts';

/** No credentials; `hint` says what to do next. The name is the one that hints of AWS errors know. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsProviderError';
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/** Asks a person for the code of a second factor; ends with the reason of `signal` when that is raised. */
export type AskCode = (serial: string, signal: AbortSignal) => Promise<string>;

const WORDS_SHOWN = 500;

/**
 * A profile that was named is the only source: when it fails, the SDK's default chain would go on to the next one, and
 * end with the words of the last. Throws `CredentialsError`.
 */
export async function readCredentials(
  region: string,
  { AWS_PROFILE, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY }: NodeJS.ProcessEnv,
  askCode: AskCode,
): Promise<Credentials> {
  const profile = AWS_PROFILE || undefined;
  // Without a profile nothing of the SDK's chain is loaded.
  if (profile === undefined && AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY) return readEnvironment();
  const { fromIni } = await import('@aws-sdk/credential-provider-ini');
  const stopped = new AbortController();
  const options = {
    clientConfig: { ...requestSettings },
    // The profile's own region comes first.
    parentClientConfig: { region },
    mfaCodeProvider: (serial: string) => askCode(serial, stopped.signal),
  };
  // The SDK asks for the code before it looks whether the source profile works, and leaves that failure to nobody.
  const stop = (reason: unknown) => stopped.abort(reason);
  process.on('unhandledRejection', stop);
  try {
    if (profile !== undefined) return await fromIni({ ...options, profile })();
    return await readUnnamed(options);
  } catch (error) {
    throw error instanceof CredentialsError ? error : explain(error, profile);
  } finally {
    process.off('unhandledRejection', stop);
  }
}

/** The default profile, then what the machine itself has. */
async function readUnnamed(options: Parameters<typeof fromIni>[0]): Promise<Credentials> {
  const { fromIni } = await import('@aws-sdk/credential-provider-ini');
  let failure: unknown;
  try {
    return await fromIni(options)();
  } catch (error) {
    const { tryNextLink, message } = error as { tryNextLink?: boolean; message: string };
    if (tryNextLink !== true) throw error;
    // Without a default profile there is nothing to say of it.
    if (!message.startsWith('Could not resolve credentials using profile: [default]')) {
      failure = error;
    }
  }
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
  try {
    return await defaultProvider(options)();
  } catch (error) {
    throw failure ?? error;
  }
}

function explain(cause: unknown, profile: string | undefined): CredentialsError {
  const { name, message } = cause as Error;
  const isStsAnswer = name !== 'CredentialsProviderError' && /^[\w.]{1,60}$/.test(name);
  const words = toAscii(`${isStsAnswer ? `${name}: ` : ''}${message.trim().replace(/\s+/g, ' ')}`);
  const shown = words.length > WORDS_SHOWN ? `${words.slice(0, WORDS_SHOWN)}...` : words;
  return new CredentialsError(`no AWS credentials: ${shown}`, hintOf(message, profile), { cause });
}

function hintOf(message: string, profile: string | undefined): string {
  const named = profile === undefined ? '' : ` --profile ${profile}`;
  const of = profile === undefined ? 'the default profile' : `the profile ${profile}`;
  if (/sso|token is expired/i.test(message)) {
    return `log in, and run it again: aws sso login${named}; where ${of} takes its credentials from another profile, name that one`;
  }
  if (/MultiFactorAuthentication failed/.test(message)) {
    return 'run it again with the code that the device shows then: each code works once';
  }
  if (message.startsWith('Could not resolve credentials using profile')) {
    return `${of} is not in your AWS configuration, or is not complete: aws configure list-profiles`;
  }
  if (message.startsWith('Could not load credentials from any providers')) {
    return 'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
  }
  return `try ${of} by itself: aws sts get-caller-identity${named}`;
}
