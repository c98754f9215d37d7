// What IAM refuses of a role, a group or a policy, and what names another partition.
import { type FilledIn, policySizes } from '../../../scripts/stack/policy-sizes.ts';
import { each, outside, type Rule, resource, statementsOf, type Template } from './rule.ts';

const ROLE = 'AWS::IAM::Role';
const GROUP = 'AWS::IAM::Group';
const QUOTAS = '"IAM and AWS STS quotas", IAM User Guide';

const identityPolicies = [ROLE, GROUP];
const resourcePolicies = [
  'AWS::S3::BucketPolicy',
  'AWS::SQS::QueuePolicy',
  'AWS::SNS::TopicPolicy',
];

const eachOf = (
  types: readonly string[],
  check: (properties: FilledIn) => readonly (string | false)[],
): Rule['find'] => {
  return ({ long }: Template) => types.flatMap((type) => each(long, type, check));
};

const statement = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };
const role = (...Statement: object[]) =>
  resource(ROLE, { Policies: [{ PolicyName: 'a', PolicyDocument: { Statement } }] });
const bucketPolicy = (...Statement: object[]) =>
  resource('AWS::S3::BucketPolicy', { Bucket: 'abc', PolicyDocument: { Statement } });

/** Every text in it, at any depth. */
const textsIn = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(textsIn)
      : [];

