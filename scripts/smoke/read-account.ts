// Whose credentials these are.
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { askAws } from '../../shared/aws/aws-error.ts';
import { type Connection, clientConfig } from '../../shared/aws/connection.ts';

/** The number of the account. Throws `AwsCallError`. */
export async function readAccount(connection: Connection): Promise<string> {
  const client = new STSClient(clientConfig(connection));
  const answer = await askAws('ask whose credentials these are', 'sts:GetCallerIdentity', () =>
    client.send(new GetCallerIdentityCommand({})),
  );
  return answer?.Account ?? '';
}
