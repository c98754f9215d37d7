// What CloudFormation refuses of a template as a whole.
import { cycleIn } from '../cycle-in.ts';
import { type Rule, resource, type Template } from './rule.ts';

const QUOTAS = '"Understand CloudFormation quotas", CloudFormation User Guide';

const many = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`It${at}`, { Type: 'AWS::SNS::Topic' }]),
  );
const topic = { Type: 'AWS::SNS::Topic' };

/** The logical ids that a part of the template refers to; pseudo parameters are none. */
function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const {
    Ref,
    'Fn::GetAtt': attribute,
    'Fn::Sub': text,
    DependsOn,
  } = value as Record<string, unknown>;
  const named =
    typeof text === 'string'
      ? [...text.matchAll(/\$\{(?!!)([^}.]+)/g)].map(([, id]) => id ?? '')
      : [];
  const own = [
    ...(typeof Ref === 'string' ? [Ref] : []),
    ...(Array.isArray(attribute) ? [`${attribute[0]}`] : []),
    ...named,
    ...[DependsOn ?? []].flat().flatMap((one) => (typeof one === 'string' ? [one] : [])),
  ];
  return [...own, ...Object.values(value).flatMap(referencesIn)].filter(
    (id) => !id.startsWith('AWS::'),
  );
}

const NAMES = [
  'BucketName',
  'RoleName',
  'GroupName',
  'QueueName',
  'TopicName',
  'AlarmName',
  'FunctionName',
];

const resourcesOf = ({ raw }: Template) => Object.entries(raw.Resources);

export const templateRules: readonly Rule[] = [
  {
    says: 'A template has 500 resources and 200 outputs at most, and 1 MB',
    source: QUOTAS,
    find: ({ raw }) =>
      [
        resourcesOf({ raw } as Template).length > 500 && 'resources',
        Object.keys(raw.Outputs ?? {}).length > 200 && 'outputs',
        JSON.stringify(raw, null, 2).length > 1_000_000 && 'bytes',
      ].flatMap((one) => one || []),
    broken: [many(501), resource('AWS::SNS::Topic', { DisplayName: 't'.repeat(1_000_000) })],
  },
  {
    says: 'A description has 1,024 bytes at most, of the template and of an output',
    source: QUOTAS,
    find: ({ raw: { Description = '', Outputs = {} } }) =>
      [Description, ...Object.values(Outputs).map((one) => one.Description ?? '')].filter(
        (text) => Buffer.byteLength(text) > 1024,
      ),
    broken: [],
    brokenTemplates: [
      { Description: 'd'.repeat(1025), Resources: {} },
      { Outputs: { It: { Description: '\u2013'.repeat(400) } }, Resources: {} },
    ],
  },
  {
    says: 'Logical ids are of letters and digits, and have 255 characters at most',
    source: '"Resources", CloudFormation Template Reference; "Outputs"',
    find: ({ raw }) =>
      [...Object.keys(raw.Resources), ...Object.keys(raw.Outputs ?? {})].filter(
        (id) => !/^[A-Za-z0-9]{1,255}$/.test(id),
      ),
    broken: [{ 'Backup-Bucket': topic }, { ['a'.repeat(256)]: topic }],
  },
  {
    says: 'Every reference is to a resource of the template',
    source: '"Troubleshooting CloudFormation", CloudFormation User Guide',
    find: ({ raw }) => referencesIn(raw).filter((id) => !(id in raw.Resources)),
    broken: [
      resource('AWS::SNS::Topic', { DisplayName: { Ref: 'Missing' } }),
      resource('AWS::SNS::Topic', { DisplayName: { 'Fn::Sub': `\${Missing.Arn}/x` } }),
      { It: { ...topic, DependsOn: ['Missing'] } },
    ],
  },
  {
    says: 'No references make a circle',
    source: '"Troubleshooting CloudFormation: circular dependency", CloudFormation User Guide',
    find: ({ raw }) => cycleIn(raw.Resources) ?? [],
    broken: [{ One: { ...topic, DependsOn: ['Two'] }, Two: { ...topic, DependsOn: ['One'] } }],
  },
  {
    says: 'What happens to a resource that goes is a word that CloudFormation knows',
    source:
      '"DeletionPolicy attribute" and "UpdateReplacePolicy attribute", CloudFormation Template Reference',
    find: (template) =>
      resourcesOf(template)
        .filter(
          ([, { DeletionPolicy = 'Delete', UpdateReplacePolicy = 'Delete' }]) =>
            !/^(?:Delete|Retain|RetainExceptOnCreate|Snapshot)$/.test(DeletionPolicy) ||
            !/^(?:Delete|Retain|Snapshot)$/.test(UpdateReplacePolicy),
        )
        .map(([id]) => id),
    broken: [
      { It: { ...topic, DeletionPolicy: 'Keep' } },
      { It: { ...topic, UpdateReplacePolicy: 'RetainExceptOnCreate' } },
    ],
  },
  {
    says: 'No two resources of a type are given the same name',
    source: '"Name type", CloudFormation Template Reference',
    find: ({ linked }) => {
      const names = new Set<string>();
      return Object.entries(linked).flatMap(([id, { Type, Properties = {} }]) =>
        NAMES.flatMap((key) => {
          if (!(key in Properties) || Type === 'AWS::Lambda::EventSourceMapping') return [];
          const name = `${Type} ${Properties[key]}`;
          return names.size === names.add(name).size ? [`${id}: ${name}`] : [];
        }),
      );
    },
    broken: [
      {
        ...resource('AWS::CloudWatch::Alarm', { AlarmName: 'a' }, 'One'),
        ...resource('AWS::CloudWatch::Alarm', { AlarmName: 'a' }, 'Two'),
      },
    ],
  },
];
