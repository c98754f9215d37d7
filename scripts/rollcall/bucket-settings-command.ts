// `rollcall bucket-settings`: what the backup bucket should be set to, as JSON for `aws s3api`.
import type { Connection } from '../../shared/aws/client.ts';
import type { Config } from '../../shared/config/config.ts';
import {
  MOST_POLICY_BYTES,
  mergedSettingOf,
  SETTINGS,
  type Setting,
  settingOf,
} from '../stack/bucket-settings.ts';
import type { Names } from '../stack/policy-sizes.ts';
import { defineCommand, STACK, TEXT } from './command.ts';
import { openAws, readConfig } from './config-file.ts';
import { deployedNames } from './deployed-names.ts';
import { toAsciiJson } from './format-report.ts';
import { UsageError } from './terminal.ts';

const HELP = `rollcall bucket-settings - what the backup bucket should be set to, as JSON for aws s3api

Examples: print a setting, read it, then put it into force. acme-backups is "bucket" in hosts.yml
  rollcall bucket-settings policy > policy.json
  aws --profile break-glass s3api put-bucket-policy --bucket acme-backups --policy file://policy.json

  rollcall bucket-settings lifecycle > lifecycle.json
  aws --profile break-glass s3api put-bucket-lifecycle-configuration --bucket acme-backups \\
    --lifecycle-configuration file://lifecycle.json

  rollcall bucket-settings notification > notification.json
  aws --profile break-glass s3api put-bucket-notification-configuration --bucket acme-backups \\
    --notification-configuration file://notification.json

  rollcall bucket-settings versioning > versioning.json
  aws --profile break-glass s3api put-bucket-versioning --bucket acme-backups \\
    --versioning-configuration file://versioning.json

  rollcall bucket-settings public-access-block > public-access-block.json
  aws --profile break-glass s3api put-public-access-block --bucket acme-backups \\
    --public-access-block-configuration file://public-access-block.json

The bucket policy refuses these calls to everybody but the break-glass role, so the aws commands name its profile.
docs/setup.md says how to make it ("Who may do what"). This command only reads, and changes nothing.

A bucket that the stack made: it prints the whole setting, as the stack makes it.
A bucket with "existing: true": it reads what the bucket has, and prints that together with what Rollcall needs.
Nothing that others set is dropped. Rollcall's own statements begin with "Rollcall", its own rules with "rollcall-".

Needs: cloudformation:DescribeStacks and ListStackResources for policy and notification; for an existing bucket
s3:GetBucketPolicy, GetLifecycleConfiguration and GetBucketNotification as well.

Options
  --hosts FILE          the config; default $ROLLCALL_HOSTS, else hosts.yml
  --stack NAME          the stack; default rollcall-prod
  --endpoint-url URL    an AWS of your own; default $AWS_ENDPOINT_URL
  -h, --help            this

Exit status
  0  printed      3  something could not be read, there is no such stack, or wrong usage
`;

export const bucketSettingsCommand = defineCommand({
  help: HELP,
  options: { hosts: TEXT, stack: STACK, 'endpoint-url': TEXT },
  operands: true,
  run: async (options, operands) => {
    const what = whatOf(operands);
    const config = await readConfig(options.hosts);
    // Some settings need nothing of AWS, and so no credentials.
    const open: Open = () => openAws(config, options);
    const { admins, names } = await readNames(open, options.stack, what, config);
    const setting = config.existing
      ? mergedSettingOf(
          what,
          await readSetting(await open(), what, config.bucket),
          config,
          admins,
          names,
        )
      : settingOf(what, config, admins, names);
    const bytes = Buffer.byteLength(JSON.stringify(setting));
    if (what === 'policy' && bytes > MOST_POLICY_BYTES) {
      throw new UsageError(
        `the policy would have ${bytes} bytes, and S3 takes ${MOST_POLICY_BYTES}`,
        `take statements that are not needed out of the policy of ${config.bucket}, and run this again`,
      );
    }
    process.stdout.write(`${toAsciiJson(setting)}\n`);
    const [call, option] = SETTINGS[what].split(' ');
    process.stderr.write(
      `to put it into force: aws --profile break-glass s3api ${call} --bucket ${config.bucket} ${option} file://FILE\n`,
    );
    return 0;
  },
});

type Open = () => Promise<Connection>;

function whatOf([what, ...more]: readonly string[]): Setting {
  const known = Object.keys(SETTINGS).join(', ');
  if (what === undefined) {
    throw new UsageError('which setting is to be printed?', `name one of ${known}`);
  }
  if (more.length > 0) {
    throw new UsageError('one setting at a time', `name one of ${known}, and run it once for each`);
  }
  if (Object.hasOwn(SETTINGS, what)) return what as Setting;
  throw new UsageError(
    `there is no setting ${JSON.stringify(what)}`,
    `name one of ${known}; see: rollcall bucket-settings --help`,
  );
}

/** What the deployed stack is made of, read only where the setting contains it. */
async function readNames(
  open: Open,
  stackName: string,
  what: Setting,
  config: Config,
): Promise<{ admins: readonly string[]; names: Names }> {
  const needed = what === 'policy' || (what === 'notification' && !config.existing);
  const unknown = { name: stackName, status: '', outputs: {}, resources: [] };
  if (!needed) return { admins: [], names: deployedNames(unknown) };
  const { readStack } = await import('../../shared/aws/deployed-stack.ts');
  const connection = await open();
  const stack = await readStack(connection, stackName);
  if (stack === undefined) {
    throw new UsageError(
      `there is no stack ${stackName} in ${connection.region}, and the ${what} names what it is made of`,
      'deploy it: npx serverless deploy; or name another: --stack NAME',
    );
  }
  const { BackupBucketName = config.bucket, BucketAdmins = '' } = stack.outputs;
  if (BackupBucketName !== config.bucket) {
    throw new UsageError(
      `the stack ${stackName} is for the bucket ${BackupBucketName}, and hosts.yml says ${config.bucket}`,
      'correct "bucket" in hosts.yml, or name the stack of this bucket: --stack NAME',
    );
  }
  return {
    admins: BucketAdmins.split(',').filter((arn) => arn !== ''),
    names: deployedNames(stack),
  };
}

type Json = Parameters<typeof mergedSettingOf>[1];

/** What the bucket has now, as S3 answers it; nothing where that does not matter. */
async function readSetting(connection: Connection, what: Setting, bucket: string): Promise<Json> {
  const { connectBucketReader } = await import('../../shared/aws/bucket-reader.ts');
  const reader = connectBucketReader(connection, bucket);
  if (what === 'policy') return ((await reader.policy()) ?? {}) as Json;
  if (what === 'notification') return asJson(await reader.notificationConfiguration());
  if (what !== 'lifecycle') return {};
  const { minimumSize, ...configuration } = await reader.lifecycleConfiguration();
  if (minimumSize === 'varies_by_storage_class') {
    process.stderr.write(
      'add to the aws command, or S3 changes it: --transition-default-minimum-object-size varies_by_storage_class\n',
    );
  }
  return asJson(configuration);
}

/** Dates become text, as `aws s3api` takes them. */
const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value));
