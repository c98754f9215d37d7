// What a host's key can do: asked of the policies themselves, as if the host tried.

import { whyNoUser } from '../config/aws-names.ts';
import type { Config } from '../config/config.ts';
import { quoteWord } from '../messages/plain-text.ts';
import { type Check, fail, judgeReading, ok, type Reading, warn } from './audit.ts';
import { setBucket } from './bucket.ts';
import { type Asked, command, deploy, printed, step } from './fix.ts';
import { type Decision, decide, type PolicyRequest } from './policy-decision.ts';

/** The policies, parsed; `undefined` = there is none. */
export type Policies = {
  readonly bucket: Reading<unknown>;
  readonly group: Reading<
    { readonly policies: readonly unknown[]; readonly attached: readonly string[] } | undefined
  >;
};

type Change = {
  readonly does: string;
  readonly action: string;
  readonly key?: string;
  readonly context?: Readonly<Record<string, string>>;
  /** Who tries, where it is not a host. */
  readonly by?: typeof ADMINISTRATOR;
};

const ADMINISTRATOR = 'an-administrator';
const HOST = 'a-host';
const OWN = `${HOST}/duplicity-full.20261123T031502Z.vol1.difftar.gpg`;
const OTHERS = 'other-host/duplicity-full.20261123T031502Z.vol1.difftar.gpg';

/** What the bucket must refuse a host, even one that was granted everything. */
const FORBIDDEN: readonly Change[] = [
  { does: 'delete its backups', action: 's3:DeleteObject', key: OWN },
  { does: 'delete old versions for good', action: 's3:DeleteObjectVersion', key: OWN },
  { does: 'tag its backups, for lifecycle to hide', action: 's3:PutObjectTagging', key: OWN },
  { does: "write among another host's backups", action: 's3:PutObject', key: OTHERS },
  { does: "read another host's backups", action: 's3:GetObject', key: OTHERS },
  { does: 'open an object by an ACL', action: 's3:PutObjectAcl', key: OWN },
  { does: 'switch versioning off', action: 's3:PutBucketVersioning' },
  { does: 'shorten the lifecycle', action: 's3:PutLifecycleConfiguration' },
  { does: 'change the bucket policy', action: 's3:PutBucketPolicy' },
  { does: 'delete the bucket', action: 's3:DeleteBucket' },
  {
    does: 'send its backups in the clear',
    action: 's3:PutObject',
    key: OWN,
    context: { 'aws:SecureTransport': 'false' },
  },
];
/** What the bucket must refuse an administrator who has not taken the break-glass role. */
const FORBIDDEN_TO_ADMINISTRATORS: readonly Change[] = [
  { does: 'delete backups for good', action: 's3:DeleteObjectVersion', key: OWN },
  { does: 're-encrypt backups with another key', action: 's3:UpdateObjectEncryption', key: OWN },
  { does: 'replicate deletions into it', action: 's3:ReplicateDelete', key: OWN },
  { does: 'change the lifecycle', action: 's3:PutLifecycleConfiguration' },
  { does: 'delete the bucket policy', action: 's3:DeleteBucketPolicy' },
  { does: 'use an action that S3 adds later', action: 's3:AddedLater', key: OWN },
].map((change) => ({ ...change, does: `as an administrator, ${change.does}`, by: ADMINISTRATOR }));
/** What a backup consists of. */
const NEEDED: readonly Change[] = [
  { does: 'add a backup', action: 's3:PutObject', key: OWN },
  { does: 'list the bucket', action: 's3:ListBucket' },
];

/** The group that makes a user a host, and the path below which both stand. */
export type HostGroupNames = {
  readonly group: string;
  readonly path: string;
  /** Without a stack there is no template to put it back from. */
  readonly isDeployed: boolean;
};

/** `account` is the number of the AWS account that the hosts live in: a policy knows them by it. */
export function judgeHostRights(
  { bucket, group }: Policies,
  config: Config,
  account: Reading<string | undefined>,
  names: HostGroupNames,
  asked: Asked = {},
): readonly Check[] {
  const number = account.read ? account.value : undefined;
  const those: Those = (changes, document, ...answers) =>
    changes
      .filter((change) =>
        answers.includes(decide(document, requestOf(change, config.bucket, number ?? NO_ACCOUNT))),
      )
      .map(({ does }) => does);
  return [
    ...judgeReading('bucket policy', account.read ? bucket : account, (policy) =>
      judgeBucketPolicy(policy, config, those, asked),
    ),
    ...judgeReading('host group', group, (found) => judgeGroup(found, those, names, asked)),
    ...judgeNestedTargets(config),
  ];
}

