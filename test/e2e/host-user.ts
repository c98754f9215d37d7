// A host as IAM knows it: a user of the host's name, in the stack's group, with a key.
import {
  AddUserToGroupCommand,
  CreateAccessKeyCommand,
  CreateUserCommand,
  type IAMClient,
} from '@aws-sdk/client-iam';

/** Makes the user, and answers its key. */
export async function makeHostUser(iam: IAMClient, GroupName: string, UserName: string) {
  await iam.send(new CreateUserCommand({ UserName, Path: '/backup-hosts/' }));
  await iam.send(new AddUserToGroupCommand({ UserName, GroupName }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
}