export const identityRules: readonly Rule[] = [
  {
    says: 'The inline policies of a role have 10,240 characters at most, of a group 5,120, and a bucket policy has 20 KB',
    source:
      '"IAM and AWS STS quotas", IAM User Guide; "Bucket policies for Amazon S3", Amazon S3 User Guide',
    find: ({ raw, region }) =>
      policySizes(raw.Resources, region)
        .filter(({ size, most }) => size > most)
        .map(({ id, size }) => `${id}: ${size}`),
    broken: [
      { Type: 'AWS::IAM::Role', most: 10_240 },
      { Type: 'AWS::IAM::Group', most: 5_120 },
    ]
      .map(({ Type, most }) => {
        const half = { Statement: [{ Sid: 'x'.repeat(most / 2) }] };
        const Policies = ['a', 'b'].map((PolicyName) => ({ PolicyName, PolicyDocument: half }));
        return resource(Type, { Policies });
      })
      .concat(
        resource('AWS::S3::BucketPolicy', {
          Bucket: 'abc',
          PolicyDocument: { Statement: [{ Sid: 'x'.repeat(20_480) }] },
        }),
      ),
  },
  {
    says: 'The trust policy of a role has at most 2,048 characters',
    source: QUOTAS,
    find: eachOf([ROLE], ({ AssumeRolePolicyDocument = '' }) => [
      JSON.stringify(AssumeRolePolicyDocument).length > 2048 && 'its trust policy is too long',
    ]),
    broken: [resource(ROLE, { AssumeRolePolicyDocument: { Sid: 'x'.repeat(2048) } })],
  },
  {
    says: 'Names have at most 64 characters for a role and 128 for a group or a policy, of letters, digits and +=,.@_-',
    source: QUOTAS,
    find: eachOf(identityPolicies, ({ RoleName = 'a', GroupName = 'a', Policies = [] }) => {
      const isName = (name: string, most: number) =>
        name.length <= most && /^[\w+=,.@-]+$/.test(name);
      return [
        !isName(RoleName, 64) && RoleName,
        !isName(GroupName, 128) && GroupName,
        ...Policies.map(({ PolicyName }: FilledIn) => !isName(PolicyName, 128) && PolicyName),
      ];
    }),
    broken: [
      resource(ROLE, { RoleName: 'r'.repeat(65) }),
      resource(ROLE, { RoleName: { 'Fn::Sub': `\${AWS::StackName}-${'r'.repeat(12)}` } }),
      resource(GROUP, { GroupName: 'g'.repeat(129) }),
      resource(GROUP, { GroupName: 'hosts of acme' }),
      resource(ROLE, { Policies: [{ PolicyName: 'a/b', PolicyDocument: {} }] }),
    ],
  },
  {
    says: 'A path begins and ends with a slash',
    source: '"CreateGroup", IAM API Reference',
    find: eachOf(identityPolicies, ({ Path = '/' }) => [!/^\/(?:.*\/)?$/.test(Path) && Path]),
    broken: [resource(GROUP, { Path: '/backup-hosts' })],
  },
  {
    says: 'The description of a role has at most 1,000 characters of Latin-1: no typographic quotes or dashes',
    source: '"CreateRole", IAM API Reference',
    find: eachOf([ROLE], ({ Description = '' }) => [
      !/^[\t\n\r\u0020-\u007E\u00A1-\u00FF]{0,1000}$/.test(Description) && 'its description',
    ]),
    broken: [
      resource(ROLE, { Description: 'd'.repeat(1001) }),
      resource(ROLE, { Description: 'nobody\u2019s' }),
    ],
  },
  {
    says: 'A session of a role may last an hour to twelve',
    source: '"CreateRole", IAM API Reference',
    find: eachOf([ROLE], ({ MaxSessionDuration }) => [
      outside(MaxSessionDuration, 3600, 43_200) && `${MaxSessionDuration} s`,
    ]),
    broken: [resource(ROLE, { MaxSessionDuration: 900 })],
  },
  {
    says: 'A policy holds characters of Latin-1 only',
    source: QUOTAS,
    find: eachOf([...identityPolicies, ...resourcePolicies], (properties) => [
      textsIn(statementsOf(properties)).some((text) => !/^[\t\n\r\u0020-\u00FF]*$/.test(text)) &&
        'another character',
    ]),
    broken: [role({ ...statement, Condition: { StringEquals: { a: '\u2013' } } })],
  },
  {
    says: 'A Sid is of letters and digits, and stands once in its policy',
    source: '"IAM JSON policy elements: Sid", IAM User Guide',
    find: eachOf([...identityPolicies, ...resourcePolicies], (properties) => {
      const sids = statementsOf(properties).flatMap(({ Sid }) => Sid ?? []);
      return [
        ...sids.map((sid) => !/^[A-Za-z0-9]+$/.test(sid) && sid),
        new Set(sids).size < sids.length && 'one stands twice',
      ];
    }),
    broken: [
      role({ ...statement, Sid: 'read-objects' }),
      role({ ...statement, Sid: 'Read' }, { ...statement, Sid: 'Read' }),
    ],
  },
  {
    says: 'A statement has an effect, actions or NotAction, and resources or NotResource: one of each two',
    source: '"Grammar of the IAM JSON policy language", IAM User Guide',
    find: eachOf([...identityPolicies, ...resourcePolicies], (properties) =>
      statementsOf(properties).map(
        (one) =>
          !(
            /^(?:Allow|Deny)$/.test(one.Effect) &&
            'Action' in one !== 'NotAction' in one &&
            'Resource' in one !== 'NotResource' in one
          ) && `${one.Sid}`,
      ),
    ),
    broken: [
      role({ Effect: 'Allow', Action: 's3:GetObject' }),
      role({ ...statement, NotAction: 's3:PutObject' }),
      role({ ...statement, Effect: 'allow' }),
    ],
  },
  {
    says: 'The policy of an identity names no principal, that of a resource names one in each statement',
    source: '"AWS JSON policy elements: Principal", IAM User Guide',
    find: (template) => [
      ...eachOf(identityPolicies, (properties) =>
        statementsOf(properties).map((one) => 'Principal' in one && `${one.Sid}`),
      )(template),
      ...eachOf(resourcePolicies, (properties) =>
        statementsOf(properties).map((one) => !('Principal' in one) && `${one.Sid}`),
      )(template),
    ],
    broken: [role({ ...statement, Principal: '*' }), bucketPolicy(statement)],
  },
  {
    says: 'The partition of an ARN is not written out, as it is another one in China and in GovCloud',
    source: '"Pseudo parameters reference", CloudFormation User Guide',
    find: ({ raw }) =>
      textsIn(raw)
        .filter((text) => /arn:aws[\w-]*:/.test(text))
        .map((text) => `it says ${text}`),
    broken: [
      role({ ...statement, Resource: 'arn:aws:s3:::abc/*' }),
      role({ ...statement, Resource: { 'Fn::Sub': 'arn:aws-cn:s3:::abc/*' } }),
    ],
  },
];
