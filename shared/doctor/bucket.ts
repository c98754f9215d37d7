// Is the bucket there, does it keep what is overwritten, and is it closed to the world?
import type { Config } from '../config/config.ts';
import { EXPIRE_TAG } from '../rules/lifecycle.ts';
import { type Check, fail, judgeReading, ok, type Reading, warn } from './audit.ts';
import { type Asked, command, deploy, type Fix, printed, step } from './fix.ts';

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

/** `wasMade`: the stack has made it once, so that it makes no other when it is deployed again. */
export function judgeBucket(
  settings: BucketSettings,
  config: Config,
  { wasMade } = { wasMade: false },
): readonly Check[] {
  const there = judgeReading('bucket', settings.region, (region) => [
    region === undefined ? judgeAbsence(config, wasMade) : judgeRegion(region, config),
  ]);
  if (settings.region.read && settings.region.value === undefined) return there;
  const put = (name: Parameters<typeof command>[0], words: string) =>
    command(name, setBucket(config, words));
  return [
    ...there,
    ...judgeReading('versioning', settings.versioning, (versioning) => [
      versioning === 'Enabled'
        ? ok('versioning', 'on: whatever a host overwrites leaves a version')
        : fail(
            'versioning',
            `${versioning === undefined ? 'never switched on' : 'suspended'}: a host can overwrite its backups without a trace`,
            put('versioning', 'put-bucket-versioning --versioning-configuration Status=Enabled'),
          ),
    ]),
    ...judgeReading('public access', settings.publicAccessBlocked, (blocked) => [
      blocked.length === SWITCHES
        ? ok('public access', 'blocked')
        : fail(
            'public access',
            `${blocked.length} of ${SWITCHES} blocks are on: the bucket could be opened to the world`,
            put(
              'public-access-block',
              'put-public-access-block --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true',
            ),
          ),
    ]),
    ...judgeReading('ownership', settings.ownership, (ownership) => [
      ownership === 'BucketOwnerEnforced'
        ? ok('ownership', 'every object belongs to the owner of the bucket, and has no ACL')
        : warn(
            'ownership',
            `${ownership ?? 'not set'}: an object can have an owner and an ACL of its own`,
            put(
              'ownership',
              "put-bucket-ownership-controls --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'",
            ),
          ),
    ]),
    ...judgeReading('encryption', settings.encryption, (encryption) => [
      encryption === 'AES256' || (encryption !== undefined && config.existing)
        ? ok('encryption', `${encryption}, beneath the hosts' own`)
        : fail(
            'encryption',
            `${encryption ?? 'none'}, and the stack sets AES256: anyone who holds the other key decides who can read`,
            put(
              'encryption',
              `put-bucket-encryption --server-side-encryption-configuration '{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}'`,
            ),
          ),
    ]),
  ];
}

/** A call that sets something of the bucket, as the role that the bucket policy lets. */
export function setBucket({ bucket, region }: Config, words: string): string {
  const [call, ...more] = words.split(' ');
  return `aws --profile break-glass s3api ${call} --region ${region} --bucket ${bucket} ${more.join(' ')}`;
}

function judgeAbsence({ bucket, region, existing }: Config, wasMade: boolean): Check {
  // S3 takes no constraint that names its first region.
  const where =
    region === 'us-east-1' ? '' : ` --create-bucket-configuration LocationConstraint=${region}`;
  const create = `aws s3api create-bucket --region ${region} --bucket ${bucket}${where}`;
  const cure = (): Fix => {
    if (existing)
      return step('edit-config', 'correct "bucket" in hosts.yml, then: npx serverless deploy');
    return wasMade ? command('create-bucket', create) : deploy;
  };
  return fail('bucket', `there is no bucket ${bucket}`, cure());
}

