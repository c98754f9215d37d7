// The stack that a config asks for: everything in the template but the functions that stand in serverless.yml.
import { USERS_AN_ACCOUNT, whyNoUser } from '../../shared/config/aws-names.ts';
import { type Alerts, type Config, HOSTS_A_RUN } from '../../shared/config/config.ts';
import {
  HTTPS_IS_OLD,
  isNorthAmerican,
  NO_OPS,
  opsSubscribers,
  recipientsOf,
  US_RULE,
} from '../../shared/config/recipients.ts';
import { alarms, janitorAlarms, pointToRunbook, shardAlarms } from './alarms.ts';
import { backupBucket } from './backup-bucket.ts';
import { breakGlass, breakGlassRole } from './bucket-policy.ts';
import { attributeOf, type Resources, ref, type Value } from './cloudformation.ts';
import { dashboard } from './dashboard.ts';
import { failedRuns, failedRunsQueue } from './function-role.ts';
import { hostGroup } from './host-group.ts';
import { janitor, janitorFunction } from './janitor-resources.ts';
import { monitorRoles } from './monitor-roles.ts';
import { existingBucketEvents, ownBucketEvents } from './object-events.ts';
import { schedules } from './schedule.ts';
import { readHosts, seeWhatIsThere, stateBucketResources } from './state-bucket.ts';
import { alertsTopic, opsTopic, topics } from './topics.ts';
import {
  checkShardFunction,
  needsShards,
  shardEnvironment,
  shardResources,
  startWorkers,
} from './worker-resources.ts';

/** What `serverless.yml` takes from the config. */
export type Stack = {
  readonly region: string;
  /** What a person should know before the deployment, and no reason against it. */
  readonly warnings: readonly string[];
  /** Next to the two that every stack has. */
  readonly functions: { readonly [id: string]: Value };
  /** What the schedule's function gets in addition. */
  readonly checkHostsEnvironment: Value;
  /** What on-object gets in addition: the id of the break-glass role in an event. */
  readonly onObjectEnvironment: Value;
  readonly resources: Resources;
  readonly outputs: { readonly [name: string]: { Description: string; Value: Value } };
};

/**
 * The stack for a config: pure, and as large for five thousand hosts as for one.
 *
 * `admins` are ARNs, `*` allowed, of principals who may do to the bucket what the break-glass role
 * may. A config of more than `hostsARun` hosts gets workers. The logical ids of functions are the framework's.
 */
export function stackOf(
  config: Config,
  admins: readonly string[] = [],
  hostsARun = HOSTS_A_RUN,
): Stack {
  const isSharded = needsShards(config, hostsARun);
  const ownAlarms = {
    ...alarms,
    ...(config.keepLastGood ? janitorAlarms : {}),
    ...(isSharded ? shardAlarms : {}),
  };
  return {
    region: config.region,
    warnings: [...warningsOf(config.alerts), ...warnOfUsers(config)],
    functions: {
      ...(config.keepLastGood ? { janitor: janitorFunction } : {}),
      ...(isSharded ? { checkShard: checkShardFunction } : {}),
    },
    checkHostsEnvironment: isSharded ? shardEnvironment(hostsARun) : {},
    onObjectEnvironment: config.existing
      ? {}
      : { BREAK_GLASS_ROLE_ID: attributeOf(breakGlassRole, 'RoleId') },
    resources: {
      ...(config.existing
        ? existingBucketEvents(config.bucket)
        : { ...backupBucket(config, admins), ...ownBucketEvents(config.bucket) }),
      ...breakGlass(config.bucket),
      ...hostGroup(config.bucket),
      ...stateBucketResources,
      ...topics(config.alerts),
      ...failedRunsQueue,
      ...monitorRoles(config, isSharded ? [startWorkers] : []),
      ...schedules(config.keepLastGood),
      ...(config.keepLastGood ? janitor(config.bucket, [seeWhatIsThere, readHosts]) : {}),
      ...(isSharded ? shardResources(config) : {}),
      ...pointToRunbook(ownAlarms, config.runbook),
      ...(config.metrics === undefined ? {} : dashboard(config.bucket, ownAlarms)),
    },
    outputs: {
      BackupBucketName: {
        Description: 'Where the hosts write.',
        Value: config.bucket,
      },
      HostGroupName: {
        Description: 'The IAM group that makes a user a host; its path is /backup-hosts/.',
        Value: ref('HostGroup'),
      },
      AlertsTopicArn: { Description: 'What the checks find.', Value: ref(alertsTopic) },
      OpsTopicArn: { Description: 'Trouble with the checks themselves.', Value: ref(opsTopic) },
      FailedRunsUrl: {
        Description: 'The queue of invocations that were given up.',
        Value: ref(failedRuns),
      },
      BreakGlassRoleArn: {
        Description: 'The role to assume, with a second factor, to delete or undelete.',
        Value: attributeOf(breakGlassRole, 'Arn'),
      },
      ...(admins.length > 0
        ? {
            BucketAdmins: {
              Description: 'Who else may do what the break-glass role may: ROLLCALL_ADMINS.',
              Value: admins.join(),
            },
          }
        : {}),
    },
  };
}

function warningsOf(alerts: Alerts): string[] {
  const american = alerts.sms.filter(isNorthAmerican);
  const isDeaf = recipientsOf(alerts) === 'some' && opsSubscribers(alerts).length === 0;
  return [
    ...(american.length > 0
      ? [`alerts.sms: ${american.join(', ')}: ${US_RULE.message}; ${US_RULE.fix}`]
      : []),
    ...(alerts.hasHttps ? [`${HTTPS_IS_OLD.message}; ${HTTPS_IS_OLD.fix}`] : []),
    ...(isDeaf ? [`alerts: ${NO_OPS.message}; ${NO_OPS.fix}`] : []),
  ];
}

/** No mistake: hosts may write to their own names with credentials that they share. */
function warnOfUsers({ hosts, bucket }: Config): string[] {
  const users = hosts.filter((host) => whyNoUser(host, bucket) === undefined).length;
  if (users <= USERS_AN_ACCOUNT) return [];
  return [
    `${users} hosts write to their own names in ${bucket}, and rollcall add-host can make an IAM user for ${USERS_AN_ACCOUNT} at most: AWS lets no account have more. The others need credentials of their own, or a stack in another account: docs/past-one-run.md#users`,
  ];
}
