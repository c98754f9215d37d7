// Looks, before anything is made, for what CloudFormation would stop at half-way.
import type { Connection } from '../../shared/aws/client.ts';
import { readBeforeDeploy } from '../../shared/aws/names-in-use.ts';
import type { Config } from '../../shared/config/config.ts';
import type { Check } from '../../shared/doctor/audit.ts';
import { judgeBeforeDeploy } from '../../shared/doctor/before-deploy.ts';
import { hostGroupName } from './host-group.ts';
import { readStackConfig } from './package-stack.ts';

/** What stands in the way of this stack. It only reads; what it may not read is `unknown`. */
export async function examineBeforeDeploy(
  connection: Connection,
  config: Config,
  stackName: string,
): Promise<readonly Check[]> {
  const names = { stack: stackName, group: hostGroupName(config.bucket) };
  const found = await readBeforeDeploy(connection, config.bucket, names);
  return judgeBeforeDeploy(found, config, names);
}

/** The hook of `sls deploy`: throws the framework's own kind of error, which ends it. */
export async function refuseBadDeploy(framework: Framework, log: Log): Promise<void> {
  const { connection, stackName } = await connectLikeFramework(framework);
  const config = readStackConfig(framework.serviceDir, process.env);
  const checks = await examineBeforeDeploy(connection, config, stackName);
  for (const one of checks) {
    if (one.status === 'unknown') log.warning(`not looked at before the deploy: ${one.says}`);
  }
  const reasons = checks.flatMap((one) =>
    one.status === 'fail' ? `${one.says}\n  what to do: ${one.fix}` : [],
  );
  if (reasons.length === 0) return;
  const words = `Nothing was made or changed.\n${reasons.join('\n')}`;
  throw new framework.classes.Error(words, 'ROLLCALL_BEFORE_DEPLOY');
}

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
