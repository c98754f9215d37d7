// The few words of CloudFormation that the stack is written in.

/** Anything a template may hold. */
export type Value =
  | string
  | number
  | boolean
  | readonly Value[]
  | { readonly [key: string]: Value };

/** One resource of a template. */
export type Resource = {
  readonly Type: string;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: 'Delete' | 'Retain' | 'RetainExceptOnCreate';
  readonly UpdateReplacePolicy?: 'Delete' | 'Retain';
  readonly Properties: { readonly [property: string]: Value };
};

/** Resources by logical id. */
export type Resources = { readonly [logicalId: string]: Resource };

/** One statement of an IAM policy. */
export type Statement = { readonly Sid: string; readonly Effect: 'Allow' | 'Deny' } & {
  readonly [element: string]: Value;
};

/** The value of a parameter, or what the resource's type answers for `Ref`. */
export const ref = (logicalId: string): Value => ({ Ref: logicalId });

/** An attribute of another resource of the template. */
export const attributeOf = (logicalId: string, attribute: string): Value => ({
  'Fn::GetAtt': [logicalId, attribute],
});

/** Text in which CloudFormation fills in each `${AWS::...}`. */
export const sub = (text: string): Value => ({ 'Fn::Sub': text });

/**
 * The policy variable for the name of the IAM user who calls; only inside `sub`, which takes the
 * `!` away. Without it the framework would look for a variable of its own called `aws:username`.
 */
export const callersName = `\${!aws:username}`;

/** A name that begins with the stack's, so that two stages can stand side by side. */
export const namedAfterStack = (suffix: string): Value => sub(`\${AWS::StackName}-${suffix}`);

/** The account that the stack is deployed to. */
export const thisAccount: Value = ref('AWS::AccountId');

/** A policy document. */
export const policy = (...statements: readonly Statement[]): Value => ({
  Version: '2012-10-17',
  Statement: statements,
});

/** The trust of a role that one AWS service takes on, for this account's own resources only. */
export const trustOfService = (service: string): Value =>
  policy({
    Sid: 'ThisServiceForThisAccount',
    Effect: 'Allow',
    Principal: { Service: service },
    Action: 'sts:AssumeRole',
    Condition: { StringEquals: { 'aws:SourceAccount': thisAccount } },
  });

/** An ARN of this account, in this region. */
export const arnHere = (service: string, resource: string): Value =>
  sub(`arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}`);

/** An ARN of this account's IAM, which has no region. */
export const iamArn = (resource: string): Value =>
  sub(`arn:\${AWS::Partition}:iam::\${AWS::AccountId}:${resource}`);

/** The ARN of a bucket, or with `keys` of the objects in it. */
export const bucketArn = (bucket: string, keys?: string): Value =>
  sub(`arn:\${AWS::Partition}:s3:::${bucket}${keys === undefined ? '' : `/${keys}`}`);