/** The bucket's policy knows a host by its name, and what lies below that is the host's to write. */
function judgeNestedTargets({ hosts, bucket }: Config): readonly Check[] {
  const outer = hosts.filter((host) => host.others && whyNoUser(host, bucket) === undefined);
  return outer.map(({ name, target }) => {
    const inside = hosts.filter(
      (one) =>
        one.name !== name &&
        one.target.bucket === bucket &&
        one.target.prefix.startsWith(target.prefix),
    );
    const [first] = inside;
    const more = inside.length > 1 ? ` and of ${inside.length - 1} more` : '';
    return warn(
      'nested targets',
      `${name} can write among the backups of ${first?.name}${more}, which lie below its own: it can add to them and overwrite them`,
      step('decide', 'give each host a target next to the others, or accept it: docs/limits.md'),
    );
  });
}

// The group's own policy names no account.
const NO_ACCOUNT = '000000000000';

type Those = (changes: readonly Change[], document: unknown, ...answers: Decision[]) => string[];

function judgeBucketPolicy(
  policy: unknown,
  config: Config,
  those: Those,
  asked: Asked,
): readonly Check[] {
  const { existing } = config;
  const check = 'bucket policy';
  const forbidden = [...FORBIDDEN, ...FORBIDDEN_TO_ADMINISTRATORS];
  const open = those(forbidden, policy, 'none', 'allow');
  const unsure = those([...forbidden, ...NEEDED], policy, 'unsure');
  const locked = those(NEEDED, policy, 'deny');
  const repair = command(
    'bucket-policy',
    setBucket(config, `put-bucket-policy --policy ${printed('bucket-settings policy', asked)}`),
  );
  const checks: Check[] = [];
  if (locked.length > 0) checks.push(fail(check, `no host can ${locked.join(', or ')}`, repair));
  if (open.length > 0) {
    const text = `it would not stop a host that was granted too much, or an administrator's mistake: ${open.join('; ')}`;
    // The owner of a bucket that was there before answers for its policy.
    checks.push(existing ? warn(check, text, repair) : fail(check, text, repair));
  }
  if (unsure.length > 0) {
    const text = `it has conditions that are not understood here; they decide whether a host can ${unsure.join('; ')}`;
    checks.push({
      check,
      status: 'unknown',
      says: text,
      fix: 'ask the IAM policy simulator, in the AWS console',
    });
  }
  if (checks.length > 0) return checks;
  return [
    ok(
      check,
      'neither a host nor an administrator can delete or reconfigure, whatever they are granted; TLS only',
    ),
  ];
}

function judgeGroup(
  group:
    | { readonly policies: readonly unknown[]; readonly attached: readonly string[] }
    | undefined,
  those: Those,
  { group: name, path, isDeployed }: HostGroupNames,
  asked: Asked,
): readonly Check[] {
  const check = 'host group';
  const named = `--group-name ${quoteWord(name)}`;
  const put = `aws iam put-group-policy --cli-input-json ${printed('stack-resource HostGroup', asked)}`;
  const repair = isDeployed ? command('group-policy', put) : deploy;
  if (group === undefined) {
    const make = `aws iam create-group ${named} --path ${path} && ${put}`;
    return [
      fail(
        check,
        'it does not exist: no host can write',
        isDeployed ? command('group', make) : deploy,
      ),
    ];
  }
  const document = {
    Statement: group.policies.flatMap((one) => (one as { Statement?: unknown }).Statement ?? []),
  };
  const lacking = those(NEEDED, document, 'none', 'deny');
  const granted = those(FORBIDDEN.slice(0, -1), document, 'allow');
  const unsure = those([...NEEDED, ...FORBIDDEN], document, 'unsure');
  const checks: Check[] = [];
  if (lacking.length > 0)
    checks.push(fail(check, `its hosts cannot ${lacking.join(', nor ')}`, repair));
  if (granted.length > 0)
    checks.push(fail(check, `its policy grants a host to ${granted.join('; ')}`, repair));
  for (const arn of group.attached) {
    const detach = `aws iam detach-group-policy ${named} --policy-arn ${quoteWord(arn)}`;
    checks.push(
      warn(
        check,
        `one more policy is attached to it: ${arn}`,
        command('detach-group-policy', detach),
      ),
    );
  }
  if (unsure.length > 0) {
    const text = `its policy has conditions that are not understood here: ${unsure.join('; ')}`;
    checks.push({
      check,
      status: 'unknown',
      says: text,
      fix: 'ask the IAM policy simulator, in the AWS console',
    });
  }
  return checks.length > 0
    ? checks
    : [ok(check, 'its hosts can append below their own name, and list')];
}

function requestOf(
  { action, key, context, by }: Change,
  bucket: string,
  account: string,
): PolicyRequest {
  const principal = `arn:aws:iam::${account}:user/${by ?? `backup-hosts/${HOST}`}`;
  return {
    principal,
    action,
    resource: `arn:aws:s3:::${bucket}${key === undefined ? '' : `/${key}`}`,
    context: {
      'aws:username': by ?? HOST,
      'aws:PrincipalArn': principal,
      'aws:PrincipalAccount': account,
      'aws:SecureTransport': 'true',
      's3:TlsVersion': '1.3',
      ...context,
    },
  };
}
