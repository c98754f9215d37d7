// The settings of the backup bucket as `aws s3api put-...` takes them: out of the template, in S3's own spelling.
import type { Config } from '../../shared/config/config.ts';
import { backupBucket } from './backup-bucket.ts';
import type { Value } from './cloudformation.ts';
import { objectEvents } from './object-events.ts';
import { fillIn, type Names } from './policy-sizes.ts';

/** What can be printed, and the call that puts it. */
export const SETTINGS = {
  policy: 'put-bucket-policy --policy',
  lifecycle: 'put-bucket-lifecycle-configuration --lifecycle-configuration',
  notification: 'put-bucket-notification-configuration --notification-configuration',
  versioning: 'put-bucket-versioning --versioning-configuration',
  'public-access-block': 'put-public-access-block --public-access-block-configuration',
} as const;

/** One of the settings. */
export type Setting = keyof typeof SETTINGS;

/** S3 takes no larger bucket policy. Source: "Bucket policies", Amazon S3 User Guide. */
export const MOST_POLICY_BYTES = 20_480;

type Json = { readonly [key: string]: Value };

/**
 * A setting of the stack's own bucket: the whole of it, as the stack makes it. `admins` are the ARNs that the bucket
 * policy lets through besides the break-glass role. Throws what `names` throws.
 */
export function settingOf(
  what: Setting,
  config: Config,
  admins: readonly string[],
  names: Names,
): Json {
  const { BackupBucket, BackupBucketPolicy } = backupBucket(config, admins);
  const { LifecycleConfiguration, NotificationConfiguration, ...more } =
    (BackupBucket?.Properties ?? {}) as { readonly [property: string]: Json };
  switch (what) {
    case 'policy':
      return literal(BackupBucketPolicy?.Properties.PolicyDocument ?? {}, names);
    case 'lifecycle':
      return { Rules: listOf(LifecycleConfiguration?.Rules).map(asSentRule) };
    case 'notification': {
      const { QueueConfigurations } = literal(NotificationConfiguration ?? {}, names);
      return { QueueConfigurations: listOf(QueueConfigurations).map(asSentQueue) };
    }
    case 'versioning':
      return more.VersioningConfiguration ?? {};
    case 'public-access-block':
      return more.PublicAccessBlockConfiguration ?? {};
  }
}

/**
 * The same for a bucket that was there before the stack: what it has, and what Rollcall needs next to it. Nothing that
 * others set is dropped: Rollcall's own statements and rules are known by the beginning of their names, and only they
 * are replaced. `there` is what S3 answers for the setting now.
 */
export function mergedSettingOf(
  what: Setting,
  there: Json,
  ...[config, admins, names]: [Config, readonly string[], Names]
): Json {
  switch (what) {
    case 'policy': {
      const ours = settingOf(what, config, admins, names);
      const Statement = mergeNamed('Sid', 'Rollcall', there.Statement, ours.Statement);
      return { ...there, ...ours, Statement };
    }
    case 'lifecycle': {
      const { Rules } = settingOf(what, config, admins, names);
      return { ...there, Rules: mergeNamed('ID', 'rollcall-', there.Rules, Rules) };
    }
    case 'notification': {
      // A stack makes a bucket of its own notify its queue; once it is gone, S3 refuses the configuration that names
      // it.
      const former = `${names.ref('AWS::StackName')}-${objectEvents}-`;
      const { QueueConfigurations, ...others } = there;
      const queues = listOf(QueueConfigurations).filter(
        ({ QueueArn }) => !String(QueueArn).split(':')[5]?.startsWith(former),
      );
      return {
        ...others,
        ...(queues.length > 0 ? { QueueConfigurations: queues } : {}),
        EventBridgeConfiguration: {},
      };
    }
    default:
      return settingOf(what, config, admins, names);
  }
}

/** Theirs as they are, then ours, each under a name that begins with `prefix`. */
function mergeNamed(
  name: 'Sid' | 'ID',
  prefix: string,
  theirs: Value | undefined,
  ours: Value | undefined,
): Value {
  return [
    ...listOf(theirs).filter((one) => !String(one[name] ?? '').startsWith(prefix)),
    ...listOf(ours).map((one) => ({ ...one, [name]: `${prefix}${one[name]}` })),
  ];
}

// CloudFormation's spelling on the left, S3's on the right. Sources: "AWS::S3::Bucket Rule" in the CloudFormation
// Template Reference, and PutBucketLifecycleConfiguration in the S3 API Reference.
function asSentRule(rule: Json): Json {
  const { Id, ExpirationInDays, ExpiredObjectDeleteMarker, TagFilters, Prefix, ...same } = rule;
  const [tag] = listOf(TagFilters);
  const expires = {
    ...(ExpirationInDays === undefined ? {} : { Days: ExpirationInDays }),
    ...(ExpiredObjectDeleteMarker === undefined ? {} : { ExpiredObjectDeleteMarker }),
  };
  return {
    ID: Id ?? '',
    Filter: tag === undefined ? { Prefix: Prefix ?? '' } : { Tag: tag },
    ...same,
    ...(Object.keys(expires).length > 0 ? { Expiration: expires } : {}),
  };
}

function asSentQueue({ Event, Queue, Filter, ...same }: Json): Json {
  const { Rules } = ((Filter as Json | undefined)?.S3Key ?? {}) as Json;
  return {
    ...same,
    QueueArn: Queue ?? '',
    Events: [Event ?? ''],
    ...(Rules === undefined ? {} : { Filter: { Key: { FilterRules: Rules } } }),
  };
}

const literal = (value: Value, names: Names): Json => fillIn(value, names) as Json;

function listOf(value: Value | undefined): readonly Json[] {
  return (value === undefined ? [] : Array.isArray(value) ? value : [value]) as readonly Json[];
}
