// The few parts of the framework that our hooks use. Source: lib/plugins/aws/provider.js of osls.
import type { Connection } from '../../shared/aws/connection.ts';

/** The framework, as it gives itself to a plugin. */
export type Framework = {
  readonly serviceDir: string;
  readonly classes: { readonly Error: new (message: string, code: string) => Error };
  readonly getProvider: (name: 'aws') => {
    readonly getRegion: () => string;
    readonly getAwsSdkV3CredentialsProvider: () => NonNullable<Connection['credentials']> &
      (() => Promise<unknown>);
    readonly naming: { readonly getStackName: () => string };
  };
};

/** Its log, which goes to standard error. */
export type Log = {
  readonly notice: (line: string) => void;
  readonly warning: (line: string) => void;
};

/**
 * The account that the framework itself goes to, and the stack's name. Without credentials it throws the framework's
 * own error.
 */
export async function connectLikeFramework(
  framework: Framework,
): Promise<{ connection: Connection; stackName: string }> {
  const provider = framework.getProvider('aws');
  const credentials = provider.getAwsSdkV3CredentialsProvider();
  await credentials();
  const endpoint = process.env.AWS_ENDPOINT_URL || undefined;
  return {
    connection: { region: provider.getRegion(), endpoint, credentials },
    stackName: provider.naming.getStackName(),
  };
}
