// Whose credentials these are.
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { askAws, type Connection, clientConfig } from '../../../shared/aws/client.ts';

/** The account, who asks as policies see them, and the id that S3 puts into its events. */
export type Caller = {
  readonly account: string;
  readonly partition: string;
  readonly principal: string;
  readonly id: string;
};

/** Throws `AwsCallError`. Source: GetCallerIdentity, AWS STS API Reference. */
export async function readCaller(connection: Connection): Promise<Caller> {
  const client = new STSClient(clientConfig(connection));
  const answer = await askAws('ask whose credentials these are', 'sts:GetCallerIdentity', () =>
    client.send(new GetCallerIdentityCommand({})),
  );
  const { Account = '', Arn = '', UserId = '' } = answer ?? {};
  const partition = Arn.split(':')[1] || 'aws';
  return { account: Account, partition, principal: principalOf(Arn), id: UserId };
}

/**
 * What `aws:PrincipalArn` holds: of a session it is the role, whose path the session does not name.
 * Source: "AWS global condition context keys", IAM User Guide.
 */
export function principalOf(arn: string): string {
  const [, partition, account, role] =
    /^arn:([\w-]+):sts::(\d+):assumed-role\/([^/]+)\//.exec(arn) ?? [];
  return role === undefined ? arn : `arn:${partition}:iam::${account}:role/*${role}`;
}