function judgeRegion(region: string, { bucket, region: wanted }: Config): Check {
  if (region === wanted) return ok('bucket', `${bucket} is in ${region}`);
  return fail(
    'bucket',
    `${bucket} is in ${region}, and the config says ${wanted}`,
    step(
      'edit-config',
      `set "region: ${region}" in hosts.yml, then: npx serverless deploy. A stack that is in ${wanted} stays there: docs/setup.md#a-bucket-in-another-region`,
    ),
  );
}

/** One rule that is switched on. */
export type LifecycleRule = {
  readonly id: string;
  /** Only objects below it; '' = all. */
  readonly prefix: string;
  /** Only objects with this tag, `key=value`; `undefined` = with any or none. */
  readonly tag: string | undefined;
  readonly expireDays: number | undefined;
  /** `2026-12-01`: it hides everything from that day on. */
  readonly expireDate: string | undefined;
  readonly noncurrentDays: number | undefined;
  readonly abortDays: number | undefined;
  readonly sweepsMarkers: boolean;
};

const ADVISED_DAYS = 30;
const TAG = `${EXPIRE_TAG.key}=${EXPIRE_TAG.value}`;

/** `undeleteDays`: how long the stack keeps what was hidden. */
export function judgeLifecycle(
  reading: Reading<readonly LifecycleRule[]>,
  config: Config,
  undeleteDays: number,
  asked: Asked = {},
): readonly Check[] {
  const { keepDays, keepLastGood } = config;
  const settings = printed('bucket-settings lifecycle', asked);
  const repair = command(
    'lifecycle',
    setBucket(config, `put-bucket-lifecycle-configuration --lifecycle-configuration ${settings}`),
  );
  const check = 'lifecycle';
  // What others set on a bucket of theirs stays when our rules are added.
  const takeOut = config.existing
    ? step('decide', `ask its owner to take that rule out of ${config.bucket}`)
    : repair;
  const hidden = keepLastGood ? `backups tagged ${TAG} are hidden` : 'backups are hidden';
  return judgeReading(check, reading, (rules) => {
    const untagged = rules.filter(({ tag }) => tag === undefined);
    const hiding = keepLastGood ? rules.filter(({ tag }) => tag === TAG) : untagged;
    const whole = untagged.filter(({ prefix }) => prefix === '');
    const least = (days: (rule: LifecycleRule) => number | undefined, of = whole) =>
      Math.min(...of.map((rule) => days(rule) ?? Number.POSITIVE_INFINITY));
    const kept = least(
      (rule) => rule.expireDays,
      hiding.filter(({ prefix }) => prefix === ''),
    );
    const noncurrent = least((rule) => rule.noncurrentDays);
    const short = hiding.find(
      ({ prefix, expireDays }) =>
        prefix !== '' && expireDays !== undefined && expireDays < keepDays,
    );
    const dated = untagged.find(({ expireDate }) => expireDate !== undefined);
    const blunt = untagged.find(({ expireDays }) => keepLastGood && expireDays !== undefined);
    const checks = [
      kept < keepDays
        ? fail(check, `${hidden} after ${kept} days, and the config says ${keepDays}`, repair)
        : kept > keepDays
          ? warn(
              check,
              `${Number.isFinite(kept) ? `${hidden} after ${kept} days` : 'nothing is ever hidden'}, and the config says ${keepDays}`,
              repair,
            )
          : undefined,
      blunt === undefined
        ? undefined
        : fail(
            check,
            `the rule ${JSON.stringify(blunt.id)} asks for no tag, and so hides the last good backup too, after ${blunt.expireDays} days`,
            takeOut,
          ),
      dated === undefined
        ? undefined
        : fail(
            check,
            `the rule ${JSON.stringify(dated.id)} hides everything from ${dated.expireDate} on, however new it is`,
            takeOut,
          ),
      noncurrent < undeleteDays
        ? fail(
            check,
            `what is hidden or overwritten is lost after ${noncurrent} days, not ${undeleteDays}`,
            repair,
          )
        : Number.isFinite(noncurrent)
          ? undefined
          : warn(check, 'what is hidden or overwritten is kept, and billed, for ever', repair),
      Number.isFinite(least((rule) => rule.abortDays))
        ? undefined
        : warn(
            check,
            'the parts of unfinished uploads stay, and are billed; no listing shows them',
            repair,
          ),
      whole.some((rule) => rule.sweepsMarkers)
        ? undefined
        : warn(check, 'delete markers pile up, and make every listing slower', repair),
      short === undefined
        ? undefined
        : fail(
            check,
            `the rule ${JSON.stringify(short.id)} hides what is below ${JSON.stringify(short.prefix)} after ${short.expireDays} days`,
            takeOut,
          ),
    ].flatMap((one) => one ?? []);
    const results =
      checks.length > 0
        ? checks
        : [
            ok(
              check,
              `${hidden} after ${keepDays} days, and can be brought back for ${noncurrent} more`,
            ),
          ];
    return keepDays >= ADVISED_DAYS ? results : [...results, adviseMore(keepDays, keepLastGood)];
  });
}

