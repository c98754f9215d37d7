// May the stack be deployed as it is asked for? Each thing that CloudFormation would fail at, before anything is made.
import type { Config } from '../config/config.ts';
import { type Check, fail, judgeReading, ok, type Reading } from './audit.ts';
import { type DeployedStack, nameOf } from './deployment.ts';
import { step } from './fix.ts';

/** A bucket as these credentials see it; `stack` = the stack that made it, if any did. */
export type BucketOwner =
  | { readonly owner: 'nobody' }
  | { readonly owner: 'another account' }
  | { readonly owner: 'us'; readonly region: string; readonly stack: string | undefined };

/** What was read of AWS. */
export type BeforeDeploy = {
  readonly stack: Reading<DeployedStack | undefined>;
  readonly bucket: Reading<BucketOwner>;
  /** The hosts' group: whether there is one, and which stack made it. */
  readonly group: Reading<{ readonly stack: string | undefined } | undefined>;
};

/** What the stack is to be called, and the group in it. */
export type Names = { readonly stack: string; readonly group: string };

const ANOTHER_NAME = 'choose another "bucket" in hosts.yml';
const ANOTHER_CONFIG = step(
  'edit-config',
  'give each stage a bucket and a hosts.yml of its own: ROLLCALL_HOSTS=hosts-test.yml npx serverless deploy --stage test',
);

/** A `fail` is what CloudFormation would refuse, half-way through; `unknown` is what could not be looked at. */
export function judgeBeforeDeploy(
  { stack, bucket, group }: BeforeDeploy,
  config: Config,
  names: Names,
): readonly Check[] {
  const deployed = stack.read ? stack.value : undefined;
  return [
    ...judgeReading('stack', stack, (one) => [judgeStatus(one, names.stack)]),
    ...judgeKeptBucket(deployed, config),
    ...judgeReading('bucket', bucket, (one) => [
      config.existing
        ? judgeExisting(one, config)
        : judgeOwn(one, config, nameOf(deployed, 'BackupBucket'), names.stack),
    ]),
    ...judgeReading('group', group, (one) => [
      judgeGroup(one, names, nameOf(deployed, 'HostGroup')),
    ]),
  ];
}

/**
 * The states that CloudFormation updates no stack from.
 * Source: "Understand CloudFormation stack creation events", AWS CloudFormation User Guide, "Stack status codes".
 */
function judgeStatus(stack: DeployedStack | undefined, name: string): Check {
  const check = 'stack';
  if (stack === undefined) return ok(check, `${name} is not there yet`);
  const { status } = stack;
  const text = `${name} is ${status}: CloudFormation changes nothing in that state`;
  if (['ROLLBACK_COMPLETE', 'ROLLBACK_FAILED', 'CREATE_FAILED', 'DELETE_FAILED'].includes(status)) {
    return fail(check, text, step('decide', 'npx serverless remove, then npx serverless deploy'));
  }
  if (status === 'UPDATE_ROLLBACK_FAILED') {
    return fail(
      check,
      text,
      step('decide', `aws cloudformation continue-update-rollback --stack-name ${name}`),
    );
  }
  if (status === 'REVIEW_IN_PROGRESS')
    return fail(check, text, step('decide', 'npx serverless remove'));
  return status.endsWith('_IN_PROGRESS')
    ? fail(check, text, step('wait', 'wait until it is done, and run this again'))
    : ok(check, `${name} is ${status}`);
}

function judgeOwn(
  found: BucketOwner,
  { bucket }: Config,
  own: string | undefined,
  stackName: string,
): Check {
  const check = 'bucket';
  if (own === bucket) return ok(check, `${bucket} is of this stack`);
  if (found.owner === 'nobody') return ok(check, `the name ${bucket} is free`);
  if (found.owner === 'another account') return taken(bucket);
  if (found.stack !== undefined && found.stack !== stackName) {
    return fail(
      check,
      `${bucket} was made by the stack ${found.stack}: two stages cannot share a bucket`,
      ANOTHER_CONFIG,
    );
  }
  return fail(
    check,
    `there is a bucket ${bucket} in this account already (${found.region}), and the stack ${stackName} did not make it`,
    step(
      'edit-config',
      `to use it as it is: "existing: true" in hosts.yml (docs/setup.md#come-back); else ${ANOTHER_NAME}`,
    ),
  );
}

function judgeExisting(found: BucketOwner, { bucket, region }: Config): Check {
  const check = 'bucket';
  if (found.owner === 'nobody') {
    return fail(
      check,
      `hosts.yml says "existing: true", and there is no bucket ${bucket}`,
      step('edit-config', 'correct "bucket"; or leave "existing" out, and the stack makes it'),
    );
  }
  if (found.owner === 'another account') return taken(bucket);
  if (found.region !== region) {
    return fail(
      check,
      `${bucket} is in ${found.region}, and hosts.yml says ${region}`,
      step('edit-config', `set "region: ${found.region}" in hosts.yml`),
    );
  }
  return ok(check, `${bucket} is there`);
}

const taken = (bucket: string): Check =>
  fail(
    'bucket',
    `the bucket ${bucket} belongs to another account, or these credentials may not see it; a bucket's name is taken for everybody`,
    step('edit-config', ANOTHER_NAME),
  );

function judgeGroup(
  group: { readonly stack: string | undefined } | undefined,
  names: Names,
  own: string | undefined,
): Check {
  const check = 'group';
  if (group === undefined) return ok(check, `the name ${names.group} is free`);
  if (own === names.group) return ok(check, `${names.group} is of this stack`);
  if (group.stack === undefined) {
    return fail(
      check,
      `there is an IAM group ${names.group} already, and no stack of this region made it`,
      step(
        'look',
        `look who is in it: aws iam get-group --group-name ${names.group}; delete it in the IAM console, or ${ANOTHER_NAME}`,
      ),
    );
  }
  return fail(
    check,
    `the IAM group ${names.group} is of the stack ${group.stack}: two stages cannot share a bucket`,
    ANOTHER_CONFIG,
  );
}

/**
 * Nothing where it does. CloudFormation replaces what is called after another bucket: the policy, and the group, whose
 * members do not come along. Source: AWS::S3::BucketPolicy and AWS::IAM::Group, CloudFormation Template Reference
 * ("Update requires: Replacement" for `Bucket`; `HostGroup` is named after it).
 */
export function judgeKeptBucket(
  stack: DeployedStack | undefined,
  { bucket, existing }: Config,
): readonly Check[] {
  const check = 'bucket name';
  const kept = stack?.outputs.BackupBucketName;
  if (stack === undefined || kept === undefined) return [];
  if (kept !== bucket) {
    return [
      fail(
        check,
        `the stack ${stack.name} is for the bucket ${kept}, and hosts.yml says ${bucket}: the hosts would fall out of their group`,
        step(
          'edit-config',
          `set "bucket: ${kept}" again; for another bucket: docs/setup.md#another-bucket`,
        ),
      ),
    ];
  }
  if (!existing || nameOf(stack, 'BackupBucket') !== bucket) return [];
  return [
    fail(
      check,
      `the stack ${stack.name} made ${bucket}, and hosts.yml says "existing: true": its policy would be taken away`,
      step('edit-config', 'take "existing: true" out of hosts.yml'),
    ),
  ];
}
