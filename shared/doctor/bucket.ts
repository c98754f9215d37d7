// Is the bucket there, does it keep what is overwritten, and is it closed to the world?
import type { Roster } from '../roster/roster.ts';
import { type Check, fail, judgeReading, ok, type Reading, warn } from './check.ts';

/** The settings of the bucket; `undefined` = not set. */
export type BucketSettings = {
  /** `undefined` = there is no such bucket. */
  readonly region: Reading<string | undefined>;
  readonly versioning: Reading<'Enabled' | 'Suspended' | undefined>;
  /** The four switches of Block Public Access that are on. */
  readonly publicAccessBlocked: Reading<readonly string[]>;
  readonly ownership: Reading<string | undefined>;
  readonly encryption: Reading<string | undefined>;
};

const SWITCHES = 4;

export function judgeBucket(settings: BucketSettings, roster: Roster): readonly Check[] {
  const there = judgeReading('bucket', settings.region, (region) => [judgeRegion(region, roster)]);
  if (settings.region.read && settings.region.value === undefined) return there;
  const repair = roster.existing ? 'set it by hand:' : 'npx serverless deploy; or by hand:';
  const byHand = (command: string) => `${repair} aws s3api ${command} --bucket ${roster.bucket}`;
  return [
    ...there,
    ...judgeReading('versioning', settings.versioning, (versioning) => [
      versioning === 'Enabled'
        ? ok('versioning', 'on: whatever a host overwrites leaves a version')
        : fail(
            'versioning',
            `${versioning === undefined ? 'never switched on' : 'suspended'}: a host can overwrite its backups without a trace`,
            `${byHand('put-bucket-versioning')} --versioning-configuration Status=Enabled`,
          ),
    ]),
    ...judgeReading('public access', settings.publicAccessBlocked, (blocked) => [
      blocked.length === SWITCHES
        ? ok('public access', 'blocked')
        : fail(
            'public access',
            `${blocked.length} of ${SWITCHES} blocks are on: the bucket could be opened to the world`,
            `${byHand('put-public-access-block')} --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true`,
          ),
    ]),
    ...judgeReading('ownership', settings.ownership, (ownership) => [
      ownership === 'BucketOwnerEnforced'
        ? ok('ownership', 'every object belongs to the owner of the bucket, and has no ACL')
        : warn(
            'ownership',
            `${ownership ?? 'not set'}: an object can have an owner and an ACL of its own`,
            `${byHand('put-bucket-ownership-controls')} --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'`,
          ),
    ]),
    ...judgeReading('encryption', settings.encryption, (encryption) => [
      encryption === undefined
        ? warn(
            'encryption',
            'S3 encrypts nothing by default',
            `${byHand('put-bucket-encryption')} --server-side-encryption-configuration '{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}'`,
          )
        : ok('encryption', `${encryption}, beneath the hosts' own`),
    ]),
  ];
}

function judgeRegion(region: string | undefined, { bucket, region: wanted }: Roster): Check {
  if (region === undefined) {
    return fail(
      'bucket',
      `there is no bucket ${bucket}`,
      'npx serverless deploy, or correct "bucket" in hosts.yml',
    );
  }
  if (region === wanted) return ok('bucket', `${bucket} is in ${region}`);
  return fail(
    'bucket',
    `${bucket} is in ${region}, and the roll says ${wanted}`,
    `set "region: ${region}" in hosts.yml`,
  );
}