function adviseMore(keepDays: number, keepLastGood: boolean): Check {
  return warn(
    'keepDays',
    keepLastGood
      ? `${keepDays} days are few: forged backups that nobody notices for so long replace the real ones`
      : `${keepDays} days are few: after so many days of failed backups nothing is left but what can be undeleted`,
    step(
      'edit-config',
      `set "keepDays: ${ADVISED_DAYS}" or more in hosts.yml, then: npx serverless deploy`,
    ),
  );
}

/** The bucket's notifications. */
export type Notifications = {
  readonly queues: readonly {
    readonly arn: string;
    readonly events: readonly string[];
    readonly suffix: string;
  }[];
  readonly eventBridge: boolean;
};

/** What the stack wants: the queue's name, the endings it is woken by, and, on a bucket of somebody else's, its rules. */
export type WantedEvents = {
  readonly queue: string | undefined;
  readonly suffixes: readonly string[];
  readonly rules: readonly string[];
};

export function judgeEvents(
  reading: Reading<Notifications>,
  config: Config,
  { queue, suffixes, rules }: WantedEvents,
  asked: Asked = {},
): readonly Check[] {
  const { existing, bucket } = config;
  const check = 'events';
  const slow = 'a backup, or what is done to one, is only seen at the next due time';
  const settings = printed('bucket-settings notification', asked);
  const notify = command(
    'notification',
    setBucket(
      config,
      `put-bucket-notification-configuration --notification-configuration ${settings}`,
    ),
  );
  return judgeReading(check, reading, ({ queues, eventBridge }) => {
    if (queue === undefined) return [fail(check, `there is no queue to notify: ${slow}`, deploy)];
    if (existing) {
      if (!eventBridge) {
        return [fail(check, `${bucket} does not speak to EventBridge: ${slow}`, notify)];
      }
      return [
        rules.length < 2
          ? fail(check, 'the stack has no rules that listen to EventBridge', deploy)
          : ok(check, `${bucket} notifies the stack's queue, by EventBridge`),
      ];
    }
    const ours = queues.filter(({ arn }) => arn.split(':')[5] === queue);
    const missing = suffixes.filter(
      (suffix) =>
        !ours.some((one) => one.suffix === suffix && one.events.includes('s3:ObjectCreated:*')),
    );
    const removals = ours.some(
      (one) => one.suffix === '' && one.events.includes('s3:ObjectRemoved:*'),
    );
    const unannounced = [
      ...missing.map((suffix) => `a new ${suffix}`),
      ...(removals ? [] : ['a removal']),
    ];
    return [
      unannounced.length === 0
        ? ok(
            check,
            `${bucket} notifies the stack's queue of each file of a backup and each removal`,
          )
        : fail(check, `${bucket} notifies nobody of ${unannounced.join(', ')}: ${slow}`, notify),
    ];
  });
}
